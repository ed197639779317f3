//! A connection, and what its errors mean.

use std::error::Error as _;
use std::future::poll_fn;
use std::path::PathBuf;
use std::task::{Poll, ready};

use freehold_tls::AuthorityError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::config::SslMode;
use tokio_postgres::error::{Error, SqlState};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls};

use crate::address::Address;
use crate::tls::Tls;

/// Whether a connection is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// It is not.
    No,
    /// It is, and the server has to prove its name to the authorities in a file, or to the machine's. A server that does not speak
    /// TLS is refused.
    Proven {
        /// The file, as PEM.
        authorities: Option<PathBuf>,
    },
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody is known who could vouch for the server.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The server does not answer, or refuses.
    #[error(transparent)]
    Postgres(#[from] Error),
}

/// Who is given what others notify on the channels that a connection listens to.
pub type Notified = Box<dyn Fn(&str) + Send + Sync>;

impl Address {
    /// Connects. The connection is a task of the present runtime, which ends with the client, or with the server.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(&self, encryption: &Encryption) -> Result<Client, ConnectError> {
        self.connect_listening(encryption, Box::new(|_| {})).await
    }

    /// As [`Address::connect`], with somebody who is given what is notified.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect_listening(
        &self,
        encryption: &Encryption,
        notified: Notified,
    ) -> Result<Client, ConnectError> {
        let mut config = self.config.clone();
        match encryption {
            Encryption::No => {
                let (client, connection) = config.ssl_mode(SslMode::Disable).connect(NoTls).await?;
                drop(tokio::spawn(drive(connection, notified)));
                Ok(client)
            }
            Encryption::Proven { authorities } => {
                let tls = Tls::new(freehold_tls::client_config(authorities.as_deref())?);
                let (client, connection) = config.ssl_mode(SslMode::Require).connect(tls).await?;
                drop(tokio::spawn(drive(connection, notified)));
                Ok(client)
            }
        }
    }
}

/// Moves what is sent and received, until the connection ends.
async fn drive<S, T>(mut connection: Connection<S, T>, notified: Notified)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    poll_fn(|context| {
        loop {
            match ready!(connection.poll_message(context)) {
                Some(Ok(AsyncMessage::Notification(told))) => notified(told.payload()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Poll::Ready(()),
            }
        }
    })
    .await;
}

/// Classes 08 (connection) and 57P (an operator's intervention), and too many connections: the server goes, or is not there yet.
#[must_use]
pub fn ends_session(code: &SqlState) -> bool {
    let code = code.code();
    code.starts_with("08") || code.starts_with("57P") || code == "53300" || code == "25P03"
}

/// What is told of an error that no server has sent. It holds no value and no password.
#[must_use]
pub fn silence(error: &Error) -> String {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}
