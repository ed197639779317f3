//! Several processes of a hub over one database, here in one process over a database in memory.

use std::sync::Arc;
use std::time::Duration;

use freehold_hub::{DidChoice, ForgetReplicaError, Hub, HubConfig, StartError};
use freehold_keystore::Seed;
use freehold_link::system_clock;
use freehold_protocol::code::Code;
use freehold_protocol::data;
use freehold_protocol::family::Families;
use freehold_protocol::session::Closed;
use freehold_store::database::Database;

use crate::memory::{Memory, Process};
use crate::person::{Person, connect_to, key, update};
use crate::vendor::{ASK, WEEK};

/// A vendor with a did:web whose hub is as many processes as are started.
struct Vendor {
    memory: Arc<Memory>,
    seed: Seed,
    home: tempfile::TempDir,
}

impl Vendor {
    fn new() -> Self {
        Self { memory: Memory::new(), seed: Seed::generate().unwrap(), home: tempfile::tempdir().unwrap() }
    }

    async fn try_start(&self, configure: impl FnOnce(&mut HubConfig)) -> Result<Hub, StartError> {
        let mut config = HubConfig::new("Acme");
        config.did = DidChoice::try_from("did:web:acme.example".to_owned()).unwrap();
        config.listen = vec!["/ip4/127.0.0.1/tcp/0".into()];
        configure(&mut config);
        let database: Arc<dyn Database> = Process::one_of_several(&self.memory);
        let home = self.home.path();
        Hub::start_in(Some(database), home, &self.seed, config, Families::new(), system_clock()).await
    }

    async fn replica(&self, number: u32) -> Hub {
        self.try_start(|config| config.replica = Some(number)).await.unwrap()
    }

    /// A person who has met the replica of this number.
    async fn met(&self, hub: &Hub, number: u32) -> Person {
        hub.ask(ASK, "ask.toml").await.unwrap();
        let link = hub.invite(Some("C-17".into()), None, WEEK).await.unwrap().link;
        connect_to(&link, self.seed.replica_key(u64::from(number)).public(), key(1)).await.unwrap()
    }
}

async fn eventually(mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("it comes to pass");
}

fn fields(hub: &Hub) -> Vec<String> {
    hub.customer("C-17").unwrap().fields.into_values().flatten().collect()
}

/// 1. A person has a session at one replica and opens another one at a second, while the first still takes what they send. 2. What
///    comes to the first one now, under the sequence that the second one waits for, is not taken: it says that a newer session has
///    begun. 3. The second one takes it.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_replicas_that_hold_a_relationship_only_the_later_one_writes() {
    let vendor = Vendor::new();
    let (first, second) = (vendor.replica(0).await, vendor.replica(1).await);
    let mut person = vendor.met(&first, 0).await;
    let receipt = person.agree(None).await;
    person.update(&receipt, &[("phone.mobile", Some("+15550100"))]).await;

    // The first replica hears nothing of the second: only its own transactions can tell it.
    vendor.memory.deafen();
    let addresses = second.info().addresses;
    let there = person.twin().turn_to(addresses, vendor.seed.replica_key(1).public());
    let mut again = there.connect(false).await.unwrap();
    let late = update(receipt.id(), &[("phone.mobile", Some("+15550101"))]);
    let refused = person.try_say(data::UPDATE, late).await;
    assert_eq!(refused, Err(Some(Closed::ByPeer(Code::Replaced))));
    assert_eq!(fields(&second), ["+15550100"]);

    // It waits in the mailbox still, and goes with the next thing that is said.
    again.update(&receipt, &[("email.personal", Some("ada@example.org"))]).await;
    assert_eq!(fields(&second), ["ada@example.org", "+15550101"]);
    let updates =
        second.events(0, 100).into_iter().filter(|event| event.cloudevent["type"] == "dev.freehold.update");
    assert_eq!(updates.count(), 3);
    assert_eq!(first.events(0, 100), second.events(0, 100));
}

/// 1. A session moves to another replica. 2. The first one hears of it and ends its own, before anything is sent. 3. What is queued at
///    either replica reaches the person at once, and each says where they are.
#[tokio::test(flavor = "multi_thread")]
async fn replicas_tell_each_other_of_sessions_and_of_what_is_queued() {
    let vendor = Vendor::new();
    let (first, second) = (vendor.replica(0).await, vendor.replica(1).await);
    let mut person = vendor.met(&first, 0).await;
    let receipt = person.agree(None).await;
    assert!(second.customer("C-17").unwrap().connected);
    let read = second.read("C-17", &["phone.mobile".to_owned()], "serviceProvision").await;
    assert!(read.unwrap_err().to_string().contains("replica 0"));

    let there = person.twin().turn_to(second.info().addresses, vendor.seed.replica_key(1).public());
    let mut again = there.connect(false).await.unwrap();
    assert_eq!(person.ended().await, Some(Closed::ByPeer(Code::Replaced)));
    let asked = first.ask(&ASK.replace("Repairs", "More repairs"), "ask.toml").await.unwrap();
    first.ask_customer("C-17", Some(&asked.id)).await.unwrap();
    let request = again.request().await;
    assert_eq!(request.id().to_string(), asked.id);
    // The second replica has never seen that request, and takes what answers it.
    again.update(&receipt, &[("phone.mobile", Some("+15550100"))]).await;
    again.hear(data::OUTCOME).await;
    assert_eq!(second.asks(), first.asks());
}

