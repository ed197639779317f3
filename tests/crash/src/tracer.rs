//! strace: it injects faults into a process's calls, and records them.

use std::path::Path;
use std::process::{Child, Command, Stdio};

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

    /// Does it to a process that runs, from now on, to calls on one file or on all. Gives the tracer, which ends with
    /// the process.
    ///
    /// # Panics
    /// When strace cannot be started.
    #[must_use]
    pub fn attach(&self, process: u32, file: Option<&Path>, log: &Path) -> Child {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-e", "signal=none", "-p", &process.to_string()]).arg("-o").arg(log);
        if let Some(file) = file {
            command.arg("-P").arg(file);
        }
        command.args(["-e", &format!("trace={}", self.calls)]);
        command.args(["-e", &format!("inject={}:{}", self.calls, self.fault)]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("strace starts")
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
