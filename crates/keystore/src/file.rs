//! The seed's file.
//!
//! JSON: `type`, `version`, `cost` and `salt` for Argon2id, `nonce`, `sealed` (XChaCha20-Poly1305 with the header as
//! associated data), and `check`, SHA-256 over all of them, which tells a damaged file from a wrong passphrase. Bytes
//! are lower-case hex.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Version};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::cost::Cost;
use crate::passphrase::Passphrase;
use crate::seed::{SEED_BYTES, Seed};

/// The version of the file that this build writes, and the newest it reads.
const FILE_VERSION: u32 = 1;
/// What the file says it is.
const FILE_TYPE: &str = "freehold-seed";
/// Longest file in bytes: ours has under 600.
const FILE_BYTES_MAX: u64 = 4096;
/// Bits of the mode that let others than the owner in.
const MODE_OTHERS: u32 = 0o077;

const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Why no file was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// There is one already; it is never overwritten.
    #[error("there is a key file already at {0}: open it, or move it away")]
    Exists(PathBuf),
    /// The cost is out of bounds.
    #[error("the cost of the passphrase is out of bounds")]
    Cost,
    /// The file system failed.
    #[error("the key file cannot be written ({0}): check the folder, its owner and the disk")]
    Io(#[from] io::Error),
}

/// Why a file does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is none.
    #[error("there is no key file at {0}: check the home's path, or restore it from the words")]
    NotFound(PathBuf),
    /// The passphrase is not the one it was made with.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// A newer program wrote it.
    #[error(
        "the key file has version {found} and this program reads up to {supported}: install a newer version"
    )]
    NewerFormat {
        /// The version found.
        found: u32,
        /// The newest this build reads.
        supported: u32,
    },
    /// It is damaged, or something else.
    #[error("the key file is damaged ({0}): restore it from a backup or from the words")]
    Malformed(&'static str),
    /// Others than its owner may use it.
    #[error("the key file {path} is open to others (mode {mode:03o}): run chmod 600 on it")]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file system failed.
    #[error("the key file cannot be read ({0}): check its path and its owner")]
    Io(#[from] io::Error),
}

/// Why the passphrase is still the old one.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The file does not open with the old passphrase.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The new file cannot be written.
    #[error(transparent)]
    Create(#[from] CreateError),
}

/// Makes the file of a seed, for its owner alone. When it returns, the file is on disk.
///
/// # Errors
/// [`CreateError`]; a file that is there is never touched.
pub fn create(path: &Path, seed: &Seed, passphrase: &Passphrase, cost: Cost) -> Result<(), CreateError> {
    if path.symlink_metadata().is_ok() {
        return Err(CreateError::Exists(path.to_owned()));
    }
    write(path, &seal(seed, passphrase, cost)?, Replace::Never)
}

/// Opens the file of a seed. A wrong passphrase, a damaged seed and a right one take the same work: the passphrase is stretched
/// before anything is compared.
///
/// # Errors
/// [`OpenError`]. A file that was tampered with on purpose may read as [`OpenError::WrongPassphrase`].
pub fn open(path: &Path, passphrase: &Passphrase) -> Result<Seed, OpenError> {
    unseal(&read(path)?, passphrase)
}

/// What guessing the passphrase of a file costs, as the file says in the open.
///
/// # Errors
/// [`OpenError`]; never [`OpenError::WrongPassphrase`].
pub fn cost(path: &Path) -> Result<Cost, OpenError> {
    Ok(parse(&read(path)?)?.cost)
}

fn read(path: &Path) -> Result<Vec<u8>, OpenError> {
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => OpenError::NotFound(path.to_owned()),
        _ => OpenError::Io(error),
    })?;
    let mode = file.metadata()?.permissions().mode() & 0o777;
    if mode & MODE_OTHERS != 0 {
        return Err(OpenError::Permissions { path: path.to_owned(), mode });
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(OpenError::Malformed("it is too long"));
    }
    Ok(bytes)
}

