//! How far each field of each grant has come: the stored side of `freehold_protocol::release`.

use freehold_mailbox::record;
use freehold_protocol::id::GrantId;
use freehold_protocol::path::Path;
use freehold_protocol::release::Line;
use freehold_store::{Key, ReadError, Reader, Txn};

use crate::tables::{LINES, named, under};

/// Writes the line of one field of a grant.
pub fn save(txn: &mut Txn, grant: &GrantId, line: &Line) {
    let key = under(txn, lines_key(txn, grant), LINES, line.path.as_str());
    record::save_erasable(txn, key, line);
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
    let key = lines_key(txn, grant);
    txn.erase_prefix(&key).map(drop)
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

    #[test]
    fn lines_are_kept_by_grant_and_path_and_removed_with_their_grant_alone() {
        let scratch = Scratch::new();
        let [one, two] = [1, 2].map(|n| GrantId::from_entropy([n; 16]));
        let mut sent = Line::new(path("phone.mobile"));
        sent.mark_sent(Mark { version: 3, seq: 1, at: Timestamp::from_millis(5) });
        let (grants, last) = ((one.clone(), two.clone()), sent.clone());
        scratch.write(move |txn| {
            save(txn, &grants.0, &Line::new(path("phone.mobile")));
            save(txn, &grants.0, &Line::new(path("email.personal")));
            save(txn, &grants.1, &Line::new(path("phone.mobile")));
            save(txn, &grants.0, &last);
            Ok::<_, ReadError>(())
        });
        assert_eq!(of_grant(&scratch.store, &one).unwrap(), [Line::new(path("email.personal")), sent]);
        let gone = one.clone();
        scratch.write(move |txn| remove_grant(txn, &gone));
        assert_eq!(of_grant(&scratch.store, &one).unwrap(), []);
        assert_eq!(of_grant(&scratch.store, &two).unwrap().len(), 1);
    }
}
