//! How far each field of each grant has come: the stored side of `freehold_protocol::release`.

use freehold_mailbox::record;
use freehold_protocol::data::OutcomeKind;
use freehold_protocol::id::GrantId;
use freehold_protocol::path::Path;
use freehold_protocol::release::{Line, OutcomeMark};
use freehold_store::{Key, Progress, ReadError, Reader, Txn};

use crate::agreements;
use crate::tables::{FAILED, LINES, named, under};

/// Writes the line of one field of a grant.
///
/// # Errors
/// The store's.
pub fn save(txn: &mut Txn, grant: &GrantId, line: &Line) -> Result<(), ReadError> {
    let key = under(txn, lines_key(txn, grant), LINES, line.path.as_str());
    record::save_erasable(txn, key, line);
    note_failed(txn, grant, line)
}

/// Whether the vendor has said of what it has that it had no effect.
#[must_use]
pub fn has_failed(line: &Line) -> bool {
    let standing = |outcome: &&OutcomeMark| line.stored.is_some_and(|mark| outcome.seq >= mark.seq);
    line.outcome.as_ref().filter(standing).is_some_and(|outcome| outcome.outcome != OutcomeKind::Applied)
}

/// Keeps the list of the lines that failed.
fn note_failed(txn: &mut Txn, grant: &GrantId, line: &Line) -> Result<(), ReadError> {
    let key = under(txn, named(txn, FAILED, grant.as_str()), FAILED, line.path.as_str());
    match (has_failed(line), txn.get(&key)?.is_some()) {
        (true, false) => record::save_erasable(txn, key, &(grant, &line.path)),
        (false, true) => txn.delete(&key),
        _ => {}
    }
    Ok(())
}

/// The step of the tables that brought the list of lines that failed.
pub(crate) fn fill(txn: &mut Txn, _: Option<&[u8]>) -> Result<Progress, ReadError> {
    for grant in agreements::grants(txn)? {
        let id = grant.id()?;
        for line in of_grant(txn, &id)? {
            note_failed(txn, &id, &line)?;
        }
    }
    Ok(Progress::Done)
}

/// The lines that failed, of all grants, those of each together. Reads no others.
///
/// # Errors
/// The store's.
pub fn failed(reader: &impl Reader) -> Result<Vec<(GrantId, Line)>, ReadError> {
    let listed: Vec<(GrantId, Path)> = record::list(reader, &Key::new(FAILED))?;
    let mut found = Vec::new();
    for (grant, path) in listed {
        let line = line(reader, &grant, &path)?;
        found.extend(line.map(|line| (grant, line)));
    }
    Ok(found)
}

/// The line of one field of a grant; `None` while nothing of it was sent.
///
/// # Errors
/// The store's.
pub fn line(reader: &impl Reader, grant: &GrantId, path: &Path) -> Result<Option<Line>, ReadError> {
    record::load(reader, &under(reader, lines_key(reader, grant), LINES, path.as_str()))
}

/// The lines of a grant, by path.
///
/// # Errors
/// The store's.
pub fn of_grant(reader: &impl Reader, grant: &GrantId) -> Result<Vec<Line>, ReadError> {
    let mut lines: Vec<Line> = record::list(reader, &lines_key(reader, grant))?;
    lines.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(lines)
}

/// Erases the lines of a grant.
///
/// # Errors
/// The store's.
pub fn remove_grant(txn: &mut Txn, grant: &GrantId) -> Result<(), ReadError> {
    let (lines, failed) = (lines_key(txn, grant), named(txn, FAILED, grant.as_str()));
    txn.erase_prefix(&lines)?;
    txn.erase_prefix(&failed).map(drop)
}

fn lines_key(reader: &impl Reader, grant: &GrantId) -> Key {
    named(reader, LINES, grant.as_str())
}

#[cfg(test)]
mod tests {
    use freehold_protocol::release::Mark;
    use freehold_protocol::time::Timestamp;

    use super::*;
    use crate::scratch::{Scratch, path};

    /// 1. The vendor refuses what it has. 2. A newer value is on its way, and then on its disk: the word was of the one before.
    /// 3. It is in conflict, and later applied. 4. It is refused again, and the grant's lines go.
    #[test]
    fn a_line_has_failed_until_the_vendor_has_another_value_or_says_otherwise() {
        let scratch = Scratch::new();
        let grant = GrantId::from_entropy([1; 16]);
        let mut line = Line::new(path("phone.mobile"));
        let at = Timestamp::from_millis(5);
        let word = |seq, outcome| OutcomeMark { seq, outcome, system: "crm".into(), detail: None, at };
        let listed = |line: &Line| {
            let (of, saved) = (grant.clone(), line.clone());
            scratch.write(move |txn| save(txn, &of, &saved));
            failed(&scratch.store).unwrap()
        };
        line.mark_sent(Mark { version: 1, seq: 1, at });
        assert_eq!(listed(&line), []);
        line.mark_delivered(1, at);
        line.mark_outcome(word(1, OutcomeKind::Refused));
        assert_eq!(listed(&line), [(grant.clone(), line.clone())]);
        line.mark_sent(Mark { version: 2, seq: 2, at });
        assert_eq!(listed(&line).len(), 1);
        line.mark_delivered(2, at);
        assert_eq!(listed(&line), []);
        line.mark_outcome(word(2, OutcomeKind::Conflict));
        assert_eq!(listed(&line), [(grant.clone(), line.clone())]);
        line.mark_outcome(word(2, OutcomeKind::Applied));
        assert_eq!(listed(&line), []);
        line.mark_outcome(word(2, OutcomeKind::Duplicate));
        assert_eq!(listed(&line).len(), 1);
        let gone = grant.clone();
        scratch.write(move |txn| remove_grant(txn, &gone));
        assert_eq!(failed(&scratch.store).unwrap(), []);
    }

    #[test]
    fn lines_are_kept_by_grant_and_path_and_removed_with_their_grant_alone() {
        let scratch = Scratch::new();
        let [one, two] = [1, 2].map(|n| GrantId::from_entropy([n; 16]));
        let mut sent = Line::new(path("phone.mobile"));
        sent.mark_sent(Mark { version: 3, seq: 1, at: Timestamp::from_millis(5) });
        let (grants, last) = ((one.clone(), two.clone()), sent.clone());
        scratch.write(move |txn| {
            save(txn, &grants.0, &Line::new(path("phone.mobile")))?;
            save(txn, &grants.0, &Line::new(path("email.personal")))?;
            save(txn, &grants.1, &Line::new(path("phone.mobile")))?;
            save(txn, &grants.0, &last)
        });
        assert_eq!(of_grant(&scratch.store, &one).unwrap(), [Line::new(path("email.personal")), sent]);
        let gone = one.clone();
        scratch.write(move |txn| remove_grant(txn, &gone));
        assert_eq!(of_grant(&scratch.store, &one).unwrap(), []);
        assert_eq!(of_grant(&scratch.store, &two).unwrap().len(), 1);
    }
}
