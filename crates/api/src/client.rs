//! The typed client.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use freehold_web::Problem;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::{ADDRESS, ApiError, BODY_BYTES_MAX, Call, SOCKET_NAME};

/// Calls one running node or hub.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

/// Why there is nobody to call.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing answers on the home's socket.
    #[error(
        "nothing is running on {0}: start it with `freehold --home {0} run`, or `freehold --home {0} hub run` for a hub"
    )]
    NotRunning(PathBuf),
    /// The socket is there and may not be used.
    #[error("the socket {path} cannot be used ({source}): run the command as the home's owner")]
    Io {
        /// The socket's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ConnectError {
    /// Its code; see [`crate::exit`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotRunning(_) => "not-running",
            Self::Io { .. } => "socket",
        }
    }
}

impl Client {
    /// Finds the process that serves a home.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(home: &Path) -> Result<Self, ConnectError> {
        let socket = home.join(SOCKET_NAME);
        match UnixStream::connect(&socket).await {
            Ok(_) => Ok(Self { socket }),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                    Err(ConnectError::NotRunning(home.to_owned()))
                }
                _ => Err(ConnectError::Io { path: socket, source: error }),
            },
        }
    }

    /// Makes one call.
    ///
    /// # Errors
    /// What the engine said; `not-running` if the process has ended meanwhile, `bad-answer` if what came back is not
    /// the call's answer.
    pub async fn call<C: Call>(&self, call: &C) -> Result<C::Answer, ApiError> {
        let wait = Duration::from_secs(C::WAIT_SECS);
        tokio::time::timeout(wait, self.exchange(call)).await.unwrap_or_else(|_| {
            let text = format!(
                "there was no answer in {} minutes: look at the log of the process",
                C::WAIT_SECS / 60
            );
            Err(ApiError::new("no-answer", text))
        })
    }

    async fn exchange<C: Call>(&self, call: &C) -> Result<C::Answer, ApiError> {
        let body = serde_json::to_vec(call).map_err(|_| bad_answer())?;
        if body.len() > BODY_BYTES_MAX {
            return Err(too_large());
        }
        let stream = UnixStream::connect(&self.socket).await.map_err(|_| gone())?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| gone())?;
        let connection = tokio::spawn(connection);
        let request = hyper::Request::post(format!("{ADDRESS}/{}", C::NAME))
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| bad_answer())?;
        let response = sender.send_request(request).await.map_err(|_| gone())?;
        let status = response.status();
        let bytes = Limited::new(response.into_body(), BODY_BYTES_MAX)
            .collect()
            .await
            .map_err(|_| gone())?
            .to_bytes();
        drop(sender);
        connection.abort();
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|_| bad_answer());
        }
        let problem: Problem = serde_json::from_slice(&bytes).map_err(|_| bad_answer())?;
        Err(problem.into())
    }
}

fn gone() -> ApiError {
    ApiError::new(
        "not-running",
        "the process ended while it was called: start it again and repeat the command",
    )
}

fn bad_answer() -> ApiError {
    ApiError::new(
        "bad-answer",
        "the process answered something else: is it of the same version as this command?",
    )
}

pub(crate) fn too_large() -> ApiError {
    ApiError::new("too-large", "this is more than 8 MiB: split it, or take the photographs out of the card")
}
