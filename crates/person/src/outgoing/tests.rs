//! Updates that are composed again: nothing lost, nothing newer than allowed.

use freehold_mailbox::Desk;
use freehold_protocol::data::ReceivedUpdate;
use freehold_protocol::disclosure::{GrantState, GrantStatus};
use freehold_protocol::id::MessageId;
use freehold_store::{HomeKey, Options, Store};
use freehold_vault::fields::Change;
use tempfile::TempDir;

use super::*;
use crate::paper::{self, NOW, key, path};

/// A vault with one standing grant.
struct Vault {
    store: Store,
    relationship: RelationshipId,
    vendor: Did,
    grant: GrantId,
    _dir: TempDir,
}

impl Vault {
    fn new(mode: Mode, names: &[String]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &HomeKey::new([7; 32]), Options::default()).unwrap();
        let relationship = RelationshipId::from_entropy([3; 16]);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let grant = paper::receipt(2, [2, 1], mode, &names);
        let stored = StoredGrant {
            document: grant.bytes().to_vec(),
            relationship: relationship.clone(),
            state: GrantState { status: GrantStatus::Standing, ..GrantState::offered() },
            given: NOW,
            standing_since: Some(NOW),
            revocations: Vec::new(),
            offered_message: MessageId::from_entropy([4; 16]),
            last_release: 0,
        };
        store.write_blocking(move |txn| agreements::put_grant(txn, &stored)).unwrap();
        let (vendor, grant) = (key(1).public().did(), grant.id().clone());
        Self { store, relationship, vendor, grant, _dir: dir }
    }

    fn set(&self, names: &[String], value: &str) {
        let value = Some(value.to_owned());
        let changes: Vec<_> =
            names.iter().map(|name| Change { path: path(name), value: value.clone() }).collect();
        let set = self.store.write_blocking(move |txn| fields::apply(txn, &changes, "test", NOW, &key(9)));
        set.unwrap();
    }

    /// Releases what is due for the first time.
    fn release(&self, names: &[String]) -> Released {
        let due = names.iter().map(|name| path(name)).collect();
        let (id, vendor, grant) = (self.relationship.clone(), self.vendor.clone(), self.grant.clone());
        let released = self.store.write_blocking(move |txn| release(txn, &id, &vendor, &grant, &due, NOW));
        released.unwrap().into_inner().unwrap()
    }

    /// Composes the update of a sequence again.
    fn again(&self, seq: u64) -> ReceivedUpdate {
        let (id, vendor) = (self.relationship.clone(), self.vendor.clone());
        let body = self.store.write_blocking(move |txn| {
            let mailbox = Mailbox::new(&id);
            let entry = mailbox.entry(txn, seq).map_err(storage)?.ok_or(Code::StorageFailed)?;
            let mut desk = Desk::new(txn, &mailbox, &id, &vendor, NOW);
            compose_again(&mut desk, &entry, &[])
        });
        ReceivedUpdate::decode(&body.unwrap().into_inner()).unwrap()
    }

    /// What the vendor lacks once it has said that it has everything up to a sequence.
    fn lacking_after(&self, seq: u64, mode: Mode) -> Vec<String> {
        let mut lacking = Vec::new();
        for mut line in lines::of_grant(&self.store, &self.grant).unwrap() {
            line.mark_delivered(seq, NOW);
            if line.lacks(mode, fields::version(&self.store, &line.path).unwrap()) {
                lacking.push(line.path.to_string());
            }
        }
        lacking
    }
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("x.field.n{n:02}")).collect()
}

/// 1. An update of 13 short fields is sent and not acknowledged. 2. All of them become so long that 12 fill an update.
/// 3. The update is composed again and acknowledged. 4. The thirteenth is still due.
#[test]
fn what_no_longer_fits_into_an_update_composed_again_is_due_after_it() {
    let names = names(13);
    let vault = Vault::new(Mode::Continuous, &names);
    vault.set(&names, "short");
    assert_eq!(vault.release(&names).versions.len(), 13);
    vault.set(&names, &"v".repeat(4000));
    let again = vault.again(1);
    assert_eq!(again.fields.len(), 12);
    assert_eq!(vault.lacking_after(1, Mode::Continuous), ["x.field.n12"]);
}

