//! A NATS server of one's own, in a temporary folder.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The server's program, if it is not in the path; `cargo xtask test` gives it.
const SERVER_VARIABLE: &str = "FREEHOLD_NATS_SERVER";
/// Longest that it may take to start.
const START_MAX: Duration = Duration::from_secs(30);

/// A running server, which is killed when it is dropped.
pub(crate) struct Server {
    dir: TempDir,
    port: u16,
    child: Child,
}

impl Server {
    /// Starts one with JetStream and these lines in its configuration, beside these files. None where the program is missing.
    pub(crate) fn start(lines: &str, files: &[(&str, &str)]) -> Option<Self> {
        let program = std::env::var_os(SERVER_VARIABLE).map_or_else(|| "nats-server".into(), PathBuf::from);
        if Command::new(&program).arg("--version").output().is_err() {
            eprintln!("SKIPPED a NATS server: there is none; name one in {SERVER_VARIABLE}");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let store = dir.path().join("store");
        let text = format!("listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: {store:?} }}\n{lines}\n");
        let configuration = dir.path().join("nats.conf");
        std::fs::write(&configuration, text).unwrap();
        let mut command = Command::new(program);
        // The files of TLS are named relative to where it runs.
        command.current_dir(dir.path()).arg("-c").arg(configuration);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { dir, port, child };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < START_MAX, "the server does not listen");
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Some(server)
    }

    /// Its address under a scheme and a name.
    pub(crate) fn at(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://{host}:{}", self.port)
    }

    /// Writes a file beside it, such as a password.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn folder(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
