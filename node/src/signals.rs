//! SIGTERM, SIGINT and SIGHUP.

use freehold_api::ApiError;
use freehold_hub::Hub;
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

/// The signal that asks a hub to read its configuration again.
pub(crate) struct Reload(Signal);

impl Reload {
    pub(crate) fn install() -> Result<Self, ApiError> {
        let failed = |error| ApiError::new("internal", format!("signals cannot be received ({error})"));
        signal(SignalKind::hangup()).map(Self).map_err(failed)
    }

    /// Reads it again each time.
    pub(crate) async fn each(mut self, hub: Hub) {
        while self.0.recv().await.is_some() {
            if let Err(error) = hub.reload().await {
                tracing::error!(%error, "SIGHUP: the configuration was not read again");
            }
        }
    }
}
