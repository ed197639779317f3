//! Faults that are planted on purpose, so that who tries orders of steps can show that they would be found.
//!
//! Without the feature `schedules` none can be on: [`is_on`] is constantly false.

/// A planted fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Whether a connection was ended is asked before a stream's step, and may change during it.
    StepUnguarded,
    /// A sender that finishes does not wait until everything is written.
    FinishUnwaited,
}

#[cfg(feature = "schedules")]
mod switch {
    use std::cell::Cell;

    use super::Fault;

    thread_local! {
        static ON: Cell<Option<Fault>> = const { Cell::new(None) };
    }

    /// Turns one fault on for this thread, or all of them off.
    pub fn turn_on(fault: Option<Fault>) {
        ON.set(fault);
    }

    /// Whether a fault is on.
    #[must_use]
    pub fn is_on(fault: Fault) -> bool {
        ON.get() == Some(fault)
    }
}

#[cfg(feature = "schedules")]
pub use switch::{is_on, turn_on};

/// Whether a fault is on: never.
#[cfg(not(feature = "schedules"))]
#[inline(always)]
#[must_use]
pub const fn is_on(_: Fault) -> bool {
    false
}
