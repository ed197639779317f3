//! A person's engine and a hub's, each on a home of its own, in the test's process.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use freehold_hub::{Hub, HubConfig};
use freehold_keystore::Seed;
use freehold_link::{Clock, system_clock};
use freehold_mailbox::Linked;
use freehold_outbound::{Client, Policy, Reach};
use freehold_person::view::RequestView;
use freehold_person::{Person, PersonConfig};
use freehold_protocol::family::Families;
use freehold_protocol::time::Timestamp;
use freehold_resolver::{CachePolicy, Resolver};
use freehold_store::{HomeKey, OpenError, Options, Store};
use freehold_transport::Limits;
use tempfile::TempDir;

/// What every hub of these tests asks for.
pub const ASK: &str = r#"
title = "Repairs"
legal_basis = "contract"
mode = "continuous"
retention = { duration = "P2Y", after = "end of contract" }

[[field]]
path = "phone.mobile"
required = true
reason = "to call you"
purposes = ["ServiceProvision"]
"#;

/// A home and the seed of its owner.
pub struct EngineHome {
    dir: PathBuf,
    seed: Seed,
    /// By how much its machine's clock is ahead.
    ahead_ms: Arc<AtomicU64>,
    _temporary: Option<TempDir>,
}

/// The file in a home that tells another process its seed. Real homes have no such file.
const WORDS: &str = "words.txt";

impl Default for EngineHome {
    fn default() -> Self {
        Self::new()
    }
}

impl EngineHome {
    /// An empty one.
    ///
    /// # Panics
    /// When the machine gives no folder or no randomness.
    #[must_use]
    pub fn new() -> Self {
        let temporary = tempfile::tempdir().expect("a folder");
        let (dir, seed) = (temporary.path().to_owned(), Seed::generate().expect("randomness"));
        Self { dir, seed, ahead_ms: Arc::default(), _temporary: Some(temporary) }
    }

    /// The home that another process has made, which has written its words.
    ///
    /// # Panics
    /// When there are none.
    #[must_use]
    pub fn of(dir: &Path) -> Self {
        let words = std::fs::read_to_string(dir.join(WORDS)).expect("the words");
        let seed = Seed::from_words(&words).expect("words");
        Self { dir: dir.to_owned(), seed, ahead_ms: Arc::default(), _temporary: None }
    }

