//! Reading the configuration again while the hub runs.

use std::sync::{Arc, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::config::HubConfig;
use crate::hub::Hub;
use crate::sinks;
use crate::sinks::running::Planned;
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
    /// The sinks are the new ones, and the store did not take what follows from that.
    #[error(
        "the sinks are exchanged, and the store failed meanwhile ({0}): mend its disk, and start the hub again"
    )]
    Sinks(String),
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
    /// [`ReloadError`]; nothing was changed then, unless it says so.
    pub async fn reload(&self) -> Result<ReloadView, ReloadError> {
        let one_at_a_time = Arc::clone(&self.inner.reloading).lock_owned().await;
        let read = self.inner.reload.get().ok_or(ReloadError::NoFile)?;
        let config = read().map_err(ReloadError::Config)?;
        let held = self.inner.config.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut before = held.unwrap_or_else(|| config.clone());
        let exchanged = sinks::running::changed(&before, &config);
        let planned = self.planned(&config, &exchanged)?;
        let mut changed = Vec::new();
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
            ("http", before.http == config.http),
            ("telemetry", before.telemetry == config.telemetry),
        ] {
            if !same {
                at_next_start.push(setting.to_owned());
            }
        }
        // What waits for the next start is compared with the start again, so that it is named until then.
        before.check_in_secs = config.check_in_secs;
        before.value = config.value;
        before.log = config.log;
        before.sinks = config.sinks;
        before.crm = config.crm;
        *self.inner.config.write().unwrap_or_else(PoisonError::into_inner) = Some(before);
        if let Some(planned) = planned {
            self.exchange(planned, &exchanged, one_at_a_time).await?;
            changed.extend(exchanged.iter().map(|name| format!("sinks.{name}").replace("sinks.crm", "crm")));
        }
        tracing::info!(?changed, ?at_next_start, "the configuration was read again");
        Ok(ReloadView { changed, at_next_start })
    }

    /// The sinks of a configuration, checked, where any of them is another.
    fn planned(&self, config: &HubConfig, exchanged: &[&str]) -> Result<Option<Planned>, ReloadError> {
        if exchanged.is_empty() {
            return Ok(None);
        }
        let source = self.inner.shared.keys.first().did.to_string();
        let planned = Planned::new(&self.inner.home, config, &source);
        planned.map(Some).map_err(|error| ReloadError::Config(error.to_string()))
    }

    /// The whole goes on even if whoever has asked for it has gone.
    async fn exchange(
        &self,
        planned: Planned,
        exchanged: &[&'static str],
        one_at_a_time: OwnedMutexGuard<()>,
    ) -> Result<(), ReloadError> {
        let (inner, exchanged) = (Arc::clone(&self.inner), exchanged.to_vec());
        let task = tokio::spawn(async move {
            if exchanged.contains(&sinks::Receiver::Crm.name()) {
                *inner.crm.write().unwrap_or_else(PoisonError::into_inner) = planned.crm.clone();
            }
            let done = sinks::running::exchange(&inner.running, &inner.shared, planned, &exchanged).await;
            drop(one_at_a_time);
            done
        });
        let done = task.await.map_err(|error| ReloadError::Sinks(error.to_string()))?;
        done.map_err(|error| ReloadError::Sinks(error.to_string()))
    }
}
