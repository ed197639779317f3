//! Backups into a folder while the machine fails: a crash at every write, name and sync of the folder, and a fault in each call.
//!
//! Whatever happened, the folder holds whole points: all that were told done, and at most the one that was under way. None
//! is something else than the home was, and the next backup goes on.

use std::fs;
use std::path::{Path, PathBuf};

use freehold_backup::{Backup, BackupError, Choice, Opener, Wish, back_up, verify};
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Store};

use crate::backups::seed_of_home;
use crate::device::folder;
use crate::ledger::{Ledger, Sizes};
use crate::random::Random;
use crate::recording::{Damage, Recording, Syncs};
use crate::tracer::{self, Injection, Threads};
use crate::writer::{Said, Writer, last_acknowledged};

/// The word on the command line that makes the program the process that backs up.
pub const ROLE: &str = "backup-maker";

/// Backups that it makes.
const BACKUPS: u64 = 6;
/// The one of them that begins a new chain.
const FULL: u64 = 4;
/// When the first is made.
const BEGAN_MS: u64 = 1_800_000_000_000;
/// Transactions before each.
const TRANSACTIONS: u64 = 3;

/// A home and the folder of its backups.
struct Place {
    scratch: tempfile::TempDir,
    ledger: Ledger,
}

/// What came of crashes.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Moments at which it could crash.
    pub moments: u64,
    /// Crashes that were tried.
    pub states: u64,
    /// After how many the backup under way was there, though nobody had been told.
    pub early: u64,
    /// What they broke: the moment, the damage, what is wrong.
    pub breaches: Vec<(usize, Damage, String)>,
}

/// Backs up so many times, after some transactions each, and says when each is done. Whether all were.
#[must_use]
pub fn make(home: &Path, folder: &Path, seed: &str) -> bool {
    Said::Open(0).say();
    let done = seed.parse().map_err(|_| "a seed is a number".to_owned()).and_then(|seed| {
        let ledger = Ledger { seed, sizes: Sizes::Small };
        let store = open(&home.join("store"))?;
        for turn in 1..=BACKUPS {
            for number in (turn - 1) * TRANSACTIONS + 1..=turn * TRANSACTIONS {
                write(&store, ledger, number)?;
            }
            make_one(&store, home, folder, turn == FULL, BEGAN_MS + turn)?;
            Said::Acknowledged(turn).say();
        }
        store.close_blocking().map_err(|error| error.to_string())
    });
    if let Err(why) = &done {
        Said::Failed(why.clone()).say();
    }
    done.is_ok()
}

/// Records one run and crashes it, about so many times; 0 is everywhere and in every way.
///
/// # Errors
/// It cannot be recorded here.
pub fn crash_everywhere(program: &Path, seed: u64, states_max: u64, syncs: Syncs) -> Result<Outcome, String> {
    let place = Place::new(seed)?;
    let recording = Recording::of(program, &place.arguments(), &place.folder(), 0)?;
    let store = open(&place.home().join("store"))?;
    let (mut outcome, mut random) = (Outcome::default(), Random::new(seed));
    outcome.moments = recording.moments().len() as u64;
    let all = outcome.moments * Damage::ALL.len() as u64;
    for moment in recording.moments() {
        for damage in Damage::ALL {
            if states_max != 0 && random.below(all) >= states_max {
                continue;
            }
            let crashed = tempfile::tempdir_in(folder()).map_err(|error| error.to_string())?;
            let left = crashed.path().join("folder");
            fs::create_dir(&left)
                .and_then(|()| recording.crash(moment, damage, syncs, &mut random, &left))
                .map_err(|error| error.to_string())?;
            outcome.states += 1;
            let told = recording.acknowledged(moment);
            match place.judge(&store, &left, told) {
                Ok(there) => outcome.early += u64::from(there > told),
                Err(why) => outcome.breaches.push((moment, damage, why)),
            }
        }
    }
    Ok(outcome)
}

/// Runs it with a fault in the `n`th of some calls of its main thread. Gives whether the fault was met, and what it said.
///
/// # Errors
/// What does not hold, or what cannot be done here.
pub fn fail(
    program: &Path,
    seed: u64,
    calls: &str,
    error: &str,
    n: u64,
) -> Result<(bool, Vec<Said>), String> {
    let place = Place::new(seed)?;
    let log = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    let fault = format!("error={error}:when={n}");
    let injection = Injection { calls, fault: &fault, threads: Threads::Main };
    let (_, said) = Writer::start_as(program, &injection.words(log.path()), &place.arguments()).end();
    // The tracer may write its last lines after the process has ended.
    std::thread::park_timeout(std::time::Duration::from_millis(30));
    let store = open(&place.home().join("store"))?;
    place.judge(&store, &place.folder(), last_acknowledged(&said))?;
    Ok((tracer::injected(log.path()), said))
}

