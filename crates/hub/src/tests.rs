//! Tests that need the hub's inside: its tables, its sinks, a store that takes nothing.

mod crm;
mod dead_letters;
mod erasure;
mod jsonl;
mod moves;
mod replay;
mod restored;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use freehold_keystore::Seed;
use freehold_mailbox::Mailbox;
use freehold_mailbox::record::save;
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::{
    DocumentDigest, GrantSubject, Issue, Mode, Reference, Retention, ScopeItem,
};
use freehold_protocol::id::{GrantId, MessageId, RelationshipId, RequestId, RevocationId};
use freehold_protocol::identity::SigningKey;
use freehold_protocol::path::Path as FieldPath;
use freehold_protocol::time::Timestamp;
use freehold_store::{HomeKey, Options, ReadError, Store, Txn};
use serde_json::{Map, Value, json};

use crate::config::DidChoice;
use crate::keys::Keys;
use crate::log::{self, AnsweredBy, New, Owed, Record};
use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::sinks::{Sinks, Stream};
use crate::tables::{self, Counters};

/// When everything happens.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A hub's inside over the store of a folder, without sessions.
pub(crate) fn hub(dir: &Path, sinks: Sinks) -> Arc<Shared> {
    on(dir, Options::default(), sinks)
}

/// No sink.
pub(crate) fn alone() -> Sinks {
    Sinks::new(&[], None, None)
}

/// The file of JSON lines alone.
pub(crate) fn jsonl() -> Sinks {
    Sinks::new(&[Stream::Jsonl], None, None)
}

/// A webhook alone.
pub(crate) fn webhook() -> Sinks {
    Sinks::new(&[], Some("crm.example".into()), None)
}

/// As [`hub`], over a store whose disk is full: it reads what it has and takes nothing.
pub(crate) fn full_hub(dir: &Path, sinks: Sinks) -> Arc<Shared> {
    on(dir, Options { reserve_bytes: u64::MAX, ..Options::default() }, sinks)
}

fn on(dir: &Path, options: Options, sinks: Sinks) -> Arc<Shared> {
    let store = Store::open(&dir.join("store"), &HomeKey::new([7; 32]), options).unwrap();
    let keys = Keys::of(&Seed::generate().unwrap(), &DidChoice::Key).unwrap();
    let last = Counters::load(&store).unwrap().events;
    let clock = Arc::new(|| NOW);
    Arc::new(Shared::new(store, "Acme".into(), keys, clock, sinks, Vec::new(), last))
}

/// Writes to a hub's store.
pub(crate) fn write<T: Send + 'static>(
    shared: &Shared,
    closure: impl FnOnce(&mut Txn) -> Result<T, ReadError> + Send + 'static,
) -> T {
    shared.store.write_blocking(closure).unwrap().into_inner()
}

/// A relationship whose id begins with these bytes.
pub(crate) fn relationship(shared: &Shared, begin: &[u8], key: u8) -> Relationship {
    let mut id = [key; 16];
    let key = SigningKey::from_seed(&[key; 32]).public();
    id[..begin.len()].copy_from_slice(begin);
    let known = Relationship {
        id: RelationshipId::from_entropy(id),
        peer: key.did(),
        earlier: Vec::new(),
        customer: None,
        since: NOW,
        requests: Vec::new(),
        next_key: None,
        told_since: None,
        told_from: 0,
        generation: 0,
        stated: 0,
    };
    let saved = known.clone();
    write(shared, move |txn| {
        saved.save(txn);
        let by_key = tables::by_key(txn, &key);
        save(txn, by_key, &saved.id);
        Ok(())
    });
    known
}

/// The grant that everything is under.
pub(crate) fn grant() -> GrantId {
    GrantId::from_entropy([2; 16])
}

/// Its receipt.
pub(crate) fn receipt() -> Grant {
    let (person, vendor) = (SigningKey::from_seed(&[4; 32]), SigningKey::from_seed(&[5; 32]));
    let request = RequestId::from_entropy([1; 16]);
    let path = FieldPath::parse("phone.mobile").unwrap();
    let purposes = ["https://w3id.org/dpv#ServiceProvision".to_owned()].into();
    let subject = GrantSubject {
        id: vendor.public().did(),
        request: Reference { id: request, digest_multibase: DocumentDigest::of(b"request") },
        scope: vec![ScopeItem { path, purposes }],
        legal_basis: "https://w3id.org/dpv/legal/eu/gdpr#A6-1-b".into(),
        mode: Mode::Continuous,
        retention: Retention { duration: "P2Y".into(), after: "end of contract".into() },
        recipients: Vec::new(),
    };
    let issuer = person.public().did();
    let issue = Issue { id: grant(), issuer, valid_from: Timestamp::default(), valid_until: None, subject };
    let given = Grant::issue(issue, &person).unwrap();
    given.countersign(&vendor, &vendor.public().did(), Timestamp::default()).unwrap()
}

/// An update that came, as an event of the log.
pub(crate) fn update(shared: &Shared, known: &Relationship, seq: u64, fields: &[&str]) -> u64 {
    let owed = owed(seq, AnsweredBy::Outcome);
    let values: Map<String, Value> =
        fields.iter().map(|path| ((*path).to_owned(), json!("+15550100"))).collect();
    let data = json!({ "fields": values });
    event(shared, known, log::UPDATE, seq.to_string(), fields, Some(owed), data)
}

/// What a revocation does to the log: values go, and an event says so.
pub(crate) fn erase(shared: &Shared, known: &Relationship, seq: u64, fields: &[&str]) -> u64 {
    let (id, gone) = (known.id.clone(), paths(fields));
    write(shared, move |txn| log::scrub(txn, &id, &grant(), &gone));
    let (id, digest_multibase) = (RevocationId::from_entropy([3; 16]), DocumentDigest::of(b"revocation"));
    let owed = owed(seq, AnsweredBy::Erasure(Reference { id, digest_multibase }));
    event(shared, known, log::ERASE, format!("{seq}-erase"), fields, Some(owed), json!({ "paths": fields }))
}

fn owed(seq: u64, by: AnsweredBy) -> Owed {
    let message = MessageId::from_entropy([u8::try_from(seq).unwrap(); 16]);
    Owed { seq, message, by, answered: false }
}

pub(crate) fn record(shared: &Shared, n: u64) -> Record {
    Record::load(&shared.store, n).unwrap().unwrap()
}

fn event(
    shared: &Shared,
    known: &Relationship,
    kind: &'static str,
    suffix: String,
    fields: &[&str],
    owed: Option<Owed>,
    data: Value,
) -> u64 {
    let (known, paths) = (known.clone(), paths(fields));
    let n = write(shared, move |txn| {
        let grant = grant();
        let grant = Some(&grant);
        let cause = owed.as_ref().map(|owed| owed.message);
        log::append(txn, New { kind, suffix, relationship: &known, grant, paths, owed, cause, data }, NOW)
            .map(|record| record.n)
    });
    shared.announce(n);
    n
}

pub(crate) fn paths(texts: &[&str]) -> BTreeSet<FieldPath> {
    texts.iter().map(|text| FieldPath::parse(text).unwrap()).collect()
}

/// The types of the messages that wait for a person, in order.
pub(crate) fn told(shared: &Shared, known: &Relationship) -> Vec<String> {
    let waiting = Mailbox::new(&known.id).waiting(&shared.store).unwrap();
    waiting.into_iter().map(|entry| entry.kind.as_str().to_owned()).collect()
}
