//! The end of a hub in good order while persons are connected: it takes no new session, and lets the open ones go a few at a time.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use freehold_protocol::code::Code;
use tokio::time::Instant;

use crate::hub::Hub;
use crate::view::DrainView;

/// Sessions that are let go in a step, and how long a step is: so many a second dial the other replicas, which begin some hundreds
/// of sessions a second beside their work.
const STEP_SESSIONS: usize = 50;
const STEP: Duration = Duration::from_millis(100);

/// How long the last sessions may take to end. A person's node that does not hang up is left.
const LAST: Duration = Duration::from_secs(15);

impl Hub {
    /// Takes no new session and is not ready any more, delivers what is under way and lets the other replicas deliver the rest,
    /// and says goodbye to every person, some at a time. When this returns the hub has nobody left, and is to be stopped; whoever
    /// waits for [`Hub::drained`] hears of it.
    pub async fn drain(&self) -> DrainView {
        let shared = &self.inner.shared;
        if !shared.draining.swap(true, Ordering::AcqRel) {
            tracing::info!(sessions = shared.sessions.count(), "draining");
        }
        {
            // Sinks that are being exchanged would begin after the others have ended.
            let _settings = self.inner.reloading.lock().await;
            tokio::join!(self.inner.deliveries.end(), self.inner.running.end(|_| true, DELIVERY));
        }
        if let Some(replica) = &shared.replica {
            replica.give_back();
        }
        let mut let_go = 0;
        let mut last = Instant::now() + LAST;
        loop {
            let closed = shared.sessions.close_some(STEP_SESSIONS, Code::ShuttingDown);
            let_go += closed;
            if closed > 0 {
                last = Instant::now() + LAST;
            }
            if shared.sessions.is_empty() || Instant::now() > last {
                break;
            }
            tokio::time::sleep(STEP).await;
        }
        let left = shared.sessions.count();
        tracing::info!(let_go, left, "drained");
        self.inner.drained.send_replace(true);
        DrainView { sessions: let_go, left }
    }

    /// Resolves when the hub was drained.
    pub async fn drained(&self) {
        let mut drained = self.inner.drained.subscribe();
        if drained.wait_for(|drained| *drained).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The tasks that deliver, and how they end.
#[derive(Default)]
pub(crate) struct Deliveries {
    pub(crate) stop: crate::stop::Stop,
    tasks: std::sync::Mutex<Vec<tokio::task::JoinHandle<()>>>,
}

/// How long a delivery that is under way may take.
const DELIVERY: Duration = Duration::from_secs(5);

impl Deliveries {
    pub(crate) fn add(&self, task: tokio::task::JoinHandle<()>) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(task);
    }

    /// Ends them: what is under way is finished, or broken off after a while.
    pub(crate) async fn end(&self) {
        self.stop.give();
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let deadline = Instant::now() + DELIVERY;
        for mut task in tasks {
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                task.abort();
                let _ = task.await;
            }
        }
    }
}
