//! One connection.

use freehold_pgclient::ConnectError;
use freehold_pgclient::tokio_postgres::Client;
use zeroize::Zeroizing;

use crate::config::TablesConfig;
use crate::tables::{ApplyError, told};

/// What a connection says first: a commit is one that is on the disk, and a transaction whose client has gone silent ends.
const SETTINGS: &str = "set synchronous_commit = on; set idle_in_transaction_session_timeout = '30s'; \
    set lock_timeout = '20s'; set statement_timeout = '60s'; set client_min_messages = warning; \
    set timezone = 'UTC'";

pub(crate) async fn connect(config: &TablesConfig) -> Result<Client, ApplyError> {
    let setting = |setting, reason: String| ApplyError::Setting { setting, reason };
    let (mut address, encryption) = config.parsed().map_err(|error| setting("url", error.to_string()))?;
    if let Some(file) = &config.password_file {
        let text = tokio::fs::read_to_string(file).await.map(Zeroizing::new);
        let text = text.map_err(|error| setting("password_file", error.to_string()))?;
        address = address.with_password(text.trim());
    }
    let client = address.connect(&encryption).await.map_err(|error| match error {
        ConnectError::Authority(error) => setting("ca_file", error.to_string()),
        ConnectError::Postgres(error) => told(&error),
    })?;
    client.batch_execute(SETTINGS).await.map_err(|error| told(&error))?;
    Ok(client)
}
