//! A passphrase that is changed, with a crash at every write, name and sync.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use freehold_keystore::{Cost, Passphrase, Seed, change_passphrase, create, open, remove_unfinished};

use crate::device::folder;
use crate::random::Random;
use crate::recording::{Damage, Recording, Syncs};
use crate::writer::Said;

/// The word on the command line that makes the program the process that changes one.
pub const ROLE: &str = "passphrase-changer";

/// The key file's name.
const KEYS: &str = "keys";

fn old() -> Passphrase {
    Passphrase::new("the old passphrase".to_owned()).expect("it is long enough")
}

fn new() -> Passphrase {
    Passphrase::new("the new passphrase".to_owned()).expect("it is long enough")
}

/// Changes the passphrase of the key file in a folder, and says when it is done. Whether it was.
#[must_use]
pub fn change(dir: &Path) -> bool {
    let changed = change_passphrase(&dir.join(KEYS), &old(), &new(), Cost::danger_fast_for_tests());
    match &changed {
        Ok(_) => Said::Acknowledged(1).say(),
        Err(error) => Said::Failed(error.to_string()).say(),
    }
    changed.is_ok()
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Crashes that were tried.
    pub states: u64,
    /// After how many the old passphrase held, and after how many the new one.
    pub held: [u64; 2],
    /// What they broke: the moment, the damage, what is wrong.
    pub breaches: Vec<(usize, Damage, &'static str)>,
}

/// Records one change and crashes it everywhere, in every way.
///
/// # Errors
/// It cannot be recorded here.
pub fn crash_everywhere(program: &Path, seed: u64, syncs: Syncs) -> Result<Outcome, String> {
    let failed = |error: std::io::Error| error.to_string();
    let dir = tempfile::tempdir_in(folder()).map_err(failed)?;
    let home = dir.path().join("home");
    fs::create_dir(&home).map_err(failed)?;
    let person = Seed::generate().map_err(|error| error.to_string())?;
    create(&home.join(KEYS), &person, &old(), Cost::danger_fast_for_tests())
        .map_err(|error| error.to_string())?;
    let arguments = [ROLE.to_owned(), home.display().to_string()];
    let recording = Recording::of(program, &arguments, &home, 0)?;
    let (mut outcome, mut random) = (Outcome::default(), Random::new(seed));
    for moment in recording.moments() {
        for damage in Damage::ALL {
            let crashed = tempfile::tempdir_in(folder()).map_err(failed)?;
            recording.crash(moment, damage, syncs, &mut random, crashed.path()).map_err(failed)?;
            outcome.states += 1;
            match judge(crashed.path(), &person, recording.acknowledged(moment) > 0) {
                Ok(which) => outcome.held[which] += 1,
                Err(why) => outcome.breaches.push((moment, damage, why)),
            }
        }
    }
    Ok(outcome)
}

/// Which passphrase opens a home after a crash: 0 the old, 1 the new.
fn judge(dir: &Path, person: &Seed, acknowledged: bool) -> Result<usize, &'static str> {
    let entries = fs::read_dir(dir).map_err(|_| "the folder is gone")?;
    for entry in entries.flatten() {
        // The recording knows names and bytes, not modes.
        fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o600)).map_err(|_| "no permission")?;
        if acknowledged && open(&entry.path(), &old()).is_ok() {
            return Err("the old passphrase opens a file after the change");
        }
    }
    let keys = dir.join(KEYS);
    // The next process to have the home does this first.
    remove_unfinished(&keys).map_err(|_| "what was unfinished cannot be removed")?;
    if fs::read_dir(dir).map_err(|_| "the folder is gone")?.flatten().count() != 1 {
        return Err("something unfinished is left");
    }
    match [old(), new()].map(|passphrase| open(&keys, &passphrase).ok()) {
        [Some(_), Some(_)] => Err("both passphrases open it"),
        [None, None] => Err("neither passphrase opens it"),
        [Some(_), None] if acknowledged => Err("the old passphrase holds after the change"),
        [Some(seed), None] if seed.vault_key() == person.vault_key() => Ok(0),
        [None, Some(seed)] if seed.vault_key() == person.vault_key() => Ok(1),
        _ => Err("it holds another seed"),
    }
}
