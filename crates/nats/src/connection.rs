//! A connection to the cluster, which async-nats makes anew when it breaks.

use std::path::Path;
use std::time::Duration;

use async_nats::{Client, ConnectOptions};
use zeroize::Zeroizing;

use crate::config::NatsConfig;
use crate::publish::PublishError;

/// How the servers list the connection.
const NAME: &str = "freehold";
/// Longest wait for one server; there may be others.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A server that is silent for longer than two of these is left.
const PING_EVERY: Duration = Duration::from_secs(5);
/// Wait between two attempts to come back.
const RECONNECT_WAIT: Duration = Duration::from_millis(250);

pub(crate) async fn connect(config: &NatsConfig) -> Result<Client, PublishError> {
    let options = ConnectOptions::new()
        .name(NAME)
        .connection_timeout(CONNECT_TIMEOUT)
        .ping_interval(PING_EVERY)
        .reconnect_delay_callback(|_| RECONNECT_WAIT);
    let options = authenticated(config, options).await?;
    let options = if config.servers.iter().any(|server| server.starts_with("tls:")) {
        let tls = freehold_tls::client_config(config.ca_file.as_deref())
            .map_err(|error| PublishError::Setting { setting: "ca_file", reason: error.to_string() })?;
        options.require_tls(true).tls_client_config(tls)
    } else if config.allow_unencrypted {
        options
    } else {
        // What a server on this machine tells of its cluster may lead elsewhere, where nothing goes without encryption.
        options.ignore_discovered_servers()
    };
    options.connect(&config.servers).await.map_err(|error| PublishError::Away(error.kind().to_string()))
}

async fn authenticated(config: &NatsConfig, options: ConnectOptions) -> Result<ConnectOptions, PublishError> {
    let options = match (&config.user, &config.password_file) {
        (Some(user), Some(file)) => {
            let password = secret("password_file", file).await?;
            options.user_and_password(user.clone(), password.to_string())
        }
        _ => options,
    };
    let options = match &config.token_file {
        Some(file) => options.token(secret("token_file", file).await?.to_string()),
        None => options,
    };
    let options = match &config.nkey_file {
        Some(file) => options.nkey(secret("nkey_file", file).await?.to_string()),
        None => options,
    };
    match &config.creds_file {
        Some(file) => {
            let text = secret("creds_file", file).await?;
            // Its own error would repeat a part of the file.
            let failed = |_| PublishError::Setting { setting: "creds_file", reason: "it is none".into() };
            options.credentials(&text).map_err(failed)
        }
        None => Ok(options),
    }
}

/// The text of a file, read again for each connection: whoever replaces it need not stop the hub.
async fn secret(setting: &'static str, file: &Path) -> Result<Zeroizing<String>, PublishError> {
    match tokio::fs::read_to_string(file).await.map(Zeroizing::new) {
        Ok(text) => Ok(Zeroizing::new(text.trim().to_owned())),
        Err(error) => Err(PublishError::Setting { setting, reason: error.to_string() }),
    }
}
