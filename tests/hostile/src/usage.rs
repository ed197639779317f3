//! What a process uses of the machine.

use std::fs;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};

/// Memory and time of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Memory that it has now, in KiB.
    pub resident_kib: u64,
    /// Most that it ever had, in KiB.
    pub peak_kib: u64,
    /// Time on a core, in hundredths of a second.
    pub cpu_ticks: u64,
}

impl Usage {
    /// Of a process that runs.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn of(process: Option<Pid>) -> Self {
        let id = process.expect("it runs").as_raw_nonzero();
        let status = fs::read_to_string(format!("/proc/{id}/status")).expect("its status");
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("its times");
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
        };
        // Behind the name, which may hold anything, the 12th and 13th words are the times in user and in system.
        let after = stat.rsplit(')').next().unwrap_or_default();
        let ticks =
            after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
        Self { resident_kib: kib("VmRSS:"), peak_kib: kib("VmHWM:"), cpu_ticks: ticks }
    }
}

/// Lets this process, and those that it starts, have as many descriptors as the system allows. Gives how many.
#[must_use]
pub fn raise_descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // Where it may not be raised, the number that is allowed already is told.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