impl Place {
    fn new(seed: u64) -> Result<Self, String> {
        let scratch = tempfile::tempdir_in(folder()).map_err(|error| error.to_string())?;
        let place = Self { scratch, ledger: Ledger { seed, sizes: Sizes::Small } };
        fs::create_dir_all(place.home()).map_err(|error| error.to_string())?;
        fs::create_dir_all(place.folder()).map_err(|error| error.to_string())?;
        Ok(place)
    }

    fn home(&self) -> PathBuf {
        self.scratch.path().join("home")
    }

    fn folder(&self) -> PathBuf {
        self.scratch.path().join("folder")
    }

    fn arguments(&self) -> Vec<String> {
        let path = |path: PathBuf| path.display().to_string();
        vec![ROLE.to_owned(), path(self.home()), path(self.folder()), self.ledger.seed.to_string()]
    }

    /// Looks at what is left of the folder, and lets the home as it is now go on in it. Gives how many points there are.
    fn judge(&self, store: &Store, left: &Path, told: u64) -> Result<u64, String> {
        let last = Ledger::last(store).map_err(|error| error.to_string())?;
        let there = self.points(left, told, last)?;
        if !(told..=told + 1).contains(&there) {
            return Err(format!("{there} points, of which {told} were told done"));
        }
        // Each backup looks at what the home remembers, and changes it.
        let home = tempfile::tempdir_in(folder()).map_err(|error| error.to_string())?;
        copy(&self.home().join("backup"), &home.path().join("backup")).map_err(|error| error.to_string())?;
        make_one(store, home.path(), left, false, BEGAN_MS + 1_000)?;
        let after = self.points(left, there, last)?;
        if after < there {
            return Err(format!("{there} points, and {after} after the next backup"));
        }
        self.restored(left, last).map(|_| there)
    }

    /// Verifies the folder and restores its newest point; the home ends at transaction `last`. Gives how many points there are.
    fn points(&self, left: &Path, told: u64, last: u64) -> Result<u64, String> {
        let opener = Opener::words(seed_of_home()?);
        let reports = match verify(left, &opener) {
            Err(BackupError::Missing(_)) if told == 0 => return Ok(0),
            reports => reports.map_err(|error| format!("verify: {error}"))?,
        };
        let points: u64 = reports.iter().map(|report| report.points.len() as u64).sum();
        self.restored(left, last.min(points * TRANSACTIONS))?;
        Ok(points)
    }

    /// Restores the newest point, which holds what the home held after some transaction, this one at the least.
    fn restored(&self, left: &Path, least: u64) -> Result<u64, String> {
        let opener = Opener::words(seed_of_home()?);
        let backup =
            Backup::open(left, &opener, &Choice::default()).map_err(|error| format!("restore: {error}"))?;
        let home = tempfile::tempdir_in(folder()).map_err(|error| error.to_string())?;
        let store = open(home.path())?;
        backup.write_into(&store, |_| Ok(())).map_err(|error| format!("restore: {error}"))?;
        self.ledger.check_open(&store, least).map_err(|breach| breach.to_string())
    }
}

fn open(dir: &Path) -> Result<Store, String> {
    Store::open(dir, &Ledger::home_key(), Ledger::options()).map_err(|error| error.to_string())
}

fn write(store: &Store, ledger: Ledger, number: u64) -> Result<(), String> {
    let written = store.write_blocking(move |txn| {
        ledger.stage(number, txn);
        Ok::<_, ReadError>(())
    });
    written.map(drop).map_err(|error| error.to_string())
}

fn make_one(store: &Store, home: &Path, folder: &Path, full: bool, now_ms: u64) -> Result<(), String> {
    let wish = Wish { full, ..Wish::default() };
    let made = back_up(store, &seed_of_home()?, home, folder, &wish, Timestamp::from_millis(now_ms));
    made.map(drop).map_err(|error| error.to_string())
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    let Ok(entries) = fs::read_dir(from) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().unwrap_or_default()))?;
        }
    }
    Ok(())
}
