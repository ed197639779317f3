//! The socket file: bound once, for the owner alone, taken over only from the dead, removed at the end.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

/// The socket's name in a home.
pub const SOCKET_NAME: &str = "api.sock";

/// A bound socket. Dropping it removes the file.
#[derive(Debug)]
pub struct Socket {
    pub(crate) listener: UnixListener,
    pub(crate) file: SocketFile,
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// A process answers on it.
    #[error("another process serves {0}: stop it first, or use another home with --home")]
    InUse(PathBuf),
    /// The system refused.
    #[error("the socket {path} cannot be made ({source}): check the folder, and that its path is short")]
    Io {
        /// The socket's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl SocketError {
    /// Its code; see [`crate::exit`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse(_) => "home-in-use",
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => "disk-full",
            Self::Io { .. } => "socket",
        }
    }
}

impl Socket {
    /// Binds the socket of a home. A file that a dead process left is replaced; one that is answered is not. Runs
    /// inside a tokio runtime.
    ///
    /// # Errors
    /// [`SocketError`].
    pub fn bind(home: &Path) -> Result<Self, SocketError> {
        let path = home.join(SOCKET_NAME);
        let failed = |source| SocketError::Io { path: path.clone(), source };
        if std::fs::symlink_metadata(&path).is_ok() {
            if StdStream::connect(&path).is_ok() {
                return Err(SocketError::InUse(path));
            }
            std::fs::remove_file(&path).map_err(failed)?;
        }
        let listener = StdListener::bind(&path).map_err(failed)?;
        let file = SocketFile(path.clone());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = UnixListener::from_std(listener).map_err(failed)?;
        Ok(Self { listener, file })
    }

    /// The socket's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file.0
    }
}

/// The file, removed when dropped.
#[derive(Debug)]
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::debug!(%error, "the socket file was gone already");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_dead_socket_is_replaced_and_a_live_one_is_not() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(SOCKET_NAME);
        drop(StdListener::bind(&path).unwrap());
        let socket = Socket::bind(home.path()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Socket::bind(home.path()).unwrap_err().code(), "home-in-use");
        drop(socket);
        assert!(!path.exists());
    }
}
