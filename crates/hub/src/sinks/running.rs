//! The sinks that run. Each has an order to stop of its own, so that one is exchanged while the others go on.
//!
//! A sink that ends has its cursor where its receiver was last known to be, and whoever comes in its place goes on from there: what
//! was under way comes again with its id, as after a restart. The cursor of one that was removed stays; if it comes back, it gets what is
//! still in the log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use freehold_crm::{Connector, CrmConfig, Mapping};
use freehold_nats::JetStream;
use freehold_outbound::{Client, Policy, Reach};
use freehold_store::{ReadError, WriteError};
use freehold_tables::Tables;
use freehold_webhook::{RetryPolicy, Secret, Webhook};
use tokio::task::JoinHandle;

use crate::config::{ConfigError, HubConfig, SinksConfig, WebhookConfig};
use crate::hub::StartError;
use crate::log::{AnsweredBy, Record};
use crate::shared::Shared;
use crate::sinks::feed::Feed;
use crate::sinks::jsonl::Lines;
use crate::sinks::nats::Subjects;
use crate::sinks::postgres::Rows;
use crate::sinks::worker::{Target, Worker};
use crate::sinks::{Answers, Receiver, Sinks, Stream, answer, batch, crm};
use crate::stop::{Stop, Stopping};

/// How long a sink may take to end before another takes its place: what it has under way is given again by that one.
const END: Duration = Duration::from_secs(30);

/// Sinks that a configuration names. Nothing of them runs.
pub(crate) struct Planned {
    /// A relative path begins in the home.
    jsonl: Option<PathBuf>,
    nats: Option<JetStream>,
    postgres: Option<Tables>,
    webhook: Option<Webhook>,
    webhook_host: Option<String>,
    pub(crate) crm: Option<Connector>,
    policy: RetryPolicy,
}

/// Those that run.
#[derive(Default)]
pub(crate) struct Running {
    sinks: Mutex<BTreeMap<&'static str, One>>,
}

struct One {
    stop: Stop,
    task: JoinHandle<()>,
}

impl Planned {
    /// Checks what a configuration says, as far as it can be checked without asking anybody. `source` is how the hub is called in events.
    pub(crate) fn new(home: &Path, config: &HubConfig, source: &str) -> Result<Self, StartError> {
        let sinks = &config.sinks;
        let nats = sinks.nats.clone().map(|config| JetStream::new(config.in_folder(home)));
        let postgres = sinks.postgres.clone().map(|config| Tables::new(config.in_folder(home), source));
        Ok(Self {
            jsonl: sinks.jsonl.as_ref().map(|path| home.join(path)),
            nats: nats.transpose().map_err(|error| setting("sinks.nats", &error))?,
            postgres: postgres.transpose().map_err(|error| setting("sinks.postgres", &error))?,
            webhook: sinks.webhook.as_ref().map(webhook).transpose()?,
            webhook_host: sinks.webhook.as_ref().map(|webhook| host(&webhook.url).to_owned()),
            crm: config.crm.as_ref().map(|config| connector(home, config)).transpose()?,
            policy: policy(sinks),
        })
    }

    /// What they are together.
    pub(crate) fn sinks(&self) -> Sinks {
        let jsonl = self.jsonl.as_ref().map(|_| Stream::Jsonl);
        let nats = self.nats.as_ref().map(|_| Stream::Nats);
        let postgres = self.postgres.as_ref().map(|_| Stream::Postgres);
        // The most telling one last.
        let streams: Vec<Stream> = [jsonl, nats, postgres].into_iter().flatten().collect();
        let crm = self.crm.as_ref().map(|crm| crm.system().to_owned());
        Sinks::new(&streams, self.webhook_host.clone(), crm)
    }
}

