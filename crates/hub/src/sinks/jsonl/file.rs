//! The file itself: whole lines, on disk.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Bytes at the file's end that are searched for the end of its last whole line.
const TAIL_BYTES: u64 = 8 * 1024 * 1024;

/// A file of lines at a path. The vendor may move it away at any time: then the next lines begin a new one.
#[derive(Debug, Clone)]
pub(super) struct LineFile {
    path: PathBuf,
    disk: Disk,
}

/// What makes bytes outlast a loss of power; tests have one that fails.
#[derive(Debug, Clone, Copy)]
struct Disk {
    lines: fn(&File) -> io::Result<()>,
    folder: fn(&Path) -> io::Result<()>,
}

impl LineFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, disk: Disk { lines: File::sync_data, folder: sync_folder } }
    }

    /// Appends lines. They are on disk then. After a failure none of them is left, as far as the disk allows: the next
    /// attempt writes all of them, and what is there already would stand there twice.
    pub(super) fn append(&self, lines: &[u8]) -> io::Result<()> {
        let mut file = self.open()?;
        let before = file.metadata()?.len();
        let written = file.write_all(lines).and_then(|()| (self.disk.lines)(&file));
        // A vendor may have cut the file meanwhile: it is never made longer.
        if written.is_err() && file.metadata()?.len() > before {
            file.set_len(before)?;
        }
        written
    }

    /// Cuts a line that a crash left unfinished: its event is written again. The file is there then, and on disk.
    pub(super) fn mend(&self) -> io::Result<()> {
        let mut file = self.open()?;
        // A crash, or a failure, between the making of the file and the sync of its folder.
        (self.disk.folder)(&self.path)?;
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

    /// Opens the file, or makes it: then its name is on disk too, or a loss of power would take the file with every
    /// line in it.
    fn open(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).append(true);
        match options.open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        let file = options.create(true).mode(0o600).open(&self.path)?;
        (self.disk.folder)(&self.path)?;
        Ok(file)
    }
}

/// Syncs the folder that a file is in.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken<T: ?Sized>(_: &T) -> io::Result<()> {
        Err(io::Error::other("a broken disk"))
    }

    #[test]
    fn an_unfinished_line_is_cut_and_whole_ones_stay() {
        let dir = tempfile::tempdir().unwrap();
        let file = LineFile::new(dir.path().join("events.jsonl"));
        for (before, after) in [("", ""), ("{}\n", "{}\n"), ("{}\n{\"a\"", "{}\n"), ("{\"a", "")] {
            std::fs::write(&file.path, before).unwrap();
            file.mend().unwrap();
            assert_eq!(std::fs::read_to_string(&file.path).unwrap(), after);
        }
    }

    #[test]
    fn a_new_file_counts_only_once_its_folder_is_on_disk() {
        let dir = tempfile::tempdir().unwrap();
        let good = LineFile::new(dir.path().join("events.jsonl"));
        let bad = LineFile { disk: Disk { folder: broken, ..good.disk }, ..good.clone() };
        bad.append(b"{}\n").unwrap_err();
        assert_eq!(std::fs::read(&good.path).unwrap(), b"");
        // The file is there now, and its name still not on disk.
        bad.mend().unwrap_err();
        good.mend().unwrap();
        good.append(b"{}\n").unwrap();
        bad.append(b"{}\n").unwrap();
        // Moved away while the hub runs.
        std::fs::rename(&good.path, dir.path().join("yesterday.jsonl")).unwrap();
        bad.append(b"{}\n").unwrap_err();
    }

    #[test]
    fn lines_that_did_not_reach_the_disk_are_not_there_twice_after_the_next_attempt() {
        let dir = tempfile::tempdir().unwrap();
        let good = LineFile::new(dir.path().join("events.jsonl"));
        let bad = LineFile { disk: Disk { lines: broken, ..good.disk }, ..good.clone() };
        good.append(b"1\n").unwrap();
        bad.append(b"2\n3\n").unwrap_err();
        good.append(b"2\n3\n").unwrap();
        assert_eq!(std::fs::read_to_string(&good.path).unwrap(), "1\n2\n3\n");
    }
}
