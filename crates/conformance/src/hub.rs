//! Rules that test a hub: the runner plays persons.

use std::collections::BTreeMap;

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::INTRODUCTION;
use freehold_protocol::data::{self, Carried};
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::{
    DataRequest, Document, GrantSubject, Issue, RevocationSubject, Subject as Content,
};
use freehold_protocol::frame::Hello;
use freehold_protocol::id::{GrantId, MessageId, RevocationId};
use freehold_protocol::identity::{PublicKey, SigningKey};
use freehold_protocol::intake::Revocation;
use freehold_protocol::invitation::{Invitation, LINK_PREFIX};
use freehold_protocol::message::Message;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_transport::Address;
use futures::future::BoxFuture;
use serde::Serialize;

use crate::drive::Drive;
use crate::misdeeds;
use crate::peer::{Line, Peer, now};
use crate::report::{Report, Role, Tell};
use crate::rule::{Fault, Options, Rule, Tried, broken, ensure, skipped, try_all};
use crate::sample::{entropy, seed};

mod agreement;
mod ending;
mod flow;
mod intake;
mod opening;
mod rotation;

/// A hub to test.
#[derive(Debug, Clone, Default)]
pub struct HubSubject {
    /// Invitation links of it, each unused. One whose time is over is kept for the rule about those.
    pub links: Vec<String>,
    /// An unused link to a data request of mode `once`.
    pub once: Option<String>,
    /// What makes it print a further link each time.
    pub invite: Option<Drive>,
}

/// Tries every rule of a hub.
pub async fn run(hub: HubSubject, options: Options, tell: Tell) -> Report {
    let is_over = |link: &String| Invitation::parse(link).is_ok_and(|link| link.expires <= now());
    let (expired, links) = hub.links.into_iter().rev().partition(is_over);
    let mut subject = Subject { links, expired, once: hub.once, invite: hub.invite, shared: None };
    try_all(Role::Hub, rules(), &mut subject, options, &tell).await
}

/// Every rule, in the order of the trial.
pub(crate) fn rules() -> impl Iterator<Item = Rule<Subject>> {
    opening::rules()
        .into_iter()
        .chain(agreement::rules())
        .chain(intake::rules())
        .chain(rotation::rules())
        .chain(ending::rules())
        .chain(misdeeds::rules())
        .chain(flow::rules())
}

/// The hub under test, and the person that most rules share.
pub(crate) struct Subject {
    links: Vec<String>,
    expired: Vec<String>,
    once: Option<String>,
    invite: Option<Drive>,
    shared: Option<Person>,
}

/// A person that the runner plays.
pub(crate) struct Person {
    pub(crate) peer: Peer,
    pub(crate) invitation: Invitation,
    pub(crate) request: Option<(Message, DataRequest)>,
    pub(crate) receipt: Option<Grant>,
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
    /// An invitation that nobody has used.
    pub(crate) async fn invitation(&mut self) -> Tried<Invitation> {
        let link = match (self.links.pop(), &self.invite) {
            (Some(link), _) => link,
            (None, None) => return skipped("no invitation is left: give more with --peer, or --invite"),
            (None, Some(invite)) => {
                let printed = invite.run(Vec::new()).await.map_err(Fault::Skipped)?;
                link_in(&printed).ok_or_else(|| Fault::Skipped("--invite printed no link".into()))?
            }
        };
        parse(&link)
    }

    /// An unused invitation whose time is over.
    pub(crate) fn expired(&self) -> Tried<Invitation> {
        self.expired
            .last()
            .map_or_else(|| skipped("give a link whose time is over with --peer"), |link| parse(link))
    }

    /// An unused invitation to a request of mode `once`.
    pub(crate) fn once(&mut self) -> Tried<Invitation> {
        self.once
            .take()
            .map_or_else(|| skipped("give a link to a request for once with --once"), |link| parse(&link))
    }

    /// Puts an invitation back that is still unused.
    pub(crate) fn give_back(&mut self, invitation: &Invitation) {
        self.links.push(invitation.to_link());
    }

