//! What renews a vendor's identity: the statement that its `did:key` has moved.

use serde::{Deserialize, Serialize};

use super::rotation::{commitment_in, commitment_text, successor};
use super::{Document, Issue, Subject};
use crate::code::Code;
use crate::connect::commitment;
use crate::id::RotationId;
use crate::identity::{Did, PublicKey, SigningKey};
use crate::time::Timestamp;

/// What a vendor's rotation statement says. Its credential type is `FreeholdVendorRotation`; issuer is the vendor DID that
/// ends, and the second proof is by the one that begins. It is the same for every person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VendorRotationSubject {
    /// The new vendor DID.
    pub id: Did,
    /// The commitment to the key after it: multibase base64url of its 32 bytes.
    pub next_key: String,
}

/// A vendor's signed rotation statement.
pub type VendorRotation = Document<VendorRotationSubject>;

impl Subject for VendorRotationSubject {
    const TYPE: &'static str = "FreeholdVendorRotation";
    type Id = RotationId;

    fn check(&self) -> Result<(), Code> {
        let commits = commitment_in(&self.next_key).is_some();
        if commits && self.id.key().is_some() { Ok(()) } else { Err(Code::Malformed) }
    }
}

impl VendorRotation {
    /// Moves a vendor from one key to the next, which commits to the one after it.
    ///
    /// # Errors
    /// None for keys of this protocol.
    pub fn state(
        id: RotationId,
        [old, new]: [&SigningKey; 2],
        after: &PublicKey,
        now: Timestamp,
    ) -> Result<Self, Code> {
        let begun = new.public().did();
        let subject = VendorRotationSubject { id: begun.clone(), next_key: commitment_text(after) };
        let issue = Issue { id, issuer: old.public().did(), valid_from: now, valid_until: None, subject };
        Self::issue(issue, old)?.countersign(new, &begun, now)
    }

    /// Checks a statement as a person's node does: by the vendor of the relationship as it is now, which has a `did:key`,
    /// to the key that it had committed to. Gives the new key and the commitment to the one after it.
    ///
    /// # Errors
    /// [`Code::WrongSigner`] or [`Code::NotCommitted`].
    pub fn check_step(&self, present: &Did, committed: Option<&[u8]>) -> Result<(PublicKey, [u8; 32]), Code> {
        let said = self.subject();
        if present.key().is_none() {
            return Err(Code::WrongSigner);
        }
        let key = successor(self, present, &said.id)?;
        if committed != Some(&commitment(&key)[..]) {
            return Err(Code::NotCommitted);
        }
        Ok((key, commitment_in(&said.next_key).ok_or(Code::Malformed)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> SigningKey {
        SigningKey::from_seed(&[n; 32])
    }

    fn statement(old: u8, new: u8) -> VendorRotation {
        let id = RotationId::from_entropy([7; 16]);
        let now = Timestamp::from_millis(1_800_000_000_000);
        VendorRotation::state(id, [&key(old), &key(new)], &key(4).public(), now).unwrap()
    }

    #[test]
    fn a_vendor_moves_only_from_its_present_key_to_the_committed_one() {
        let present = key(2).public().did();
        let committed = commitment(&key(3).public());
        let step =
            |statement: &VendorRotation, committed: Option<&[u8]>| statement.check_step(&present, committed);
        let good = statement(2, 3);
        assert_eq!(VendorRotation::read(good.bytes()).unwrap(), good);
        assert_eq!(step(&good, Some(&committed)), Ok((key(3).public(), commitment(&key(4).public()))));
        // Whoever stole the present key does not have the next one.
        assert_eq!(step(&statement(2, 9), Some(&committed)), Err(Code::NotCommitted));
        assert_eq!(step(&statement(2, 2), Some(&committed)), Err(Code::NotCommitted));
        assert_eq!(step(&good, None), Err(Code::NotCommitted));
        assert_eq!(step(&statement(9, 3), Some(&committed)), Err(Code::WrongSigner));
        let one = VendorRotation::read(&good.without_countersignature().unwrap()).unwrap();
        assert_eq!(step(&one, Some(&committed)), Err(Code::WrongSigner));
        let foreign = VendorRotation::read(&good.without_countersignature().unwrap()).unwrap();
        let foreign = foreign.countersign(&key(9), &key(9).public().did(), Timestamp::default()).unwrap();
        assert_eq!(step(&foreign, Some(&committed)), Err(Code::WrongSigner));
    }

    #[test]
    fn a_vendor_moves_to_a_key_and_commits_to_the_next_in_one_spelling() {
        let good = statement(2, 3).subject().clone();
        assert_eq!(good.check(), Ok(()));
        let id = Did::parse("did:web:shop.example").unwrap();
        assert_eq!(VendorRotationSubject { id, ..good.clone() }.check(), Err(Code::Malformed));
        let next_key = format!("{}=", good.next_key);
        assert_eq!(VendorRotationSubject { next_key, ..good }.check(), Err(Code::Malformed));
    }

    #[test]
    fn a_did_web_rotates_in_its_did_document_and_by_no_statement() {
        let web = Did::parse("did:web:shop.example").unwrap();
        let committed = commitment(&key(3).public());
        assert_eq!(statement(2, 3).check_step(&web, Some(&committed)), Err(Code::WrongSigner));
        let subject = VendorRotationSubject {
            id: key(3).public().did(),
            next_key: statement(2, 3).subject().next_key.clone(),
        };
        let id = RotationId::from_entropy([7; 16]);
        let valid_from = Timestamp::default();
        let issue = Issue { id, issuer: web.clone(), valid_from, valid_until: None, subject };
        let by_web = VendorRotation::issue(issue, &key(2)).unwrap();
        let by_web = by_web.countersign(&key(3), &key(3).public().did(), valid_from).unwrap();
        assert_eq!(by_web.check_step(&web, Some(&committed)), Err(Code::WrongSigner));
    }
}
