//! The gate: the only way a field value becomes something that may leave. Spec: `specs/data.md`, "Release".
//!
//! [`authorize`] turns a grant and an ask into a [`Permit`], a permit filled with values becomes a
//! [`Disclosure`], and only a disclosure encodes as an update or a read's answer. An empty, missing or unknown
//! scope permits nothing; matching is exact on whole paths, so a field created later is outside every grant
//! that does not name it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::Code;
use crate::document::{Document, GrantSubject, Mode};
use crate::id::GrantId;
use crate::path::Path;
use crate::time::Timestamp;

/// A grant as the person's node holds it.
pub type Grant = Document<GrantSubject>;

/// Where a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantStatus {
    /// Given, not yet countersigned: nothing is released.
    Offered,
    /// Countersigned.
    Standing,
    /// Given for once, and delivered.
    Used,
    /// Revoked as a whole, for ever.
    Revoked,
    /// The vendor refused it.
    Refused,
    /// It stood in a home that was restored from a backup: nothing is released until the person resumes it.
    Held,
}

/// What has happened to a grant since it was given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GrantState {
    /// Where it stands.
    pub status: GrantStatus,
    /// Paths revoked from it, for ever.
    pub revoked: BTreeSet<Path>,
    /// Counts every narrowing. A disclosure made under an older epoch is void.
    pub epoch: u32,
}

impl GrantState {
    /// A grant just given.
    #[must_use]
    pub fn offered() -> Self {
        Self { status: GrantStatus::Offered, revoked: BTreeSet::new(), epoch: 0 }
    }

    /// Revokes paths; revokes the whole when nothing of `grant` is left.
    pub fn revoke(&mut self, grant: &Grant, paths: &BTreeSet<Path>) {
        self.revoked.extend(paths.iter().cloned());
        self.epoch += 1;
        if grant.subject().scope.iter().all(|s| self.revoked.contains(&s.path)) {
            self.status = GrantStatus::Revoked;
        }
    }

    /// The paths that may still be used.
    #[must_use]
    pub fn effective(&self, grant: &Grant) -> BTreeSet<Path> {
        match self.status {
            GrantStatus::Standing => grant
                .subject()
                .scope
                .iter()
                .map(|s| s.path.clone())
                .filter(|path| !self.revoked.contains(path))
                .collect(),
            _ => BTreeSet::new(),
        }
    }
}

/// What is to leave.
#[derive(Debug, Clone, Copy)]
pub enum Ask<'a> {
    /// Fields that changed, pushed under the grant's own purposes.
    Update,
    /// A live read for one purpose, a DPV IRI.
    Read(&'a str),
}

/// Leave to disclose these paths, of this grant, at this epoch. Made only by [`authorize`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    grant: GrantId,
    epoch: u32,
    paths: BTreeSet<Path>,
}

/// Values that may leave. Made only from a [`Permit`].
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure {
    grant: GrantId,
    epoch: u32,
    fields: BTreeMap<Path, Option<String>>,
}

/// Checks an ask against a grant by the node's own clock.
///
/// # Errors
/// The code of the first rule that forbids it.
pub fn authorize(
    grant: &Grant,
    state: &GrantState,
    ask: Ask<'_>,
    paths: &BTreeSet<Path>,
    now: Timestamp,
) -> Result<Permit, Code> {
    match state.status {
        GrantStatus::Offered | GrantStatus::Refused | GrantStatus::Held => return Err(Code::NoGrant),
        GrantStatus::Revoked => return Err(Code::Revoked),
        GrantStatus::Used => return Err(Code::Used),
        GrantStatus::Standing => {}
    }
    if grant.valid_until().is_some_and(|until| now >= until) {
        return Err(Code::Expired);
    }
    if let Ask::Read(_) = ask
        && grant.subject().mode == Mode::Once
    {
        return Err(Code::NotInScope);
    }
    if paths.is_empty() {
        return Err(Code::NotInScope);
    }
    for path in paths {
        let item = grant.subject().scope.iter().find(|s| s.path == *path).ok_or(Code::NotInScope)?;
        if state.revoked.contains(path) {
            return Err(Code::Revoked);
        }
        if let Ask::Read(purpose) = ask
            && !item.purposes.contains(purpose)
        {
            return Err(Code::WrongPurpose);
        }
    }
    Ok(Permit { grant: grant.id().clone(), epoch: state.epoch, paths: paths.clone() })
}

impl Permit {
    /// The permitted paths.
    #[must_use]
    pub fn paths(&self) -> &BTreeSet<Path> {
        &self.paths
    }

    /// Fills the permitted paths, and no other, with current values; `None` means the field is empty.
    ///
    /// # Errors
    /// The first error of `value`.
    pub fn fill<E>(self, mut value: impl FnMut(&Path) -> Result<Option<String>, E>) -> Result<Disclosure, E> {
        let fields = self
            .paths
            .into_iter()
            .map(|path| value(&path).map(|value| (path, value)))
            .collect::<Result<_, E>>()?;
        Ok(Disclosure { grant: self.grant, epoch: self.epoch, fields })
    }
}

