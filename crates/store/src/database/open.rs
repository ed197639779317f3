//! Opening a store in a database: the format, the key, the tables.

use std::sync::Arc;

use subtle::ConstantTimeEq as _;

use crate::database::pages::Committed;
use crate::database::writer::{DatabaseWriter, WRITER_BYTES};
use crate::database::{Change, CommitError, Database, Spread};
use crate::error::OpenError;
use crate::record_keys::RecordKeys;
use crate::records::{Records, SPACE_OWN};
use crate::schema::{Schema, Tables, WriteNow as _};
use crate::seal::{HomeKey, Sealer};
use crate::store::Options;
use crate::tree::Tree;
use crate::writer::HEAD_KEY;

/// The format of the rows that this build writes, and the newest it reads.
const FORMAT_VERSION: u32 = 1;
/// Key of the row that says it.
const FORMAT_KEY: [u8; 2] = [SPACE_OWN, b'f'];

/// Opens or makes a store in a database. It may block.
pub(crate) fn open(
    database: Arc<dyn Database>,
    spread: Spread,
    key: &HomeKey,
    options: Options,
    schema: Option<&Schema>,
) -> Result<(Arc<Records>, DatabaseWriter), OpenError> {
    let sealer = Arc::new(Sealer::new(key));
    check(database.as_ref(), &sealer)?;
    let mut writer = [0; WRITER_BYTES];
    crate::entropy::fill(&mut writer)?;
    let source = Committed { database: Arc::clone(&database), spread };
    let records = Arc::new(Records {
        tree: Tree::Database(Arc::new(source)),
        sealer: Arc::clone(&sealer),
        keys: RecordKeys::beside(),
        observer: Arc::default(),
        _lock: None,
    });
    let observer = Arc::clone(&records.observer);
    let mut writer = DatabaseWriter::new(database, spread, sealer, writer, options.cache_bytes, observer);
    // Reads the head, so that it is known whether anything was ever written.
    writer.write_now(|_| Ok(()))?;
    if let Some(schema) = schema {
        let tables = Tables::load(&records)?;
        schema.check(tables.as_ref())?;
        schema.bring_up(&mut writer, tables)?;
    }
    Ok((records, writer))
}

/// Checks the row of the format, and makes it where nothing was ever written.
fn check(database: &dyn Database, sealer: &Sealer) -> Result<(), OpenError> {
    const DAMAGED: OpenError = OpenError::Corrupt("the row of its format is not readable");
    let mut batch = database.begin()?;
    if let Some(row) = batch.row(&[], &FORMAT_KEY)? {
        let (version, check) = row.value.split_first_chunk().ok_or(DAMAGED)?;
        let found = u32::from_be_bytes(*version);
        if found > FORMAT_VERSION {
            return Err(OpenError::NewerFormat { found, supported: FORMAT_VERSION });
        }
        if found == 0 || check.len() != sealer.check_value().len() {
            return Err(DAMAGED);
        }
        let same = bool::from(check.ct_eq(sealer.check_value().as_slice()));
        return if same { Ok(()) } else { Err(OpenError::WrongKey) };
    }
    if batch.row(&[], &HEAD_KEY)?.is_some() {
        return Err(OpenError::Corrupt("the row of its format is missing"));
    }
    let value = [&FORMAT_VERSION.to_be_bytes()[..], sealer.check_value()].concat();
    let format = Change { part: Vec::new(), key: FORMAT_KEY.to_vec(), value: Some(value), secret: None };
    // Whether it is there is found out by the next attempt, if it is not said.
    match batch.commit(&[format], &[]) {
        Ok(()) => Ok(()),
        Err(CommitError::Not(error) | CommitError::Unknown(error)) => Err(error.into()),
    }
}
