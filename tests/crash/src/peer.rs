//! The real program as a process: a person's node or a vendor's hub on a home that outlives it.

use std::fs::{self, File, OpenOptions};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use freehold_api::{ApiError, Call, Client};
use freehold_keystore::{Cost, Passphrase};
use freehold_tests::program::program;
use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::{Builder, Runtime};

/// The passphrase of every home of these tests. A test searches the logs for it.
pub const PASSPHRASE: &str = "correct horse battery staple";

/// What a vendor of these tests asks for.
pub const ASK: &str = r#"
title = "Repairs"
legal_basis = "contract"
mode = "continuous"
retention = { duration = "P2Y", after = "end of contract" }

[[field]]
path = "address.home.street"
required = true
reason = "to visit you"
purposes = ["ServiceProvision"]

[[field]]
path = "x.counter"
required = false
reason = "to count the changes"
purposes = ["ServiceProvision"]
"#;

/// Which role the process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A person's node.
    Node,
    /// A vendor's hub.
    Hub,
}

/// A home and the process on it.
pub struct Peer {
    role: Role,
    home: PathBuf,
    beside: PathBuf,
    runtime: Runtime,
    running: Option<Child>,
    /// The 24 words that a new node showed.
    pub seed_words: Option<String>,
    /// Words before the program on its command line, such as a tracer.
    pub prefix: Vec<String>,
    /// Words after it.
    pub words: Vec<String>,
    /// Variables in its environment.
    pub environment: Vec<(String, String)>,
}

