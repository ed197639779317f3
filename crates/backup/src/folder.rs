//! What lies in the folder of a backup, by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::chain::ChainId;
use crate::error::BackupError;

const PREFIX: &str = "freehold-";
const FILE_END: &str = ".age";
const HEAD_END: &str = ".head";
/// Digits of a file's number, so that names sort; a number that needs more has more.
const NUMBER_DIGITS: usize = 6;

/// A chain's files.
#[derive(Debug, Default, Clone)]
pub(crate) struct Listed {
    pub(crate) numbers: BTreeSet<u64>,
    pub(crate) head: bool,
}

pub(crate) fn file(dir: &Path, chain: ChainId, number: u64) -> PathBuf {
    dir.join(format!("{PREFIX}{chain}-{number:0NUMBER_DIGITS$}{FILE_END}"))
}

pub(crate) fn head(dir: &Path, chain: ChainId) -> PathBuf {
    dir.join(format!("{PREFIX}{chain}{HEAD_END}"))
}

/// The chains in a folder; what has other names is not looked at.
pub(crate) fn list(dir: &Path) -> Result<BTreeMap<ChainId, Listed>, BackupError> {
    let mut chains: BTreeMap<ChainId, Listed> = BTreeMap::new();
    for entry in fs::read_dir(dir).map_err(BackupError::io(dir))? {
        let name = entry.map_err(BackupError::io(dir))?.file_name();
        let Some(name) = name.to_str() else { continue };
        if let Some((chain, number)) = parse_file(name) {
            chains.entry(chain).or_default().numbers.insert(number);
        } else if let Some(chain) = parse_head(name) {
            chains.entry(chain).or_default().head = true;
        }
    }
    Ok(chains)
}

fn parse_file(name: &str) -> Option<(ChainId, u64)> {
    let (chain, digits) = name.strip_prefix(PREFIX)?.strip_suffix(FILE_END)?.split_once('-')?;
    let number: u64 = digits.parse().ok()?;
    // One name for one number.
    (format!("{number:0NUMBER_DIGITS$}") == digits).then_some((ChainId::parse(chain)?, number))
}

fn parse_head(name: &str) -> Option<ChainId> {
    ChainId::parse(name.strip_prefix(PREFIX)?.strip_suffix(HEAD_END)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written_and_in_no_other_form() {
        let chain = ChainId::from_bytes([0xab; 8]);
        for number in [0, 7, 999_999, 1_000_000] {
            let path = file(Path::new("/b"), chain, number);
            let name = path.file_name().unwrap().to_str().unwrap();
            assert_eq!(parse_file(name), Some((chain, number)), "{name}");
        }
        let wrong = [
            "freehold-abababababababab-00000.age",
            "freehold-abababababababab-0000000.age",
            "freehold-ABABABABABABABAB-000000.age",
            "freehold-abab-000000.age",
            ".freehold-abababababababab-000000.age.tmp",
        ];
        for name in wrong {
            assert_eq!(parse_file(name), None, "{name}");
        }
        assert_eq!(parse_head("freehold-abababababababab.head"), Some(chain));
    }
}
