//! What stands in a file once it is decrypted: a header, changes, an end, a seal. Each is a CBOR item after its length.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use freehold_protocol::cbor;
use freehold_protocol::time::Timestamp;
use freehold_store::{KEY_BYTES_MAX, STAMP_BYTES, Stamp, VALUE_BYTES_MAX};
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use crate::FORMAT_VERSION;
use crate::chain::CHAIN_BYTES;
use crate::error::BackupError;
use crate::state::STATE_BYTES;

/// What a header says that it is.
const TYPE: &str = "freehold-backup";
/// Longest item in bytes: a record of the greatest size, its stamp, and the names around them.
const ITEM_BYTES_MAX: usize = KEY_BYTES_MAX + VALUE_BYTES_MAX + 256;
/// Bytes of an item's length, big-endian.
const LENGTH_BYTES: usize = 4;

/// The first item.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    r#type: String,
    version: u32,
    /// The chain's name.
    #[serde(with = "serde_bytes")]
    pub(crate) chain: [u8; CHAIN_BYTES],
    /// The file's number, from 0.
    pub(crate) number: u64,
    /// SHA-256 of the file before; `None` for the first.
    #[serde(with = "serde_bytes")]
    pub(crate) previous: Option<[u8; 32]>,
    /// When it was made, by the node's clock.
    pub(crate) made: Timestamp,
    /// The store's number of its last batch.
    pub(crate) commit: u64,
    /// The home's words, for those who open it without them; `None` in a file for the words alone.
    pub(crate) words: Option<String>,
}

/// What every version's header has.
#[derive(Deserialize)]
struct AnyHeader {
    r#type: String,
    version: u32,
}

/// Any later item.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Item {
    Put {
        #[serde(with = "serde_bytes")]
        key: Vec<u8>,
        #[serde(with = "serde_bytes")]
        stamp: [u8; STAMP_BYTES],
        erasable: bool,
        #[serde(with = "serde_bytes")]
        value: Vec<u8>,
    },
    Delete(#[serde(with = "serde_bytes")] Vec<u8>),
    End(End),
    Seal(#[serde(with = "serde_bytes")] [u8; 32]),
}

/// What there is before the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    /// Records written.
    pub(crate) puts: u64,
    /// Records deleted.
    pub(crate) deletions: u64,
    /// Records that the store held.
    pub(crate) records: u64,
    /// The [`State`](crate::state::State) over them.
    #[serde(with = "serde_bytes")]
    pub(crate) state: [u8; STATE_BYTES],
}

/// A change of one record.
pub(crate) enum Change {
    Put { key: Vec<u8>, stamp: Stamp, erasable: bool, value: Zeroizing<Vec<u8>> },
    Delete { key: Vec<u8> },
}

impl Header {
    pub(crate) fn new(
        chain: [u8; CHAIN_BYTES],
        number: u64,
        previous: Option<[u8; 32]>,
        made: Timestamp,
        commit: u64,
        words: Option<String>,
    ) -> Self {
        Self {
            r#type: TYPE.to_owned(),
            version: FORMAT_VERSION,
            chain,
            number,
            previous,
            made,
            commit,
            words,
        }
    }
}

impl Drop for Header {
    fn drop(&mut self) {
        self.words.zeroize();
    }
}

/// Writes a file's items.
pub(crate) struct Writer<W: Write> {
    out: W,
    seal: Hmac<Sha256>,
    puts: u64,
    deletions: u64,
}

impl<W: Write> Writer<W> {
    pub(crate) fn begin(out: W, seal: Hmac<Sha256>, header: &Header) -> io::Result<Self> {
        let mut writer = Self { out, seal, puts: 0, deletions: 0 };
        writer.item(&Zeroizing::new(cbor::encode(header)))?;
        Ok(writer)
    }

    pub(crate) fn put(&mut self, key: &[u8], stamp: &Stamp, erasable: bool, value: &[u8]) -> io::Result<()> {
        self.puts += 1;
        let (key, value) = (key.to_vec(), value.to_vec());
        let mut put = Item::Put { key, stamp: *stamp.as_bytes(), erasable, value };
        let bytes = Zeroizing::new(cbor::encode(&put));
        if let Item::Put { value, .. } = &mut put {
            value.zeroize();
        }
        self.item(&bytes)
    }

