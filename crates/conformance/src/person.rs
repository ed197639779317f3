//! Rules that test a person's node: the runner plays vendors.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use freehold_protocol::connect::INTRODUCTION;
use freehold_protocol::data::{self, Carried, ReceivedUpdate};
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::{
    AskedField, DataRequest, Document, Issue, Mode, RequestSubject, Retention,
};
use freehold_protocol::frame::{Frame, Hello};
use freehold_protocol::id::RequestId;
use freehold_protocol::identity::SigningKey;
use freehold_protocol::intake::Revocation;
use freehold_protocol::invitation::Invitation;
use freehold_protocol::message::Message;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;
use freehold_transport::{Address, Connection, Endpoint, Limits};
use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::drive::{Drive, GRANT, LINK, PATH, VALUE, VENDOR};
use crate::hub::{document, issued};
use crate::misdeeds;
use crate::peer::{Came, Line, PATIENCE, Peer, QUIET, now, told};
use crate::report::{Note, Report, Role, Tell};
use crate::rule::{Fault, Options, Rule, Tried, broken, ensure, skipped, try_all};
use crate::sample::{entropy, seed};

mod agreement;
mod ending;
mod flow;
mod opening;
mod read;
mod release;
mod rotation;
mod vendor_rotation;

/// How long the node may take to dial: it was told to, or it waits after a failed session.
const DIAL_MAX: Duration = Duration::from_secs(20);

/// How long a person may take to follow a link and to agree.
const BY_HAND_MAX: Duration = Duration::from_secs(150);

/// How long the grant may take once the request is delivered.
const GRANT_MAX: Duration = Duration::from_secs(30);

/// The fields that are asked for; the first is the one that changes. The node must hold all of them.
pub(crate) const FIELDS: [&str; 2] = ["phone.mobile", "email.personal"];

/// A person's node to test.
#[derive(Debug, Clone, Default)]
pub struct PersonSubject {
    /// Where the runner listens; on this machine when empty.
    pub listen: Vec<Address>,
    /// What makes the node follow the link in [`LINK`] and grant everything.
    pub connect: Option<Drive>,
    /// What makes it write the field in [`PATH`] with the value in [`VALUE`].
    pub change: Option<Drive>,
    /// What makes it revoke the grant in [`GRANT`].
    pub revoke: Option<Drive>,
    /// What makes it move the relationship with the vendor in [`VENDOR`] to its next key.
    pub rotate: Option<Drive>,
}

/// Tries every rule of a person's node.
pub async fn run(person: PersonSubject, options: Options, tell: Tell) -> Report {
    let mut subject = Subject { person, tell: tell.clone(), by_hand: false, changes: 0, shared: None };
    try_all(Role::Person, rules(), &mut subject, options, &tell).await
}

/// Every rule, in the order of the trial.
pub(crate) fn rules() -> impl Iterator<Item = Rule<Subject>> {
    opening::rules()
        .into_iter()
        .chain(agreement::rules())
        .chain(release::rules())
        .chain(read::rules())
        .chain(misdeeds::rules())
        .chain(flow::rules())
        .chain(rotation::rules())
        .chain(ending::rules())
        .chain(vendor_rotation::rules())
}

/// The node under test, and the vendor that most rules share.
pub(crate) struct Subject {
    person: PersonSubject,
    tell: Tell,
    /// A link was followed by hand; nobody is asked twice.
    by_hand: bool,
    changes: u32,
    shared: Option<Vendor>,
}

/// A vendor that the runner plays, with one person.
pub(crate) struct Vendor {
    pub(crate) peer: Peer,
    pub(crate) token: [u8; 16],
    /// The first frame of the first session.
    pub(crate) first: Hello,
    /// The person's introduction.
    pub(crate) introduction: Option<Message>,
    /// The commitment to the person's next key, once a rotation has renewed the one of the introduction.
    pub(crate) commitment: Option<[u8; 32]>,
    pub(crate) request: Option<(Message, DataRequest)>,
    pub(crate) grant: Option<(Message, Grant)>,
    pub(crate) receipt: Option<Grant>,
    /// The last update that came.
    pub(crate) last_update: u64,
    /// The revocation of the grant.
    pub(crate) stop: Option<(Message, Revocation)>,
    incoming: mpsc::Receiver<Connection>,
    following: Option<JoinHandle<Result<String, String>>>,
    _endpoint: Endpoint,
}

