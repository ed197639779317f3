//! The endpoint under fire, and a peer that writes what it likes at each layer.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use freehold_protocol::identity::SigningKey;
use freehold_transport::{Connection, Endpoint, FrameReceiver, FrameSender, Limits, dial};
use futures::executor::block_on;
use futures::io::AllowStdIo;
use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::core::upgrade::OutboundConnectionUpgrade as _;
use libp2p::noise;
use tokio::sync::mpsc;

use crate::pair::{QUIC, TCP, address, key, soon};

/// Most memory of this whole test process, in KiB.
const PEAK_KIB_MAX: u64 = 256 * 1_024;

/// Longest that a raw peer waits for an answer, or for room to write.
const WAIT: Duration = Duration::from_secs(10);

/// An endpoint that has a known peer, whose session it answers.
pub(crate) struct Target {
    endpoint: Endpoint,
    incoming: mpsc::Receiver<Connection>,
    /// The known peer: its ends, and the endpoint's.
    known: (Connection, FrameSender, FrameReceiver),
    theirs: (Connection, FrameSender, FrameReceiver),
    guests: u8,
}

impl Target {
    pub(crate) async fn new(limits: Limits) -> Self {
        let both = [address(QUIC), address(TCP)];
        let (endpoint, mut incoming) = Endpoint::listen(&key(1), &both, limits).await.unwrap();
        let tcp: Vec<_> = endpoint.addresses().into_iter().filter(|address| !address.is_quic()).collect();
        let own = dial(&key(2), &tcp, &[key(1).public()], Limits::default()).await.unwrap();
        let taken = soon(incoming.recv()).await.unwrap();
        taken.welcome();
        let (sender, receiver) = own.open_session().await.unwrap().split();
        let (their_sender, their_receiver) = soon(taken.accept_session()).await.unwrap().split();
        let (known, theirs) = ((own, sender, receiver), (taken, their_sender, their_receiver));
        Self { endpoint, incoming, known, theirs, guests: 10 }
    }

    pub(crate) fn port(&self, quic: bool) -> u16 {
        self.endpoint.addresses().iter().find(|address| address.is_quic() == quic).unwrap().port()
    }

    /// The endpoint's side of the next connection, made welcome where its limits on strangers are not what is tried.
    pub(crate) async fn taken(&mut self, welcome: bool) -> Connection {
        let connection = soon(self.incoming.recv()).await.unwrap();
        if welcome {
            connection.welcome();
        }
        connection
    }

    /// The known peer is still served, a new one gets in over either transport, and memory is bounded.
    pub(crate) async fn stands(&mut self, after: &str) {
        for (from, to) in [(&self.known.1, &mut self.theirs.2), (&self.theirs.1, &mut self.known.2)] {
            from.send(after.as_bytes().to_vec()).await.unwrap();
            assert_eq!(soon(to.recv()).await, Some(Ok(after.as_bytes().to_vec())), "after {after}");
        }
        for quic in [true, false] {
            self.guests += 1;
            let own = SigningKey::from_seed(&[self.guests; 32]);
            let there: Vec<_> =
                self.endpoint.addresses().into_iter().filter(|address| address.is_quic() == quic).collect();
            let guest = dial(&own, &there, &[key(1).public()], Limits::default()).await;
            let guest = guest.unwrap_or_else(|error| panic!("after {after}: {error}"));
            // Connections of those who attacked may stand before it.
            soon(async { while self.incoming.recv().await.unwrap().peer() != guest.local() {} }).await;
        }
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
        assert!(peak <= PEAK_KIB_MAX, "{peak} KiB after {after}");
    }
}

/// A name in multistream-select: its length, the name, a line's end.
pub(crate) fn named(name: &str) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(name.len() + 1).unwrap()];
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(b'\n');
    bytes
}

/// A socket to the endpoint that blocks, within limits.
pub(crate) fn socket(port: u16) -> TcpStream {
    let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(WAIT)).unwrap();
    socket.set_write_timeout(Some(WAIT)).unwrap();
    socket
}

/// Whether the other side hangs up, whatever it says before.
pub(crate) fn is_hung_up_on(socket: &mut TcpStream) -> bool {
    let mut bytes = [0; 4_096];
    let since = Instant::now();
    while since.elapsed() < WAIT {
        match socket.read(&mut bytes) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => {
                return !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
            }
        }
    }
    false
}

/// A peer that has done the handshakes of TCP, Noise and Yamux, and writes frames of Yamux by hand.
pub(crate) struct RawYamux {
    secure: noise::Output<AllowStdIo<TcpStream>>,
    /// The same socket, below Noise.
    pub(crate) below: TcpStream,
}

impl RawYamux {
    /// Call it where blocking is allowed.
    pub(crate) fn connect(port: u16, seed: u8) -> Self {
        let below = socket(port);
        let identity = libp2p::identity::Keypair::ed25519_from_bytes([seed; 32]).unwrap();
        let mut plain = below.try_clone().unwrap();
        let names = [named("/multistream/1.0.0"), named("/noise")].concat();
        plain.write_all(&names).unwrap();
        let mut answer = vec![0; names.len()];
        plain.read_exact(&mut answer).unwrap();
        assert_eq!(answer, names);
        let upgrade =
            noise::Config::new(&identity).unwrap().upgrade_outbound(AllowStdIo::new(plain), "/noise");
        let (_, mut secure) = block_on(upgrade).unwrap();
        let names = [named("/multistream/1.0.0"), named("/yamux/1.0.0")].concat();
        let mut answer = vec![0; names.len()];
        block_on(async {
            secure.write_all(&names).await.unwrap();
            secure.flush().await.unwrap();
            secure.read_exact(&mut answer).await.unwrap();
        });
        assert_eq!(answer, names);
        Self { secure, below }
    }

    /// Writes a frame: type, flags, stream, length, and a body of whatever length.
    pub(crate) fn frame(
        &mut self,
        kind: u8,
        flags: u16,
        stream: u32,
        length: u32,
        body: &[u8],
    ) -> io::Result<()> {
        let head = [0, kind].into_iter().chain(flags.to_be_bytes()).chain(stream.to_be_bytes());
        let bytes: Vec<u8> = head.chain(length.to_be_bytes()).chain(body.iter().copied()).collect();
        block_on(self.secure.write_all(&bytes))
    }

    /// Writes bytes that are no frame.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        block_on(self.secure.write_all(bytes))
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        block_on(self.secure.flush())
    }
}
