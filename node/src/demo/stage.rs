//! What the story is played on: two homes, two processes, a webhook's receiver.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use freehold_api::{ApiError, Client, hub, person};
use freehold_hub::view::{CustomerView, EventView};
use freehold_person::view::{FieldView, GrantView, StatusView};
use indicatif::ProgressBar;

use super::process::Process;
use super::receiver::Receiver;
use crate::home::io_error;

/// The vendor's own number of the person.
pub(super) const CUSTOMER: &str = "C-1042";
/// Longest wait for something that must come: a lost connection is noticed within half of it.
const WAIT: Duration = Duration::from_secs(20);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(15);
/// How long is watched that something does not come: hundreds of times what an update takes on one machine.
pub(super) const WATCH: Duration = Duration::from_millis(400);

pub(super) struct Stage {
    pub(super) root: PathBuf,
    pub(super) bar: ProgressBar,
    pub(super) receiver: Receiver,
    pub(super) hub: Option<Process>,
    pub(super) node: Option<Process>,
    /// The vendor's link.
    pub(super) link: String,
    /// The request that came with it.
    pub(super) request: String,
    /// The grant that answered it.
    pub(super) grant: String,
    /// The paths of the grant.
    pub(super) paths: Vec<String>,
}

impl Stage {
    pub(super) async fn new(root: PathBuf, bar: ProgressBar) -> Result<Self, ApiError> {
        std::fs::create_dir_all(&root).map_err(|error| io_error(&root, &error))?;
        let mut options = std::fs::File::options();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(root.join("passphrase")).map_err(|error| io_error(&root, &error))?;
        file.write_all(passphrase()?.as_bytes()).map_err(|error| io_error(&root, &error))?;
        let receiver = Receiver::start().await.map_err(|error| io_error(&root, &error))?;
        Ok(Self {
            root,
            bar,
            receiver,
            hub: None,
            node: None,
            link: String::new(),
            request: String::new(),
            grant: String::new(),
            paths: Vec::new(),
        })
    }

    /// Stops what still runs.
    pub(super) async fn end(&mut self) -> Result<(), String> {
        for process in [self.node.take(), self.hub.take()].into_iter().flatten() {
            process.stop().await?;
        }
        Ok(())
    }

    pub(super) fn hub(&self) -> Result<&Client, String> {
        self.hub.as_ref().map(|p| &p.client).ok_or_else(|| "the hub does not run".to_owned())
    }

    pub(super) fn node(&self) -> Result<&Client, String> {
        self.node.as_ref().map(|p| &p.client).ok_or_else(|| "the node does not run".to_owned())
    }

    /// Looks until there is something.
    pub(super) async fn until<T>(
        &self,
        what: &str,
        mut look: impl AsyncFnMut() -> Result<Option<T>, String>,
    ) -> Result<T, String> {
        self.bar.set_message(format!("waiting: {what}"));
        let started = Instant::now();
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            if started.elapsed() > WAIT {
                return Err(format!("waited {} s in vain: {what}", WAIT.as_secs()));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The customer as the hub has them.
    pub(super) async fn customer(&self) -> Result<CustomerView, String> {
        let call = hub::Customers { customer: Some(CUSTOMER.to_owned()) };
        let mut found = self.hub()?.call(&call).await.map_err(said)?;
        found.pop().ok_or_else(|| "the hub has no such customer".to_owned())
    }

    /// The value of a field as the hub holds it.
    pub(super) async fn held(&self, path: &str) -> Result<Option<String>, String> {
        Ok(self.customer().await?.fields.remove(path).flatten())
    }

    pub(super) async fn events(&self, after: u64) -> Result<Vec<EventView>, String> {
        let call = hub::Events { after, ..hub::Events::default() };
        self.hub()?.call(&call).await.map_err(said)
    }

    /// The number of the hub's last event.
    pub(super) async fn last_event(&self) -> Result<u64, String> {
        Ok(self.events(0).await?.last().map_or(0, |event| event.n))
    }

    /// How many of the hub's events after a number brought a value of this path.
    pub(super) async fn updates_of(&self, path: &str, after: u64) -> Result<Vec<String>, String> {
        let value = |event: &EventView| {
            let fields = event.cloudevent.get("data")?.get("fields")?;
            fields.get(path)?.as_str().map(str::to_owned)
        };
        Ok(self.events(after).await?.iter().filter_map(value).collect())
    }

    /// Writes one change set; gives its id and how many vendors are to get it.
    pub(super) async fn set(&self, fields: &[(&str, &str)]) -> Result<(String, usize), String> {
        let change = |(path, value): &(&str, &str)| person::Change {
            path: (*path).to_owned(),
            value: Some((*value).to_owned()),
        };
        let call = person::Set { changes: fields.iter().map(change).collect(), source: None };
        let written = self.node()?.call(&call).await.map_err(said)?;
        Ok((written.change, written.vendors))
    }

    /// The fields of the vault.
    pub(super) async fn fields(&self) -> Result<Vec<FieldView>, String> {
        self.node()?.call(&person::Get { verify: true, ..person::Get::default() }).await.map_err(said)
    }

    pub(super) async fn value(&self, path: &str) -> Result<String, String> {
        let call = person::Get { path: Some(path.to_owned()), ..person::Get::default() };
        let found = self.node()?.call(&call).await.map_err(said)?;
        found.into_iter().next().and_then(|f| f.value).ok_or_else(|| format!("the node has no {path}"))
    }

    pub(super) async fn the_grant(&self) -> Result<GrantView, String> {
        self.node()?.call(&person::Grant { id: self.grant.clone() }).await.map_err(said)
    }

    pub(super) async fn status(&self, change: Option<String>) -> Result<StatusView, String> {
        self.node()?.call(&person::Status { change }).await.map_err(said)
    }

    /// Waits until the outcome of every line of a change has come back; gives the system that said so.
    pub(super) async fn applied(&self, change: &str) -> Result<String, String> {
        self.until("the outcome", async || {
            let status = self.status(Some(change.to_owned())).await?;
            let lines = || status.vendors.iter().flat_map(|vendor| &vendor.lines);
            let done = lines().next().is_some() && lines().all(|line| line.state == "applied");
            let system = lines().find_map(|line| line.system.clone());
            Ok(done.then(|| system.unwrap_or_default()))
        })
        .await
    }

    /// How many entries the node's audit log has.
    pub(super) async fn audited(&self) -> Result<usize, String> {
        let call = person::Audit { from: None, limit: Some(10_000) };
        Ok(self.node()?.call(&call).await.map_err(said)?.len())
    }

    /// Tries a live read of one field.
    pub(super) async fn read(&self, path: &str, purpose: &str) -> Result<Option<String>, ApiError> {
        let call = hub::Read {
            customer: CUSTOMER.to_owned(),
            paths: vec![path.to_owned()],
            purpose: purpose.to_owned(),
        };
        let hub = self.hub().map_err(|why| ApiError::new("demo-failed", why))?;
        Ok(hub.call(&call).await?.fields.remove(path).flatten())
    }
}

/// An error of a call as a check's reason.
pub(super) fn said(error: ApiError) -> String {
    format!("{} ({})", error.message, error.code)
}

/// A check.
pub(super) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// A passphrase that nobody has to remember.
fn passphrase() -> Result<String, ApiError> {
    let seed = freehold_keystore::Seed::generate().map_err(|error| ApiError::new("internal", error))?;
    Ok(seed.words().split(' ').take(6).collect::<Vec<_>>().join("-"))
}
