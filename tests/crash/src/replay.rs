//! A crash at every moment of a recorded run, with every kind of damage; and again at every moment of the recovery.

use std::path::Path;

use crate::device::folder;
use crate::ledger::{Breach, Ledger, Sizes};
use crate::random::Random;
use crate::recording::{Damage, Recording, Syncs};
use crate::writer::Plan;

/// How much rather a crash is tried while names are made and moved: a store does that only while it is opened, which is
/// when it is most fragile.
const NAMING_WEIGHT: f64 = 10.0;

/// A run that is recorded and crashed.
#[derive(Debug, Clone, Copy)]
pub struct Replay {
    /// What decides everything.
    pub seed: u64,
    /// The sizes of the values.
    pub sizes: Sizes,
    /// Transactions in the run.
    pub transactions: u64,
    /// After so many, the store is closed and opened.
    pub reopen: u64,
    /// About how many crashes are tried, spread over all moments and kinds; 0 tries all.
    pub states_max: u64,
    /// Whether syncs are believed.
    pub syncs: Syncs,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Moments at which the run could crash.
    pub moments: u64,
    /// Writes to segments of the log that were used before.
    pub writes_to_used_segments: u64,
    /// Crashes that were tried.
    pub states: u64,
    /// What they broke: the moment, the damage, the breach.
    pub breaches: Vec<(usize, Damage, Breach)>,
}

impl Replay {
    /// Does it.
    ///
    /// # Errors
    /// The run cannot be recorded here.
    pub fn run(&self, program: &Path) -> Result<Outcome, String> {
        let mut outcome = Outcome::default();
        let dir = tempfile::tempdir_in(folder()).map_err(|error| error.to_string())?;
        let plan = Plan { ledger: self.ledger(), count: self.transactions, reopen: self.reopen };
        let recording = Recording::make(program, &plan, &dir.path().join("store"), 0)?;
        self.crash_everywhere(&recording, &mut outcome)?;
        Ok(outcome)
    }

    /// Kills the run somewhere, or cuts its power, and then crashes the process that recovers from it everywhere.
    ///
    /// # Errors
    /// The run cannot be recorded here.
    pub fn run_in_recovery(&self, program: &Path, crashes: u64) -> Result<Outcome, String> {
        let mut outcome = Outcome::default();
        let mut random = Random::part(self.seed, 1);
        let dir = tempfile::tempdir_in(folder()).map_err(|error| error.to_string())?;
        let plan = Plan { ledger: self.ledger(), count: self.transactions, reopen: self.reopen };
        let first = Recording::make(program, &plan, &dir.path().join("store"), 0)?;
        for crash in 0..crashes {
            let store = dir.path().join(format!("crashed-{crash}"));
            let moment = random.below(first.moments().end as u64) as usize;
            let plan = Plan { count: 3, reopen: 0, ..plan };
            std::fs::create_dir(&store).map_err(|error| error.to_string())?;
            // After a kill the system still has what the disk may lack; after a cut it has what the disk has.
            let recovery = if crash % 2 == 0 {
                first.then(moment, program, &plan, &store)?
            } else {
                let made = first.crash(moment, Damage::Reordered, self.syncs, &mut random, &store);
                made.map_err(|error| error.to_string())?;
                Recording::make(program, &plan, &store, first.acknowledged(moment))?
            };
            self.crash_everywhere(&recovery, &mut outcome)?;
        }
        Ok(outcome)
    }

    fn ledger(&self) -> Ledger {
        Ledger { seed: self.seed, sizes: self.sizes }
    }

    fn crash_everywhere(&self, recording: &Recording, outcome: &mut Outcome) -> Result<(), String> {
        let mut random = Random::part(self.seed, 2);
        let moments = recording.moments().len() as u64;
        let all = moments * Damage::ALL.len() as u64;
        let often = if self.states_max == 0 { 1.0 } else { self.states_max as f64 / all as f64 };
        outcome.moments += moments;
        outcome.writes_to_used_segments += recording.writes_to_used_segments();
        for moment in recording.moments() {
            let often = if recording.is_naming(moment) { often * NAMING_WEIGHT } else { often };
            for damage in Damage::ALL {
                if random.below(1_000_000) as f64 >= often * 1_000_000.0 {
                    continue;
                }
                let dir = tempfile::tempdir_in(folder()).map_err(|error| error.to_string())?;
                let made = recording.crash(moment, damage, self.syncs, &mut random, dir.path());
                made.map_err(|error| error.to_string())?;
                outcome.states += 1;
                if let Err(breach) = self.ledger().check(dir.path(), recording.acknowledged(moment)) {
                    outcome.breaches.push((moment, damage, breach));
                }
            }
        }
        Ok(())
    }
}
