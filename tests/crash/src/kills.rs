//! Node and hub, killed at any moment while they work; or the power of both cut.

use std::time::Duration;

use rustix::process::Signal;

use crate::device::Device;
use crate::peer::{Peer, signal};
use crate::random::Random;
use crate::story::Story;

/// Longest that they work before a kill.
const WORK_MS_MAX: u64 = 120;
/// Longest that the one which is left works on without the other.
const ALONE_ACTIONS_MAX: u64 = 4;
/// Size of the device in MiB: two stores with their reserves.
const DEVICE_MEBIBYTES: u64 = 192;

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Rounds: one or two processes were killed in each, or the power was cut.
    pub rounds: u64,
    /// Changes, grants, revocations, reads, invitations and requests that were acknowledged.
    pub acknowledged: u64,
}

/// Kills them so often. A breach is a panic that says what was lost.
///
/// # Panics
/// When something acknowledged is missing, or something is half.
#[must_use]
pub fn kills(rounds: u64, seed: u64) -> Outcome {
    let dir = tempfile::tempdir().expect("a folder");
    let mut story = Story::begin(dir.path(), dir.path(), seed);
    let mut random = Random::part(seed, 1);
    for round in 0..rounds {
        let (node, hub) = [(true, false), (false, true), (true, true)][random.below(3) as usize];
        let victims = [story.node.id().filter(|_| node), story.hub.id().filter(|_| hub)];
        let pause = Duration::from_millis(random.below(WORK_MS_MAX));
        let killer = std::thread::spawn(move || {
            std::thread::park_timeout(pause);
            victims.into_iter().for_each(|victim| signal(victim, Signal::KILL));
        });
        while story.act().is_some() && !killer.is_finished() {}
        killer.join().expect("the killer does not panic");
        for _ in 0..random.below(ALONE_ACTIONS_MAX) {
            let _ = story.act();
        }
        let again = |peer: &mut Peer| {
            peer.kill();
            peer.start();
        };
        if node {
            again(&mut story.node);
        }
        if hub {
            again(&mut story.hub);
        }
        story.check();
        if round % 20 == 19 {
            story.settle();
        }
    }
    story.settle();
    Outcome { rounds, acknowledged: story.acknowledged }
}

/// Cuts the power of both so often: their homes are on one device.
///
/// # Errors
/// Why this machine cannot.
///
/// # Panics
/// When something acknowledged is missing, or something is half.
pub fn cuts(rounds: u64, seed: u64) -> Result<Outcome, String> {
    let mut device = Device::make(DEVICE_MEBIBYTES)?;
    let beside = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut story = Story::begin(&device.path(), beside.path(), seed);
    let mut random = Random::part(seed, 2);
    for _ in 0..rounds {
        let pause = Duration::from_millis(random.below(WORK_MS_MAX));
        let ids = [story.node.id(), story.hub.id()];
        let killer = std::thread::spawn(move || {
            std::thread::park_timeout(pause);
            ids.into_iter().for_each(|id| signal(id, Signal::STOP));
        });
        cut(&mut story, &mut device, killer);
        story.node.start();
        story.hub.start();
        story.check();
    }
    story.settle();
    Ok(Outcome { rounds, acknowledged: story.acknowledged })
}

/// Works until both are stopped, which would leave a call waiting: so the cut is made from another thread.
fn cut(story: &mut Story, device: &mut Device, stopper: std::thread::JoinHandle<()>) {
    let ids = [story.node.id(), story.hub.id()];
    let frozen = std::thread::scope(|scope| {
        let device = &*device;
        let cutter = scope.spawn(move || {
            stopper.join().expect("the stopper does not panic");
            let frozen = device.freeze_image();
            ids.into_iter().for_each(|id| signal(id, Signal::KILL));
            frozen
        });
        while story.act().is_some() && !cutter.is_finished() {}
        cutter.join().expect("the cutter does not panic")
    });
    story.node.kill();
    story.hub.kill();
    device.power_on(frozen);
}
