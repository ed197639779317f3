//! The running hub.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use freehold_crm::Connector;
use freehold_keystore::Seed;
use freehold_link::Clock;
use freehold_mailbox::{Draft, Linked};
use freehold_protocol::family::{Families, FamiliesError};
use freehold_store::database::Database;
use freehold_store::{HomeKey, Options, ReadError as StoreReadError, Store};
use freehold_transport::{Connection, ListenError};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::ask::{self, AskCustomerError, AskError};
use crate::config::{ConfigError, HubConfig, ValueConfig};
use crate::drain::Deliveries;
use crate::families::families;
use crate::hearing::Hearing;
use crate::invite::{self, InviteError};
use crate::keys::Keys;
use crate::live::{self, ReadError};
use crate::matching::{self, MatchError};
use crate::messages::{self, MessageError};
use crate::moves::{self, Move, Moves};
use crate::reload::Reload;
use crate::replica::{self, Replica};
use crate::serving::Serving;
use crate::session::{CheckIn, Server};
use crate::shared::Shared;
use crate::sinks::replay::{self, ReplayError};
use crate::sinks::running::{Planned, Running};
use crate::sinks::{self, RetryError};
use crate::stop::Stop;
use crate::sweep;
use crate::tables::{self, Counters};
use crate::view::{
    AskView, CrmView, CustomerView, DeadLetterView, EventView, HubInfo, InvitationView, MatchView,
    MessagesOfView, ReadView, ReplayView, SentView, StatsView,
};

/// Most events in one answer: a page that a terminal or a script can hold.
const EVENTS_MAX: usize = 1_000;

/// How long the sessions and the sinks may take to end.
const STOP: Duration = Duration::from_secs(5);

/// Why a hub does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The DID cannot be used.
    #[error("{0}")]
    Did(#[from] freehold_protocol::identity::DidError),
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] freehold_store::OpenError),
    /// The home has a store of its own beside the database.
    #[error(
        "the home has a store in {0}, and its configuration names a database: a store cannot be moved; take `store` out of \
         hub.toml, or make another home"
    )]
    TwoStores(PathBuf),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] StoreReadError),
    /// The webhook cannot be used.
    #[error("sinks.webhook: {0}")]
    Webhook(String),
    /// The CRM cannot be used.
    #[error("crm: {0}")]
    Crm(String),
    /// It cannot be one of several processes.
    #[error("replica: {0}")]
    Replica(String),
    /// It cannot listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The further families do not go together with the protocol's own.
    #[error(transparent)]
    Families(#[from] FamiliesError),
}

/// A running hub. Clones share it.
#[derive(Clone)]
pub struct Hub {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    /// The keys that are served, oldest first.
    pub(crate) serving: Mutex<Vec<Serving>>,
    /// Held while the vendor's keys change.
    pub(crate) changing: tokio::sync::Mutex<()>,
    pub(crate) home: PathBuf,
    pub(crate) running: Running,
    pub(crate) crm: RwLock<Option<Connector>>,
    /// Held while settings change.
    pub(crate) reloading: Arc<tokio::sync::Mutex<()>>,
    pub(crate) check_in_secs: CheckIn,
    pub(crate) value: RwLock<Option<ValueConfig>>,
    pub(crate) reload: OnceLock<Reload>,
    /// What the configuration was when the hub started, where it can be read again.
    pub(crate) config: RwLock<Option<HubConfig>>,
    stop: Stop,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    pub(crate) deliveries: Deliveries,
    /// Whether nobody is connected any more, and nobody is to be.
    pub(crate) drained: watch::Sender<bool>,
    started: Instant,
    updates_before: u64,
    families: Arc<Families<Linked>>,
}

