//! How the tested peer is made to act: by a command, or by a function of a test.

use std::fmt;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::process::Command;

/// The variable that holds the link to follow.
pub const LINK: &str = "FREEHOLD_LINK";
/// The variable that names the field to change.
pub const PATH: &str = "FREEHOLD_PATH";
/// The variable that holds the value to write.
pub const VALUE: &str = "FREEHOLD_VALUE";
/// The variable that names the grant to revoke.
pub const GRANT: &str = "FREEHOLD_GRANT";
/// The variable that names the vendor, by its DID, whose relationship is to rotate.
pub const VENDOR: &str = "FREEHOLD_VENDOR";

/// Longest run of a command: a person's node may wait half a minute for its vendor.
const COMMAND_MAX: Duration = Duration::from_secs(60);

/// Longest part of a command's complaint that is repeated, in characters.
const COMPLAINT_CHARS: usize = 300;

type Call =
    Arc<dyn Fn(Vec<(&'static str, String)>) -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// Something that makes the tested peer act.
#[derive(Clone)]
pub enum Drive {
    /// A command of the shell, which finds what it must know in its environment.
    Shell(String),
    /// A function, which is given the same.
    Call(Call),
}

impl Drive {
    /// Runs it with these variables; gives what it printed.
    pub(crate) async fn run(&self, variables: Vec<(&'static str, String)>) -> Result<String, String> {
        let command = match self {
            Self::Call(call) => return call(variables).await,
            Self::Shell(command) => command,
        };
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(command).envs(variables).stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(COMMAND_MAX, shell.output())
            .await
            .map_err(|_| format!("the command did not end within {} s", COMMAND_MAX.as_secs()))?
            .map_err(|error| format!("the command cannot be run: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said: String = said.trim().chars().take(COMPLAINT_CHARS).collect();
            return Err(format!("the command ended with {}: {said}", output.status));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl fmt::Debug for Drive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shell(command) => write!(f, "Shell({command:?})"),
            Self::Call(_) => f.write_str("Call(…)"),
        }
    }
}
