//! What a person's node may take from a vendor: the counterpart of [`intake`](crate::intake).

use std::collections::BTreeSet;

use crate::code::Code;
use crate::disclosure::Grant;
use crate::document::{DataRequest, Document, ErasureSubject, Subject};
use crate::identity::{Did, PublicKey};
use crate::intake::Revocation;
use crate::proof::Signer;
use crate::time::Timestamp;

/// A vendor's signed receipt of what it erased.
pub type Erasure = Document<ErasureSubject>;

/// A vendor, and who may sign in its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendor {
    did: Did,
    keys: Vec<PublicKey>,
    earlier: Vec<Did>,
}

impl Vendor {
    /// A vendor with the keys under `assertionMethod` of its DID document; a `did:key` has its own and no other.
    #[must_use]
    pub fn new(did: Did, resolved: impl IntoIterator<Item = PublicKey>) -> Self {
        let keys = did.key().map_or_else(|| resolved.into_iter().collect(), |own| vec![own]);
        Self { did, keys, earlier: Vec::new() }
    }

    /// The same vendor, which had these `did:key`s before: what it signed under them may still arrive
    /// (`specs/identity.md`, rule 22).
    #[must_use]
    pub fn with_predecessors(mut self, earlier: impl IntoIterator<Item = Did>) -> Self {
        self.earlier.extend(earlier);
        self
    }

    /// Whether a key may sign documents for the vendor (`specs/identity.md`, rule 9).
    #[must_use]
    pub fn may_assert(&self, key: &PublicKey) -> bool {
        self.keys.contains(key)
    }

    /// A data request of this vendor, which begins by now and has not ended, as far as the reader tells its time.
    ///
    /// # Errors
    /// [`Code::WrongSigner`], or those of [`Document::check_time_told`].
    pub fn check_request(&self, request: &DataRequest, told: Timestamp) -> Result<(), Code> {
        self.check_issuer(request)?;
        request.check_time_told(told)
    }

    /// The receipt of a grant: the exact bytes that were given, with the vendor's proof added.
    ///
    /// # Errors
    /// [`Code::ReceiptMismatch`].
    pub fn check_receipt(&self, receipt: &Grant, given: &[u8]) -> Result<(), Code> {
        let by_vendor = |signer: &Signer| self.signs_as(&signer.method.did, &signer.key);
        let countersigned = receipt.signers().get(1).is_some_and(by_vendor);
        if countersigned && receipt.without_countersignature()? == given {
            Ok(())
        } else {
            Err(Code::ReceiptMismatch)
        }
    }

    /// An erasure receipt of this vendor to the person, under any of their DIDs in this relationship. Which revocation
    /// it answers is for [`Document::check_answers`].
    ///
    /// # Errors
    /// [`Code::WrongSigner`] or [`Code::WrongAudience`].
    pub fn check_erasure(&self, receipt: &Erasure, person: &[Did]) -> Result<(), Code> {
        self.check_issuer(receipt)?;
        if person.contains(&receipt.subject().id) { Ok(()) } else { Err(Code::WrongAudience) }
    }

    fn check_issuer<S: Subject>(&self, document: &Document<S>) -> Result<(), Code> {
        let by_vendor =
            document.signers().len() == 1 && self.signs_as(document.issuer(), &document.signer_key());
        if by_vendor { Ok(()) } else { Err(Code::WrongSigner) }
    }

    /// Whether a key signs under a DID that the vendor has or had.
    fn signs_as(&self, did: &Did, key: &PublicKey) -> bool {
        (*did == self.did && self.may_assert(key))
            || self.earlier.iter().any(|before| before == did && before.key().as_ref() == Some(key))
    }
}

