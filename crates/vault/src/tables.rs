//! The tag of every table, and how names become keys.

use freehold_store::{Key, Reader, Schema};

/// The tables of a person, the mailboxes included, and the steps that made them what they are.
pub const SCHEMA: Schema = Schema { name: "vault", steps: &[] };

/// Audit entries by number.
pub(crate) const AUDIT: u8 = b'A';
/// The end of the audit log.
pub(crate) const AUDIT_HEAD: u8 = b'B';
/// Change sets by number.
pub(crate) const CHANGES: u8 = b'C';
/// The number of a change set by its id.
pub(crate) const CHANGE_NUMBERS: u8 = b'D';
/// Signed versions of fields by path and version.
pub(crate) const VERSIONS: u8 = b'F';
/// Grants by id.
pub(crate) const GRANTS: u8 = b'G';
/// Ids of grants by relationship.
pub(crate) const GRANTS_OF: u8 = b'H';
/// Lines by grant and path.
pub(crate) const LINES: u8 = b'L';
/// Requests by relationship and id.
pub(crate) const REQUESTS: u8 = b'Q';
/// Relationships by id.
pub(crate) const RELATIONSHIPS: u8 = b'R';
/// Where each field's versions end, by path.
pub(crate) const TIPS: u8 = b'T';

/// The key of a name in a table.
pub(crate) fn named(reader: &impl Reader, tag: u8, name: &str) -> Key {
    under(reader, Key::new(tag), tag, name)
}

/// Appends a hidden name to a key. The same name is hidden differently in each table.
pub(crate) fn under(reader: &impl Reader, key: Key, tag: u8, name: &str) -> Key {
    let mut label = b"vault/".to_vec();
    label.push(tag);
    label.extend_from_slice(name.as_bytes());
    key.with(&reader.hidden(&label))
}
