//! A PostgreSQL of the vendor's own, for a sink's tables.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::geteuid;

use crate::sinks::free_ports;
use crate::wait_until;

/// Where Debian has the programs of a server.
const PROGRAMS: &str = "/usr/lib/postgresql";
/// PostgreSQL does not run as root.
const USER: &str = "postgres";

/// A server.
pub struct Database {
    programs: PathBuf,
    dir: PathBuf,
    port: u16,
    running: Option<Child>,
}

impl Database {
    /// Makes a server in a folder and starts it.
    ///
    /// # Errors
    /// Why this machine cannot.
    ///
    /// # Panics
    /// When it is not ready in time.
    pub fn start(dir: &Path) -> Result<Self, String> {
        let programs = programs().ok_or("there is no PostgreSQL: install the package postgresql")?;
        let dir = dir.join("postgres");
        fs::create_dir_all(&dir).map_err(|error| error.to_string())?;
        // The folders above belong to the test's user.
        for above in dir.ancestors().skip(1).take_while(|above| above.starts_with(std::env::temp_dir())) {
            let _ = fs::set_permissions(above, fs::Permissions::from_mode(0o755));
        }
        let port = free_ports(1)[0];
        let mut database = Self { programs, dir, port, running: None };
        if geteuid().is_root() {
            let owned = Command::new("chown").arg(USER).arg(&database.dir).status();
            owned.map_err(|error| error.to_string())?;
        }
        let made = database
            .program("initdb")
            .args(["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--no-sync", "-D"])
            .arg(database.data())
            .output();
        let made = made.map_err(|error| error.to_string())?;
        if !made.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr)));
        }
        database.run();
        Ok(database)
    }

    /// The section of `hub.toml` for it.
    #[must_use]
    pub fn section(&self) -> String {
        Self::section_of(self.port)
    }

    /// The section for one that is reached at this port.
    #[must_use]
    pub fn section_of(port: u16) -> String {
        format!("[sinks.postgres]\nurl = \"{}\"\n", url(port))
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// Where another database of the server is.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Panics
    /// When it does not.
    pub fn run(&mut self) {
        wait_until("PostgreSQL answers", || {
            // The processes of a killed server hold its memory a moment longer: then it ends, and is started again.
            let ended = self.running.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            if ended {
                self.spawn();
            }
            self.query("select 1").is_ok()
        });
    }

    fn spawn(&mut self) {
        let log = File::options().append(true).create(true).open(self.dir.with_extension("log"));
        let mut command = self.program("postgres");
        command.args(["-p", &self.port.to_string(), "-k", "", "-c", "listen_addresses=127.0.0.1", "-D"]);
        command.arg(self.data()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.expect("a log"));
        self.running = Some(command.spawn().expect("the server starts"));
    }

    /// Kills the server at once, all of its processes.
    pub fn kill(&mut self) {
        let Some(mut child) = self.running.take() else { return };
        let started = Command::new("ps").args(["-o", "pid=", "--ppid", &child.id().to_string()]).output();
        let started = started.map(|output| output.stdout).unwrap_or_default();
        let _ = child.kill();
        // A process of it may have ended by itself.
        let _ = Command::new("kill")
            .arg("-KILL")
            .args(String::from_utf8_lossy(&started).split_whitespace())
            .output();
        let _ = child.wait();
    }

    /// The rows of a query: its columns parted by `|`.
    ///
    /// # Errors
    /// What `psql` says.
    pub fn query(&self, sql: &str) -> Result<Vec<String>, String> {
        let mut command = Command::new("psql");
        command.args([
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
        ]);
        command.args(["-p", &self.port.to_string(), "-U", USER, "-d", "postgres", "-c", sql]);
        let output = command.env("PGCONNECT_TIMEOUT", "5").output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    /// As [`Database::query`], of a server that answers.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn rows(&self, sql: &str) -> Vec<String> {
        self.query(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        if !geteuid().is_root() {
            return Command::new(path);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(path).current_dir(&self.dir);
        command
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The database of a server that is reached at a port of this machine.
#[must_use]
pub fn url(port: u16) -> String {
    format!("postgres://{USER}@127.0.0.1:{port}/postgres")
}

/// The newest of the installed ones.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(PROGRAMS).ok()?.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    versions.filter(|bin| bin.join("initdb").is_file()).max()
}
