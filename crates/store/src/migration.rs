//! How a store of an earlier format becomes one of today's.
//!
//! A step does what it does in one transaction, or in files beside it that an earlier program does not look at, and it may be
//! done twice; then the `format` file is replaced. A store whose migration was cut is therefore one of the earlier format, which
//! the earlier program opens and the next open brings up again, or one of the later. The `format` file of before is kept beside it
//! as `format.N`; `specs/versions.md` says how far that leads back. Otherwise there is no way back but a backup.

use crate::error::{Failure, OpenError};
use crate::format::{self, FORMAT_VERSION};
use crate::place::Place;
use crate::schema::{Schema, Tables, WriteNow as _};
use crate::writer::Writer;

/// A step of the store's own format.
type Step = fn(&mut Writer) -> Result<(), Failure>;

/// What made format 2 of format 1, and so on.
const STEPS: [Step; FORMAT_VERSION as usize - 1] = [
    // Since format 2 the tables say which version they are, and a program that knows only earlier ones refuses them. A store of
    // format 1 has tables of the first version, which nothing said.
    |writer| match Tables::load(writer.records()).map_err(Failure::Read)? {
        Some(_) => Ok(()),
        None => writer.write_now(|txn| Tables::first().put(txn)),
    },
];

/// Brings up the store's format, and then the caller's tables.
pub(crate) fn bring_up(
    place: &Place,
    writer: &mut Writer,
    found: u32,
    schema: Option<&Schema>,
) -> Result<(), OpenError> {
    if found < FORMAT_VERSION {
        format::keep(place, found)?;
    }
    for (to, step) in (2..).zip(STEPS).filter(|(to, _)| *to > found) {
        step(writer)?;
        format::write(place, writer.records().sealer.check_value(), to)?;
        tracing::info!(from = to - 1, to, "the store was brought to a newer format");
    }
    match schema {
        Some(schema) => {
            let found = Tables::load(writer.records())?;
            schema.bring_up(writer, found)
        }
        None => Ok(()),
    }
}