impl crate::rule::Subject for Subject {
    fn discard(&mut self) {
        self.shared = None;
    }

    fn opened(&mut self) -> BoxFuture<'_, Tried<&mut Peer>> {
        Box::pin(async { Ok(&mut self.met().await?.peer) })
    }
}

impl Subject {
    /// A vendor that listens, and its invitation.
    async fn listen(&self) -> Tried<(SigningKey, Endpoint, mpsc::Receiver<Connection>, Invitation)> {
        let key = SigningKey::from_seed(&seed());
        let (endpoint, incoming, addresses) = self.listen_under(&key).await?;
        let invitation = Invitation {
            v: 1,
            did: key.public().did(),
            addresses,
            token: entropy(),
            expires: Timestamp::from_millis(now().coarse().millis() + 86_400_000),
        };
        Ok((key, endpoint, incoming, invitation))
    }

    /// Listens under a key of a vendor; gives where.
    async fn listen_under(
        &self,
        key: &SigningKey,
    ) -> Tried<(Endpoint, mpsc::Receiver<Connection>, Vec<String>)> {
        let listen = match self.person.listen.is_empty() {
            false => self.person.listen.clone(),
            true => ["/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"]
                .iter()
                .filter_map(|text| Address::parse(text).ok())
                .collect(),
        };
        let (endpoint, incoming) = Endpoint::listen(key, &listen, Limits::default())
            .await
            .map_err(|error| Fault::Skipped(format!("the runner cannot listen: {error}")))?;
        let addresses = endpoint.addresses().iter().map(|a| a.as_str().to_owned()).collect();
        Ok((endpoint, incoming, addresses))
    }

    /// Makes the node follow a link that it must not; gives whether it said anything to the vendor.
    pub(crate) async fn link_not_followed(&self, change: impl FnOnce(&mut Invitation)) -> Tried<bool> {
        let Some(connect) = self.person.connect.clone() else { return skipped("give --connect") };
        let (_, _endpoint, mut incoming, mut invitation) = self.listen().await?;
        change(&mut invitation);
        let told = async {
            while let Some(connection) = incoming.recv().await {
                // A handshake tells nothing but that somebody dialled.
                if Line::accept(connection).await.is_ok() {
                    return;
                }
            }
            std::future::pending().await
        };
        let following = connect.run(vec![(LINK, invitation.to_link())]);
        tokio::pin!(told, following);
        tokio::select! {
            () = &mut told => return Ok(true),
            // It ends well or badly: a command may follow a link in the background.
            _ = &mut following => {}
        }
        Ok(tokio::time::timeout(QUIET, told).await.is_ok())
    }

    /// A new vendor whose link the node follows; its first hello has come and is not answered.
    pub(crate) async fn invited(&mut self) -> Tried<(Vendor, Line)> {
        let (key, endpoint, incoming, invitation) = self.listen().await?;
        let link = invitation.to_link();
        let (following, wait) = match self.person.connect.clone() {
            Some(connect) => {
                let run = async move { connect.run(vec![(LINK, link)]).await };
                (Some(tokio::spawn(run)), DIAL_MAX)
            }
            None if self.by_hand => return skipped("a further link must be followed: give --connect"),
            None => {
                self.by_hand = true;
                (self.tell)(&Note::Link(link));
                (None, BY_HAND_MAX)
            }
        };
        let own = key.public().did();
        // The handshake shows the true one below.
        let peer = Peer::new(key.clone(), own.clone(), own, key.public());
        let first = Hello {
            versions: vec![],
            families: vec![],
            stored: 0,
            invitation: None,
            check_in_secs: None,
            last: None,
            restored: false,
            mailbox: None,
        };
        let mut vendor = Vendor {
            peer,
            token: invitation.token,
            first,
            introduction: None,
            commitment: None,
            request: None,
            grant: None,
            receipt: None,
            last_update: 0,
            stop: None,
            incoming,
            following,
            _endpoint: endpoint,
        };
        let (line, first) = vendor.knocked(wait).await?;
        vendor.peer.their_key = line.peer();
        vendor.peer.theirs = line.peer().did();
        vendor.first = first;
        Ok((vendor, line))
    }

