//! What the two mailboxes of a relationship keep, and what a family's handler is given.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use freehold_mailbox::{
    Desk, Draft, DraftError, KEPT_MAX, Linked, Mailbox, SentView, TakeError, WAITING_MAX, compose, delivered,
    take,
};
use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{PROBLEM, Problem};
use freehold_protocol::family::{Families, Family};
use freehold_protocol::id::{MessageId, RelationshipId};
use freehold_protocol::identity::{Did, SigningKey};
use freehold_protocol::mailbox::{Cursors, Entry, EntryBody};
use freehold_protocol::message::{Message, MessageType};
use freehold_protocol::session::Realigned;
use freehold_protocol::time::{Lag, Timestamp};
use freehold_store::{HomeKey, Options, ReadError, Store, Txn};
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_090_000);

/// A family that files `note/1/note`, refuses `note/1/bad`, cannot store `note/1/lost`, and counts what is delivered.
struct Notes(Arc<AtomicUsize>);

impl Family<Linked> for Notes {
    fn name(&self) -> &'static str {
        "note/1"
    }

    fn receive(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        // What a refused message has written so far goes with it.
        desk.queue("note/1/seen", Some(message.id), vec![0xa0])?;
        match message.kind.name() {
            "note" => desk.file(message)?,
            "lost" => return Err(Code::StorageFailed),
            _ => return Err(Code::Malformed),
        }
        let count = self.0.clone();
        desk.after_commit(move || {
            count.fetch_add(1, Ordering::Relaxed);
        });
        Ok(())
    }

    fn compose(&self, _: &mut Desk<'_>, _: &Entry, reference: &[u8]) -> Result<Vec<u8>, Code> {
        Ok([reference, b"!"].concat())
    }

    fn delivered(&self, desk: &mut Desk<'_>, _: &Entry) -> Result<(), Code> {
        let count = self.0.clone();
        desk.after_commit(move || {
            count.fetch_add(10, Ordering::Relaxed);
        });
        Ok(())
    }

    fn queued(&self, _: &mut Desk<'_>, entry: &Entry) -> Result<(), Code> {
        if entry.kind.name() == "bad" { Err(Code::NotInScope) } else { Ok(()) }
    }
}

struct Side {
    store: Store,
    relationship: RelationshipId,
    mailbox: Mailbox,
    counted: Arc<AtomicUsize>,
    _dir: TempDir,
}

impl Side {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &HomeKey::new([7; 32]), Options::default()).unwrap();
        let relationship = RelationshipId::from_entropy([2; 16]);
        let mailbox = Mailbox::new(&relationship);
        Self { store, relationship, mailbox, counted: Arc::default(), _dir: dir }
    }

    /// In one transaction, as everything of a mailbox is; what is to run after the commit runs.
    fn write<T, E>(&self, closure: impl FnOnce(&mut Txn) -> Result<T, E> + Send + 'static) -> T
    where
        T: Send + 'static,
        E: Send + std::fmt::Debug + std::fmt::Display + 'static,
    {
        self.store.write_blocking(closure).unwrap().into_inner()
    }

    fn families(&self) -> Families<Linked> {
        Families::new().with(Notes(self.counted.clone()))
    }

    fn take(&self, message: Message) {
        let (families, relationship) = (self.families(), self.relationship.clone());
        let after = self.write(move |txn| take(txn, &families, &relationship, &peer(), message, NOW));
        after.into_iter().for_each(|run| run());
    }

    fn fails(&self, message: Message) -> TakeError {
        let (families, relationship) = (self.families(), self.relationship.clone());
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let _ = self.store.write_blocking(move |txn| {
            let taken = take(txn, &families, &relationship, &peer(), message, NOW);
            sender.send(taken.map(|_| ()).unwrap_err()).unwrap();
            Err::<(), _>(ReadError::Corrupt)
        });
        receiver.recv().unwrap()
    }

    fn queue(&self, count: u64) {
        let mailbox = self.mailbox.clone();
        self.write(move |txn| {
            (0..count).try_for_each(|_| {
                mailbox.queue(txn, &kind("note/1/note"), None, EntryBody::Fixed(vec![0xa0]), NOW).map(|_| ())
            })
        });
    }

    fn realign(&self, backed_up: u64, to: Realigned) -> Vec<(u64, u64)> {
        let mailbox = self.mailbox.clone();
        self.write(move |txn| mailbox.realign(txn, backed_up, &to, |_| false))
    }

    fn delivered(&self, through: u64) -> usize {
        let (families, relationship) = (self.families(), self.relationship.clone());
        let after = self.write(move |txn| delivered(txn, &families, &relationship, &peer(), through, NOW));
        let settled = after.len();
        after.into_iter().for_each(|run| run());
        settled
    }

    fn draft(&self, draft: Draft) -> Result<Entry, DraftError> {
        let (families, relationship) = (self.families(), self.relationship.clone());
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let _ = self.store.write_blocking(move |txn| {
            match draft.queue(txn, &families, &relationship, &peer(), NOW) {
                Ok((entry, _)) => {
                    sender.send(Ok(entry)).unwrap();
                    Ok(())
                }
                Err(error) => {
                    sender.send(Err(error)).unwrap();
                    Err(ReadError::Corrupt)
                }
            }
        });
        receiver.recv().unwrap()
    }

    fn cursors(&self) -> Cursors {
        self.mailbox.cursors(&self.store).unwrap()
    }

    fn waiting(&self) -> Vec<Entry> {
        self.mailbox.waiting(&self.store).unwrap()
    }

    fn sequences(&self) -> Vec<u64> {
        self.waiting().iter().map(|entry| entry.seq).collect()
    }
}

