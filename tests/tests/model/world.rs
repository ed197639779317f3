//! The state of the model and its steps.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use freehold_protocol::disclosure::{GrantState, GrantStatus};
use freehold_protocol::intake::IntakeState;
use freehold_protocol::mailbox::Cursors;
use freehold_protocol::message::Message;
use freehold_protocol::path::Path;
use freehold_protocol::release::{Line, Version};
use freehold_protocol::session::Session;

use crate::shell::{Fault, agreement};

/// How much happens at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Bounds {
    pub(crate) fields: usize,
    pub(crate) changes: u8,
    pub(crate) revocations: u8,
    pub(crate) losses: u8,
}

/// What may happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// The person changes a field.
    Change(usize),
    /// The person revokes a field: when this is over, it was acknowledged to them.
    Revoke(usize),
    /// The node releases what is due.
    Release,
    /// The next frame arrives at the hub.
    ToHub,
    /// The next frame arrives at the node.
    ToPerson,
    /// The hub commits the next message that has arrived.
    Commit,
    /// The node dials.
    Dial,
    /// The connection is gone for both.
    Lose,
    /// It is gone for the node alone; what is under way to the hub still arrives.
    LoseAtThePerson,
    /// The hub is killed.
    Kill,
}

/// What an entry of the person's mailbox is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Entry {
    Update,
    Revocation(BTreeSet<Path>),
}

/// What the person's node has on its disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Vault {
    pub(crate) cursors: Cursors,
    pub(crate) entries: BTreeMap<u64, Entry>,
    pub(crate) lines: BTreeMap<Path, Line>,
    pub(crate) state: GrantState,
    pub(crate) versions: BTreeMap<Path, Version>,
}

/// What the hub has on its disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Books {
    pub(crate) cursors: Cursors,
    pub(crate) intake: IntakeState,
    pub(crate) values: BTreeMap<Path, Version>,
}

/// A rule that was broken on the way to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Broken {
    /// A newer value gave way to an older.
    Overwritten,
    /// A value was sent that was not the present one.
    Stale,
    /// A value was sent that was revoked.
    Released,
    /// A session was ended by one side for what the other said.
    Refused,
}

/// Both ends and the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) vault: Vault,
    pub(crate) node: Option<Session>,
    pub(crate) books: Books,
    pub(crate) hub: Option<Session>,
    /// Taken from the wire and not committed yet.
    pub(crate) arrived: VecDeque<Message>,
    pub(crate) to_hub: VecDeque<Vec<u8>>,
    pub(crate) to_person: VecDeque<Vec<u8>>,
    pub(crate) broken: BTreeSet<Broken>,
    left: Bounds,
}

impl World {
    /// The grant stands, each field has its first value, and nobody has dialled.
    pub(crate) fn begin(bounds: Bounds) -> Self {
        let paths = agreement(bounds.fields).paths.clone();
        Self {
            vault: Vault {
                cursors: Cursors::default(),
                entries: BTreeMap::new(),
                lines: BTreeMap::new(),
                state: GrantState { status: GrantStatus::Standing, ..GrantState::offered() },
                versions: paths.into_iter().map(|path| (path, 1)).collect(),
            },
            node: None,
            books: Books::default(),
            hub: None,
            arrived: VecDeque::new(),
            to_hub: VecDeque::new(),
            to_person: VecDeque::new(),
            broken: BTreeSet::new(),
            left: bounds,
        }
    }

    pub(crate) fn fields(&self) -> usize {
        self.left.fields
    }

