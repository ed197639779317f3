//! A network in memory on the runtime's time: machines at places, connections with delay, partitions, cuts.
//!
//! It stands where libp2p stands and nothing above it differs: the same [`Connection`](crate::Connection), the same frames, limits and
//! timeouts. Streams keep their order and lose nothing while their connection lives, as TCP's and QUIC's do; what a
//! network can do to them is to be late, to stop, and to break, on both sides or on one.

mod listen;
mod wire;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use freehold_protocol::identity::PublicKey;

use listen::Listener;
pub(crate) use listen::{attempt, listen};
pub(crate) use wire::SimulatedStream;
use wire::Wire;

use crate::Address;
use crate::sync::{Mutex, MutexGuard};

/// Longest way of a byte when nothing else is said.
const DELAY_MAX: Duration = Duration::from_millis(50);

thread_local! {
    static CURRENT: RefCell<Option<Network>> = const { RefCell::new(None) };
}

/// A network. Clones are the same.
#[derive(Clone)]
pub struct Network(Arc<Mutex<State>>);

/// One start of a computer at a place; dead once that place starts another, or loses its power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    place: u32,
    start: u64,
}

/// Bytes that a machine has handed to the network.
pub struct Passage<'a> {
    /// Which stream, counted over the network's life.
    pub stream: u64,
    /// Where they come from.
    pub from: u32,
    /// Where they go.
    pub to: u32,
    /// The sender's key.
    pub key: PublicKey,
    /// The bytes, of any part of a frame.
    pub bytes: &'a [u8],
}

type Tap = Box<dyn FnMut(Passage<'_>) + Send>;

struct State {
    /// Gives a number below its argument.
    random: Box<dyn FnMut(u64) -> u64 + Send>,
    tap: Arc<Mutex<Tap>>,
    starts: BTreeMap<u32, u64>,
    off: BTreeSet<u32>,
    blocked: BTreeSet<(u32, u32)>,
    delay_max: Duration,
    places: BTreeMap<Address, u32>,
    listeners: BTreeMap<Address, Listener>,
    wires: BTreeMap<u64, Arc<Wire>>,
    next_wire: u64,
    next_stream: u64,
}

impl Network {
    /// A network whose choices are `random`'s, a number below its argument, and which shows `tap` all that is sent.
    #[must_use]
    pub fn new(
        random: impl FnMut(u64) -> u64 + Send + 'static,
        tap: impl FnMut(Passage<'_>) + Send + 'static,
    ) -> Self {
        Self(Arc::new(Mutex::new(State {
            random: Box::new(random),
            tap: Arc::new(Mutex::new(Box::new(tap))),
            starts: BTreeMap::new(),
            off: BTreeSet::new(),
            blocked: BTreeSet::new(),
            delay_max: DELAY_MAX,
            places: BTreeMap::new(),
            listeners: BTreeMap::new(),
            wires: BTreeMap::new(),
            next_wire: 0,
            next_stream: 0,
        })))
    }

    /// This thread listens and dials on this network from now on; `None` gives the real one back.
    pub fn enter(network: Option<Self>) {
        CURRENT.set(network);
    }

    pub(crate) fn current() -> Option<Self> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Starts a computer at a place. Give it to [`Limits::machine`](crate::Limits).
    pub fn start(&self, place: u32) -> Machine {
        let mut state = self.state();
        state.off.remove(&place);
        let start = state.starts.entry(place).or_default();
        *start += 1;
        Machine { place, start: *start }
    }

    /// Whoever listens on this address is at this place.
    pub fn locate(&self, address: Address, place: u32) {
        self.state().places.insert(address, place);
    }

    /// The computer at a place is gone, with its connections. Its peers hear of it if the operating system could tell
    /// them, else they find out by themselves.
    pub fn turn_off(&self, place: u32, told: bool) {
        let wires = {
            let mut state = self.state();
            state.off.insert(place);
            *state.starts.entry(place).or_default() += 1;
            state.listeners.retain(|_, listener| listener.machine.place != place);
            state.wires_of(|wire| wire.sides().iter().any(|side| side.place == place))
        };
        for wire in wires {
            for (side, machine) in wire.sides().iter().enumerate() {
                if machine.place == place {
                    wire.end(side, None);
                } else if told {
                    wire.end(side, Some(self.delay()));
                }
            }
        }
    }

    /// Stops everything from one place to another, or lets it pass again.
    pub fn block(&self, from: u32, to: u32, blocked: bool) {
        let wires = {
            let mut state = self.state();
            if blocked {
                state.blocked.insert((from, to));
            } else {
                state.blocked.remove(&(from, to));
            }
            state.wires_of(|_| true)
        };
        wires.iter().for_each(|wire| wire.wake());
    }

    /// The longest way of a byte.
    pub fn delay_up_to(&self, delay_max: Duration) {
        self.state().delay_max = delay_max;
    }

    /// Breaks one of the connections there are: what is under way is lost. One side alone may notice it.
    pub fn cut(&self, which: u64, both_notice: bool) {
        let wires = self.state().wires_of(|_| true);
        let Some(wire) = wires.get((which % wires.len().max(1) as u64) as usize) else { return };
        wire.lose();
        let first = (self.random(2)) as usize;
        wire.end(first, None);
        if both_notice {
            wire.end(1 - first, None);
        }
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.state().wires.len()
    }

    fn random(&self, below: u64) -> u64 {
        (self.state().random)(below)
    }

    fn delay(&self) -> Duration {
        let mut state = self.state();
        let micros = u64::try_from(state.delay_max.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros((state.random)(micros.max(1)))
    }

    fn is_blocked(&self, from: Machine, to: Machine) -> bool {
        let state = self.state();
        state.blocked.contains(&(from.place, to.place)) || !state.is_up(to)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_up(&self, machine: Machine) -> bool {
        !self.off.contains(&machine.place) && self.starts.get(&machine.place) == Some(&machine.start)
    }

    fn wires_of(&self, chosen: impl Fn(&Wire) -> bool) -> Vec<Arc<Wire>> {
        self.wires.values().filter(|wire| chosen(wire)).cloned().collect()
    }
}