fn peer() -> Did {
    SigningKey::from_seed(&[1; 32]).public().did()
}

fn kind(text: &str) -> MessageType {
    MessageType::parse(text).unwrap()
}

fn id(n: u64) -> MessageId {
    let mut bytes = [0xab; 16];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    MessageId::from_entropy(bytes)
}

fn message(seq: u64, name: &str) -> Message {
    Message {
        seq,
        id: id(seq),
        kind: kind(name),
        thread: None,
        at: Timestamp::default(),
        to: peer(),
        body: b"\xa1\x61a\x01".to_vec(),
        crit: Vec::new(),
    }
}

#[test]
fn two_relationships_share_nothing() {
    let side = Side::new();
    let ids = [[2; 16], [0x12; 16], [0x21; 16], [0; 16]];
    let boxes = ids.map(|id| Mailbox::new(&RelationshipId::from_entropy(id)));
    for (n, mailbox) in boxes.clone().into_iter().enumerate() {
        side.write(move |txn| {
            (0..=n).try_for_each(|_| {
                mailbox.queue(txn, &kind("note/1/note"), None, EntryBody::Fixed(Vec::new()), NOW).map(|_| ())
            })
        });
    }
    let queued = boxes.clone().map(|mailbox| mailbox.cursors(&side.store).unwrap().queued);
    assert_eq!(queued, [1, 2, 3, 4]);
    let first = boxes[0].clone();
    side.write(move |txn| first.remove(txn));
    let left = boxes.map(|mailbox| mailbox.waiting(&side.store).unwrap().len());
    assert_eq!(left, [0, 2, 3, 4]);
    assert_eq!(side.cursors(), Cursors::default());
}

#[test]
fn what_is_queued_waits_in_order_until_the_peer_has_it() {
    let side = Side::new();
    side.queue(3);
    assert_eq!(side.sequences(), [1, 2, 3]);
    let first = side.mailbox.entry(&side.store, 1).unwrap().unwrap();
    assert_eq!((first.seq, first.at), (1, NOW.told(Lag::of(&side.relationship))));
    assert_ne!(first.id, side.waiting()[1].id);
    assert_eq!(side.delivered(2), 2);
    assert_eq!(side.sequences(), [3]);
    assert_eq!(side.cursors(), Cursors { queued: 3, delivered: 2, stored: 0 });
    // Said again, or less, it changes nothing; more than there is counts as all.
    assert_eq!((side.delivered(2), side.delivered(1)), (0, 0));
    assert_eq!(side.cursors().delivered, 2);
    assert_eq!(side.delivered(9), 1);
    assert_eq!(side.cursors(), Cursors { queued: 3, delivered: 3, stored: 0 });
    assert_eq!(side.counted.load(Ordering::Relaxed), 30);
}

