//! The right to do what only one replica may do at a time: to feed a sink, to sweep.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use freehold_store::database::Claim;

use crate::stop::Stopping;

/// How often it is looked whether a right was gained.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What the sweeps are named among the rights; a sink has its own name.
pub(crate) const SWEEP: &str = "sweep";

/// One such right.
pub(crate) enum Lease {
    /// Of a hub that is one process.
    Own,
    /// Of a replica; `None` once it was given back.
    Claimed(Mutex<Option<Box<dyn Claim>>>),
}

impl Lease {
    pub(crate) fn claimed(claim: Box<dyn Claim>) -> Self {
        Self::Claimed(Mutex::new(Some(claim)))
    }

    /// Whether this process has the right, and no other can have it yet.
    pub(crate) fn is_held(&self) -> bool {
        match self {
            Self::Own => true,
            Self::Claimed(claim) => claim
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .as_ref()
                .is_some_and(|claim| claim.is_held()),
        }
    }

    /// Waits until it has. Gives false when the order to stop comes first.
    pub(crate) async fn gained(&self, stop: &Stopping) -> bool {
        while !self.is_held() {
            tokio::select! {
                biased;
                () = stop.given() => return false,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        !stop.is_given()
    }

    /// Lets another replica have it. What was done under it has to have ended.
    pub(crate) fn give_back(&self) {
        if let Self::Claimed(claim) = self {
            claim.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}
