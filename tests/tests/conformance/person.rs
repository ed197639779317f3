//! A model node on the runner's own line, which keeps every rule but the one of its defect.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use freehold_conformance::peer::{Came, Line, now};
use freehold_conformance::{Drive, LINK, PersonSubject, VALUE};
use freehold_protocol::code::Code;
use freehold_protocol::connect::{
    INTRODUCTION, Introduction, PROBLEM, VENDOR_ROTATION, VendorMoves, commitment,
};
use freehold_protocol::data::{self, Carried};
use freehold_protocol::disclosure::{Ask, Disclosure, Grant, GrantState, GrantStatus, authorize};
use freehold_protocol::document::{DataRequest, Document, GrantSubject, Issue, Mode, VendorRotation};
use freehold_protocol::frame::Frame;
use freehold_protocol::id::GrantId;
use freehold_protocol::identity::{PublicKey, SigningKey};
use freehold_protocol::invitation::Invitation;
use freehold_protocol::message::Message;
use freehold_protocol::path::Path;
use freehold_protocol::read::{ReadRequest, sign_answer};
use freehold_transport::{Address, FrameSender, Frames};
use tokio::sync::watch;

use crate::side::{Role, Side, fresh, id};

/// Between two attempts to dial.
const REDIAL: Duration = Duration::from_millis(30);
/// A session without work stays open for so long when the hub wants check-ins.
const LINGER: Duration = Duration::from_millis(200);
/// The runner has gone away after so many in vain.
const ATTEMPTS: u32 = 5;

/// What is wrong with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    None,
    ReleasesBeforeTheReceipt,
    UsesOneKeyForAll,
    AnswersReadsForAnyPurpose,
    OvertakesTheUpdateUnderWay,
    SendsStaleValuesAgain,
    FollowsToAnyKey,
}

struct Vault {
    defect: Defect,
    requests: BTreeSet<String>,
    grants: BTreeMap<GrantId, (Grant, GrantState)>,
    phone: watch::Receiver<String>,
    /// The number that the vendor was told last, and in which message.
    told: Option<(String, u64)>,
    /// The first update, with every field.
    snapshot: u64,
    /// What the vendor has committed to.
    committed: Option<[u8; 32]>,
    /// Where the vendor has moved to.
    moved: Option<(PublicKey, Vec<String>)>,
}

/// A node that follows links and changes its number, and that nobody can make revoke.
pub(crate) fn subject(defect: Defect) -> PersonSubject {
    let one = SigningKey::from_seed(&fresh());
    let (number, phone) = watch::channel("+442079460000".to_owned());
    let connect = move |variables: Vec<(&'static str, String)>| {
        let Ok(invitation) = Invitation::parse(&variable(&variables, LINK)) else {
            return Box::pin(async { Err("no such link".to_owned()) }) as _;
        };
        let key = match defect {
            Defect::UsesOneKeyForAll => one.clone(),
            _ => SigningKey::from_seed(&fresh()),
        };
        tokio::spawn(run(invitation, key, defect, phone.clone()));
        Box::pin(async { Ok(String::new()) }) as _
    };
    let change = move |variables: Vec<(&'static str, String)>| {
        number.send_replace(variable(&variables, VALUE));
        Box::pin(async { Ok(String::new()) }) as _
    };
    let (connect, change) = (Drive::Call(Arc::new(connect)), Drive::Call(Arc::new(change)));
    PersonSubject { connect: Some(connect), change: Some(change), ..PersonSubject::default() }
}

