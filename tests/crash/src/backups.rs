//! A process that backs a store up, again and again, while it writes a [`Ledger`] into it, killed at any moment; and what its
//! folder gives back.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use freehold_backup::{Backup, BackupError, Choice, Opener, Wish, back_up, verify};
use freehold_keystore::Seed;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Store};

use crate::ledger::{Ledger, Sizes};
use crate::random::Random;

/// The word on the command line that makes the program this process.
pub const ROLE: &str = "backup-writer";

/// Longest that it works before a kill; a backup takes a few milliseconds.
const WORK_MS_MAX: u64 = 150;
/// Kills that one folder goes through before another is taken: all of it is read after each.
const KILLS_EACH: u64 = 12;
/// One backup in so many begins a new chain.
const FULL_EVERY: u64 = 7;
/// The words of the home; they are those of a public test vector.
const WORDS: &str = "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor \
    acoustic avoid letter advice cage absurd amount doctor acoustic bless";

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Kills.
    pub rounds: u64,
    /// Backups that were told done before a kill.
    pub done: u64,
    /// Kills that met a backup whose file was under way.
    pub cut: u64,
    /// Chains that there were.
    pub chains: u64,
    /// Points that there were.
    pub points: u64,
}

/// Kills the process so often. After each kill the folder verifies, and gives back one moment of the store with all that was
/// acknowledged before the last backup that was told done.
///
/// # Errors
/// What does not hold, and in which round.
///
/// # Panics
/// When the process cannot be started.
pub fn kills(program: &Path, rounds: u64, seed: u64) -> Result<Outcome, String> {
    let mut random = Random::part(seed, 3);
    let mut outcome = Outcome { rounds, done: 0, cut: 0, chains: 0, points: 0 };
    for begun in (0..rounds).step_by(usize::try_from(KILLS_EACH).unwrap_or(1)) {
        let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
        let seed = seed.wrapping_add(begun);
        let ledger = Ledger { seed, sizes: Sizes::Small };
        let (mut told, mut found) = (None, (0, 0));
        for round in begun..rounds.min(begun + KILLS_EACH) {
            let pause = Duration::from_millis(random.below(WORK_MS_MAX));
            for line in work(program, scratch.path(), seed, pause) {
                told = told.max(Some(line));
                outcome.done += 1;
            }
            outcome.cut += u64::from(has_unfinished(&scratch.path().join("folder")));
            found = check(scratch.path(), ledger, told).map_err(|why| format!("round {round}: {why}"))?;
        }
        outcome.chains += found.0;
        outcome.points += found.1;
    }
    Ok(outcome)
}

/// Starts the process, lets it work, and kills it. Gives what it told: for each backup that was done, the last transaction that
/// was acknowledged before it began.
fn work(program: &Path, dir: &Path, seed: u64, pause: Duration) -> Vec<u64> {
    let mut command = Command::new(program);
    command.arg(ROLE).arg(dir).arg(seed.to_string()).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the process starts");
    let lines = BufReader::new(child.stdout.take().expect("its output is a pipe")).lines();
    let (opened, open) = std::sync::mpsc::sync_channel(1);
    let listener = std::thread::spawn(move || {
        let mut told = Vec::new();
        for line in lines.map_while(Result::ok) {
            match line.parse() {
                Ok(number) => told.push(number),
                // The first line says that the store is open.
                Err(_) => drop(opened.try_send(line)),
            }
        }
        told
    });
    let said = open.recv_timeout(Duration::from_secs(60));
    assert!(said.as_deref().is_ok_and(|line| line == "open"), "the process did not open its store: {said:?}");
    std::thread::park_timeout(pause);
    child.kill().expect("a signal to our own child");
    let _ = child.wait();
    listener.join().expect("the listener does not panic")
}

/// The process: one thread writes, one backs up. It ends only when it is killed, or when something fails.
///
/// # Errors
/// What failed.
pub fn run(words: &[String]) -> Result<(), String> {
    let [dir, seed] = words else { return Err("a folder and a seed".into()) };
    let (home, folder) = (Path::new(dir).join("home"), Path::new(dir).join("folder"));
    let ledger = Ledger { seed: seed.parse().map_err(|_| "a seed is a number")?, sizes: Sizes::Small };
    let store = Store::open(&home.join("store"), &Ledger::home_key(), Ledger::options());
    let store = store.map_err(|error| error.to_string())?;
    let begun = Ledger::last(&store).map_err(|error| error.to_string())?;
    say("open")?;
    let acknowledged = Arc::new(AtomicU64::new(begun));
    let writer = {
        let (store, acknowledged) = (store.clone(), Arc::clone(&acknowledged));
        std::thread::spawn(move || {
            for number in begun + 1.. {
                let staged = store.write_blocking(move |txn| {
                    ledger.stage(number, txn);
                    Ok::<_, ReadError>(())
                });
                if let Err(error) = staged {
                    return error.to_string();
                }
                acknowledged.store(number, SeqCst);
            }
            String::new()
        })
    };
    for turn in 1_u64.. {
        if writer.is_finished() {
            return Err(writer.join().unwrap_or_default());
        }
        let before = acknowledged.load(SeqCst);
        let wish = Wish { full: turn.is_multiple_of(FULL_EVERY), ..Wish::default() };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now = Timestamp::from_millis(u64::try_from(now).unwrap_or_default());
        back_up(&store, &seed_of_home()?, &home, &folder, &wish, now).map_err(|error| error.to_string())?;
        say(&before.to_string())?;
    }
    Ok(())
}

/// Verifies the folder and restores the newest point. Gives the chains and points that there are.
fn check(dir: &Path, ledger: Ledger, told: Option<u64>) -> Result<(u64, u64), String> {
    let (folder, opener) = (dir.join("folder"), Opener::words(seed_of_home()?));
    let reports = match verify(&folder, &opener) {
        // The first was not done.
        Err(BackupError::Missing(_) | BackupError::Io { .. }) if told.is_none() => return Ok((0, 0)),
        reports => reports.map_err(|error| error.to_string())?,
    };
    let backup = Backup::open(&folder, &opener, &Choice::default()).map_err(|error| error.to_string())?;
    let restored = tempfile::tempdir().map_err(|error| error.to_string())?;
    let store = Store::open(restored.path(), &Ledger::home_key(), Ledger::options());
    let store = store.map_err(|error| error.to_string())?;
    backup.write_into(&store, |_| Ok(())).map_err(|error| error.to_string())?;
    ledger.check_open(&store, told.unwrap_or_default()).map_err(|breach| breach.to_string())?;
    Ok((reports.len() as u64, reports.iter().map(|report| report.points.len() as u64).sum()))
}

fn has_unfinished(folder: &Path) -> bool {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    names.collect::<Vec<PathBuf>>().iter().any(|path| path.extension().is_some_and(|end| end == "tmp"))
}

pub(crate) fn seed_of_home() -> Result<Seed, String> {
    Seed::from_words(WORDS).map_err(|error| error.to_string())
}

fn say(line: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())
}
