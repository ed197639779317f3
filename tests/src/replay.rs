//! Both ends of a conversation as the protocol's own machines, driven by steps that are written in JSON.
//!
//! A step says who acts (`by`), at which virtual time in milliseconds (`at`), what it does (`do`) with which
//! arguments; [`End::apply`] gives what came out: frames to send, events, answers, and until when the session
//! waits. The generator of the vectors records with it; the tests replay with it, one end at a time.
//!
//! A new kind of step is one arm in [`End::apply`] and one function.

mod agreement;
mod parts;
mod rotation;
mod wire;

use std::collections::BTreeMap;

use freehold_protocol::disclosure::{Grant, GrantState};
use freehold_protocol::id::GrantId;
use freehold_protocol::identity::{Did, PublicKey, SigningKey};
use freehold_protocol::intake::Intake;
use freehold_protocol::release::Release;
use freehold_protocol::session::{Parties, Session};
use freehold_protocol::time::{Moment, Timestamp};
use serde_json::{Value, json};

pub use parts::{did, frame, hello, hex, key, message, number, signing_key, text, unhex_32};

/// A grant as the person holds it, with the machine that releases under it.
struct Given {
    grant: Grant,
    state: GrantState,
    release: Release,
}

/// One end: a key, at most one session, and the agreements.
pub struct End {
    key: SigningKey,
    peer: PublicKey,
    session: Option<Session>,
    given: BTreeMap<GrantId, Given>,
    taken: BTreeMap<GrantId, Intake>,
}

impl End {
    /// An end with its own key and the peer's.
    #[must_use]
    pub fn new(key: SigningKey, peer: PublicKey) -> Self {
        Self { key, peer, session: None, given: BTreeMap::new(), taken: BTreeMap::new() }
    }

    fn own_did(&self) -> Did {
        self.key.public().did()
    }

    fn parties(&self) -> Parties {
        Parties { own: self.own_did(), peer: self.peer }
    }

    /// Takes one step and gives its outcome: `outputs` in their order, and `timeout`, the virtual time at which
    /// the session wants to be called, or null.
    ///
    /// # Panics
    /// When the step is not well formed: the vectors are ours.
    pub fn apply(&mut self, step: &Value) -> Value {
        let at = Moment(number(step, "at"));
        let mut outputs = match text(step, "do") {
            "dial" => self.dial(step, at),
            "accept" => self.accept(step, at),
            "lose" => self.lose(),
            "frame" | "timeout" | "queued" | "committed" | "close" | "send" => self.session_step(step, at),
            "stand" => self.stand(step),
            "release" => self.release(step, at),
            "compose" => self.compose(step, at),
            "changed" => self.changed(step),
            "delivered" => self.delivered(step),
            "outcome" => self.outcome(step),
            "revoke" => self.revoke(step),
            "answer" => self.answer(step),
            "grant" => self.take_grant(step),
            "update" => self.take_update(step),
            "revocation" => self.take_revocation(step),
            "rekey" => self.rekey(step),
            "turnAway" => Self::turn_away(step),
            "rotation" => self.take_rotation(step),
            "ask" => self.ask(step),
            "answered" => self.answered(step),
            other => panic!("no such step: {other}"),
        };
        outputs.extend(self.drain());
        let timeout = self.session.as_ref().and_then(Session::poll_timeout).map(|moment| moment.0);
        json!({"outputs": outputs, "timeout": timeout})
    }
}

/// The wall clock of a step.
fn now(step: &Value) -> Timestamp {
    Timestamp::parse(text(step, "now")).unwrap_or_else(|e| panic!("{step}: {e}"))
}
