//! The vendor's peer in TypeScript, as a process.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the peer.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/vendor-peer")
}

/// Its scripts, run by the Node.js that `FREEHOLD_NODE` names, else by the system's.
///
/// # Panics
/// When its packages are not installed.
#[must_use]
pub fn script(name: &str) -> Command {
    let folder = folder();
    assert!(
        folder.join("node_modules").is_dir(),
        "install its packages: run the tests with `cargo xtask test`"
    );
    let node = std::env::var_os("FREEHOLD_NODE").unwrap_or_else(|| "node".into());
    let mut command = Command::new(node);
    command.arg(folder.join("src").join(name));
    command
}
