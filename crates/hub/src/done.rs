//! What the hub has done with events, for whoever exports traces.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::hub::Hub;
use crate::log::Record;
use crate::shared::Shared;

/// Something that the hub has done with an event. It has words of the program's own and numbers, and no place for a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// What: `take in` or `deliver`.
    pub name: &'static str,
    /// The event's trace and span (W3C Trace Context).
    pub traceparent: String,
    /// When it began.
    pub began: SystemTime,
    /// How long it took, until it was on disk.
    pub took: Duration,
    /// The event's type.
    pub kind: &'static str,
    /// Its number in the log.
    pub event: u64,
    /// To which sink it was delivered.
    pub sink: Option<&'static str>,
    /// Whether the sink did not take it.
    pub failed: bool,
}

/// Who hears of it.
pub(crate) type Observer = OnceLock<Box<dyn Fn(&Done) + Send + Sync>>;

/// When something began; nothing where nobody listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Began(Option<(SystemTime, Instant)>);

impl Hub {
    /// Says who hears of everything that is done with an event. Only the first call counts.
    pub fn observe(&self, observer: impl Fn(&Done) + Send + Sync + 'static) {
        let _ = self.inner.shared.observer.set(Box::new(observer));
    }
}

impl Shared {
    /// Something begins.
    pub(crate) fn begin(&self) -> Began {
        let at = || (UNIX_EPOCH + Duration::from_millis(self.now().millis()), Instant::now());
        Began(self.observer.get().map(|_| at()))
    }

    /// It is done.
    pub(crate) fn done(
        &self,
        record: &Record,
        name: &'static str,
        began: Began,
        sink: Option<&'static str>,
        failed: bool,
    ) {
        let (Some(observer), Some((began, since))) = (self.observer.get(), began.0) else { return };
        observer(&Done {
            name,
            traceparent: record.trace().parent(),
            began,
            took: since.elapsed(),
            kind: crate::log::word(&record.kind),
            event: record.n,
            sink,
            failed,
        });
    }
}
