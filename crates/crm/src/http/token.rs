//! The token, and how a new one is come by: from its file, or by a refresh.

use std::path::{Path, PathBuf};

use freehold_outbound::Client;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::adapter::Failure;
use crate::config::{CrmConfig, OpenError, RefreshConfig};
use crate::reason::Reason;
use crate::secret::Secret;

/// Where the token comes from.
pub(crate) struct Token {
    current: Mutex<Secret>,
    file: Option<PathBuf>,
    refresh: Option<RefreshConfig>,
}

/// A successful answer of a token endpoint (RFC 6749 section 5.1); what else is in it is of no use here.
#[derive(Deserialize)]
struct Granted {
    access_token: Secret,
}

impl Token {
    /// Reads what the configuration says.
    pub(crate) fn open(config: &CrmConfig) -> Result<Self, OpenError> {
        let file = |path: &PathBuf| read(path).map_err(|()| OpenError::File { path: path.clone() });
        let current = match (&config.token, &config.token_file) {
            (Some(token), None) => token.clone(),
            (None, Some(path)) => file(path)?,
            // The first request fetches one.
            (None, None) if config.refresh.is_some() => Secret::new(""),
            _ => return Err(OpenError::NoToken),
        };
        if let Some(refresh) = &config.refresh {
            file(&refresh.refresh_token_file)?;
            refresh.client_secret_file.as_ref().map(file).transpose()?;
        }
        Ok(Self {
            current: Mutex::new(current),
            file: config.token_file.clone(),
            refresh: config.refresh.clone(),
        })
    }

    /// The token.
    pub(crate) async fn current(&self) -> Secret {
        self.current.lock().await.clone()
    }

    /// A token after `used` was not taken: the one that another request has fetched meanwhile, the one that stands in the
    /// file now, or one by refresh. The same one when there is no way to another.
    pub(crate) async fn renewed(&self, used: &Secret, client: &Client) -> Result<Secret, Failure> {
        let mut current = self.current.lock().await;
        if *current != *used {
            return Ok(current.clone());
        }
        if let Some(fresh) =
            self.file.as_deref().and_then(|path| read(path).ok()).filter(|fresh| fresh != used)
        {
            *current = fresh;
        } else if let Some(refresh) = &self.refresh {
            *current = fetched(refresh, client).await?;
        }
        Ok(current.clone())
    }
}

fn read(path: &Path) -> Result<Secret, ()> {
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path).map_err(|_| ())?);
    Ok(Secret::new(&text))
}

/// The refresh token grant: "grant_type=refresh_token" (RFC 6749 section 6).
async fn fetched(refresh: &RefreshConfig, client: &Client) -> Result<Secret, Failure> {
    let sign_in = Failure::Again { reason: Reason::SignIn, after: None };
    let token = read(&refresh.refresh_token_file).map_err(|()| sign_in.clone())?;
    let mut form = format!(
        "grant_type=refresh_token&client_id={}&refresh_token={}",
        escaped(&refresh.client_id),
        escaped(token.danger_text())
    );
    if let Some(path) = &refresh.client_secret_file {
        let secret = read(path).map_err(|()| sign_in.clone())?;
        form.push_str("&client_secret=");
        form.push_str(&escaped(secret.danger_text()));
    }
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")];
    let again = |reason| Failure::Again { reason, after: None };
    let response = client
        .post(&refresh.url, &headers, form.into_bytes())
        .await
        .map_err(|error| again(Reason::Fetch(error)))?;
    match response.status {
        200..=299 => {
            let granted: Granted = serde_json::from_slice(&response.body).map_err(|_| sign_in)?;
            Ok(granted.access_token)
        }
        400..=499 => Err(sign_in),
        status => Err(again(Reason::Status(status))),
    }
}

/// A text as a part of a form or a query: all but the unreserved characters of RFC 3986 as percent and two digits.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
