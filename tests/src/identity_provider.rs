//! An identity provider that others wrote, as a process.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// Who the hub is to it.
pub const CLIENT: &str = "desk";
/// What proves that.
pub const SECRET: &str = "a secret of the tests";

/// A running provider, which is killed when it is dropped.
pub struct IdentityProvider {
    process: Child,
    /// Open as long as it runs: it would end where nobody listens.
    _out: BufReader<ChildStdout>,
    issuer: String,
}

impl IdentityProvider {
    /// Starts one whose browsers come back to an address.
    ///
    /// # Panics
    /// When its packages are not installed, or it does not start.
    #[must_use]
    pub fn start(redirect: &str) -> Self {
        let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/oidc");
        let is_there = folder.join("node_modules").is_dir();
        assert!(is_there, "install its packages: run the tests with `cargo xtask test`");
        let node = std::env::var_os("FREEHOLD_NODE").unwrap_or_else(|| "node".into());
        let mut command = Command::new(node);
        command.arg("provider.mjs").current_dir(folder).env("REDIRECT", redirect);
        let started = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = started.expect("Node.js starts");
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().expect("its output is piped"));
        out.read_line(&mut line).expect("it says where it is");
        let said: Value = serde_json::from_str(&line).expect("a line of JSON: is this Node.js 24 or newer?");
        Self { process, _out: out, issuer: said["issuer"].as_str().expect("an issuer").to_owned() }
    }

    /// The provider as it writes itself.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
