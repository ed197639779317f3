//! Strangers who attack a hub.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use freehold_protocol::frame::{Frame, Hello, VERSIONS};
use freehold_protocol::identity::{PublicKey, SigningKey};
use freehold_protocol::invitation::Invitation;
use freehold_transport::{Address, Connection, FrameSender, Limits, dial};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::{Builder, Runtime};

use crate::pace::Pace;
use crate::relay::{Relay, connect_from};

/// How long an attempt goes on when the hub does not end it.
const HOLD: Duration = Duration::from_secs(60);
/// Pause after an attempt.
const AGAIN: Duration = Duration::from_secs(5);
/// Pause between two bytes of whoever is slow.
const SLOWLY: Duration = Duration::from_millis(500);
/// Streams that are opened at a time by whoever opens as many as it can.
const STREAMS: usize = 64;

/// What a stranger does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Opens a TCP connection and says nothing.
    Idle,
    /// Sends bytes that are no handshake.
    Garbage,
    /// Begins a Noise handshake and never ends it.
    HalfHandshake,
    /// Ends the handshake and opens no stream.
    NoStream,
    /// Opens the session's stream and says nothing.
    NoHello,
    /// Says hello at two bytes a second.
    SlowHello,
    /// Begins with another frame than hello, or with none.
    WrongHello,
    /// Says hello with an invitation that was never given.
    Guess,
    /// Opens streams without end and fills them.
    Streams,
}

/// All kinds; a crowd has as many of each.
pub const KINDS: [Kind; 9] = [
    Kind::Idle,
    Kind::Garbage,
    Kind::HalfHandshake,
    Kind::NoStream,
    Kind::NoHello,
    Kind::SlowHello,
    Kind::WrongHello,
    Kind::Guess,
    Kind::Streams,
];

/// Strangers at work, until it is dropped.
pub struct Crowd {
    pace: Pace,
    _runtime: Runtime,
}

struct Target {
    tcp: SocketAddr,
    /// The way there from many addresses.
    relay: Relay,
    key: PublicKey,
    /// Keys that were used.
    keys: AtomicU64,
}

impl Crowd {
    /// Strangers who attack the hub of an invitation, on a thread of their own.
    ///
    /// # Panics
    /// When the link is none to a hub on this machine's TCP, or the system gives no socket.
    #[must_use]
    pub fn attack(link: &str, strangers: u64) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let invitation = Invitation::parse(link).expect("a link");
        let mut addresses = invitation.addresses.iter().filter_map(|text| Address::parse(text).ok());
        let port = addresses.find(|address| !address.is_quic()).expect("a TCP address").port();
        let key = invitation.did.key().expect("a did:key");
        let tcp = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let pace = runtime.block_on(async {
            let relay = Relay::to(tcp).await.expect("a free port");
            let target = Arc::new(Target { tcp, relay, key, keys: AtomicU64::new(1) });
            let pace = Pace::new();
            for number in 0..strangers {
                let kind = KINDS[usize::try_from(number).unwrap_or_default() % KINDS.len()];
                tokio::spawn(stranger(number, kind, Arc::clone(&target), pace.clone()));
            }
            pace
        });
        Self { pace, _runtime: runtime }
    }

    /// How many attempts have begun, and most that were under way at a time.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        self.pace.counts()
    }
}

async fn stranger(number: u64, kind: Kind, target: Arc<Target>, pace: Pace) {
    loop {
        let open = pace.begin().await;
        // However it ends, it begins again.
        let _ = tokio::time::timeout(HOLD, attempt(number, kind, &target)).await;
        drop(open);
        tokio::time::sleep(AGAIN).await;
    }
}

