//! The audit log on the store: entries numbered from 1, and the head they must end in. Spec: `specs/audit.md`.
//!
//! Reading order: [`append`], [`head`], [`entries`], [`verify`], [`find`], [`counts`].

use freehold_mailbox::record;
use freehold_protocol::audit::{AuditBroken, AuditEntry, AuditRecord, Head};
use freehold_store::{Key, ReadError, Reader, Txn};

use crate::parts;
use crate::tables::{AUDIT, AUDIT_HEAD};

pub(crate) mod index;

pub use index::{DayCount, Filter, Found, counts, event_name, find};

/// Appends an entry. Nothing ever changes or removes one.
///
/// # Errors
/// The store's.
pub fn append(txn: &mut Txn, entry: AuditRecord) -> Result<(), ReadError> {
    let mut head = head(txn)?;
    let bytes = head.append(entry);
    parts::save_bytes(txn, &entry_key(head.n), &bytes)?;
    record::save(txn, Key::new(AUDIT_HEAD), &head);
    index::note(txn, head.n)
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
    let found = numbers.filter_map(|n| entry(reader, n).transpose());
    found.take(limit).collect()
}

/// One entry; `None` if it is missing.
fn entry(reader: &impl Reader, n: u64) -> Result<Option<AuditEntry>, ReadError> {
    parts::load(reader, &entry_key(n))
}

/// Checks the whole log: every entry follows from the one before, and none is missing at the end or stands past it.
/// Entries may be appended meanwhile: the log is checked up to where it ended at the beginning.
///
/// # Errors
/// The store's; the inner one says where the log is broken.
pub fn verify(reader: &impl Reader) -> Result<Result<(), AuditBroken>, ReadError> {
    let head = head(reader)?;
    let mut failed = None;
    let mut entries = parts::list_bytes(reader, &Key::new(AUDIT));
    let whole =
        entries.by_ref().take(usize::try_from(head.n).unwrap_or(usize::MAX)).map_while(|entry| match entry {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                failed = Some(error);
                None
            }
        });
    let mut verdict = head.verify(whole);
    // An entry past the head was appended since, and then the head has moved; or the head is an older one.
    if verdict.is_ok() && entries.next().is_some() && self::head(reader)?.n == head.n {
        verdict = Err(AuditBroken::At { n: head.n + 1 });
    }
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
    use freehold_store::Entries;

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

    /// A store in which an entry is appended the moment that the first of them is read.
    struct Busy<'a>(&'a Scratch);

    impl Reader for Busy<'_> {
        fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
            self.0.store.get(key)
        }

        fn last(&self, prefix: &Key) -> Result<Option<(Key, Vec<u8>)>, ReadError> {
            self.0.store.last(prefix)
        }

        fn scan(&self, prefix: &Key) -> Entries<'_> {
            let prefix = prefix.clone();
            Box::new((0..1).flat_map(move |_| {
                self.0.write(|txn| append(txn, released(99)));
                self.0.store.scan(&prefix)
            }))
        }

        fn hidden(&self, label: &[u8]) -> [u8; 16] {
            self.0.store.hidden(label)
        }
    }

    #[test]
    fn a_log_that_grows_while_it_is_verified_is_whole() {
        let scratch = log(3);
        for entries in 4..8 {
            assert_eq!(verify(&Busy(&scratch)).unwrap(), Ok(()));
            assert_eq!(head(&scratch.store).unwrap().n, entries);
        }
    }

    #[test]
    fn an_older_head_that_was_put_back_is_found() {
        let scratch = log(3);
        let older = head(&scratch.store).unwrap();
        scratch.write(|txn| append(txn, released(4)));
        scratch.write(move |txn| {
            record::save(txn, Key::new(AUDIT_HEAD), &older);
            Ok::<_, ReadError>(())
        });
        assert_eq!(verify(&scratch.store).unwrap(), Err(AuditBroken::At { n: 4 }));
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