#[test]
fn a_peer_that_has_another_message_in_the_place_has_an_older_or_newer_copy() {
    let side = Side::new();
    side.queue(3);
    let ids: Vec<MessageId> = side.waiting().iter().map(|entry| entry.id).collect();
    side.delivered(2);
    let forked = |seq, theirs: &MessageId| side.mailbox.is_forked(&side.store, seq, theirs).unwrap();
    assert!(!forked(2, &ids[1]) && forked(2, &ids[0]));
    assert!(!forked(3, &ids[2]) && forked(3, &ids[1]));
    assert!(!forked(1, &ids[2]), "what is long delivered is not known any more");
    // The same message, said again, leaves what is known of it.
    side.delivered(2);
    assert!(forked(2, &ids[0]));
}

#[test]
fn a_message_is_taken_once_with_what_its_family_does() {
    let side = Side::new();
    side.take(message(1, "note/1/note"));
    side.take(message(1, "note/1/note"));
    side.take(message(2, "note/1/note"));
    assert_eq!(side.cursors(), Cursors { queued: 2, delivered: 0, stored: 2 });
    assert_eq!(side.mailbox.last_stored(&side.store).unwrap(), Some(id(2)));
    assert_eq!(side.counted.load(Ordering::Relaxed), 2, "and what runs after the commit ran once each");
    let readable = side.mailbox.readable(&side.store).unwrap();
    let shown: Vec<_> = readable.iter().map(|m| (m.seq, m.code.clone(), m.body.clone())).collect();
    let body = Some("a1616101".to_owned());
    assert_eq!(shown, [(1, None, body.clone()), (2, None, body)]);
    assert_eq!(readable[0].json, Some(serde_json::json!({"a": 1})));
    assert_eq!((readable[0].id.clone(), readable[0].thread.clone()), (id(1).to_string(), None));
    let mailbox = side.mailbox.clone();
    assert_eq!(side.write(move |txn| mailbox.forget_filed(txn)), 2);
    assert!(side.mailbox.filed(&side.store).unwrap().is_empty());
}

#[test]
fn what_cannot_be_used_is_kept_and_answered_once_with_the_reason() {
    let side = Side::new();
    side.take(message(1, "note/1/bad"));
    side.take(message(2, "later/2/thing"));
    side.take(message(3, PROBLEM));
    let kept = side.mailbox.kept(&side.store).unwrap();
    let seen: Vec<_> = kept.iter().map(|k| (k.message.seq, k.code, k.message.body.len(), k.at)).collect();
    // Of a refused message the body is not kept; of an unknown one it is.
    assert_eq!(
        seen,
        [(1, Code::Malformed, 0, NOW), (2, Code::UnknownType, 4, NOW), (3, Code::UnknownType, 4, NOW)]
    );
    let view = kept[1].view();
    assert_eq!((view.seq, view.kind.as_str()), (2, "later/2/thing"));
    assert_eq!((view.body.as_deref(), view.at), (Some("a1616101"), NOW.rfc3339()));
    assert_eq!((kept[0].view().body, view.code), (None, Code::UnknownType.to_string()));
    // A problem is not answered with a problem, or two peers would never end.
    let answers = side.waiting();
    assert_eq!(answers.len(), 2);
    for (entry, (about, code)) in answers.iter().zip([(1, Code::Malformed), (2, Code::UnknownType)]) {
        assert_eq!((entry.kind.as_str(), entry.thread), (PROBLEM, Some(id(about))));
        let EntryBody::Fixed(body) = &entry.body else { panic!("composed") };
        assert_eq!(cbor::decode::<Problem>(body).unwrap(), Problem { code, about });
    }
    let mailbox = side.mailbox.clone();
    assert_eq!(side.write(move |txn| mailbox.forget_kept(txn, 2)), 2);
    let left: Vec<u64> = side.mailbox.kept(&side.store).unwrap().iter().map(|k| k.message.seq).collect();
    assert_eq!(left, [3]);
}

#[test]
fn a_message_whose_family_cannot_store_is_not_taken() {
    let side = Side::new();
    assert!(matches!(side.fails(message(1, "note/1/lost")), TakeError::Storage(Code::StorageFailed)));
    assert_eq!(side.cursors(), Cursors::default());
}