impl Running {
    /// Starts those of a plan that do not run.
    pub(crate) fn start(&self, planned: Planned, shared: &Arc<Shared>) {
        let Planned { jsonl, nats, postgres, webhook, crm, policy, .. } = planned;
        if let Some(path) = jsonl {
            let feed = Feed::new(Lines::new(path));
            self.add(Stream::Jsonl.name(), |stop| tokio::spawn(feed.run(Arc::clone(shared), stop)));
        }
        if let Some(stream) = nats {
            let feed = Feed::new(Subjects::new(stream));
            self.add(Stream::Nats.name(), |stop| tokio::spawn(feed.run(Arc::clone(shared), stop)));
        }
        if let Some(tables) = postgres {
            let feed = Feed::new(Rows::new(tables));
            self.add(Stream::Postgres.name(), |stop| tokio::spawn(feed.run(Arc::clone(shared), stop)));
        }
        for target in webhook.map(Target::Webhook).into_iter().chain(crm.map(Target::Crm)) {
            let name = target.receiver().name();
            let worker = Worker::new(Arc::clone(shared), target, policy);
            self.add(name, |stop| tokio::spawn(worker.run(stop)));
        }
    }

    /// Those that run keep running.
    fn add(&self, name: &'static str, spawn: impl FnOnce(Stopping) -> JoinHandle<()>) {
        let mut sinks = self.sinks.lock().unwrap_or_else(PoisonError::into_inner);
        sinks.entry(name).or_insert_with(|| {
            let stop = Stop::default();
            let task = spawn(stop.listen());
            One { stop, task }
        });
    }

    /// Ends some of them at a safe point: after the batch, or the delivery, that they are in.
    pub(crate) async fn end(&self, is_meant: impl Fn(&str) -> bool, within: Duration) {
        let mut ending = Vec::new();
        {
            let mut sinks = self.sinks.lock().unwrap_or_else(PoisonError::into_inner);
            let names: Vec<&str> = sinks.keys().copied().filter(|name| is_meant(name)).collect();
            ending.extend(names.into_iter().filter_map(|name| sinks.remove(name)));
        }
        ending.iter().for_each(|one| one.stop.give());
        let deadline = tokio::time::Instant::now() + within;
        for One { mut task, .. } in ending {
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                task.abort();
                let _ = task.await;
            }
        }
    }
}

/// The names of the sinks that two configurations do not have alike.
pub(crate) fn changed(before: &HubConfig, after: &HubConfig) -> Vec<&'static str> {
    let (old, new) = (&before.sinks, &after.sinks);
    let pace = (old.retry_base_ms, old.attempts_max) != (new.retry_base_ms, new.attempts_max);
    [
        (Stream::Jsonl.name(), old.jsonl != new.jsonl),
        (Stream::Nats.name(), old.nats != new.nats),
        (Stream::Postgres.name(), old.postgres != new.postgres),
        (Receiver::Webhook.name(), old.webhook != new.webhook || pace && new.webhook.is_some()),
        // The file of a mapping may be another one under the same name.
        (
            Receiver::Crm.name(),
            before.crm != after.crm || after.crm.as_ref().is_some_and(|crm| pace || crm.mapping.is_some()),
        ),
    ]
    .into_iter()
    .filter_map(|(name, is_changed)| is_changed.then_some(name))
    .collect()
}

/// After a sink was added or removed: what nobody would answer any more is answered by those that there are. An erasure that waited for
/// the one that was removed alone is done once the others have it.
pub(crate) async fn settle_owed(shared: &Arc<Shared>) -> Result<(), WriteError<ReadError>> {
    let mut after = 0;
    loop {
        let records = batch(shared, after)?;
        let Some(last) = records.last() else { return Ok(()) };
        after = last.n;
        let owing: Vec<u64> = records.iter().filter(|r| r.owed().is_some()).map(|record| record.n).collect();
        if owing.is_empty() {
            continue;
        }
        let (writing, now) = (Arc::clone(shared), shared.now());
        let told = shared.store.write(move |txn| {
            let sinks = writing.sinks();
            let cursors = sinks.cursors(txn)?;
            let mut told = Vec::new();
            for n in owing {
                let Some(mut record) = Record::load(txn, n)? else { continue };
                let has = sinks.have(&record, &cursors);
                let answers = match &sinks.answers {
                    Answers::Hub => true,
                    Answers::Stream(stream) => n <= stream.cursor(txn)?,
                    // They have asked and were not answered yet, or have said no: they come again.
                    Answers::Webhook(_) | Answers::Crm(_) => false,
                };
                let is_erasure = record.owed().is_some_and(|owed| matches!(owed.by, AnsweredBy::Erasure(_)));
                if (is_erasure && has || !is_erasure && answers)
                    && answer::taken(txn, &writing, answers, &mut record, &[], now)?
                {
                    told.push(record.relationship);
                }
            }
            Ok::<_, ReadError>(told)
        });
        told.await?.into_inner().iter().for_each(|relationship| shared.wake(relationship));
    }
}