async fn attempt(number: u64, kind: Kind, target: &Target) -> Option<()> {
    match kind {
        Kind::Idle => raw(number, target, &[]).await,
        Kind::Garbage => raw(number, target, &[0xff; 4_096]).await,
        Kind::HalfHandshake => {
            // Names of multistream-select 1.0, then the first message of Noise's XX: an ephemeral key.
            let names = [&b"\x13/multistream/1.0.0\n"[..], b"\x07/noise\n"].concat();
            let first = [&[0, 32][..], &[number as u8 | 1; 32]].concat();
            raw(number, target, &[names, first].concat()).await
        }
        Kind::NoStream => target.connect().await?.closed().await,
        Kind::NoHello => {
            let connection = target.connect().await?;
            let _session = connection.open_session().await.ok()?;
            connection.closed().await;
        }
        Kind::SlowHello => {
            let connection = target.connect().await?;
            let (sender, _receiver) = connection.open_session().await.ok()?.split();
            slowly(&sender, &framed(&hello(None))).await;
        }
        Kind::WrongHello => {
            let frames = [Frame::Ack { stored: number }.encode(), vec![0xff; 200], vec![0xa0]];
            say(target, frames[usize::try_from(number).unwrap_or_default() % frames.len()].clone()).await?;
        }
        Kind::Guess => say(target, hello(Some([number as u8; 16]))).await?,
        Kind::Streams => {
            let connection = target.connect().await?;
            loop {
                let one = async {
                    let (sender, _receiver) = connection.open_read().await.ok()?.split();
                    sender.danger_send_unframed(vec![0; 65_536]).await.ok()
                };
                let opened = (0..STREAMS).map(|_| one_of(&connection));
                let (first, rest) = tokio::join!(one, all(opened));
                if first.is_none() && rest == 0 {
                    // Refused or gone; a moment later it is tried again until the hub hangs up.
                    tokio::time::timeout(SLOWLY, connection.closed()).await.is_err().then_some(())?;
                }
            }
        }
    }
    Some(())
}

/// Opens one more stream and fills it.
async fn one_of(connection: &Connection) -> bool {
    let Ok(frames) = connection.open_read().await else { return false };
    let (sender, _receiver) = frames.split();
    sender.danger_send_unframed(vec![0; 65_536]).await.is_ok()
}

async fn all(opened: impl Iterator<Item = impl Future<Output = bool>>) -> usize {
    let mut count = 0;
    for one in opened {
        count += usize::from(one.await);
    }
    count
}

/// Sends these bytes on a socket and waits for the hub to hang up.
async fn raw(number: u64, target: &Target, bytes: &[u8]) {
    let Ok(mut socket) = connect_from(number, target.tcp).await else { return };
    if socket.write_all(bytes).await.is_ok() {
        let _ = socket.read_to_end(&mut Vec::new()).await;
    }
}

/// Says one thing on a session's stream and waits for the hub to hang up.
async fn say(target: &Target, frame: Vec<u8>) -> Option<()> {
    let connection = target.connect().await?;
    let (sender, mut receiver) = connection.open_session().await.ok()?.split();
    sender.send(frame).await.ok()?;
    while let Some(Ok(_)) = receiver.recv().await {}
    connection.closed().await;
    Some(())
}

/// Sends bytes one by one.
pub(crate) async fn slowly(sender: &FrameSender, bytes: &[u8]) {
    for byte in bytes {
        if sender.danger_send_unframed(vec![*byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(SLOWLY).await;
    }
}

/// A frame with its length before it.
pub(crate) fn framed(frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], frame].concat()
}

/// A hello of somebody who has stored nothing.
pub(crate) fn hello(invitation: Option<[u8; 16]>) -> Vec<u8> {
    let hello = Hello {
        versions: VERSIONS.to_vec(),
        families: vec!["connect/1".to_owned(), "data/1".to_owned()],
        stored: 0,
        invitation: invitation.map(|token| token.to_vec().into()),
        check_in_secs: None,
        last: None,
        restored: false,
        mailbox: None,
    };
    Frame::Hello(hello).encode()
}

impl Target {
    /// A connection under a key that nobody has seen, from an address of its own.
    async fn connect(&self) -> Option<Connection> {
        let mut seed = [66; 32];
        seed[..8].copy_from_slice(&self.keys.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        let (key, way) = (SigningKey::from_seed(&seed), std::slice::from_ref(&self.relay.address));
        dial(&key, way, &[self.key], Limits::default()).await.ok()
    }
}