    /// What can happen now.
    pub(crate) fn actions(&self) -> Vec<Action> {
        let mut actions = self.progress();
        let fields = 0..self.left.fields;
        if self.left.changes > 0 {
            actions.extend(fields.clone().map(Action::Change));
        }
        if self.left.revocations > 0 {
            let live = self.vault.state.effective(&agreement(self.left.fields).grant);
            let paths: Vec<&Path> = self.vault.versions.keys().collect();
            actions.extend(fields.filter(|n| live.contains(paths[*n])).map(Action::Revoke));
        }
        if self.left.losses > 0 && (self.node.is_some() || self.hub.is_some()) {
            actions.extend([Action::Lose, Action::Kill]);
            actions.extend(self.node.is_some().then_some(Action::LoseAtThePerson));
        }
        actions
    }

    /// What brings the world to rest.
    fn progress(&self) -> Vec<Action> {
        let can_release = self.node.as_ref().is_some_and(Session::has_room) && !self.due().is_empty();
        let steps = [
            (!self.to_hub.is_empty(), Action::ToHub),
            (!self.to_person.is_empty() && self.node.is_some(), Action::ToPerson),
            (!self.arrived.is_empty(), Action::Commit),
            (can_release, Action::Release),
            (self.node.is_none(), Action::Dial),
        ];
        steps.into_iter().filter_map(|(can, action)| can.then_some(action)).collect()
    }

    /// One step.
    pub(crate) fn act(&mut self, action: Action, fault: Fault) {
        match action {
            Action::Change(n) => {
                self.left.changes -= 1;
                let version = self.vault.versions.values_mut().nth(n).expect("a field");
                *version += 1;
            }
            Action::Revoke(n) => {
                self.left.revocations -= 1;
                self.revoke(n);
            }
            Action::Release => self.release(fault),
            Action::ToHub => self.arrive_at_hub(fault),
            Action::ToPerson => self.arrive_at_person(fault),
            Action::Commit => self.commit(fault),
            Action::Dial => self.dial(),
            Action::Lose => {
                self.left.losses -= 1;
                (self.node, self.hub) = (None, None);
                self.to_hub.clear();
                self.to_person.clear();
            }
            Action::LoseAtThePerson => {
                self.left.losses -= 1;
                self.node = None;
                self.to_person.clear();
            }
            Action::Kill => {
                self.left.losses -= 1;
                (self.node, self.hub) = (None, None);
                self.arrived.clear();
                self.to_hub.clear();
                self.to_person.clear();
            }
        }
    }

    pub(crate) fn is_broken(&self, rule: Broken) -> bool {
        self.broken.contains(&rule)
    }

    /// Nothing is under way and nothing is due.
    pub(crate) fn is_at_rest(&self) -> bool {
        let idle = |session: &Option<Session>| session.as_ref().is_some_and(Session::is_idle);
        idle(&self.node)
            && idle(&self.hub)
            && self.progress().is_empty()
            && self.vault.entries.is_empty()
            && self.due().is_empty()
    }

    /// Whether the vendor holds the present values of what it may have, and nothing else.
    fn is_true(&self) -> bool {
        let live = self.vault.state.effective(&agreement(self.left.fields).grant);
        let mut wanted = self.vault.versions.clone();
        wanted.retain(|path, _| live.contains(path));
        self.books.values == wanted
    }

    /// Left alone, it comes to rest, and then the vendor holds what it should.
    pub(crate) fn settles(&self, fault: Fault) -> bool {
        /// More steps than any state within the bounds takes.
        const STEPS_MAX: usize = 100;
        let mut world = self.clone();
        for _ in 0..STEPS_MAX {
            if world.is_at_rest() {
                return world.is_true();
            }
            let Some(action) = world.progress().first().copied() else { return false };
            world.act(action, fault);
        }
        false
    }

    /// A revocation has reached the vendor, which holds nothing of it.
    pub(crate) fn is_obeyed(&self) -> bool {
        let revoked = &self.books.intake.revoked;
        !revoked.is_empty() && revoked.iter().all(|path| !self.books.values.contains_key(path))
    }

    /// Nothing is left that could go wrong.
    pub(crate) fn is_spent(&self) -> bool {
        (self.left.changes, self.left.revocations, self.left.losses) == (0, 0, 0)
    }
}