/// 1. Replicas have keys of their own, and the document lists all of them, also one that does not run. 2. A number is one process's. 3.
///    One that runs no more is taken from the list.
#[tokio::test(flavor = "multi_thread")]
async fn the_document_lists_every_replica_with_its_key_and_addresses() {
    let vendor = Vendor::new();
    let (first, second) = (vendor.replica(0).await, vendor.replica(1).await);
    let listed = |hub: &Hub| {
        let document = hub.document();
        let keys = document["authentication"].as_array().unwrap().len();
        (keys, document["service"][0]["serviceEndpoint"].as_array().map_or(1, Vec::len))
    };
    assert_eq!((listed(&first), listed(&second)), ((2, 2), (2, 2)));
    let link = first.invite(None, None, WEEK).await;
    assert!(link.is_err(), "nothing is asked yet");
    assert!(matches!(second.forget_replica(0).await, Err(ForgetReplicaError::Runs(0))));
    first.stop().await;
    eventually(|| second.replicas().iter().filter(|one| one.runs).count() == 1).await;
    assert_eq!(listed(&second), (2, 2));
    second.forget_replica(0).await.unwrap();
    assert_eq!(listed(&second), (1, 1));
    assert!(matches!(second.forget_replica(0).await, Err(ForgetReplicaError::Unknown(0))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_replica_says_why() {
    let vendor = Vendor::new();
    let refused = async |configure: fn(&mut HubConfig)| match vendor.try_start(configure).await {
        Err(StartError::Replica(why)) => why,
        other => panic!("{other:?}"),
    };
    let did_key = refused(|config| (config.replica, config.did) = (Some(0), DidChoice::Key)).await;
    assert!(did_key.contains("did:web"), "{did_key}");
    let number = refused(|config| config.replica = Some(99)).await;
    assert!(number.contains("0 to 31"), "{number}");
    let mut config = HubConfig::new("Acme");
    config.did = DidChoice::try_from("did:web:acme.example".to_owned()).unwrap();
    config.replica = Some(0);
    let alone = Hub::start(vendor.home.path(), &vendor.seed, config, system_clock()).await;
    assert!(matches!(alone, Err(StartError::Replica(why)) if why.contains("--store")));
}

/// 1. A replica that somebody has a session with is drained: it is not ready, says goodbye, and is done. 2. It takes nobody any more. 3.
///    The other one feeds the file from then on, and no event is twice or missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_drained_lets_everybody_go_and_another_one_delivers() {
    let vendor = Vendor::new();
    let start = |number| {
        vendor.try_start(move |config| {
            config.replica = Some(number);
            config.sinks.jsonl = Some(format!("events-{number}.jsonl").into());
        })
    };
    let first = start(0).await.unwrap();
    let mut person = vendor.met(&first, 0).await;
    person.agree(None).await;
    eventually(|| first.stats().events_pending == 0).await;
    let second = start(1).await.unwrap();
    assert!(first.ready().await.ready && second.ready().await.ready);

    let draining = tokio::spawn({
        let first = first.clone();
        async move { first.drain().await }
    });
    assert_eq!(person.ended().await, Some(Closed::ByPeer(Code::ShuttingDown)));
    let twin = person.vanish();
    let drained = tokio::time::timeout(Duration::from_secs(20), draining).await.unwrap().unwrap();
    assert_eq!((drained.sessions, drained.left), (1, 0));
    first.drained().await;
    let ready = first.ready().await;
    assert!(ready.draining && !ready.ready);

    let again = twin.turn_to(first.info().addresses, vendor.seed.replica_key(0).public());
    let refused = again.connect(false).await.err();
    assert_eq!(refused, Some(Code::ShuttingDown));
    let link = second.invite(Some("C-18".into()), None, WEEK).await.unwrap().link;
    let mut other = connect_to(&link, vendor.seed.replica_key(1).public(), key(2)).await.unwrap();
    let granted = other.agree(None).await;
    other.update(&granted, &[("phone.mobile", Some("+15550100"))]).await;
    eventually(|| second.stats().events_pending == 0).await;
    let lines = |number: u32| {
        let text = std::fs::read_to_string(vendor.home.path().join(format!("events-{number}.jsonl")));
        text.unwrap_or_default().lines().count()
    };
    assert_eq!((lines(0), lines(1)), (1, 2));
}
