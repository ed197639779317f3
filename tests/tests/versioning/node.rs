//! A hub of tomorrow, a person's node of today.

use freehold_person::Person;
use freehold_person::view::ConnectView;
use freehold_protocol::code::Code;
use freehold_protocol::connect::INTRODUCTION;
use freehold_protocol::data;
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::{
    AskedField, Document, DocumentDigest, ErasureLine, ErasureResult, ErasureSubject, Issue, Mode,
    RequestSubject, Retention, RevocationSubject,
};
use freehold_protocol::id::{ErasureId, RequestId};
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;
use freehold_tests::engines::{EngineHome, until};
use freehold_tests::wire::{ScriptedVendor, Wire, bytes, issue_with, resign};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::today;

const NUMBER: &str = "+491701234567";

struct Met {
    person: Person,
    vendor: ScriptedVendor,
    hub: Wire,
    following: Option<JoinHandle<ConnectView>>,
    _home: EngineHome,
}

/// A node of today that follows the link of a hub of tomorrow, which has not said hello yet.
async fn dialled() -> Met {
    let home = EngineHome::new();
    let person = home.person(today).await;
    person.set(vec![("phone.mobile".into(), Some(NUMBER.into()))], "test").await.unwrap();
    let mut vendor = ScriptedVendor::listen().await;
    let (link, following) = (vendor.link.clone(), person.clone());
    let following = Some(tokio::spawn(async move { following.connect(&link).await.unwrap() }));
    let hub = vendor.accept(None).await;
    Met { person, vendor, hub, following, _home: home }
}

impl Met {
    /// Answers the node's hello, with more in it; introduces the vendor in the first session.
    async fn open(&mut self, more: Value) {
        self.hub.greet(more).await;
        let hello = self.hub.greeted().await.unwrap();
        assert_eq!(
            (hello.versions, hello.families),
            (vec![1], vec!["connect/1".to_owned(), "data/1".to_owned()])
        );
        if hello.stored == 0 {
            let body = json!({"name": "Acme", "nextKey": bytes(&[3; 32]), "logo": {"svg": "…"}});
            self.hub.say(INTRODUCTION, &body, json!({"priority": "low"})).await;
        }
    }

    /// Takes the node's next session.
    async fn again(&mut self) {
        self.hub.hang_up();
        let hub = std::mem::replace(
            &mut self.hub,
            Wire::new(self.vendor.key.clone(), self.vendor.key.public().did()),
        );
        self.hub = self.vendor.accept(Some(hub)).await;
    }

    /// Asks for the number, with more in the request; the person agrees. Gives the request's bytes and the grant.
    async fn ask(&mut self, more: &Value) -> (Vec<u8>, Grant) {
        let request = issue_with(request(&self.vendor), &self.vendor.key, more);
        self.hub.say_document(data::REQUEST, &request).await;
        let met = match self.following.take() {
            // The hub must go on acknowledging while the node waits for the request.
            Some(following) => {
                self.hub.stored_there(2).await;
                following.await.unwrap().request.unwrap()
            }
            None => self.person.requests().unwrap().pop().unwrap(),
        };
        assert_eq!((met.vendor_name.as_str(), met.title.as_str()), ("Acme", "Repairs"));
        self.person.approve(&met.id, None, None).await.unwrap();
        let grant = self.hub.hear_document(data::GRANT).await;
        (request, Grant::read(&grant).unwrap())
    }

    /// Countersigns, and takes the snapshot. Gives the receipt and the place of the update.
    async fn agree(&mut self, more: &Value) -> (Grant, u64) {
        let (_, grant) = self.ask(more).await;
        let vendor = &self.vendor.key;
        let receipt = grant.countersign(vendor, &vendor.public().did(), Timestamp::default()).unwrap();
        self.hub.say_document(data::RECEIPT, receipt.bytes()).await;
        let seq = self.update(NUMBER).await;
        (receipt, seq)
    }

    async fn update(&mut self, number: &str) -> u64 {
        let update = self.hub.hear(data::UPDATE).await;
        let fields = data::ReceivedUpdate::decode(&update.body).unwrap().fields;
        assert_eq!(fields[&Path::parse("phone.mobile").unwrap()].as_deref(), Some(number));
        update.seq
    }

    /// An outcome; gives its place.
    async fn outcome(&mut self, receipt: &Grant, update: u64, outcome: &str) -> u64 {
        let line = json!({"path": "phone.mobile", "outcome": outcome, "system": "crm", "score": 7});
        let body =
            json!({"grant": receipt.id(), "update": update, "results": [line], "at": 0, "batch": "b1"});
        let (seq, _) = self.hub.say(data::OUTCOME, &body, json!({"priority": "low"})).await;
        self.hub.stored_there(seq).await;
        seq
    }

    /// Where the number stands with the vendor.
    fn state(&self) -> String {
        let lines = self.person.status(None).unwrap().vendors.into_iter().flat_map(|vendor| vendor.lines);
        lines.map(|line| line.state).collect()
    }