/// 1. A vendor that was granted fields for once takes them and says that it did not. 2. The person changes one and
///    erases another. 3. The vendor gets the versions that it got, without the erased one, and nothing newer.
#[test]
fn under_once_an_update_composed_again_carries_no_newer_version() {
    let names = names(2);
    let vault = Vault::new(Mode::Once, &names);
    vault.set(&names, "first");
    vault.release(&names);
    vault.set(&names[..1], "second");
    assert_eq!(vault.again(1).fields.values().flatten().collect::<Vec<_>>(), ["first", "first"]);
    let erased = path(&names[1]);
    vault.store.write_blocking(move |txn| fields::erase(txn, &erased)).unwrap();
    let again = vault.again(1);
    assert_eq!(again.fields, BTreeMap::from([(path(&names[0]), Some("first".to_owned()))]));
    assert_eq!(vault.lacking_after(1, Mode::Once), ["x.field.n01"]);
}

/// The grant ends while its update is under way: the place is filled without a value, and nothing counts as stored.
#[test]
fn an_update_whose_grant_has_ended_is_composed_void_and_leaves_no_trace_of_a_delivery() {
    let names = names(1);
    let vault = Vault::new(Mode::Continuous, &names);
    vault.set(&names, "value");
    vault.release(&names);
    let id = vault.grant.clone();
    let ended = vault.store.write_blocking(move |txn| {
        let mut stored = agreements::grant(txn, &id)?.unwrap();
        stored.state.status = GrantStatus::Revoked;
        agreements::put_grant(txn, &stored)
    });
    ended.unwrap();
    assert!(vault.again(1).fields.is_empty());
    let line = lines::line(&vault.store, &vault.grant, &path(&names[0])).unwrap().unwrap();
    assert_eq!((line.sent, line.stored), (None, None));
}

/// What leaves is written down with it: the place in the mailbox, the line, the log entry, the last release.
#[test]
fn a_release_is_written_down_with_the_values_that_leave() {
    let names = names(3);
    let vault = Vault::new(Mode::Continuous, &names);
    vault.set(&names[..2], "value");
    let asked: Vec<String> = names[..1].iter().cloned().chain(["phone.home".to_owned()]).collect();
    let released = vault.release(&asked);
    assert_eq!((released.message.seq, released.epoch), (1, 0));
    assert_eq!(released.versions, BTreeMap::from([(path(&names[0]), 1)]), "nothing that is not granted");
    let update = ReceivedUpdate::decode(&released.message.body).unwrap();
    assert_eq!(update.grant, vault.grant);
    assert_eq!(update.fields, BTreeMap::from([(path(&names[0]), Some("value".to_owned()))]));
    let line = lines::line(&vault.store, &vault.grant, &path(&names[0])).unwrap().unwrap();
    assert_eq!(line.sent, Some(Mark { version: 1, seq: 1, at: NOW }));
    let entry = audit::entries(&vault.store, 1, 9).unwrap().pop().unwrap();
    assert_eq!((entry.n, entry.event), (1, AuditEvent::Released { update: 1 }));
    assert_eq!((entry.grant, entry.paths), (Some(vault.grant.clone()), [path(&names[0])].into()));
    assert_eq!(agreements::grant(&vault.store, &vault.grant).unwrap().unwrap().last_release, 1);
    let entry = Mailbox::new(&vault.relationship).entry(&vault.store, 1).unwrap().unwrap();
    assert_eq!(reference_of(&entry), Ok(vault.grant.clone()));
    let fixed = Entry { body: EntryBody::Fixed(Vec::new()), ..entry };
    assert_eq!(reference_of(&fixed), Err(Code::StorageFailed));
}

#[test]
fn where_nothing_that_is_due_is_granted_nothing_is_queued_or_written_down() {
    let names = names(1);
    let vault = Vault::new(Mode::Continuous, &names);
    let (id, vendor, grant) = (vault.relationship.clone(), vault.vendor.clone(), vault.grant.clone());
    let due = [path("phone.home")].into();
    let released = vault.store.write_blocking(move |txn| {
        release(txn, &id, &vendor, &grant, &due, NOW).map(|released| released.is_none())
    });
    assert!(released.unwrap().into_inner());
    assert!(Mailbox::new(&vault.relationship).waiting(&vault.store).unwrap().is_empty());
    assert_eq!(audit::head(&vault.store).unwrap().n, 0);
}