    /// The shared vendor in an open session; introduction and request are on their way.
    pub(crate) async fn met(&mut self) -> Tried<&mut Vendor> {
        let mut vendor = match self.shared.take() {
            Some(vendor) => vendor,
            None => {
                let (mut vendor, line) = self.invited().await.map_err(Fault::on_the_way)?;
                vendor.begin(line).await.map_err(Fault::on_the_way)?;
                vendor
            }
        };
        vendor.peer.settle().await;
        if !vendor.peer.is_open() {
            vendor.again().await.map_err(Fault::on_the_way)?;
        }
        Ok(self.shared.insert(vendor))
    }

    /// Lets the shared vendor go: the next rule meets the node anew.
    pub(crate) fn forget(&mut self) {
        self.shared = None;
    }

    /// The shared vendor once it holds a grant, and has not countersigned it.
    pub(crate) async fn granted(&mut self) -> Tried<(&mut Vendor, Grant)> {
        let by_hand = self.person.connect.is_none();
        let vendor = self.met().await?;
        let grant = vendor.granted(if by_hand { BY_HAND_MAX } else { GRANT_MAX }).await;
        let (_, grant) = grant.map_err(Fault::on_the_way)?;
        Ok((vendor, grant))
    }

    /// The shared vendor once its grant stands and the snapshot is acknowledged.
    pub(crate) async fn agreed(&mut self) -> Tried<(&mut Vendor, Grant)> {
        let (vendor, _) = self.granted().await?;
        if vendor.receipt.is_none() {
            vendor.countersign().await.map_err(Fault::on_the_way)?;
            vendor.update(PATIENCE).await.map_err(Fault::on_the_way)?;
        }
        match vendor.receipt.clone() {
            Some(receipt) if vendor.stop.is_none() => Ok((vendor, receipt)),
            _ => skipped("the grant was revoked"),
        }
    }

    /// Makes the node change the first field; gives its new value.
    pub(crate) async fn change(&mut self) -> Tried<String> {
        let Some(change) = self.person.change.clone() else { return skipped("give --change") };
        self.changes += 1;
        let value = format!("+4420794600{:02}", self.changes % 100);
        let variables = vec![(PATH, FIELDS[0].to_owned()), (VALUE, value.clone())];
        change.run(variables).await.map_err(|why| Fault::Skipped(format!("--change: {why}")))?;
        Ok(value)
    }

    /// Makes the node revoke the shared vendor's grant. Gives whether it broke the connection before it said that it was
    /// done.
    pub(crate) async fn revoke(&mut self) -> Tried<bool> {
        let Some(revoke) = self.person.revoke.clone() else { return skipped("give --revoke") };
        let (vendor, receipt) = self.agreed().await?;
        vendor.peer.listen(QUIET).await.map_err(Fault::on_the_way)?;
        let variables = vec![(GRANT, receipt.id().as_str().to_owned())];
        revoke.run(variables).await.map_err(|why| Fault::Skipped(format!("--revoke: {why}")))?;
        // Looked at as it is: to settle first would take the end of the session and begin another.
        let Some(vendor) = &mut self.shared else { return skipped("there is no vendor") };
        let line = vendor.peer.line()?;
        let is_broken = loop {
            match line.next(PATIENCE).await {
                Came::End => break true,
                // It was under way before.
                Came::Frame(Frame::Ack { .. }) => {}
                _ => break false,
            }
        };
        vendor.peer.hang_up();
        vendor.again().await?;
        let message = vendor.peer.hear(data::REVOCATION).await?;
        let revocation = document(&message)?;
        vendor.stop = Some((message, revocation));
        Ok(is_broken)
    }