    async fn change(&self, number: &str) {
        self.person.set(vec![("phone.mobile".into(), Some(number.into()))], "test").await.unwrap();
    }

    async fn stop(mut self) {
        self.hub.hang_up();
        self.person.stop().await;
    }
}

fn request(vendor: &ScriptedVendor) -> Issue<RequestSubject> {
    let vocabulary = Vocabulary::standard();
    let purpose = vocabulary.purpose("serviceProvision").unwrap().iri.clone();
    let field = AskedField {
        path: Path::parse("phone.mobile").unwrap(),
        required: true,
        reason: "to call you".into(),
        purposes: [purpose].into(),
    };
    let subject = RequestSubject {
        name: "Acme".into(),
        title: "Repairs".into(),
        fields: vec![field],
        legal_basis: vocabulary.legal_basis("contract").unwrap().iri.clone(),
        mode: Mode::Continuous,
        retention: Retention { duration: "P2Y".into(), after: "end of contract".into() },
        recipients: vec![],
        policy: None,
    };
    let issuer = vendor.key.public().did();
    let (id, valid_from) = (RequestId::from_entropy([1; 16]), Timestamp::default());
    Issue { id, issuer, valid_from, valid_until: None, subject }
}

/// 1. The hub names `data/2` beside `data/1`, and says a message of it: kept whole, answered with 307, the session goes
/// on. 2. `data/1` works beside it. 3. After the node's restart the message is still there.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_newer_family_is_kept_and_the_older_one_works() {
    let mut met = dialled().await;
    met.open(json!({"families": ["connect/1", "data/1", "data/2", "letters/3"]})).await;
    let (receipt, update) = met.agree(&json!({})).await;
    let body = json!({"ask": [{"path": "phone.mobile", "until": "2030-01-01"}]});
    let (seq, _) = met.hub.say("data/2/ask", &body, json!({})).await;
    assert_eq!(met.hub.problem().await, (Code::UnknownType, seq));
    let (unread, _) = met.hub.say("data/1/weather", &json!({}), json!({})).await;
    assert_eq!(met.hub.problem().await, (Code::UnknownType, unread));
    met.outcome(&receipt, update, "applied").await;
    until("the outcome", || (met.state() == "applied").then_some(())).await;
    met.change("+491709999999").await;
    met.update("+491709999999").await;

    let vendor = met.vendor.key.public().did();
    for (kind, known) in [("letters/3/letter", true), ("letters/4/letter", false)] {
        let sent = met.person.send_message(vendor.as_str(), kind, None, vec![0xa0]).await.unwrap();
        assert_eq!(sent.known, Some(known), "{kind}");
    }
    met.hub.hear("letters/3/letter").await;
    met.person.stop().await;
    let Met { person, _home: home, .. } = met;
    drop(person);
    let person = home.person(today).await;
    let kept = person.messages(None).unwrap().remove(0).messages;
    let shown: Vec<_> = kept.iter().map(|m| (m.seq, m.kind.as_str(), m.json.clone())).collect();
    assert_eq!(shown, [(seq, "data/2/ask", Some(body)), (unread, "data/1/weather", Some(json!({})))]);
    person.stop().await;
}

/// Hello, acknowledgement, message, body and document each hold more than today's node knows.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_members_are_ignored_and_their_bytes_are_kept() {
    let mut met = dialled().await;
    met.open(json!({"colour": "blue", "limits": {"frames": [1, 2]}})).await;
    let (request, grant) = met.ask(&json!({"deadline": "2030-01-01", "comment": {"en": "please"}})).await;
    assert_eq!(
        grant.subject().request.digest_multibase,
        DocumentDigest::of(&request),
        "it answers the very bytes"
    );
    let vendor = met.vendor.key.clone();
    let receipt = grant.countersign(&vendor, &vendor.public().did(), Timestamp::default()).unwrap();
    met.hub.say_document(data::RECEIPT, receipt.bytes()).await;
    let update = met.update(NUMBER).await;
    assert_eq!(met.person.credential(grant.id().as_str()).unwrap().as_bytes(), receipt.bytes());
    met.outcome(&receipt, update, "applied").await;
    until("the outcome", || (met.state() == "applied").then_some(())).await;

    met.person.revoke(grant.id().as_str(), None).await.unwrap();
    met.again().await;
    met.open(json!({})).await;
    let revocation: Document<RevocationSubject> =
        Document::read(&met.hub.hear_document(data::REVOCATION).await).unwrap();
    let erasure = issue_with(erasure(&met, &revocation), &vendor, &json!({"ticket": 4711}));
    met.hub.say_document(data::ERASURE, &erasure).await;
    let receipts = || met.person.grant(grant.id().as_str()).unwrap().revocations.pop()?.erasure;
    let lines = until("the erasure receipt", receipts).await;
    assert_eq!(lines[0].result, "erased");
    assert!(met.person.kept().unwrap().is_empty());
    assert!(met.person.audit_verify().unwrap().broken.is_none());
    met.stop().await;
}

