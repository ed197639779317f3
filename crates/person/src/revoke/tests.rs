//! What a revocation says, writes down and leaves of a grant.

use freehold_protocol::disclosure::GrantState;
use freehold_protocol::document::{Document, Mode};
use freehold_protocol::id::MessageId;
use freehold_store::{HomeKey, Options, Store};
use freehold_vault::agreements::StoredGrant;
use tempfile::TempDir;

use super::*;
use crate::paper::{self, NOW, key, path};

const PHONE: &str = "phone.mobile";
const EMAIL: &str = "email.personal";

/// A vault with one grant of two fields, under which message 7 was the last that carried values.
struct Vault {
    store: Store,
    relationship: Relationship,
    grant: GrantId,
    _dir: TempDir,
}

impl Vault {
    fn new(status: GrantStatus) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &HomeKey::new([7; 32]), Options::default()).unwrap();
        let relationship = paper::relationship([2, 1]);
        let grant = paper::receipt(2, [2, 1], Mode::Continuous, &[PHONE, EMAIL]);
        let stored = StoredGrant {
            document: grant.bytes().to_vec(),
            relationship: relationship.id.clone(),
            state: GrantState { status, ..GrantState::offered() },
            given: NOW,
            standing_since: Some(NOW),
            revocations: Vec::new(),
            offered_message: MessageId::from_entropy([4; 16]),
            last_release: 7,
        };
        store.write_blocking(move |txn| agreements::put_grant(txn, &stored)).unwrap();
        Self { store, relationship, grant: grant.id().clone(), _dir: dir }
    }

    fn revoke(&self, grant: &GrantId, paths: Option<&[&str]>) -> Result<Revoked, String> {
        let paths: Option<BTreeSet<Path>> = paths.map(|names| names.iter().map(|name| path(name)).collect());
        let (relationship, grant) = (self.relationship.clone(), grant.clone());
        let revoked = self
            .store
            .write_blocking(move |txn| revoke(txn, &relationship, &key(2), &grant, paths.as_ref(), NOW));
        revoked.map(freehold_store::Durable::into_inner).map_err(|error| error.to_string())
    }

    fn stored(&self) -> StoredGrant {
        agreements::grant(&self.store, &self.grant).unwrap().unwrap()
    }
}

fn paths(names: &[&str]) -> BTreeSet<Path> {
    names.iter().map(|name| path(name)).collect()
}

#[test]
fn a_part_is_revoked_and_then_the_rest_each_with_its_document_message_and_entry() {
    let vault = Vault::new(GrantStatus::Standing);
    let part = vault.revoke(&vault.grant, Some(&[PHONE])).unwrap();
    assert_eq!((part.paths, part.last_sequence), (paths(&[PHONE]), 7));
    assert_eq!((vault.stored().state.status, vault.stored().state.epoch), (GrantStatus::Standing, 1));
    let rest = vault.revoke(&vault.grant, None).unwrap();
    assert_eq!(rest.paths, paths(&[EMAIL]));
    let stored = vault.stored();
    assert_eq!((stored.state.status, stored.state.epoch), (GrantStatus::Revoked, 2));
    let waiting = Mailbox::new(&vault.relationship.id).waiting(&vault.store).unwrap();
    assert_eq!(stored.revocations.iter().map(|r| (r.seq, r.at)).collect::<Vec<_>>(), [(1, NOW), (2, NOW)]);
    let expected = [(part.revocation, [PHONE], false), (rest.revocation, [EMAIL], true)];
    for (n, (id, names, whole)) in expected.into_iter().enumerate() {
        let document = Document::<RevocationSubject>::read(&stored.revocations[n].document).unwrap();
        let said = document.subject();
        assert_eq!((document.id(), document.issuer()), (&id, &vault.relationship.own));
        assert_eq!((said.paths.as_slice(), said.whole), (&names.map(path)[..], whole));
        assert_eq!((said.last_sequence, &said.grant.id), (7, &vault.grant));
        assert_eq!(waiting[n].kind.as_str(), data::REVOCATION);
        assert_eq!(waiting[n].body, EntryBody::Fixed(Carried::body(document.bytes())));
    }
    let entries = audit::entries(&vault.store, 1, 9).unwrap();
    let seen: Vec<_> = entries.into_iter().map(|entry| (entry.event, entry.paths, entry.grant)).collect();
    let grant = Some(vault.grant.clone());
    let entry = |name| (AuditEvent::Revoked, paths(&[name]), grant.clone());
    assert_eq!(seen, [entry(PHONE), entry(EMAIL)]);
}

#[test]
fn what_cannot_be_revoked_leaves_everything_as_it_was() {
    let refused = |status, names: Option<&[&str]>| {
        let vault = Vault::new(status);
        let why = vault.revoke(&vault.grant, names).unwrap_err();
        assert!(vault.stored().revocations.is_empty() && vault.stored().state.epoch == 0);
        assert!(Mailbox::new(&vault.relationship.id).waiting(&vault.store).unwrap().is_empty());
        why
    };
    assert!(refused(GrantStatus::Revoked, None).contains("revoked already"));
    assert!(refused(GrantStatus::Refused, None).contains("the vendor refused"));
    for names in [&["name.given"][..], &[PHONE, "name.given"], &[]] {
        let why = refused(GrantStatus::Standing, Some(names));
        assert!(why.contains("email.personal, phone.mobile"), "{why}");
    }
    let vault = Vault::new(GrantStatus::Standing);
    assert!(vault.revoke(&GrantId::from_entropy([9; 16]), None).unwrap_err().contains("grant"));
    vault.revoke(&vault.grant, Some(&[PHONE])).unwrap();
    assert!(vault.revoke(&vault.grant, Some(&[PHONE])).unwrap_err().ends_with("email.personal"));
}

#[test]
fn a_grant_that_was_offered_used_or_held_is_revoked_as_a_standing_one() {
    for status in [GrantStatus::Offered, GrantStatus::Used, GrantStatus::Held] {
        let vault = Vault::new(status);
        assert_eq!(vault.revoke(&vault.grant, None).unwrap().paths, paths(&[PHONE, EMAIL]), "{status:?}");
        assert_eq!(vault.stored().state.status, GrantStatus::Revoked);
    }
}
