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

#[cfg(test)]
mod tests {
    use freehold_protocol::audit::AuditEvent;
    use freehold_protocol::identity::SigningKey;
    use freehold_protocol::time::Timestamp;

    use super::*;
    use crate::scratch::{Scratch, path};

    fn log(entries: u64) -> Scratch {
        let scratch = Scratch::new();
        scratch.write(move |txn| (1..=entries).try_for_each(|n| append(txn, released(n))));
        scratch
    }

    fn released(update: u64) -> AuditRecord {
        AuditRecord {
            at: Timestamp::from_millis(update),
            vendor: SigningKey::from_seed(&[8; 32]).public().did(),
            grant: None,
            paths: [path("phone.mobile")].into(),
            event: AuditEvent::Released { update },
        }
    }

    fn numbers(scratch: &Scratch, from_n: u64, limit: usize) -> Vec<u64> {
        entries(&scratch.store, from_n, limit).unwrap().iter().map(|entry| entry.n).collect()
    }

    #[test]
    fn the_log_goes_on_and_verifies_after_the_store_is_opened_again() {
        let scratch = log(3).reopened();
        assert_eq!(verify(&scratch.store).unwrap(), Ok(()));
        scratch.write(|txn| append(txn, released(4)));
        assert_eq!(verify(&scratch.store).unwrap(), Ok(()));
        assert_eq!(numbers(&scratch, 0, 100), [1, 2, 3, 4]);
        assert_eq!(numbers(&scratch, 2, 2), [2, 3]);
        assert!(numbers(&scratch, 5, 2).is_empty());
        assert_eq!(entries(&scratch.store, 4, 1).unwrap()[0].event, AuditEvent::Released { update: 4 });
    }

    #[test]
    fn an_entry_of_a_thousand_long_paths_is_kept_whole() {
        let scratch = log(1);
        let long = "a".repeat(60);
        let mut entry = released(2);
        entry.paths = (0..1000).map(|i| path(&format!("x.{long}.{long}.{long}.{i}"))).collect();
        let expected = entry.paths.clone();
        scratch.write(move |txn| append(txn, entry));
        assert_eq!(entries(&scratch.store, 2, 1).unwrap()[0].paths, expected);
        assert_eq!(verify(&scratch.store).unwrap(), Ok(()));
    }

    #[test]
    fn a_removed_an_edited_and_a_cut_entry_are_found() {
        let removed = |n| {
            let scratch = log(4);
            scratch.write(move |txn| txn.erase_prefix(&entry_key(n)));
            verify(&scratch.store).unwrap()
        };
        assert_eq!(removed(2), Err(AuditBroken::At { n: 2 }));
        assert_eq!(removed(4), Err(AuditBroken::Cut { last: 3, expected: 4 }));
        let scratch = log(4);
        scratch.write(|txn| {
            let other = parts::load_bytes(txn, &entry_key(3))?.unwrap();
            parts::save_bytes(txn, &entry_key(2), &other)
        });
        assert_eq!(verify(&scratch.store).unwrap(), Err(AuditBroken::At { n: 2 }));
    }
}
