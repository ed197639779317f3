//! What renews an identity: the person's rotation statement.

use serde::{Deserialize, Serialize};

use super::{Document, Issue, Subject};
use crate::code::Code;
use crate::connect::commitment;
use crate::id::RotationId;
use crate::identity::{Did, PublicKey, SigningKey};
use crate::time::Timestamp;

/// What a rotation statement says. Its credential type is `FreeholdRotation`; issuer is the pairwise DID that ends, and
/// the second proof is by the one that begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RotationSubject {
    /// The new pairwise DID.
    pub id: Did,
    /// The commitment to the key after it: multibase base64url of its 32 bytes.
    pub next_key: String,
    /// The vendor's DID.
    pub vendor: Did,
}

/// A person's signed rotation statement.
pub type Rotation = Document<RotationSubject>;

impl Subject for RotationSubject {
    const TYPE: &'static str = "FreeholdRotation";
    type Id = RotationId;

    fn check(&self) -> Result<(), Code> {
        let commits = self.next_commitment().is_some();
        if commits && self.id.key().is_some() { Ok(()) } else { Err(Code::Malformed) }
    }
}

impl RotationSubject {
    /// The commitment to the key after the new one; `None` if the text is not in its one form.
    #[must_use]
    pub fn next_commitment(&self) -> Option<[u8; 32]> {
        commitment_in(&self.next_key)
    }
}

/// How a statement names the commitment to the key after the one that begins.
pub(super) fn commitment_text(after: &PublicKey) -> String {
    multibase::encode(multibase::Base::Base64Url, commitment(after))
}

/// The key that begins, where the present identity and it have signed, in this order.
pub(super) fn successor<S: Subject>(
    statement: &Document<S>,
    present: &Did,
    begins: &Did,
) -> Result<PublicKey, Code> {
    match statement.signers() {
        [_, second] if statement.issuer() == present && second.method.did == *begins => Ok(second.key),
        _ => Err(Code::WrongSigner),
    }
}

/// The commitment that a text holds in its one form: multibase base64url of 32 bytes.
pub(super) fn commitment_in(text: &str) -> Option<[u8; 32]> {
    let (base, bytes) = multibase::decode(text).ok()?;
    let bytes: [u8; 32] = bytes.try_into().ok()?;
    (base == multibase::Base::Base64Url && text == multibase::encode(base, bytes)).then_some(bytes)
}

impl Rotation {
    /// Moves a relationship from one key to the next, which commits to the one after it.
    ///
    /// # Errors
    /// None for keys of this protocol.
    pub fn state(
        id: RotationId,
        vendor: Did,
        [old, new]: [&SigningKey; 2],
        after: &PublicKey,
        now: Timestamp,
    ) -> Result<Self, Code> {
        let begun = new.public().did();
        let subject = RotationSubject { id: begun.clone(), next_key: commitment_text(after), vendor };
        let issue = Issue { id, issuer: old.public().did(), valid_from: now, valid_until: None, subject };
        Self::issue(issue, old)?.countersign(new, &begun, now)
    }

    /// Checks a statement as the vendor does: by the relationship's present identity, for this vendor, to the key that
    /// was committed to. Gives the new key and the commitment to the one after it.
    ///
    /// # Errors
    /// [`Code::WrongSigner`], [`Code::WrongAudience`] or [`Code::NotCommitted`].
    pub fn check_step(
        &self,
        present: &Did,
        vendor: &Did,
        committed: Option<&[u8]>,
    ) -> Result<(PublicKey, [u8; 32]), Code> {
        let said = self.subject();
        let key = successor(self, present, &said.id)?;
        if said.vendor != *vendor {
            return Err(Code::WrongAudience);
        }
        if committed != Some(&commitment(&key)[..]) {
            return Err(Code::NotCommitted);
        }
        Ok((key, said.next_commitment().ok_or(Code::Malformed)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> SigningKey {
        SigningKey::from_seed(&[n; 32])
    }

    fn statement(old: u8, new: u8) -> Rotation {
        let id = RotationId::from_entropy([7; 16]);
        let vendor = key(1).public().did();
        let now = Timestamp::from_millis(1_800_000_000_000);
        Rotation::state(id, vendor, [&key(old), &key(new)], &key(4).public(), now).unwrap()
    }

    #[test]
    fn a_relationship_moves_only_from_its_present_key_to_the_committed_one() {
        let (present, vendor) = (key(2).public().did(), key(1).public().did());
        let committed = commitment(&key(3).public());
        let step = |statement: &Rotation, committed: Option<&[u8]>| {
            statement.check_step(&present, &vendor, committed)
        };
        let good = statement(2, 3);
        assert_eq!(Rotation::read(good.bytes()).unwrap(), good);
        assert_eq!(step(&good, Some(&committed)), Ok((key(3).public(), commitment(&key(4).public()))));
        // Whoever stole the present key does not have the next one.
        assert_eq!(step(&statement(2, 9), Some(&committed)), Err(Code::NotCommitted));
        assert_eq!(step(&good, None), Err(Code::NotCommitted));
        assert_eq!(step(&statement(9, 3), Some(&committed)), Err(Code::WrongSigner));
        let other = good.check_step(&present, &key(8).public().did(), Some(&committed));
        assert_eq!(other, Err(Code::WrongAudience));
        let one = Rotation::read(&good.without_countersignature().unwrap()).unwrap();
        assert_eq!(step(&one, Some(&committed)), Err(Code::WrongSigner));
    }
}
