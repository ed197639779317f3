//! How a hub takes a grant.

use freehold_protocol::code::Code;
use freehold_protocol::data::{self, Decline};
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::{DocumentDigest, GrantSubject, Mode, ScopeItem};
use freehold_protocol::id::RequestId;
use freehold_protocol::identity::SigningKey;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;
use freehold_protocol::{cbor, json, proof};

use super::{Subject, an_hour_ago, document, grant_refused};
use crate::peer::now;
use crate::rule::{Rule, Tried, ensure, ensure_code, rule, skipped};
use crate::sample::{entropy, seed, stranger};

pub(super) fn rules() -> Vec<Rule<Subject>> {
    vec![
        rule!("data", "3", "a grant of a request that was never made: 405 or 406", other_request),
        rule!("data", "3", "a grant with a path that was not asked for: 406", extra_path),
        rule!("data", "3", "a grant without a required path: 406", missing_path),
        rule!("data", "3", "a grant with a purpose that was not asked for: 406", extra_purpose),
        rule!("data", "3", "a grant on other terms than the request's: 406", other_terms),
        rule!("data", "3", "a grant that is over: 403", expired),
        rule!("data", "3", "a grant by another person: 201", other_person),
        rule!("data", "3", "a grant to another vendor: 202", other_vendor),
        rule!("encoding", "10", "a document whose issuer did not sign: 201", other_proof),
        rule!("encoding", "5", "a document whose proof does not verify: 200", bad_proof),
        rule!("encoding", "6", "a document that is not canonical: 100 or 101", not_canonical),
        rule!("data", "4", "the receipt is the grant, byte for byte, with the vendor's proof", receipt),
        rule!("data", "3", "a grant whose id is known: 406", known_id),
        rule!("data", "24", "a decline of a request that was never made: 405", stray_decline),
    ]
}

const MISMATCH: &[Code] = &[Code::GrantMismatch];

async fn other_request(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let grant =
        person.grant(|issue| issue.subject.request.digest_multibase = DocumentDigest::of(b"another")).await?;
    grant_refused(person, grant.bytes(), &[Code::RequestUnknown, Code::GrantMismatch]).await
}

async fn extra_path(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let grant = person
        .grant(|issue| {
            let purposes = issue.subject.scope[0].purposes.clone();
            issue.subject.scope.push(ScopeItem { path: stranger(), purposes });
        })
        .await?;
    grant_refused(person, grant.bytes(), MISMATCH).await
}

async fn missing_path(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let (_, request) = person.asked().await?;
    let Some(required) = request.subject().fields.iter().find(|field| field.required) else {
        return skipped("the hub's request requires no field");
    };
    if request.subject().fields.len() < 2 {
        return skipped("the hub's request has one field only");
    }
    let path = required.path.clone();
    let grant = person.grant(|issue| issue.subject.scope.retain(|item| item.path != path)).await?;
    grant_refused(person, grant.bytes(), MISMATCH).await
}

async fn extra_purpose(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let grant = person
        .grant(|issue| {
            let asked = &mut issue.subject.scope[0].purposes;
            let known = Vocabulary::standard().purposes().iter().map(|purpose| purpose.iri.clone());
            let other = known.into_iter().find(|purpose| !asked.contains(purpose));
            asked.extend(other);
        })
        .await?;
    grant_refused(person, grant.bytes(), MISMATCH).await
}

async fn other_terms(subject: &mut Subject) -> Tried {
    let changes: [fn(&mut GrantSubject); 4] = [
        |said| said.mode = if said.mode == Mode::Once { Mode::Continuous } else { Mode::Once },
        |said| said.recipients.push("Somebody Else Ltd".into()),
        |said| said.retention.duration = "P99Y".into(),
        |said| said.retention.after.push_str(", at the latest"),
    ];
    for change in changes {
        let person = subject.met().await?;
        let grant = person.grant(|issue| change(&mut issue.subject)).await?;
        grant_refused(person, grant.bytes(), MISMATCH).await?;
    }
    Ok(())
}

