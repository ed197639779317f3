//! A stream: all events in their order, in batches; what is delivered is noted once it is safe there.

use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use freehold_mailbox::record::save;
use freehold_store::ReadError;

use crate::lease::Lease;
use crate::log::Record;
use crate::shared::Shared;
use crate::sinks::{Answers, PAUSE_MAX, Stream, announce_outcomes, answer, batch, pause};
use crate::stop::Stopping;
use crate::tables;

/// How often to look for events whose announcement was lost with its session.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Where a stream goes.
pub(crate) trait Outlet: Send {
    /// Which one it is.
    const STREAM: Stream;

    /// Longest wait after a failure.
    const WAIT_MAX: Duration = PAUSE_MAX;

    /// Makes it ready for what comes; called before every batch. An outlet that keeps its own place in the log, in the transaction
    /// that takes the events, gives it: what it has lost with an older state of itself comes again.
    fn ready(&mut self, shared: &Arc<Shared>) -> impl Future<Output = io::Result<Option<u64>>> + Send;

    /// Forgets what it knows of where it goes: another process may change that now.
    fn forget(&mut self) {}

    /// Takes events. When it returns without an error, they are safe there.
    fn append(
        &mut self,
        shared: &Arc<Shared>,
        records: &[Record],
    ) -> impl Future<Output = io::Result<()>> + Send;
}

/// A stream, and how far it is ahead of the store.
pub(crate) struct Feed<O> {
    outlet: O,
    /// The last event that is safe there. The cursor is behind it while the store takes nothing.
    appended: u64,
    /// The cursor as it was last read. It goes back when somebody has events sent again.
    noted: u64,
}

impl<O: Outlet> Feed<O> {
    pub(crate) fn new(outlet: O) -> Self {
        Self { outlet, appended: 0, noted: 0 }
    }

    /// Delivers while this process may, until the hub stops.
    pub(crate) async fn run(mut self, shared: Arc<Shared>, stop: Stopping) {
        let lease = shared.lease(O::STREAM.name());
        while lease.gained(&stop).await {
            tracing::debug!(sink = O::STREAM.name(), "this process delivers");
            self.run_under(&lease, &shared, &stop).await;
            // Another process may have delivered when it is this one's turn again.
            (self.appended, self.noted) = (0, 0);
            self.outlet.forget();
        }
    }

    async fn run_under(&mut self, lease: &Lease, shared: &Arc<Shared>, stop: &Stopping) {
        let mut events = shared.last_event.subscribe();
        let mut failures = 0;
        while !stop.is_given() && lease.is_held() {
            match self.step(shared).await {
                Ok(true) => failures = 0,
                Ok(false) => {
                    failures = 0;
                    tokio::select! {
                        biased;
                        () = stop.given() => return,
                        _ = events.changed() => {}
                        () = tokio::time::sleep(LOOK_EVERY) => {}
                    }
                }
                Err(error) => {
                    failures += 1;
                    let sink = O::STREAM.name();
                    tracing::warn!(sink, %error, "events are not delivered: it is tried again");
                    tokio::select! {
                        biased;
                        () = stop.given() => return,
                        () = tokio::time::sleep(pause(failures).min(O::WAIT_MAX)) => {}
                    }
                }
            }
        }
    }

    /// Delivers one batch; says whether there was one.
    pub(crate) async fn step(&mut self, shared: &Arc<Shared>) -> io::Result<bool> {
        let place = self.outlet.ready(shared).await?;
        let began = shared.begin();
        let noted = O::STREAM.cursor(&shared.store).map_err(io::Error::other)?;
        if noted < self.noted {
            self.appended = noted;
        }
        self.noted = noted;
        let after = place.map_or(noted, |place| place.min(noted));
        let mut records = batch(shared, after).map_err(io::Error::other)?;
        if place.is_none() && self.appended > after {
            // They are safe there and the store did not take note of it. To deliver them again with each attempt would
            // fill its disk: only the note is repeated.
            records.retain(|record| record.n <= self.appended);
        } else {
            let Some(last) = records.last().map(|record| record.n) else { return Ok(false) };
            self.outlet.append(shared, &records).await?;
            self.appended = last;
        }
        settle(shared, O::STREAM, &records, noted, self.appended).await.map_err(io::Error::other)?;
        for record in &records {
            shared.delivered(record, O::STREAM.name());
            shared.done(record, "deliver", began, Some(O::STREAM.name()), false);
        }
        Ok(true)
    }
}

/// Moves the cursor, unless somebody has put it back meanwhile, and tells the persons.
async fn settle(
    shared: &Arc<Shared>,
    stream: Stream,
    records: &[Record],
    noted: u64,
    last: u64,
) -> Result<(), freehold_store::WriteError<ReadError>> {
    let owing: Vec<u64> = records.iter().filter(|r| r.owed().is_some()).map(|record| record.n).collect();
    let (writing, now) = (Arc::clone(shared), shared.now());
    let told = shared.store.write(move |txn| {
        // Before the answers: an erasure is answered by the last sink that has it.
        if stream.cursor(txn)? == noted {
            save(txn, tables::cursor(stream.name()), &last.max(noted));
        }
        let answers = writing.sinks().answers == Answers::Stream(stream);
        let mut told = BTreeSet::new();
        for n in owing {
            let Some(mut record) = Record::load(txn, n)? else { continue };
            if answer::taken(txn, &writing, answers, &mut record, &[], now)? {
                told.insert(record.relationship);
            }
        }
        Ok::<_, ReadError>(told)
    });
    told.await?.into_inner().iter().for_each(|relationship| shared.wake(relationship));
    announce_outcomes(shared)?;
    Ok(())
}
