//! Locks: the machine's, or shuttle's, which tries the orders of their steps.

#[cfg(feature = "simulation")]
pub(crate) use self::chosen::MutexGuard;
pub(crate) use self::chosen::{Mutex, RwLock};

#[cfg(not(feature = "schedules"))]
use std::sync as chosen;

#[cfg(feature = "schedules")]
use shuttle::sync as chosen;
