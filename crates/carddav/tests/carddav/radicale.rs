//! Radicale, as a process on a free port with a folder of its own.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) const USER: &str = "ada";
pub(crate) const PASSWORD: &str = "p\u{e4}ssword:with colon";

/// Cards in the book beside the person's own: more than are asked for at once.
pub(crate) const CARDS: usize = 120;

/// Longest that it may take to start.
const START_MAX: Duration = Duration::from_secs(60);

/// A server that runs until it is dropped.
pub(crate) struct Radicale {
    port: u16,
    process: Child,
    _home: TempDir,
}

impl Radicale {
    /// Starts one with two address books and a calendar.
    pub(crate) fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = home.path().display();
        let config = format!(
            "[server]\nhosts = 127.0.0.1:{port}\n[auth]\ntype = htpasswd\nhtpasswd_filename = {folder}/users\n\
             htpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = {folder}/data\n"
        );
        fs::write(home.path().join("config"), config).unwrap();
        fs::write(home.path().join("users"), format!("{USER}:{PASSWORD}\n")).unwrap();
        let root = home.path().join("data/collection-root").join(USER);
        let contacts = collection(&root, "contacts", "VADDRESSBOOK", "Contacts & friends");
        collection(&root, "empty", "VADDRESSBOOK", "Empty");
        collection(&root, "calendar", "VCALENDAR", "Calendar");
        card(&contacts, "own", "Ada Lind", "TEL;TYPE=CELL:+491701234567\r\n");
        for number in 0..CARDS {
            card(&contacts, &format!("n {number}"), &format!("Person {number}"), "");
        }
        let log = File::create(home.path().join("log")).unwrap();
        let process = Command::new(python())
            .args(["-m", "radicale", "--config"])
            .arg(home.path().join("config"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self { port, process, _home: home };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.process.try_wait().unwrap();
            let log = || fs::read_to_string(server._home.path().join("log")).unwrap_or_default();
            assert!(ended.is_none() && began.elapsed() < START_MAX, "Radicale does not listen: {}", log());
            std::thread::park_timeout(Duration::from_millis(50));
        }
        server
    }

    /// An address of it.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Radicale {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn collection(root: &Path, name: &str, tag: &str, shown: &str) -> std::path::PathBuf {
    let folder = root.join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(".Radicale.props"), format!(r#"{{"tag": "{tag}", "D:displayname": "{shown}"}}"#))
        .unwrap();
    folder
}

fn card(book: &Path, uid: &str, name: &str, more: &str) {
    let text =
        format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{name}\r\nN:;;;;\r\n{more}END:VCARD\r\n");
    fs::write(book.join(format!("{uid}.vcf")), text).unwrap();
}

/// The Python that has it, made where it is missing.
fn python() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../radicale-venv");
    let made = Command::new("python3")
        .arg(root.join("tests/interop/install.py"))
        .arg(root.join("tests/interop/radicale/requirements.txt"))
        .arg(home)
        .output()
        .expect("python3 with venv, which `cargo xtask test` installs");
    assert!(made.status.success(), "Radicale cannot be installed: {}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8_lossy(&made.stdout).trim().to_owned()
}
