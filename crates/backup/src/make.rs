//! Making a backup: the next file of a chain, or the first of a new one.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use age::Encryptor;
use freehold_keystore::Seed;
use freehold_protocol::time::Timestamp;
use freehold_store::{Entry, Key, Snapshot, Stamp, Store};
use hmac::Hmac;
use sha2::Sha256;

use crate::chain::{CHAIN_BYTES, ChainId};
use crate::error::BackupError;
use crate::form::{End, Header, Writer};
use crate::index::{self, Index};
use crate::last::{self, Last};
use crate::secrets::{self, Recipient};
use crate::state::State;
use crate::{files, folder, head};

/// Where in the home it is remembered what is backed up.
const INDEX_DIR: &str = "backup";
const LOCK: &str = "lock";

/// What the person wants.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Who can open it beside the holder of the words. None given: those of the chain that goes on.
    pub recipients: Vec<Recipient>,
    /// A new chain, whatever there is.
    pub full: bool,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The chain.
    pub chain: ChainId,
    /// The file's number; 0 is a full backup.
    pub number: u64,
    /// The file; `None` when nothing has changed since the last one, and none was made.
    pub file: Option<PathBuf>,
    /// Its length in bytes.
    pub bytes: u64,
    /// Records written to it.
    pub written: u64,
    /// Records that it says are gone.
    pub deleted: u64,
    /// Records that the store held.
    pub records: u64,
    /// Who can open it beside the holder of the words.
    pub recipients: Vec<String>,
    /// The other chains in the folder.
    pub others: Vec<ChainId>,
}

/// Backs up the store of a home into a folder, as it is at one moment, while it is in use: every write that was acknowledged
/// before is in it. What has changed since the last backup in that folder becomes the next file of its chain; a new chain
/// begins when there is none that this home knows of and finds whole at its end. When it returns, the file is on disk.
///
/// # Errors
/// [`BackupError`]; the chain is as it was then, or whole with one file more that the home could not remember.
pub fn back_up(
    store: &Store,
    seed: &Seed,
    home: &Path,
    dir: &Path,
    wish: &Wish,
    now: Timestamp,
) -> Result<Made, BackupError> {
    let is_new = !dir.exists();
    files::make_dir(dir)?;
    if is_inside(dir, home)? {
        if is_new {
            // An empty folder in the home is no harm; the error at hand matters more.
            let _ = fs::remove_dir(dir);
        }
        return Err(BackupError::InsideHome(dir.to_owned()));
    }
    let index_dir = home.join(INDEX_DIR);
    files::make_dir(&index_dir)?;
    let _lock = lock(&index_dir)?;
    tidy(dir, seed)?;
    let before = if wish.full { None } else { newest(dir, &index_dir, seed, wish)? };
    let known = Arc::new(before.as_ref().map(|index| index.stamps.clone()).unwrap_or_default());
    let snapshot = {
        let known: Arc<HashMap<Key, Stamp>> = Arc::clone(&known);
        store.snapshot_blocking(move |key, stamp| known.get(key) == Some(stamp))?.into_inner()
    };
    let next = Next::after(before, &snapshot, seed, wish, now)?;
    let present = folder::list(dir)?;
    let recipients = next.recipients.iter().map(|recipient| recipient.as_str().to_owned()).collect();
    let records = snapshot.entries().len() as u64;
    let made = |file, bytes, end: End, number| Made {
        chain: next.chain,
        number,
        file,
        bytes,
        written: end.puts,
        deleted: end.deletions,
        records,
        recipients,
        others: present.keys().copied().filter(|chain| *chain != next.chain).collect(),
    };
    let is_changed = snapshot.entries().iter().any(Entry::is_new) || !next.deleted.is_empty();
    let whole_dir = std::path::absolute(dir).map_err(BackupError::io(dir))?;
    let remembered = |number| Last { at: now, dir: whole_dir, chain: next.chain, number };
    if next.number > 0 && !is_changed {
        last::write(&index_dir, &remembered(next.number - 1), seed)?;
        let end = End { puts: 0, deletions: 0, records, state: [0; 32] };
        return Ok(made(None, 0, end, next.number - 1));
    }
    let path = folder::file(dir, next.chain, next.number);
    if next.number == 0 {
        head::write(dir, next.chain, 0, [0; 32], seed)?;
    }
    let end = files::write_new(&path, |file| next.write(file, &path, &snapshot, seed))?;
    let (hash, bytes) = files::hash(&files::temporary(&path))?;
    // In this order: what the home remembers may name a file that did not come to be, and is then not used; a file whose
    // stamps nobody remembers would end its chain.
    index::write(&index_dir, &next.index(hash, &snapshot), seed)?;
    files::put_in_place(&path)?;
    head::write(dir, next.chain, next.number + 1, hash, seed)?;
    last::write(&index_dir, &remembered(next.number), seed)?;
    // Nobody goes on with these any more.
    for (chain, listed) in &present {
        if let Some(number) = listed.numbers.last() {
            files::remove(&index::path(&index_dir, *chain, *number))?;
        }
    }
    Ok(made(Some(path), bytes, end, next.number))
}

