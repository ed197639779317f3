//! The intake machine: what a vendor's hub may take in under the grants it holds. Spec: `specs/data.md`.
//!
//! [`Intake`] is sans-IO, one per grant, and checks the person's side as hard as the person's gate checks the
//! vendor's: an update outside its grant is refused whole and nothing of it is kept. Getter:
//! [`Intake::effective`]. Inputs: [`Intake::handle_update`], [`Intake::handle_revocation`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::code::Code;
use crate::data::ReceivedUpdate;
use crate::disclosure::Grant;
use crate::document::{DataRequest, Document, DocumentDigest, Mode, RevocationSubject};
use crate::identity::Did;
use crate::path::Path;
use crate::time::Timestamp;

/// A person's signed revocation.
pub type Revocation = Document<RevocationSubject>;

/// What has happened to a grant since the hub took it; stored beside it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct IntakeState {
    /// Paths revoked from it.
    pub revoked: BTreeSet<Path>,
    /// The last update taken in under it.
    pub last_update: u64,
    /// Under [`Mode::Once`], the paths that were taken: none is taken twice.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub taken: BTreeSet<Path>,
}

/// One grant as the hub holds it.
#[derive(Debug, Clone)]
pub struct Intake {
    grant: Arc<Grant>,
    state: IntakeState,
}

/// Checks a new grant: from this person, to this vendor, answering a request that was made to it. A person whose key was
/// rotated has had several DIDs, and what was signed before the rotation may arrive after it.
///
/// # Errors
/// The code of the first rule it breaks.
pub fn check_grant(grant: &Grant, person: &[Did], request: Option<&DataRequest>) -> Result<(), Code> {
    if !person.contains(grant.issuer()) || grant.signers().len() != 1 {
        return Err(Code::WrongSigner);
    }
    let request = request.ok_or(Code::RequestUnknown)?;
    if grant.subject().id != *request.issuer() {
        return Err(Code::WrongAudience);
    }
    grant.subject().matches(request)
}

impl Intake {
    /// From what is stored.
    #[must_use]
    pub fn new(grant: impl Into<Arc<Grant>>, state: IntakeState) -> Self {
        Self { grant: grant.into(), state }
    }

    /// What to store.
    #[must_use]
    pub fn state(&self) -> &IntakeState {
        &self.state
    }

    /// The paths the hub may hold now.
    #[must_use]
    pub fn effective(&self, now: Timestamp) -> BTreeSet<Path> {
        if self.is_expired(now) {
            return BTreeSet::new();
        }
        let scope = self.grant.subject().scope.iter().map(|s| s.path.clone());
        scope.filter(|path| !self.state.revoked.contains(path)).collect()
    }

