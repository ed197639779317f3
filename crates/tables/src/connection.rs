//! One connection.

use tokio_postgres::{Client, NoTls};
use zeroize::Zeroizing;

use crate::config::TablesConfig;
use crate::tables::{ApplyError, told};
use crate::tls::Tls;

/// What a connection says first: a commit is one that is on the disk, and a transaction whose client has gone silent ends.
const SETTINGS: &str = "set synchronous_commit = on; set idle_in_transaction_session_timeout = '30s'; \
    set lock_timeout = '20s'; set statement_timeout = '60s'; set client_min_messages = warning; \
    set timezone = 'UTC'";

pub(crate) async fn connect(config: &TablesConfig) -> Result<Client, ApplyError> {
    let setting = |setting, reason: String| ApplyError::Setting { setting, reason };
    let (mut parsed, encrypted) = config.parsed().map_err(|error| setting("url", error.to_string()))?;
    if let Some(file) = &config.password_file {
        let text = tokio::fs::read_to_string(file).await.map(Zeroizing::new);
        let text = text.map_err(|error| setting("password_file", error.to_string()))?;
        parsed.password(text.trim());
    }
    let client = if encrypted {
        let tls =
            Tls::new(config.ca_file.as_deref()).map_err(|error| setting("ca_file", error.to_string()))?;
        let (client, connection) = parsed.connect(tls).await.map_err(|error| told(&error))?;
        // It ends with the client, or with the server.
        drop(tokio::spawn(connection));
        client
    } else {
        let (client, connection) = parsed.connect(NoTls).await.map_err(|error| told(&error))?;
        drop(tokio::spawn(connection));
        client
    };
    client.batch_execute(SETTINGS).await.map_err(|error| told(&error))?;
    Ok(client)
}