/// What became of the file that a change replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldFile {
    /// Its bytes were written over.
    Wiped,
    /// Its bytes could not be written over, or it has another name elsewhere: the old passphrase opens them.
    Kept,
}

/// Puts the seed under a new passphrase. A crash at any moment leaves the old file or the new one, whole. The bytes of the old
/// one are written over in place; a file system or drive that copies on write may keep them for a while, and a copy that was
/// made of the file opens with the old passphrase for ever.
///
/// # Errors
/// [`ChangeError`]; the old passphrase still holds then.
pub fn change_passphrase(
    path: &Path,
    old: &Passphrase,
    new: &Passphrase,
    cost: Cost,
) -> Result<OldFile, ChangeError> {
    let seed = open(path, old)?;
    // Before the new file has its place: afterwards nothing has the old one's name.
    let replaced = File::options().write(true).open(path);
    write(path, &seal(&seed, new, cost)?, Replace::Old)?;
    let wiped = replaced.and_then(|file| wipe_unnamed(&file));
    Ok(if matches!(wiped, Ok(true)) { OldFile::Wiped } else { OldFile::Kept })
}

/// Removes what a crash left of a file that was being written: it holds the seed under a passphrase that never came to be.
/// Nobody else may be writing to the home.
///
/// # Errors
/// The file system's.
pub fn remove_unfinished(path: &Path) -> io::Result<()> {
    let (dir, temporary) = temporary(path)?;
    match File::options().write(true).open(&temporary) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => {
            let file = opened?;
            fs::remove_file(&temporary)?;
            wipe_unnamed(&file)?;
        }
    }
    File::open(dir)?.sync_all()
}

/// Writes zeros over a file that has no name any more. False if it has one, somewhere.
fn wipe_unnamed(file: &File) -> io::Result<bool> {
    let about = file.metadata()?;
    if about.nlink() != 0 {
        return Ok(false);
    }
    file.write_all_at(&vec![0; usize::try_from(about.len().min(FILE_BYTES_MAX)).unwrap_or_default()], 0)?;
    file.sync_all()?;
    Ok(true)
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedFile {
    r#type: String,
    version: u32,
    cost: Cost,
    salt: String,
    nonce: String,
    sealed: String,
    check: String,
}

/// What every version of the file begins with.
#[derive(Deserialize)]
struct AnyVersion {
    r#type: String,
    version: u32,
}

impl SeedFile {
    /// The associated data: everything that decides how the file is opened.
    fn header(&self) -> String {
        let cost = serde_json::to_string(&self.cost).expect("three numbers are always JSON");
        format!("{}/{}/{}/{}", self.r#type, self.version, cost, self.salt)
    }

    fn checksum(&self) -> String {
        hex(&Sha256::digest(format!("{}/{}/{}", self.header(), self.nonce, self.sealed)))
    }
}

fn seal(seed: &Seed, passphrase: &Passphrase, cost: Cost) -> Result<Vec<u8>, CreateError> {
    let (mut salt, mut nonce) = ([0; SALT_BYTES], [0; NONCE_BYTES]);
    getrandom::fill(&mut salt).and_then(|()| getrandom::fill(&mut nonce)).map_err(io::Error::other)?;
    let cipher = cipher(passphrase, cost, &salt).ok_or(CreateError::Cost)?;
    let mut file = SeedFile {
        r#type: FILE_TYPE.to_owned(),
        version: FILE_VERSION,
        cost,
        salt: hex(&salt),
        nonce: hex(&nonce),
        sealed: String::new(),
        check: String::new(),
    };
    let header = file.header();
    let payload = Payload { msg: seed.as_bytes(), aad: header.as_bytes() };
    file.sealed =
        hex(&cipher.encrypt(&XNonce::from(nonce), payload).expect("32 bytes are within the cipher's limit"));
    file.check = file.checksum();
    let mut text = serde_json::to_vec_pretty(&file).map_err(io::Error::other)?;
    text.push(b'\n');
    Ok(text)
}

/// Reads the file's fields. Its checksum is not compared yet.
fn parse(bytes: &[u8]) -> Result<SeedFile, OpenError> {
    let any: AnyVersion =
        serde_json::from_slice(bytes).map_err(|_| OpenError::Malformed("it is not a key file"))?;
    if any.r#type != FILE_TYPE || any.version == 0 {
        return Err(OpenError::Malformed("it is not a key file"));
    }
    if any.version > FILE_VERSION {
        return Err(OpenError::NewerFormat { found: any.version, supported: FILE_VERSION });
    }
    serde_json::from_slice(bytes).map_err(|_| OpenError::Malformed("its fields are wrong"))
}

fn unseal(bytes: &[u8], passphrase: &Passphrase) -> Result<Seed, OpenError> {
    let file = parse(bytes)?;
    let salt: [u8; SALT_BYTES] = unhex(&file.salt)?;
    // First of all: whatever is found afterwards was found after the same work.
    let cipher =
        cipher(passphrase, file.cost, &salt).ok_or(OpenError::Malformed("its cost is out of bounds"))?;
    if file.check != file.checksum() {
        return Err(OpenError::Malformed("its checksum is wrong"));
    }
    let nonce: [u8; NONCE_BYTES] = unhex(&file.nonce)?;
    let sealed: [u8; SEED_BYTES + TAG_BYTES] = unhex(&file.sealed)?;
    let header = file.header();
    let payload = Payload { msg: &sealed, aad: header.as_bytes() };
    let seed = cipher.decrypt(&XNonce::from(nonce), payload).map_err(|_| OpenError::WrongPassphrase)?;
    Seed::from_bytes(&Zeroizing::new(seed)).ok_or(OpenError::Malformed("its seed is cut short"))
}

/// The cipher under a passphrase; `None` if the cost is out of bounds.
fn cipher(passphrase: &Passphrase, cost: Cost, salt: &[u8; SALT_BYTES]) -> Option<XChaCha20Poly1305> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.params()?);
    let mut key = Zeroizing::new([0; 32]);
    argon2.hash_password_into(passphrase.as_bytes(), salt, &mut *key).ok()?;
    Some(XChaCha20Poly1305::new((&*key).into()))
}