    /// Makes the node rotate the relationship with the shared vendor.
    pub(crate) async fn rotate(&mut self) -> Tried {
        let Some(rotate) = self.person.rotate.clone() else { return skipped("give --rotate") };
        let vendor = self.met().await?;
        let variables = vec![(VENDOR, vendor.peer.own.to_string())];
        rotate.run(variables).await.map(drop).map_err(|why| Fault::Skipped(format!("--rotate: {why}")))
    }

    /// The shared vendor once its grant was revoked.
    pub(crate) async fn revoked(&mut self) -> Tried<(&mut Vendor, Message, Revocation)> {
        if self.shared.as_ref().is_none_or(|vendor| vendor.stop.is_none()) {
            self.revoke().await.map_err(Fault::on_the_way)?;
        }
        let vendor = self.met().await?;
        match vendor.stop.clone() {
            Some((message, revocation)) => Ok((vendor, message, revocation)),
            None => skipped("there is no revocation"),
        }
    }

    /// Whether the node can be made to change a field.
    pub(crate) fn can_change(&self) -> Tried {
        if self.person.change.is_some() { Ok(()) } else { skipped("give --change") }
    }
}

impl Vendor {
    /// The next session's stream and its first frame, which must be a hello; it is not answered.
    pub(crate) async fn knocked(&mut self, within: Duration) -> Tried<(Line, Hello)> {
        let deadline = Instant::now() + within;
        let mut seen = String::new();
        loop {
            let connection = match tokio::time::timeout_at(deadline, self.incoming.recv()).await {
                Ok(Some(connection)) => connection,
                _ => {
                    let complaint = self.complaint().await;
                    return broken(format!("it did not dial within {} s{seen}{complaint}", within.as_secs()));
                }
            };
            // One that the node has given up while others were served is followed by another.
            let Ok(mut line) = Line::accept(connection).await else {
                seen = ", or opened no session".to_owned();
                continue;
            };
            match line.next(PATIENCE).await {
                Came::Frame(Frame::Hello(hello)) => return Ok((line, hello)),
                Came::End => seen = ", or ended the session before it said hello".to_owned(),
                other => return broken(format!("it opened a session with {}", told(&other))),
            }
        }
    }

    /// What the command that follows the link has said, once it failed.
    async fn complaint(&mut self) -> String {
        let Some(following) = self.following.take_if(|following| following.is_finished()) else {
            return String::new();
        };
        match following.await {
            Ok(Err(why)) => format!(" (--connect: {why})"),
            _ => String::new(),
        }
    }

    /// Answers the first hello with a hello, an introduction and a request.
    pub(crate) async fn begin(&mut self, line: Line) -> Tried {
        self.begin_asking(line, Mode::Continuous).await
    }

    /// The same with a request in another mode.
    pub(crate) async fn begin_asking(&mut self, line: Line, mode: Mode) -> Tried {
        let hello = self.first.clone();
        self.peer.answer(line, &hello).await?;
        self.peer.introduce(Some("Conformance")).await?;
        let request = request(&self.peer.key, mode)?;
        let said = self.peer.say(data::REQUEST, None, Carried::body(request.bytes())).await?;
        self.request = Some((said, request));
        Ok(())
    }

    /// The next session of the relationship.
    pub(crate) async fn again(&mut self) -> Tried<Hello> {
        let (line, hello) = self.knocked(DIAL_MAX).await?;
        if line.peer() != self.peer.their_key {
            return broken("it dialled again with another key");
        }
        self.peer.answer(line, &hello).await?;
        Ok(hello)
    }

    /// The person's introduction, once it has come.
    pub(crate) async fn introduced(&mut self) -> Tried<Message> {
        if let Some(known) = &self.introduction {
            return Ok(known.clone());
        }
        let message = self.peer.hear(INTRODUCTION).await?;
        Ok(self.introduction.insert(message).clone())
    }