    pub(crate) fn delete(&mut self, key: &[u8]) -> io::Result<()> {
        self.deletions += 1;
        self.item(&cbor::encode(&Item::Delete(key.to_vec())))
    }

    /// Writes end and seal, and gives back what it wrote to.
    pub(crate) fn finish(mut self, records: u64, state: [u8; STATE_BYTES]) -> io::Result<(W, End)> {
        let end = End { puts: self.puts, deletions: self.deletions, records, state };
        self.item(&cbor::encode(&Item::End(end)))?;
        let seal = self.seal.clone().finalize().into_bytes().into();
        self.item(&cbor::encode(&Item::Seal(seal)))?;
        Ok((self.out, end))
    }

    fn item(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?.to_be_bytes();
        for part in [&length[..], bytes] {
            self.seal.update(part);
            self.out.write_all(part)?;
        }
        Ok(())
    }
}

/// Reads a file's items and checks everything that the file says of itself.
pub(crate) struct Reader<R: Read> {
    input: R,
    file: PathBuf,
    seal: Option<Hmac<Sha256>>,
    item: Zeroizing<Vec<u8>>,
    puts: u64,
    deletions: u64,
}

impl<R: Read> Reader<R> {
    /// Reads the header; `seal` gives the code that the words in it, or those already known, make.
    pub(crate) fn begin(
        input: R,
        file: &Path,
        seal: impl FnOnce(&Header) -> Result<Hmac<Sha256>, BackupError>,
    ) -> Result<(Header, Self), BackupError> {
        let item = Zeroizing::new(Vec::new());
        let mut reader = Self { input, file: file.to_owned(), seal: None, item, puts: 0, deletions: 0 };
        reader.read_item()?;
        let not_ours = || BackupError::damaged(file, "holds no backup");
        let AnyHeader { r#type, version } = any_header(&reader.item).ok_or_else(not_ours)?;
        if r#type != TYPE {
            return Err(not_ours());
        }
        if version != FORMAT_VERSION {
            let (file, supported) = (file.to_owned(), FORMAT_VERSION);
            return Err(BackupError::Format { file, found: version, supported });
        }
        let header: Header = cbor::decode(&reader.item).map_err(|_| not_ours())?;
        let mut seal = seal(&header)?;
        let length = u32::try_from(reader.item.len()).map_err(|_| not_ours())?;
        seal.update(&length.to_be_bytes());
        seal.update(&reader.item);
        reader.seal = Some(seal);
        Ok((header, reader))
    }

    /// Gives each change to `take`, and checks end and seal.
    pub(crate) fn read(
        mut self,
        mut take: impl FnMut(Change) -> Result<(), BackupError>,
    ) -> Result<End, BackupError> {
        let end = loop {
            self.read_item()?;
            let item: Item =
                cbor::decode(&self.item).map_err(|_| self.damaged("holds an item of no known form"))?;
            let change = match item {
                Item::Put { key, stamp, erasable, value } => {
                    self.puts += 1;
                    Change::Put { key, stamp: Stamp::new(stamp), erasable, value: Zeroizing::new(value) }
                }
                Item::Delete(key) => {
                    self.deletions += 1;
                    Change::Delete { key }
                }
                Item::End(end) => break end,
                Item::Seal(_) => return Err(self.damaged("ends too early")),
            };
            self.authenticate();
            take(change)?;
        };
        self.authenticate();
        if (end.puts, end.deletions) != (self.puts, self.deletions) {
            return Err(self.damaged("holds more or less than it says"));
        }
        self.read_item()?;
        let Ok(Item::Seal(seal)) = cbor::decode::<Item>(&self.item) else {
            return Err(self.damaged("has no seal"));
        };
        if self.seal.take().is_none_or(|code| code.verify_slice(&seal).is_err()) {
            return Err(self.damaged("was not made by this home"));
        }
        match self.input.read(&mut [0]) {
            Ok(0) => Ok(end),
            Ok(_) => Err(self.damaged("goes on after its end")),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn authenticate(&mut self) {
        if let Some(seal) = &mut self.seal {
            // An item was read whole, so its length is within the limit.
            seal.update(&u32::try_from(self.item.len()).unwrap_or_default().to_be_bytes());
            seal.update(&self.item);
        }
    }

    fn read_item(&mut self) -> Result<(), BackupError> {
        let mut length = [0; LENGTH_BYTES];
        self.input.read_exact(&mut length).map_err(|error| self.failed(error))?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > ITEM_BYTES_MAX {
            return Err(self.damaged("holds an item over the limit"));
        }
        self.item.zeroize();
        self.item.resize(length, 0);
        let mut item = std::mem::take(&mut self.item);
        let read = self.input.read_exact(&mut item);
        self.item = item;
        read.map_err(|error| self.failed(error))
    }

    /// What the cipher refuses comes as an error of reading.
    fn failed(&self, error: io::Error) -> BackupError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("is cut short"),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => self.damaged("was changed"),
            _ => BackupError::io(&self.file)(error),
        }
    }

