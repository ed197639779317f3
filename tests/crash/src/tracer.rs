//! strace: it injects faults into a process's calls, and records them.

use crate::device::run;

/// Whether this machine has one that may trace.
///
/// # Errors
/// Why not.
pub fn available() -> Result<(), String> {
    let tried = run("strace", &["-qq", "-e", "trace=fsync", "-e", "inject=fsync:retval=0:when=1", "true"]);
    tried.map(drop).map_err(|why| format!("{why}: install strace, and allow ptrace"))
}

/// The words before a command that inject a fault into some of its calls, in every thread or in the main one alone.
#[must_use]
pub fn injecting(calls: &str, fault: &str, threads: Threads) -> Vec<String> {
    // -D: the traced process, not the tracer, is our child, so that a signal meets the right one.
    let mut words: Vec<String> = ["strace", "-D", "-qq", "-o", "/dev/null"].map(str::to_owned).into();
    if threads == Threads::All {
        words.push("-f".to_owned());
    }
    words.extend(["-e".to_owned(), format!("trace={calls}"), "-e".to_owned(), format!("inject={calls}:{fault}")]);
    words.extend(["-e".to_owned(), "signal=none".to_owned()]);
    words
}

/// Whose calls are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// The main thread's alone: what opens a store.
    Main,
    /// Every thread's.
    All,
}
