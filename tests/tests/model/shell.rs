//! What the shells of both sides do around the machines, and what may be wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use freehold_protocol::data::{self, ReceivedUpdate, update_body};
use freehold_protocol::disclosure::{Ask, Disclosure, Grant, GrantState, GrantStatus, authorize};
use freehold_protocol::document::{Document, GrantSubject, Issue, Mode, Reference, Retention, ScopeItem};
use freehold_protocol::document::{DocumentDigest, RevocationSubject};
use freehold_protocol::frame::{Frame, Hello};
use freehold_protocol::id::{GrantId, MessageId, RequestId, RevocationId};
use freehold_protocol::identity::SigningKey;
use freehold_protocol::intake::Intake;
use freehold_protocol::message::{Message, MessageType, SignedMessage};
use freehold_protocol::path::Path;
use freehold_protocol::release::{Mark, Release, Version};
use freehold_protocol::session::{Closed, Output, Parties, Session};
use freehold_protocol::time::{Moment, Timestamp};

use crate::world::{Broken, Entry, World};

/// What is wrong with a shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The hub acknowledges what it has not committed.
    AcknowledgesBeforeTheCommit,
    /// The node does not write down what it sends.
    ForgetsWhatWasSent,
    /// The node keeps the values of an update that it sends again.
    ComposesTheOldValueAgain,
    /// The node releases what is in the grant's scope, whatever was revoked.
    ReleasesWithoutTheGate,
    /// The hub commits what an older session has left behind, in a newer one.
    CommitsWhatAnOlderSessionLeft,
    /// The hub says hello before it knows what an older session is committing.
    ReadsItsCursorsTooEarly,
}

/// Everything that is agreed on beforehand.
pub(crate) struct Agreement {
    pub(crate) paths: BTreeSet<Path>,
    pub(crate) grant: Grant,
}

static PERSON: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_seed(&[2; 32]));
static VENDOR: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_seed(&[1; 32]));
static AGREEMENTS: LazyLock<[Agreement; 2]> = LazyLock::new(|| [agree(1), agree(2)]);

/// Time stands still: a timeout is a loss like any other.
const NOW: Moment = Moment(0);

/// The grant of so many fields.
pub(crate) fn agreement(fields: usize) -> &'static Agreement {
    &AGREEMENTS[fields - 1]
}

fn agree(fields: usize) -> Agreement {
    let names = ["x.model.one", "x.model.two"];
    let paths: BTreeSet<Path> =
        names[..fields].iter().map(|name| Path::parse(name).expect("a path")).collect();
    let purposes: BTreeSet<String> = ["https://w3id.org/dpv#ServiceProvision".to_owned()].into();
    let scope = paths.iter().map(|path| ScopeItem { path: path.clone(), purposes: purposes.clone() });
    let request = RequestId::from_entropy([1; 16]);
    let subject = GrantSubject {
        id: VENDOR.public().did(),
        request: Reference { id: request, digest_multibase: DocumentDigest::of(b"a request") },
        scope: scope.collect(),
        legal_basis: "https://w3id.org/dpv#Contract".into(),
        mode: Mode::Continuous,
        retention: Retention { duration: "P1D".into(), after: "the model".into() },
        recipients: vec![],
    };
    let (id, issuer) = (GrantId::from_entropy([2; 16]), PERSON.public().did());
    let issue = Issue { id, issuer, valid_from: Timestamp::default(), valid_until: None, subject };
    let grant: Grant = Document::issue(issue, &PERSON).expect("a grant");
    let receipt = grant.countersign(&VENDOR, &VENDOR.public().did(), Timestamp::default());
    Agreement { paths, grant: receipt.expect("a receipt") }
}

fn hello() -> Hello {
    let families = vec!["connect/1".into(), "data/1".into()];
    Hello {
        versions: vec![1],
        families,
        stored: 0,
        invitation: None,
        check_in_secs: None,
        last: None,
        restored: false,
        mailbox: None,
    }
}

/// The outputs of a session, one by one.
fn poll(session: &mut Option<Session>) -> Option<Output> {
    session.as_mut().and_then(Session::poll_output)
}