    fn damaged(&self, what: &'static str) -> BackupError {
        BackupError::damaged(&self.file, what)
    }
}

/// What any version says it is, whatever else it holds.
fn any_header(bytes: &[u8]) -> Option<AnyHeader> {
    cbor::decode(bytes).ok()
}

#[cfg(test)]
mod tests {
    use freehold_keystore::Seed;

    use super::*;
    use crate::secrets;

    const FILE: &str = "/folder/file.age";

    fn written(seed: &Seed, header: &Header) -> Vec<u8> {
        let mut writer = Writer::begin(Vec::new(), secrets::sealing(seed), header).unwrap();
        writer.put(b"key", &Stamp::new([7; STAMP_BYTES]), true, b"value").unwrap();
        writer.delete(b"gone").unwrap();
        writer.finish(1, [9; STATE_BYTES]).unwrap().0
    }

    fn header() -> Header {
        Header::new([1; CHAIN_BYTES], 3, Some([2; 32]), Timestamp::from_millis(5), 8, None)
    }

    fn read(bytes: &[u8], seed: &Seed) -> Result<(End, Vec<Vec<u8>>), BackupError> {
        let (_, reader) = Reader::begin(bytes, Path::new(FILE), |_| Ok(secrets::sealing(seed)))?;
        let mut keys = Vec::new();
        let end = reader.read(|change| {
            keys.push(match change {
                Change::Put { key, .. } | Change::Delete { key } => key,
            });
            Ok(())
        })?;
        Ok((end, keys))
    }

    #[test]
    fn what_is_written_is_read_and_every_other_byte_is_not() {
        let seed = Seed::generate().unwrap();
        let bytes = written(&seed, &header());
        let (end, keys) = read(&bytes, &seed).unwrap();
        assert_eq!((end.puts, end.deletions, end.records), (1, 1, 1));
        assert_eq!(keys, [b"key".to_vec(), b"gone".to_vec()]);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert!(read(&changed, &seed).is_err(), "byte {at}");
            assert!(read(&bytes[..at], &seed).is_err(), "cut to {at}");
        }
        assert!(read(&[&bytes[..], b"x"].concat(), &seed).is_err());
    }

    /// Anyone can encrypt to a recipient: what nobody else can make is the seal.
    #[test]
    fn a_file_that_somebody_else_made_is_refused() {
        let (seed, other) = (Seed::generate().unwrap(), Seed::generate().unwrap());
        let error = read(&written(&other, &header()), &seed).unwrap_err();
        assert!(error.to_string().contains("was not made by this home"), "{error}");
    }

    #[test]
    fn another_version_is_refused_by_its_number_whatever_else_it_holds() {
        for found in [0, FORMAT_VERSION + 1] {
            #[derive(Serialize)]
            struct Other {
                r#type: &'static str,
                version: u32,
                further: bool,
            }
            let seed = Seed::generate().unwrap();
            let item = cbor::encode(&Other { r#type: TYPE, version: found, further: true });
            let bytes = [&u32::try_from(item.len()).unwrap().to_be_bytes()[..], &item].concat();
            let error = read(&bytes, &seed).unwrap_err();
            assert_eq!(error.code(), "backup-format");
            assert!(matches!(error, BackupError::Format { found: it, .. } if it == found));
        }
    }
}