/// As many fields as fit, to the byte.
#[test]
fn an_update_is_filled_to_its_limit_and_not_beyond() {
    let size = |vault: &Vault, names: &[String]| {
        let wanted: Vec<Path> = names.iter().map(|name| path(name)).collect();
        let fitting = vault.store.write_blocking(move |txn| fitting(txn, wanted.iter()));
        fitting.unwrap().into_inner().len()
    };
    // Each takes 11 bytes of path, 4,000 of value and 10 of form; the last one fills the rest.
    let names = names(13);
    let vault = Vault::new(Mode::Continuous, &names);
    vault.set(&names[..12], &"v".repeat(4000));
    let left = UPDATE_BYTES_MAX - 12 * (11 + 4000 + FIELD_OVERHEAD) - (11 + FIELD_OVERHEAD);
    vault.set(&names[12..], &"v".repeat(left));
    assert_eq!(size(&vault, &names), 13);
    vault.set(&names[12..], &"v".repeat(left + 1));
    assert_eq!(size(&vault, &names), 12);
    // Fields that hold nothing are counted alone.
    let many: Vec<String> = (0..PATHS_MAX + 1).map(|n| format!("x.f.n{n:04}")).collect();
    assert_eq!(size(&vault, &many[..PATHS_MAX]), PATHS_MAX);
    assert_eq!(size(&vault, &many), PATHS_MAX);
}

/// 1. Two fields are sent and arrive. 2. One changes and is sent again. 3. That update is lost: only what is lacking is
///    in it when it is composed again, though the vault holds both.
#[test]
fn an_update_composed_again_carries_what_is_lacking_and_no_more() {
    let names = names(3);
    let vault = Vault::new(Mode::Continuous, &names);
    vault.set(&names[..2], "first");
    vault.release(&names[..2]);
    for name in &names[..2] {
        let (grant, path) = (vault.grant.clone(), path(name));
        vault
            .store
            .write_blocking(move |txn| {
                let mut line = lines::line(txn, &grant, &path)?.unwrap();
                line.mark_delivered(1, NOW);
                lines::save(txn, &grant, &line)?;
                Ok::<_, freehold_store::ReadError>(())
            })
            .unwrap();
    }
    vault.set(&names[..1], "second");
    vault.release(&names[..1]);
    let again = vault.again(2);
    assert_eq!(again.fields, BTreeMap::from([(path(&names[0]), Some("second".to_owned()))]));
}

#[test]
fn what_was_set_since_an_update_left_is_in_it_when_it_is_composed_again() {
    let names = names(3);
    let vault = Vault::new(Mode::Continuous, &names);
    vault.set(&names[..1], "first");
    vault.release(&names[..1]);
    vault.set(&names[1..2], "second");
    let value = |text: &str| Some(text.to_owned());
    let expected = [(path(&names[0]), value("first")), (path(&names[1]), value("second"))];
    assert_eq!(vault.again(1).fields, BTreeMap::from(expected), "and not what never was");
}

/// What the simulator has to find: a release that is written down nowhere, and an update that nothing called for.
#[test]
fn the_planted_faults_of_a_release_are_what_they_are_called() {
    let names = names(1);
    let vault = Vault::new(Mode::Continuous, &names);
    vault.set(&names, "value");
    let (id, vendor, grant) = (vault.relationship.clone(), vault.vendor.clone(), vault.grant.clone());
    let due = [path(&names[0])].into();
    let released = vault.store.write_blocking(move |txn| unwritten(txn, &id, &vendor, &grant, &due, NOW));
    let released = released.unwrap().into_inner().unwrap();
    assert_eq!(released.versions, BTreeMap::from([(path(&names[0]), 1)]));
    let mailbox = Mailbox::new(&vault.relationship);
    assert!(mailbox.waiting(&vault.store).unwrap().is_empty());
    assert_eq!(audit::head(&vault.store).unwrap().n, 0);
    let (id, grant) = (vault.relationship.clone(), vault.grant.clone());
    vault.store.write_blocking(move |txn| leak(txn, &id, &grant, NOW)).unwrap();
    let leaked = mailbox.waiting(&vault.store).unwrap();
    assert_eq!(leaked.iter().map(reference_of).collect::<Vec<_>>(), [Ok(vault.grant.clone())]);
}
