//! How far each field of each grant has come: the stored side of `freehold_protocol::release`.

use freehold_mailbox::record;
use freehold_protocol::id::GrantId;
use freehold_protocol::release::Line;
use freehold_store::{Key, ReadError, Reader, Txn};

use crate::tables::{LINES, named, under};

/// Writes the line of one field of a grant.
pub fn save(txn: &mut Txn, grant: &GrantId, line: &Line) {
    let key = under(txn, lines_key(txn, grant), LINES, line.path.as_str());
    record::save_erasable(txn, key, line);
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
