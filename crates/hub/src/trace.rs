//! One trace for one message, from the person's node over the hub to the vendor's systems (W3C Trace Context).
//!
//! The trace is the message's own id: 16 random bytes that both sides know already, new with each message, and of one relationship alone.
//! So nothing is added to what crosses between persons and vendors, and two vendors have nothing in common. What the hub does of its
//! own accord begins a trace of its own.

use std::fmt;

use freehold_protocol::id::MessageId;
use sha2::{Digest as _, Sha256};

/// What a hash for a trace or a span begins with.
const CONTEXT: &[u8] = b"freehold/1/trace\0";

/// The trace of an event, and the event's place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trace {
    id: [u8; 16],
    /// The parent of whatever is done with the event: the same each time it is delivered.
    parent: [u8; 8],
}

impl Trace {
    /// Of the event with this id, which a message has brought about, or nobody's.
    pub(crate) fn new(event: &str, cause: Option<&MessageId>) -> Self {
        let hash = Sha256::new().chain_update(CONTEXT).chain_update(event).finalize();
        let (own, rest) = hash.split_first_chunk().unwrap_or((&[0; 16], &[]));
        Self {
            id: cause.map_or(*own, |message| *message.as_bytes()),
            parent: rest.first_chunk().copied().unwrap_or_default(),
        }
    }

    /// `traceparent`: version 00; sampled, since the log has it.
    pub(crate) fn parent(&self) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        format!("00-{}-{}-01", hex(&self.id), hex(&self.parent))
    }
}

/// The trace's id in hex, as a log has it.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_is_the_messages_id_and_the_span_the_events() {
        let message = MessageId::from_entropy([0xab; 16]);
        let [one, two] = ["u-5", "u-5-erase"].map(|id| Trace::new(id, Some(&message)));
        assert_eq!(one.to_string(), "ab".repeat(16));
        assert_eq!(one.to_string(), two.to_string());
        assert!(one.parent() != two.parent(), "two events of one message");
        assert_eq!(one.parent(), Trace::new("u-5", Some(&message)).parent(), "each time the same");
        assert!(one.parent().starts_with(&format!("00-{}-", "ab".repeat(16))) && one.parent().len() == 55);
    }

    #[test]
    fn what_no_message_has_brought_about_begins_a_trace_of_its_own() {
        let [one, two] = ["u-expired-1", "u-expired-2"].map(|id| Trace::new(id, None).to_string());
        assert!(one != two && one.len() == 32 && one != "0".repeat(32));
    }
}
