//! What a person's node takes of a vendor that moves to another key.

use freehold_mailbox::Mailbox;
use freehold_protocol::cbor;
use freehold_protocol::connect::{PROBLEM, VENDOR_ROTATION, commitment};
use freehold_protocol::id::{MessageId, RelationshipId, RotationId};
use freehold_protocol::identity::Did;
use freehold_protocol::message::MessageType;
use freehold_store::{HomeKey, Options, Store};
use tempfile::TempDir;

use super::*;
use crate::paper::{self, NOW, key};

const NEW_ADDRESS: &str = "/ip4/192.0.2.1/udp/4102/quic-v1";

fn did(n: u8) -> Did {
    key(n).public().did()
}

/// A home whose one relationship is with the vendor of key 2, which has committed to key 3.
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
            vendor_next_key: Some(commitment(&key(3).public())),
            ..paper::relationship([1, 2])
        };
        let id = relationship.id.clone();
        store.write_blocking(move |txn| relationships::save(txn, &relationship)).unwrap();
        let seed = Arc::new(Seed::generate().unwrap());
        let families = Arc::new(families(&Arc::new(Bells::default()), &seed));
        Self { store, relationship: id, families, _dir: dir }
    }

    /// The vendor says, as its message of this sequence, that it moves from one key to another, which commits to a third.
    /// Gives the code of the refusal.
    fn hears(&self, seq: u64, [old, new, after]: [u8; 3]) -> Result<(), Code> {
        let id = RotationId::from_entropy([9; 16]);
        let statement = VendorRotation::state(id, [&key(old), &key(new)], &key(after).public(), NOW).unwrap();
        let said = VendorMoves { document: statement.bytes().to_vec(), addresses: vec![NEW_ADDRESS.into()] };
        self.hears_body(seq, cbor::encode(&said))
    }

    fn hears_body(&self, seq: u64, body: Vec<u8>) -> Result<(), Code> {
        let message = Message {
            seq,
            id: MessageId::from_entropy([4; 16]),
            kind: MessageType::parse(VENDOR_ROTATION).unwrap(),
            thread: None,
            at: NOW,
            to: did(1),
            body,
            crit: Vec::new(),
        };
        let (id, families) = (self.relationship.clone(), self.families.clone());
        let before = self.problems();
        self.store
            .write_blocking(move |txn| {
                freehold_mailbox::take(txn, &families, &id, &did(2), message, NOW).map(drop)
            })
            .unwrap();
        match self.problems().split_off(before.len()).pop() {
            Some(code) => Err(code),
            None => Ok(()),
        }
    }

    fn problems(&self) -> Vec<Code> {
        let waiting = Mailbox::new(&self.relationship).waiting(&self.store).unwrap();
        let problems = waiting.into_iter().filter(|entry| entry.kind.as_str() == PROBLEM);
        let code = |entry: Entry| match entry.body {
            freehold_protocol::mailbox::EntryBody::Fixed(body) => {
                data::decode::<Problem>(&body).unwrap().code
            }
            freehold_protocol::mailbox::EntryBody::Composed(_) => panic!("a problem is fixed"),
        };
        problems.map(code).collect()
    }

    fn known(&self) -> Relationship {
        relationships::get(&self.store, &self.relationship).unwrap().unwrap()
    }

    fn audited(&self) -> Vec<(Did, AuditEvent)> {
        let entries = audit::entries(&self.store, 1, 100).unwrap();
        entries.into_iter().map(|entry| (entry.vendor, entry.event)).collect()
    }
}

#[test]
fn a_vendor_moves_step_by_step_to_the_keys_that_it_had_committed_to() {
    let home = Home::new();
    assert_eq!(home.hears(1, [2, 3, 4]), Ok(()));
    let moved = home.known();
    assert_eq!((moved.vendor, moved.earlier_vendors), (did(3), vec![did(2)]));
    assert_eq!(moved.vendor_next_key, Some(commitment(&key(4).public())));
    assert_eq!(moved.assertion_keys, [*key(3).public().as_bytes()]);
    assert_eq!(moved.addresses, [NEW_ADDRESS]);
    assert_eq!(home.hears(2, [3, 4, 5]), Ok(()));
    assert_eq!((home.known().vendor, home.known().earlier_vendors), (did(4), vec![did(2), did(3)]));
    let before = |n: u8| AuditEvent::VendorRotated { before: did(n) };
    assert_eq!(home.audited(), [(did(3), before(2)), (did(4), before(3))]);
}

/// A thief of the vendor's key has not its next one, and a stranger has neither.
#[test]
fn a_forged_rotation_changes_nothing() {
    let home = Home::new();
    let before = home.known();
    assert_eq!(home.hears(1, [2, 9, 4]), Err(Code::NotCommitted));
    assert_eq!(home.hears(2, [9, 3, 4]), Err(Code::WrongSigner));
    let body = cbor::encode(&VendorMoves { document: b"{}".to_vec(), addresses: vec![NEW_ADDRESS.into()] });
    assert_eq!(home.hears_body(3, body), Err(Code::Malformed));
    let id = RotationId::from_entropy([9; 16]);
    let good = VendorRotation::state(id, [&key(2), &key(3)], &key(4).public(), NOW).unwrap();
    let nowhere = VendorMoves { document: good.bytes().to_vec(), addresses: Vec::new() };
    assert_eq!(home.hears_body(4, cbor::encode(&nowhere)), Err(Code::Malformed));
    assert_eq!(home.known(), before);
    assert!(home.audited().is_empty());
}

/// A restored home may be told again what waits for it already; and the key that was left is not gone back to.
#[test]
fn a_step_that_was_taken_is_passed_over() {
    let home = Home::new();
    assert_eq!(home.hears(1, [2, 3, 4]), Ok(()));
    let moved = home.known();
    assert_eq!(home.hears(2, [2, 3, 4]), Ok(()));
    assert_eq!(home.hears(3, [3, 2, 4]), Ok(()));
    assert_eq!(home.known(), moved);
    assert_eq!(home.audited().len(), 1);
    // Who has the old key alone can choose nothing any more.
    assert_eq!(home.hears(4, [2, 9, 4]), Err(Code::WrongSigner));
}
