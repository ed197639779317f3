//! What the machine itself takes: a synced append, a signature, a frame there and back.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use freehold_protocol::identity::SigningKey;
use freehold_transport::{Address, Endpoint, FrameReceiver, FrameSender, Limits, dial};

use super::{Failure, PATIENCE, within};

/// Bytes of one append: a block of the disk.
const APPEND_BYTES: usize = 4096;

/// Bytes of one frame, and of what is signed: an update of one field.
const FRAME_BYTES: usize = 300;

/// The limits of one machine.
pub struct Floor {
    append: Append,
    echo: Echo,
    key: SigningKey,
}

impl Floor {
    /// Makes its file and its connection.
    ///
    /// # Errors
    /// When the disk or the loopback does not take them.
    pub async fn new(dir: &Path) -> Result<Self, Failure> {
        let key = SigningKey::from_seed(&[3; 32]);
        Ok(Self { append: Append::new(&dir.join("floor"))?, echo: Echo::new().await?, key })
    }

    /// One append and fdatasync.
    ///
    /// # Errors
    /// The disk's.
    pub fn append(&mut self) -> Result<Duration, Failure> {
        self.append.once()
    }

    /// One frame to a peer on loopback and back.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn round_trip(&mut self) -> Result<Duration, Failure> {
        self.echo.once().await
    }

    /// One signature.
    #[must_use]
    pub fn sign(&self) -> Duration {
        let start = Instant::now();
        std::hint::black_box(self.key.sign(&[7; FRAME_BYTES]));
        start.elapsed()
    }

    /// As many signatures and verifications, spread over all cores.
    #[must_use]
    pub fn signatures(&self, count: usize) -> Duration {
        let cores = thread::available_parallelism().map_or(1, usize::from).min(count.max(1));
        let share = |core: usize| count / cores + usize::from(core < count % cores);
        let start = Instant::now();
        if cores == 1 {
            sign_and_verify(&self.key, count);
        } else {
            thread::scope(|scope| {
                for core in 0..cores {
                    scope.spawn(move || sign_and_verify(&self.key, share(core)));
                }
            });
        }
        start.elapsed()
    }
}

fn sign_and_verify(key: &SigningKey, count: usize) {
    let (public, message) = (key.public(), [7; FRAME_BYTES]);
    for _ in 0..count {
        let signature = std::hint::black_box(key.sign(&message));
        std::hint::black_box(public.verify(&message, &signature)).expect("our own signature verifies");
    }
}

/// A file that is appended to.
struct Append {
    file: File,
    block: Vec<u8>,
}

impl Append {
    fn new(path: &Path) -> Result<Self, Failure> {
        Ok(Self { file: File::create(path)?, block: vec![0xA5; APPEND_BYTES] })
    }

    fn once(&mut self) -> Result<Duration, Failure> {
        let start = Instant::now();
        self.file.write_all(&self.block)?;
        self.file.sync_data()?;
        Ok(start.elapsed())
    }
}

/// Many files, each with a thread of its own, as each hub's store has one.
pub struct Fleet {
    starts: Vec<SyncSender<()>>,
    done: Receiver<Result<Duration, Failure>>,
}

impl Fleet {
    /// Makes the files and the threads, which end with it.
    ///
    /// # Errors
    /// The disk's.
    pub fn new(dir: &Path, count: usize) -> Result<Self, Failure> {
        let (report, done) = sync_channel(count);
        let mut starts = Vec::new();
        for n in 0..count {
            let (start, started) = sync_channel::<()>(1);
            let mut append = Append::new(&dir.join(format!("fleet-{count}-{n}")))?;
            let report = report.clone();
            thread::Builder::new().spawn(move || {
                while started.recv().is_ok() {
                    if report.send(append.once()).is_err() {
                        break;
                    }
                }
            })?;
            starts.push(start);
        }
        Ok(Self { starts, done })
    }

    /// One append and fdatasync of every file, all at once.
    ///
    /// # Errors
    /// The disk's.
    pub fn append(&self) -> Result<Duration, Failure> {
        let start = Instant::now();
        for file in &self.starts {
            file.send(())?;
        }
        for _ in &self.starts {
            self.done.recv_timeout(PATIENCE)??;
        }
        Ok(start.elapsed())
    }
}

/// A peer that sends each frame back.
struct Echo {
    sender: FrameSender,
    receiver: FrameReceiver,
    /// Held, because their end would end the connection.
    _held: (Endpoint, freehold_transport::Connection),
}

impl Echo {
    async fn new() -> Result<Self, Failure> {
        let (hub, node) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let any = Address::parse("/ip4/127.0.0.1/udp/0/quic-v1")?;
        let (endpoint, mut incoming) = Endpoint::listen(&hub, &[any], Limits::default()).await?;
        tokio::spawn(async move {
            let Some(connection) = incoming.recv().await else { return };
            connection.welcome();
            let Some(frames) = connection.accept_session().await else { return };
            let (sender, mut receiver) = frames.split();
            while let Some(Ok(frame)) = receiver.recv().await {
                if sender.send(frame).await.is_err() {
                    return;
                }
            }
        });
        let out = dial(&node, &endpoint.addresses(), &[hub.public()], Limits::default()).await?;
        let (sender, receiver) = out.open_session().await?.split();
        let mut echo = Self { sender, receiver, _held: (endpoint, out) };
        echo.once().await?;
        Ok(echo)
    }

    async fn once(&mut self) -> Result<Duration, Failure> {
        let start = Instant::now();
        self.sender.send(vec![7; FRAME_BYTES]).await?;
        within("an echo", self.receiver.recv()).await?.ok_or("the echo hung up")??;
        Ok(start.elapsed())
    }
}
