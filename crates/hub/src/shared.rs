//! What every part of a running hub shares.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};

use freehold_link::Clock;
use freehold_protocol::document::DataRequest;
use freehold_protocol::id::{RelationshipId, RequestId};
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Store};
use tokio::sync::watch;

use crate::ask::{self, Ask, NoSuchAsk};
use crate::done::Observer;
use crate::grants::Grants;
use crate::keys::{Identity, Keys};
use crate::log::Record;
use crate::metrics::Metrics;
use crate::replica::Replica;
use crate::session::Sessions;
use crate::sinks::Sinks;

/// The parts of a hub that outlive any session.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) name: String,
    pub(crate) keys: Keys,
    pub(crate) clock: Clock,
    sinks: RwLock<Arc<Sinks>>,
    pub(crate) asks: RwLock<Vec<Arc<Ask>>>,
    pub(crate) sessions: Sessions,
    /// The number of the last event on disk.
    pub(crate) last_event: watch::Sender<u64>,
    /// Figures for monitoring.
    pub(crate) metrics: Metrics,
    /// Who hears of what is done with events.
    pub(crate) observer: Observer,
    /// This process among several, if there are several.
    pub(crate) replica: Option<Replica>,
    /// Whether no new session is taken.
    pub(crate) draining: AtomicBool,
    /// Receipts of grants that are in use.
    pub(crate) grants: Grants,
}

impl Shared {
    pub(crate) fn new(
        store: Store,
        name: String,
        keys: Keys,
        clock: Clock,
        sinks: Sinks,
        asks: Vec<Arc<Ask>>,
        last_event: u64,
    ) -> Self {
        Self {
            store,
            name,
            keys,
            clock,
            sinks: RwLock::new(Arc::new(sinks)),
            asks: RwLock::new(asks),
            sessions: Sessions::default(),
            last_event: watch::Sender::new(last_event),
            metrics: Metrics::new(),
            observer: Observer::new(),
            replica: None,
            draining: AtomicBool::new(false),
            grants: Grants::default(),
        }
    }

    /// The sinks as they are now.
    pub(crate) fn sinks(&self) -> Arc<Sinks> {
        Arc::clone(&self.sinks.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts others in their place.
    pub(crate) fn exchange_sinks(&self, sinks: Sinks) {
        let mut present = self.sinks.write().unwrap_or_else(PoisonError::into_inner);
        *present = Arc::new(sinks.after(&present));
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// A data request of this hub, as it asks under this key.
    pub(crate) fn request(&self, id: &RequestId, by: &Identity) -> Option<DataRequest> {
        let find = |asks: &[Arc<Ask>]| asks.iter().find(|ask| ask.request.id() == id).cloned();
        let known = find(&self.asks.read().unwrap_or_else(PoisonError::into_inner));
        // Another replica may have made it.
        known.or_else(|| find(&self.asks()))?.by(by)
    }

    /// The data requests that were made, by whichever replica, oldest first.
    pub(crate) fn asks(&self) -> Vec<Arc<Ask>> {
        if self.replica.is_some()
            && let Err(error) = self.read_asks()
        {
            tracing::error!(%error, "the data requests cannot be read");
        }
        self.asks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads those that other replicas have made since.
    fn read_asks(&self) -> Result<(), ReadError> {
        let known = self.asks.read().unwrap_or_else(PoisonError::into_inner).len();
        let newer = ask::stored_after(&self.store, known as u64)?;
        let mut asks = self.asks.write().unwrap_or_else(PoisonError::into_inner);
        for ask in newer {
            if asks.iter().all(|known| known.request.id() != ask.request.id()) {
                asks.push(ask);
            }
        }
        Ok(())
    }

    /// The data request that somebody means: by its id or the beginning of it, or the newest.
    pub(crate) fn ask(&self, meant: Option<&str>) -> Result<Arc<Ask>, NoSuchAsk> {
        let asks = self.asks();
        let found = match meant {
            None => asks.last(),
            Some(text) => asks.iter().rev().find(|ask| ask.request.id().is_meant_by(text)),
        };
        found
            .cloned()
            .ok_or_else(|| meant.map_or(NoSuchAsk::None, |text| NoSuchAsk::Unknown(text.to_owned())))
    }

    /// Events up to `n` are on disk.
    pub(crate) fn announce(&self, n: u64) {
        self.last_event.send_if_modified(|last| {
            let newer = n > *last;
            *last = n.max(*last);
            newer
        });
    }

    /// An event of this kind is on disk.
    pub(crate) fn stored(&self, n: u64, kind: &str) {
        self.metrics.stored(kind);
        self.announce(n);
    }

    /// A sink has taken an event.
    pub(crate) fn delivered(&self, record: &Record, sink: &'static str) {
        tracing::info!(trace = %record.trace(), id = record.id, event = record.n, sink, "delivered");
        self.metrics.delivered(sink, record.at, self.now());
    }

    /// Something was queued for a person.
    pub(crate) fn wake(&self, relationship: &RelationshipId) {
        self.sessions.wake(relationship);
    }
}
