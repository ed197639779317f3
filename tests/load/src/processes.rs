//! What the servers beside the hub use.

use std::fs;

use freehold_tests::bench::{Failure, machine};

/// CPU seconds of a process and of those that it has started.
///
/// # Errors
/// When it is gone.
pub fn with_children_cpu_secs(pid: u32) -> Result<f64, Failure> {
    // What has ended and is still running at another look would count twice or not at all: servers keep their processes.
    let children = children(pid).into_iter().filter_map(|child| machine::cpu_secs(child).ok());
    Ok(machine::cpu_secs(pid)? + children.sum::<f64>())
}

/// CPU seconds of those processes of this one that have a name.
#[must_use]
pub fn named_cpu_secs(name: &str) -> f64 {
    let is_named =
        |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name);
    children(std::process::id())
        .into_iter()
        .filter(is_named)
        .filter_map(|pid| machine::cpu_secs(pid).ok())
        .sum()
}

/// How busy the machine was in the last minute: processes that ran or wanted to.
#[must_use]
pub fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
}

fn children(parent: u32) -> Vec<u32> {
    let Ok(all) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = all.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
