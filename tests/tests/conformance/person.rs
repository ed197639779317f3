//! A model node on the runner's own line, which keeps every rule but the one of its defect.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use freehold_conformance::peer::{Came, Line, now};
use freehold_conformance::{Drive, LINK, PersonSubject};
use freehold_protocol::code::Code;
use freehold_protocol::connect::{INTRODUCTION, PROBLEM};
use freehold_protocol::data::{self, Carried};
use freehold_protocol::disclosure::{Ask, Disclosure, Grant, GrantState, GrantStatus, authorize};
use freehold_protocol::document::{DataRequest, Document, GrantSubject, Issue};
use freehold_protocol::frame::Frame;
use freehold_protocol::id::GrantId;
use freehold_protocol::identity::SigningKey;
use freehold_protocol::invitation::Invitation;
use freehold_protocol::message::Message;
use freehold_protocol::path::Path;
use freehold_protocol::read::{ReadRequest, sign_answer};
use freehold_transport::{Address, FrameSender, Frames};

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
}

struct Vault {
    defect: Defect,
    requests: BTreeSet<String>,
    grants: BTreeMap<GrantId, (Grant, GrantState)>,
}

/// A node without commands to change or to revoke.
pub(crate) fn subject(defect: Defect) -> PersonSubject {
    let one = SigningKey::from_seed(&fresh());
    let connect = move |variables: Vec<(&'static str, String)>| {
        let link = variables.into_iter().find(|(name, _)| *name == LINK).unwrap().1;
        let Ok(invitation) = Invitation::parse(&link) else {
            return Box::pin(async { Err("no such link".to_owned()) }) as _;
        };
        let key = match defect {
            Defect::UsesOneKeyForAll => one.clone(),
            _ => SigningKey::from_seed(&fresh()),
        };
        tokio::spawn(run(invitation, key, defect));
        Box::pin(async { Ok(String::new()) }) as _
    };
    PersonSubject { connect: Some(Drive::Call(Arc::new(connect))), ..PersonSubject::default() }
}

async fn run(invitation: Invitation, key: SigningKey, defect: Defect) {
    let addresses: Vec<Address> = invitation.addresses.iter().map(|a| Address::parse(a).unwrap()).collect();
    let vendor = invitation.did.key().unwrap();
    let mut side = Side::new(key.clone(), key.public().did(), invitation.did.clone(), vendor);
    let mut vault = Vault { defect, requests: BTreeSet::new(), grants: BTreeMap::new() };
    let mut failures = 0;
    while failures < ATTEMPTS {
        match Line::dial(&key, &addresses, &[vendor]).await {
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
    side.flush(line).await;
    let connection = line.connection();
    loop {
        tokio::select! {
            came = Side::next(line) => if let Err(end) = side.take(vault, line, came).await {
                return end;
            },
            Some(frames) = connection.accept_read() => vault.answer(side, frames).await,
            () = tokio::time::sleep(LINGER), if checks_in => return Some(Code::ShuttingDown),
        }
    }
}

impl Role for Vault {
    fn apply(&mut self, side: &mut Side, message: &Message) -> Result<(), Code> {
        match message.kind.as_str() {
            INTRODUCTION | PROBLEM | data::OUTCOME | data::ERASURE => Ok(()),
            data::REQUEST => self.request(side, message),
            data::RECEIPT => self.receipt(side, message),
            _ => Err(Code::UnknownType),
        }
    }
}

impl Vault {
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
            side.queue(data::UPDATE, None, data::update_body(everything(&grant)?));
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
        side.queue(data::UPDATE, None, data::update_body(everything(grant)?));
        *grant = receipt;
        Ok(())
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
        authorize(grant, state, ask, &asked.paths, now())?.fill(value)
    }
}

async fn send(sender: FrameSender, answer: Vec<u8>) {
    let _ = sender.send(answer).await;
    let _ = sender.finish().await;
}

/// All fields of a grant, whether it stands or not.
fn everything(grant: &Grant) -> Result<Disclosure, Code> {
    let paths = grant.subject().scope.iter().map(|item| item.path.clone()).collect();
    let standing = GrantState { status: GrantStatus::Standing, ..GrantState::offered() };
    authorize(grant, &standing, Ask::Update, &paths, now())?.fill(value)
}

fn value(path: &Path) -> Result<Option<String>, Code> {
    let value = if path.as_str() == "phone.mobile" { "+442079460000" } else { "ada@example.com" };
    Ok(Some(value.to_owned()))
}
