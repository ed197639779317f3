//! Records of any size: a value of the store holds 64 KiB, a signed document may have twice that.
//!
//! A record lies in parts under its key and their number. All parts but the last are full and the last never is, so
//! reading needs no count and most records are one part.

use std::iter::Peekable;

use freehold_mailbox::record::decode;
use freehold_protocol::cbor;
use freehold_store::{Entries, Key, ReadError, Reader, Txn};
use serde::{Serialize, de::DeserializeOwned};

/// Bytes of a full part: three quarters of the store's longest value.
const PART_BYTES: usize = 48 * 1024;

/// Bytes that a part's number takes at the end of its key.
const NUMBER_BYTES: usize = 2;

/// Writes a record under keys of its own, which erasing destroys, in place of the one that was there.
pub(crate) fn save<T: Serialize>(txn: &mut Txn, key: &Key, value: &T) -> Result<(), ReadError> {
    save_bytes(txn, key, &cbor::encode(value))
}

/// As [`save`], for bytes.
pub(crate) fn save_bytes(txn: &mut Txn, key: &Key, bytes: &[u8]) -> Result<(), ReadError> {
    let last = bytes.len() / PART_BYTES;
    for number in 0..=last {
        let end = bytes.len().min((number + 1) * PART_BYTES);
        txn.put_erasable(part(key, number), &bytes[number * PART_BYTES..end]);
    }
    for number in last + 1.. {
        let stale = part(key, number);
        if txn.get(&stale)?.is_none() {
            break;
        }
        txn.delete(&stale);
    }
    Ok(())
}

/// Deletes a record.
pub(crate) fn remove(txn: &mut Txn, key: &Key) -> Result<(), ReadError> {
    for number in 0.. {
        let part = part(key, number);
        if txn.get(&part)?.is_none() {
            break;
        }
        txn.delete(&part);
    }
    Ok(())
}

/// Reads a record.
pub(crate) fn load<T: DeserializeOwned>(reader: &impl Reader, key: &Key) -> Result<Option<T>, ReadError> {
    load_bytes(reader, key)?.map(|bytes| decode(&bytes)).transpose()
}

/// As [`load`], for bytes.
pub(crate) fn load_bytes(reader: &impl Reader, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
    let Some(mut bytes) = reader.get(&part(key, 0))? else { return Ok(None) };
    let mut number = 0;
    while bytes.len() == (number + 1) * PART_BYTES {
        number += 1;
        bytes.extend(reader.get(&part(key, number))?.ok_or(ReadError::Corrupt)?);
    }
    Ok(Some(bytes))
}

/// Reads every record under a prefix, in key order.
pub(crate) fn list<T: DeserializeOwned>(reader: &impl Reader, prefix: &Key) -> Result<Vec<T>, ReadError> {
    list_bytes(reader, prefix).map(|bytes| decode(&bytes?)).collect()
}

/// As [`list`], for bytes, one at a time.
pub(crate) fn list_bytes<'a>(reader: &'a impl Reader, prefix: &Key) -> Whole<'a> {
    Whole(reader.scan(prefix).peekable())
}

/// Records put together from their parts.
pub(crate) struct Whole<'a>(Peekable<Entries<'a>>);

impl Iterator for Whole<'_> {
    type Item = Result<Vec<u8>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (key, mut bytes) = match self.0.next()? {
            Ok(first) => first,
            Err(error) => return Some(Err(error)),
        };
        let same = |next: &Result<(Key, Vec<u8>), ReadError>| {
            next.as_ref().is_ok_and(|(other, _)| owner(other) == owner(&key))
        };
        while let Some(Ok((_, more))) = self.0.next_if(same) {
            bytes.extend(more);
        }
        Some(Ok(bytes))
    }
}

fn part(key: &Key, number: usize) -> Key {
    let number = u16::try_from(number).expect("a transaction holds less than 65,536 parts");
    key.clone().with(&number.to_be_bytes())
}

/// The key of the record that a part belongs to.
pub(crate) fn owner(part: &Key) -> &[u8] {
    let bytes = part.as_bytes();
    &bytes[..bytes.len().saturating_sub(NUMBER_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_record_of_any_size_reads_back_and_a_shorter_one_leaves_nothing_of_it() {
        let scratch = Scratch::new();
        let store = &scratch.store;
        let key = Key::new(b'z').with(&[1; 16]);
        let sizes = [3 * PART_BYTES, 200_000, PART_BYTES, PART_BYTES - 1, 0, 2 * PART_BYTES + 1, 5];
        for size in sizes {
            let bytes: Vec<u8> = (0..size).map(|i| i as u8).collect();
            let (put, at) = (bytes.clone(), key.clone());
            scratch.write(move |txn| {
                save_bytes(txn, &at.clone().with(&[9; 16]), &[1, 2, 3])?;
                save_bytes(txn, &at, &put)
            });
            assert_eq!(load_bytes(store, &key).unwrap().as_deref(), Some(bytes.as_slice()), "{size}");
            let all: Vec<_> = list_bytes(store, &key).map(Result::unwrap).collect();
            assert_eq!(all, [bytes, vec![1, 2, 3]], "{size}");
        }
        assert_eq!(store.scan(&key).count(), 2);
    }
}