    /// Whether the grant has ended by itself.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.grant.valid_until().is_some_and(|until| now >= until)
    }

    /// Takes an update in: gives the fields to store.
    ///
    /// # Errors
    /// [`Code::Expired`], [`Code::Used`], [`Code::Revoked`] or [`Code::NotInScope`]; then nothing of it may be kept.
    pub fn handle_update(
        &mut self,
        seq: u64,
        update: &ReceivedUpdate,
        now: Timestamp,
    ) -> Result<BTreeMap<Path, Option<String>>, Code> {
        if self.is_expired(now) {
            return Err(Code::Expired);
        }
        let once = self.grant.subject().mode == Mode::Once;
        for path in update.fields.keys() {
            if self.state.taken.contains(path) {
                return Err(Code::Used);
            }
            if self.state.revoked.contains(path) {
                return Err(Code::Revoked);
            }
            if !self.grant.subject().scope.iter().any(|s| s.path == *path) {
                return Err(Code::NotInScope);
            }
        }
        if once {
            self.state.taken.extend(update.fields.keys().cloned());
        }
        self.state.last_update = self.state.last_update.max(seq);
        Ok(update.fields.clone())
    }

    /// Takes a revocation by the person of the relationship in, under any of their DIDs: gives the paths to erase.
    ///
    /// # Errors
    /// [`Code::WrongSigner`], [`Code::WrongAudience`], [`Code::NoGrant`] or [`Code::NotInScope`].
    pub fn handle_revocation(
        &mut self,
        revocation: &Revocation,
        person: &[Did],
    ) -> Result<BTreeSet<Path>, Code> {
        if !person.contains(revocation.issuer()) || revocation.signers().len() != 1 {
            return Err(Code::WrongSigner);
        }
        let said = revocation.subject();
        if said.id != self.grant.subject().id {
            return Err(Code::WrongAudience);
        }
        // A person may stop before the receipt has arrived, and then names the document as it was given.
        let given = DocumentDigest::of(&self.grant.without_countersignature()?);
        let digest = &said.grant.digest_multibase;
        if said.grant.id != *self.grant.id() || (*digest != self.grant.digest() && *digest != given) {
            return Err(Code::NoGrant);
        }
        let scope: BTreeSet<&Path> = self.grant.subject().scope.iter().map(|s| &s.path).collect();
        if said.paths.iter().any(|path| !scope.contains(path)) {
            return Err(Code::NotInScope);
        }
        self.state.revoked.extend(said.paths.iter().cloned());
        Ok(said.paths.iter().cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::{grant, path, paths, person, request, vendor};
    use crate::document::{GrantSubject, Issue};
    use crate::id::RevocationId;
    use crate::identity::SigningKey;

    fn intake(until: Option<Timestamp>) -> Intake {
        let grant = grant(&["phone.mobile", "email.personal"], until);
        let receipt = grant.countersign(&vendor(), &vendor().public().did(), Timestamp::default()).unwrap();
        Intake::new(receipt, IntakeState::default())
    }

    fn update(names: &[&str]) -> ReceivedUpdate {
        let fields = names.iter().map(|n| (path(n), Some("x".to_owned()))).collect();
        ReceivedUpdate { grant: crate::id::GrantId::from_entropy([2; 16]), fields }
    }

    fn revocation(intake: &Intake, key: &SigningKey, names: &[&str]) -> Revocation {
        let subject = RevocationSubject {
            id: vendor().public().did(),
            grant: intake.grant.reference(),
            paths: paths(names).into_iter().collect(),
            whole: false,
            last_sequence: 1,
        };
        let issue = Issue {
            id: RevocationId::from_entropy([3; 16]),
            issuer: key.public().did(),
            valid_from: Timestamp::default(),
            valid_until: None,
            subject,
        };
        Document::issue(issue, key).unwrap()
    }

    #[test]
    fn an_update_with_one_field_too_many_is_refused_whole() {
        let mut held = intake(None);
        let now = Timestamp::default();
        assert_eq!(
            held.handle_update(1, &update(&["phone.mobile", "phone.home"]), now),
            Err(Code::NotInScope)
        );
        assert_eq!(held.state(), &IntakeState::default());
        assert_eq!(held.handle_update(1, &update(&["phone.mobile"]), now).unwrap().len(), 1);
    }

    #[test]
    fn under_once_a_snapshot_may_come_in_parts_and_no_field_twice() {
        let continuous = intake(None);
        let subject = GrantSubject { mode: Mode::Once, ..continuous.grant.subject().clone() };
        let issue = Issue {
            id: continuous.grant.id().clone(),
            issuer: person().public().did(),
            valid_from: Timestamp::default(),
            valid_until: None,
            subject,
        };
        let grant = Document::issue(issue, &person()).unwrap();
        let mut given = Intake::new(grant, IntakeState::default());
        let now = Timestamp::default();
        assert!(given.handle_update(1, &update(&["phone.mobile"]), now).is_ok());
        assert_eq!(
            given.handle_update(2, &update(&["email.personal", "phone.mobile"]), now),
            Err(Code::Used)
        );
        assert!(given.handle_update(2, &update(&["email.personal"]), now).is_ok());
    }

    #[test]
    fn nothing_is_taken_after_the_end() {
        let end = Timestamp::from_millis(60_000);
        let mut held = intake(Some(end));
        assert_eq!(held.handle_update(1, &update(&["phone.mobile"]), end), Err(Code::Expired));
        let mut held = intake(None);
        let stop = revocation(&held, &person(), &["phone.mobile"]);
        assert_eq!(held.handle_revocation(&stop, &[person().public().did()]), Ok(paths(&["phone.mobile"])));
        assert_eq!(held.handle_update(2, &update(&["phone.mobile"]), end), Err(Code::Revoked));
        assert_eq!(held.effective(end), paths(&["email.personal"]));
    }

    #[test]
    fn only_the_person_revokes_and_only_what_was_granted() {
        let mut held = intake(None);
        let forged = revocation(&held, &vendor(), &["phone.mobile"]);
        assert_eq!(held.handle_revocation(&forged, &[person().public().did()]), Err(Code::WrongSigner));
        let wide = revocation(&held, &person(), &["phone.home"]);
        assert_eq!(held.handle_revocation(&wide, &[person().public().did()]), Err(Code::NotInScope));
    }

    #[test]
    fn a_grant_is_taken_only_from_its_person_for_a_request_that_was_made() {
        let given = grant(&["phone.mobile"], None);
        let asked = request(&["phone.mobile"]);
        assert_eq!(check_grant(&given, &[person().public().did()], Some(&asked)), Ok(()));
        assert_eq!(check_grant(&given, &[vendor().public().did()], Some(&asked)), Err(Code::WrongSigner));
        assert_eq!(check_grant(&given, &[person().public().did()], None), Err(Code::RequestUnknown));
        assert_eq!(
            check_grant(&given, &[person().public().did()], Some(&request(&["phone.home"]))),
            Err(Code::GrantMismatch)
        );
    }

    #[test]
    fn a_grant_holds_until_its_end_and_not_at_it() {
        let end = Timestamp::from_millis(60_000);
        let mut held = intake(Some(end));
        let before = Timestamp::from_millis(59_999);
        assert!(!held.is_expired(before) && held.is_expired(end));
        assert_eq!(held.effective(before), paths(&["phone.mobile", "email.personal"]));
        assert_eq!(held.effective(end), BTreeSet::new());
        assert!(held.handle_update(1, &update(&["phone.mobile"]), before).is_ok());
    }

    #[test]
    fn the_last_update_is_the_one_with_the_greatest_sequence() {
        let mut held = intake(None);
        for seq in [3, 5, 4] {
            held.handle_update(seq, &update(&["phone.mobile"]), Timestamp::default()).unwrap();
        }
        assert_eq!(held.state().last_update, 5);
        assert!(held.state().taken.is_empty(), "a field under a continuous grant is taken again and again");
    }

    #[test]
    fn a_revocation_names_this_grant_in_one_of_its_two_forms_and_this_vendor() {
        let own = [person().public().did()];
        let receipt = intake(None);
        let given = Intake::new(grant(&["phone.mobile", "email.personal"], None), IntakeState::default());
        for named in [&receipt, &given] {
            let mut held = intake(None);
            let stop = revocation(named, &person(), &["phone.mobile"]);
            assert_eq!(held.handle_revocation(&stop, &own), Ok(paths(&["phone.mobile"])));
            assert_eq!(held.state().revoked, paths(&["phone.mobile"]));
        }
        let other = Intake::new(grant(&["phone.mobile"], None), IntakeState::default());
        let stop = revocation(&other, &person(), &["phone.mobile"]);
        assert_eq!(intake(None).handle_revocation(&stop, &own), Err(Code::NoGrant));
        let changed = |change: fn(&mut RevocationSubject)| {
            let mut subject = revocation(&receipt, &person(), &["phone.mobile"]).subject().clone();
            change(&mut subject);
            let issue = Issue {
                id: RevocationId::from_entropy([3; 16]),
                issuer: own[0].clone(),
                valid_from: Timestamp::default(),
                valid_until: None,
                subject,
            };
            intake(None).handle_revocation(&Document::issue(issue, &person()).unwrap(), &own)
        };
        assert_eq!(changed(|_| {}), Ok(paths(&["phone.mobile"])));
        assert_eq!(changed(|subject| subject.id = person().public().did()), Err(Code::WrongAudience));
        let another = |subject: &mut RevocationSubject| {
            subject.grant.id = crate::id::GrantId::from_entropy([9; 16]);
        };
        assert_eq!(changed(another), Err(Code::NoGrant));
    }

    /// A second signature would be somebody else's word for it.
    #[test]
    fn a_grant_and_a_revocation_have_one_signature() {
        let (own, vendors) = ([person().public().did()], vendor().public().did());
        let given = grant(&["phone.mobile", "email.personal"], None);
        let both = given.countersign(&vendor(), &vendors, Timestamp::default()).unwrap();
        let asked = request(&["phone.mobile", "email.personal"]);
        assert_eq!(check_grant(&given, &own, Some(&asked)), Ok(()));
        assert_eq!(check_grant(&both, &own, Some(&asked)), Err(Code::WrongSigner));
        let mut held = intake(None);
        let stop = revocation(&held, &person(), &["phone.mobile"]);
        let both = stop.countersign(&vendor(), &vendors, Timestamp::default()).unwrap();
        assert_eq!(held.handle_revocation(&both, &own), Err(Code::WrongSigner));
    }

    #[test]
    fn a_grant_is_for_the_vendor_that_asked() {
        let given = grant(&["phone.mobile"], None);
        let subject = GrantSubject { id: person().public().did(), ..given.subject().clone() };
        let issue = Issue {
            id: given.id().clone(),
            issuer: person().public().did(),
            valid_from: Timestamp::default(),
            valid_until: None,
            subject,
        };
        let elsewhere = Document::issue(issue, &person()).unwrap();
        let checked = check_grant(&elsewhere, &[person().public().did()], Some(&request(&["phone.mobile"])));
        assert_eq!(checked, Err(Code::WrongAudience));
    }
}