#[test]
fn as_many_messages_are_filed_and_kept_as_there_is_room_for() {
    let side = Side::new();
    let (families, relationship) = (side.families(), side.relationship.clone());
    side.write(move |txn| {
        (1..=KEPT_MAX).try_for_each(|seq| {
            take(txn, &families, &relationship, &peer(), message(seq, "note/1/note"), NOW).map(|_| ())
        })
    });
    assert_eq!(side.mailbox.filed(&side.store).unwrap().len() as u64, KEPT_MAX);
    // One more is refused by the desk, and kept as any refused message is.
    side.take(message(KEPT_MAX + 1, "note/1/note"));
    assert_eq!(side.mailbox.filed(&side.store).unwrap().len() as u64, KEPT_MAX);
    assert_eq!(side.mailbox.kept(&side.store).unwrap()[0].code, Code::Busy);
    let (families, relationship) = (side.families(), side.relationship.clone());
    side.write(move |txn| {
        (2..=KEPT_MAX).try_for_each(|n| {
            let next = message(KEPT_MAX + n, "later/1/thing");
            take(txn, &families, &relationship, &peer(), next, NOW).map(|_| ())
        })
    });
    assert!(matches!(side.fails(message(2 * KEPT_MAX + 1, "later/1/thing")), TakeError::Full));
    // Forgetting makes room.
    let mailbox = side.mailbox.clone();
    side.write(move |txn| mailbox.forget_kept(txn, KEPT_MAX + 1).and_then(|_| mailbox.forget_filed(txn)));
    side.take(message(2 * KEPT_MAX + 1, "later/1/thing"));
    side.take(message(2 * KEPT_MAX + 2, "note/1/note"));
    assert_eq!(side.mailbox.filed(&side.store).unwrap().len(), 1);
}

#[test]
fn a_message_is_made_when_it_is_sent() {
    let side = Side::new();
    side.queue(1);
    let (mailbox, families) = (side.mailbox.clone(), side.families());
    let relationship = side.relationship.clone();
    side.write(move |txn| {
        mailbox.queue(txn, &kind("note/1/note"), Some(id(7)), EntryBody::Composed(b"x".to_vec()), NOW)?;
        mailbox.queue(txn, &kind("other/1/note"), None, EntryBody::Composed(Vec::new()), NOW)?;
        let mut made = |seq| compose(txn, &families, &relationship, &peer(), seq, NOW);
        assert_eq!(made(1).unwrap().body, [0xa0]);
        let second = made(2).unwrap();
        assert_eq!((second.body, second.to, second.thread), (b"x!".to_vec(), peer(), Some(id(7))));
        assert_eq!(made(3), Err(Code::UnknownType));
        assert_eq!(made(4), Err(Code::StorageFailed));
        Ok::<_, ReadError>(())
    });
}

/// 1. Four messages were queued when the backup was made, and one was delivered. 2. Two more are queued after the restore.
/// 3. The peer turns out to have more than the backup knows.
#[test]
fn a_restored_side_goes_on_behind_what_its_peer_has() {
    let side = Side::new();
    side.queue(4);
    side.delivered(1);
    side.take(message(1, "note/1/note"));
    // The answer of the family was the fifth; the two of after the restore are sixth and seventh.
    side.queue(2);
    let newer: Vec<MessageId> = side.waiting()[4..].iter().map(|entry| entry.id).collect();
    let realign = |backed_up, delivered, stored| {
        let to = Realigned { delivered, last: None, stored, told_at: None };
        side.realign(backed_up, to)
    };
    assert_eq!(side.delivered(5), 4);
    assert_eq!(realign(5, 9, 3), [(6, 10), (7, 11)]);
    assert_eq!(side.cursors(), Cursors { queued: 11, delivered: 9, stored: 3 });
    assert_eq!(side.sequences(), [10, 11]);
    assert_eq!(side.waiting().iter().map(|entry| entry.id).collect::<Vec<_>>(), newer);
    // What the peer has in the place is not known here, so nothing can be said against it.
    assert!(!side.mailbox.is_forked(&side.store, 9, &id(99)).unwrap());
    assert_eq!(side.mailbox.last_stored(&side.store).unwrap(), None);
}

#[test]
fn a_restored_side_that_lacks_nothing_stays_where_it_is() {
    let side = Side::new();
    side.queue(3);
    side.delivered(2);
    side.take(message(1, "later/1/thing"));
    let known = side.mailbox.last_stored(&side.store).unwrap();
    let before = side.cursors();
    assert_eq!(side.realign(4, Realigned { delivered: 2, last: None, stored: 1, told_at: None }), []);
    assert_eq!(side.cursors(), before);
    assert_eq!(side.sequences(), [3, 4]);
    assert_eq!(side.mailbox.last_stored(&side.store).unwrap(), known);
    assert!(side.mailbox.is_forked(&side.store, 2, &id(99)).unwrap(), "the message there is still known");
}