fn erasure(met: &Met, revocation: &Document<RevocationSubject>) -> Issue<ErasureSubject> {
    let line = |path: &Path| ErasureLine {
        path: path.clone(),
        result: ErasureResult::Erased,
        exception: None,
        until: None,
    };
    Issue {
        id: ErasureId::from_entropy([8; 16]),
        issuer: met.vendor.key.public().did(),
        valid_from: revocation.valid_from(),
        valid_until: None,
        subject: ErasureSubject {
            id: revocation.issuer().clone(),
            revocation: revocation.reference(),
            results: revocation.subject().paths.iter().map(line).collect(),
        },
    }
}

/// 1. A message says that a member must be understood: the node says that it does not, and stores nothing. 2. In the next
/// session the message comes without that demand, and is taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_critical_member_that_is_not_known_ends_the_session_and_nothing_is_stored() {
    let mut met = dialled().await;
    met.open(json!({})).await;
    met.hub.stored_there(1).await;
    let document = Document::issue(request(&met.vendor), &met.vendor.key).unwrap();
    let body = json!({"document": bytes(document.bytes())});
    met.hub.say(data::REQUEST, &body, json!({"deadline": 1, "crit": ["deadline"]})).await;
    assert_eq!(met.hub.ended().await, Some(Code::UnknownCritical));
    assert!(met.person.requests().unwrap().is_empty() && met.person.messages(None).unwrap().is_empty());

    met.hub.unsay();
    met.again().await;
    met.open(json!({})).await;
    assert_eq!(met.hub.acked, 1);
    let (receipt, update) = met.agree(&json!({})).await;
    met.outcome(&receipt, update, "applied").await;
    until("the outcome", || (met.state() == "applied").then_some(())).await;
    met.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_highest_common_version_is_spoken_or_none() {
    let mut met = dialled().await;
    met.hub.greet(json!({"versions": [2]})).await;
    met.hub.hello = None;
    assert_eq!(met.hub.ended().await, Some(Code::UnsupportedVersion));
    met.again().await;
    met.open(json!({"versions": [2, 1]})).await;
    met.agree(&json!({})).await;
    met.stop().await;
}

/// A frame of tomorrow ends the session; the node dials again, and the next session goes on where this one stood.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_frame_ends_the_session_and_the_next_one_resumes() {
    let mut met = dialled().await;
    met.open(json!({})).await;
    let (receipt, update) = met.agree(&json!({})).await;
    met.hub.write(&json!({"gossip": {"rumour": 1}})).await;
    assert_eq!(met.hub.ended().await, Some(Code::Malformed));
    met.again().await;
    met.open(json!({})).await;
    met.outcome(&receipt, update, "applied").await;
    until("the outcome", || (met.state() == "applied").then_some(())).await;
    met.change("+491709999999").await;
    met.update("+491709999999").await;
    met.stop().await;
}

/// 1. An outcome that today's node does not know is refused; the line stays where it was, and the next outcome counts.
/// 2. So is a result of erasure.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_value_of_a_known_member_is_refused_and_the_rest_goes_on() {
    let mut met = dialled().await;
    met.open(json!({})).await;
    let (receipt, update) = met.agree(&json!({})).await;
    let later = met.outcome(&receipt, update, "later").await;
    assert_eq!(met.hub.problem().await, (Code::Malformed, later));
    assert_eq!(met.state(), "stored");
    met.outcome(&receipt, update, "conflict").await;
    until("the next outcome", || (met.state() == "conflict").then_some(())).await;

    met.person.revoke(receipt.id().as_str(), None).await.unwrap();
    met.again().await;
    met.open(json!({})).await;
    let revocation: Document<RevocationSubject> =
        Document::read(&met.hub.hear_document(data::REVOCATION).await).unwrap();
    let vendor = met.vendor.key.clone();
    let good: Document<ErasureSubject> = Document::issue(erasure(&met, &revocation), &vendor).unwrap();
    let archived = resign(good.bytes(), &vendor, &vendor.public().did(), |document| {
        document["credentialSubject"]["results"][0]["result"] = json!("archived");
    });
    let (seq, _) = met.hub.say_document(data::ERASURE, &archived).await;
    assert_eq!(met.hub.problem().await, (Code::Malformed, seq));
    let answered = || met.person.grant(receipt.id().as_str()).unwrap().revocations.pop()?.erasure;
    assert_eq!(answered(), None);
    let (seq, _) = met.hub.say_document(data::ERASURE, good.bytes()).await;
    met.hub.stored_there(seq).await;
    assert_eq!(answered().unwrap()[0].result, "erased");
    let kept: Vec<Option<String>> = met
        .person
        .messages(None)
        .unwrap()
        .remove(0)
        .messages
        .into_iter()
        .map(|message| message.body)
        .collect();
    assert_eq!(kept, [None, None], "of what was refused the envelope alone is kept");
    met.stop().await;
}
