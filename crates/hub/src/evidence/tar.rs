//! Plain tar archives (POSIX ustar) of small files: what every system unpacks.

use std::collections::BTreeMap;

/// Bytes of a block.
const BLOCK: usize = 512;

/// Longest name of a file here.
const NAME_BYTES_MAX: usize = 99;

/// Most bytes of an archive that is read: no evidence comes near.
pub(super) const ARCHIVE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What is wrong with an archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the archive is damaged, or no plain tar archive: {0}")]
pub(super) struct Damaged(&'static str);

/// An archive of files, in the order of their names; the same files give the same bytes.
pub(super) fn write(files: &BTreeMap<String, Vec<u8>>, mtime_secs: u64) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, bytes) in files {
        debug_assert!(name.len() <= NAME_BYTES_MAX, "names are made here");
        archive.extend(header(name, bytes.len(), mtime_secs));
        archive.extend(bytes);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    archive.resize(archive.len() + 2 * BLOCK, 0);
    archive
}

fn header(name: &str, size: usize, mtime_secs: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, format!("{mtime_secs:011o}\0").as_bytes());
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// The files of an archive. Only plain files with plain names are taken, each once.
pub(super) fn read(archive: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Damaged> {
    if archive.len() > ARCHIVE_BYTES_MAX {
        return Err(Damaged("it is too large"));
    }
    let mut files = BTreeMap::new();
    let mut rest = archive;
    loop {
        let (block, after) = rest.split_at_checked(BLOCK).ok_or(Damaged("it is cut off"))?;
        if block.iter().all(|byte| *byte == 0) {
            return if after.iter().all(|byte| *byte == 0) {
                Ok(files)
            } else {
                Err(Damaged("there is more behind its end"))
            };
        }
        let mut summed = block.to_vec();
        summed[148..156].fill(b' ');
        let sum: u32 = summed.iter().map(|byte| u32::from(*byte)).sum();
        if octal(&block[148..156]) != Some(u64::from(sum)) || &block[257..262] != b"ustar" {
            return Err(Damaged("a header is wrong"));
        }
        if !matches!(block[156], b'0' | 0) || block[345] != 0 {
            return Err(Damaged("it holds something else than plain files"));
        }
        let name = block[..100].split(|byte| *byte == 0).next().unwrap_or_default();
        let name =
            std::str::from_utf8(name).ok().filter(|name| is_plain(name)).ok_or(Damaged("a name is odd"))?;
        let size = octal(&block[124..136]).and_then(|size| usize::try_from(size).ok());
        let size = size.filter(|size| *size <= after.len()).ok_or(Damaged("it is cut off"))?;
        let (bytes, after) = after.split_at(size);
        if files.insert(name.to_owned(), bytes.to_vec()).is_some() {
            return Err(Damaged("a file is there twice"));
        }
        rest = after.get(size.next_multiple_of(BLOCK) - size..).ok_or(Damaged("it is cut off"))?;
    }
}

fn is_plain(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    name.split('/').all(part)
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> BTreeMap<String, Vec<u8>> {
        let file = |name: &str, size: usize| (name.to_owned(), vec![b'x'; size]);
        [file("README.txt", 0), file("a/b.json", 511), file("a/c.json", 512), file("d", 513)].into()
    }

    #[test]
    fn what_was_written_is_read_and_tar_reads_it_too() {
        let archive = write(&files(), 1_800_000_000);
        assert_eq!(read(&archive).unwrap(), files());
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.tar"), &archive).unwrap();
        let listed = std::process::Command::new("tar").args(["tf", "a.tar"]).current_dir(dir.path()).output();
        if let Ok(listed) = listed {
            assert!(listed.status.success(), "{listed:?}");
            assert_eq!(String::from_utf8_lossy(&listed.stdout), "README.txt\na/b.json\na/c.json\nd\n");
        }
    }

    #[test]
    fn a_damaged_archive_and_one_that_would_write_elsewhere_are_refused() {
        let archive = write(&files(), 0);
        for end in [0, 100, BLOCK, archive.len() - BLOCK - 1] {
            assert!(read(&archive[..end]).is_err(), "{end}");
        }
        let mut flipped = archive.clone();
        flipped[3] ^= 1;
        assert!(read(&flipped).is_err());
        for name in ["../a", "/a", "a//b", ".a", "a/../b", "a b"] {
            let one = [(name.to_owned(), Vec::new())].into();
            assert!(read(&write(&one, 0)).is_err(), "{name}");
        }
        let twice = [&archive[..archive.len() - 2 * BLOCK], &archive[..]].concat();
        assert!(read(&twice).is_err());
    }
}
