//! A PostgreSQL of one's own, in a temporary folder and without a port: for tests.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Whom PostgreSQL runs as where the tests run as root, which it refuses.
const USER: &str = "postgres";
/// The number that names the socket of a server that has no port.
const PORT: u16 = 5432;
/// Longest that it may take to start, with recovery.
const START_MAX: Duration = Duration::from_secs(60);

/// A running server, which is killed when it is dropped.
pub struct Server {
    dir: TempDir,
    programs: PathBuf,
    /// Settings beside those that every server here has.
    settings: String,
    port: u16,
}

impl Server {
    /// Makes and starts a server that has a socket alone. Where PostgreSQL is not installed, the test fails and says what is missing.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// As [`Server::start`], with settings in the form of PostgreSQL's command line, such as `-c shared_buffers=1GB`.
    #[must_use]
    pub fn start_with(settings: &str) -> Self {
        let server = Self::make(format!("-c listen_addresses='' {settings}"), PORT);
        server.begin();
        server
    }

    /// Makes and starts a server that is reached on loopback, in the open.
    #[must_use]
    pub fn start_on_loopback() -> Self {
        let server = Self::make("-c listen_addresses=127.0.0.1".to_owned(), free_port());
        server.begin();
        server
    }

    /// Makes and starts a server that is reached on loopback, encrypted if it is asked to: with this certificate and its key, as PEM.
    #[must_use]
    pub fn start_encrypted(certificate: &str, key: &str) -> Self {
        let server = Self::make("-c listen_addresses=127.0.0.1 -c ssl=on".to_owned(), free_port());
        for (name, pem) in [("server.crt", certificate), ("server.key", key)] {
            let path = server.data().join(name);
            fs::write(&path, pem).expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its owner's alone");
            if is_root() {
                run(Command::new("chown").arg(USER).arg(path));
            }
        }
        server.begin();
        server
    }

    fn make(settings: String, port: u16) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let server = Self { dir, programs: programs(), settings, port };
        if is_root() {
            run(Command::new("chown").arg(USER).arg(server.dir.path()));
        }
        let mut init = server.command("initdb");
        run(init.args(["--auth=trust", "--no-sync", "--username=hub", "--pgdata"]).arg(server.data()));
        server
    }

    /// Its port, which also names its socket.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it again after [`Server::kill`].
    pub fn begin(&self) {
        let log = self.dir.path().join("log");
        let options = format!(
            "-p {} -c unix_socket_directories='{}' -c shared_buffers=32MB -c max_connections=40 {}",
            self.port,
            self.dir.path().display(),
            self.settings
        );
        let began = Instant::now();
        loop {
            let mut start = self.command("pg_ctl");
            start.arg("--pgdata").arg(self.data()).args([
                "--wait",
                "--timeout=50",
                "--options",
                &options,
                "--log",
            ]);
            let started = start.arg(&log).arg("start").stdout(Stdio::null()).stderr(Stdio::null()).status();
            if started.expect("pg_ctl runs").success() {
                return;
            }
            // The processes of a killed server hold its memory a moment longer.
            assert!(began.elapsed() < START_MAX, "{}", fs::read_to_string(&log).unwrap_or_default());
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }

    /// Kills it with all its processes, as a loss of power would, except that the system keeps what was written.
    pub fn kill(&self) {
        let pid = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let Some(pid) = pid.lines().next().filter(|pid| pid.parse::<u32>().is_ok()) else { return };
        let children =
            Command::new("ps").args(["-o", "pid=", "--ppid", pid]).output().expect("ps runs").stdout;
        let children = String::from_utf8_lossy(&children).into_owned();
        let all = std::iter::once(pid).chain(children.split_whitespace());
        // A process may have ended by itself.
        let _ = Command::new("kill").arg("-KILL").args(all).stderr(Stdio::null()).status();
    }

    /// Makes a database and says where it is.
    pub fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("create database {name}"));
        self.location(name)
    }

    /// Where a database of the server is.
    #[must_use]
    pub fn location(&self, name: &str) -> String {
        let folder = self.dir.path().display().to_string().replace('/', "%2F");
        format!("postgres://hub@{folder}:{}/{name}", self.port)
    }

    /// What psql makes of a statement.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.arg("--host").arg(self.dir.path()).args(["--port", &self.port.to_string()]).args([
            "--username=hub",
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
        ]);
        psql.args(["--no-align", "--set=ON_ERROR_STOP=1", "--dbname", database, "--command", statement]);
        let output = psql.output().expect("psql runs");
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// From now on whoever comes over the network needs this password; the socket is open as before.
    pub fn ask_for_passwords(&self, password: &str) {
        self.sql("postgres", &format!("alter role hub password '{password}'"));
        let rules = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(self.data().join("pg_hba.conf"), rules).expect("a file");
        let before = self.sql("postgres", "select pg_conf_load_time()");
        self.sql("postgres", "select pg_reload_conf()");
        let again = format!("select pg_conf_load_time() > '{before}'");
        while self.sql("postgres", &again) != "t" {
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Its data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", USER, "--"]).arg(program).current_dir("/");
            command
        } else {
            Command::new(program)
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    free.expect("a port").port()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs").stdout;
    id.trim_ascii() == b"0"
}

/// The folder of the newest PostgreSQL's programs.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    found.sort();
    let on_path = std::env::var_os("PATH")
        .and_then(|path| std::env::split_paths(&path).find(|folder| folder.join("initdb").exists()));
    let newest = found.pop().map(|(_, folder)| folder).filter(|folder| folder.join("initdb").exists());
    newest.or(on_path).expect(
        "PostgreSQL is missing: install the package postgresql, or run `cargo xtask test`, which does",
    )
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Every file under a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
