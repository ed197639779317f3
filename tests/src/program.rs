//! The real program as separate processes.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long a node may take to be ready: Argon2 in a debug build on a busy machine, with room to spare.
const READY: Duration = Duration::from_secs(60);

/// The `freehold` that was built beside the tests, or the one that `FREEHOLD_BIN` names.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("FREEHOLD_BIN") {
        return named.into();
    }
    let own = std::env::current_exe().expect("a test knows its own path");
    // A test stands in `deps`, one folder below; a program stands beside it.
    let beside = own.ancestors().skip(1).take(2).map(|dir| dir.join("freehold"));
    match beside.into_iter().find(|path| path.is_file()) {
        Some(path) => path,
        None => panic!("the program is not built: run the tests with `cargo xtask test`"),
    }
}

/// A home in a folder of its own, with its passphrase in a file.
pub struct Home {
    dir: TempDir,
    kind: &'static [&'static str],
    running: Option<Child>,
}

impl Home {
    /// A person's home that does not exist yet.
    #[must_use]
    pub fn person() -> Self {
        Self::new(&[])
    }

    /// A vendor's home that does not exist yet.
    #[must_use]
    pub fn hub() -> Self {
        Self::new(&["hub"])
    }

    fn new(kind: &'static [&'static str]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(dir.path().join("pass"), "correct horse battery\n").expect("a file");
        Self { dir, kind, running: None }
    }

    /// A file beside the home.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The home itself.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.file("home")
    }

    /// The program with this home, `--json`, and these words.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(self.kind).args(words).arg("--json").arg("--home").arg(self.path());
        command.env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn output(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program starts")
    }

    /// Runs the program, which must succeed, and parses what it prints.
    ///
    /// # Panics
    /// When it fails or prints no JSON.
    pub fn json(&self, words: &[&str]) -> Value {
        let output = self.output(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// Starts the node or hub and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready.
    pub fn start(&mut self) {
        self.start_with(&[]);
    }

    /// As [`Home::start`], with further words on the command line.
    ///
    /// # Panics
    /// When it does not become ready.
    pub fn start_with(&mut self, words: &[&str]) {
        let pass = self.file("pass");
        let mut command = self.command(&["run", "--passphrase-file", &pass.to_string_lossy()]);
        command.args(words);
        let log = std::fs::File::create(self.file("log")).expect("a log file");
        let out = std::fs::File::create(self.file("out")).expect("a file");
        let child = command.stdout(out).stderr(log).spawn().expect("the program starts");
        self.running = Some(child);
        let since = Instant::now();
        while since.elapsed() < READY {
            let said = std::fs::read_to_string(self.file("out")).unwrap_or_default();
            if said.contains("\"ready\"") {
                return;
            }
            if let Some(Ok(Some(status))) = self.running.as_mut().map(Child::try_wait) {
                let log = std::fs::read_to_string(self.file("log")).unwrap_or_default();
                panic!("it ended with {status}: {log}");
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        panic!("it was not ready in {READY:?}");
    }

    /// The id of the process that runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.running.as_ref().map(Child::id)
    }

    /// Kills the node or hub as a power cut would: at once.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.kill();
    }
}
