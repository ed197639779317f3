//! Test vectors that others published, which are not part of this repository.
//!
//! They lie in `../shared/vectors` beside the checkout, or in the folder that [`FOLDER_VARIABLE`] names. Where
//! there are none, a test says what it skipped.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The environment variable that names the folder of foreign vectors. A folder named here must be there.
pub const FOLDER_VARIABLE: &str = "FREEHOLD_FOREIGN_VECTORS";

/// One set of foreign vectors, such as `jcs-rfc8785`.
#[derive(Debug, Clone)]
pub struct Vectors(PathBuf);

impl Vectors {
    /// Finds a set by its folder's name; `None` after a line on standard error that says what is skipped.
    ///
    /// # Panics
    /// When [`FOLDER_VARIABLE`] is set but holds no such set.
    #[must_use]
    pub fn find(set: &str) -> Option<Self> {
        let named = env::var_os(FOLDER_VARIABLE).map(PathBuf::from);
        let folder = named.clone().unwrap_or_else(beside_checkout).join(set);
        if folder.is_dir() {
            return Some(Self(folder));
        }
        assert!(named.is_none(), "{FOLDER_VARIABLE} is set, but there is no folder {}", folder.display());
        let skipped =
            format!("skipped: no foreign vectors `{set}`; name their folder in {FOLDER_VARIABLE}\n");
        io::stderr().write_all(skipped.as_bytes()).expect("standard error takes a line");
        None
    }

    /// The text of one file, without white space at its end.
    ///
    /// # Panics
    /// When it cannot be read: a set that is there is whole.
    #[must_use]
    pub fn text(&self, file: &str) -> String {
        let path = self.0.join(file);
        let text =
            fs::read_to_string(&path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
        text.trim_end().to_owned()
    }

    /// One file, parsed as JSON.
    ///
    /// # Panics
    /// When it cannot be read or is no JSON.
    #[must_use]
    pub fn json(&self, file: &str) -> Value {
        serde_json::from_str(&self.text(file)).unwrap_or_else(|e| panic!("{file} is no JSON: {e}"))
    }

    /// The names of the files in a folder of the set, sorted.
    ///
    /// # Panics
    /// When the folder cannot be read or is empty.
    #[must_use]
    pub fn names(&self, folder: &str) -> Vec<String> {
        let path = self.0.join(folder);
        let entries = fs::read_dir(&path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry.expect("a folder's entry can be read").file_name().to_string_lossy().into_owned()
            })
            .collect();
        assert!(!names.is_empty(), "{} is empty", path.display());
        names.sort();
        names
    }
}

/// Bytes written as hexadecimal digits; white space between them is passed over.
///
/// # Panics
/// On anything that is no pair of hexadecimal digits.
#[must_use]
pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).unwrap_or_else(|| panic!("{c:?} is no hexadecimal digit")))
        .collect();
    assert!(digits.len().is_multiple_of(2), "an odd number of hexadecimal digits");
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits make a byte"))
        .collect()
}

fn beside_checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors")
}
