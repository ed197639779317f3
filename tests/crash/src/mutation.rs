//! A store's files, changed by someone who has the disk and not the key.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use freehold_store::Store;

use crate::device::folder;
use crate::ledger::{Breach, Ledger, Sizes};
use crate::random::Random;

/// Transactions of the store that is changed.
const TRANSACTIONS: u64 = 160;
/// The older store, whose files are put back.
const TRANSACTIONS_OLDER: u64 = 60;

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Changes that were made.
    pub mutations: u64,
    /// Those that were told when the store was opened.
    pub told_at_open: u64,
    /// Those that were told when a record was read.
    pub told_at_read: u64,
    /// Records that could be read beside one that could not.
    pub read_beside: u64,
    /// Those that changed nothing of use, such as bytes of what was overwritten.
    pub harmless: u64,
    /// Values served that were never written so, or records missing without a word: what was changed, and how.
    pub served: Vec<String>,
}

type Files = BTreeMap<String, Vec<u8>>;

/// Makes a store, changes its files so often, and looks each time.
///
/// # Panics
/// When the store cannot be made.
#[must_use]
pub fn mutate(rounds: u64, seed: u64) -> Outcome {
    let ledger = Ledger { seed, sizes: Sizes::Small };
    let dir = tempfile::tempdir_in(folder()).expect("a folder");
    write(ledger, dir.path(), 1..=TRANSACTIONS_OLDER);
    let older = files(dir.path());
    write(ledger, dir.path(), TRANSACTIONS_OLDER + 1..=TRANSACTIONS);
    let whole = files(dir.path());
    let mut random = Random::part(seed, 3);
    let mut outcome = Outcome::default();
    for _ in 0..rounds {
        let mut changed = whole.clone();
        let what = change(&mut changed, &older, &mut random);
        judge(ledger, &changed, what, &mut outcome);
    }
    outcome
}

fn write(ledger: Ledger, dir: &Path, numbers: std::ops::RangeInclusive<u64>) {
    let store = Store::open(dir, &Ledger::home_key(), Ledger::options()).expect("a store");
    for number in numbers {
        let written = store.write_blocking(move |txn| {
            ledger.stage(number, txn);
            Ok::<_, freehold_store::ReadError>(())
        });
        written.expect("a write");
    }
    store.close_blocking().expect("it closes");
}

fn files(dir: &Path) -> Files {
    let entries = fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry"));
    let files = entries.filter(|entry| entry.path().is_file());
    files
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("a file"))
        })
        .collect()
}

/// Changes one file; says how.
fn change(files: &mut Files, older: &Files, random: &mut Random) -> String {
    let names: Vec<String> = files.keys().filter(|name| *name != "lock").cloned().collect();
    // The log is the largest by far, and most of what can be changed.
    let name = if random.percent(50) { "db" } else { &names[random.below(names.len() as u64) as usize] };
    let bytes = files.get_mut(name).expect("a name of the store");
    // sled fills its segments; what was never written is no place to look.
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1).max(1) as u64;
    match random.below(5) {
        0 | 1 => {
            let (at, bit) = (random.below(end), random.below(8));
            bytes[at as usize] ^= 1 << bit;
            format!("{name}: bit {bit} of byte {at}")
        }
        2 => {
            let length = (16 + random.below(300)).min(end / 2) as usize;
            let (a, b) = (random.below(end / 2), end / 2);
            let b = b + random.below((end - b).saturating_sub(length as u64) + 1);
            let (a, b) = (a as usize, b as usize);
            for offset in 0..length.min(b - a).min(bytes.len() - b) {
                bytes.swap(a + offset, b + offset);
            }
            format!("{name}: {length} bytes at {a} and {b} swapped")
        }
        3 => {
            let length = random.below(end);
            bytes.truncate(length as usize);
            format!("{name}: cut to {length}")
        }
        _ => match older.get(name) {
            Some(old) => {
                bytes.clone_from(old);
                format!("{name}: an older one")
            }
            None => {
                files.remove(name);
                format!("{name}: removed")
            }
        },
    }
}

fn judge(ledger: Ledger, files: &Files, what: String, outcome: &mut Outcome) {
    let dir = tempfile::tempdir_in(folder()).expect("a folder");
    fs::create_dir(dir.path().join("blobs")).expect("a folder");
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).expect("a file");
    }
    outcome.mutations += 1;
    let Ok(store) = Store::open(dir.path(), &Ledger::home_key(), Ledger::options()) else {
        outcome.told_at_open += 1;
        return;
    };
    match ledger.check_open(&store, TRANSACTIONS) {
        Ok(_) => outcome.harmless += 1,
        Err(Breach::Read(_)) => {
            outcome.told_at_read += 1;
            match ledger.count_readable(&store, TRANSACTIONS) {
                Ok(readable) => outcome.read_beside += readable,
                Err(breach) => outcome.served.push(format!("{what}: {breach}")),
            }
        }
        Err(breach) => outcome.served.push(format!("{what}: {breach}")),
    }
}
