//! A model hub on the runner's own line, which keeps every rule but the one of its defect.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use freehold_conformance::peer::{Came, Line, now};
use freehold_conformance::{Drive, HubSubject};
use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{INTRODUCTION, Introduction, PROBLEM, Problem, ROTATION, commitment};
use freehold_protocol::data::{self, Carried, Decline, Outcome, OutcomeKind, OutcomeLine, ReceivedUpdate};
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::{
    AskedField, DataRequest, Document, ErasureLine, ErasureResult, ErasureSubject, Issue, Mode,
    RequestSubject, Retention, RevocationSubject, Rotation,
};
use freehold_protocol::frame::{Frame, Hello};
use freehold_protocol::id::{ErasureId, GrantId, RequestId};
use freehold_protocol::identity::{Did, PublicKey, SigningKey};
use freehold_protocol::intake::{Intake, IntakeState, check_grant};
use freehold_protocol::invitation::Invitation;
use freehold_protocol::message::Message;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_transport::{Address, Connection, Endpoint, Limits};
use tokio::sync::watch;

use crate::side::{Role, Shared, Side, fresh, id};

const PURPOSE: &str = "https://w3id.org/dpv#ServiceProvision";

/// What is wrong with a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    None,
    AcknowledgesAGap,
    TakesAnExtraField,
    LetsTwoKeysUseOneToken,
    ErasesMoreThanWasRevoked,
    TakesAReplay,
    AnswersAProblem,
    TakesExpiredLinks,
    RotatesToAnyKey,
}

struct Hub {
    key: SigningKey,
    defect: Defect,
    request: DataRequest,
    tokens: Mutex<HashMap<[u8; 16], Token>>,
    customers: Mutex<HashMap<PublicKey, Customer>>,
    rotated: Mutex<HashSet<PublicKey>>,
}

struct Token {
    expires: Timestamp,
    used_by: Option<PublicKey>,
}

/// A relationship: its sessions follow one another.
#[derive(Clone)]
struct Customer {
    state: Shared<(Side, Books)>,
    newest: Arc<watch::Sender<u64>>,
}

struct Books {
    hub: Arc<Hub>,
    grants: BTreeMap<GrantId, Intake>,
    /// The person's keys, the present one last, and what they have committed to.
    keys: Vec<PublicKey>,
    committed: Option<[u8; 32]>,
}

/// Starts a hub; gives what the runner needs.
pub(crate) async fn start(defect: Defect) -> HubSubject {
    let key = SigningKey::from_seed(&fresh());
    let any = Address::parse("/ip4/127.0.0.1/tcp/0").unwrap();
    let (endpoint, mut incoming) = Endpoint::listen(&key, &[any], Limits::default()).await.unwrap();
    let addresses: Vec<String> = endpoint.addresses().iter().map(|a| a.as_str().to_owned()).collect();
    let request = request(&key);
    let hub = Arc::new(Hub {
        key: key.clone(),
        defect,
        request,
        tokens: Mutex::default(),
        customers: Mutex::default(),
        rotated: Mutex::default(),
    });
    let expired = hub.link(addresses.clone(), Timestamp::from_millis(now().millis() - 3_600_000));
    let serving = Arc::clone(&hub);
    tokio::spawn(async move {
        let _endpoint = endpoint;
        while let Some(connection) = incoming.recv().await {
            connection.welcome();
            tokio::spawn(Arc::clone(&serving).serve(connection));
        }
    });
    let invite = move |_| {
        let link = hub.link(addresses.clone(), Timestamp::from_millis(now().millis() + 3_600_000));
        Box::pin(async move { Ok(link) }) as _
    };
    HubSubject { links: vec![expired], once: None, invite: Some(Drive::Call(Arc::new(invite))) }
}

impl Hub {
    fn link(&self, addresses: Vec<String>, expires: Timestamp) -> String {
        let token = id();
        self.tokens.lock().unwrap().insert(token, Token { expires, used_by: None });
        Invitation { v: 1, did: self.key.public().did(), addresses, token, expires }.to_link()
    }

    async fn serve(self: Arc<Self>, connection: Connection) {
        let Ok(mut line) = Line::accept(connection).await else { return };
        let refused = match line.next(Duration::from_secs(10)).await {
            Came::Frame(Frame::Hello(hello)) => match self.admit(line.peer(), &hello) {
                Ok(customer) => return self.session(customer, line, hello).await,
                Err(code) => code,
            },
            Came::Frame(Frame::Bye { .. }) | Came::End => return,
            Came::Frame(_) => Code::UnexpectedFrame,
            Came::Unreadable(code) => code,
            Came::Silence => Code::Timeout,
        };
        line.bye(refused).await;
    }