impl Hub {
    /// Opens the store at `home/store`, listens, and starts delivering.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start(
        home: &Path,
        seed: &Seed,
        config: HubConfig,
        clock: Clock,
    ) -> Result<Self, StartError> {
        Self::start_with(home, seed, config, Families::new(), clock).await
    }

    /// As [`Hub::start`], with message families beside the protocol's own.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start_with(
        home: &Path,
        seed: &Seed,
        config: HubConfig,
        further: Families<Linked>,
        clock: Clock,
    ) -> Result<Self, StartError> {
        Self::start_in(None, home, seed, config, further, clock).await
    }

    /// As [`Hub::start_with`], with the store in a database, if one is given, instead of the home.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start_in(
        database: Option<Arc<dyn Database>>,
        home: &Path,
        seed: &Seed,
        config: HubConfig,
        further: Families<Linked>,
        clock: Clock,
    ) -> Result<Self, StartError> {
        config.check()?;
        let replica = Replica::begin(database.as_ref(), &config).await?;
        let number = replica.as_ref().map_or(0, |replica| replica.number);
        let keys = Keys::of_replica(seed, &config.did, number)?;
        let source = keys.first().did.to_string();
        let planned = Planned::new(home, &config, &source)?;
        let home_key = HomeKey::new(*seed.vault_key());
        let store = open_store(database, &home.join("store"), &home_key)?;
        let counters = Counters::load(&store)?;
        let asks = ask::stored(&store)?;
        let moves = if keys.can_rotate() { Moves::load(&store)? } else { Moves::default() };
        keys.grow(moves.newest)?;
        let sinks = planned.sinks();
        let mut shared = Shared::new(store, config.name.clone(), keys, clock, sinks, asks, counters.events);
        shared.replica = replica;
        let shared = Arc::new(shared);
        let observing = Arc::downgrade(&shared);
        shared.store.observe_commits(move |took| {
            if let Some(shared) = observing.upgrade() {
                shared.metrics.committed(took);
            }
        });
        let families = Arc::new(families(&shared).merge(further)?);

        let mut listening = Vec::new();
        for generation in moves.oldest..=moves.newest {
            let (listen, announce) = match generation {
                0 => (config.listen.clone(), config.announce.clone()),
                _ => {
                    let moved = Move::load(&shared.store, generation)?;
                    (moved.listen, moved.announce)
                }
            };
            listening.push(Serving::listen_on(shared.keys.at(generation), listen, announce).await?);
        }
        sinks::crm::begin(&shared).await.map_err(|error| StartError::Crm(error.to_string()))?;
        // Where a crash has stopped it, everyone is told now that the vendor has moved.
        if let Err(error) = moves::tell_all(&shared).await {
            tracing::error!(%error, "some persons are not told yet that the vendor has moved: the next start tries again");
        }

        let addresses = listening.last().map(|(newest, _)| newest.addresses()).unwrap_or_default();
        replica::register(&shared, addresses)
            .await
            .map_err(|error| StartError::Replica(error.to_string()))?;

        let (stop, deliveries) = (Stop::default(), Deliveries::default());
        let tasks = hearing(&shared, &stop).into_iter().collect();
        let (running, crm) = (Running::default(), planned.crm.clone());
        running.start(planned, &shared);
        deliveries.add(tokio::spawn(sweep::run(Arc::clone(&shared), deliveries.stop.listen())));
        let inner = Inner {
            shared,
            serving: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            home: home.to_owned(),
            running,
            crm: RwLock::new(crm),
            reloading: Arc::default(),
            check_in_secs: CheckIn::new(config.check_in_secs),
            value: RwLock::new(config.value),
            reload: OnceLock::new(),
            config: RwLock::default(),
            stop,
            tasks: Mutex::new(tasks),
            deliveries,
            drained: watch::Sender::new(false),
            started: Instant::now(),
            updates_before: counters.updates,
            families,
        };
        for (serving, incoming) in listening {
            inner.serve(serving, incoming);
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Who the hub is and where it listens.
    #[must_use]
    pub fn info(&self) -> HubInfo {
        let shared = &self.inner.shared;
        let counters = logged(Counters::load(&shared.store));
        HubInfo {
            did: shared.keys.newest().did.to_string(),
            name: shared.name.clone(),
            addresses: self.addresses(),
            customers: usize::try_from(counters.customers).unwrap_or(usize::MAX),
        }
    }

    /// Makes and signs a data request from the text of a TOML file. The newest is what invitations ask for.
    ///
    /// # Errors
    /// [`AskError`], with the file's name and the line where it is wrong.
    pub async fn ask(&self, toml_text: &str, file_name: &str) -> Result<AskView, AskError> {
        ask::make(&self.inner.shared, toml_text, file_name).await
    }

    /// Puts a request to a customer whom the hub knows already: the one of this id or prefix, or the newest. They are
    /// asked once they are connected.
    ///
    /// # Errors
    /// [`AskCustomerError`].
    pub async fn ask_customer(&self, customer: &str, ask: Option<&str>) -> Result<AskView, AskCustomerError> {
        ask::put(&self.inner.shared, customer, ask).await
    }

    /// The data requests that were made, oldest first.
    #[must_use]
    pub fn asks(&self) -> Vec<AskView> {
        self.inner.shared.asks().iter().map(|ask| ask.view()).collect()
    }

    /// Makes an invitation for one person: whoever presents it first is the customer. `ask` is a request's id or
    /// a prefix of it.
    ///
    /// # Errors
    /// [`InviteError`].
    pub async fn invite(
        &self,
        customer: Option<String>,
        ask: Option<String>,
        valid_for: Duration,
    ) -> Result<InvitationView, InviteError> {
        let shared = &self.inner.shared;
        // Key and addresses of one endpoint: the vendor may be moving.
        let newest = self.inner.serving().last().map(|one| (Arc::clone(one.identity()), one.addresses()));
        let newest = newest.unwrap_or_else(|| (shared.keys.newest(), Vec::new()));
        let (identity, own) = newest;
        let addresses = shared.invite_to(own).map_err(|error| InviteError::Store(error.to_string()))?;
        invite::make(shared, (identity, addresses), customer, ask.as_deref(), valid_for).await
    }

    /// All relationships, oldest first.
    #[must_use]
    pub fn customers(&self) -> Vec<CustomerView> {
        logged(self.inner.shared.customers())
    }

    /// One relationship, by its id or a prefix of 4 digits or more that begins no other, the vendor's reference, or
    /// its DID.
    #[must_use]
    pub fn customer(&self, text: &str) -> Option<CustomerView> {
        let shared = &self.inner.shared;
        let known = logged(shared.meant(text))?;
        logged(shared.customer(known).map(Some))
    }

    /// The receipt of a customer's grant as it was signed, byte for byte what the person holds: of the grant with this
    /// id or prefix, or of the newest. `None` if there is no such customer or grant.
    #[must_use]
    pub fn credential(&self, customer: &str, grant: Option<&str>) -> Option<String> {
        let shared = &self.inner.shared;
        let known = logged(shared.meant(customer))?;
        logged(shared.credential(&known, grant))
    }

    /// Events after a number, in order; at most 1,000.
    #[must_use]
    pub fn events(&self, after: u64, limit: usize) -> Vec<EventView> {
        logged(self.inner.shared.events(after, limit.min(EVENTS_MAX)))
    }

    /// Events after a number, as soon as there is one; none when the time is over first.
    pub async fn wait_events(&self, after: u64, timeout: Duration) -> Vec<EventView> {
        let mut last = self.inner.shared.last_event.subscribe();
        let _ = tokio::time::timeout(timeout, last.wait_for(|last| *last > after)).await;
        self.events(after, EVENTS_MAX)
    }

    /// Reads fields from a connected person's node now. Written down either way, as an event.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::code`] gives the protocol's code.
    pub async fn read(&self, customer: &str, paths: &[String], purpose: &str) -> Result<ReadView, ReadError> {
        let shared = &self.inner.shared;
        let known = shared.meant(customer).map_err(|error| ReadError::Store(error.to_string()))?;
        live::read(shared, known.ok_or(ReadError::CustomerUnknown)?, paths, purpose).await
    }

    /// Queues a message of a family other than the protocol's own for a customer.
    ///
    /// # Errors
    /// [`MessageError`].
    pub async fn send_message(
        &self,
        customer: &str,
        kind: &str,
        thread: Option<&str>,
        body: Vec<u8>,
    ) -> Result<SentView, MessageError> {
        let Inner { shared, families, .. } = &*self.inner;
        messages::send(shared, families, customer, Draft::new(kind, thread, body)?).await
    }

    /// What there is to read of the customers' messages: those that a family filed and those that could not be used;
    /// of one customer when it is named.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn messages(&self, customer: Option<&str>) -> Result<Vec<MessagesOfView>, MessageError> {
        messages::all(&self.inner.shared, customer)
    }

    /// Erases those messages; gives how many there were.
    ///
    /// # Errors
    /// [`MessageError`].
    pub async fn forget_messages(&self, customer: Option<&str>) -> Result<u64, MessageError> {
        messages::forget(&self.inner.shared, customer).await
    }

    /// The events that a receiver did not take, oldest first.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetterView> {
        logged(self.inner.shared.dead_letters())
    }

    /// Sends one dead letter again, or all of them; gives how many.
    ///
    /// # Errors
    /// [`RetryError`].
    pub async fn retry_dead_letter(&self, which: Option<u64>) -> Result<usize, RetryError> {
        sinks::retry(&self.inner.shared, which).await
    }

    /// Has events sent again, with their ids, to one sink or to all: from a number on, or from a time (RFC 3339).
    ///
    /// # Errors
    /// [`ReplayError`].
    pub async fn replay(&self, since: &str, sink: Option<&str>) -> Result<ReplayView, ReplayError> {
        replay::replay(&self.inner.shared, since, sink).await
    }

    /// What [`Hub::match_crm`] would do, of one customer or of all of whom something is held. Nothing is written.
    ///
    /// # Errors
    /// [`MatchError`].
    pub async fn preview_match(&self, customer: Option<&str>) -> Result<Vec<MatchView>, MatchError> {
        matching::preview(&self.inner.shared, self.inner.crm().as_ref(), customer).await
    }

    /// Has the CRM brought to what is held, of one customer or of all; gives of how many. It is done as events are delivered.
    ///
    /// # Errors
    /// [`MatchError`].
    pub async fn match_crm(&self, customer: Option<&str>) -> Result<usize, MatchError> {
        matching::apply(&self.inner.shared, self.inner.crm().as_ref(), customer).await
    }

    /// Whether the CRM is reachable, takes the token, and has what the mapping names.
    ///
    /// # Errors
    /// [`MatchError`].
    pub async fn check_crm(&self) -> Result<CrmView, MatchError> {
        matching::check(self.inner.crm().as_ref()).await
    }

    /// The hub's figures.
    #[must_use]
    pub fn stats(&self) -> StatsView {
        let Inner { shared, started, updates_before, .. } = &*self.inner;
        shared.stats(*started, *updates_before).unwrap_or_else(|error| {
            tracing::error!(%error, "the store cannot be read");
            StatsView {
                customers: 0,
                connected: shared.sessions.count(),
                updates: 0,
                updates_per_sec: 0.0,
                events_pending: 0,
                dead_letters: 0,
                not_moved: 0,
            }
        })
    }

    /// Says goodbye to every person, stops delivering, and closes the store. What was acknowledged is on disk.
    pub async fn stop(self) {
        // Sinks that are being exchanged would begin after the others have ended.
        let _settings = self.inner.reloading.lock().await;
        self.inner.stop.give();
        self.inner.deliveries.stop.give();
        let mut tasks = std::mem::take(&mut *self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let mut serving = std::mem::take(&mut *self.inner.serving());
        tasks.extend(serving.iter_mut().filter_map(Serving::say_goodbye));
        let deadline = tokio::time::Instant::now() + STOP;
        let sinks = self.inner.running.end(|_| true, STOP);
        let others = async {
            for mut task in tasks {
                if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                    task.abort();
                    let _ = task.await;
                }
            }
        };
        tokio::join!(sinks, others);
        self.inner.deliveries.end().await;
        for one in serving {
            one.close().await;
        }
        if let Some(replica) = &self.inner.shared.replica {
            replica.give_back();
        }
        if let Err(error) = self.inner.shared.store.clone().close().await {
            tracing::error!(%error, "the store did not close");
        }
    }

    /// Where persons reach the hub under its newest key.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.inner.serving().last().map(Serving::addresses).unwrap_or_default()
    }

    /// Where the hub listens under its newest key.
    pub(crate) fn listens(&self) -> Vec<String> {
        self.inner.serving().last().map(|newest| newest.listen().to_vec()).unwrap_or_default()
    }

    /// Whether persons are told other addresses than those that the hub listens on.
    pub(crate) fn announces(&self) -> bool {
        self.inner.serving().last().is_some_and(|newest| !newest.announce().is_empty())
    }
}

