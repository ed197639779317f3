//! What a family files of the peer's messages, and what it writes down for itself.

use freehold_protocol::cbor;
use freehold_protocol::message::Message;
use freehold_protocol::time::Timestamp;
use freehold_store::{Key, ReadError, Reader, Txn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::queue::{KEPT_BYTES_MAX, KEPT_MAX, Kept, Mailbox, Total};
use crate::record::{list, load, save, save_erasable};

/// A message that its family took in and filed, so that the user of this side can read it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Filed {
    /// The message, whole.
    pub message: Message,
    /// When it came.
    pub at: Timestamp,
}

/// A message of the peer's, as it is shown: one that its family filed, or one that could not be used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageView {
    /// Its place in the sender's mailbox.
    pub seq: u64,
    /// Its id, in hexadecimal digits.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The message that it answers or continues.
    pub thread: Option<String>,
    /// When it came (RFC 3339).
    pub at: String,
    /// Why it could not be used: a code of the protocol; absent where its family took it.
    pub code: Option<String>,
    /// Its body in hexadecimal digits; absent where its family refused it.
    pub body: Option<String>,
    /// The same as JSON, where it can be shown so.
    pub json: Option<serde_json::Value>,
}

impl MessageView {
    fn new(message: &Message, at: Timestamp, code: Option<String>) -> Self {
        let body = (!message.body.is_empty()).then_some(&message.body);
        Self {
            seq: message.seq,
            id: message.id.to_string(),
            kind: message.kind.to_string(),
            thread: message.thread.map(|thread| thread.to_string()),
            at: at.rfc3339(),
            code,
            body: body.map(|body| body.iter().map(|byte| format!("{byte:02x}")).collect()),
            json: body.and_then(|body| cbor::plain(body).ok()),
        }
    }
}

impl Mailbox {
    fn filed_prefix(&self) -> Key {
        self.key(b"f")
    }

    fn filed_total_key(&self) -> Key {
        self.key(b"u")
    }

    fn named_key(&self) -> Key {
        self.key(b"n")
    }

    /// Where a family keeps records of its own about this relationship: under this key, with parts of fixed length.
    /// They go when the relationship goes.
    #[must_use]
    pub fn drawer(&self, reader: &impl Reader, family: &str) -> Key {
        self.key(b"d").with(&reader.hidden(format!("family/{family}").as_bytes()))
    }

    /// Files a message. Gives false when there is no room: as much as may be kept of what cannot be used.
    pub(crate) fn file(&self, txn: &mut Txn, filed: &Filed) -> Result<bool, ReadError> {
        let mut total: Total = load(txn, &self.filed_total_key())?.unwrap_or_default();
        total.messages += 1;
        total.bytes += filed.message.body.len() as u64;
        if total.messages > KEPT_MAX || total.bytes > KEPT_BYTES_MAX {
            return Ok(false);
        }
        save(txn, self.filed_total_key(), &total);
        save_erasable(txn, self.filed_prefix().with_u64(filed.message.seq), filed);
        Ok(true)
    }

    /// The filed messages, in order.
    ///
    /// # Errors
    /// The store's.
    pub fn filed(&self, reader: &impl Reader) -> Result<Vec<Filed>, ReadError> {
        list(reader, &self.filed_prefix())
    }

    /// Erases the filed messages; gives how many there were.
    ///
    /// # Errors
    /// The store's.
    pub fn forget_filed(&self, txn: &mut Txn) -> Result<u64, ReadError> {
        txn.erase_prefix(&self.filed_total_key())?;
        txn.erase_prefix(&self.filed_prefix())
    }

    /// What there is to read of the peer's messages: the filed and the kept ones, in the order they came.
    ///
    /// # Errors
    /// The store's.
    pub fn readable(&self, reader: &impl Reader) -> Result<Vec<MessageView>, ReadError> {
        let filed = self.filed(reader)?.into_iter().map(|f| MessageView::new(&f.message, f.at, None));
        let kept = self.kept(reader)?;
        let kept = kept
            .iter()
            .map(|Kept { message, code, at }| MessageView::new(message, *at, Some(code.to_string())));
        let mut all: Vec<MessageView> = filed.chain(kept).collect();
        all.sort_by_key(|message| message.seq);
        Ok(all)
    }

    /// Notes the families that the peer named in its last hello.
    pub fn note_named(&self, txn: &mut Txn, families: &[String]) {
        save(txn, self.named_key(), &families);
    }

    /// The families that the peer named in its last hello; `None` before the first.
    ///
    /// # Errors
    /// The store's.
    pub fn named(&self, reader: &impl Reader) -> Result<Option<Vec<String>>, ReadError> {
        load(reader, &self.named_key())
    }
}

#[cfg(test)]
mod tests {
    use freehold_protocol::id::{MessageId, RelationshipId};
    use freehold_protocol::identity::SigningKey;
    use freehold_protocol::message::MessageType;
    use freehold_store::{HomeKey, Options, Store};

    use super::*;

    fn filed(seq: u64, bytes: u64) -> Filed {
        let message = Message {
            seq,
            id: MessageId::from_entropy([1; 16]),
            kind: MessageType::parse("note/1/note").unwrap(),
            thread: None,
            at: Timestamp::default(),
            to: SigningKey::from_seed(&[1; 32]).public().did(),
            body: vec![0; usize::try_from(bytes).unwrap()],
            crit: Vec::new(),
        };
        Filed { message, at: Timestamp::default() }
    }

    /// To the byte, however few they are; forgetting makes room.
    #[test]
    fn what_is_filed_has_so_many_bytes_at_most() {
        const COUNT: u64 = 128;
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &HomeKey::new([7; 32]), Options::default()).unwrap();
        let mailbox = Mailbox::new(&RelationshipId::from_entropy([2; 16]));
        let taken = store.write_blocking(move |txn| {
            let mut taken = Vec::new();
            for seq in 1..=COUNT {
                taken.push(mailbox.file(txn, &filed(seq, KEPT_BYTES_MAX / COUNT))?);
            }
            let one_more = mailbox.file(txn, &filed(COUNT + 1, 1))?;
            mailbox.forget_filed(txn)?;
            Ok::<_, ReadError>((taken, one_more, mailbox.file(txn, &filed(COUNT + 1, 1))?))
        });
        assert_eq!(taken.unwrap().into_inner(), (vec![true; COUNT as usize], false, true));
    }
}
