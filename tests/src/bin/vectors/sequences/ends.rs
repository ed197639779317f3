//! The two ends: their names, their disks, and what they know besides messages.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::vector::hex;

/// Which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Person,
    Hub,
}

use Side::{Hub, Person};

impl Side {
    pub(super) const BOTH: [Self; 2] = [Person, Hub];

    pub(super) fn name(self) -> &'static str {
        match self {
            Person => "person",
            Hub => "hub",
        }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Person => Hub,
            Hub => Person,
        }
    }
}

/// What an end has on its disk: the mailbox it fills, and where both mailboxes stand.
#[derive(Default)]
pub(super) struct Disk {
    pub(super) outgoing: BTreeMap<u64, Value>,
    pub(super) queued: u64,
    pub(super) delivered: u64,
    pub(super) stored: u64,
}

/// The documents a receiver compares what arrives with, and the versions that the vault holds.
#[derive(Default)]
pub(super) struct Agreement {
    pub(super) request: String,
    pub(super) offered: String,
    pub(super) versions: Value,
}

/// The id of a side's message.
pub(super) fn id(side: Side, seq: u64) -> String {
    let mut id = [if side == Person { 0xa0 } else { 0xb0 }; 16];
    id[15] = seq as u8;
    hex(&id)
}
