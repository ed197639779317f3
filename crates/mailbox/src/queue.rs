//! The queues of one relationship.

use freehold_protocol::code::Code;
use freehold_protocol::id::{MessageId, RelationshipId};
use freehold_protocol::mailbox::{Cursors, Entry, EntryBody};
use freehold_protocol::message::{Message, MessageType};
use freehold_protocol::session::Realigned;
use freehold_protocol::time::{Lag, Timestamp};
use freehold_store::database::Bell;
use freehold_store::{Key, ReadError, Reader, Txn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::record::{list, load, save, save_erasable};

/// The tag of every key of this crate.
const TAG: u8 = b'M';

/// The mailboxes of one relationship.
#[derive(Debug, Clone)]
pub struct Mailbox {
    prefix: Key,
    lag: Lag,
}

/// Most messages of one relationship that are kept without being of use: a peer that speaks a newer version sends a
/// few a day, and whoever sends more fills a disk. Forgetting some makes room.
pub const KEPT_MAX: u64 = 1_000;

/// Most bytes of their bodies: a hundred of the largest.
pub const KEPT_BYTES_MAX: u64 = 6 * 1024 * 1024;

/// A message that could not be used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// The message; its body is there only if this build does not know its type.
    pub message: Message,
    /// Why it could not be used.
    pub code: Code,
    /// When it came.
    pub at: Timestamp,
}

/// A kept message, as it is shown. The body is whoever's business its family is: it is given as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeptView {
    /// Its place in the sender's mailbox.
    pub seq: u64,
    /// Its id, in hexadecimal digits.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Why it could not be used: a code of the protocol.
    pub code: String,
    /// When it came (RFC 3339).
    pub at: String,
    /// Its body in hexadecimal digits; absent where its family refused it.
    pub body: Option<String>,
}

impl Kept {
    /// The message as it is shown.
    #[must_use]
    pub fn view(&self) -> KeptView {
        let body = &self.message.body;
        KeptView {
            seq: self.message.seq,
            id: self.message.id.to_string(),
            kind: self.message.kind.to_string(),
            code: self.code.to_string(),
            at: self.at.rfc3339(),
            body: (!body.is_empty()).then(|| body.iter().map(|byte| format!("{byte:02x}")).collect()),
        }
    }
}

/// Where the mailboxes stand, as it is stored, with the ids of the messages there.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Place {
    queued: u64,
    delivered: u64,
    stored: u64,
    /// The message of `delivered`.
    #[serde(default)]
    delivered_id: Option<MessageId>,
    /// The message of `stored`.
    #[serde(default)]
    stored_id: Option<MessageId>,
}

/// What is kept, or filed, in all.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Total {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
}

impl Mailbox {
    /// The mailboxes of a relationship.
    #[must_use]
    pub fn new(relationship: &RelationshipId) -> Self {
        let mut id = [0; 16];
        let hex: Vec<u8> = relationship.as_str().bytes().filter(u8::is_ascii_hexdigit).collect();
        let digits = &hex[hex.len() - 32..];
        for (byte, pair) in id.iter_mut().zip(digits.chunks(2)) {
            let nibble = |c: u8| char::from(c).to_digit(16).unwrap_or_default() as u8;
            *byte = nibble(pair[0]) << 4 | nibble(pair[1]);
        }
        Self { prefix: Key::new(TAG).with(&id), lag: Lag::of(relationship) }
    }

    /// A key of this relationship's mailboxes.
    pub(crate) fn key(&self, part: &[u8]) -> Key {
        self.prefix.clone().with(part)
    }

    fn cursors_key(&self) -> Key {
        self.prefix.clone().with(b"c")
    }

    fn out_prefix(&self) -> Key {
        self.prefix.clone().with(b"o")
    }

    fn kept_prefix(&self) -> Key {
        self.prefix.clone().with(b"k")
    }

    fn kept_total_key(&self) -> Key {
        self.prefix.clone().with(b"t")
    }

    /// Where the mailboxes stand.
    ///
    /// # Errors
    /// The store's.
    pub fn cursors(&self, reader: &impl Reader) -> Result<Cursors, ReadError> {
        let Place { queued, delivered, stored, .. } = self.place(reader)?;
        Ok(Cursors { queued, delivered, stored })
    }

    fn place(&self, reader: &impl Reader) -> Result<Place, ReadError> {
        Ok(load(reader, &self.cursors_key())?.unwrap_or_default())
    }

    /// The id of the last message of the peer's that is stored, if it is known.
    ///
    /// # Errors
    /// The store's.
    pub fn last_stored(&self, reader: &impl Reader) -> Result<Option<MessageId>, ReadError> {
        Ok(self.place(reader)?.stored_id)
    }

