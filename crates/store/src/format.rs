//! The small file beside sled's that says what the store is.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;

use subtle::ConstantTimeEq as _;

use crate::error::OpenError;
use crate::place::Place;

/// The format this build writes, and the newest it reads.
pub(crate) const FORMAT_VERSION: u32 = 2;

const FORMAT_FILE: &str = "format";
const FORMAT_WORD: &str = "freehold-store";
/// The file is two short lines; more is not ours.
const FILE_BYTES_MAX: u64 = 4096;

/// Checks the format file and gives the version in it; `None` if there is no file.
pub(crate) fn check(place: &Place, check_value: &[u8; 32]) -> Result<Option<u32>, OpenError> {
    const DAMAGED: OpenError = OpenError::Corrupt("its format file is not readable");
    let Some(text) = read_small(place)? else { return Ok(None) };
    let mut words = text.split_ascii_whitespace();
    if words.next() != Some(FORMAT_WORD) {
        return Err(DAMAGED);
    }
    let found: u32 = words.next().and_then(|word| word.parse().ok()).ok_or(DAMAGED)?;
    if found > FORMAT_VERSION {
        return Err(OpenError::NewerFormat { found, supported: FORMAT_VERSION });
    }
    let check = words.next().filter(|check| check.len() == 64).ok_or(DAMAGED)?;
    if found == 0 || words.next().is_some() || !check.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(DAMAGED);
    }
    if !bool::from(check.as_bytes().ct_eq(hex(check_value).as_bytes())) {
        return Err(OpenError::WrongKey);
    }
    Ok(Some(found))
}

/// Writes the format file, as a whole.
pub(crate) fn write(place: &Place, check_value: &[u8; 32], version: u32) -> io::Result<()> {
    let text = format!("{FORMAT_WORD} {version}\n{}\n", hex(check_value));
    place.replace(FORMAT_FILE, text.as_bytes())
}

/// Keeps the file as it is, durably, under the name `format.N` of its version, for whoever wants to go back to the program that
/// wrote it. It is kept before the first step, so a step that was cut has left it.
pub(crate) fn keep(place: &Place, version: u32) -> io::Result<()> {
    let Some(text) = read_small(place)? else { return Ok(()) };
    place.replace(&format!("{FORMAT_FILE}.{version}"), text.as_bytes())
}

fn read_small(place: &Place) -> io::Result<Option<String>> {
    let Some(file) = place.file(FORMAT_FILE, false)? else { return Ok(None) };
    let len = file.len()?;
    if len > FILE_BYTES_MAX {
        return Ok(Some(String::new()));
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Options that make a file for its owner alone.
pub(crate) fn private() -> OpenOptions {
    let mut options = File::options();
    options.read(true).write(true).create(true).mode(0o600);
    options
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
