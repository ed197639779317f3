//! Processes that share a database.

use crate::database::DatabaseError;

/// What may be rung for the other processes; it means what the caller wants.
pub type Bell = [u8; 16];

/// What a process hears of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// These bells were rung, in batches that are committed.
    Bells(Vec<Bell>),
    /// Any may have been: for a while nothing could be heard.
    Everything,
}

/// Who hears it. It is called on a thread of the database's, and must not wait.
pub type Hear = Box<dyn Fn(Heard) + Send + Sync>;

/// What processes that share a database know of each other.
pub trait Others: Send + Sync {
    /// Competes for a name, until what it gives is dropped: of all processes at most one holds it.
    fn claim(&self, name: &str) -> Box<dyn Claim>;

    /// Which of these names some process holds now.
    ///
    /// # Errors
    /// [`DatabaseError`].
    fn claimed(&self, names: &[String]) -> Result<Vec<bool>, DatabaseError>;

    /// Says who hears the others. Only the first call counts.
    fn listen(&self, hear: Hear);
}

/// A name that this process competes for.
pub trait Claim: Send + Sync {
    /// Whether it holds the name now, as far as that can be known without asking: it says no for a while before any other
    /// process can hold it.
    fn is_held(&self) -> bool;
}
