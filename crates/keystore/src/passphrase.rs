//! What a person remembers, or a service manager hands over.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Least length of a passphrase, in characters: below 8 even Argon2id does not help (NIST SP 800-63B, 5.1.1).
pub const PASSPHRASE_CHARS_MIN: usize = 8;
/// Longest passphrase in bytes: more is a wrong file.
const PASSPHRASE_BYTES_MAX: usize = 1024;
/// The systemd credential that holds a passphrase.
const CREDENTIAL: &str = "freehold-passphrase";

/// A passphrase. Wiped when dropped; its `Debug` shows nothing.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Passphrase(Zeroizing<String>);

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// Nothing was given.
    #[error("the passphrase is empty")]
    Empty,
    /// Too few characters.
    #[error("the passphrase is too short: take at least {PASSPHRASE_CHARS_MIN} characters")]
    TooShort,
    /// Too many bytes.
    #[error(
        "the passphrase is longer than {PASSPHRASE_BYTES_MAX} bytes: check that the file is the right one"
    )]
    TooLong,
    /// The file is not text.
    #[error("the passphrase is not UTF-8 text: check that the file is the right one")]
    NotText,
    /// The file cannot be read.
    #[error("the passphrase file {path} cannot be read ({source}): check its path and its owner")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No service manager passed credentials.
    #[error("there is no $CREDENTIALS_DIRECTORY: set LoadCredential=freehold-passphrase:PATH in the unit")]
    NoCredentials,
}

impl Passphrase {
    /// Takes a passphrase.
    ///
    /// # Errors
    /// [`PassphraseError`] if it is empty, too short or too long.
    pub fn new(text: impl Into<Zeroizing<String>>) -> Result<Self, PassphraseError> {
        let text = text.into();
        if text.is_empty() {
            return Err(PassphraseError::Empty);
        }
        if text.len() > PASSPHRASE_BYTES_MAX {
            return Err(PassphraseError::TooLong);
        }
        if text.chars().count() < PASSPHRASE_CHARS_MIN {
            return Err(PassphraseError::TooShort);
        }
        Ok(Self(text))
    }

    /// Takes what somebody typed to open a home that is there: any text, however short, so that each wrong one is tried, costs
    /// and fails alike.
    ///
    /// # Errors
    /// [`PassphraseError::TooLong`].
    pub fn attempt(text: Zeroizing<String>) -> Result<Self, PassphraseError> {
        if text.len() > PASSPHRASE_BYTES_MAX { Err(PassphraseError::TooLong) } else { Ok(Self(text)) }
    }

    /// Reads a passphrase from a file and takes one newline from its end.
    ///
    /// # Errors
    /// [`PassphraseError`] if the file cannot be read or holds no acceptable passphrase.
    pub fn from_file(path: &Path) -> Result<Self, PassphraseError> {
        let failed = |source| PassphraseError::Io { path: path.to_owned(), source };
        // Room for the newline and for one byte too many; reserved, so that no copy is left by growing.
        let limit = PASSPHRASE_BYTES_MAX + 3;
        let mut bytes = Zeroizing::new(Vec::with_capacity(limit));
        File::open(path).map_err(failed)?.take(limit as u64).read_to_end(&mut bytes).map_err(failed)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| PassphraseError::NotText)?;
        let line = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        Self::new(line.to_owned())
    }

    /// Reads the systemd credential `freehold-passphrase`: `$CREDENTIALS_DIRECTORY/freehold-passphrase`.
    ///
    /// # Errors
    /// [`PassphraseError::NoCredentials`] outside such a unit, and as [`Passphrase::from_file`].
    pub fn from_credential() -> Result<Self, PassphraseError> {
        let dir = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or(PassphraseError::NoCredentials)?;
        Self::from_file(&PathBuf::from(dir).join(CREDENTIAL))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}
