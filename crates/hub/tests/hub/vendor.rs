//! A hub in a temporary home, on a clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use freehold_hub::view::{CustomerView, EventView};
use freehold_hub::{Hub, HubConfig};
use freehold_keystore::Seed;
use freehold_link::Clock;
use freehold_protocol::time::Timestamp;

pub(crate) const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The request of every test: one required field and one optional.
pub(crate) const ASK: &str = r#"title = "Repairs"
legal_basis = "contract"
mode = "continuous"
retention = { duration = "P2Y", after = "end of contract" }

[[field]]
path = "phone.mobile"
required = true
reason = "to call you"
purposes = ["ServiceProvision"]

[[field]]
path = "email.personal"
reason = "to write to you"
purposes = ["ServiceProvision"]
"#;

pub(crate) struct Vendor {
    pub(crate) hub: Hub,
    pub(crate) home: tempfile::TempDir,
    pub(crate) seed: Seed,
    pub(crate) config: HubConfig,
    pub(crate) millis: Arc<AtomicU64>,
}

impl Vendor {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(configure: impl FnOnce(&mut HubConfig)) -> Self {
        let mut config = HubConfig::new("Acme");
        config.listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".into(), "/ip4/127.0.0.1/tcp/0".into()];
        configure(&mut config);
        let home = tempfile::tempdir().unwrap();
        let seed = Seed::generate().unwrap();
        let millis = Arc::new(AtomicU64::new(1_800_000_000_000));
        let hub = start(&home, &seed, &config, &millis).await;
        hub.ask(ASK, "ask.toml").await.unwrap();
        Self { hub, home, seed, config, millis }
    }

    pub(crate) async fn restart(self) -> Self {
        self.hub.stop().await;
        let hub = start(&self.home, &self.seed, &self.config, &self.millis).await;
        Self { hub, ..self }
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.millis.fetch_add(time.as_millis() as u64, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::Relaxed))
    }

    pub(crate) async fn link(&self) -> String {
        self.hub.invite(Some("C-17".into()), None, WEEK).await.unwrap().link
    }

    pub(crate) fn customer(&self) -> CustomerView {
        self.hub.customer("C-17").expect("one person has connected")
    }

    /// Waits for an event of a type.
    pub(crate) async fn event(&self, kind: &str) -> EventView {
        self.event_that(|event| event.cloudevent["type"] == kind).await
    }

    /// Waits for an event.
    pub(crate) async fn event_that(&self, wanted: impl Fn(&EventView) -> bool) -> EventView {
        let search = async {
            loop {
                if let Some(event) = self.hub.events(0, 1000).into_iter().find(&wanted) {
                    return event;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), search).await.expect("the event comes")
    }
}

async fn start(home: &tempfile::TempDir, seed: &Seed, config: &HubConfig, millis: &Arc<AtomicU64>) -> Hub {
    let millis = Arc::clone(millis);
    let clock: Clock = Arc::new(move || Timestamp::from_millis(millis.load(Ordering::Relaxed)));
    Hub::start(home.path(), seed, config.clone(), clock).await.unwrap()
}