/// The last backup of a home, in whichever folder, as the home remembers it; `None` when it knows of none. It is not looked
/// whether it is still there.
#[must_use]
pub fn last(home: &Path, seed: &Seed) -> Option<Last> {
    last::read(&home.join(INDEX_DIR), seed)
}

/// The file to be made.
struct Next {
    chain: ChainId,
    number: u64,
    previous: Option<[u8; 32]>,
    made: Timestamp,
    recipients: Vec<Recipient>,
    deleted: Vec<Key>,
}

impl Next {
    fn after(
        before: Option<Index>,
        snapshot: &Snapshot,
        seed: &Seed,
        wish: &Wish,
        now: Timestamp,
    ) -> Result<Self, BackupError> {
        let Some(before) = before else {
            let mut recipients = wish.recipients.clone();
            let own = secrets::own_recipient(seed).to_string();
            recipients.retain(|recipient| recipient.as_str() != own);
            recipients.sort_by(|a, b| a.as_str().cmp(b.as_str()));
            recipients.dedup();
            let mut chain = [0; CHAIN_BYTES];
            getrandom::fill(&mut chain)
                .map_err(|_| BackupError::Store("the system gives no random bytes".into()))?;
            let chain = ChainId::from_bytes(chain);
            return Ok(Self { chain, number: 0, previous: None, made: now, recipients, deleted: Vec::new() });
        };
        let mut gone = before.stamps;
        for entry in snapshot.entries() {
            gone.remove(entry.key());
        }
        let mut deleted: Vec<Key> = gone.into_keys().collect();
        deleted.sort();
        Ok(Self {
            chain: before.chain,
            number: before.number + 1,
            previous: Some(before.file),
            made: now,
            recipients: before.recipients,
            deleted,
        })
    }

    /// Writes what is new, encrypted.
    fn write(
        &self,
        file: &mut File,
        path: &Path,
        snapshot: &Snapshot,
        seed: &Seed,
    ) -> Result<End, BackupError> {
        let failed = || BackupError::io(path);
        let own = secrets::own_recipient(seed);
        let keys = std::iter::once(&own).chain(self.recipients.iter().map(Recipient::key));
        let encryptor = Encryptor::with_recipients(keys.map(|key| key as &dyn age::Recipient))
            .map_err(|_| failed()(io::Error::other("the recipients do not go together")))?;
        let out = encryptor.wrap_output(BufWriter::new(file)).map_err(failed())?;
        let words = (!self.recipients.is_empty()).then(|| seed.words().as_str().to_owned());
        let (chain, number) = (self.chain.to_bytes(), self.number);
        let header = Header::new(chain, number, self.previous, self.made, snapshot.commit(), words);
        let seal: Hmac<Sha256> = secrets::sealing(seed);
        let mut writer = Writer::begin(out, seal, &header).map_err(failed())?;
        let mut state = State::default();
        for entry in snapshot.entries() {
            state.add(entry.key().as_bytes(), entry.stamp());
            if let Some(opened) = snapshot.open(entry)? {
                let (key, stamp) = (entry.key().as_bytes(), entry.stamp());
                writer.put(key, stamp, opened.erasable, &opened.value).map_err(failed())?;
            }
        }
        for key in &self.deleted {
            writer.delete(key.as_bytes()).map_err(failed())?;
        }
        let records = snapshot.entries().len() as u64;
        let (out, end) = writer.finish(records, state.to_bytes()).map_err(failed())?;
        out.finish().and_then(|mut out| out.flush()).map_err(failed())?;
        Ok(end)
    }

