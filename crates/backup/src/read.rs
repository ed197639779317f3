//! Reading a chain, and checking all that can be checked of it.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use age::{DecryptError, Decryptor};
use freehold_keystore::Seed;
use freehold_protocol::time::Timestamp;
use freehold_store::Stamp;

use crate::chain::ChainId;
use crate::error::BackupError;
use crate::folder::Listed;
use crate::form::{Change, Header, Reader};
use crate::head::{self, Head};
use crate::secrets::{self, Opener};
use crate::state::State;
use crate::{files, folder};

/// A chain that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// Its name.
    pub chain: ChainId,
    /// Its points, oldest first: one for each file.
    pub points: Vec<PointReport>,
}

/// A moment to which a home can be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointReport {
    /// The file's number.
    pub number: u64,
    /// When it was made, by the node's clock.
    pub made: Timestamp,
    /// Records written to the file.
    pub written: u64,
    /// Records that it says are gone.
    pub deleted: u64,
    /// Records that the store held.
    pub records: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Reads every chain in a folder whole, and writes nothing: every file is there, opens, is the one that the next one and the
/// head name, was sealed by the home, and all of them together give as many records, of the same versions, as the store held.
///
/// # Errors
/// [`BackupError`], naming the first file that is wrong.
pub fn verify(dir: &Path, opener: &Opener) -> Result<Vec<ChainReport>, BackupError> {
    let chains = chains(dir)?;
    chains.iter().map(|(id, listed)| Ok(Chain::read(dir, *id, listed, opener, None)?.report)).collect()
}

/// The chains in a folder that have begun.
pub(crate) fn chains(dir: &Path) -> Result<BTreeMap<ChainId, Listed>, BackupError> {
    let mut chains = folder::list(dir)?;
    // A first backup that was cut off leaves a head that says there is nothing.
    chains.retain(|id, listed| {
        !listed.numbers.is_empty() || !matches!(head::read(dir, *id), Ok(Some(Head { files: 0, .. })))
    });
    if chains.is_empty() {
        return Err(BackupError::Missing(dir.to_owned()));
    }
    Ok(chains)
}

/// A chain that was read and found whole up to a point.
pub(crate) struct Chain {
    pub(crate) dir: PathBuf,
    pub(crate) seed: Seed,
    pub(crate) report: ChainReport,
    /// Which file holds each record's last version.
    pub(crate) last: HashMap<Vec<u8>, (u64, Stamp)>,
}

impl Chain {
    /// Reads the chain, up to the file with the number `to` if there is one.
    pub(crate) fn read(
        dir: &Path,
        id: ChainId,
        listed: &Listed,
        opener: &Opener,
        to: Option<u64>,
    ) -> Result<Self, BackupError> {
        let file = |number| folder::file(dir, id, number);
        let head = head::read(dir, id);
        let head = match to {
            // What is after the point need not be there, and the head speaks of it.
            Some(_) => head.unwrap_or_default(),
            None => Some(head?.ok_or_else(|| BackupError::Incomplete(folder::head(dir, id)))?),
        };
        let present = listed.numbers.last().map_or(0, |last| last + 1);
        let told = head.as_ref().map_or(0, |head| head.files);
        let wanted = to.map_or_else(|| present.max(told), |to| to.saturating_add(1));
        let missing =
            (0..wanted).take_while(|number| *number <= present).find(|n| !listed.numbers.contains(n));
        if let Some(number) = missing {
            return Err(BackupError::Incomplete(file(number)));
        }
        // The head is written after the file; a backup that was cut off in between leaves it one behind.
        if to.is_none() && present > told + 1 {
            return Err(BackupError::damaged(&folder::head(dir, id), "is older than the files beside it"));
        }
        let mut reading = Reading { dir, id, opener, seed: None, previous: None, more: wanted > 1 };
        let mut chain = (Vec::new(), HashMap::new(), State::default());
        for number in 0..wanted {
            let (hash, bytes) = files::hash(&file(number))?;
            if head.as_ref().is_some_and(|head| head.files == number + 1 && head.last != hash) {
                return Err(BackupError::damaged(
                    &file(number),
                    "is not the one that the chain's head names",
                ));
            }
            let (points, last, state) = &mut chain;
            let (made, end) = reading.file(number, |change| {
                take(last, state, number, &change).map_err(|what| BackupError::damaged(&file(number), what))
            })?;
            if (end.records, end.state) != (last.len() as u64, state.to_bytes()) {
                let what = "and those before it do not give what the home held";
                return Err(BackupError::damaged(&file(number), what));
            }
            let (written, deleted, records) = (end.puts, end.deletions, end.records);
            points.push(PointReport { number, made, written, deleted, records, bytes });
            reading.previous = Some(hash);
        }
        let seed = reading.seed.ok_or_else(|| BackupError::Missing(dir.to_owned()))?;
        if head.is_some_and(|head| !head.is_of(id, &seed)) {
            return Err(BackupError::damaged(&folder::head(dir, id), "was not made by this home"));
        }
        let (points, last, _) = chain;
        Ok(Self { dir: dir.to_owned(), seed, report: ChainReport { chain: id, points }, last })
    }

