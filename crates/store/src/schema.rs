//! Which version the caller's tables are, and how old ones become new.
//!
//! The version is a record among the tables, under the tag 0 that no table has, so that it goes wherever they go. Its value is
//! `version (1) || tables (4, big-endian) || whether a step is under way (1) || length of the name (1) || name || where the step
//! is`.

use crate::error::{Failure, OpenError, ReadError};
use crate::key::Key;
use crate::records::{Records, stored};
use crate::txn::Txn;

/// The tag of the record. No table may have it.
const TAG: u8 = 0;
/// Version byte of the record.
const RECORD_VERSION: u8 = 1;

/// The tables that a caller keeps in a store.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// Whose they are, such as `vault`; at most 255 bytes.
    pub name: &'static str,
    /// What made version 2 of version 1, and so on: one more than there are is the version of today. A step never changes once
    /// a program with it was given away.
    pub steps: &'static [Step],
}

/// Leads from one version of the tables to the next. It is called with `None` first, and then with whatever it said in
/// [`Progress::Again`]; each call is one transaction, with which its progress is durable or not at all. What it does is lost
/// with the power, or as a whole there: it need not expect halves, only that another process goes on.
pub type Step = fn(&mut Txn, Option<&[u8]>) -> Result<Progress, ReadError>;

/// How far a [`Step`] has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The tables are of the next version.
    Done,
    /// There is more than one transaction should hold: the step is called again, with this.
    Again(Vec<u8>),
}

/// What brings the tables up: a writer before it has a queue.
pub(crate) trait WriteNow {
    /// Whether nothing was ever written.
    fn is_new(&self) -> bool;

    /// Runs one closure, and gives what it gives once that is on disk.
    fn write_now<T>(&mut self, closure: impl FnOnce(&mut Txn) -> Result<T, ReadError>) -> Result<T, Failure>;
}

impl Schema {
    /// The version of the tables that this program writes.
    #[must_use]
    pub fn version(&self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Refuses tables that are not these, or of a later version. Nothing is changed.
    pub(crate) fn check(&self, found: Option<&Tables>) -> Result<(), OpenError> {
        let Some(found) = found else { return Ok(()) };
        if !found.name.is_empty() && found.name != self.name.as_bytes() {
            return Err(OpenError::Corrupt("its tables are of another kind"));
        }
        if found.reaches() > self.version() {
            return Err(OpenError::NewerTables {
                name: self.name,
                found: found.reaches(),
                supported: self.version(),
            });
        }
        Ok(())
    }

    /// Brings the tables to today's version, one transaction after the other.
    pub(crate) fn bring_up(
        &self,
        writer: &mut impl WriteNow,
        found: Option<Tables>,
    ) -> Result<(), OpenError> {
        let named = |version, step| Tables { version, step, name: self.name.as_bytes().to_vec() };
        let mut tables = match found {
            Some(found) if found.name.is_empty() => named(found.version, found.step),
            Some(found) if found.version == self.version() => return Ok(()),
            Some(found) => found,
            // Nothing was ever written.
            None if writer.is_new() => named(self.version(), None),
            // Whoever wrote them did not know of versions, or put them back from a copy that had none.
            None => named(1, None),
        };
        if tables.version == self.version() {
            return Ok(writer.write_now(|txn| tables.put(txn))?);
        }
        while let Some(step) = self.steps.get(tables.version as usize - 1) {
            let from = tables.version;
            tables = writer.write_now(|txn| {
                let next = match step(txn, tables.step.as_deref())? {
                    Progress::Done => named(from + 1, None),
                    Progress::Again(place) => named(from, Some(place)),
                };
                next.put(txn)?;
                Ok(next)
            })?;
            if tables.version != from {
                tracing::info!(
                    tables = self.name,
                    from,
                    to = tables.version,
                    "the tables were brought to a newer version"
                );
            }
        }
        Ok(())
    }
}

/// What the record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tables {
    /// The version that all of them have reached.
    version: u32,
    /// Where the step to the next one is, if it has begun.
    step: Option<Vec<u8>>,
    /// Whose they are; empty where nobody has said.
    name: Vec<u8>,
}

impl Tables {
    /// Tables of the first version, whoever's.
    pub(crate) fn first() -> Self {
        Self { version: 1, step: None, name: Vec::new() }
    }

    /// Reads the record; `None` if there is none.
    pub(crate) fn load(records: &Records) -> Result<Option<Self>, ReadError> {
        let bytes = records.get(&stored(Key::new(TAG).as_bytes()))?;
        bytes.map(|bytes| Self::from_bytes(&bytes).ok_or(ReadError::Corrupt)).transpose()
    }

    pub(crate) fn put(&self, txn: &mut Txn) -> Result<(), ReadError> {
        txn.put(Key::new(TAG), self.to_bytes());
        Ok(())
    }

    /// The version that a program must know to use them.
    fn reaches(&self) -> u32 {
        self.version.saturating_add(u32::from(self.step.is_some()))
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![RECORD_VERSION];
        bytes.extend_from_slice(&self.version.to_be_bytes());
        bytes.push(u8::from(self.step.is_some()));
        bytes.push(u8::try_from(self.name.len()).expect("a name of at most 255 bytes"));
        bytes.extend_from_slice(&self.name);
        bytes.extend_from_slice(self.step.as_deref().unwrap_or_default());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&[RECORD_VERSION, a, b, c, d, begun, name_bytes], rest) = bytes.split_first_chunk()? else {
            return None;
        };
        let (name, step) = rest.split_at_checked(usize::from(name_bytes))?;
        let step = match begun {
            0 if step.is_empty() => None,
            1 => Some(step.to_vec()),
            _ => return None,
        };
        let version = u32::from_be_bytes([a, b, c, d]);
        (version > 0).then(|| Self { version, step, name: name.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_read_as_it_was_written_and_nothing_else_is() {
        let named = |version, step: Option<&[u8]>| Tables {
            version,
            step: step.map(<[u8]>::to_vec),
            name: b"vault".to_vec(),
        };
        for tables in [Tables::first(), named(7, None), named(2, Some(b"")), named(u32::MAX, Some(b"here"))] {
            assert_eq!(Tables::from_bytes(&tables.to_bytes()), Some(tables.clone()));
            for cut in 0..7 {
                assert_eq!(Tables::from_bytes(&tables.to_bytes()[..cut]), None);
            }
        }
        for wrong in [
            &[2, 0, 0, 0, 1, 0, 0][..],
            &[1, 0, 0, 0, 0, 0, 0],
            &[1, 0, 0, 0, 1, 2, 0],
            &[1, 0, 0, 0, 1, 0, 3, b'a'],
        ] {
            assert_eq!(Tables::from_bytes(wrong), None, "{wrong:?}");
        }
    }
}
