//! The tag of every table, and how names become keys.

use freehold_store::{Key, Reader, Schema};

/// The tables of a person, the mailboxes included, and the steps that made them what they are.
pub const SCHEMA: Schema = Schema {
    name: "vault",
    steps: &[
        crate::fields::order::fill,
        crate::agreements::fill,
        crate::lines::fill,
        crate::audit::index::fill,
    ],
};

/// Where in the audit log a term stands, by term and block.
pub(crate) const AUDIT_TERMS: u8 = b'E';
/// The entries of the audit log that were written on a day, by day.
pub(crate) const AUDIT_DAYS: u8 = b'K';
/// How often something happened on a day, by day, vendor and event.
pub(crate) const AUDIT_COUNTS: u8 = b'N';
/// Lines that failed, by grant and path.
pub(crate) const FAILED: u8 = b'O';
/// Requests that are not answered, by relationship and id.
pub(crate) const OPEN_REQUESTS: u8 = b'P';
/// Ids of the grants that share a field, by path.
pub(crate) const SHARED: u8 = b'S';
/// Ids of the grants with a revocation that is not answered.
pub(crate) const UNANSWERED: u8 = b'U';
/// What the person has chosen, by name.
pub(crate) const SETTINGS: u8 = b'V';
/// Tokens of programs, by the digest of each.
pub(crate) const TOKENS: u8 = b'W';
/// The digest of a token, by its name.
pub(crate) const TOKEN_NAMES: u8 = b'X';
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
/// The leaves of each facet that hold a value, by facet.
pub(crate) const FACETS: u8 = b'I';
/// The paths of a leaf, in order, by facet and number.
pub(crate) const LEAVES: u8 = b'J';
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
