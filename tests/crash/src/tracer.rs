//! strace: it injects faults into a process's calls, and records them.

use std::path::Path;

use crate::device::run;

/// Whether this machine has one that may trace.
///
/// # Errors
/// Why not.
pub fn available() -> Result<(), String> {
    let tried = run("strace", &["-qq", "-e", "trace=fsync", "-e", "inject=fsync:retval=0:when=1", "true"]);
    tried.map(drop).map_err(|why| format!("{why}: install strace, and allow ptrace"))
}

/// A fault that strace puts into some calls of a process.
#[derive(Debug, Clone)]
pub struct Injection<'a> {
    /// The calls, such as `fdatasync,fsync`.
    pub calls: &'a str,
    /// The fault: `retval=0` leaves the call out, `error=EIO:when=3` fails the third of a thread.
    pub fault: &'a str,
    /// Whose calls are meant.
    pub threads: Threads,
}

/// Whose calls are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// The main thread's alone: what opens a store.
    Main,
    /// Every thread's.
    All,
}

impl Injection<'_> {
    /// The words before a command that do it. What was done is written to a log.
    #[must_use]
    pub fn words(&self, log: &Path) -> Vec<String> {
        // -D: the traced process, not the tracer, is our child, so that a signal meets the right one.
        let mut words: Vec<String> = ["strace", "-D", "-qq", "-e", "signal=none"].map(str::to_owned).into();
        if self.threads == Threads::All {
            words.push("-f".to_owned());
        }
        words.extend(["-o".to_owned(), log.display().to_string()]);
        words.extend(["-e".to_owned(), format!("trace={}", self.calls)]);
        words.extend(["-e".to_owned(), format!("inject={}:{}", self.calls, self.fault)]);
        words
    }

    /// As [`Injection::words`], where nobody asks what was done.
    #[must_use]
    pub fn words_unlogged(&self) -> Vec<String> {
        self.words(Path::new("/dev/null"))
    }
}

/// Whether a fault was really put into a call.
#[must_use]
pub fn injected(log: &Path) -> bool {
    std::fs::read_to_string(log).is_ok_and(|log| log.contains("(INJECTED)"))
}