    /// The person's grant, once it has come.
    pub(crate) async fn granted(&mut self, within: Duration) -> Tried<(Message, Grant)> {
        if let Some(known) = &self.grant {
            return Ok(known.clone());
        }
        self.introduced().await?;
        let heard = self.peer.hear_where("grant", within, |m| m.kind.as_str() == data::GRANT).await;
        let message = match heard {
            Ok(message) => message,
            Err(Fault::Broken(why)) => return broken(format!("{why}{}", self.complaint().await)),
            Err(fault) => return Err(fault),
        };
        let grant: Grant = document(&message)?;
        Ok(self.grant.insert((message, grant)).clone())
    }

    /// Sends the receipt of the grant.
    pub(crate) async fn countersign(&mut self) -> Tried {
        let Some((message, grant)) = self.grant.clone() else { return skipped("there is no grant") };
        let receipt = grant
            .countersign(&self.peer.key, &self.peer.own, now())
            .map_err(|code| Fault::Skipped(format!("the grant cannot be countersigned: {code}")))?;
        self.peer.say(data::RECEIPT, Some(message.id), Carried::body(receipt.bytes())).await?;
        self.receipt = Some(receipt);
        Ok(())
    }

    /// The next update.
    pub(crate) async fn update(
        &mut self,
        within: Duration,
    ) -> Tried<(Message, BTreeMap<Path, Option<String>>)> {
        let message = self.peer.hear_where("update", within, |m| m.kind.as_str() == data::UPDATE).await?;
        self.last_update = self.last_update.max(message.seq);
        let update = ReceivedUpdate::decode(&message.body)
            .map_err(|code| Fault::Broken(format!("its update does not read: {code}")))?;
        let granted = self.grant.as_ref().map(|(_, grant)| grant.id());
        ensure(Some(&update.grant) == granted, || "its update is under another grant".into())?;
        Ok((message, update.fields))
    }

    /// That no values came in all that was heard.
    pub(crate) fn ensure_no_values(&self) -> Tried {
        let with_values = |m: &&Message| {
            m.kind.as_str() == data::UPDATE
                && ReceivedUpdate::decode(&m.body).map_or(true, |update| !update.fields.is_empty())
        };
        match self.peer.unread().iter().find(with_values) {
            Some(update) => broken(format!("it released values in message {}", update.seq)),
            None => Ok(()),
        }
    }
}

/// A request for [`FIELDS`] in the name of a key.
pub(crate) fn request(key: &SigningKey, mode: Mode) -> Tried<DataRequest> {
    let vocabulary = Vocabulary::standard();
    let purpose = vocabulary.purposes().first().map(|purpose| purpose.iri.clone());
    let basis = vocabulary.legal_basis("contract").map(|basis| basis.iri.clone());
    let field = |(n, path): (usize, &&str)| {
        Some(AskedField {
            path: Path::parse(path).ok()?,
            required: n == 0,
            reason: "to see whether it is told".into(),
            purposes: purpose.clone().into_iter().collect(),
        })
    };
    let issue = Issue {
        id: RequestId::from_entropy(entropy()),
        issuer: key.public().did(),
        valid_from: now(),
        valid_until: None,
        subject: RequestSubject {
            name: "Conformance".into(),
            title: "A test of this node".into(),
            fields: FIELDS.iter().enumerate().filter_map(field).collect(),
            legal_basis: basis.unwrap_or_default(),
            mode,
            retention: Retention { duration: "P1D".into(), after: "the test".into() },
            recipients: vec![],
            policy: None,
        },
    };
    issued(issue, key)
}

/// The paths of a grant.
pub(crate) fn scope(grant: &Grant) -> BTreeSet<Path> {
    grant.subject().scope.iter().map(|item| item.path.clone()).collect()
}

/// A document as a message's body.
pub(crate) fn carried<S: freehold_protocol::document::Subject>(document: &Document<S>) -> Vec<u8> {
    Carried::body(document.bytes())
}
