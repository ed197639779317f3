//! What strangers may cost a hub and bad vendors a person, on virtual time.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use freehold_hub::{Hub, HubConfig};
use freehold_keystore::Seed;
use freehold_link::Clock;
use freehold_outbound::{Client, Policy};
use freehold_person::{Person, PersonConfig};
use freehold_protocol::code::Code;
use freehold_protocol::data::{self, Carried};
use freehold_protocol::document::{
    AskedField, DataRequest, Document, Issue, Mode, RequestSubject, Retention,
};
use freehold_protocol::family::Families;
use freehold_protocol::frame::{Frame, Hello, VERSIONS};
use freehold_protocol::id::{MessageId, RequestId};
use freehold_protocol::identity::SigningKey;
use freehold_protocol::invitation::Invitation;
use freehold_protocol::limits::{CLOCK_SKEW_MAX, DATE_LAG_MAX, WINDOW};
use freehold_protocol::message::{self, Message, MessageType, SignedMessage};
use freehold_protocol::path::Path as FieldPath;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;
use freehold_resolver::{CachePolicy, Resolver};
use freehold_store::Options;
use freehold_store::simulation::disk::SimulatedDisk;
use freehold_store::simulation::{Random, seed_entropy};
use freehold_transport::simulation::{Machine, Network};
use freehold_transport::{Address, Connection, Endpoint, FrameReceiver, Limits, dial};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

const ADDRESS: &str = "/ip4/10.0.0.100/udp/4101/quic-v1";
/// When every story begins.
const NOW_MS: u64 = 1_800_000_000_000;

/// Plays a story with a machine at place 100, where `ADDRESS` is.
fn on_virtual_time<F: Future<Output = ()>>(story: impl FnOnce(Network) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.unwrap();
    seed_entropy(Some(1));
    runtime.block_on(async {
        let mut random = Random::new(1);
        let network = Network::new(move |below| random.below(below), |_| {});
        network.locate(address(), 100);
        network.start(100);
        Network::enter(Some(network.clone()));
        story(network).await;
    });
    drop(runtime);
    SimulatedDisk::unmount_all();
    Network::enter(None);
    seed_entropy(None);
}

fn address() -> Address {
    Address::parse(ADDRESS).unwrap()
}

