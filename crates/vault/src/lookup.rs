//! Finding one thing by what a person typed of its id.

use freehold_store::ReadError;

/// Why what a person typed names nothing. `what` is a noun: `grant`, `request`.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LookupError {
    /// Nothing has such an id.
    #[error("no {what} has this id: list them and type at least its first 4 digits")]
    Unknown {
        /// What was looked for.
        what: &'static str,
    },
    /// Several ids begin so.
    #[error("{count} {what}s have an id that begins so: type more of its digits")]
    Ambiguous {
        /// What was looked for.
        what: &'static str,
        /// How many there are.
        count: usize,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// The only one that was meant.
pub(crate) fn only<T>(what: &'static str, mut meant: Vec<T>) -> Result<T, LookupError> {
    match meant.pop() {
        None => Err(LookupError::Unknown { what }),
        Some(found) if meant.is_empty() => Ok(found),
        Some(_) => Err(LookupError::Ambiguous { what, count: meant.len() + 1 }),
    }
}