    fn admit(self: &Arc<Self>, key: PublicKey, hello: &Hello) -> Result<Customer, Code> {
        hello.check_version()?;
        let mut customers = self.customers.lock().unwrap();
        if let Some(known) = customers.get(&key) {
            return Ok(known.clone());
        }
        if self.rotated.lock().unwrap().contains(&key) {
            return Err(Code::Rotated);
        }
        let token = hello.invitation.as_ref().ok_or(Code::UnknownPeer)?;
        let mut tokens = self.tokens.lock().unwrap();
        let token = tokens.get_mut(token.as_slice()).ok_or(Code::InvitationUnknown)?;
        if token.used_by.is_some() && self.defect != Defect::LetsTwoKeysUseOneToken {
            return Err(Code::InvitationUsed);
        }
        if token.expires <= now() && self.defect != Defect::TakesExpiredLinks {
            return Err(Code::InvitationExpired);
        }
        token.used_by = Some(key);
        let mut side = Side::new(self.key.clone(), self.key.public().did(), key.did(), key);
        side.takes_gaps = self.defect == Defect::AcknowledgesAGap;
        side.takes_replays = self.defect == Defect::TakesAReplay;
        side.answers_problems = self.defect == Defect::AnswersAProblem;
        side.queue(data::REQUEST, None, Carried::body(self.request.bytes()));
        let books =
            Books { hub: Arc::clone(self), grants: BTreeMap::new(), keys: vec![key], committed: None };
        let customer = Customer {
            state: Arc::new(tokio::sync::Mutex::new((side, books))),
            newest: Arc::new(watch::Sender::new(0)),
        };
        customers.insert(key, customer.clone());
        Ok(customer)
    }

    async fn session(&self, customer: Customer, mut line: Line, hello: Hello) {
        customer.newest.send_modify(|newest| *newest += 1);
        let mut newest = customer.newest.subscribe();
        // The older session gives the state back once it has said goodbye.
        let mut state = customer.state.lock().await;
        let (side, books) = &mut *state;
        side.their_key = *books.keys.last().unwrap();
        side.theirs = side.their_key.did();
        if let Err(code) = side.greet(&hello) {
            drop(state);
            return line.bye(code).await;
        }
        let _ = line.send(&side.hello(None)).await;
        side.flush(&line).await;
        let end = loop {
            tokio::select! {
                biased;
                _ = newest.changed() => break Some(Code::Replaced),
                came = Side::next(&mut line) => {
                    if let Err(end) = side.take(books, &line, came).await {
                        break end;
                    }
                }
            }
        };
        drop(state);
        if let Some(code) = end {
            line.bye(code).await;
        }
    }
}

impl Role for Books {
    fn apply(&mut self, side: &mut Side, message: &Message) -> Result<(), Code> {
        match message.kind.as_str() {
            INTRODUCTION => {
                self.committed = Some(Introduction::decode(&message.body)?.next_key);
                Ok(())
            }
            ROTATION => self.rotation(side, message),
            PROBLEM => data::decode::<Problem>(&message.body).map(drop),
            data::GRANT => self.grant(side, message),
            data::UPDATE => self.update(side, message),
            data::REVOCATION => self.revocation(side, message),
            data::DECLINE => {
                let declined: Decline = data::decode(&message.body)?;
                if declined.request == *self.hub.request.id() { Ok(()) } else { Err(Code::RequestUnknown) }
            }
            _ => Err(Code::UnknownType),
        }
    }
}

impl Books {
    fn rotation(&mut self, side: &Side, message: &Message) -> Result<(), Code> {
        let statement = Rotation::read(&data::decode::<Carried>(&message.body)?.document)?;
        let committed = match self.hub.defect {
            Defect::RotatesToAnyKey => statement.signers().get(1).map(|signer| commitment(&signer.key)),
            _ => self.committed,
        };
        let committed = committed.as_ref().map(<[u8; 32]>::as_slice);
        let (key, next) = statement.check_step(&side.theirs, &side.own, committed)?;
        let mut customers = self.hub.customers.lock().unwrap();
        let customer = customers.remove(&side.their_key).ok_or(Code::UnknownPeer)?;
        customers.insert(key, customer);
        self.hub.rotated.lock().unwrap().insert(side.their_key);
        self.keys.push(key);
        self.committed = Some(next);
        Ok(())
    }

