//! Power cuts under a store: a real ext4, a writer stopped at any moment, and only what had reached the device left.

use std::path::Path;
use std::time::Duration;

use crate::device::Device;
use crate::ledger::{Breach, Ledger};
use crate::random::Random;
use crate::writer::{Plan, Writer, last_acknowledged};

/// Size of the device in MiB: room for the store's log and its reserve, quick to copy.
const DEVICE_MEBIBYTES: u64 = 128;
/// Longest that the writer runs before a cut.
const RUN_MS_MAX: u64 = 300;
/// Most transactions in one store before it begins anew: the comparison is over all of them.
const TRANSACTIONS_MAX: u64 = 20_000;

/// How the power is cut.
#[derive(Debug, Clone, Copy)]
pub struct Cuts {
    /// How often.
    pub rounds: u64,
    /// What decides the writes and the moments.
    pub seed: u64,
    /// The sizes of the values.
    pub sizes: crate::ledger::Sizes,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How often the power was cut.
    pub cuts: u64,
    /// Transactions that were acknowledged.
    pub acknowledged: u64,
    /// Cuts that lost, changed or halved something, with their round.
    pub breaches: Vec<(u64, Breach)>,
}

impl Cuts {
    /// Does it. `prefix` is put before the writer on its command line. After a breach it goes on with a new store.
    ///
    /// # Errors
    /// Why this machine cannot.
    pub fn run(&self, program: &Path, prefix: &[String]) -> Result<Outcome, String> {
        let mut device = Device::make(DEVICE_MEBIBYTES)?;
        let mut outcome = Outcome::default();
        let mut random = Random::new(self.seed);
        let mut ledger = Ledger { seed: self.seed, sizes: self.sizes };
        let mut at = 0;
        for round in 0..self.rounds {
            let store = device.path().join(format!("store-{}", ledger.seed));
            let reopen = if random.percent(30) { 1 + random.below(200) } else { 0 };
            let writer = Writer::start(program, prefix, &Plan { ledger, count: 0, reopen }, &store);
            // The store is open and something is under way, or this round cuts the opening itself.
            let early = random.percent(10);
            let pause = Duration::from_millis(random.below(RUN_MS_MAX));
            if !early {
                crate::wait_until("the writer works", || writer.acknowledged() > at);
            }
            std::thread::park_timeout(pause);
            writer.freeze();
            let frozen = device.freeze_image();
            let said = writer.kill();
            device.power_on(frozen);
            let acknowledged = last_acknowledged(&said).max(at);
            outcome.cuts += 1;
            outcome.acknowledged += acknowledged - at;
            match ledger.check(&store, acknowledged) {
                Ok(found) if found < TRANSACTIONS_MAX => at = found,
                found => {
                    outcome.breaches.extend(found.err().map(|breach| (round, breach)));
                    ledger.seed = random.next();
                    at = 0;
                    let _ = std::fs::remove_dir_all(store);
                }
            }
        }
        Ok(outcome)
    }
}
