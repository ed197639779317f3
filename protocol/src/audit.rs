//! The audit log: what was asked, released and denied, chained by hash. Spec: `specs/audit.md`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::code::Code;
use crate::id::GrantId;
use crate::identity::Did;
use crate::message::MessageType;
use crate::path::Path;
use crate::time::Timestamp;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditEvent {
    /// A vendor asked for an agreement.
    Requested,
    /// The person declined it.
    Declined,
    /// The person gave a grant.
    Granted,
    /// Values left as an update.
    Released {
        /// Its sequence number.
        update: u64,
    },
    /// Values left as the answer to a live read.
    Read {
        /// The purpose that was named.
        purpose: String,
    },
    /// A live read was denied.
    Denied {
        /// The purpose that was named.
        purpose: String,
        /// Why.
        code: Code,
    },
    /// The person revoked.
    Revoked,
    /// The vendor answered with an erasure receipt.
    Erased,
    /// The person moved the relationship to its next key.
    Rotated,
    /// The vendor moved to its next key; the entry's vendor is the new DID.
    VendorRotated {
        /// The DID that ended.
        before: Did,
    },
    /// Nothing is released to the vendor any more until the person resumes: the home was restored, or is an older copy.
    HeldBack,
    /// The person resumed it.
    Resumed,
    /// The vendor's receipt brought back a grant that the restored home lacked.
    Regained,
    /// The vendor said that these paths have ended.
    Ended,
    /// The person sent a message of a further family.
    MessageSent {
        /// Its type.
        #[serde(rename = "type")]
        kind: MessageType,
        /// Its place in the person's mailbox.
        seq: u64,
    },
    /// A message of a further family came, which its family wants to have written down.
    MessageReceived {
        /// Its type.
        #[serde(rename = "type")]
        kind: MessageType,
        /// Its place in the vendor's mailbox.
        seq: u64,
    },
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number, from 1 without a gap.
    pub n: u64,
    /// The hash of the entry before; zeros for the first.
    #[serde(with = "serde_bytes")]
    pub previous: [u8; 32],
    /// When, by the node's clock.
    pub at: Timestamp,
    /// Which vendor.
    pub vendor: Did,
    /// Under which grant.
    pub grant: Option<GrantId>,
    /// Which paths; never values.
    pub paths: BTreeSet<Path>,
    /// What.
    pub event: AuditEvent,
}

/// What the caller knows of a new entry; the chain adds number and hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// When, by the node's clock.
    pub at: Timestamp,
    /// Which vendor.
    pub vendor: Did,
    /// Under which grant.
    pub grant: Option<GrantId>,
    /// Which paths.
    pub paths: BTreeSet<Path>,
    /// What.
    pub event: AuditEvent,
}

/// The end of the chain: how many entries there are and the hash of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Head {
    /// The number of entries.
    pub n: u64,
    /// The hash of the last; zeros when there is none.
    #[serde(with = "serde_bytes")]
    pub hash: [u8; 32],
}

/// Where a log is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditBroken {
    /// An entry was edited, removed, added or moved.
    #[error("the audit log is broken at entry {n}: it was edited, removed or moved")]
    At {
        /// The first entry that does not fit.
        n: u64,
    },
    /// Entries are missing at the end.
    #[error("the audit log was cut after entry {last}: {expected} entries were written")]
    Cut {
        /// The last entry there is.
        last: u64,
        /// The last there should be.
        expected: u64,
    },
}

impl Head {
    /// Appends: gives the entry's bytes and moves the head.
    #[must_use]
    pub fn append(&mut self, record: AuditRecord) -> Vec<u8> {
        let AuditRecord { at, vendor, grant, paths, event } = record;
        let entry = AuditEntry { n: self.n + 1, previous: self.hash, at, vendor, grant, paths, event };
        let bytes = crate::cbor::encode(&entry);
        *self = Self { n: entry.n, hash: hash(&bytes) };
        bytes
    }

    /// Verifies a whole log, given as its entries' bytes in order, against this head.
    ///
    /// # Errors
    /// [`AuditBroken`], naming the first entry that does not fit.
    pub fn verify<B: AsRef<[u8]>>(&self, entries: impl IntoIterator<Item = B>) -> Result<(), AuditBroken> {
        let mut at = Self::default();
        for bytes in entries {
            let broken = AuditBroken::At { n: at.n + 1 };
            let entry: AuditEntry = crate::cbor::decode(bytes.as_ref()).map_err(|_| broken)?;
            if entry.n != at.n + 1 || entry.previous != at.hash {
                return Err(broken);
            }
            at = Self { n: entry.n, hash: hash(bytes.as_ref()) };
        }
        if at.n < self.n {
            return Err(AuditBroken::Cut { last: at.n, expected: self.n });
        }
        if at == *self { Ok(()) } else { Err(AuditBroken::At { n: self.n }) }
    }
}

fn hash(entry: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"freehold/1/audit");
    hasher.update(entry);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::{paths, vendor};

    fn log(count: u64) -> (Head, Vec<Vec<u8>>) {
        let mut head = Head::default();
        let entries = (0..count)
            .map(|i| {
                head.append(AuditRecord {
                    at: Timestamp::from_millis(i),
                    vendor: vendor().public().did(),
                    grant: None,
                    paths: paths(&["phone.mobile"]),
                    event: AuditEvent::Released { update: i },
                })
            })
            .collect();
        (head, entries)
    }

    #[test]
    fn a_message_of_a_further_family_is_an_entry_of_its_own() {
        let kind = MessageType::parse("note/1/seen").unwrap();
        let event = AuditEvent::MessageSent { kind, seq: 4 };
        let bytes = crate::cbor::encode(&event);
        assert_eq!(bytes[..14], *b"\xa1\x6cmessage-sent");
        assert_eq!(crate::cbor::decode::<AuditEvent>(&bytes), Ok(event));
    }

    #[test]
    fn an_edited_removed_or_cut_log_is_found_at_its_first_broken_entry() {
        let (head, entries) = log(5);
        assert_eq!(head.verify(&entries), Ok(()));
        let mut edited = entries.clone();
        let last = edited[2].len() - 1;
        edited[2][last] ^= 1;
        assert!(matches!(head.verify(&edited), Err(AuditBroken::At { n: 3 | 4 })));
        let mut removed = entries.clone();
        removed.remove(1);
        assert_eq!(head.verify(&removed), Err(AuditBroken::At { n: 2 }));
        assert_eq!(head.verify(&entries[..3]), Err(AuditBroken::Cut { last: 3, expected: 5 }));
        let (_, other) = log(6);
        assert_eq!(head.verify(&other), Err(AuditBroken::At { n: 5 }));
    }

    /// Whoever rewrites an entry whole, with its number and the hash before it, does not fit what follows, or the head.
    #[test]
    fn a_rewritten_entry_does_not_fit_what_follows_it() {
        let (head, entries) = log(5);
        for n in 1..=5 {
            let mut entry: AuditEntry = crate::cbor::decode(&entries[n - 1]).unwrap();
            entry.paths = paths(&["email.personal"]);
            let mut rewritten = entries.clone();
            rewritten[n - 1] = crate::cbor::encode(&entry);
            let found = AuditBroken::At { n: (n as u64 + 1).min(5) };
            assert_eq!(head.verify(&rewritten), Err(found), "entry {n}");
        }
    }
}
