//! SIGTERM and SIGINT.

use freehold_api::ApiError;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end a process in good order. Made before an engine runs, so that none is missed.
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    pub(crate) fn install() -> Result<Self, ApiError> {
        let failed = |error| ApiError::new("internal", format!("signals cannot be received ({error})"));
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    /// Waits for the first.
    pub(crate) async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = self.interrupt.recv() => tracing::info!("SIGINT: stopping"),
        }
    }
}