    fn index(&self, file: [u8; 32], snapshot: &Snapshot) -> Index {
        let stamps = snapshot.entries().iter().map(|entry| (entry.key().clone(), *entry.stamp()));
        Index {
            chain: self.chain,
            number: self.number,
            file,
            made: self.made,
            recipients: self.recipients.clone(),
            stamps: stamps.collect(),
        }
    }
}

/// What is remembered of the newest chain in the folder that can go on: this home made it, it is whole at its end, and who can
/// open it is who should.
fn newest(dir: &Path, index_dir: &Path, seed: &Seed, wish: &Wish) -> Result<Option<Index>, BackupError> {
    let mut newest: Option<Index> = None;
    for (chain, listed) in folder::list(dir)? {
        let Some(&number) = listed.numbers.last() else { continue };
        let is_gapless = listed.numbers.len() as u64 == number + 1;
        let Some(index) = index::read(index_dir, chain, number, seed).filter(|_| is_gapless) else {
            continue;
        };
        if newest.as_ref().is_some_and(|newest| newest.made >= index.made) {
            continue;
        }
        // Nothing is built on what is damaged: the next backup is a full one then.
        let Ok(Some(head)) = head::read(dir, chain) else { continue };
        let is_last = head.files == number + 1 || head.files == number;
        if is_last
            && head.is_of(chain, seed)
            && files::hash(&folder::file(dir, chain, number))?.0 == index.file
        {
            newest = Some(index);
        }
    }
    Ok(newest.filter(|index| {
        let mut wanted: Vec<&str> = wish.recipients.iter().map(Recipient::as_str).collect();
        let mut present: Vec<&str> = index.recipients.iter().map(Recipient::as_str).collect();
        wanted.sort_unstable();
        wanted.dedup();
        present.sort_unstable();
        wanted.is_empty() || wanted == present
    }))
}

/// Removes what a backup of this home that was cut off has left in the folder.
fn tidy(dir: &Path, seed: &Seed) -> Result<(), BackupError> {
    for (chain, listed) in folder::list(dir)? {
        let Ok(Some(head)) = head::read(dir, chain) else { continue };
        if !head.is_of(chain, seed) {
            continue;
        }
        let next = listed.numbers.last().map_or(0, |last| last + 1);
        files::remove(&files::temporary(&folder::file(dir, chain, next)))?;
        files::remove(&files::temporary(&folder::head(dir, chain)))?;
        if next == 0 && head.files == 0 {
            files::remove(&folder::head(dir, chain))?;
        }
    }
    Ok(())
}

fn is_inside(dir: &Path, home: &Path) -> Result<bool, BackupError> {
    let real = |path: &Path| fs::canonicalize(path).map_err(BackupError::io(path));
    Ok(real(dir)?.starts_with(real(home)?))
}

fn lock(index_dir: &Path) -> Result<File, BackupError> {
    let path = index_dir.join(LOCK);
    let opened = File::options().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let lock = opened.map_err(BackupError::io(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(BackupError::Busy),
        Err(fs::TryLockError::Error(error)) => Err(BackupError::io(&path)(error)),
    }
}
