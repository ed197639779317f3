//! Making a hub's home.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use freehold_keystore::Seed;

use crate::config::{ConfigError, HubConfig};
use crate::keys::Keys;
use crate::view::InitView;

/// The configuration's file name in the home.
pub const CONFIG_FILE: &str = "hub.toml";

/// Why no hub was made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is one.
    #[error("there is a hub already at {0}: run it, or choose another home")]
    Exists(PathBuf),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The DID cannot be used.
    #[error("{0}")]
    Did(#[from] freehold_protocol::identity::DidError),
    /// The file system failed.
    #[error("the home cannot be written ({0}): check the folder, its owner and the disk")]
    Io(#[from] io::Error),
}

/// Writes `hub.toml` into a home and says who the hub is.
///
/// # Errors
/// [`InitError`]; an existing hub is never touched.
pub fn init(home: &Path, seed: &Seed, config: &HubConfig) -> Result<InitView, InitError> {
    config.check()?;
    let keys = Keys::of(seed, &config.did)?.first();
    let file = home.join(CONFIG_FILE);
    DirBuilder::new().recursive(true).mode(0o700).create(home)?;
    let mut options = OpenOptions::new();
    let mut open =
        options.write(true).create_new(true).mode(0o600).open(&file).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => InitError::Exists(home.to_owned()),
            _ => InitError::Io(error),
        })?;
    open.write_all(config.to_toml().as_bytes())?;
    open.sync_all()?;
    File::open(home)?.sync_all()?;
    let document = keys.did.web_id().map(|_| {
        let replicas = [keys.transport.public()];
        freehold_resolver::document(&keys.did, &keys.vendor.public(), &replicas, &config.announce)
    });
    Ok(InitView { did: keys.did.to_string(), document })
}
