//! Orders of threads' and tasks' steps: the store's group commit, the send queue, the gate, revocation and the stop of an
//! engine run under [shuttle](https://docs.rs/shuttle), which decides at each lock, queue and wait who goes on.
//!
//! The code is the crates' own, over a disk and a network in memory; with the feature `schedules` their locks, queues,
//! threads and tasks are shuttle's. There is no time: a timeout never comes, a pause is over at once. A `Scenario` is
//! a few things that happen side by side and what must hold in every order of them; `try_orders` plays it as often as
//! wanted. Each of `FAULTS` is planted in the code, and has to be found.
#![cfg(feature = "schedules")]

mod commit;
mod engine;
mod frames;
mod node;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use freehold_store::planted::{self as store, Bug};
use freehold_transport::planted::{self as transport, Fault};
use shuttle::scheduler::RandomScheduler;
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

/// Bytes of a task's stack: an engine's start needs most of it.
const STACK_BYTES: usize = 1 << 20;
/// Steps after which a schedule is taken for one that never ends; the longest that ends has a few thousand.
const STEPS_MAX: usize = 200_000;

/// Things that happen side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Threads write, one closes the store, the power is cut.
    Commit,
    /// Frames go through a queue that is soon full, and the sender finishes.
    Queue,
    /// A connection is ended while its streams send.
    BreakOff,
    /// A field changes while its grant begins to stand.
    Hear,
    /// A grant is revoked while its field changes and is released.
    Revoke,
    /// A node is stopped while a field changes and a grant is revoked.
    Stop,
}

/// Every scenario.
pub const SCENARIOS: [Scenario; 6] =
    [Scenario::Commit, Scenario::Queue, Scenario::BreakOff, Scenario::Hear, Scenario::Revoke, Scenario::Stop];

/// A fault that is planted in the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// In the store and what stands on it.
    Store(Bug),
    /// In the transport.
    Transport(Fault),
}

/// Each fault with the scenario that has to find it.
pub const FAULTS: [(Scenario, Planted); 6] = [
    (Scenario::Commit, Planted::Store(Bug::SyncSkipped)),
    (Scenario::Queue, Planted::Transport(Fault::FinishUnwaited)),
    (Scenario::BreakOff, Planted::Transport(Fault::StepUnguarded)),
    (Scenario::Hear, Planted::Store(Bug::RungBeforeNoted)),
    (Scenario::Revoke, Planted::Store(Bug::ReleasedAfterRevoke)),
    (Scenario::Stop, Planted::Store(Bug::StopUnwaited)),
];

/// Plays a scenario in so many orders that follow from a seed. An order in which something does not hold is a panic, which
/// says what and the order's own seed.
///
/// # Panics
/// Where something does not hold, or nobody can go on.
pub fn try_orders(scenario: Scenario, orders: u64, seed: u64) {
    if let Err(panic) = run(scenario, orders, seed, None, &Arc::default()) {
        resume_unwind(panic);
    }
}

/// Plays a scenario with a planted fault. Gives the number of the order that has found it; `None` when none did.
#[must_use]
pub fn find(scenario: Scenario, planted: Planted, orders: u64, seed: u64) -> Option<u64> {
    let played = Arc::new(AtomicU64::new(0));
    let ended = run(scenario, orders, seed, Some(planted), &played);
    ended.is_err().then(|| played.load(Ordering::Relaxed))
}

fn run(
    scenario: Scenario,
    orders: u64,
    seed: u64,
    planted: Option<Planted>,
    played: &Arc<AtomicU64>,
) -> thread::Result<()> {
    let play: fn() = match scenario {
        Scenario::Commit => commit::play,
        Scenario::Queue => frames::queue,
        Scenario::BreakOff => frames::break_off,
        Scenario::Hear => engine::hear,
        Scenario::Revoke => engine::revoke,
        Scenario::Stop => engine::stop,
    };
    if matches!(scenario, Scenario::Hear | Scenario::Revoke | Scenario::Stop) {
        Runner::new(RandomScheduler::new_from_seed(0, 1), config()).run(node::prepare);
    }
    turn_on(planted);
    let orders = usize::try_from(orders).unwrap_or(usize::MAX);
    let played = Arc::clone(played);
    let runner = Runner::new(RandomScheduler::new_from_seed(seed, orders), config());
    let ended = catch_unwind(AssertUnwindSafe(|| {
        runner.run(move || {
            played.fetch_add(1, Ordering::Relaxed);
            play();
        })
    }));
    turn_on(None);
    if ended.is_err() {
        frames::forget();
    }
    ended.map(drop)
}

fn config() -> Config {
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.max_steps = MaxSteps::FailAfter(STEPS_MAX);
    // The seed of an order plays it again.
    config.failure_persistence = FailurePersistence::None;
    config.silence_warnings = true;
    config
}

fn turn_on(planted: Option<Planted>) {
    store::turn_on(match planted {
        Some(Planted::Store(bug)) => Some(bug),
        _ => None,
    });
    transport::turn_on(match planted {
        Some(Planted::Transport(fault)) => Some(fault),
        _ => None,
    });
}
