//! What a restored person takes of what the vendor tells again.

use std::sync::Arc;

use freehold_keystore::Seed;
use freehold_mailbox::Desk;
use freehold_protocol::cbor;
use freehold_protocol::data::{self, Carried, Ended};
use freehold_protocol::id::{GrantId, MessageId};
use freehold_protocol::mailbox::EntryBody;
use freehold_protocol::message::{Message, MessageType};
use freehold_store::{HomeKey, Options, Store};
use tempfile::TempDir;

use super::*;
use crate::bell::Bells;
use crate::families::families;
use crate::paper::{self, NOW, key, path};

const PERSON: u8 = 1;
const VENDOR: u8 = 2;
const STRANGER: u8 = 3;

/// A receipt of a grant of `phone.mobile` and `email.personal`.
fn receipt(id: u8, person: u8, vendor: u8) -> Grant {
    paper::receipt(id, [person, vendor], Mode::Continuous, &["phone.mobile", "email.personal"])
}

/// A home that was restored from a backup of before any grant.
struct Home {
    store: Store,
    relationship: RelationshipId,
    families: Arc<Families<Linked>>,
    _dir: TempDir,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &HomeKey::new([7; 32]), Options::default()).unwrap();
        let relationship = Relationship {
            restored: Some(Restored { asked: true, ..Restored::default() }),
            ..paper::relationship([PERSON, VENDOR])
        };
        let id = relationship.id.clone();
        store.write_blocking(move |txn| relationships::save(txn, &relationship)).unwrap();
        let seed = Arc::new(Seed::generate().unwrap());
        let families = Arc::new(families(&Arc::new(Bells::default()), &seed));
        Self { store, relationship: id, families, _dir: dir }
    }

    /// The vendor says this; the code of the refusal.
    fn hears(&self, kind: &str, body: Vec<u8>) -> Result<(), Code> {
        let message = Message {
            seq: 1,
            id: MessageId::from_entropy([9; 16]),
            kind: MessageType::parse(kind).unwrap(),
            thread: None,
            at: NOW,
            to: key(PERSON).public().did(),
            body,
            crit: Vec::new(),
        };
        let (families, id) = (self.families.clone(), self.relationship.clone());
        let heard = self.store.write_blocking(move |txn| {
            let (mailbox, vendor) = (Mailbox::new(&id), key(VENDOR).public().did());
            let mut desk = Desk::new(txn, &mailbox, &id, &vendor, NOW);
            families.of(&message.kind).unwrap().receive(&mut desk, &message)
        });
        match heard {
            Ok(_) => Ok(()),
            Err(freehold_store::WriteError::Refused(code)) => Err(code),
            Err(error) => panic!("{error}"),
        }
    }

    fn told(&self, receipt: &Grant) -> Result<(), Code> {
        self.hears(data::RECEIPT, Carried::body(receipt.bytes()))
    }

    fn ended(&self, grant: &GrantId, paths: &[&str]) -> Result<(), Code> {
        let paths = paths.iter().map(|name| path(name)).collect();
        self.hears(data::ENDED, cbor::encode(&Ended { grant: grant.clone(), paths }))
    }

    fn status(&self, grant: &GrantId) -> Option<GrantStatus> {
        agreements::grant(&self.store, grant).unwrap().map(|stored| stored.state.status)
    }
}

/// 1. Its own grant comes back and is held back. 2. One under another person's or nobody's signature, countersigned by another,
///    or without a countersignature, does not. 3. The same id with other words does not either.
#[test]
fn a_vendor_gives_a_restored_person_nothing_that_they_did_not_sign() {
    let home = Home::new();
    let good = receipt(1, PERSON, VENDOR);
    assert_eq!(home.told(&good), Ok(()));
    assert_eq!(home.status(good.id()), Some(GrantStatus::Held));
    let given = Grant::read(&good.without_countersignature().unwrap()).unwrap();
    for bad in [receipt(2, STRANGER, VENDOR), receipt(3, PERSON, STRANGER), receipt(4, VENDOR, VENDOR), given]
    {
        assert!(home.told(&bad).is_err(), "{bad:?}");
    }
    for id in 2..=4 {
        assert_eq!(home.status(&GrantId::from_entropy([id; 16])), None);
    }
    let relationship = relationships::get(&home.store, &home.relationship).unwrap().unwrap();
    assert_eq!(relationship.restored.unwrap().vendor_holds, BTreeSet::from([good.id().clone()]));
}