impl Disclosure {
    /// An update with no field: fills the place of one whose grant ended before it was delivered.
    #[must_use]
    pub fn void(grant: GrantId) -> Self {
        Self { grant, epoch: u32::MAX, fields: BTreeMap::new() }
    }

    /// The grant it was made under.
    #[must_use]
    pub fn grant(&self) -> &GrantId {
        &self.grant
    }

    /// Whether it may be sent now: it carries nothing, or the grant's epoch has not moved since.
    #[must_use]
    pub fn is_current(&self, epoch: u32) -> bool {
        self.fields.is_empty() || self.epoch == epoch
    }

    /// The paths, for the audit log.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.fields.keys()
    }

    /// The grant and the fields, for the two encoders that may send them.
    pub(crate) fn into_parts(self) -> (GrantId, BTreeMap<Path, Option<String>>) {
        (self.grant, self.fields)
    }
}

impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Disclosure({:?}, {:?})", self.grant, self.fields.keys().collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::{grant, path, paths};

    const PURPOSE: &str = "https://w3id.org/dpv#ServiceProvision";

    fn standing() -> GrantState {
        GrantState { status: GrantStatus::Standing, ..GrantState::offered() }
    }

    fn check(state: &GrantState, ask: Ask<'_>, names: &[&str], now: u64) -> Result<BTreeSet<Path>, Code> {
        let until = Timestamp::from_millis(1_800_000_000_000);
        let grant = grant(&["phone.mobile", "email.personal"], Some(until));
        authorize(&grant, state, ask, &paths(names), Timestamp::from_millis(now)).map(|p| p.paths().clone())
    }

    #[test]
    fn only_whole_paths_in_scope_pass() {
        let ok = standing();
        assert_eq!(check(&ok, Ask::Update, &["phone.mobile"], 0), Ok(paths(&["phone.mobile"])));
        assert_eq!(check(&ok, Ask::Update, &[], 0), Err(Code::NotInScope));
        assert_eq!(check(&ok, Ask::Update, &["phone.home"], 0), Err(Code::NotInScope));
        assert_eq!(check(&ok, Ask::Update, &["phone.mobile.extension"], 0), Err(Code::NotInScope));
        assert_eq!(check(&ok, Ask::Update, &["phone.mobile", "phone.home"], 0), Err(Code::NotInScope));
    }

    #[test]
    fn status_time_and_purpose_forbid_with_their_codes() {
        let ok = standing();
        assert_eq!(check(&GrantState::offered(), Ask::Update, &["phone.mobile"], 0), Err(Code::NoGrant));
        assert_eq!(check(&ok, Ask::Update, &["phone.mobile"], 1_800_000_000_000), Err(Code::Expired));
        assert!(check(&ok, Ask::Read(PURPOSE), &["phone.mobile"], 0).is_ok());
        let other = "https://w3id.org/dpv#Marketing";
        assert_eq!(check(&ok, Ask::Read(other), &["phone.mobile"], 0), Err(Code::WrongPurpose));
        let used = GrantState { status: GrantStatus::Used, ..standing() };
        assert_eq!(check(&used, Ask::Update, &["phone.mobile"], 0), Err(Code::Used));
    }

    #[test]
    fn a_revoked_path_is_closed_and_voids_what_was_permitted_before() {
        let grant = grant(&["phone.mobile", "email.personal"], None);
        let mut state = standing();
        let permit =
            authorize(&grant, &state, Ask::Update, &paths(&["email.personal"]), Timestamp::default())
                .unwrap();
        let disclosure = permit.fill(|_| Ok::<_, ()>(Some("x".into()))).unwrap();
        assert!(disclosure.is_current(state.epoch));
        state.revoke(&grant, &paths(&["phone.mobile"]));
        assert!(!disclosure.is_current(state.epoch));
        assert_eq!(state.status, GrantStatus::Standing);
        assert_eq!(state.effective(&grant), paths(&["email.personal"]));
        let denied = authorize(&grant, &state, Ask::Update, &paths(&["phone.mobile"]), Timestamp::default());
        assert_eq!(denied, Err(Code::Revoked));
        state.revoke(&grant, &[path("email.personal")].into());
        assert_eq!(state.status, GrantStatus::Revoked);
    }

    #[test]
    fn a_disclosure_names_its_paths_and_shows_no_value() {
        let grant = grant(&["phone.mobile", "email.personal"], None);
        let asked = paths(&["phone.mobile", "email.personal"]);
        let permit = authorize(&grant, &standing(), Ask::Update, &asked, Timestamp::default()).unwrap();
        let disclosure = permit.fill(|_| Ok::<_, ()>(Some("a value".into()))).unwrap();
        assert_eq!(disclosure.paths().cloned().collect::<BTreeSet<_>>(), asked);
        let shown = format!("{disclosure:?}");
        assert!(shown.contains("phone.mobile") && !shown.contains("a value"), "{shown}");
    }
}