impl Erasure {
    /// Whether the receipt answers this very revocation, with a line for each of its paths and for no other.
    ///
    /// # Errors
    /// [`Code::ReceiptMismatch`].
    pub fn check_answers(&self, revocation: &Revocation) -> Result<(), Code> {
        let answered: BTreeSet<_> = self.subject().results.iter().map(|line| &line.path).collect();
        let ended: BTreeSet<_> = revocation.subject().paths.iter().collect();
        let same = self.subject().revocation == revocation.reference() && answered == ended;
        if same { Ok(()) } else { Err(Code::ReceiptMismatch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::{grant, person, request, vendor};
    use crate::document::{ErasureLine, ErasureResult, Issue, RevocationSubject};
    use crate::id::{ErasureId, RevocationId};
    use crate::identity::SigningKey;

    fn stranger() -> SigningKey {
        SigningKey::from_seed(&[0x77; 32])
    }

    fn this_vendor() -> Vendor {
        Vendor::new(vendor().public().did(), [])
    }

    fn issued<S: Subject>(id: S::Id, key: &SigningKey, subject: S) -> Document<S> {
        let (issuer, valid_from) = (key.public().did(), Timestamp::default());
        Document::issue(Issue { id, issuer, valid_from, valid_until: None, subject }, key).unwrap()
    }

    #[test]
    fn a_did_key_has_its_own_key_and_a_did_web_the_resolved_ones() {
        let (own, other) = (vendor().public(), stranger().public());
        let by_key = Vendor::new(own.did(), [other]);
        assert!(by_key.may_assert(&own) && !by_key.may_assert(&other));
        let by_web = Vendor::new(Did::parse("did:web:shop.example").unwrap(), [other]);
        assert!(by_web.may_assert(&other) && !by_web.may_assert(&own));
    }

    #[test]
    fn a_request_is_taken_from_its_vendor_alone_and_when_it_has_begun() {
        let (request, now) = (request(&["phone.mobile"]), Timestamp::default());
        assert_eq!(this_vendor().check_request(&request, now), Ok(()));
        let other = Vendor::new(stranger().public().did(), []);
        assert_eq!(other.check_request(&request, now), Err(Code::WrongSigner));
        let countersigned = request.countersign(&person(), &person().public().did(), now).unwrap();
        assert_eq!(this_vendor().check_request(&countersigned, now), Err(Code::WrongSigner));
    }

    #[test]
    fn what_a_vendor_signed_before_it_moved_counts_after_it() {
        let (request, now) = (request(&["phone.mobile"]), Timestamp::default());
        let grant = grant(&["phone.mobile"], None);
        let receipt = grant.countersign(&vendor(), &vendor().public().did(), now).unwrap();
        let moved = || Vendor::new(stranger().public().did(), []);
        let known = moved().with_predecessors([vendor().public().did()]);
        assert_eq!(known.check_request(&request, now), Ok(()));
        assert_eq!(known.check_receipt(&receipt, grant.bytes()), Ok(()));
        assert_eq!(moved().check_request(&request, now), Err(Code::WrongSigner));
        assert_eq!(moved().check_receipt(&receipt, grant.bytes()), Err(Code::ReceiptMismatch));
        // A predecessor's key signs under its own DID alone.
        assert!(!known.may_assert(&vendor().public()));
    }

    #[test]
    fn a_receipt_is_what_was_given_with_the_vendors_proof() {
        let grant = grant(&["phone.mobile"], None);
        let signed_by =
            |key: &SigningKey| grant.countersign(key, &key.public().did(), Timestamp::default()).unwrap();
        let receipt = signed_by(&vendor());
        assert_eq!(this_vendor().check_receipt(&receipt, grant.bytes()), Ok(()));
        assert_eq!(this_vendor().check_receipt(&receipt, b"{}"), Err(Code::ReceiptMismatch));
        let foreign = this_vendor().check_receipt(&signed_by(&stranger()), grant.bytes());
        assert_eq!(foreign, Err(Code::ReceiptMismatch));
        assert_eq!(this_vendor().check_receipt(&grant, grant.bytes()), Err(Code::ReceiptMismatch));
    }

    #[test]
    fn an_erasure_is_the_vendors_to_the_person_and_answers_every_path_of_one_revocation() {
        let grant = grant(&["phone.mobile", "email.personal"], None);
        let ended = |id: u8, paths: &[&str]| {
            let subject = RevocationSubject {
                id: vendor().public().did(),
                grant: grant.reference(),
                paths: crate::data::tests::paths(paths).into_iter().collect(),
                whole: false,
                last_sequence: 1,
            };
            issued(RevocationId::from_entropy([id; 16]), &person(), subject)
        };
        let revocation = ended(1, &["phone.mobile"]);
        let erased = |by: &SigningKey, to: &SigningKey| {
            let line = |path: &crate::path::Path| ErasureLine {
                path: path.clone(),
                result: ErasureResult::Erased,
                exception: None,
                until: None,
            };
            let results = revocation.subject().paths.iter().map(line).collect();
            let subject =
                ErasureSubject { id: to.public().did(), revocation: revocation.reference(), results };
            issued(ErasureId::from_entropy([5; 16]), by, subject)
        };
        let own = [person().public().did()];
        let receipt = erased(&vendor(), &person());
        assert_eq!(this_vendor().check_erasure(&receipt, &own), Ok(()));
        let foreign = this_vendor().check_erasure(&erased(&stranger(), &person()), &own);
        assert_eq!(foreign, Err(Code::WrongSigner));
        let astray = this_vendor().check_erasure(&erased(&vendor(), &stranger()), &own);
        assert_eq!(astray, Err(Code::WrongAudience));
        assert_eq!(receipt.check_answers(&revocation), Ok(()));
        let others = [ended(2, &["phone.mobile"]), ended(1, &["phone.mobile", "email.personal"])];
        assert!(others.iter().all(|other| receipt.check_answers(other) == Err(Code::ReceiptMismatch)));
    }
}