/// What has ended at the vendor has ended; of grants and paths that are not the relationship's it has nothing to say.
#[test]
fn a_vendor_only_narrows_what_a_restored_person_gives() {
    let home = Home::new();
    let good = receipt(1, PERSON, VENDOR);
    home.told(&good).unwrap();
    assert_eq!(home.ended(&GrantId::from_entropy([8; 16]), &["phone.mobile"]), Err(Code::NoGrant));
    assert_eq!(home.ended(good.id(), &["phone.mobile", "name.full"]), Err(Code::NotInScope));
    assert_eq!(home.status(good.id()), Some(GrantStatus::Held));
    home.ended(good.id(), &["phone.mobile"]).unwrap();
    let stored = agreements::grant(&home.store, good.id()).unwrap().unwrap();
    assert_eq!((stored.state.status, stored.state.revoked.len()), (GrantStatus::Held, 1));
    home.ended(good.id(), &["email.personal"]).unwrap();
    assert_eq!(home.status(good.id()), Some(GrantStatus::Revoked));
    // Told once more, it does not come back.
    home.told(&good).unwrap();
    assert_eq!(home.status(good.id()), Some(GrantStatus::Revoked));
}

/// Where the vendor's last message of this side is another one: everything that waits is sent again behind it, and a rotation that
/// waited in its place has not happened, since the vendor has answered under the key before it.
#[test]
fn what_waits_in_a_copy_that_has_forked_is_not_taken_for_delivered() {
    let home = Home::new();
    let (id, families) = (home.relationship.clone(), home.families.clone());
    let seed = Seed::generate().unwrap();
    let realigned = home.store.write_blocking(move |txn| {
        let mut relationship = relationships::get(txn, &id)?.unwrap();
        let own = relationship.own.clone();
        rotate::state(txn, &seed, &mut relationship, NOW).unwrap();
        relationship.restored = Some(Restored { queued: 1, asked: true, ..Restored::default() });
        relationships::save(txn, &relationship)?;
        let last = Some(MessageId::from_entropy([8; 16]));
        let to = Realigned { delivered: 1, last, stored: 0, told_at: Some(0) };
        let vendor = relationship.vendor.clone();
        realign(txn, &families, &id, &vendor, to, NOW)?;
        let after = relationships::get(txn, &id)?.unwrap();
        let waiting: Vec<u64> = Mailbox::new(&id).waiting(txn)?.iter().map(|entry| entry.seq).collect();
        Ok::<_, TakeError>((own == after.own, after.rotation, waiting))
    });
    assert_eq!(realigned.unwrap().into_inner(), (true, Some(2), vec![2]));
}

/// Another copy of the home has moved the relationship to its next key, which this one has come to from the seed.
#[test]
fn a_rotation_that_the_vendor_knows_from_another_copy_is_neither_told_nor_made_again() {
    let home = Home::new();
    let (id, families) = (home.relationship.clone(), home.families.clone());
    let seed = Seed::generate().unwrap();
    let realigned = home.store.write_blocking(move |txn| {
        let mut relationship = relationships::get(txn, &id)?.unwrap();
        rotate::state(txn, &seed, &mut relationship, NOW).unwrap();
        let stated = relationship.rotation.unwrap();
        let next = seed.relationship_key(relationship.index, relationship.generation + 1).public().did();
        relationship.rotate(next.clone());
        relationship.restored = Some(Restored { queued: 0, asked: true, ..Restored::default() });
        relationships::save(txn, &relationship)?;
        let vendor = relationship.vendor.clone();
        let to = Realigned { delivered: stated - 1, last: None, stored: 0, told_at: Some(0) };
        realign(txn, &families, &id, &vendor, to, NOW)?;
        let waiting = Mailbox::new(&id).waiting(txn)?.len();
        // Told before the backup was made, it may yet be acknowledged.
        let kind = MessageType::parse(ROTATION).unwrap();
        let told = Mailbox::new(&id).queue(txn, &kind, None, EntryBody::Fixed(Vec::new()), NOW)?;
        freehold_mailbox::delivered(txn, &families, &id, &vendor, told.seq, NOW)?;
        let after = relationships::get(txn, &id)?.unwrap();
        Ok::<_, TakeError>((after.own == next, after.generation, waiting))
    });
    assert_eq!(realigned.unwrap().into_inner(), (true, 1, 0));
}