    /// Whether the message that the peer has stored at a sequence is known to be another than this side's: one of the two has
    /// gone on from an older copy.
    ///
    /// # Errors
    /// The store's.
    pub fn is_forked(&self, reader: &impl Reader, seq: u64, theirs: &MessageId) -> Result<bool, ReadError> {
        let place = self.place(reader)?;
        let ours = match seq == place.delivered {
            true => place.delivered_id,
            false => self.entry(reader, seq)?.map(|entry| entry.id),
        };
        Ok(ours.is_some_and(|ours| ours != *theirs))
    }

    /// Queues a message for the peer.
    ///
    /// # Errors
    /// The store's.
    pub fn queue(
        &self,
        txn: &mut Txn,
        kind: &MessageType,
        thread: Option<MessageId>,
        body: EntryBody,
        now: Timestamp,
    ) -> Result<Entry, ReadError> {
        let mut cursors = self.place(txn)?;
        cursors.queued += 1;
        let id = MessageId::from_entropy(crate::entropy());
        let entry =
            Entry { seq: cursors.queued, id, kind: kind.clone(), thread, at: now.told(self.lag), body };
        save(txn, self.cursors_key(), &cursors);
        save_erasable(txn, self.out_prefix().with_u64(entry.seq), &entry);
        // The session that is to send it may be another process's.
        txn.ring(self.bell());
        Ok(entry)
    }

    /// What is rung for the other processes that have the store when something is queued, or the session begins elsewhere: the
    /// bytes of the relationship's UUID.
    #[must_use]
    pub fn bell(&self) -> Bell {
        let mut bell = Bell::default();
        bell.copy_from_slice(&self.prefix.as_bytes()[1..17]);
        bell
    }

    /// A queued entry that the peer does not have yet.
    ///
    /// # Errors
    /// The store's.
    pub fn entry(&self, reader: &impl Reader, seq: u64) -> Result<Option<Entry>, ReadError> {
        load(reader, &self.out_prefix().with_u64(seq))
    }

    /// All queued entries that the peer does not have yet, in order.
    ///
    /// # Errors
    /// The store's.
    pub fn waiting(&self, reader: &impl Reader) -> Result<Vec<Entry>, ReadError> {
        list(reader, &self.out_prefix())
    }

    /// Notes that the peer has everything up to `through`; gives the entries this settles, in order.
    ///
    /// # Errors
    /// The store's.
    pub fn delivered(&self, txn: &mut Txn, through: u64) -> Result<Vec<Entry>, ReadError> {
        let mut cursors = self.place(txn)?;
        let mut settled: Vec<Entry> = Vec::new();
        for seq in cursors.delivered + 1..=through.min(cursors.queued) {
            let key = self.out_prefix().with_u64(seq);
            settled.extend(load::<Entry>(txn, &key)?);
            txn.delete(&key);
        }
        if through > cursors.delivered {
            cursors.delivered = through.min(cursors.queued);
            cursors.delivered_id = settled.last().map(|entry| entry.id);
            save(txn, self.cursors_key(), &cursors);
        }
        Ok(settled)
    }

    /// Goes on where the peer is, after this side was restored from a backup: see [`Realigned`]. What was queued beyond
    /// `backed_up`, since the restore, is queued again behind what the peer has, in its order, unless it is `obsolete`; gives the
    /// old and the new place of each.
    ///
    /// Call [`delivered`](crate::delivered) first: what the backup had queued and the peer has, it has.
    ///
    /// # Errors
    /// The store's.
    pub fn realign(
        &self,
        txn: &mut Txn,
        backed_up: u64,
        to: &Realigned,
        obsolete: impl Fn(&Entry) -> bool,
    ) -> Result<Vec<(u64, u64)>, ReadError> {
        let mut cursors = self.place(txn)?;
        let newer: Vec<Entry> =
            self.waiting(txn)?.into_iter().filter(|entry| entry.seq > backed_up).collect();
        newer.iter().for_each(|entry| txn.erase(&self.out_prefix().with_u64(entry.seq)));
        cursors.queued = cursors.queued.min(backed_up).max(to.delivered);
        // In the same place, too, the peer may have another message than this side, and that is the one that counts.
        if to.delivered >= cursors.delivered {
            let known = cursors.delivered_id.filter(|_| to.delivered == cursors.delivered);
            (cursors.delivered, cursors.delivered_id) = (to.delivered, to.last.or(known));
        }
        if to.stored > cursors.stored {
            (cursors.stored, cursors.stored_id) = (to.stored, None);
        }
        let mut moved = Vec::new();
        for entry in newer.into_iter().filter(|entry| !obsolete(entry)) {
            cursors.queued += 1;
            moved.push((entry.seq, cursors.queued));
            let entry = Entry { seq: cursors.queued, ..entry };
            save_erasable(txn, self.out_prefix().with_u64(entry.seq), &entry);
        }
        save(txn, self.cursors_key(), &cursors);
        Ok(moved)
    }

