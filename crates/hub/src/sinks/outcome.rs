//! What a person is told of an update.

use std::collections::BTreeSet;

use freehold_mailbox::Mailbox;
use freehold_protocol::cbor;
use freehold_protocol::data::{OUTCOME, Outcome, OutcomeKind, OutcomeLine};
use freehold_protocol::limits::{BODY_BYTES_MAX, TEXT_BYTES_MAX};
use freehold_protocol::mailbox::EntryBody;
use freehold_protocol::message::MessageType;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Txn};
use serde_json::json;

use crate::log::{self, New, Owed, Record};
use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::sinks::Stream;
use crate::sinks::delivery::FieldOutcome;

/// What a detail may have when an outcome is too large with it: still a sentence, still a few words, none.
const DETAIL_BYTES_MAX: [usize; 6] = [TEXT_BYTES_MAX, 512, 256, 128, 64, 0];

/// The same outcome for every path.
pub(crate) fn lines(
    paths: &BTreeSet<Path>,
    outcome: OutcomeKind,
    system: &str,
    detail: Option<&str>,
) -> Vec<OutcomeLine> {
    let line = |path: &Path| OutcomeLine {
        path: path.clone(),
        outcome,
        system: cut(system, TEXT_BYTES_MAX),
        detail: detail.map(|detail| cut(detail, TEXT_BYTES_MAX)),
    };
    paths.iter().map(line).collect()
}

/// Puts what a sink says of single fields in the place of what is told otherwise.
pub(crate) fn say(lines: &mut [OutcomeLine], said: &[FieldOutcome]) {
    for said in said {
        let Some(line) = lines.iter_mut().find(|line| line.path.as_str() == said.path) else { continue };
        line.outcome = said.outcome;
        if let Some(system) = &said.system {
            line.system.clone_from(system);
        }
        line.detail.clone_from(&said.detail);
    }
}

/// Notes for the tables, where there are any, what a person is told of an update.
pub(crate) fn list(
    txn: &mut Txn,
    shared: &Shared,
    record: &Record,
    owed: &Owed,
    results: &[OutcomeLine],
    now: Timestamp,
) -> Result<(), ReadError> {
    if !shared.sinks().streams.contains(&Stream::Postgres) || results.is_empty() {
        return Ok(());
    }
    let known = Relationship::load(txn, &record.relationship)?.ok_or(ReadError::Corrupt)?;
    // Details are left out: a receiver may repeat a value in one.
    let line = |line: &OutcomeLine| json!({"path": line.path.as_str(), "outcome": line.outcome.to_string(), "system": line.system});
    let data = json!({"update": record.id, "results": results.iter().map(line).collect::<Vec<_>>()});
    let new = New {
        kind: log::OUTCOME,
        suffix: format!("{}-outcome-{}", owed.seq, now.millis()),
        relationship: &known,
        grant: record.grant.as_ref(),
        paths: record.paths.clone(),
        owed: None,
        cause: Some(owed.message),
        data,
    };
    log::append(txn, new, now)?.settle_emptied(txn);
    Ok(())
}

/// Queues an outcome for the person, as several messages where one body does not hold it; says whether there was
/// anything to tell.
pub(crate) fn queue(
    txn: &mut Txn,
    record: &Record,
    owed: &Owed,
    results: Vec<OutcomeLine>,
    now: Timestamp,
) -> Result<bool, ReadError> {
    let Some(grant) = record.grant.clone().filter(|_| !results.is_empty()) else { return Ok(false) };
    let kind = MessageType::parse(OUTCOME).expect("the protocol's own types parse");
    let outcome = Outcome { grant, update: owed.seq, results, at: now.coarse() };
    for body in bodies(outcome) {
        let body = EntryBody::Fixed(body);
        Mailbox::new(&record.relationship).queue(txn, &kind, Some(owed.message), body, now)?;
    }
    Ok(true)
}