    /// Reads one file again.
    pub(crate) fn changes(
        &self,
        number: u64,
        take: impl FnMut(Change) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        let seed = self.seed.clone();
        let previous = match number.checked_sub(1) {
            Some(before) => Some(files::hash(&folder::file(&self.dir, self.report.chain, before))?.0),
            None => None,
        };
        let opener = Opener::words(self.seed.clone());
        let (dir, id) = (self.dir.as_path(), self.report.chain);
        let mut reading = Reading { dir, id, opener: &opener, seed: Some(seed), previous, more: false };
        reading.file(number, take).map(drop)
    }
}

/// What is known while a chain is read.
struct Reading<'a> {
    dir: &'a Path,
    id: ChainId,
    opener: &'a Opener,
    /// The home's, from the words given or those in the first file.
    seed: Option<Seed>,
    /// SHA-256 of the file before.
    previous: Option<[u8; 32]>,
    /// Whether a second file is to be read.
    more: bool,
}

impl Reading<'_> {
    fn file(
        &mut self,
        number: u64,
        take: impl FnMut(Change) -> Result<(), BackupError>,
    ) -> Result<(Timestamp, crate::form::End), BackupError> {
        let path = folder::file(self.dir, self.id, number);
        let input = File::open(&path).map_err(BackupError::io(&path))?;
        let decryptor = Decryptor::new_buffered(BufReader::new(input));
        let plain = decryptor.and_then(|file| file.decrypt(self.opener.keys()));
        let plain = plain.map_err(|error| self.not_opened(&path, error))?;
        let known = self.seed.is_some();
        let (header, reader) = Reader::begin(plain, &path, |header| {
            let seed =
                self.seed_of(header).ok_or_else(|| BackupError::damaged(&path, "holds no good words"))?;
            let code = secrets::sealing(&seed);
            let is_other = self.seed.as_ref().is_some_and(|own| own.vault_key() != seed.vault_key());
            if known && is_other {
                return Err(BackupError::damaged(&path, "is of another home"));
            }
            self.seed = Some(seed);
            Ok(code)
        })?;
        if header.chain != self.id.to_bytes() {
            return Err(BackupError::damaged(&path, "is of another chain"));
        }
        if header.number != number {
            return Err(BackupError::damaged(&path, "has another number than its name says"));
        }
        if header.previous != self.previous {
            return Err(BackupError::damaged(&path, "does not follow the file before it"));
        }
        Ok((header.made, reader.read(take)?))
    }

    fn seed_of(&self, header: &Header) -> Option<Seed> {
        match (self.opener.seed(), &header.words) {
            (Some(seed), _) => Some(seed.clone()),
            (None, Some(words)) => Seed::from_words(words).ok(),
            (None, None) => None,
        }
    }

    /// Whether the second file opens, so that the first one should.
    fn opens_second(&self) -> bool {
        let open = || {
            let input = File::open(folder::file(self.dir, self.id, 1))?;
            Decryptor::new_buffered(BufReader::new(input))?.decrypt(self.opener.keys())
        };
        self.more && open().is_ok()
    }

    fn not_opened(&self, path: &Path, error: DecryptError) -> BackupError {
        match error {
            // Whoever opened the files before can open this one.
            DecryptError::NoMatchingKeys if self.previous.is_some() || self.opens_second() => {
                BackupError::damaged(path, "does not open with what opens the others")
            }
            DecryptError::NoMatchingKeys => BackupError::Locked(path.to_owned()),
            DecryptError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                BackupError::damaged(path, "is cut short")
            }
            DecryptError::Io(error) if error.kind() != std::io::ErrorKind::InvalidData => {
                BackupError::io(path)(error)
            }
            _ => BackupError::damaged(path, "has a head that was changed"),
        }
    }
}

/// Notes what a change does to the whole.
fn take(
    last: &mut HashMap<Vec<u8>, (u64, Stamp)>,
    state: &mut State,
    number: u64,
    change: &Change,
) -> Result<(), &'static str> {
    let (key, now) = match change {
        Change::Put { key, stamp, .. } => (key, Some(*stamp)),
        Change::Delete { key } => (key, None),
    };
    match last.remove(key) {
        Some((of, _)) if of == number => return Err("holds a record twice"),
        Some((_, before)) => state.remove(key, &before),
        None if now.is_none() => return Err("deletes a record that is not there"),
        None => {}
    }
    if let Some(stamp) = now {
        state.add(key, &stamp);
        last.insert(key.clone(), (number, stamp));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
