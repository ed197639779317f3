//! Backups that are made by themselves.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use freehold_backup::Last;
use freehold_protocol::time::Timestamp;
use freehold_vault::settings;
use tokio::sync::{Notify, watch};

use crate::bell::lock;
use crate::error::PersonError;
use crate::happening::What;
use crate::person::{Inner, Person};
use crate::sync::Mutex;
use crate::view::LastBackupView;

/// How long after a failure it is tried again: a disk that was not there may be.
const RETRY: Duration = Duration::from_secs(15 * 60);

/// Longest wait before the clock is looked at again: it may have been put forward, or the machine may have slept.
const LOOK: Duration = Duration::from_secs(10 * 60);

/// What the task of the schedule and others know of each other.
#[derive(Debug)]
pub(crate) struct Schedule {
    changed: Arc<Notify>,
    stop: watch::Sender<bool>,
    /// Why the last backup on the schedule failed, and when.
    error: Mutex<Option<(Timestamp, String)>>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { changed: Arc::default(), stop: watch::channel(false).0, error: Mutex::default() }
    }
}

impl Schedule {
    /// The settings are others now: what failed is tried again at once.
    pub(crate) fn changed(&self) {
        self.made();
        self.changed.notify_one();
    }

    /// A backup was made.
    pub(crate) fn made(&self) {
        *lock(&self.error) = None;
    }

    pub(crate) fn error(&self) -> Option<(Timestamp, String)> {
        lock(&self.error).clone()
    }

    /// Ends the task, and waits for a backup under way.
    pub(crate) async fn stop(&self) {
        self.stop.send_replace(true);
        self.stop.closed().await;
    }
}

/// Starts the task that makes backups when they are due.
pub(crate) fn start(inner: &Arc<Inner>) {
    let Schedule { changed, stop, .. } = &inner.schedule;
    tokio::spawn(run(Arc::downgrade(inner), changed.clone(), stop.subscribe()));
}

/// Holds the engine weakly, so that its end ends the task.
async fn run(inner: Weak<Inner>, changed: Arc<Notify>, mut stopping: watch::Receiver<bool>) {
    loop {
        let Some(strong) = inner.upgrade() else { return };
        let wait = match due_in(&strong) {
            Ok(Some(Duration::ZERO)) => {
                back_up(strong).await;
                continue;
            }
            Ok(wait) => wait.map(|wait| wait.min(LOOK)),
            Err(error) => {
                tracing::error!(%error, "it cannot be told when a backup is due");
                Some(RETRY)
            }
        };
        drop(strong);
        tokio::select! {
            biased;
            // An error means that the engine is gone, which asks for the same.
            () = async { drop(stopping.wait_for(|stop| *stop).await) } => return,
            () = changed.notified() => {}
            () = tokio::time::sleep(wait.unwrap_or(LOOK)), if wait.is_some() => {}
        }
    }
}

/// How long it is until the next backup is due; `None` when none is wanted.
fn due_in(inner: &Inner) -> Result<Option<Duration>, PersonError> {
    if *inner.schedule.stop.borrow() {
        return Ok(None);
    }
    let Some(wanted) = settings::get(&inner.store)?.backup else { return Ok(None) };
    let now = inner.now();
    let in_dir = last(inner).filter(|last| last.dir == Path::new(&wanted.dir));
    let every = u64::from(wanted.every_hours) * 60 * 60 * 1000;
    let next = in_dir.map_or(0, |last| last.at.millis().saturating_add(every));
    let retry = RETRY.as_millis().try_into().unwrap_or(u64::MAX);
    let tried = inner.schedule.error().map_or(0, |(at, _)| at.millis().saturating_add(retry));
    let at = next.max(tried);
    // A clock that was put back does not put the next backup off beyond its interval.
    Ok(Some(Duration::from_millis(at.saturating_sub(now.millis()).min(every))))
}

async fn back_up(inner: Arc<Inner>) {
    let person = Person { inner };
    let wanted = settings::get(&person.inner.store).map_err(PersonError::from);
    let made = match wanted.map(|settings| settings.backup) {
        Ok(Some(wanted)) => person.back_up(Path::new(&wanted.dir), &wanted.recipients, false).await.map(drop),
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = made {
        tracing::error!(%error, "a backup on the schedule was not made");
        *lock(&person.inner.schedule.error) = Some((person.inner.now(), error.to_string()));
        person.inner.bells.teller.tell(&[What::Settings], None);
    }
}

/// The last backup, as the home remembers it.
pub(crate) fn last(inner: &Inner) -> Option<Last> {
    freehold_backup::last(&inner.home, &inner.seed)
}

impl Person {
    /// The last backup that was made, or was not needed because nothing had changed; `None` when this home knows of none.
    #[must_use]
    pub fn last_backup(&self) -> Option<LastBackupView> {
        let view = |last: Last| LastBackupView {
            at: last.at.rfc3339(),
            dir: last.dir.display().to_string(),
            chain: last.chain.to_string(),
            number: last.number,
        };
        last(&self.inner).map(view)
    }
}
