//! A person's node of tomorrow, a hub of today.

use std::collections::BTreeSet;
use std::time::Duration;

use freehold_hub::Hub;
use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{INTRODUCTION, Introduction};
use freehold_protocol::data;
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::{
    DataRequest, Document, ErasureSubject, GrantSubject, Issue, RevocationSubject,
};
use freehold_protocol::id::{GrantId, RevocationId};
use freehold_protocol::identity::SigningKey;
use freehold_protocol::invitation::Invitation;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_tests::engines::{ASK, EngineHome};
use freehold_tests::wire::{Wire, bytes, issue_with, resign};
use serde_json::{Value, json};

use crate::today;

struct Met {
    hub: Hub,
    link: Invitation,
    node: Wire,
    _home: EngineHome,
}

/// A hub of today, and a node of tomorrow that has its link.
async fn hub() -> Met {
    let home = EngineHome::new();
    let hub = home.hub(today, None).await;
    hub.ask(ASK, "ask.toml").await.unwrap();
    let invited = hub.invite(Some("C-17".into()), None, Duration::from_secs(600)).await.unwrap();
    let link = Invitation::parse(&invited.link).unwrap();
    let node = Wire::new(SigningKey::from_seed(&[9; 32]), link.did.clone());
    Met { hub, link, node, _home: home }
}

impl Met {
    /// Opens a session, with more in the hello; introduces itself in the first.
    async fn session(&mut self, more: Value) {
        self.node.dial(&self.link).await;
        let mut hello = json!({ "invitation": bytes(&self.link.token) });
        hello.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        self.node.greet(hello).await;
        let hello = self.node.greeted().await.unwrap();
        assert_eq!(hello.versions, [1]);
        if hello.stored == 0 {
            let next = SigningKey::from_seed(&[10; 32]).public();
            let introduction = cbor::plain(&cbor::encode(&Introduction::new(None, &next))).unwrap();
            self.node.say(INTRODUCTION, &introduction, json!({"priority": "low"})).await;
        }
    }

    /// Agrees to the hub's request, with more in the grant; gives the receipt.
    async fn agree(&mut self, more: &Value) -> Grant {
        let request: DataRequest = Document::read(&self.node.hear_document(data::REQUEST).await).unwrap();
        let issue = Issue {
            id: GrantId::from_entropy([4; 16]),
            issuer: self.node.key.public().did(),
            valid_from: Timestamp::default(),
            valid_until: None,
            subject: GrantSubject::answering(&request, &BTreeSet::new()),
        };
        let grant = issue_with(issue, &self.node.key, more);
        self.node.say_document(data::GRANT, &grant).await;
        let receipt: Grant = Document::read(&self.node.hear_document(data::RECEIPT).await).unwrap();
        assert_eq!(
            receipt.without_countersignature().unwrap(),
            grant,
            "what was signed is kept byte for byte"
        );
        receipt
    }

    async fn update(&mut self, receipt: &Grant, number: &str) {
        let body =
            json!({"grant": receipt.id(), "fields": {"phone.mobile": number}, "hint": ["moved", {"to": 1}]});
        let (seq, id) = self.node.say(data::UPDATE, &body, json!({"priority": "high"})).await;
        let outcome = self.node.hear(data::OUTCOME).await;
        assert_eq!(outcome.thread, Some(id));
        assert_eq!(data::Outcome::decode(&outcome.body).unwrap().update, seq);
        let held = self.hub.customer("C-17").unwrap().fields["phone.mobile"].clone();
        assert_eq!(held.as_deref(), Some(number));
    }
}

impl Met {
    async fn stop(mut self) {
        self.node.hang_up();
        self.hub.stop().await;
    }
}

/// 1. The node names `data/2` beside `data/1`. 2. A message of it is kept whole and answered with 307; the session goes
/// on. 3. `data/1` works in the same session. 4. What is kept is there after a new session, and the hub's own message of a
/// family that the node named is queued without a warning.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_newer_family_is_kept_and_the_older_one_works() {
    let mut met = hub().await;
    let families = json!({"families": ["connect/1", "data/1", "data/2", "letters/3"]});
    met.session(families.clone()).await;
    let body = json!({"grants": ["a", "b"], "fields": {"phone.mobile": {"value": "+15550100", "since": 7}}});
    let (seq, id) = met.node.say("data/2/update", &body, json!({})).await;
    let problem = met.node.hear(freehold_protocol::connect::PROBLEM).await;
    assert_eq!(problem.thread, Some(id));
    assert_eq!(cbor::plain(&problem.body).unwrap(), json!({"code": 307, "about": seq}));
    let receipt = met.agree(&json!({})).await;
    met.update(&receipt, "+15550100").await;
    let (unread, _) = met.node.say("data/1/weather", &json!({}), json!({})).await;
    assert_eq!(met.node.problem().await, (Code::UnknownType, unread), "so is a newer type of a known family");

    met.node.hang_up();
    met.session(families).await;
    met.update(&receipt, "+15550101").await;
    let kept = met.hub.messages(Some("C-17")).unwrap().remove(0).messages;
    let shown: Vec<_> = kept.iter().map(|m| (m.seq, m.kind.as_str(), m.json.clone())).collect();
    assert_eq!(shown, [(seq, "data/2/update", Some(body)), (unread, "data/1/weather", Some(json!({})))]);
    for (kind, known) in [("letters/3/letter", true), ("letters/4/letter", false)] {
        let sent = met.hub.send_message("C-17", kind, None, vec![0xa0]).await.unwrap();
        assert_eq!(sent.known, Some(known), "{kind}");
    }
    met.node.hear("letters/3/letter").await;
    met.stop().await;
}

