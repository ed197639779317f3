//! What the home remembers of the backup that was made last, in whichever folder. It is encrypted as a backup is.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use age::{Decryptor, Encryptor};
use freehold_keystore::Seed;
use freehold_protocol::cbor;
use freehold_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::chain::{CHAIN_BYTES, ChainId};
use crate::error::BackupError;
use crate::files;
use crate::secrets::{self, Opener};

const FILE: &str = "last";
/// The form of this file. One of another form is as good as none: the next backup writes it anew.
const VERSION: u32 = 1;
/// Longest file that is read: a path, some numbers and what encryption adds.
const BYTES_MAX: u64 = 64 * 1024;

/// The last backup of a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// When it was made, or found that nothing had changed.
    pub at: Timestamp,
    /// The folder: its whole path.
    pub dir: PathBuf,
    /// The chain.
    pub chain: ChainId,
    /// The number of the last file in it.
    pub number: u64,
}

#[derive(Serialize, Deserialize)]
struct Form {
    version: u32,
    at: Timestamp,
    #[serde(with = "serde_bytes")]
    dir: Vec<u8>,
    #[serde(with = "serde_bytes")]
    chain: [u8; CHAIN_BYTES],
    number: u64,
}

/// Writes it, durably.
pub(crate) fn write(index_dir: &Path, last: &Last, seed: &Seed) -> Result<(), BackupError> {
    let form = Form {
        version: VERSION,
        at: last.at,
        dir: last.dir.as_os_str().as_bytes().to_vec(),
        chain: last.chain.to_bytes(),
        number: last.number,
    };
    let path = index_dir.join(FILE);
    let own = secrets::own_recipient(seed);
    files::write_new(&path, |file| {
        let encrypted = || {
            let encryptor = Encryptor::with_recipients(std::iter::once(&own as &dyn age::Recipient));
            let mut out = encryptor.map_err(io::Error::other)?.wrap_output(BufWriter::new(file))?;
            out.write_all(&cbor::encode(&form))?;
            out.finish()?.flush()
        };
        encrypted().map_err(BackupError::io(&path))
    })?;
    files::put_in_place(&path)
}

/// Reads it; `None` if it is not there, damaged, or of another form.
pub(crate) fn read(index_dir: &Path, seed: &Seed) -> Option<Last> {
    let file = BufReader::new(File::open(index_dir.join(FILE)).ok()?.take(BYTES_MAX));
    let opener = Opener::words(seed.clone());
    let mut bytes = Vec::new();
    Decryptor::new_buffered(file).ok()?.decrypt(opener.keys()).ok()?.read_to_end(&mut bytes).ok()?;
    let form: Form = cbor::decode(&bytes).ok()?;
    (form.version == VERSION).then(|| Last {
        at: form.at,
        dir: PathBuf::from(OsString::from_vec(form.dir)),
        chain: ChainId::from_bytes(form.chain),
        number: form.number,
    })
}
