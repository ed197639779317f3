//! A vendor's file of JSON lines in memory, for the simulator.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

thread_local! {
    static MOUNTED: RefCell<BTreeMap<PathBuf, SimulatedSink>> = const { RefCell::new(BTreeMap::new()) };
}

/// The file. Clones are the same file. What was appended is there for good, as after a sync.
#[derive(Debug, Clone, Default)]
pub struct SimulatedSink(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    fails: bool,
    starts: u64,
}

/// The file as one start of the hub has it open.
#[derive(Debug, Clone)]
pub(crate) struct OpenSink {
    sink: SimulatedSink,
    start: u64,
}

impl SimulatedSink {
    /// On this thread, a hub that writes to this path writes here.
    pub fn mount(&self, path: &Path) {
        MOUNTED.with_borrow_mut(|mounted| mounted.insert(path.to_owned(), self.clone()));
    }

    /// Forgets all files of this thread.
    pub fn unmount_all() {
        MOUNTED.take();
    }

    /// The hub's machine went off: what it had open is dead.
    pub fn restart(&self) {
        self.state().starts += 1;
    }

    /// Takes nothing from now on, or takes everything again.
    pub fn fail(&self, fails: bool) {
        self.state().fails = fails;
    }

    /// The lines from a number on, the first being 0.
    #[must_use]
    pub fn lines(&self, from: usize) -> Vec<String> {
        self.state().lines.get(from..).unwrap_or_default().to_vec()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file that is mounted at a path on this thread.
pub(crate) fn mounted(path: &Path) -> Option<OpenSink> {
    MOUNTED.with_borrow(|mounted| {
        let sink = mounted.get(path)?.clone();
        let start = sink.state().starts;
        Some(OpenSink { sink, start })
    })
}

impl OpenSink {
    pub(crate) fn append(&self, lines: &[u8]) -> io::Result<()> {
        let mut state = self.sink.state();
        if state.fails || state.starts != self.start {
            return Err(io::Error::other("a broken disk"));
        }
        let text = String::from_utf8(lines.to_vec()).map_err(io::Error::other)?;
        state.lines.extend(text.lines().map(str::to_owned));
        Ok(())
    }
}
