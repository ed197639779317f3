//! A node or a hub as a process of its own.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use freehold_api::Client;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Longest time until a process is ready, or has stopped.
const WAIT: Duration = Duration::from_secs(15);

/// A running process, its client, and what it printed before it was ready. It is killed when dropped.
pub(super) struct Process {
    child: Child,
    pub(super) client: Client,
    pub(super) printed: Vec<Value>,
    // Kept open: a process whose standard output is closed would notice.
    _stdout: Lines<BufReader<ChildStdout>>,
}

/// A command of this very program on one of the homes under `root`.
fn command(root: &Path, home: &str) -> Result<Command, String> {
    let program =
        std::env::current_exe().map_err(|error| format!("this program cannot be found ({error})"))?;
    let mut command = Command::new(program);
    command
        .arg("--json")
        .arg("--home")
        .arg(root.join(home))
        .env_remove("JOURNAL_STREAM")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

/// Runs a short command and gives the JSON it printed.
pub(super) async fn call(root: &Path, home: &str, args: &[&str]) -> Result<Value, String> {
    let mut command = command(root, home)?;
    let output = command.args(args).arg("--passphrase-file").arg(root.join("passphrase")).output();
    let output = output.await.map_err(|error| format!("the command cannot be started ({error})"))?;
    if !output.status.success() {
        return Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()));
    }
    serde_json::from_slice(&output.stdout).map_err(|_| "the command printed no JSON".to_owned())
}

impl Process {
    /// Starts a process and waits until it is ready.
    pub(super) async fn start(root: &Path, home: &str, args: &[&str]) -> Result<Self, String> {
        let log = root.join(format!("{home}.log"));
        let file = std::fs::File::options().create(true).append(true).open(&log);
        let file = file.map_err(|error| format!("{} cannot be written ({error})", log.display()))?;
        let mut child = command(root, home)?
            .args(args)
            .arg("--passphrase-file")
            .arg(root.join("passphrase"))
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .map_err(|error| format!("the process cannot be started ({error})"))?;
        let stdout = child.stdout.take().ok_or("the process has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let mut printed = Vec::new();
        let ready = tokio::time::timeout(WAIT, async {
            while let Ok(Some(line)) = lines.next_line().await {
                let value: Value = serde_json::from_str(&line).unwrap_or_default();
                let ready = value.get("event").is_some_and(|event| event == "ready");
                printed.push(value);
                if ready {
                    return true;
                }
            }
            false
        });
        if !ready.await.unwrap_or(false) {
            let _ = child.kill().await;
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            return Err(format!(
                "the process did not get ready: {}",
                text.lines().last().unwrap_or_default()
            ));
        }
        let client = Client::connect(&root.join(home)).await.map_err(|error| error.to_string())?;
        Ok(Self { child, client, printed, _stdout: lines })
    }

    /// Kills it as a power cut would, as far as a process can see.
    pub(super) async fn kill(mut self) -> Result<(), String> {
        self.child.kill().await.map_err(|error| format!("the process cannot be killed ({error})"))
    }

    /// Sends SIGTERM and waits for an end in good order.
    pub(super) async fn stop(mut self) -> Result<(), String> {
        let pid =
            self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        let pid = pid.ok_or("the process has ended by itself")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)
            .map_err(|error| format!("the process cannot be stopped ({error})"))?;
        match tokio::time::timeout(WAIT, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("the process ended with {status}")),
            Ok(Err(error)) => Err(format!("the process cannot be waited for ({error})")),
            Err(_) => Err(format!("the process did not stop within {} s", WAIT.as_secs())),
        }
    }
}
