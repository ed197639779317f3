//! What a person is told once an event that they wait for was settled: the outcome of their update, or the erasure
//! receipt of their revocation.

use freehold_protocol::data::OutcomeKind;
use freehold_protocol::time::Timestamp;
use freehold_store::planted::{self, Bug};
use freehold_store::{ReadError, Txn};

use crate::log::{AnsweredBy, Owed, Record};
use crate::shared::Shared;
use crate::sinks::delivery::FieldOutcome;
use crate::sinks::{erasure, outcome};
use crate::worth;

/// What the person is told of an update that the vendor's system did not take.
const NOT_TAKEN: &str = "the vendor's system did not take it";

/// A sink, or the hub that has none, has taken an event, and this transaction notes it. Says whether something was queued.
/// `answers` is whether it is the one that tells persons what became of updates, `said` what it says of single fields.
pub(crate) fn taken(
    txn: &mut Txn,
    shared: &Shared,
    answers: bool,
    record: &mut Record,
    said: &[FieldOutcome],
    now: Timestamp,
) -> Result<bool, ReadError> {
    let Some(owed) = record.owed() else { return Ok(false) };
    let queued = match &owed.by {
        AnsweredBy::Outcome => {
            if !answers {
                return Ok(false);
            }
            let mut lines =
                outcome::lines(&record.paths, OutcomeKind::Applied, shared.sinks().system(), None);
            outcome::say(&mut lines, said);
            outcome::list(txn, shared, record, owed, &lines, now)?;
            worth::answered(txn, shared, record, &lines, !said.is_empty(), now)?;
            outcome::queue(txn, record, owed, lines, now)?
        }
        // "The hub MUST send the erasure receipt when every sink has the revocation's `dev.freehold.erase`": the last one
        // brings it about.
        AnsweredBy::Erasure(revocation) => {
            let sinks = shared.sinks();
            let cursors = sinks.cursors(txn)?;
            let taken = sinks.have(record, &cursors) || planted::is_on(Bug::ErasureAnsweredEarly);
            let queued = taken && erasure::queue(txn, shared, record, owed, revocation, now)?;
            if queued {
                worth::erased(txn, record, now)?;
            }
            queued
        }
    };
    Ok(queued && note(txn, record))
}

/// The sink that answers does not take an event. Says whether something was queued. Of an erasure the person hears nothing:
/// the vendor is silent until its system has taken it.
pub(crate) fn given_up(
    txn: &mut Txn,
    shared: &Shared,
    record: &mut Record,
    now: Timestamp,
) -> Result<bool, ReadError> {
    let Some(owed @ Owed { by: AnsweredBy::Outcome, .. }) = record.owed() else { return Ok(false) };
    let sinks = shared.sinks();
    let lines = outcome::lines(&record.paths, OutcomeKind::Refused, sinks.system(), Some(NOT_TAKEN));
    outcome::list(txn, shared, record, owed, &lines, now)?;
    worth::answered(txn, shared, record, &lines, false, now)?;
    Ok(outcome::queue(txn, record, owed, lines, now)? && note(txn, record))
}

fn note(txn: &mut Txn, record: &mut Record) -> bool {
    if let Some(owed) = &mut record.owed {
        owed.answered = true;
    }
    record.save(txn);
    true
}