/// Whether a file that is there gives way.
#[derive(PartialEq, Eq)]
enum Replace {
    Never,
    Old,
}

/// Writes a whole file beside the path, makes it durable and moves it there.
fn write(path: &Path, bytes: &[u8], replace: Replace) -> Result<(), CreateError> {
    let (dir, temporary) = temporary(path)?;
    remove_unfinished(path)?;
    let written = write_new(&temporary, bytes).map_err(CreateError::Io).and_then(|()| {
        if replace == Replace::Old {
            return Ok(fs::rename(&temporary, path)?);
        }
        match renameat_with(CWD, &temporary, CWD, path, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => Err(CreateError::Exists(path.to_owned())),
            // A file system without the flag: a hard link never replaces either.
            Err(Errno::INVAL | Errno::NOSYS) => {
                fs::hard_link(&temporary, path)?;
                Ok(fs::remove_file(&temporary)?)
            }
            Err(error) => Err(CreateError::Io(error.into())),
        }
    });
    if written.is_err() {
        // It holds nothing that its own passphrase does not protect; the error at hand matters more.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    File::open(dir)?.sync_all()?;
    Ok(())
}

/// The folder of a file, and the name under which a new one is written there.
fn temporary(path: &Path) -> io::Result<(&Path, PathBuf)> {
    let name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((dir, dir.join(format!(".{}.new", name.to_string_lossy()))))
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Exactly `N` bytes of lower-case hex.
fn unhex<const N: usize>(text: &str) -> Result<[u8; N], OpenError> {
    const WRONG: OpenError = OpenError::Malformed("its bytes are not hex of the right length");
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(WRONG),
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(WRONG) };
    if pairs.len() != N {
        return Err(WRONG);
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Ok(bytes)
}
