//! Faults that are planted on purpose, so that the simulator, and who tries orders of steps, can show that they would find
//! them.
//!
//! Without the feature `planted-bugs` no fault can be on: [`is_on`] is constantly false, and what stands behind it is not
//! compiled into anything.

/// A planted fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bug {
    /// A write is acknowledged though the disk was not told to make it durable.
    SyncSkipped,
    /// A message is acknowledged to the peer before it is committed.
    AckBeforeCommit,
    /// A session begins with the cursors of an empty mailbox.
    CursorForgotten,
    /// An update is sent though what is written before it never was.
    WriteSkippedBeforeSend,
    /// A live read is answered without an audit entry.
    ReadNotAudited,
    /// Live reads are answered under a grant that was revoked.
    ServedAfterRevoke,
    /// What was revoked goes on being released.
    ReleasedAfterRevoke,
    /// Every edit moves the sequence of every vendor that has a grant.
    HiddenEditLeaked,
    /// All that was asked for is granted, whatever was chosen.
    SubsetIgnored,
    /// An update that is made again carries the old values and counts as the newest.
    StaleComposedAgain,
    /// The hub judges the end of a grant by the date in the peer's message.
    ExpiryByPeerDate,
    /// The hub answers a revocation and keeps the values.
    ValuesKeptAfterRevoke,
    /// The hub answers a revocation before the vendor's systems have taken it.
    ErasureAnsweredEarly,
    /// One key serves every relationship of a person.
    KeyShared,
    /// A relationship is woken for a change before the change is noted for it.
    RungBeforeNoted,
    /// A stop of the engine does not wait until its sessions have ended.
    StopUnwaited,
}

/// Every planted fault that the simulator has to find.
pub const BUGS: [Bug; 14] = [
    Bug::SyncSkipped,
    Bug::AckBeforeCommit,
    Bug::CursorForgotten,
    Bug::WriteSkippedBeforeSend,
    Bug::ReadNotAudited,
    Bug::ServedAfterRevoke,
    Bug::ReleasedAfterRevoke,
    Bug::HiddenEditLeaked,
    Bug::SubsetIgnored,
    Bug::StaleComposedAgain,
    Bug::ExpiryByPeerDate,
    Bug::ValuesKeptAfterRevoke,
    Bug::ErasureAnsweredEarly,
    Bug::KeyShared,
];

/// Those that show in some orders of threads' steps alone.
pub const SCHEDULE_BUGS: [Bug; 2] = [Bug::RungBeforeNoted, Bug::StopUnwaited];

#[cfg(feature = "planted-bugs")]
mod switch {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static ON: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Turns one fault on for this thread, or all of them off.
    pub fn turn_on(bug: Option<Bug>) {
        ON.set(bug);
    }

    /// Whether a fault is on.
    #[must_use]
    pub fn is_on(bug: Bug) -> bool {
        ON.get() == Some(bug)
    }
}

#[cfg(feature = "planted-bugs")]
pub use switch::{is_on, turn_on};

/// Whether a fault is on: never.
#[cfg(not(feature = "planted-bugs"))]
#[inline(always)]
#[must_use]
pub const fn is_on(_: Bug) -> bool {
    false
}
