//! Keys of a running node and hub: in no core dump, in nobody's debugger, in no swap.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![expect(clippy::print_stderr, reason = "a test that proved less must say so")]

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use freehold_tests::program::{Home, program};

/// A user that owns nothing.
const NOBODY: u32 = 65_534;

/// A line of a file in `/proc/PID`, after its name.
fn line(process: u32, file: &str, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{process}/{file}")).unwrap();
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
}

/// What the system says of a process, and what its log says of what the system did not allow.
fn judge(process: u32, log: &str) {
    let core: Vec<String> =
        line(process, "limits", "Max core file size").split_whitespace().map(str::to_owned).collect();
    assert_eq!(core[..2], ["0", "0"], "core dumps are off, for good");
    let locked: u64 = line(process, "status", "VmLck:").trim_end_matches("kB").trim().parse().unwrap();
    let said = log.matches("keys may reach the swap").count();
    assert_eq!(locked > 0, may_lock(process), "{locked} kB are locked");
    assert_eq!(said, usize::from(locked == 0), "it is told once, or not at all");
}

/// Whether a process may lock all of its memory: no limit, or above limits (CAP_IPC_LOCK, where root is root).
fn may_lock(process: u32) -> bool {
    const IPC_LOCK: u64 = 1 << 14;
    let unlimited = line(process, "limits", "Max locked memory").starts_with("unlimited");
    let capabilities = u64::from_str_radix(&line(process, "status", "CapEff:"), 16).unwrap();
    let users = fs::read_to_string(format!("/proc/{process}/uid_map")).unwrap();
    let root_is_root = users.split_whitespace().eq(["0", "0", "4294967295"]);
    unlimited || (capabilities & IPC_LOCK != 0 && root_is_root)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn a_running_node_and_hub_dump_no_core_and_are_locked_where_they_may_be() {
    let (mut person, mut hub) = (Home::person(), Home::hub());
    let pass = hub.file("pass");
    let words = ["init", "--listen", "/ip4/127.0.0.1/tcp/0", "--passphrase-file", pass.to_str().unwrap()];
    assert!(hub.output(&words).status.success());
    for home in [&mut person, &mut hub] {
        home.start();
        let process = home.id().unwrap();
        judge(process, &fs::read_to_string(home.file("log")).unwrap());
        let figure = |name| line(process, "status", name);
        eprintln!("locked {}, resident {}", figure("VmLck:"), figure("VmRSS:"));
    }
}

/// Ended with the test.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn give(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| give(&entry.unwrap().path()));
    }
}

/// 1. A node is run by a user without rights, who may lock 8 MiB. 2. It runs, says once that keys may reach the swap, and
///    belongs to root as far as debuggers are concerned, so that the user's other programs cannot read it.
#[test]
fn a_user_without_rights_runs_a_node_that_his_other_programs_cannot_read() {
    let dir = tempfile::tempdir().unwrap();
    let pass = dir.path().join("pass");
    fs::write(&pass, "correct horse battery\n").unwrap();
    let mut command = Command::new(program());
    if is_root() {
        give(dir.path());
        let user = NOBODY.to_string();
        let readable = dir.path().join("freehold");
        // The one that was built may lie where nobody may look.
        fs::copy(program(), &readable).unwrap();
        command = Command::new("setpriv");
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups", "--"]).arg("prlimit");
        command.arg("--memlock=8388608:8388608").arg(readable);
    }
    let (out, log) = (dir.path().join("out"), dir.path().join("log"));
    command.args(["run", "--json", "--passphrase-file", pass.to_str().unwrap()]);
    command.arg("--home").arg(dir.path().join("home"));
    command
        .stdin(Stdio::null())
        .stdout(fs::File::create(&out).unwrap())
        .stderr(fs::File::create(&log).unwrap());
    let mut started = Started(command.spawn().unwrap());
    while !fs::read_to_string(&out).unwrap().contains("\"ready\"") {
        let ended = started.0.try_wait().unwrap();
        assert!(ended.is_none(), "{ended:?}: {}", fs::read_to_string(&log).unwrap());
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let process = started.0.id();
    assert!(!is_root() || !may_lock(process), "the limit was set");
    judge(process, &fs::read_to_string(&log).unwrap());
    let user = line(process, "status", "Uid:").split_whitespace().next().unwrap().to_owned();
    assert_ne!(user, "0");
    let owner = fs::metadata(format!("/proc/{process}/mem")).unwrap().uid();
    assert_eq!(owner, 0, "the memory of a process that may not be dumped belongs to root");
}