async fn expired(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let grant = person
        .grant(|issue| {
            issue.valid_until = Some(an_hour_ago());
            issue.valid_from = Timestamp::from_millis(an_hour_ago().millis() - 3_600_000);
        })
        .await?;
    grant_refused(person, grant.bytes(), &[Code::Expired]).await
}

async fn other_person(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let (own, other) = (person.peer.own.clone(), SigningKey::from_seed(&seed()));
    let key = std::mem::replace(&mut person.peer.key, other.clone());
    person.peer.own = other.public().did();
    let grant = person.grant(|_| {}).await;
    (person.peer.own, person.peer.key) = (own, key);
    let grant = grant?;
    grant_refused(person, grant.bytes(), &[Code::WrongSigner]).await
}

async fn other_vendor(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let other = SigningKey::from_seed(&seed()).public().did();
    let grant = person.grant(|issue| issue.subject.id = other).await?;
    grant_refused(person, grant.bytes(), &[Code::WrongAudience]).await
}

/// The grant of the pairwise DID under the proof of another key.
async fn other_proof(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let grant = person.grant(|_| {}).await?;
    let Ok(mut map) = serde_json::from_slice::<serde_json::Map<_, _>>(grant.bytes()) else { return Ok(()) };
    map.remove("proof");
    let other = SigningKey::from_seed(&seed());
    let forged = proof::sign(map, &other, &other.public().did(), now().coarse());
    let forged = json::canonical(&serde_json::Value::Object(forged));
    grant_refused(person, forged.as_bytes(), &[Code::WrongSigner]).await
}

async fn bad_proof(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let grant = person.grant(|_| {}).await?;
    // One letter of the signature, so that the form stays right.
    let mut text = String::from_utf8_lossy(grant.bytes()).into_owned();
    let Some(at) = text.find("\"proofValue\":\"z").map(|at| at + "\"proofValue\":\"z".len() + 40) else {
        return skipped("the runner's own grant has no proof");
    };
    let other = if text[at..].starts_with('2') { "3" } else { "2" };
    text.replace_range(at..=at, other);
    grant_refused(person, text.as_bytes(), &[Code::BadSignature]).await
}

async fn not_canonical(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let grant = person.grant(|_| {}).await?;
    let text = String::from_utf8_lossy(grant.bytes());
    let spaced = text.replacen('{', "{ ", 1);
    let repeated = text.replacen('{', "{\"@context\":[],", 1);
    let ended = format!("{text}\n");
    for other in [spaced, repeated, ended] {
        grant_refused(person, other.as_bytes(), &[Code::NotCanonical, Code::Malformed]).await?;
    }
    Ok(())
}

async fn receipt(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let grant = person.grant(|_| {}).await?;
    let said = person.give(grant.bytes()).await?;
    let message = person.peer.hear(data::RECEIPT).await?;
    ensure(message.thread == Some(said.id), || "its thread is not the grant's message".into())?;
    let receipt: Grant = document(&message)?;
    let given = receipt.without_countersignature();
    ensure(given.as_deref() == Ok(grant.bytes()), || "less its second proof it is not the grant".into())?;
    let vendor = &person.invitation.did;
    let signer = &receipt.signers()[1];
    ensure(signer.method.did == *vendor, || format!("{} signed it", signer.method.did))?;
    ensure(vendor.key().is_none_or(|own| own == signer.key), || "another key signed it".into())?;
    person.receipt = Some(receipt);
    Ok(())
}

async fn known_id(subject: &mut Subject) -> Tried {
    let (person, receipt) = subject.agreed().await?;
    let known = receipt.id().clone();
    let grant = person.grant(|issue| issue.id = known).await?;
    grant_refused(person, grant.bytes(), MISMATCH).await
}

async fn stray_decline(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let request = RequestId::from_entropy(entropy());
    let said = person.peer.say(data::DECLINE, None, cbor::encode(&Decline { request, reason: None })).await?;
    ensure_code(person.peer.problem(&said).await?, &[Code::RequestUnknown])
}
