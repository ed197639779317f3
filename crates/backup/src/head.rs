//! The small file that says how many files a chain has, so that one missing at the end is noticed.

use std::path::Path;

use freehold_keystore::Seed;
use hmac::Mac as _;
use serde::{Deserialize, Serialize};

use crate::FORMAT_VERSION;
use crate::chain::{ChainId, hex, unhex};
use crate::error::BackupError;
use crate::{files, folder, secrets};

const TYPE: &str = "freehold-backup-head";
/// Longest head in bytes: ours has under 300.
const HEAD_BYTES_MAX: u64 = 4096;

/// A chain's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) files: u64,
    /// SHA-256 of the last of them; zeros if there is none.
    pub(crate) last: [u8; 32],
    seal: [u8; 32],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    r#type: String,
    version: u32,
    chain: String,
    files: u64,
    last: String,
    seal: String,
}

#[derive(Deserialize)]
struct AnyText {
    r#type: String,
    version: u32,
}

/// Writes a chain's head in the place of the one before.
pub(crate) fn write(
    dir: &Path,
    chain: ChainId,
    files: u64,
    last: [u8; 32],
    seed: &Seed,
) -> Result<(), BackupError> {
    let path = folder::head(dir, chain);
    let seal: [u8; 32] = code(chain, files, &last, seed).finalize().into_bytes().into();
    files::replace(&path, Head { files, last, seal }.text(chain).as_bytes())
}

/// The one form of a head.
fn line(text: &Text) -> String {
    let json = serde_json::to_string(text).expect("texts and numbers are always JSON");
    format!("{json}\n")
}

/// Reads a chain's head; `None` if it is not there.
pub(crate) fn read(dir: &Path, chain: ChainId) -> Result<Option<Head>, BackupError> {
    let path = folder::head(dir, chain);
    let Some(bytes) = files::read_small(&path, HEAD_BYTES_MAX)? else { return Ok(None) };
    parse(&bytes, &path, chain).map(Some)
}

/// A head from its bytes.
pub(crate) fn parse(bytes: &[u8], path: &Path, chain: ChainId) -> Result<Head, BackupError> {
    let damaged = || BackupError::damaged(path, "is not what was written");
    let any: AnyText = serde_json::from_slice(bytes).map_err(|_| damaged())?;
    if any.r#type != TYPE {
        return Err(damaged());
    }
    if any.version != FORMAT_VERSION {
        let (found, supported) = (any.version, FORMAT_VERSION);
        return Err(BackupError::Format { file: path.to_owned(), found, supported });
    }
    let text: Text = serde_json::from_slice(bytes).map_err(|_| damaged())?;
    let mut head = Head { files: text.files, last: [0; 32], seal: [0; 32] };
    let is_good = line(&text).as_bytes() == bytes
        && text.chain == chain.to_string()
        && unhex(&text.last, &mut head.last)
        && unhex(&text.seal, &mut head.seal);
    if is_good { Ok(head) } else { Err(damaged()) }
}

impl Head {
    /// Its bytes.
    pub(crate) fn text(&self, chain: ChainId) -> String {
        line(&Text {
            r#type: TYPE.to_owned(),
            version: FORMAT_VERSION,
            chain: chain.to_string(),
            files: self.files,
            last: hex(&self.last),
            seal: hex(&self.seal),
        })
    }

    /// Whether this home wrote it.
    pub(crate) fn is_of(&self, chain: ChainId, seed: &Seed) -> bool {
        code(chain, self.files, &self.last, seed).verify_slice(&self.seal).is_ok()
    }
}

fn code(chain: ChainId, files: u64, last: &[u8; 32], seed: &Seed) -> hmac::Hmac<sha2::Sha256> {
    let parts: [&[u8]; 4] = [TYPE.as_bytes(), &chain.to_bytes(), &files.to_be_bytes(), last];
    parts.into_iter().fold(secrets::sealing(seed), |code, part| code.chain_update(part))
}
