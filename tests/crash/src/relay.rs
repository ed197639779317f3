//! A line between two programs that somebody cuts: a relay of TCP that falls silent, and breaks what was open when it is mended.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a thread of the line looks away.
const LOOK: Duration = Duration::from_millis(5);
const CHUNK: usize = 64 * 1024;

/// The line. It ends with this value.
pub struct Relay {
    port: u16,
    line: Arc<Line>,
}

struct Line {
    to: SocketAddr,
    /// Nothing passes: neither bytes nor connections.
    is_cut: AtomicBool,
    is_over: AtomicBool,
    /// How many connections were broken when the line was mended.
    broken: AtomicU64,
    open: Mutex<Vec<[TcpStream; 2]>>,
}

impl Relay {
    /// A line to a port of this machine.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let listening = listener.local_addr().expect("an address").port();
        let line = Arc::new(Line {
            to: (Ipv4Addr::LOCALHOST, port).into(),
            is_cut: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            broken: AtomicU64::new(0),
            open: Mutex::default(),
        });
        let served = Arc::clone(&line);
        thread::spawn(move || served.serve(&listener));
        Self { port: listening, line }
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on nothing passes, and nobody is told.
    pub fn cut(&self) {
        self.line.is_cut.store(true, Ordering::SeqCst);
    }

    /// The line is there again. What was open before is broken at both ends, in the middle of whatever it was, as by a router that
    /// has forgotten it.
    pub fn mend(&self) {
        self.line.break_all();
        self.line.is_cut.store(false, Ordering::SeqCst);
    }

    /// How many connections it has broken so far.
    #[must_use]
    pub fn broken(&self) -> u64 {
        self.line.broken.load(Ordering::SeqCst)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.line.is_over.store(true, Ordering::SeqCst);
        self.line.break_all();
        // Wakes the thread that listens.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Line {
    fn serve(self: Arc<Self>, listener: &TcpListener) {
        for near in listener.incoming() {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let Ok(near) = near else { continue };
            let line = Arc::clone(&self);
            thread::spawn(move || {
                // Whoever dials while it is cut waits; whom it leads to may be gone.
                line.wait_while_cut();
                let _ = line.join(near);
            });
        }
    }

    fn join(self: &Arc<Self>, near: TcpStream) -> io::Result<()> {
        let far = TcpStream::connect(self.to)?;
        for end in [&near, &far] {
            end.set_nodelay(true)?;
        }
        self.open().push([near.try_clone()?, far.try_clone()?]);
        let (line, from, to) = (Arc::clone(self), near.try_clone()?, far.try_clone()?);
        thread::spawn(move || line.carry(from, to));
        self.carry(far, near);
        Ok(())
    }

    /// Carries one direction until an end hangs up.
    fn carry(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut chunk = vec![0; CHUNK];
        while let Ok(length @ 1..) = from.read(&mut chunk) {
            self.wait_while_cut();
            if to.write_all(&chunk[..length]).is_err() {
                break;
            }
        }
        for end in [from, to] {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    fn wait_while_cut(&self) {
        while self.is_cut.load(Ordering::SeqCst) && !self.is_over.load(Ordering::SeqCst) {
            thread::park_timeout(LOOK);
        }
    }

    fn break_all(&self) {
        for ends in self.open().drain(..) {
            let was_open = ends.iter().filter(|end| end.shutdown(Shutdown::Both).is_ok()).count() == 2;
            self.broken.fetch_add(u64::from(was_open), Ordering::SeqCst);
        }
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Vec<[TcpStream; 2]>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