    /// The shared person, in an open session, with the hub's request.
    pub(crate) async fn met(&mut self) -> Tried<&mut Person> {
        let mut person = match self.shared.take() {
            Some(person) => person,
            None => {
                let invitation = self.invitation().await.map_err(Fault::on_the_way)?;
                Person::meet(invitation).await.map_err(Fault::on_the_way)?
            }
        };
        person.peer.settle().await;
        if !person.peer.is_open() {
            person.again().await.map_err(Fault::on_the_way)?;
        }
        person.asked().await.map_err(Fault::on_the_way)?;
        Ok(self.shared.insert(person))
    }

    /// The shared person once it has granted everything and holds the receipt.
    pub(crate) async fn agreed(&mut self) -> Tried<(&mut Person, Grant)> {
        let person = self.met().await?;
        let receipt = match person.receipt.clone() {
            Some(receipt) => receipt,
            None => person.agree().await.map_err(Fault::on_the_way)?,
        };
        Ok((person, receipt))
    }
}

impl Person {
    /// A new person who follows an invitation.
    pub(crate) async fn meet(invitation: Invitation) -> Tried<Self> {
        let mut person = Self::new(invitation, SigningKey::from_seed(&seed()));
        let line = person.dial().await?;
        let token = person.invitation.token;
        person.peer.open(line, Some(&token)).await?;
        person.peer.introduce(None).await?;
        Ok(person)
    }

    /// A person with a key, who has not dialled yet.
    pub(crate) fn new(invitation: Invitation, key: SigningKey) -> Self {
        let own = key.public().did();
        // The handshake shows the true one before anything is said.
        let theirs = invitation.did.key().unwrap_or_else(|| key.public());
        let peer = Peer::new(key, own, invitation.did.clone(), theirs);
        Self { peer, invitation, request: None, receipt: None }
    }

    /// A connection with this person's key.
    pub(crate) async fn dial(&mut self) -> Tried<Line> {
        let line = dial(&self.invitation, &self.peer.key).await?;
        self.peer.their_key = line.peer();
        Ok(line)
    }

    /// The next session of a relationship.
    pub(crate) async fn again(&mut self) -> Tried<Hello> {
        let line = self.dial().await?;
        self.peer.open(line, None).await
    }

    /// The hub's request, once it has come.
    pub(crate) async fn asked(&mut self) -> Tried<(Message, DataRequest)> {
        if let Some(known) = &self.request {
            return Ok(known.clone());
        }
        self.peer.hear(INTRODUCTION).await?;
        let message = self.peer.hear(data::REQUEST).await?;
        let request: DataRequest = document(&message)?;
        self.request = Some((message.clone(), request.clone()));
        Ok((message, request))
    }

    /// A grant of everything that was asked, changed before it is signed.
    pub(crate) async fn grant(&mut self, change: impl FnOnce(&mut Issue<GrantSubject>)) -> Tried<Grant> {
        let (_, request) = self.asked().await?;
        let all = request.subject().fields.iter().map(|field| field.path.clone()).collect();
        let mut issue = Issue {
            id: GrantId::from_entropy(entropy()),
            issuer: self.peer.own.clone(),
            valid_from: now(),
            valid_until: None,
            subject: GrantSubject::answering(&request, &all),
        };
        change(&mut issue);
        issued(issue, &self.peer.key)
    }

    /// Sends a document in a message.
    pub(crate) async fn send(
        &mut self,
        kind: &str,
        thread: Option<MessageId>,
        document: &[u8],
    ) -> Tried<Message> {
        self.peer.say(kind, thread, Carried::body(document)).await
    }

    /// Sends a grant, in the thread of the request.
    pub(crate) async fn give(&mut self, grant: &[u8]) -> Tried<Message> {
        let (asked, _) = self.asked().await?;
        self.send(data::GRANT, Some(asked.id), grant).await
    }

    /// Grants everything and takes the receipt.
    pub(crate) async fn agree(&mut self) -> Tried<Grant> {
        let grant = self.grant(|_| {}).await?;
        self.give(grant.bytes()).await?;
        let receipt: Grant = document(&self.peer.hear(data::RECEIPT).await?)?;
        ensure(receipt.id() == grant.id(), || "its receipt is of another grant".into())?;
        self.receipt = Some(receipt.clone());
        Ok(receipt)
    }

