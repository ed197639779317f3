//! How far the store certainly got, kept outside of sled's log.
//!
//! sled takes a damaged end of its log for a torn write and cuts it off without a word. The witness tells the two
//! apart: after every durability step it is given the number of the last commit, so a log that knows only older
//! ones has lost what was acknowledged.
//!
//! The file is two places, written in turn, each `commit (8, big-endian) || check (16)`; the check is a hidden name of
//! the commit under the home key. A write that the loss of power tore leaves the other place. Writes are not synced
//! one by one, which would double the cost of a commit: whatever kills only the process loses none of them, and
//! after a loss of power the witness may be late, at most by what the kernel had not written back, never early.

use std::io;

use crate::error::OpenError;
use crate::place::{Place, PlaceFile};
use crate::seal::Sealer;

const FILE: &str = "witness";
/// Distance of the two places: a sector of any drive, so that one torn write cannot reach both.
const STRIDE: u64 = 4096;
/// Bytes of a place that are used.
const PLACE_BYTES: usize = 24;
const LABEL: &[u8] = b"witness";

/// The witness of an open store.
pub(crate) struct Witness {
    file: PlaceFile,
    next: u64,
    told: u64,
}

impl Witness {
    /// Opens the witness and gives what it was last told; `None` before the store was completely made.
    ///
    /// # Errors
    /// [`OpenError::Corrupt`] if neither place is readable.
    pub(crate) fn open(place: &Place, sealer: &Sealer) -> Result<Option<Self>, OpenError> {
        let Some(file) = place.file(FILE, false)? else { return Ok(None) };
        let places = [read(&file, 0, sealer)?, read(&file, 1, sealer)?];
        let told = places.into_iter().flatten().max();
        let told = told.ok_or(OpenError::Corrupt("its witness file is not readable"))?;
        // The place of the lesser number is the one to write next.
        Ok(Some(Self { file, next: u64::from(places[0] == Some(told)), told }))
    }

    /// Makes the file of a new store, durably: from here on the store was completely made.
    pub(crate) fn make(place: &Place, sealer: &Sealer, commit: u64) -> io::Result<Self> {
        let told = encode(commit, sealer);
        let mut bytes = vec![0; STRIDE as usize];
        bytes[..PLACE_BYTES].copy_from_slice(&told);
        bytes.extend_from_slice(&told);
        place.replace(FILE, &bytes)?;
        let file = place.file(FILE, false)?.ok_or(io::ErrorKind::NotFound)?;
        Ok(Self { file, next: 0, told: commit })
    }

    /// The last commit that is known to be durable.
    pub(crate) fn told(&self) -> u64 {
        self.told
    }

    /// Notes that `commit` is durable.
    pub(crate) fn tell(&mut self, commit: u64, sealer: &Sealer) -> io::Result<()> {
        if commit != self.told {
            self.file.write_all_at(&encode(commit, sealer), self.next * STRIDE)?;
            (self.next, self.told) = (1 - self.next, commit);
        }
        Ok(())
    }

    /// Makes what it was told durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

#[cfg(test)]
impl Witness {
    /// One on a disk that is written and neither read nor made durable.
    pub(crate) fn broken() -> Self {
        let null = std::fs::File::options().write(true).open("/dev/null");
        Self { file: PlaceFile::Real(null.expect("there is a null device")), next: 0, told: 0 }
    }
}

fn encode(commit: u64, sealer: &Sealer) -> [u8; PLACE_BYTES] {
    let mut bytes = [0; PLACE_BYTES];
    bytes[..8].copy_from_slice(&commit.to_be_bytes());
    bytes[8..].copy_from_slice(&sealer.hidden(&[LABEL, &commit.to_be_bytes()].concat()));
    bytes
}

/// The number in a place; `None` if it is torn, cut off or forged.
fn read(file: &PlaceFile, place: u64, sealer: &Sealer) -> io::Result<Option<u64>> {
    let mut bytes = [0; PLACE_BYTES];
    match file.read_exact_at(&mut bytes, place * STRIDE) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        done => done?,
    }
    let commit =
        u64::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]]);
    Ok((bytes == encode(commit, sealer)).then_some(commit))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::FileExt as _;
    use std::path::Path;

    use super::*;
    use crate::seal::HomeKey;

    fn sealer() -> Sealer {
        Sealer::new(&HomeKey::new([7; 32]))
    }

    fn told(dir: &Path) -> Option<u64> {
        Witness::open(&Place::of(dir), &sealer()).unwrap().map(|witness| witness.told())
    }

    #[test]
    fn a_torn_write_leaves_what_was_told_before_it() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(told(dir.path()), None);
        let mut witness = Witness::make(&Place::of(dir.path()), &sealer(), 0).unwrap();
        for commit in [1, 3, 4, 9] {
            witness.tell(commit, &sealer()).unwrap();
            assert_eq!(told(dir.path()), Some(commit));
        }
        let mut reopened = Witness::open(&Place::of(dir.path()), &sealer()).unwrap().unwrap();
        reopened.tell(12, &sealer()).unwrap();
        assert_eq!(told(dir.path()), Some(12));
        let file = File::options().write(true).open(dir.path().join(FILE)).unwrap();
        let place = 1 - reopened.next;
        file.write_all_at(&[0xff; 11], place * STRIDE).unwrap();
        assert_eq!(told(dir.path()), Some(9));
        file.write_all_at(&[0xff; 11], (1 - place) * STRIDE).unwrap();
        assert!(matches!(Witness::open(&Place::of(dir.path()), &sealer()), Err(OpenError::Corrupt(_))));
    }

    #[test]
    fn a_file_that_is_cut_off_tells_what_its_whole_places_tell() {
        let dir = tempfile::tempdir().unwrap();
        let mut witness = Witness::make(&Place::of(dir.path()), &sealer(), 5).unwrap();
        witness.tell(6, &sealer()).unwrap();
        let file = File::options().write(true).open(dir.path().join(FILE)).unwrap();
        file.set_len(STRIDE + PLACE_BYTES as u64 - 1).unwrap();
        assert_eq!(told(dir.path()), Some(6));
        file.set_len(PLACE_BYTES as u64 - 1).unwrap();
        assert!(matches!(Witness::open(&Place::of(dir.path()), &sealer()), Err(OpenError::Corrupt(_))));
    }

    /// A disk that gives no answer is no torn write: whoever is told of damage may throw a good home away.
    #[test]
    fn a_witness_that_cannot_be_read_or_made_durable_is_an_error_of_the_disk() {
        let witness = Witness::broken();
        assert_ne!(read(&witness.file, 0, &sealer()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(witness.sync().is_err());
    }
}
