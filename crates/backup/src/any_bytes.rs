//! What reads the bytes of a folder, for a fuzzer: it gives what was accepted as it would be written.

use std::path::Path;

use age::Decryptor;
use freehold_keystore::Seed;
use freehold_protocol::cbor;
use hmac::Mac as _;
use serde_bytes::ByteBuf;

use crate::chain::ChainId;
use crate::form::{Change, Reader, Writer};
use crate::secrets::{self, Opener};
use crate::{BackupError, head};

/// Reads the items of a decrypted file. A seal is put behind them, which nobody could guess.
///
/// # Errors
/// What the reader of a backup says.
pub fn items(bytes: &[u8], seed: &Seed) -> Result<Vec<u8>, BackupError> {
    let seal: [u8; 32] = secrets::sealing(seed).chain_update(bytes).finalize().into_bytes().into();
    let item = cbor::encode(&std::collections::BTreeMap::from([("seal", ByteBuf::from(seal.to_vec()))]));
    let length = u32::try_from(item.len()).unwrap_or_default().to_be_bytes();
    let written = rewritten([bytes, &length, &item].concat().as_slice(), seed)?;
    Ok(written[..written.len() - length.len() - item.len()].to_vec())
}

/// Reads a file as it lies in the folder, with the words.
///
/// # Errors
/// What the reader of a backup says.
pub fn file(bytes: &[u8], seed: &Seed) -> Result<Vec<u8>, BackupError> {
    let opener = Opener::words(seed.clone());
    let plain = Decryptor::new_buffered(bytes).and_then(|file| file.decrypt(opener.keys()));
    let plain = plain.map_err(|_| BackupError::damaged(Path::new(""), "does not open"))?;
    rewritten(plain, seed)
}

/// Reads a chain's head.
///
/// # Errors
/// What the reader of a backup says.
pub fn chain_head(bytes: &[u8], chain: ChainId) -> Result<String, BackupError> {
    Ok(head::parse(bytes, Path::new(""), chain)?.text(chain))
}

fn rewritten(plain: impl std::io::Read, seed: &Seed) -> Result<Vec<u8>, BackupError> {
    let (header, reader) = Reader::begin(plain, Path::new(""), |_| Ok(secrets::sealing(seed)))?;
    let failed = || BackupError::io(Path::new(""));
    let mut writer = Writer::begin(Vec::new(), secrets::sealing(seed), &header).map_err(failed())?;
    let end = reader.read(|change| {
        match change {
            Change::Put { key, stamp, erasable, value } => writer.put(&key, &stamp, erasable, &value),
            Change::Delete { key } => writer.delete(&key),
        }
        .map_err(failed())
    })?;
    Ok(writer.finish(end.records, end.state).map_err(failed())?.0)
}
