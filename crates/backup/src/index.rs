//! What the home remembers of its last backup: the stamp of each record, and who can open it. It is encrypted as a backup
//! is, since the home's disk shall show sizes at most.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use age::{Decryptor, Encryptor};
use freehold_keystore::Seed;
use freehold_protocol::cbor;
use freehold_protocol::time::Timestamp;
use freehold_store::{Key, STAMP_BYTES, Stamp};
use serde::{Deserialize, Serialize};

use crate::chain::{CHAIN_BYTES, ChainId};
use crate::error::BackupError;
use crate::files;
use crate::secrets::{self, Opener, Recipient};

const FILE_END: &str = ".index";
/// The form of this file. One of another form is as good as none: the next backup is a full one.
const VERSION: u32 = 1;

/// What is remembered of the last file of a chain.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    pub(crate) chain: ChainId,
    pub(crate) number: u64,
    /// SHA-256 of that file.
    pub(crate) file: [u8; 32],
    pub(crate) made: Timestamp,
    pub(crate) recipients: Vec<Recipient>,
    pub(crate) stamps: HashMap<Key, Stamp>,
}

#[derive(Serialize, Deserialize)]
struct Form {
    version: u32,
    #[serde(with = "serde_bytes")]
    chain: [u8; CHAIN_BYTES],
    number: u64,
    #[serde(with = "serde_bytes")]
    file: [u8; 32],
    made: Timestamp,
    recipients: Vec<String>,
    stamps: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
struct Row(#[serde(with = "serde_bytes")] Vec<u8>, #[serde(with = "serde_bytes")] [u8; STAMP_BYTES]);

/// Where it lies.
pub(crate) fn path(dir: &Path, chain: ChainId, number: u64) -> PathBuf {
    dir.join(format!("{chain}-{number}{FILE_END}"))
}

/// Writes it, durably, under the name of its file.
pub(crate) fn write(dir: &Path, index: &Index, seed: &Seed) -> Result<(), BackupError> {
    let mut stamps: Vec<Row> =
        index.stamps.iter().map(|(key, stamp)| Row(key.as_bytes().to_vec(), *stamp.as_bytes())).collect();
    stamps.sort_by(|a, b| a.0.cmp(&b.0));
    let form = Form {
        version: VERSION,
        chain: index.chain.to_bytes(),
        number: index.number,
        file: index.file,
        made: index.made,
        recipients: index.recipients.iter().map(|recipient| recipient.as_str().to_owned()).collect(),
        stamps,
    };
    let bytes = cbor::encode(&form);
    let path = path(dir, index.chain, index.number);
    let own = secrets::own_recipient(seed);
    files::write_new(&path, |file| {
        let encrypted = || {
            let encryptor = Encryptor::with_recipients(std::iter::once(&own as &dyn age::Recipient));
            let mut out = encryptor.map_err(io::Error::other)?.wrap_output(BufWriter::new(file))?;
            out.write_all(&bytes)?;
            out.finish()?.flush()
        };
        encrypted().map_err(BackupError::io(&path))
    })?;
    files::put_in_place(&path)
}

/// Reads it; `None` if it is not there, damaged, or of another form.
pub(crate) fn read(dir: &Path, chain: ChainId, number: u64, seed: &Seed) -> Option<Index> {
    let file = BufReader::new(File::open(path(dir, chain, number)).ok()?);
    let opener = Opener::words(seed.clone());
    let mut bytes = Vec::new();
    Decryptor::new_buffered(file).ok()?.decrypt(opener.keys()).ok()?.read_to_end(&mut bytes).ok()?;
    let form: Form = cbor::decode(&bytes).ok()?;
    let recipients: Result<Vec<Recipient>, _> =
        form.recipients.iter().map(|text| Recipient::parse(text)).collect();
    let is_it = form.version == VERSION && form.chain == chain.to_bytes() && form.number == number;
    is_it.then_some(Index {
        chain,
        number,
        file: form.file,
        made: form.made,
        recipients: recipients.ok()?,
        stamps: form
            .stamps
            .into_iter()
            .map(|Row(key, stamp)| (Key::from_bytes(key), Stamp::new(stamp)))
            .collect(),
    })
}
