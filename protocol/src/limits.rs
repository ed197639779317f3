//! The limits table: every bound a peer can meet, in one place. Spec: `specs/numbers.md`, "Limits".

use std::time::Duration;

/// Largest frame on a session or read stream, in bytes: holds the largest document with room to spare.
pub const FRAME_BYTES_MAX: usize = 256 * 1024;

/// Largest message body, in bytes: a message that is kept fits one record of a store (64 KiB).
pub const BODY_BYTES_MAX: usize = 60 * 1024;

/// Largest signed document that travels, in bytes: it fits a body, and a countersignature is added.
pub const SIGNED_BYTES_MAX: usize = 58 * 1024;

/// Largest document with a countersignature, in bytes: with its envelope it fills a body.
pub const COUNTERSIGNED_BYTES_MAX: usize = 61_400;

/// How far ahead of the reader's clock a document may begin: what the verifiers of others allow.
pub const CLOCK_SKEW_MAX: Duration = Duration::from_secs(300);

/// The most by which the dates of one relationship lie behind the clock that made them. Many times what a clock is off
/// that is kept by hand, so that two relationships cannot be matched by it.
pub const DATE_LAG_MAX: Duration = Duration::from_secs(1_800);

/// Bytes of paths and values after which an update is full; what is left goes with the next one.
pub const UPDATE_BYTES_MAX: usize = 48 * 1024;

/// Largest JSON text that is parsed, in bytes: twice what a DID document may have.
pub const DOCUMENT_BYTES_MAX: usize = 128 * 1024;

/// Deepest nesting of arrays and maps in any JSON or CBOR: our documents need 6.
pub const NESTING_MAX: usize = 16;

/// Most paths in one request, grant or update.
pub const PATHS_MAX: usize = 1_000;

/// Longest field value, in bytes: a postal line or a note, not a file.
pub const VALUE_BYTES_MAX: usize = 4 * 1024;

/// Most messages of one direction that may be under way unacknowledged.
pub const WINDOW: u64 = 32;

/// Most messages by which a mailbox may have gone on since the backup from which the other side was restored.
pub const REALIGN_MAX: u64 = 1_024 * 1_024 * 1_024 * 1_024;

/// Most families named in a hello.
pub const FAMILIES_MAX: usize = 64;

/// Longest message type, such as `data/1/update`, in bytes.
pub const TYPE_BYTES_MAX: usize = 64;

/// Longest free text in a message or document (a reason, a name, a detail), in bytes.
pub const TEXT_BYTES_MAX: usize = 1_024;

/// Most addresses in an invitation, and in a vendor's rotation.
pub const ADDRESSES_MAX: usize = 8;

/// Longest address in a vendor's rotation, in bytes: a name of 253 and its ports.
pub const ADDRESS_BYTES_MAX: usize = 320;

/// Longest invitation link, in characters: still a QR code that a phone reads.
pub const LINK_CHARS_MAX: usize = 1_200;

/// How long a peer may take to say hello.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a sent message may stay unacknowledged before the session is given up and dialled again: an answer
/// takes a round trip and an fsync, and a peer that lost its power says nothing.
pub const ACK_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a live read may take from request to answer.
pub const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// First wait before dialling again; doubled per failure, with full jitter.
pub const REDIAL_FIRST: Duration = Duration::from_millis(250);

/// Longest wait before dialling again.
pub const REDIAL_MAX: Duration = Duration::from_secs(300);

/// Longest wait that a node grants a hub which says that it has too much to do.
pub const BUSY_MAX: Duration = Duration::from_secs(3_600);