/// Another copy of the home has sent another message in the last place that this one takes for delivered.
#[test]
fn a_restored_side_whose_peer_has_another_message_in_its_last_place_goes_on_behind_that() {
    let side = Side::new();
    side.queue(3);
    side.delivered(2);
    assert!(side.mailbox.is_forked(&side.store, 2, &id(99)).unwrap());
    assert_eq!(
        side.realign(2, Realigned { delivered: 2, last: Some(id(99)), stored: 0, told_at: None }),
        [(3, 3)]
    );
    assert!(!side.mailbox.is_forked(&side.store, 2, &id(99)).unwrap());
}

#[test]
fn what_is_obsolete_is_not_queued_again_and_leaves_no_gap() {
    let side = Side::new();
    side.queue(3);
    let obsolete = side.waiting()[1].id;
    let mailbox = side.mailbox.clone();
    let to = Realigned { delivered: 7, last: None, stored: 0, told_at: None };
    let moved = side.write(move |txn| mailbox.realign(txn, 0, &to, |entry| entry.id == obsolete));
    assert_eq!(moved, [(1, 8), (3, 9)]);
    assert_eq!(side.sequences(), [8, 9]);
}

#[test]
fn a_message_by_hand_is_queued_while_there_is_room_and_its_family_agrees() {
    let side = Side::new();
    let draft = |name: &str| Draft::new(name, None, vec![0xa0]).unwrap();
    let entry = side.draft(draft("note/1/note")).unwrap();
    assert_eq!((entry.seq, entry.kind.as_str()), (1, "note/1/note"));
    assert!(matches!(side.draft(draft("note/1/bad")), Err(DraftError::Refused(Code::NotInScope))));
    assert_eq!(side.cursors().queued, 1);
    side.queue(WAITING_MAX - 2);
    side.draft(draft("other/1/note")).unwrap();
    let full = side.draft(draft("other/1/note")).unwrap_err();
    assert!(matches!(full, DraftError::Full));
    assert_eq!((full.code(), DraftError::Thread.code()), ("not-possible-now", "bad-value"));
    assert_eq!(DraftError::Read(ReadError::Corrupt).code(), "store-failed");
    side.delivered(1);
    let queued = side.draft(draft("other/1/note")).unwrap();
    assert_eq!(queued.seq, WAITING_MAX + 1);
}

#[test]
fn a_sent_message_says_whether_the_peer_knows_its_family() {
    let side = Side::new();
    side.queue(1);
    let entry = &side.waiting()[0];
    assert_eq!(side.mailbox.named(&side.store).unwrap(), None);
    assert_eq!(SentView::new(entry, None).known, None);
    let mailbox = side.mailbox.clone();
    side.write(move |txn| {
        mailbox.note_named(txn, &["data/1".to_owned(), "note/1".to_owned()]);
        Ok::<_, ReadError>(())
    });
    let named = side.mailbox.named(&side.store).unwrap().unwrap();
    let view = SentView::new(entry, Some(&named));
    assert_eq!((view.known, view.seq, view.kind.as_str()), (Some(true), 1, "note/1/note"));
    assert_eq!(SentView::new(entry, Some(&named[..1])).known, Some(false));
}

#[test]
fn a_drawer_is_a_familys_own_and_goes_with_the_relationship() {
    let side = Side::new();
    let other = Mailbox::new(&RelationshipId::from_entropy([3; 16]));
    let (relationship, mailbox) = (side.relationship.clone(), side.mailbox.clone());
    side.write(move |txn| {
        let peer = peer();
        let drawer = |txn: &mut Txn, mailbox: &Mailbox, family: &str| {
            Desk::new(txn, mailbox, &relationship, &peer, NOW).drawer(family)
        };
        let key = drawer(txn, &mailbox, "note/1");
        txn.put(key.clone(), b"kept".to_vec());
        for (mailbox, family) in [(&mailbox, "note/2"), (&other, "note/1")] {
            let another = drawer(txn, mailbox, family);
            assert_eq!(txn.get(&another)?, None);
        }
        assert_eq!(txn.get(&key)?.as_deref(), Some(&b"kept"[..]));
        mailbox.remove(txn)?;
        assert_eq!(txn.get(&key)?, None);
        Ok::<_, ReadError>(())
    });
}
