//! What is asked of the operating system.

use std::fs;
use std::process::Command;

use super::Failure;

/// Ticks of a second in `/proc/PID/stat`: fixed by Linux for programs (`USER_HZ`).
const TICKS: f64 = 100.0;

/// CPU seconds that a process has used, its threads and the kernel's work for it included.
///
/// # Errors
/// When there is no such process.
pub fn cpu_secs(pid: u32) -> Result<f64, Failure> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in brackets may hold anything.
    let rest = stat.rsplit_once(')').ok_or("unreadable /proc/PID/stat")?.1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|f| f.parse::<f64>().ok()).ok_or("short /proc/PID/stat");
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}

/// Megabytes (10^6 bytes) that a process holds in memory.
///
/// # Errors
/// When there is no such process.
pub fn resident_mb(pid: u32) -> Result<f64, Failure> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024.0 / 1e6)
}

/// Processors, their model, and the kernel.
#[must_use]
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores, {model}, Linux {}", kernel.trim())
}

/// The commit that was measured, and whether the tree was changed after it.
#[must_use]
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|out| !out.is_empty());
    let head = git(&["rev-parse", "HEAD"]).filter(|head| !head.is_empty());
    let head = head.unwrap_or_else(|| "unknown".to_owned());
    if changed { format!("{head}, with changes not yet committed") } else { head }
}