    /// Sends an update without any gate: a person's node may lie.
    pub(crate) async fn update(
        &mut self,
        grant: &GrantId,
        fields: &[(Path, Option<String>)],
    ) -> Tried<Message> {
        self.peer.say(data::UPDATE, None, update(grant, fields)).await
    }

    /// A revocation of some paths, by a key.
    pub(crate) fn revocation(&self, receipt: &Grant, paths: &[Path], key: &SigningKey) -> Tried<Revocation> {
        let issue = Issue {
            id: RevocationId::from_entropy(entropy()),
            issuer: key.public().did(),
            valid_from: now(),
            valid_until: None,
            subject: RevocationSubject {
                id: self.invitation.did.clone(),
                grant: receipt.reference(),
                paths: paths.to_vec(),
                whole: paths.len() == receipt.subject().scope.len(),
                last_sequence: self.peer.queued,
            },
        };
        issued(issue, key)
    }
}

fn parse(link: &str) -> Tried<Invitation> {
    Invitation::parse(link).map_err(|error| Fault::Broken(format!("its link: {error}")))
}

/// Dials an invitation's hub with a key.
pub(crate) async fn dial(invitation: &Invitation, key: &SigningKey) -> Tried<Line> {
    let addresses: Vec<Address> =
        invitation.addresses.iter().filter_map(|text| Address::parse(text).ok()).collect();
    let expected: Vec<PublicKey> = match invitation.did.key() {
        Some(key) => vec![key],
        None => addresses.iter().filter_map(Address::peer).collect(),
    };
    if expected.is_empty() {
        return skipped("a did:web is not resolved here: its link must hold addresses that end with /p2p/");
    }
    Line::dial(key, &addresses, &expected).await
}

/// Signs a document.
pub(crate) fn issued<S: Content>(issue: Issue<S>, key: &SigningKey) -> Tried<Document<S>> {
    Document::issue(issue, key)
        .map_err(|code| Fault::Skipped(format!("the runner cannot make the document: {code}")))
}

/// The document that a message carries.
pub(crate) fn document<S: Content>(message: &Message) -> Tried<Document<S>> {
    let read = data::decode(&message.body).and_then(|carried: Carried| Document::read(&carried.document));
    read.map_err(|code| Fault::Broken(format!("its {} does not read: {code}", message.kind)))
}

/// An update's body.
pub(crate) fn update(grant: &GrantId, fields: &[(Path, Option<String>)]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Update<'a> {
        grant: &'a GrantId,
        fields: BTreeMap<&'a str, Option<&'a str>>,
    }
    let fields = fields.iter().map(|(path, value)| (path.as_str(), value.as_deref())).collect();
    cbor::encode(&Update { grant, fields })
}

/// The first link in what a command printed.
fn link_in(printed: &str) -> Option<String> {
    let rest = &printed[printed.find(LINK_PREFIX)?..];
    let is_link = |c: char| c.is_ascii_alphanumeric() || "-_:".contains(c);
    Some(rest.chars().take_while(|c| is_link(*c)).collect())
}

/// A moment that is over.
pub(crate) fn an_hour_ago() -> Timestamp {
    Timestamp::from_millis(now().millis().saturating_sub(3_600_000))
}

/// Sends a grant that must be refused, and looks at the problem that answers it.
pub(crate) async fn grant_refused(person: &mut Person, document: &[u8], allowed: &[Code]) -> Tried {
    let said = person.give(document).await?;
    let code = person.peer.problem(&said).await?;
    if allowed.contains(&code) {
        return Ok(());
    }
    broken(format!("it said {code}, expected was {}", crate::rule::list(allowed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_found_in_text_and_in_json() {
        for printed in ["freehold:connect:uAb-_9\n\nfor one person", "{\"link\":\"freehold:connect:uAb-_9\"}"]
        {
            assert_eq!(link_in(printed).as_deref(), Some("freehold:connect:uAb-_9"));
        }
        assert_eq!(link_in("no"), None);
    }
}
