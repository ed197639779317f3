//! Reading the configuration again while the hub runs.

use std::sync::{Arc, PoisonError};

use crate::config::HubConfig;
use crate::hub::Hub;
use crate::view::ReloadView;

/// Reads the configuration from where it lies, and takes over what is outside the engine: the log.
pub(crate) type Reload = Arc<dyn Fn() -> Result<HubConfig, String> + Send + Sync>;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// Nobody has said where the configuration lies.
    #[error("this hub was started without a file of settings")]
    NoFile,
    /// It cannot be used.
    #[error("{0}: nothing was changed")]
    Config(String),
}

impl Hub {
    /// Says how the configuration is read again; `started` is what it was. Only the first call counts.
    ///
    /// `read` gives the configuration, once it has taken over what is outside the engine: the log.
    pub fn on_reload(
        &self,
        started: HubConfig,
        read: impl Fn() -> Result<HubConfig, String> + Send + Sync + 'static,
    ) {
        let _ = self.inner.reload.set(Arc::new(read));
        *self.inner.config.write().unwrap_or_else(PoisonError::into_inner) = Some(started);
    }

    /// Reads the configuration again, and takes over what may change while the hub runs.
    ///
    /// # Errors
    /// [`ReloadError`]; nothing was changed then.
    pub fn reload(&self) -> Result<ReloadView, ReloadError> {
        let read = self.inner.reload.get().ok_or(ReloadError::NoFile)?;
        let config = read().map_err(ReloadError::Config)?;
        let mut changed = Vec::new();
        let mut held = self.inner.config.write().unwrap_or_else(PoisonError::into_inner);
        let before = held.get_or_insert_with(|| config.clone());
        if before.check_in_secs != config.check_in_secs {
            self.inner.check_in_secs.set(config.check_in_secs);
            changed.push("check_in_secs".to_owned());
        }
        if before.value != config.value {
            *self.inner.value.write().unwrap_or_else(PoisonError::into_inner) = config.value.clone();
            changed.push("value".to_owned());
        }
        if before.log != config.log {
            changed.push("log".to_owned());
        }
        let mut at_next_start = Vec::new();
        for (setting, same) in [
            ("name", before.name == config.name),
            ("did", before.did == config.did),
            ("listen", before.listen == config.listen),
            ("announce", before.announce == config.announce),
            ("replica", before.replica == config.replica),
            ("sinks", before.sinks == config.sinks),
            ("crm", before.crm == config.crm),
            ("http", before.http == config.http),
        ] {
            if !same {
                at_next_start.push(setting.to_owned());
            }
        }
        // What waits for the next start is compared with the start again, so that it is named until then.
        before.check_in_secs = config.check_in_secs;
        before.value = config.value;
        before.log = config.log;
        tracing::info!(?changed, ?at_next_start, "the configuration was read again");
        Ok(ReloadView { changed, at_next_start })
    }
}