fn variable(variables: &[(&'static str, String)], name: &str) -> String {
    variables.iter().find(|(known, _)| *known == name).unwrap().1.clone()
}

async fn run(invitation: Invitation, key: SigningKey, defect: Defect, phone: watch::Receiver<String>) {
    let mut addresses = invitation.addresses.clone();
    let vendor = invitation.did.key().unwrap();
    let mut side = Side::new(key.clone(), key.public().did(), invitation.did.clone(), vendor);
    let (requests, grants) = (BTreeSet::new(), BTreeMap::new());
    let (told, snapshot, committed, moved) = (None, 0, None, None);
    let mut vault = Vault { defect, requests, grants, phone, told, snapshot, committed, moved };
    let mut failures = 0;
    while failures < ATTEMPTS {
        if let Some((key, there)) = vault.moved.take() {
            (side.their_key, side.theirs, addresses) = (key, key.did(), there);
        }
        let there: Vec<Address> = addresses.iter().map(|a| Address::parse(a).unwrap()).collect();
        match Line::dial(&key, &there, &[side.their_key]).await {
            Ok(line) => {
                failures = 0;
                session(&mut side, &mut vault, line, invitation.token).await;
            }
            Err(_) => failures += 1,
        }
        tokio::time::sleep(REDIAL).await;
    }
}

async fn session(side: &mut Side, vault: &mut Vault, mut line: Line, token: [u8; 16]) {
    let _ = line.send(&side.hello(Some(token))).await;
    let answered = match line.next(Duration::from_secs(10)).await {
        Came::Frame(Frame::Hello(hello)) => {
            side.greet(&hello).map(|()| hello.check_in_secs.is_some()).map_err(Some)
        }
        Came::Frame(Frame::Bye { .. }) | Came::End => Err(None),
        Came::Frame(_) => Err(Some(Code::UnexpectedFrame)),
        Came::Unreadable(code) => Err(Some(code)),
        Came::Silence => Err(Some(Code::Timeout)),
    };
    let end = match answered {
        Err(end) => end,
        Ok(checks_in) => flow(side, vault, &mut line, checks_in).await,
    };
    if let Some(code) = end {
        line.bye(code).await;
    }
}

async fn flow(side: &mut Side, vault: &mut Vault, line: &mut Line, checks_in: bool) -> Option<Code> {
    if vault.defect != Defect::SendsStaleValuesAgain {
        vault.compose_again(side);
    }
    side.flush(line).await;
    let connection = line.connection();
    let mut phone = vault.phone.clone();
    loop {
        vault.release(side);
        side.flush(line).await;
        tokio::select! {
            came = Side::next(line) => {
                if let Err(end) = side.take(vault, line, came).await {
                    return end;
                }
                if vault.moved.is_some() {
                    return Some(Code::ShuttingDown);
                }
            }
            Some(frames) = connection.accept_read() => vault.answer(side, frames).await,
            Ok(()) = phone.changed() => {}
            () = tokio::time::sleep(LINGER), if checks_in => return Some(Code::ShuttingDown),
        }
    }
}

impl Role for Vault {
    fn apply(&mut self, side: &mut Side, message: &Message) -> Result<(), Code> {
        match message.kind.as_str() {
            PROBLEM | data::OUTCOME | data::ERASURE => Ok(()),
            INTRODUCTION => {
                self.committed = Some(Introduction::decode(&message.body)?.next_key);
                Ok(())
            }
            VENDOR_ROTATION => self.vendor_rotation(side, message),
            data::REQUEST => self.request(side, message),
            data::RECEIPT => self.receipt(side, message),
            _ => Err(Code::UnknownType),
        }
    }
}

impl Vault {
    fn vendor_rotation(&mut self, side: &Side, message: &Message) -> Result<(), Code> {
        let said = VendorMoves::decode(&message.body)?;
        let statement = VendorRotation::read(&said.document)?;
        let committed = match self.defect {
            Defect::FollowsToAnyKey => Some(commitment(&statement.subject().id.key().unwrap())),
            _ => self.committed,
        };
        let step = statement.check_step(&side.theirs, committed.as_ref().map(|it| &it[..]));
        let (key, committed) = step?;
        self.committed = Some(committed);
        self.moved = Some((key, said.addresses));
        Ok(())
    }

    fn request(&mut self, side: &mut Side, message: &Message) -> Result<(), Code> {
        let request = DataRequest::read(&data::decode::<Carried>(&message.body)?.document)?;
        if *request.issuer() != side.theirs || request.signers().len() != 1 {
            return Err(Code::WrongSigner);
        }
        if !self.requests.insert(request.id().to_string()) {
            return Err(Code::RequestUnknown);
        }
        let all = request.subject().fields.iter().map(|field| field.path.clone()).collect();
        let issue = Issue {
            id: GrantId::from_entropy(id()),
            issuer: side.own.clone(),
            valid_from: now(),
            valid_until: None,
            subject: GrantSubject::answering(&request, &all),
        };
        let grant: Grant = Document::issue(issue, &side.key)?;
        side.queue(data::GRANT, Some(message.id), Carried::body(grant.bytes()));
        if self.defect == Defect::ReleasesBeforeTheReceipt {
            side.queue(data::UPDATE, None, data::update_body(self.fields(&grant, true)?));
        }
        self.grants.insert(grant.id().clone(), (grant, GrantState::offered()));
        Ok(())
    }

    fn receipt(&mut self, side: &mut Side, message: &Message) -> Result<(), Code> {
        let receipt = Grant::read(&data::decode::<Carried>(&message.body)?.document)?;
        let (grant, state) = self.grants.get_mut(receipt.id()).ok_or(Code::ReceiptMismatch)?;
        let by_vendor = receipt.signers().get(1).is_some_and(|signer| signer.method.did == side.theirs);
        if !by_vendor || receipt.without_countersignature()? != grant.bytes() {
            return Err(Code::ReceiptMismatch);
        }
        state.status = GrantStatus::Standing;
        *grant = receipt.clone();
        side.queue(data::UPDATE, None, data::update_body(self.fields(&receipt, true)?));
        self.snapshot = side.queued();
        self.told = Some((self.number(), side.queued()));
        Ok(())
    }

    fn number(&self) -> String {
        self.phone.borrow().clone()
    }

    fn standing(&self) -> Option<&Grant> {
        self.grants.values().find(|(_, state)| state.status == GrantStatus::Standing).map(|(grant, _)| grant)
    }

    /// The next update, once the one under way is delivered.
    fn release(&mut self, side: &mut Side) {
        let (Some(grant), Some((told, seq))) = (self.standing(), &self.told) else { return };
        let waits = !side.has_delivered(*seq) && self.defect != Defect::OvertakesTheUpdateUnderWay;
        if *told == self.number() || waits || grant.subject().mode == Mode::Once {
            return;
        }
        if let Ok(fields) = self.fields(grant, false) {
            side.queue(data::UPDATE, None, data::update_body(fields));
            self.told = Some((self.number(), side.queued()));
        }
    }

    /// The update under way, with the values of now.
    fn compose_again(&mut self, side: &mut Side) {
        let (Some(grant), Some((_, seq))) = (self.standing(), self.told.clone()) else { return };
        if side.has_delivered(seq) {
            return;
        }
        if let Ok(fields) = self.fields(grant, seq == self.snapshot) {
            side.compose(seq, data::update_body(fields));
            self.told = Some((self.number(), seq));
        }
    }

    /// The fields of a grant, whether it stands or not: all, or the number alone.
    fn fields(&self, grant: &Grant, all: bool) -> Result<Disclosure, Code> {
        let paths = grant.subject().scope.iter().map(|item| item.path.clone());
        let paths = paths.filter(|path| all || path.as_str() == "phone.mobile").collect();
        let standing = GrantState { status: GrantStatus::Standing, ..GrantState::offered() };
        authorize(grant, &standing, Ask::Update, &paths, now())?.fill(|path| self.value(path))
    }

    fn value(&self, path: &Path) -> Result<Option<String>, Code> {
        let is_phone = path.as_str() == "phone.mobile";
        Ok(Some(if is_phone { self.number() } else { "ada@example.com".to_owned() }))
    }

    async fn answer(&mut self, side: &Side, frames: Frames) {
        let (sender, mut receiver) = frames.split();
        let Some(Ok(signed)) = receiver.recv().await else { return };
        let Ok(asked) = ReadRequest::open(&signed, &side.their_key, &side.own) else { return sender.abort() };
        let result = self.decide(&asked);
        let answer = sign_answer(asked.id, &side.theirs, result, &side.key);
        send(sender, answer).await;
    }

    fn decide(&self, asked: &ReadRequest) -> Result<Disclosure, Code> {
        let ask = match self.defect {
            Defect::AnswersReadsForAnyPurpose => Ask::Update,
            _ => Ask::Read(&asked.purpose),
        };
        let (grant, state) = self.grants.values().next().ok_or(Code::NoGrant)?;
        authorize(grant, state, ask, &asked.paths, now())?.fill(|path| self.value(path))
    }
}

async fn send(sender: FrameSender, answer: Vec<u8>) {
    let _ = sender.send(answer).await;
    let _ = sender.finish().await;
}
