//! What a crash leaves of files that sled was about to write, and cannot read when it is opened again.

use std::fs;
use std::io;
use std::path::Path;

use crate::error::OpenError;

/// How sled names a snapshot of its index that it has not finished. It takes one for a finished snapshot when it is
/// opened, finds it torn, and refuses the whole log.
const SNAPSHOT: (&str, &str) = ("snap.", ".generating");
/// Longest log of a store whose making was interrupted: nothing was written to it but sled's own first records, under
/// 200 bytes.
const LOG_BYTES_MAX: u64 = 4096;

/// Removes snapshots that were not finished; the log holds all that they would.
pub(crate) fn remove_snapshots(dir: &Path) -> io::Result<()> {
    remove(dir, |name| name.starts_with(SNAPSHOT.0) && name.ends_with(SNAPSHOT.1))
}

/// Removes what sled wrote, so that the making of a store begins anew: sled syncs neither its `conf` nor the first
/// records of its log by itself, and refuses them torn. A log that holds more was in use, and is kept.
pub(crate) fn remove_making(dir: &Path) -> Result<(), OpenError> {
    let log_bytes = match fs::metadata(dir.join("db")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        about => about?.len(),
    };
    if log_bytes > LOG_BYTES_MAX {
        return Err(OpenError::Corrupt("its witness file is missing"));
    }
    remove(dir, |name| name == "conf" || name == "db" || name.starts_with(SNAPSHOT.0))?;
    Ok(())
}

fn remove(dir: &Path, is_unfinished: impl Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(&is_unfinished) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