/// Puts sinks in the place of those that run.
pub(crate) async fn exchange(
    running: &Running,
    shared: &Arc<Shared>,
    mut planned: Planned,
    changed: &[&'static str],
) -> Result<(), WriteError<ReadError>> {
    running.end(|name| changed.contains(&name), END).await;
    let sinks = planned.sinks();
    for name in changed.iter().filter(|name| !sinks.has(name)) {
        shared.let_go(name);
    }
    shared.exchange_sinks(sinks);
    if shared.draining.load(Ordering::Acquire) {
        // Others deliver; they have been told of the settings as well.
        return Ok(());
    }
    let begun = crm::begin(shared).await;
    if begun.is_err() {
        // Everything that ever happened would go to it, event by event.
        planned.crm = None;
    }
    running.start(planned, shared);
    begun?;
    settle_owed(shared).await
}

fn setting(setting: &'static str, error: &dyn std::fmt::Display) -> ConfigError {
    ConfigError::Setting { setting, reason: error.to_string() }
}

fn webhook(config: &WebhookConfig) -> Result<Webhook, StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::Webhook(error.to_string());
    let secret: Secret = config.secret.parse().map_err(|error| failed(&error))?;
    let reach = if config.inward { Reach::Anywhere } else { Reach::PublicOnly };
    let policy = Policy { reach, allow_http: config.allow_http, ..Policy::public() };
    let client = Client::new(policy).map_err(|error| failed(&error))?;
    Webhook::new(&config.url, vec![secret], client).map_err(|error| failed(&error))
}

fn policy(sinks: &SinksConfig) -> RetryPolicy {
    let standard = RetryPolicy::default();
    RetryPolicy {
        base: sinks.retry_base_ms.map_or(standard.base, Duration::from_millis),
        attempts_max: sinks.attempts_max.unwrap_or(standard.attempts_max),
    }
}

/// A connector; a relative name of a file begins in the home.
fn connector(home: &Path, config: &CrmConfig) -> Result<Connector, StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::Crm(error.to_string());
    let mut config = config.clone();
    let files = [&mut config.mapping, &mut config.token_file, &mut config.password_file];
    for file in files.into_iter().flatten() {
        *file = home.join(&*file);
    }
    let mapping = match &config.mapping {
        None => Mapping::shipped(config.kind),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| StartError::Crm(format!("{}: {error}", path.display())))?;
            let at = |error: &dyn std::fmt::Display| StartError::Crm(format!("{}: {error}", path.display()));
            Mapping::parse(&text).map_err(|error| at(&error))?
        }
    };
    let client = Client::new(config.policy()).map_err(|error| failed(&error))?;
    Connector::open(&config, mapping, client).map_err(|error| failed(&error))
}

/// The host of a URL, without user, port and path.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    match authority.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
        Some((v6, _)) => v6,
        None => authority.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_url_shows_neither_user_nor_token() {
        for (url, wanted) in [
            ("https://crm.example/hook?token=x", "crm.example"),
            ("http://user:pass@crm.example:8080/", "crm.example"),
            ("http://[::1]:80/", "::1"),
        ] {
            assert_eq!(host(url), wanted);
        }
    }
}
