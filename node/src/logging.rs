//! Where the log goes: standard error, as text or JSON.

use freehold_api::ApiError;
use tracing_subscriber::EnvFilter;

use crate::cli::{Globals, LogFormat};

/// What a process that serves logs when nobody says: its own life, and only the warnings of what it is built on.
const SERVING: &str = "warn,freehold=info";
/// What a short command logs when nobody says.
const CALLING: &str = "error";

/// Starts the log.
pub(crate) fn start(globals: &Globals, serves: bool) -> Result<(), ApiError> {
    let default = if serves { SERVING } else { CALLING };
    let filter = EnvFilter::try_new(globals.log.as_deref().unwrap_or(default)).map_err(|_| {
        ApiError::new(
            "usage",
            "--log takes error, warn, info, debug, trace, or a filter such as info,freehold_hub=debug",
        )
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match globals.log_format {
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|_| ApiError::new("internal", "the log was started already"))
}
