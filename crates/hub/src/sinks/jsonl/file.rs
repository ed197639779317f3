//! The file itself: whole lines, on disk.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Bytes at the file's end that are searched for the end of its last whole line.
const TAIL_BYTES: u64 = 8 * 1024 * 1024;

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

pub(super) fn append(path: &Path, lines: &[u8]) -> io::Result<()> {
    let mut file = open(path)?;
    file.write_all(lines)?;
    file.sync_data()
}

/// Cuts a line that a crash left unfinished: its event is written again.
pub(super) fn mend(path: &Path) -> io::Result<()> {
    let mut file = open(path)?;
    let length = file.metadata()?.len();
    let start = length.saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    if tail.last().is_none_or(|byte| *byte == b'\n') {
        return Ok(());
    }
    match tail.iter().rposition(|byte| *byte == b'\n') {
        Some(end) => file.set_len(start + end as u64 + 1)?,
        None if start == 0 => file.set_len(0)?,
        None => file.write_all(b"\n")?,
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_line_is_cut_and_whole_ones_stay() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.jsonl");
        for (before, after) in [("", ""), ("{}\n", "{}\n"), ("{}\n{\"a\"", "{}\n"), ("{\"a", "")] {
            std::fs::write(&path, before).unwrap();
            mend(&path).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
        }
    }
}
