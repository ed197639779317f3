//! The process that writes a [`Ledger`] into a store until it is stopped, and tells on its standard output what was
//! acknowledged; and the handle of whoever started it.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread::JoinHandle;

use freehold_store::Store;
use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use rustix::process::{Pid, Signal, kill_process};

use crate::ledger::{Ledger, Sizes};
use crate::random::Random;

/// The word on the command line that makes the program this process.
pub const ROLE: &str = "store-writer";

/// Most transactions under way at a time: enough that some share a durability step.
const WINDOW_MAX: u64 = 6;
/// Writes that are tried after one failed.
const WRITES_AFTER_FAILURE: u64 = 4;

/// What the process says, one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The store is open and ends at this transaction.
    Open(u64),
    /// This transaction is durable.
    Acknowledged(u64),
    /// A write failed, or the store did not open.
    Failed(String),
}

impl Said {
    /// Reads a line.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let (word, rest) = line.trim_end().split_once(' ')?;
        match word {
            "open" => rest.parse().ok().map(Self::Open),
            "ack" => rest.parse().ok().map(Self::Acknowledged),
            "failed" => Some(Self::Failed(rest.to_owned())),
            _ => None,
        }
    }

    /// Says it.
    pub fn say(&self) {
        let line = match self {
            Self::Open(number) => format!("open {number}\n"),
            Self::Acknowledged(number) => format!("ack {number}\n"),
            Self::Failed(why) => format!("failed {}\n", why.replace('\n', " ")),
        };
        let mut out = io::stdout().lock();
        // A reader that went away ends the process soon enough.
        let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
    }
}

/// What the process does.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The transactions.
    pub ledger: Ledger,
    /// Ends after so many more than are there; 0 goes on until it is stopped.
    pub count: u64,
    /// Closes and opens the store after so many; 0 never does.
    pub reopen: u64,
}

impl Plan {
    /// The words that make a command run it on a store.
    #[must_use]
    pub fn arguments(&self, dir: &Path) -> Vec<String> {
        let sizes = if self.ledger.sizes == Sizes::Large { "large" } else { "small" };
        let numbers = [self.ledger.seed, self.count, self.reopen].map(|number| number.to_string());
        let mut words = vec![ROLE.to_owned(), dir.display().to_string(), sizes.to_owned()];
        words.extend(numbers);
        words
    }

    /// Reads those words, without the first.
    #[must_use]
    pub fn read(words: &[String]) -> Option<(Self, &Path)> {
        let [dir, sizes, seed, count, reopen] = words else { return None };
        let sizes = if sizes == "large" { Sizes::Large } else { Sizes::Small };
        let number = |word: &String| word.parse().ok();
        let ledger = Ledger { seed: number(seed)?, sizes };
        Some((Self { ledger, count: number(count)?, reopen: number(reopen)? }, Path::new(dir)))
    }

    /// Does it. Whether nothing failed.
    #[must_use]
    pub fn run(&self, dir: &Path) -> bool {
        let mut written = 0;
        loop {
            let store = match Store::open(dir, &Ledger::home_key(), Ledger::options()) {
                Ok(store) => store,
                Err(error) => {
                    Said::Failed(error.to_string()).say();
                    return false;
                }
            };
            let last = match Ledger::last(&store) {
                Ok(last) => last,
                Err(error) => {
                    Said::Failed(error.to_string()).say();
                    return false;
                }
            };
            Said::Open(last).say();
            let left = if self.count == 0 { u64::MAX } else { self.count - written };
            let now = if self.reopen == 0 { left } else { left.min(self.reopen) };
            if !futures::executor::block_on(self.write(&store, last, now)) {
                return false;
            }
            written += now;
            if let Err(error) = store.close_blocking() {
                Said::Failed(error.to_string()).say();
                return false;
            }
            if self.count != 0 && written >= self.count {
                return true;
            }
        }
    }

    /// Writes so many transactions after `last`, several under way at a time.
    async fn write(&self, store: &Store, last: u64, count: u64) -> bool {
        let ledger = self.ledger;
        let put = |number: u64| async move {
            let written = store.write(move |txn| {
                ledger.stage(number, txn);
                Ok::<_, freehold_store::ReadError>(())
            });
            match written.await {
                Ok(_) => Said::Acknowledged(number),
                Err(error) => Said::Failed(error.to_string()),
            }
        };
        let mut random = Random::part(ledger.seed, last);
        let (mut number, end) = (last, last.saturating_add(count));
        while number < end {
            let window = (1 + random.below(WINDOW_MAX)).min(end - number);
            let mut under_way: FuturesOrdered<_> = (1..=window).map(|next| put(number + next)).collect();
            number += window;
            while let Some(said) = under_way.next().await {
                said.say();
                if matches!(said, Said::Failed(_)) {
                    // None of these may be acknowledged.
                    for next in 1..=WRITES_AFTER_FAILURE {
                        put(number + next).await.say();
                    }
                    return false;
                }
            }
        }
        true
    }
}

/// The process, started.
pub struct Writer {
    child: Child,
    acknowledged: Arc<AtomicU64>,
    listener: Option<JoinHandle<Vec<Said>>>,
}

impl Writer {
    /// Starts it. `prefix` is put before it on the command line, such as a tracer with its options.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(program: &Path, prefix: &[String], plan: &Plan, dir: &Path) -> Self {
        Self::start_as(program, prefix, &plan.arguments(dir))
    }

    /// As [`Writer::start`], of the program in any other role that says what was acknowledged.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start_as(program: &Path, prefix: &[String], arguments: &[String]) -> Self {
        let mut command = match prefix {
            [] => Command::new(program),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the writer starts");
        let lines = BufReader::new(child.stdout.take().expect("its output is a pipe")).lines();
        let acknowledged = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&acknowledged);
        let listener = std::thread::spawn(move || {
            let mut all = Vec::new();
            // A line is one write to a pipe, which a kill does not cut.
            for said in lines.map_while(Result::ok).filter_map(|line| Said::read(&line)) {
                if let Said::Acknowledged(number) = said {
                    told.store(number, SeqCst);
                }
                all.push(said);
            }
            all
        });
        Self { child, acknowledged, listener: Some(listener) }
    }

    /// The last transaction that it said was durable.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(SeqCst)
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Stops it where it stands, without ending it.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn freeze(&self) {
        kill_process(Pid::from_child(&self.child), Signal::STOP).expect("a signal to our own child");
    }

    /// Kills it at once, and gives all that it said.
    ///
    /// # Panics
    /// When the system refuses.
    #[must_use]
    pub fn kill(mut self) -> Vec<Said> {
        self.child.kill().expect("a signal to our own child");
        self.end().1
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When the system refuses.
    #[must_use]
    pub fn end(mut self) -> (ExitStatus, Vec<Said>) {
        let status = self.child.wait().expect("our own child");
        let listener = self.listener.take().expect("it is taken once, here");
        (status, listener.join().expect("the listener does not panic"))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The last transaction that was acknowledged in all that was said; 0 if none was.
#[must_use]
pub fn last_acknowledged(said: &[Said]) -> u64 {
    let numbers = said.iter().map(|said| match said {
        Said::Open(number) | Said::Acknowledged(number) => *number,
        Said::Failed(_) => 0,
    });
    numbers.max().unwrap_or(0)
}
