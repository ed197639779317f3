//! The sum over all records: a chain whose every file opens, is sealed, and has its place, and that does not give what the
//! home held. Only who has the words can make one, so it stands for an error of the program.

use std::io::{BufWriter, Write as _};

use age::Encryptor;
use freehold_store::{HomeKey, Key, Options, ReadError, STAMP_BYTES, Store};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;
use crate::form::{End, Writer};
use crate::{Backup, Choice, Wish, back_up};

/// A folder with a chain of three files, and what else it takes to make one of them anew.
struct Folder {
    seed: Seed,
    id: ChainId,
    scratch: TempDir,
}

/// One file's content.
struct Content {
    made: Timestamp,
    changes: Vec<Change>,
    end: End,
}

impl Folder {
    fn new() -> Self {
        let (scratch, seed) = (tempfile::tempdir().unwrap(), Seed::generate().unwrap());
        let home = scratch.path().join("home");
        let key = HomeKey::new(*seed.vault_key());
        let store = Store::open(&home.join("store"), &key, Options::default()).unwrap();
        let record = |n: u8| Key::new(b'k').with(&[n]);
        let mut id = None;
        for point in 0..3_u8 {
            let written = store.write_blocking(move |txn| {
                (0..5).for_each(|n| txn.put_erasable(record(n + point), vec![n, point]));
                if point > 0 {
                    txn.erase(&record(point - 1));
                }
                Ok::<_, ReadError>(())
            });
            written.unwrap();
            let now = Timestamp::from_millis(1_800_000_000_000 + u64::from(point));
            let dir = scratch.path().join("folder");
            id = Some(back_up(&store, &seed, &home, &dir, &Wish::default(), now).unwrap().chain);
        }
        Self { seed, id: id.unwrap(), scratch }
    }

    fn dir(&self) -> PathBuf {
        self.scratch.path().join("folder")
    }

    fn file(&self, number: u64) -> PathBuf {
        folder::file(&self.dir(), self.id, number)
    }

    fn opener(&self) -> Opener {
        Opener::words(self.seed.clone())
    }

    fn content(&self, number: u64) -> Content {
        let (opener, dir) = (self.opener(), self.dir());
        let previous = number.checked_sub(1).map(|before| files::hash(&self.file(before)).unwrap().0);
        let mut reading =
            Reading { dir: &dir, id: self.id, opener: &opener, seed: None, previous, more: false };
        let mut changes = Vec::new();
        let taken = reading.file(number, |change| {
            changes.push(change);
            Ok(())
        });
        let (made, end) = taken.unwrap();
        Content { made, changes, end }
    }

    /// Makes a file anew with other changes, and all after it so that they follow it. Each says what the home held then.
    fn remake(&self, number: u64, other: impl FnOnce(&mut Vec<Change>)) {
        let mut contents: Vec<Content> = (0..3).map(|number| self.content(number)).collect();
        other(&mut contents[usize::try_from(number).unwrap()].changes);
        let mut previous = None;
        for (number, content) in (0..).zip(contents) {
            let path = self.file(number);
            let header = Header::new(self.id.to_bytes(), number, previous, content.made, number + 1, None);
            let own = secrets::own_recipient(&self.seed);
            let encryptor = Encryptor::with_recipients(std::iter::once(&own as &dyn age::Recipient)).unwrap();
            let out = encryptor.wrap_output(BufWriter::new(File::create(&path).unwrap())).unwrap();
            let mut writer = Writer::begin(out, secrets::sealing(&self.seed), &header).unwrap();
            for change in &content.changes {
                match change {
                    Change::Put { key, stamp, erasable, value } => {
                        writer.put(key, stamp, *erasable, value).unwrap();
                    }
                    Change::Delete { key } => writer.delete(key).unwrap(),
                }
            }
            let (out, _) = writer.finish(content.end.records, content.end.state).unwrap();
            out.finish().unwrap().flush().unwrap();
            previous = Some(files::hash(&path).unwrap().0);
        }
        head::write(&self.dir(), self.id, 3, previous.unwrap(), &self.seed).unwrap();
    }

    /// What `backup verify` and `restore` say.
    fn said(&self) -> [Result<(), BackupError>; 2] {
        let opened = Backup::open(&self.dir(), &self.opener(), &Choice::default());
        [verify(&self.dir(), &self.opener()).map(drop), opened.map(drop)]
    }
}

fn put(change: &mut Change) -> (&mut Vec<u8>, &mut Stamp) {
    match change {
        Change::Put { key, stamp, .. } => (key, stamp),
        Change::Delete { .. } => panic!("records that are written come first"),
    }
}

fn copy(change: &Change) -> Change {
    match change {
        Change::Put { key, stamp, erasable, value } => Change::Put {
            key: key.clone(),
            stamp: *stamp,
            erasable: *erasable,
            value: Zeroizing::new(value.to_vec()),
        },
        Change::Delete { key } => Change::Delete { key: key.clone() },
    }
}

type Mutation = (&'static str, fn(&mut Vec<Change>));

const MUTATIONS: [Mutation; 9] = [
    ("a record left out", |changes| drop(changes.remove(0))),
    ("the last record left out", |changes| drop(changes.pop())),
    ("a record twice", |changes| {
        let again = copy(&changes[1]);
        changes.push(again);
    }),
    ("a record once more under another key", |changes| {
        let mut again = copy(&changes[1]);
        put(&mut again).0.push(9);
        changes.insert(0, again);
    }),
    ("a bit of a key flipped", |changes| put(&mut changes[0]).0[1] ^= 4),
    ("a bit of a stamp flipped", |changes| {
        let stamp = put(&mut changes[2]).1;
        let mut bytes = *stamp.as_bytes();
        bytes[STAMP_BYTES - 1] ^= 1;
        *stamp = Stamp::new(bytes);
    }),
    ("two records with each other's stamps", |changes| {
        let stamps = [*put(&mut changes[0]).1, *put(&mut changes[1]).1];
        (*put(&mut changes[0]).1, *put(&mut changes[1]).1) = (stamps[1], stamps[0]);
    }),
    ("a record deleted that is there", |changes| {
        let key = put(&mut changes[0]).0.clone();
        changes.push(Change::Delete { key });
    }),
    ("a record deleted that never was", |changes| changes.push(Change::Delete { key: vec![1, 2, 3] })),
];

#[test]
fn a_record_too_many_too_few_or_another_is_told_with_the_file_that_brings_it() {
    let folder = Folder::new();
    folder.remake(1, |_| {});
    assert!(folder.said().into_iter().all(|said| said.is_ok()), "what is made anew as it was is whole");
    for number in 0..3 {
        for (what, mutation) in MUTATIONS {
            let folder = Folder::new();
            folder.remake(number, mutation);
            for said in folder.said() {
                let error = said.expect_err(what);
                assert_eq!(error.code(), "backup-damaged", "{what}: {error}");
                let file = folder.file(number);
                let name = file.file_name().unwrap().to_string_lossy();
                assert!(error.to_string().contains(&*name), "{what} in {name}: {error}");
            }
        }
    }
}
