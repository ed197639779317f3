//! Which session of a relationship may write, where several processes have the store.
//!
//! A session takes the fence when it begins, and looks at it in each of its transactions. Since transactions have one order, one
//! that finds its fence has everything that earlier sessions wrote, and nothing of theirs comes after it.

use freehold_store::{Key, ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};

use crate::Mailbox;
use crate::record::{load, save};

/// A process, by a name that no other and no later one has.
pub type Holder = [u8; 16];

/// The right of one session to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence(u64);

/// As it is stored.
#[derive(Default, Serialize, Deserialize)]
struct Stored {
    /// How often it was taken.
    taken: u64,
    /// By whom last, unless that session has ended in good order.
    holder: Option<Holder>,
}

impl Mailbox {
    fn fence_key(&self) -> Key {
        self.key(b"e")
    }

    /// Takes the fence for a session of this process: no earlier session writes any more.
    ///
    /// # Errors
    /// The store's.
    pub fn take_fence(&self, txn: &mut Txn, holder: Holder) -> Result<Fence, ReadError> {
        let before: Stored = load(txn, &self.fence_key())?.unwrap_or_default();
        let taken = before.taken + 1;
        save(txn, self.fence_key(), &Stored { taken, holder: Some(holder) });
        txn.ring(self.bell());
        Ok(Fence(taken))
    }

    /// Whether the session may still write.
    ///
    /// # Errors
    /// The store's.
    pub fn holds_fence(&self, reader: &impl Reader, fence: Fence) -> Result<bool, ReadError> {
        Ok(load::<Stored>(reader, &self.fence_key())?.is_some_and(|stored| stored.taken == fence.0))
    }

    /// The session has ended: unless a later one has begun, there is none.
    ///
    /// # Errors
    /// The store's.
    pub fn leave_fence(&self, txn: &mut Txn, fence: Fence) -> Result<(), ReadError> {
        if self.holds_fence(txn, fence)? {
            save(txn, self.fence_key(), &Stored { taken: fence.0, holder: None });
        }
        Ok(())
    }

    /// The process whose session was the last to begin, unless that is known to have ended.
    ///
    /// # Errors
    /// The store's.
    pub fn holder(&self, reader: &impl Reader) -> Result<Option<Holder>, ReadError> {
        Ok(load::<Stored>(reader, &self.fence_key())?.and_then(|stored| stored.holder))
    }
}
