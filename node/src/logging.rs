//! Where the log goes: standard error, as text or JSON.

use std::sync::OnceLock;

use freehold_api::ApiError;
use tracing_subscriber::EnvFilter;

use crate::cli::{Globals, LogFormat};

/// What a process that serves logs when nobody says: its own life, and only the warnings of what it is built on.
const SERVING: &str = "warn,freehold=info";
/// What a short command logs when nobody says.
const CALLING: &str = "error";

type Change = Box<dyn Fn(EnvFilter) -> Result<(), String> + Send + Sync>;

/// Puts another filter in the place of the one that the log was started with.
static CHANGE: OnceLock<Change> = OnceLock::new();

/// Starts the log.
pub(crate) fn start(globals: &Globals, serves: bool) -> Result<(), ApiError> {
    let default = if serves { SERVING } else { CALLING };
    let filter = filter(globals.log.as_deref().unwrap_or(default))
        .map_err(|text| ApiError::new("usage", format!("--log {text}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match globals.log_format {
        LogFormat::Text => {
            let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
            let builder = builder.with_ansi(ansi).with_filter_reloading();
            let handle = builder.reload_handle();
            let change = move |filter| handle.reload(filter).map_err(|error| error.to_string());
            let _ = CHANGE.set(Box::new(change));
            builder.try_init()
        }
        LogFormat::Json => {
            let builder = builder.json().with_filter_reloading();
            let handle = builder.reload_handle();
            let change = move |filter| handle.reload(filter).map_err(|error| error.to_string());
            let _ = CHANGE.set(Box::new(change));
            builder.try_init()
        }
    };
    started.map_err(|_| ApiError::new("internal", "the log was started already"))
}

/// Logs what a configuration says from now on; what is usual where it says nothing.
pub(crate) fn change(wanted: Option<&str>) -> Result<(), String> {
    let filter = filter(wanted.unwrap_or(SERVING)).map_err(|text| format!("log {text}"))?;
    CHANGE.get().map_or(Ok(()), |change| change(filter))
}

fn filter(text: &str) -> Result<EnvFilter, &'static str> {
    let hint = "takes error, warn, info, debug, trace, or a filter such as info,freehold_hub=debug";
    EnvFilter::try_new(text).map_err(|_| hint)
}
