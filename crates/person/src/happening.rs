//! What has just happened, for a page that shows it without being asked again.

use freehold_protocol::id::RelationshipId;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::person::Person;

/// Happenings that a slow listener may be behind before it has missed some: a change that a hundred vendors take, twice over.
const HAPPENINGS_MAX: usize = 1024;

/// What kind of thing has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Fields were set, unset or erased.
    Fields,
    /// A data request came or was answered.
    Requests,
    /// A grant was given, narrowed or ended, or its receipt or an erasure receipt came.
    Grants,
    /// A field was sent, is on a vendor's disk, or had its outcome; or a connection began, ended or failed.
    Delivery,
    /// The audit log went on.
    Audit,
    /// A relationship began, changed or ended; or messages of one were kept or forgotten.
    Relationships,
    /// Settings, tokens or the last backup changed.
    Settings,
}

/// Something that has happened, after it was written down. It never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Happening {
    /// What kind of thing.
    pub what: What,
    /// In which relationship, where it is one's.
    pub relationship: Option<String>,
}

/// Tells happenings to whoever listens.
#[derive(Debug)]
pub(crate) struct Teller(broadcast::Sender<Happening>);

impl Default for Teller {
    fn default() -> Self {
        Self(broadcast::channel(HAPPENINGS_MAX).0)
    }
}

impl Teller {
    /// Tells of several things at once, of one relationship where it is named. With nobody listening it costs nothing.
    pub(crate) fn tell(&self, what: &[What], relationship: Option<&RelationshipId>) {
        for what in what {
            let relationship = relationship.map(ToString::to_string);
            let happening = Happening { what: *what, relationship };
            // An error means that nobody listens. shuttle has no such queue, and nothing that it tries waits for one.
            #[cfg(not(feature = "schedules"))]
            let _ = self.0.send(happening);
            #[cfg(feature = "schedules")]
            drop(happening);
        }
    }
}

impl Person {
    /// Listens to what happens from now on. Each happening is told once it is written down. A listener that is too slow is told
    /// that it lags, has missed some, and is to read everything again that it shows.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Happening> {
        self.inner.bells.teller.0.subscribe()
    }
}