fn clock() -> Clock {
    let began = Instant::now();
    Arc::new(move || Timestamp::from_millis(NOW_MS + u64::try_from(began.elapsed().as_millis()).unwrap()))
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// A hub, and the disk it has.
async fn hub() -> (Hub, SigningKey, SimulatedDisk) {
    let (home, seed) = (Path::new("/simulated/hub"), Seed::generate().unwrap());
    let disk = SimulatedDisk::new(1);
    disk.mount(&home.join("store"));
    let mut config = HubConfig::new("Acme");
    config.listen = vec![ADDRESS.to_owned()];
    let hub = Hub::start(home, &seed, config, clock()).await.unwrap();
    (hub, seed.vendor_key(0), disk)
}

async fn stranger(machine: Machine, hub: &SigningKey, seed: u8) -> Connection {
    let limits = Limits { machine: Some(machine), ..Limits::default() };
    dial(&key(seed), &[address()], &[hub.public()], limits).await.unwrap()
}

fn hello(invitation: Option<[u8; 16]>) -> Vec<u8> {
    hello_with(invitation, 0)
}

fn hello_with(invitation: Option<[u8; 16]>, stored: u64) -> Vec<u8> {
    let hello = Hello {
        versions: VERSIONS.to_vec(),
        families: Vec::new(),
        stored,
        invitation: invitation.map(|token| token.to_vec().into()),
        check_in_secs: None,
        last: None,
        restored: false,
        mailbox: None,
    };
    Frame::Hello(hello).encode()
}

/// The code of a goodbye, where it is the next word.
async fn goodbye(receiver: &mut FrameReceiver) -> Option<Code> {
    match Frame::decode(&receiver.recv().await?.ok()?) {
        Ok(Frame::Bye { code, .. }) => Some(code),
        _ => None,
    }
}

/// 1. A stranger connects. 2. It opens a session's stream as late as it can. 3. It sends all of a hello but the last byte. From
///    1 it has 10 seconds, and not ten for each step.
#[test]
fn a_stranger_has_ten_seconds_in_all_to_say_hello() {
    on_virtual_time(|network| async move {
        let (_hub, key, _disk) = hub().await;
        let connection = stranger(network.start(1), &key, 2).await;
        let since = Instant::now();
        sleep(Duration::from_secs(8)).await;
        let (sender, mut receiver) = connection.open_session().await.unwrap().split();
        let hello = hello(None);
        let length = u32::try_from(hello.len()).unwrap().to_be_bytes();
        let started = [&length[..], &hello[..hello.len() - 1]].concat();
        sender.danger_send_unframed(started).await.unwrap();
        assert_eq!(goodbye(&mut receiver).await, Some(Code::Timeout));
        let took = since.elapsed();
        assert!((9_000..11_000).contains(&took.as_millis()), "it took {took:?}");

        let silent = stranger(network.start(1), &key, 3).await;
        let since = Instant::now();
        silent.closed().await;
        assert!(since.elapsed() < Duration::from_secs(11), "it was held for {:?}", since.elapsed());
    });
}

/// A disk that takes nothing shows who was kept from the writer: whoever gets there is told that the disk failed.
#[test]
fn strangers_without_a_good_invitation_never_reach_the_writer() {
    on_virtual_time(|network| async move {
        let (_hub, key, disk) = hub().await;
        disk.fill(true);
        let machine = network.start(1);
        let guesses = (0..200).map(|seed: u8| {
            let token = seed.is_multiple_of(2).then_some([seed; 16]);
            (seed, token, if token.is_some() { Code::InvitationUnknown } else { Code::UnknownPeer })
        });
        for (seed, token, expected) in guesses {
            let connection = stranger(machine, &key, seed).await;
            let (sender, mut receiver) = connection.open_session().await.unwrap().split();
            sender.send(hello(token)).await.unwrap();
            assert_eq!(goodbye(&mut receiver).await, Some(expected));
        }
    });
}

/// A person who has followed the invitation of a vendor.
async fn follow(network: &Network, vendor: &SigningKey) -> (Person, JoinHandle<()>) {
    let home = Path::new("/simulated/person");
    SimulatedDisk::new(1).mount(&home.join("store"));
    let config = PersonConfig {
        resolver: Resolver::new(Client::new(Policy::public()).unwrap(), CachePolicy::default()),
        limits: Limits { machine: Some(network.start(1)), ..Limits::default() },
        store: Options::default(),
        families: Families::new(),
    };
    let person = Person::start(home, Seed::generate().unwrap(), config, clock()).await.unwrap();
    let (did, expires) = (vendor.public().did(), Timestamp::from_millis(NOW_MS + 86_400_000));
    let link =
        Invitation { v: 1, did, addresses: vec![ADDRESS.to_owned()], token: [7; 16], expires }.to_link();
    let calling = person.clone();
    // It waits for a request, which may never come.
    let called = tokio::spawn(async move { calling.connect(&link).await.map(drop).unwrap_or_default() });
    (person, called)
}

/// 1. A person has followed a vendor's invitation. 2. The vendor sends messages that nobody knows as fast as they are taken. They
///    are taken at the node's pace, and the person is not asked to keep up.
#[test]
fn a_flood_of_messages_is_taken_at_the_nodes_own_pace() {
    on_virtual_time(|network| async move {
        let vendor = key(9);
        let (endpoint, mut incoming) =
            Endpoint::listen(&vendor, &[address()], Limits::default()).await.unwrap();
        let (_person, called) = follow(&network, &vendor).await;
        let connection = incoming.recv().await.unwrap();
        connection.welcome();
        let to = connection.peer().did();
        let (sender, mut receiver) = connection.accept_session().await.unwrap().split();
        receiver.recv().await.unwrap().unwrap();
        sender.send(hello(None)).await.unwrap();
        let since = Instant::now();
        let (acked, mut room) = watch::channel(0);
        let flood = tokio::spawn(async move {
            for seq in 1.. {
                let message = Message {
                    seq,
                    id: MessageId::from_entropy(u128::from(seq).to_le_bytes()),
                    kind: MessageType::parse("later/9/thing").unwrap(),
                    thread: None,
                    at: Timestamp::from_millis(0),
                    to: to.clone(),
                    body: vec![0xa0],
                    crit: Vec::new(),
                };
                let signed = SignedMessage::sign(&message, &vendor).into_bytes();
                // More than a window ends the session.
                if room.wait_for(|stored| seq <= stored + WINDOW).await.is_err()
                    || sender.send(Frame::Message(signed).encode()).await.is_err()
                {
                    return;
                }
            }
        });
        let taking = async {
            while let Some(Ok(frame)) = receiver.recv().await {
                if let Ok(Frame::Ack { stored }) = Frame::decode(&frame) {
                    acked.send_replace(stored);
                }
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(20), taking).await;
        let (stored, most) = (*acked.borrow(), 64 + 10 * since.elapsed().as_secs() + 40);
        assert!((150..most).contains(&stored), "{stored} messages were taken in {:?}", since.elapsed());
        flood.abort();
        called.abort();
        drop(endpoint);
    });
}

/// A vendor that listens, and what comes of it.
struct Vendor {
    incoming: tokio::sync::mpsc::Receiver<Connection>,
    began: Instant,
}

impl Vendor {
    /// Says hello, acknowledges a message if told so, and hangs up. Gives when it was called.
    async fn hang_up(&mut self, acknowledge: bool) -> Duration {
        let connection = self.incoming.recv().await.unwrap();
        connection.welcome();
        let (sender, mut receiver) = connection.accept_session().await.unwrap().split();
        let called = self.began.elapsed();
        receiver.recv().await.unwrap().unwrap();
        sender.send(hello(None)).await.unwrap();
        if acknowledge {
            while !matches!(Frame::decode(&receiver.recv().await.unwrap().unwrap()), Ok(Frame::Message(_))) {}
            sender.send(Frame::Ack { stored: 1 }.encode()).await.unwrap();
        }
        sleep(Duration::from_millis(50)).await;
        connection.abort();
        called
    }

    /// Says that it has too much to do, and for how long. Gives when it was called.
    async fn send_away(&mut self, wait_secs: u32) -> Duration {
        let connection = self.incoming.recv().await.unwrap();
        connection.welcome();
        let (sender, mut receiver) = connection.accept_session().await.unwrap().split();
        let called = self.began.elapsed();
        receiver.recv().await.unwrap().unwrap();
        let bye = Frame::Bye { code: Code::Busy, wait_secs: Some(wait_secs) };
        sender.send(bye.encode()).await.unwrap();
        connection.closed().await;
        called
    }

    /// Hangs up on everybody for a while. Gives when it was called.
    async fn hang_up_for(&mut self, secs: u64) -> Vec<Duration> {
        let (end, mut calls) = (Instant::now() + Duration::from_secs(secs), Vec::new());
        while let Ok(called) = tokio::time::timeout_at(end, self.hang_up(false)).await {
            calls.push(called);
        }
        calls
    }
}

/// 1. A vendor says hello and hangs up, for two hours. It is called back at once at first, as a hub is that restarts, and then
///    about once in half a minute. 2. It comes to its senses, and takes what waits. From then on it is called back at once again.
#[test]
fn a_vendor_that_says_hello_and_hangs_up_is_dialled_ever_less() {
    on_virtual_time(|network| async move {
        let vendor = key(9);
        let (endpoint, incoming) = Endpoint::listen(&vendor, &[address()], Limits::default()).await.unwrap();
        let (person, called) = follow(&network, &vendor).await;
        let mut vendor = Vendor { incoming, began: Instant::now() };

        let first = vendor.hang_up_for(600).await;
        assert!(first[30] < Duration::from_secs(15), "30 restarts keep nobody waiting: {:?}", first[30]);
        let later = vendor.hang_up_for(6_600).await;
        assert!((100..400).contains(&later.len()), "{} calls in 110 minutes", later.len());

        // Whoever does something meanwhile does not wait for the next turn.
        let changing = Instant::now();
        let id = person.relationships().unwrap()[0].id.clone();
        person.rotate(Some(&id)).await.unwrap();
        vendor.hang_up(false).await;
        assert!(changing.elapsed() < Duration::from_secs(2), "it took {:?}", changing.elapsed());

        vendor.hang_up(true).await;
        let healed = Instant::now();
        vendor.hang_up(false).await;
        assert!(healed.elapsed() < Duration::from_secs(1), "it took {:?}", healed.elapsed());
        called.abort();
        drop(endpoint);
    });
}

/// 1. A vendor has too much to do and names ten minutes: it is called back after them and within a quarter more, whatever the person
///    does meanwhile. 2. It names a day: it is called back within an hour and a quarter.
#[test]
fn a_vendor_that_has_too_much_to_do_is_not_dialled_before_the_time_it_named() {
    on_virtual_time(|network| async move {
        let vendor = key(9);
        let (endpoint, incoming) = Endpoint::listen(&vendor, &[address()], Limits::default()).await.unwrap();
        let (person, called) = follow(&network, &vendor).await;
        let mut vendor = Vendor { incoming, began: Instant::now() };

        vendor.hang_up(false).await;
        let first = vendor.send_away(600).await;
        let id = person.relationships().unwrap()[0].id.clone();
        sleep(Duration::from_secs(60)).await;
        person.rotate(Some(&id)).await.unwrap();
        let second = vendor.send_away(24 * 60 * 60).await;
        let waited = (second - first).as_secs();
        assert!((600..=760).contains(&waited), "it waited {waited} s");
        let waited = (vendor.send_away(1).await - second).as_secs();
        assert!((3_600..=4_510).contains(&waited), "it waited {waited} s");
        called.abort();
        drop(endpoint);
    });
}

/// A request that begins at some moment.
fn request(vendor: &SigningKey, number: u64, valid_from: Timestamp) -> DataRequest {
    let field = AskedField {
        path: FieldPath::parse("phone.mobile").unwrap(),
        required: true,
        reason: "to call you".into(),
        purposes: ["https://w3id.org/dpv#ServiceProvision".to_owned()].into(),
    };
    let subject = RequestSubject {
        name: "Acme".into(),
        title: "Repairs".into(),
        fields: vec![field],
        legal_basis: Vocabulary::standard().legal_basis("contract").unwrap().iri.clone(),
        mode: Mode::Continuous,
        retention: Retention { duration: "P1D".into(), after: "the test".into() },
        recipients: Vec::new(),
        policy: None,
    };
    let id = RequestId::from_entropy(u128::from(number).to_le_bytes());
    let issuer = vendor.public().did();
    Document::issue(Issue { id, issuer, valid_from, valid_until: None, subject }, vendor).unwrap()
}

/// 1. A vendor asks for something that begins in 5 minutes, in 6, and so on. 2. What the node takes and what it refuses follows
///    from the date of its first message, which the vendor has anyhow, and not from its clock.
#[test]
fn what_a_node_refuses_shows_no_more_of_its_clock_than_its_dates() {
    on_virtual_time(|network| async move {
        let vendor = key(9);
        let (endpoint, mut incoming) =
            Endpoint::listen(&vendor, &[address()], Limits::default()).await.unwrap();
        let (person, called) = follow(&network, &vendor).await;
        let connection = incoming.recv().await.unwrap();
        connection.welcome();
        let (sender, mut receiver) = connection.accept_session().await.unwrap().split();
        receiver.recv().await.unwrap().unwrap();
        sender.send(hello(None)).await.unwrap();
        let told = loop {
            if let Ok(Frame::Message(signed)) = Frame::decode(&receiver.recv().await.unwrap().unwrap()) {
                break message::open(&signed, &connection.peer(), &vendor.public().did()).unwrap().at;
            }
        };
        assert!(told.millis() <= NOW_MS && told.millis() + 1_860_000 > NOW_MS, "{told}");
        let beginnings: Vec<u64> = (0..WINDOW).map(|n| NOW_MS + (5 + n) * 60_000).collect();
        for (seq, begins) in (1..).zip(&beginnings) {
            let asked = request(&vendor, seq, Timestamp::from_millis(*begins));
            let message = Message {
                seq,
                id: MessageId::from_entropy(u128::from(seq).to_le_bytes()),
                kind: MessageType::parse(data::REQUEST).unwrap(),
                thread: None,
                at: Timestamp::from_millis(0),
                to: connection.peer().did(),
                body: Carried::body(asked.bytes()),
                crit: Vec::new(),
            };
            let signed = SignedMessage::sign(&message, &vendor).into_bytes();
            sender.send(Frame::Message(signed).encode()).await.unwrap();
        }
        sleep(Duration::from_secs(10)).await;
        let last = told.millis() + u64::try_from((CLOCK_SKEW_MAX + DATE_LAG_MAX).as_millis()).unwrap();
        let taken = beginnings.iter().filter(|begins| **begins <= last).count();
        assert!(0 < taken && taken < beginnings.len(), "the moments of this test lie around {last}");
        assert_eq!(person.requests().unwrap().len(), taken);
        called.abort();
        drop(endpoint);
    });
}
