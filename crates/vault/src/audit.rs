//! The audit log on the store: entries numbered from 1, and the head they must end in. Spec: `specs/audit.md`.

use freehold_mailbox::record;
use freehold_protocol::audit::{AuditBroken, AuditEntry, AuditRecord, Head};
use freehold_store::{Key, ReadError, Reader, Txn};

use crate::parts;
use crate::tables::{AUDIT, AUDIT_HEAD};

/// Appends an entry. Nothing ever changes or removes one.
///
/// # Errors
/// The store's.
pub fn append(txn: &mut Txn, entry: AuditRecord) -> Result<(), ReadError> {
    let mut head = head(txn)?;
    let bytes = head.append(entry);
    parts::save_bytes(txn, &entry_key(head.n), &bytes)?;
    record::save(txn, Key::new(AUDIT_HEAD), &head);
    Ok(())
}

/// The end of the log.
///
/// # Errors
/// The store's.
pub fn head(reader: &impl Reader) -> Result<Head, ReadError> {
    Ok(record::load(reader, &Key::new(AUDIT_HEAD))?.unwrap_or_default())
}

/// At most `limit` entries in order, beginning with number `from_n` (1 is the first). Entries that are missing are
/// left out: [`verify`] names them.
///
/// # Errors
/// The store's.
pub fn entries(reader: &impl Reader, from_n: u64, limit: usize) -> Result<Vec<AuditEntry>, ReadError> {
    let numbers = from_n.max(1)..=head(reader)?.n;
    let found = numbers.filter_map(|n| parts::load(reader, &entry_key(n)).transpose());
    found.take(limit).collect()
}

/// Checks the whole log: every entry follows from the one before, and none is missing at the end.
///
/// # Errors
/// The store's; the inner one says where the log is broken.
pub fn verify(reader: &impl Reader) -> Result<Result<(), AuditBroken>, ReadError> {
    let mut failed = None;
    let whole = parts::list_bytes(reader, &Key::new(AUDIT)).map_while(|entry| match entry {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            failed = Some(error);
            None
        }
    });
    let verdict = head(reader)?.verify(whole);
    failed.map_or(Ok(verdict), Err)
}

fn entry_key(n: u64) -> Key {
    Key::new(AUDIT).with_u64(n)
}
