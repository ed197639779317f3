//! The order to stop, which every task of the hub waits for.
//!
//! A `watch` channel would do, and wakes those who wait in an order that it draws by lot; here it is the order in which
//! they came, so that a run can be repeated.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

#[derive(Debug, Default)]
struct Order {
    given: AtomicBool,
    notify: Notify,
}

/// Gives the order, at the latest when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Stop(Arc<Order>);

/// Waits for it.
#[derive(Debug, Clone)]
pub(crate) struct Stopping(Arc<Order>);

impl Stop {
    /// One more to wait.
    pub(crate) fn listen(&self) -> Stopping {
        Stopping(Arc::clone(&self.0))
    }

    pub(crate) fn give(&self) {
        self.0.given.store(true, Ordering::Release);
        self.0.notify.notify_waiters();
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.give();
    }
}

impl Stopping {
    /// Whether the order was given.
    pub(crate) fn is_given(&self) -> bool {
        self.0.given.load(Ordering::Acquire)
    }

    /// Resolves when it is. Cancel-safe.
    pub(crate) async fn given(&self) {
        let notified = self.0.notify.notified();
        tokio::pin!(notified);
        // Listen first: an order given in between is then heard twice rather than not at all.
        notified.as_mut().enable();
        if !self.is_given() {
            notified.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everyone_who_waits_and_everyone_who_comes_later_hears_it() {
        let stop = Stop::default();
        let early = stop.listen();
        let waiting = tokio::spawn(async move { early.given().await });
        tokio::task::yield_now().await;
        let late = stop.listen();
        assert!(!late.is_given());
        drop(stop);
        late.given().await;
        waiting.await.unwrap();
    }
}
