//! Durable mailboxes on the store: the two queues of a relationship and what a family's handler works on.
//!
//! Both roles keep their mailboxes the same way, so this is written once. What it leaves out: the wire
//! (`freehold-link`) and what a role records of a relationship (`freehold-vault`, `freehold-hub`).
//!
//! Reading order: [`record`] (typed records), [`Mailbox`] (the queues of one relationship), [`Desk`] (what a handler
//! gets), [`take`] (one message in, committed with the cursor), [`Draft`] (one message out, written by hand).
//!
//! Keys begin with `M` and the relationship; the roles use every other tag.
//!
//! | then | record |
//! |---|---|
//! | `c`, `o` | cursors; entries by sequence |
//! | `k`, `t` | messages that could not be used, by sequence; how much that is |
//! | `f`, `u` | messages that their family filed, by sequence; how much that is |
//! | `n` | the families that the peer named last |
//! | `d` | what a family keeps for itself, by its hidden name |
//! | `e` | which process's session may write, where several have the store |

mod desk;
mod draft;
mod fence;
mod filed;
mod queue;
pub mod record;

pub use desk::{AfterCommit, Desk, Linked, TakeError, compose, delivered, take};
pub use draft::{Draft, DraftError, SentView, WAITING_MAX};
pub use fence::{Fence, Holder};
pub use filed::{Filed, MessageView};
pub use queue::{KEPT_BYTES_MAX, KEPT_MAX, Kept, KeptView, Mailbox};

/// 16 random bytes, see [`freehold_store::entropy`].
///
/// # Panics
/// When the operating system has no randomness to give; nothing can go on safely then.
#[must_use]
pub fn entropy() -> [u8; 16] {
    let mut bytes = [0; 16];
    freehold_store::entropy::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}