impl Inner {
    /// The CRM's connector, as it is now.
    pub(crate) fn crm(&self) -> Option<Connector> {
        self.crm.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn serving(&self) -> MutexGuard<'_, Vec<Serving>> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to serve a key that is listened on.
    pub(crate) fn serve(&self, mut serving: Serving, incoming: mpsc::Receiver<Connection>) {
        let server = Server {
            shared: Arc::clone(&self.shared),
            identity: Arc::clone(serving.identity()),
            families: Arc::clone(&self.families),
            check_in_secs: self.check_in_secs.clone(),
            stop: serving.stopping(),
        };
        serving.begin(server, incoming);
        self.serving().push(serving);
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hub(…)")
    }
}

/// Hears the other replicas, if there are any.
fn hearing(shared: &Arc<Shared>, stop: &Stop) -> Option<JoinHandle<()>> {
    let others = shared.replica.as_ref()?.others()?;
    let hearing = Arc::new(Hearing::default());
    let heard = Arc::clone(&hearing);
    others.listen(Box::new(move |what| heard.hear(what)));
    Some(tokio::spawn(hearing.follow(Arc::clone(shared), stop.listen())))
}

/// What the store gives, or nothing and a line in the log: a listing has no way to fail.
pub(crate) fn logged<T: Default>(read: Result<T, StoreReadError>) -> T {
    read.unwrap_or_else(|error| {
        tracing::error!(%error, "the store cannot be read");
        T::default()
    })
}

/// Opens the store in a database, or in a folder.
fn open_store(
    database: Option<Arc<dyn Database>>,
    folder: &Path,
    key: &HomeKey,
) -> Result<Store, StartError> {
    let options = Options::default();
    match database {
        Some(_) if folder.exists() => Err(StartError::TwoStores(folder.to_owned())),
        Some(database) => Ok(Store::open_in(database, tables::spread, key, options, Some(&tables::SCHEMA))?),
        None => Ok(Store::open_with(folder, key, options, &tables::SCHEMA)?),
    }
}
