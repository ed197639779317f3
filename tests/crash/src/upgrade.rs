//! A store that an earlier version of the program made, opened by the one of today, with a crash at every write, name and sync.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use freehold_keystore::Passphrase;
use freehold_store::{HomeKey, Key, Options, Schema, Store};

use crate::device::folder;
use crate::random::Random;
use crate::recording::{Damage, Recording, Syncs};
use crate::writer::Said;

/// The word on the command line that makes the program the process that opens it.
pub const ROLE: &str = "store-upgrader";

/// A home of before the first change of format; `tests/compat/README.md` says how it was made.
const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../compat/first/person");
/// Its passphrase.
const PASSPHRASE: &str = "correct horse battery";
/// The format that its store has.
const FORMAT_BEFORE: u32 = 1;

/// Whatever version its tables are of, they stay what they are: this is about the store under them.
const SCHEMA: Schema = Schema { name: "vault", steps: &[] };

type Held = BTreeMap<Key, Vec<u8>>;

/// Opens the store in a folder and says so. Whether it opened.
#[must_use]
pub fn upgrade(dir: &Path, key: &str) -> bool {
    let opened = unhex(key).ok_or("the key is no key".to_owned()).and_then(|key| open(dir, &key));
    match opened.and_then(|store| store.close_blocking().map_err(|error| error.to_string())) {
        Ok(()) => {
            Said::Acknowledged(1).say();
            true
        }
        Err(why) => {
            Said::Failed(why).say();
            false
        }
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Moments at which it could crash.
    pub moments: u64,
    /// After how many crashes the store was still of the old format, and after how many of the new one.
    pub formats: [u64; 2],
    /// What they broke: the moment, the damage, what is wrong.
    pub breaches: Vec<(usize, Damage, String)>,
}

/// Records one opening and crashes it, about so many times; 0 is everywhere and in every way.
///
/// # Errors
/// It cannot be recorded here.
pub fn crash_everywhere(program: &Path, seed: u64, states_max: u64) -> Result<Outcome, String> {
    let failed = |error: std::io::Error| error.to_string();
    let beside = tempfile::tempdir_in(folder()).map_err(failed)?;
    let dir = beside.path().join("store");
    let key = copy_of_home(beside.path(), &dir)?;
    let before = whole(&dir, &key, beside.path())?;
    if before.is_empty() || format(&dir)? != FORMAT_BEFORE {
        return Err("the old home is not what it was".to_owned());
    }
    let arguments = [ROLE.to_owned(), dir.display().to_string(), hex(&key)];
    let recording = Recording::of(program, &arguments, &dir, 0)?;
    let (mut outcome, mut random) = (Outcome::default(), Random::new(seed));
    outcome.moments = recording.moments().len() as u64;
    let all = outcome.moments * Damage::ALL.len() as u64;
    for moment in recording.moments() {
        for damage in Damage::ALL {
            if states_max != 0 && random.below(all) >= states_max {
                continue;
            }
            let crashed = tempfile::tempdir_in(folder()).map_err(failed)?;
            recording.crash(moment, damage, Syncs::Real, &mut random, crashed.path()).map_err(failed)?;
            match judge(crashed.path(), &key, &before, recording.acknowledged(moment) > 0) {
                Ok(format) => outcome.formats[usize::from(format != FORMAT_BEFORE)] += 1,
                Err(why) => outcome.breaches.push((moment, damage, why)),
            }
        }
    }
    Ok(outcome)
}

/// The format that a crash left, if the store opens with all that was in it, and once more after that.
fn judge(dir: &Path, key: &[u8; 32], before: &Held, acknowledged: bool) -> Result<u32, String> {
    let left = format(dir)?;
    if acknowledged && left == FORMAT_BEFORE {
        return Err("the old format came back".to_owned());
    }
    for _ in 0..2 {
        let store = open(dir, key)?;
        let now = held(&store)?;
        store.close_blocking().map_err(|error| error.to_string())?;
        if now != *before {
            return Err(format!("{} records of {}, or with other values", now.len(), before.len()));
        }
        if format(dir)? == FORMAT_BEFORE {
            return Err("it was not brought up".to_owned());
        }
    }
    Ok(left)
}

fn open(dir: &Path, key: &[u8; 32]) -> Result<Store, String> {
    Store::open_with(dir, &HomeKey::new(*key), Options::default(), &SCHEMA).map_err(|error| error.to_string())
}

/// All records, but for the one that says which version they are.
fn held(store: &Store) -> Result<Held, String> {
    let mut all: Held = store
        .scan(&Key::from_bytes(Vec::new()))
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    all.retain(|key, _| key.as_bytes() != [0]);
    Ok(all)
}

/// What a store holds, read from a copy of it.
fn whole(dir: &Path, key: &[u8; 32], beside: &Path) -> Result<Held, String> {
    let copy = beside.join("copy");
    copy_folder(dir, &copy).map_err(|error| error.to_string())?;
    held(&open(&copy, key)?)
}

/// Copies the old home's store, and gives its key.
fn copy_of_home(beside: &Path, dir: &Path) -> Result<[u8; 32], String> {
    copy_folder(&Path::new(HOME).join("store"), dir).map_err(|error| error.to_string())?;
    let keys = beside.join("keys");
    fs::copy(Path::new(HOME).join("keys"), &keys)
        .and_then(|_| fs::set_permissions(&keys, fs::Permissions::from_mode(0o600)))
        .map_err(|error| error.to_string())?;
    let passphrase = Passphrase::new(PASSPHRASE.to_owned()).map_err(|error| error.to_string())?;
    let seed = freehold_keystore::open(&keys, &passphrase).map_err(|error| error.to_string())?;
    Ok(*seed.vault_key())
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().unwrap_or_default()))?;
        }
    }
    Ok(())
}

/// The version in the `format` file.
fn format(dir: &Path) -> Result<u32, String> {
    let text = fs::read_to_string(dir.join("format")).map_err(|error| format!("format: {error}"))?;
    let version = text.split_ascii_whitespace().nth(1).and_then(|version| version.parse().ok());
    version.ok_or_else(|| "the format file is not whole".to_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    if pairs.len() != key.len() {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}