/// An outcome in bodies that a message carries. A sink may say more of an update than fits into one, and a body that
/// the store or the person's node refuses would be in the way of everything behind it. What became of the fields
/// comes before the sentences about it: details are shortened, then left out, and only then is the list parted.
fn bodies(mut outcome: Outcome) -> Vec<Vec<u8>> {
    for detail_bytes_max in DETAIL_BYTES_MAX {
        shorten(&mut outcome.results, detail_bytes_max);
        let body = cbor::encode(&outcome);
        // One line without a detail has a path and a system: it fits by far, and cannot be parted.
        if body.len() <= BODY_BYTES_MAX || (detail_bytes_max == 0 && outcome.results.len() < 2) {
            return vec![body];
        }
    }
    let rest = outcome.results.split_off(outcome.results.len() / 2);
    let rest = Outcome { results: rest, grant: outcome.grant.clone(), ..outcome };
    [bodies(outcome), bodies(rest)].concat()
}

/// Brings every detail to a length; to none, it is left out.
fn shorten(lines: &mut [OutcomeLine], bytes_max: usize) {
    for line in lines {
        line.detail = line.detail.take().filter(|_| bytes_max > 0).map(|detail| cut(&detail, bytes_max));
    }
}

/// A text of so many bytes at most; where it was cut, a mark of that stands at its end.
fn cut(text: &str, bytes_max: usize) -> String {
    const MARK: char = '…';
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let mut end = bytes_max.saturating_sub(MARK.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut short = text[..end].to_owned();
    short.push(MARK);
    short
}

#[cfg(test)]
mod tests {
    use freehold_protocol::id::GrantId;

    use super::*;

    const PATHS: usize = 1_000;

    /// An outcome of 1,000 long paths, each with such a detail.
    fn outcome(path_bytes: usize, detail: Option<&str>) -> Outcome {
        let name = |i: usize| Path::parse(&format!("x.a{i:0>width$}", width = path_bytes - 3)).unwrap();
        let paths: BTreeSet<Path> = (0..PATHS).map(name).collect();
        Outcome {
            grant: GrantId::from_entropy([2; 16]),
            update: 7,
            results: lines(&paths, OutcomeKind::Conflict, "crm", detail),
            at: Timestamp::default(),
        }
    }

    fn check(outcome: &Outcome, bodies_wanted: usize) -> Vec<OutcomeLine> {
        let bodies = bodies(outcome.clone());
        assert_eq!(bodies.len(), bodies_wanted);
        let mut told = Vec::new();
        for body in bodies {
            assert!(body.len() <= BODY_BYTES_MAX, "{} bytes", body.len());
            let part = Outcome::decode(&body).unwrap();
            assert_eq!((&part.grant, part.update, part.at), (&outcome.grant, outcome.update, outcome.at));
            told.extend(part.results);
        }
        let bare = |line: &OutcomeLine| (line.path.clone(), line.outcome, line.system.clone());
        assert!(told.iter().map(bare).eq(outcome.results.iter().map(bare)));
        told
    }

    #[test]
    fn an_outcome_that_fits_is_told_as_it_is() {
        let mut outcome = outcome(10, Some("the office has another number"));
        outcome.results.truncate(100);
        assert_eq!(check(&outcome, 1), outcome.results);
    }

    #[test]
    fn long_details_are_shortened_before_any_is_left_out() {
        let mut outcome = outcome(10, Some(&"ä".repeat(TEXT_BYTES_MAX / 2)));
        outcome.results.truncate(100);
        let told = check(&outcome, 1);
        let detail = told[0].detail.as_deref().unwrap();
        assert!(detail.len() > 64 && detail.starts_with("ää") && detail.ends_with("ä…"), "{detail}");
        assert!(told.iter().all(|line| line.detail.as_deref() == Some(detail)));
    }

    #[test]
    fn details_of_a_thousand_fields_are_left_out() {
        assert!(
            check(&outcome(10, Some("somebody looks at it")), 1).iter().all(|line| line.detail.is_none())
        );
    }

    #[test]
    fn an_outcome_of_more_lines_than_a_body_holds_is_parted() {
        check(&outcome(60, None), 2);
    }
}