    /// The person's DIDs, in whose names documents may come.
    fn persons(&self) -> Vec<Did> {
        self.keys.iter().map(PublicKey::did).collect()
    }

    fn grant(&mut self, side: &mut Side, message: &Message) -> Result<(), Code> {
        let grant = Grant::read(&data::decode::<Carried>(&message.body)?.document)?;
        let asked = Some(&self.hub.request).filter(|asked| *asked.id() == grant.subject().request.id);
        check_grant(&grant, &self.persons(), asked)?;
        grant.check_time(now())?;
        if self.grants.contains_key(grant.id()) {
            return Err(Code::GrantMismatch);
        }
        let receipt = grant.countersign(&self.hub.key, &side.own, now())?;
        side.queue(data::RECEIPT, Some(message.id), Carried::body(receipt.bytes()));
        self.grants.insert(grant.id().clone(), Intake::new(receipt, IntakeState::default()));
        Ok(())
    }

    fn update(&mut self, side: &mut Side, message: &Message) -> Result<(), Code> {
        let mut update = ReceivedUpdate::decode(&message.body)?;
        let intake = self.grants.get_mut(&update.grant).ok_or(Code::NoGrant)?;
        if self.hub.defect == Defect::TakesAnExtraField {
            // It takes whatever comes, as long as it was not revoked.
            let scope = intake.effective(now());
            if update.fields.keys().any(|path| scope.contains(path)) {
                update.fields.retain(|path, _| scope.contains(path));
            }
        }
        if update.fields.is_empty() {
            return Ok(());
        }
        let taken = intake.handle_update(message.seq, &update, now())?;
        let line = |path: Path| OutcomeLine {
            path,
            outcome: OutcomeKind::Applied,
            system: "model".into(),
            detail: None,
        };
        let results = taken.into_keys().map(line).collect();
        let outcome = Outcome { grant: update.grant, update: message.seq, results, at: now().coarse() };
        side.queue(data::OUTCOME, Some(message.id), cbor::encode(&outcome));
        Ok(())
    }

    fn revocation(&mut self, side: &mut Side, message: &Message) -> Result<(), Code> {
        let document = data::decode::<Carried>(&message.body)?.document;
        let revocation = Document::<RevocationSubject>::read(&document)?;
        let persons = self.persons();
        let intake = self.grants.get_mut(&revocation.subject().grant.id).ok_or(Code::NoGrant)?;
        let scope = intake.effective(now());
        let ended = intake.handle_revocation(&revocation, &persons)?;
        let named = if self.hub.defect == Defect::ErasesMoreThanWasRevoked { scope } else { ended };
        let line =
            |path: Path| ErasureLine { path, result: ErasureResult::Erased, exception: None, until: None };
        let issue = Issue {
            id: ErasureId::from_entropy(id()),
            issuer: side.own.clone(),
            valid_from: now(),
            valid_until: None,
            subject: ErasureSubject {
                id: side.theirs.clone(),
                revocation: revocation.reference(),
                results: named.into_iter().map(line).collect(),
            },
        };
        // Nothing is left to name when a path is revoked twice.
        if let Ok(erasure) = Document::issue(issue, &self.hub.key) {
            side.queue(data::ERASURE, Some(message.id), Carried::body(erasure.bytes()));
        }
        Ok(())
    }
}

fn request(key: &SigningKey) -> DataRequest {
    let field = |(n, path): (usize, &str)| AskedField {
        path: Path::parse(path).unwrap(),
        required: n == 0,
        reason: "to call you".into(),
        purposes: [PURPOSE.to_owned()].into(),
    };
    let subject = RequestSubject {
        name: "Model".into(),
        title: "A model".into(),
        fields: ["phone.mobile", "email.personal"].into_iter().enumerate().map(field).collect(),
        legal_basis: freehold_protocol::vocabulary::Vocabulary::standard()
            .legal_basis("contract")
            .unwrap()
            .iri
            .clone(),
        mode: Mode::Continuous,
        retention: Retention { duration: "P1D".into(), after: "the test".into() },
        recipients: vec![],
        policy: None,
    };
    let issue = Issue {
        id: RequestId::from_entropy(id()),
        issuer: key.public().did(),
        valid_from: now(),
        valid_until: None,
        subject,
    };
    Document::issue(issue, key).unwrap()
}