impl Peer {
    /// A person's home in a folder, made and not running. What stands beside it, such as its log, is in another.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn node(home: &Path, beside: &Path) -> Self {
        let mut peer = Self::new(Role::Node, home, beside);
        peer.start();
        let said = fs::read_to_string(peer.out()).unwrap_or_default();
        let mut lines = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        peer.seed_words = lines.find_map(|line| line["words"].as_str().map(str::to_owned));
        peer.kill();
        peer.cheapen();
        peer
    }

    /// A hub's home in a folder, made and not running. It listens on a port that is free now.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn hub(home: &Path, beside: &Path) -> Self {
        Self::hub_on(home, beside, |_| Vec::new())
    }

    /// As [`Peer::hub`], with its store in a database.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn hub_with_store(home: &Path, beside: &Path, location: &str) -> Self {
        Self::hub_on(home, beside, |_| vec!["--store".to_owned(), location.to_owned()])
    }

    /// As [`Peer::hub`], and it listens on QUIC too.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn hub_with_quic(home: &Path, beside: &Path) -> Self {
        Self::hub_on(home, beside, |port| {
            vec!["--listen".to_owned(), format!("/ip4/127.0.0.1/udp/{port}/quic-v1")]
        })
    }

    fn hub_on(home: &Path, beside: &Path, more: impl Fn(u16) -> Vec<String>) -> Self {
        let port = free_port();
        let (tcp, more) = (format!("/ip4/127.0.0.1/tcp/{port}"), more(port));
        let mut words = vec!["--listen", &tcp];
        words.extend(more.iter().map(String::as_str));
        Self::hub_with(home, beside, &words)
    }

    /// As [`Peer::hub`], made with these words.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn hub_with(home: &Path, beside: &Path, words: &[&str]) -> Self {
        let peer = Self::new(Role::Hub, home, beside);
        let pass = peer.pass();
        let words = [&["init", "--name", "Acme Repairs", "--passphrase-file", &pass], words].concat();
        let made = peer.run(&words);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        peer.cheapen();
        peer
    }

    /// A home like this one, which has to have no store in it.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn alike(&self, home: &Path, beside: &Path) -> Self {
        let peer = Self::new(self.role, home, beside);
        fs::create_dir_all(home).expect("a folder");
        for name in ["home.json", "keys", "hub.toml"] {
            fs::copy(self.home.join(name), home.join(name)).expect("a copy");
        }
        peer
    }

    /// Waits until the process has ended by itself.
    ///
    /// # Panics
    /// When it does not run, or does not end.
    pub fn ended(&mut self) -> ExitStatus {
        let mut child = self.running.take().expect("it runs");
        let mut status = None;
        crate::wait_until("the process ends", || {
            status = child.try_wait().expect("our own child");
            status.is_some()
        });
        status.expect("it was waited for")
    }

    fn new(role: Role, home: &Path, beside: &Path) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        fs::create_dir_all(beside).expect("a folder");
        let peer = Self {
            role,
            home: home.to_owned(),
            beside: beside.to_owned(),
            runtime,
            running: None,
            seed_words: None,
            prefix: Vec::new(),
            words: Vec::new(),
            environment: Vec::new(),
        };
        fs::write(peer.pass(), format!("{PASSPHRASE}\n")).expect("a file");
        peer
    }

    /// Opening a home then costs nothing, so that a thousand restarts do not.
    fn cheapen(&self) {
        let passphrase = Passphrase::new(PASSPHRASE.to_owned()).expect("it is long enough");
        let cost = Cost::danger_fast_for_tests();
        freehold_keystore::change_passphrase(&self.home.join("keys"), &passphrase, &passphrase, cost)
            .expect("the keys open with their passphrase");
    }

    /// The home.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Its log: the standard error of every run.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.beside.join(format!("{:?}.log", self.role))
    }

    fn pass(&self) -> String {
        self.beside.join(format!("{:?}.pass", self.role)).display().to_string()
    }

    fn out(&self) -> PathBuf {
        self.beside.join(format!("{:?}.out", self.role))
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut line = self.prefix.clone();
        line.push(program().display().to_string());
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]);
        if self.role == Role::Hub {
            command.arg("hub");
        }
        command.args(words).arg("--json").arg("--home").arg(&self.home).stdin(Stdio::null());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command on the home to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program starts")
    }

    /// Starts the process without waiting for anything.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn spawn(&mut self) {
        let log = OpenOptions::new().append(true).create(true).open(self.log()).expect("a log");
        let out = File::create(self.out()).expect("a file");
        let pass = self.pass();
        let mut command = self.command(&["run", "--passphrase-file", &pass]);
        command.args(&self.words).stdout(out).stderr(log);
        self.running = Some(command.spawn().expect("the program starts"));
    }

    /// Starts the process and waits until it is ready.
    ///
    /// # Panics
    /// When it ends instead, or is never ready.
    pub fn start(&mut self) {
        self.try_start().unwrap_or_else(|(status, said)| panic!("it ended with {status}: {said}"));
    }

    /// Starts the process and waits until it is ready, or has ended: then with what status, and what it said last.
    ///
    /// # Errors
    /// The status and the end of its log.
    ///
    /// # Panics
    /// When it is never ready.
    pub fn try_start(&mut self) -> Result<(), (ExitStatus, String)> {
        self.spawn();
        let mut ended = None;
        crate::wait_until("the process is ready", || {
            ended = self.running.as_mut().and_then(|child| child.try_wait().ok().flatten());
            let said = fs::read_to_string(self.out()).unwrap_or_default();
            ended.is_some() || said.contains("\"ready\"")
        });
        let Some(status) = ended else { return Ok(()) };
        self.running = None;
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        Err((status, log.lines().last().unwrap_or_default().to_owned()))
    }

    /// Calls the process.
    ///
    /// # Errors
    /// What it answers; that it does not run.
    pub fn call<C: Call>(&self, call: &C) -> Result<C::Answer, ApiError> {
        self.runtime.block_on(async {
            let client = Client::connect(&self.home).await;
            client.map_err(|error| ApiError::new(error.code(), error))?.call(call).await
        })
    }

    /// Calls the process, which must answer.
    ///
    /// # Panics
    /// When it does not.
    pub fn must<C: Call>(&self, call: &C) -> C::Answer {
        self.call(call).unwrap_or_else(|error| panic!("{:?} {}: {error}", self.role, C::NAME))
    }

    /// The process's id, for whoever kills it from another thread.
    #[must_use]
    pub fn id(&self) -> Option<Pid> {
        self.running.as_ref().map(Pid::from_child)
    }

    /// Kills the process at once.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops the process as its owner would, and waits for its end.
    ///
    /// # Panics
    /// When it does not run.
    pub fn stop(&mut self) -> ExitStatus {
        let mut child = self.running.take().expect("it runs");
        kill_process(Pid::from_child(&child), Signal::TERM).expect("a signal to our own child");
        child.wait().expect("our own child")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that is free now.
#[must_use]
pub(crate) fn free_port() -> u16 {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    port.expect("a free port").port()
}

/// Sends a signal to a process that may have ended.
pub fn signal(id: Option<Pid>, signal: Signal) {
    if let Some(id) = id {
        let _ = kill_process(id, signal);
    }
}