    /// So much time passes on its machine, for an engine that runs as for one that is started later.
    ///
    /// # Panics
    /// After some hundred million years.
    pub fn pass(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).expect("a time to live to see");
        self.ahead_ms.fetch_add(millis, Ordering::Relaxed);
    }

    fn clock(&self) -> Clock {
        let (ahead_ms, system) = (Arc::clone(&self.ahead_ms), system_clock());
        Arc::new(move || {
            let ahead_ms = ahead_ms.load(Ordering::Relaxed);
            Timestamp::from_millis(system().millis().saturating_add(ahead_ms))
        })
    }

    /// Writes the words down for another process.
    ///
    /// # Panics
    /// When the disk does not take them.
    pub fn write_words(&self) {
        std::fs::write(self.dir.join(WORDS), self.seed.words().as_bytes()).expect("a file");
    }

    /// A copy of a home that nothing runs on, as it is now: a snapshot of its machine.
    ///
    /// # Panics
    /// When the disk does not take it.
    #[must_use]
    pub fn copy(&self) -> Self {
        let copy = Self { seed: self.seed(), ..Self::new() };
        copy_folder(&self.dir.join("store"), &copy.dir.join("store"));
        copy
    }

    /// Makes the home of a person one that was restored from a backup.
    ///
    /// # Panics
    /// When its store does not open.
    pub fn restored(&self) {
        let key = HomeKey::new(*self.seed.vault_key());
        let store = Store::open(&self.dir.join("store"), &key, Options::default()).expect("a store");
        store
            .write_blocking(|txn| freehold_vault::hold::hold_back_all(txn, Timestamp::default()))
            .expect("on disk");
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.dir
    }

    fn seed(&self) -> Seed {
        Seed::from_words(&self.seed.words()).expect("its own words")
    }

    /// Starts a person's engine that speaks these families too.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn person(&self, families: fn() -> Families<Linked>) -> Person {
        // The engine before may hold its store a moment longer.
        for _ in 0..200 {
            match self.try_person(families()).await {
                Err(freehold_person::StartError::Store(OpenError::InUse)) => tokio::time::sleep(MOMENT).await,
                started => return started.expect("the engine starts"),
            }
        }
        panic!("the vault was not let go in 10 s");
    }

    /// Tries it once.
    ///
    /// # Errors
    /// The engine's.
    ///
    /// # Panics
    /// When the machine gives no HTTP client.
    pub async fn try_person(
        &self,
        families: Families<Linked>,
    ) -> Result<Person, freehold_person::StartError> {
        self.try_person_with(Policy::public(), families).await
    }

    /// As [`EngineHome::person`], of a person who trusts this certificate authority, and looks for vendors on this machine too.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn person_near(&self, root: &str) -> Person {
        let policy = Policy {
            reach: Reach::Anywhere,
            extra_roots: vec![root.as_bytes().to_vec()],
            ..Policy::public()
        };
        self.try_person_with(policy, Families::new()).await.expect("the engine starts")
    }

    async fn try_person_with(
        &self,
        policy: Policy,
        families: Families<Linked>,
    ) -> Result<Person, freehold_person::StartError> {
        let resolver = Resolver::new(Client::new(policy).expect("a client"), CachePolicy::default());
        let (limits, store) = (Limits::default(), Options::default());
        let config = PersonConfig { resolver, limits, store, families };
        Person::start(self.path(), self.seed(), config, self.clock()).await
    }

    /// Starts a hub that speaks these families too; on the addresses it had before, so that persons find it again.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn hub(&self, families: fn() -> Families<Linked>, listen: Option<Vec<String>>) -> Hub {
        for _ in 0..200 {
            match self.try_hub_on(families(), listen.clone()).await {
                Err(
                    freehold_hub::StartError::Store(OpenError::InUse) | freehold_hub::StartError::Listen(_),
                ) => {
                    tokio::time::sleep(MOMENT).await;
                }
                started => return started.expect("the hub starts"),
            }
        }
        panic!("the hub's store or port was not let go in 10 s");
    }

    /// Starts a hub that is configured as it pleases.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn hub_with(&self, change: impl Fn(&mut HubConfig)) -> Hub {
        for _ in 0..200 {
            let mut config = HubConfig::new("Acme");
            config.listen = free_addresses();
            change(&mut config);
            match Hub::start(self.path(), &self.seed(), config, self.clock()).await {
                Err(freehold_hub::StartError::Store(OpenError::InUse)) => tokio::time::sleep(MOMENT).await,
                started => return started.expect("the hub starts"),
            }
        }
        panic!("the hub's store was not let go in 10 s");
    }

    /// Tries it once.
    ///
    /// # Errors
    /// The hub's.
    pub async fn try_hub(&self, families: Families<Linked>) -> Result<Hub, freehold_hub::StartError> {
        self.try_hub_on(families, None).await
    }

    async fn try_hub_on(
        &self,
        families: Families<Linked>,
        listen: Option<Vec<String>>,
    ) -> Result<Hub, freehold_hub::StartError> {
        let mut config = HubConfig::new("Acme");
        config.listen = listen.unwrap_or_else(free_addresses);
        Hub::start_with(self.path(), &self.seed(), config, families, self.clock()).await
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
        }
    }
}

/// A wait between two looks.
const MOMENT: Duration = Duration::from_millis(50);

/// Addresses of this machine that nobody has, to listen on. The system gives their ports to nobody who asks for any, as
/// it would those of a hub that is off for a moment.
///
/// # Panics
/// When there are none.
#[must_use]
pub fn free_addresses() -> Vec<String> {
    /// Below where Linux begins to give out ports.
    const PORTS: std::ops::Range<u32> = 10_000..32_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Each test is a process of its own, with a number of its own.
    let begin = std::process::id().wrapping_mul(97);
    let port = { PORTS }.find_map(|_| {
        let offset = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % (PORTS.end - PORTS.start);
        let port = u16::try_from(PORTS.start + offset).ok()?;
        let free = std::net::UdpSocket::bind(("127.0.0.1", port))
            .and(std::net::TcpListener::bind(("127.0.0.1", port)));
        free.ok().map(|_| port)
    });
    let port = port.expect("a free port");
    vec![format!("/ip4/127.0.0.1/udp/{port}/quic-v1"), format!("/ip4/127.0.0.1/tcp/{port}")]
}

/// The hub's addresses without the peer's part, to listen on again.
#[must_use]
pub fn addresses(hub: &Hub) -> Vec<String> {
    let bare = |address: &String| address.split("/p2p/").next().unwrap_or_default().to_owned();
    hub.info().addresses.iter().map(bare).collect()
}

/// The person follows an invitation of the hub, as customer C-17.
///
/// # Panics
/// When they do not meet.
pub async fn meet(person: &Person, hub: &Hub) -> RequestView {
    hub.ask(ASK, "ask.toml").await.expect("a good request");
    let link =
        hub.invite(Some("C-17".into()), None, Duration::from_secs(600)).await.expect("an invitation").link;
    person.connect(&link).await.expect("they meet").request.expect("the request has come")
}

/// Looks until there is what is looked for.
///
/// # Panics
/// After 30 s.
pub async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = look() {
            return found;
        }
        tokio::time::sleep(MOMENT).await;
    }
    panic!("waited 30 s for: {what}");
}