impl World {
    fn agreement(&self) -> &'static Agreement {
        agreement(self.fields())
    }

    /// The release machine, as it is made from what is stored.
    fn machine(&self) -> Release {
        let mut current = self.vault.versions.clone();
        let live = self.vault.state.effective(&self.agreement().grant);
        current.retain(|path, _| live.contains(path));
        let lines = self.vault.lines.values().cloned();
        Release::new(Mode::Continuous, lines, current, self.vault.cursors.delivered)
    }

    /// What the node would release.
    pub(crate) fn due(&self) -> BTreeSet<Path> {
        self.machine().poll_due()
    }

    /// A fresh update: written down, then sent.
    pub(crate) fn release(&mut self, fault: Fault) {
        let due = self.due();
        let seq = self.vault.cursors.queued + 1;
        self.vault.cursors.queued = seq;
        self.vault.entries.insert(seq, Entry::Update);
        let body = self.update(seq, &due, fault);
        self.send(seq, data::UPDATE, body);
        self.pump_node(fault);
    }

    /// The body of an update in a place, and its marks in the same transaction.
    fn update(&mut self, seq: u64, wanted: &BTreeSet<Path>, fault: Fault) -> Vec<u8> {
        let grant = &self.agreement().grant;
        let open = GrantState { status: GrantStatus::Standing, ..GrantState::offered() };
        let state = if fault == Fault::ReleasesWithoutTheGate { &open } else { &self.vault.state };
        let permit = authorize(grant, state, Ask::Update, wanted, Timestamp::default()).ok();
        for line in self.vault.lines.values_mut() {
            if permit.as_ref().is_none_or(|permit| !permit.paths().contains(&line.path)) {
                line.mark_left_out(seq);
            }
        }
        let Some(permit) = permit else { return update_body(Disclosure::void(grant.id().clone())) };
        let live = self.vault.state.effective(grant);
        for path in permit.paths().clone() {
            let current = self.vault.versions[&path];
            let line = self.vault.lines.entry(path.clone());
            let line = line.or_insert_with(|| freehold_protocol::release::Line::new(path.clone()));
            let version = match line.sent.filter(|sent| sent.seq == seq) {
                Some(sent) if fault == Fault::ComposesTheOldValueAgain => sent.version,
                _ => current,
            };
            if version != current {
                self.broken.insert(Broken::Stale);
            }
            if !live.contains(&path) {
                self.broken.insert(Broken::Released);
            }
            if fault != Fault::ForgetsWhatWasSent {
                line.mark_sent(Mark { version, seq, at: Timestamp::default() });
            }
        }
        let lines = &self.vault.lines;
        let told = |path: &Path| {
            let sent = lines[path].sent.map_or(self.vault.versions[path], |sent| sent.version);
            Ok::<_, std::convert::Infallible>(Some(sent.to_string()))
        };
        match permit.fill(told) {
            Ok(disclosure) => update_body(disclosure),
            Err(never) => match never {},
        }
    }

    /// An update whose place is composed again: what the vendor lacks now.
    fn compose(&mut self, seq: u64, fault: Fault) -> Vec<u8> {
        let lacking: BTreeSet<Path> = match fault {
            Fault::ReleasesWithoutTheGate => self.vault.versions.keys().cloned().collect(),
            _ => self.machine().lacking().cloned().collect(),
        };
        self.update(seq, &lacking, fault)
    }

    fn send(&mut self, seq: u64, kind: &str, body: Vec<u8>) {
        let mut id = [3; 16];
        id[15] = seq as u8;
        let message = Message {
            seq,
            id: MessageId::from_entropy(id),
            kind: MessageType::parse(kind).expect("a type"),
            thread: None,
            at: Timestamp::default(),
            to: VENDOR.public().did(),
            body,
            crit: vec![],
        };
        if let Some(node) = &mut self.node {
            node.send(SignedMessage::sign(&message, &PERSON), NOW);
        }
    }

    /// Written down; then the connection is broken; then the person is told that it is done.
    pub(crate) fn revoke(&mut self, field: usize) {
        let path = self.vault.versions.keys().nth(field).cloned().expect("a field");
        let ended = BTreeSet::from([path]);
        self.vault.state.revoke(&self.agreement().grant, &ended);
        self.vault.cursors.queued += 1;
        self.vault.entries.insert(self.vault.cursors.queued, Entry::Revocation(ended));
        self.node = None;
        self.to_person.clear();
    }

    pub(crate) fn dial(&mut self) {
        let parties = Parties { own: PERSON.public().did(), peer: VENDOR.public() };
        self.node = Some(Session::dial(parties, self.vault.cursors, hello(), NOW));
        // A newer session ends the older one, and what is under way in it.
        self.hub = None;
        self.to_hub.clear();
        self.to_person.clear();
        self.pump_node(Fault::None);
    }

    /// A frame arrives at the hub: the first of a connection is a hello.
    pub(crate) fn arrive_at_hub(&mut self, fault: Fault) {
        let Some(frame) = self.to_hub.pop_front() else { return };
        match &mut self.hub {
            Some(hub) => hub.handle_frame(&frame, NOW),
            None => {
                let Ok(Frame::Hello(theirs)) = Frame::decode(&frame) else { return };
                let early = self.books.cursors;
                match fault {
                    Fault::CommitsWhatAnOlderSessionLeft => {}
                    // Its last write was on its way, and lands after the cursors were read.
                    Fault::ReadsItsCursorsTooEarly => {
                        while !self.arrived.is_empty() {
                            self.commit(fault);
                        }
                    }
                    _ => self.arrived.clear(),
                }
                let cursors =
                    if fault == Fault::ReadsItsCursorsTooEarly { early } else { self.books.cursors };
                let parties = Parties { own: VENDOR.public().did(), peer: PERSON.public() };
                self.hub = Some(Session::accept(parties, cursors, hello(), theirs, NOW));
            }
        }
        self.pump_hub(fault);
    }

    pub(crate) fn arrive_at_person(&mut self, fault: Fault) {
        let Some(frame) = self.to_person.pop_front() else { return };
        if let Some(node) = &mut self.node {
            node.handle_frame(&frame, NOW);
        }
        self.pump_node(fault);
    }

    /// One transaction: what the message changes, and the cursor.
    pub(crate) fn commit(&mut self, fault: Fault) {
        let message = match fault {
            // What was left behind lands last.
            Fault::CommitsWhatAnOlderSessionLeft => self.arrived.pop_back(),
            _ => self.arrived.pop_front(),
        };
        let Some(message) = message else { return };
        let next = self.books.cursors.stored + 1;
        if message.seq != next && fault != Fault::CommitsWhatAnOlderSessionLeft {
            return;
        }
        self.books.cursors.stored = self.books.cursors.stored.max(message.seq);
        let mut intake = Intake::new(self.agreement().grant.clone(), self.books.intake.clone());
        if message.kind.as_str() == data::UPDATE {
            let update = ReceivedUpdate::decode(&message.body).expect("an update");
            if let Ok(fields) = intake.handle_update(message.seq, &update, Timestamp::default()) {
                self.store(fields);
            }
        } else {
            let ended = freehold_protocol::intake::Revocation::read(&message.body).expect("a revocation");
            let erase = intake
                .handle_revocation(&ended, &[PERSON.public().did()])
                .expect("a revocation of the grant");
            self.books.values.retain(|path, _| !erase.contains(path));
        }
        self.books.intake = intake.state().clone();
        if let Some(hub) = &mut self.hub {
            hub.committed(message.seq);
        }
        self.pump_hub(fault);
    }

    fn store(&mut self, fields: BTreeMap<Path, Option<String>>) {
        for (path, value) in fields {
            let version: Version = value.and_then(|text| text.parse().ok()).expect("a version");
            if self.books.values.get(&path).is_some_and(|held| *held > version) {
                self.broken.insert(Broken::Overwritten);
            }
            self.books.values.insert(path, version);
        }
    }

    fn pump_node(&mut self, fault: Fault) {
        while let Some(output) = poll(&mut self.node) {
            match output {
                Output::Transmit(frame) => self.to_hub.push_back(frame),
                Output::Compose(seq) => match self.vault.entries.get(&seq).cloned() {
                    Some(Entry::Update) => {
                        let body = self.compose(seq, fault);
                        self.send(seq, data::UPDATE, body);
                    }
                    Some(Entry::Revocation(ended)) => {
                        let body = self.revocation(&ended);
                        self.send(seq, data::REVOCATION, body);
                    }
                    None => panic!("entry {seq} is not delivered and not there"),
                },
                Output::Delivered(through) => {
                    self.vault.cursors.delivered = through;
                    self.vault.entries.retain(|seq, _| *seq > through);
                    for line in self.vault.lines.values_mut() {
                        line.mark_delivered(through, Timestamp::default());
                    }
                }
                Output::Closed(why) => {
                    self.ended(why);
                    self.node = None;
                }
                Output::Open(_) | Output::Received(_) => {}
                Output::Realigned(_) => panic!("nobody restores it here"),
            }
        }
    }

    fn pump_hub(&mut self, fault: Fault) {
        while let Some(output) = poll(&mut self.hub) {
            match output {
                Output::Transmit(frame) => {
                    // Of a connection that the node has lost, nothing arrives.
                    if self.node.is_some() {
                        self.to_person.push_back(frame);
                    }
                }
                Output::Received(message) => {
                    if let (Fault::AcknowledgesBeforeTheCommit, Some(hub)) = (fault, &mut self.hub) {
                        hub.committed(message.seq);
                    }
                    self.arrived.push_back(message);
                }
                Output::Closed(why) => {
                    self.ended(why);
                    self.hub = None;
                }
                Output::Open(_) | Output::Compose(_) | Output::Delivered(_) => {}
                Output::Realigned(_) => panic!("nobody restores it here"),
            }
        }
    }

    /// Neither side gives the other a reason to end a session.
    fn ended(&mut self, why: Closed) {
        if matches!(why, Closed::ByUs(_)) {
            self.broken.insert(Broken::Refused);
        }
    }

    fn revocation(&self, ended: &BTreeSet<Path>) -> Vec<u8> {
        let grant = &self.agreement().grant;
        let subject = RevocationSubject {
            id: VENDOR.public().did(),
            grant: grant.reference(),
            paths: ended.iter().cloned().collect(),
            whole: false,
            last_sequence: 0,
        };
        let (id, issuer) = (RevocationId::from_entropy([4; 16]), PERSON.public().did());
        let issue = Issue { id, issuer, valid_from: Timestamp::default(), valid_until: None, subject };
        Document::issue(issue, &PERSON).expect("a revocation").bytes().to_vec()
    }
}
