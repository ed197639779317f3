//! What a replica hears of the others, and what follows from it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use freehold_store::database::{Bell, Heard};
use tokio::sync::Notify;

use crate::shared::Shared;
use crate::stop::Stopping;
use crate::tables::Counters;

/// Rung when an event is in the log. No UUID is like it.
pub(crate) const EVENTS: Bell = [0; 16];

/// Rung when dead letters are due again. No UUID is like it.
pub(crate) const REVIVED: Bell = [1; 16];

/// Most bells that wait; beyond them it is as if all were rung.
const WAITING_MAX: usize = 10_000;

/// What was heard and not yet followed.
#[derive(Default)]
pub(crate) struct Hearing {
    waiting: Mutex<Waiting>,
    heard: Notify,
}

#[derive(Default)]
struct Waiting {
    bells: BTreeSet<Bell>,
    everything: bool,
}

impl Hearing {
    /// Takes note; never waits.
    pub(crate) fn hear(&self, heard: Heard) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match heard {
            Heard::Everything => waiting.everything = true,
            Heard::Bells(bells) => waiting.bells.extend(bells),
        }
        if waiting.bells.len() > WAITING_MAX {
            *waiting = Waiting { everything: true, ..Waiting::default() };
        }
        drop(waiting);
        self.heard.notify_one();
    }

    /// Does what follows, until the hub stops.
    pub(crate) async fn follow(self: Arc<Self>, shared: Arc<Shared>, stop: Stopping) {
        loop {
            tokio::select! {
                biased;
                () = stop.given() => return,
                () = self.heard.notified() => {}
            }
            let Waiting { bells, everything } =
                std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            if everything || bells.contains(&EVENTS) {
                match Counters::load(&shared.store) {
                    Ok(counters) => shared.announce(counters.events),
                    Err(error) => tracing::warn!(%error, "the number of the last event cannot be read"),
                }
            }
            if everything || bells.contains(&REVIVED) {
                shared.sinks().receivers.values().for_each(|waiting| waiting.revived.notify_one());
            }
            if everything {
                shared.sessions.ring_all();
            } else {
                bells.iter().for_each(|bell| shared.sessions.ring(bell));
            }
        }
    }
}