/// Hello, acknowledgement, message, body and document each hold more than today's hub knows. It is ignored where nothing is
/// signed for keeping, and kept byte for byte where it is.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_members_are_ignored_and_their_bytes_are_kept() {
    let mut met = hub().await;
    met.session(json!({"colour": "blue", "limits": {"frames": [1, 2]}})).await;
    let more = json!({"onlyOn": ["weekdays"], "comment": {"de": "bis auf Weiteres"}});
    let receipt = met.agree(&more).await;
    let held = met.hub.credential("C-17", None).unwrap();
    assert_eq!(held.as_bytes(), receipt.bytes());
    let held: Value = serde_json::from_str(&held).unwrap();
    assert_eq!(held["credentialSubject"]["comment"], more["comment"]);
    met.update(&receipt, "+15550100").await;

    let issue = Issue {
        id: RevocationId::from_entropy([6; 16]),
        issuer: met.node.key.public().did(),
        valid_from: receipt.valid_from(),
        valid_until: None,
        subject: RevocationSubject {
            id: met.link.did.clone(),
            grant: receipt.reference(),
            paths: vec![Path::parse("phone.mobile").unwrap()],
            whole: true,
            last_sequence: 3,
        },
    };
    let revocation = issue_with(issue, &met.node.key, &json!({"why": "moved"}));
    met.node.say_document(data::REVOCATION, &revocation).await;
    let erasure: Document<ErasureSubject> =
        Document::read(&met.node.hear_document(data::ERASURE).await).unwrap();
    let read: Document<RevocationSubject> = Document::read(&revocation).unwrap();
    assert_eq!(erasure.subject().revocation, read.reference(), "it answers the very bytes");
    assert!(met.hub.customer("C-17").unwrap().fields.is_empty());
    assert!(met.hub.messages(None).unwrap().is_empty());
    met.stop().await;
}

/// 1. A message says that a member must be understood. The hub does not, says so, and stores nothing. 2. Without that
/// demand the message is taken in the next session, in the same place.
#[tokio::test(flavor = "multi_thread")]
async fn a_critical_member_that_is_not_known_ends_the_session_and_nothing_is_stored() {
    let mut met = hub().await;
    met.session(json!({})).await;
    let receipt = met.agree(&json!({})).await;
    let body = json!({"grant": receipt.id(), "fields": {"phone.mobile": "+15550100"}});
    let more = json!({"notBefore": 1_900_000_000_000_u64, "crit": ["notBefore"]});
    let (seq, _) = met.node.say(data::UPDATE, &body, more).await;
    assert_eq!(met.node.ended().await, Some(Code::UnknownCritical));
    assert!(
        met.hub.customer("C-17").unwrap().fields.is_empty() && met.hub.messages(None).unwrap().is_empty()
    );

    met.node.unsay();
    met.session(json!({})).await;
    assert_eq!(met.node.acked, seq - 1);
    met.update(&receipt, "+15550101").await;
    assert_eq!(met.node.acked, seq);
    met.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_highest_common_version_is_spoken_or_none() {
    let mut met = hub().await;
    for versions in [json!([2]), json!([]), json!([2, 3, 65_535])] {
        met.node.dial(&met.link).await;
        met.node.greet(json!({"versions": versions, "invitation": bytes(&met.link.token)})).await;
        assert_eq!(met.node.greeted().await, Err(Some(Code::UnsupportedVersion)));
    }
    assert!(met.hub.customers().is_empty(), "the invitation is not used up");
    met.session(json!({"versions": [2, 1]})).await;
    let receipt = met.agree(&json!({})).await;
    met.update(&receipt, "+15550100").await;
    met.stop().await;
}

/// A frame of tomorrow: its sender should not have sent it to a version 1, and the session ends; the next goes on where
/// this one stood.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_frame_ends_the_session_and_the_next_one_resumes() {
    let mut met = hub().await;
    met.session(json!({})).await;
    let receipt = met.agree(&json!({})).await;
    for frame in [json!({"gossip": {"rumour": 1}}), json!({"ack": {"stored": 1}, "gossip": {}}), json!("bye")]
    {
        met.node.write(&frame).await;
        assert_eq!(met.node.ended().await, Some(Code::Malformed), "{frame}");
        met.session(json!({})).await;
    }
    met.update(&receipt, "+15550100").await;
    met.stop().await;
}

/// A grant whose mode today's hub does not know gives it nothing, and a good one after it does.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_value_of_a_known_member_is_refused_and_the_rest_goes_on() {
    let mut met = hub().await;
    met.session(json!({})).await;
    let request: DataRequest = Document::read(&met.node.hear_document(data::REQUEST).await).unwrap();
    let issuer = met.node.key.public().did();
    let issue = Issue {
        id: GrantId::from_entropy([4; 16]),
        issuer: issuer.clone(),
        valid_from: Timestamp::default(),
        valid_until: None,
        subject: GrantSubject::answering(&request, &BTreeSet::new()),
    };
    let grant: Grant = Document::issue(issue, &met.node.key).unwrap();
    let weekly = resign(grant.bytes(), &met.node.key, &issuer, |document| {
        document["credentialSubject"]["mode"] = json!("weekly");
    });
    let (seq, _) = met.node.say_document(data::GRANT, &weekly).await;
    assert_eq!(met.node.problem().await, (Code::Malformed, seq));
    assert!(met.hub.customer("C-17").unwrap().grants.is_empty());
    met.node.say_document(data::GRANT, grant.bytes()).await;
    let receipt: Grant = Document::read(&met.node.hear_document(data::RECEIPT).await).unwrap();
    met.update(&receipt, "+15550100").await;
    let kept = met.hub.messages(None).unwrap().remove(0).messages;
    assert!(kept.len() == 1 && kept[0].body.is_none(), "of what was refused the envelope alone is kept");
    met.stop().await;
}