    /// Moves the incoming cursor. Gives false when the message was taken before.
    pub(crate) fn advance(&self, txn: &mut Txn, seq: u64, id: MessageId) -> Result<bool, ReadError> {
        let mut cursors = self.place(txn)?;
        if seq <= cursors.stored {
            return Ok(false);
        }
        (cursors.stored, cursors.stored_id) = (seq, Some(id));
        save(txn, self.cursors_key(), &cursors);
        Ok(true)
    }

    /// Keeps a message that could not be used. Gives false when there is no room.
    pub(crate) fn keep(&self, txn: &mut Txn, kept: Kept) -> Result<bool, ReadError> {
        let mut total: Total = load(txn, &self.kept_total_key())?.unwrap_or_default();
        total.messages += 1;
        total.bytes += kept.message.body.len() as u64;
        if total.messages > KEPT_MAX || total.bytes > KEPT_BYTES_MAX {
            return Ok(false);
        }
        save(txn, self.kept_total_key(), &total);
        save_erasable(txn, self.kept_prefix().with_u64(kept.message.seq), &kept);
        Ok(true)
    }

    /// Erases the kept messages up to a sequence; gives how many there were.
    ///
    /// # Errors
    /// The store's.
    pub fn forget_kept(&self, txn: &mut Txn, through: u64) -> Result<u64, ReadError> {
        let mut total: Total = load(txn, &self.kept_total_key())?.unwrap_or_default();
        let mut forgotten = 0;
        for kept in self.kept(txn)?.into_iter().filter(|kept| kept.message.seq <= through) {
            txn.erase(&self.kept_prefix().with_u64(kept.message.seq));
            total.messages = total.messages.saturating_sub(1);
            total.bytes = total.bytes.saturating_sub(kept.message.body.len() as u64);
            forgotten += 1;
        }
        save(txn, self.kept_total_key(), &total);
        Ok(forgotten)
    }

    /// Messages that could not be used, in order.
    ///
    /// # Errors
    /// The store's.
    pub fn kept(&self, reader: &impl Reader) -> Result<Vec<Kept>, ReadError> {
        list(reader, &self.kept_prefix())
    }

    /// How many messages are kept that could not be used.
    ///
    /// # Errors
    /// The store's.
    pub fn kept_count(&self, reader: &impl Reader) -> Result<u64, ReadError> {
        let total: Option<Total> = load(reader, &self.kept_total_key())?;
        Ok(total.map_or(0, |total| total.messages))
    }

    /// Erases both mailboxes, for a relationship that is no more.
    ///
    /// # Errors
    /// The store's.
    pub fn remove(&self, txn: &mut Txn) -> Result<(), ReadError> {
        txn.erase_prefix(&self.prefix).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use freehold_protocol::identity::SigningKey;
    use freehold_protocol::limits::BODY_BYTES_MAX;
    use freehold_store::{HomeKey, Options, Store};

    use super::*;

    fn kept(seq: u64, bytes: usize) -> Kept {
        let message = Message {
            seq,
            id: MessageId::from_entropy([1; 16]),
            kind: MessageType::parse("later/2/thing").unwrap(),
            thread: None,
            at: Timestamp::default(),
            to: SigningKey::from_seed(&[1; 32]).public().did(),
            body: vec![0; bytes],
            crit: Vec::new(),
        };
        Kept { message, code: Code::UnknownType, at: Timestamp::default() }
    }

    /// A peer sends what nobody knows, small or large, without an end: what is kept has one, and forgetting makes room.
    #[test]
    fn what_is_kept_without_being_of_use_is_bounded_in_number_and_in_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &HomeKey::new([7; 32]), Options::default()).unwrap();
        let mailbox = Mailbox::new(&RelationshipId::from_entropy([2; 16]));
        let large = usize::try_from(KEPT_BYTES_MAX / 100).unwrap();
        // So many of these fill it to the byte.
        let even = usize::try_from(KEPT_BYTES_MAX / 128).unwrap();
        for (bytes, expected) in [(1, KEPT_MAX), (large, 100), (even, 128), (BODY_BYTES_MAX, 102)] {
            let mailbox = mailbox.clone();
            let taken = store.write_blocking(move |txn| {
                let mut taken = 0;
                while mailbox.keep(txn, kept(taken + 1, bytes))? {
                    taken += 1;
                }
                assert_eq!(mailbox.forget_kept(txn, u64::MAX)?, taken);
                Ok::<_, ReadError>(taken)
            });
            assert_eq!(taken.unwrap().into_inner(), expected);
        }
        assert!(mailbox.kept(&store).unwrap().is_empty());
    }
}
