//! Files that are there as a whole or not at all.

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufReader, Read as _, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::error::BackupError;

/// Where a file is written before it gets its name.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.tmp"))
}

/// Makes a folder for its owner alone, durably, unless it is there.
pub(crate) fn make_dir(dir: &Path) -> Result<(), BackupError> {
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(BackupError::io(dir))?;
    dir.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_dir)
}

/// Writes a file under its temporary name and makes its bytes durable. Gives what `write` gives.
pub(crate) fn write_new<T>(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<T, BackupError>,
) -> Result<T, BackupError> {
    let temporary = temporary(path);
    let mut options = File::options();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(&temporary);
    let mut file = opened.map_err(BackupError::io(&temporary))?;
    let written = write(&mut file).and_then(|it| {
        file.sync_all().map_err(BackupError::io(&temporary))?;
        Ok(it)
    });
    if written.is_err() {
        // What is in it is of no use; the error at hand matters more.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Gives a file that was written its name, durably.
pub(crate) fn put_in_place(path: &Path) -> Result<(), BackupError> {
    fs::rename(temporary(path), path).map_err(BackupError::io(path))?;
    sync_dir(path.parent().unwrap_or(Path::new(".")))
}

/// Writes a small file in the place of the one that was there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    write_new(path, |file| file.write_all(bytes).map_err(BackupError::io(path)))?;
    put_in_place(path)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), BackupError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(BackupError::io(dir))
}

/// Removes a file; one that is not there is removed already.
pub(crate) fn remove(path: &Path) -> Result<(), BackupError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BackupError::io(path)(error)),
        _ => Ok(()),
    }
}

/// Reads a small file; `None` if it is not there. More than `bytes_max` is damage.
pub(crate) fn read_small(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, BackupError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(BackupError::io(path))?,
    };
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(BackupError::io(path))?;
    if bytes.len() as u64 > bytes_max {
        return Err(BackupError::damaged(path, "is too long"));
    }
    Ok(Some(bytes))
}

/// SHA-256 of a file, and its length in bytes.
pub(crate) fn hash(path: &Path) -> Result<([u8; 32], u64), BackupError> {
    /// Bytes read at a time.
    const CHUNK_BYTES: usize = 64 * 1024;
    let mut file = BufReader::new(File::open(path).map_err(BackupError::io(path))?);
    let (mut hash, mut length) = (Sha256::new(), 0);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok((hash.finalize().into(), length)),
            Ok(read) => {
                hash.update(&chunk[..read]);
                length += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(BackupError::io(path)(error)),
        }
    }
}
