//! What a page asks of a large vault: 100,000 fields, 200 relationships, and a long audit log.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use freehold_keystore::Seed;
use freehold_mailbox::entropy;
use freehold_person::Person;
use freehold_person::view::{AuditAsk, AuditCountsAsk, FieldsAsk};
use freehold_protocol::audit::{AuditEvent, AuditRecord};
use freehold_protocol::disclosure::{Grant, GrantState, GrantStatus};
use freehold_protocol::document::{
    AskedField, DataRequest, Document, GrantSubject, Issue, Mode, RequestSubject, Retention,
};
use freehold_protocol::id::{GrantId, MessageId, RelationshipId, RequestId};
use freehold_protocol::identity::SigningKey;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;
use freehold_store::{HomeKey, Options, ReadError, Store};
use freehold_tests::bench::sample::Samples;
use freehold_vault::agreements::{self, RequestState, StoredGrant, StoredRequest};
use freehold_vault::audit;
use freehold_vault::relationships::{self, Relationship};

use crate::{Bench, Failure, world};

const FIELDS: usize = 100_000;
const RELATIONSHIPS: usize = 200;
/// Entries of the log, and with `--long`.
const ENTRIES: u64 = 100_000;
const ENTRIES_LONG: u64 = 1_000_000;

/// Fields of one change set, and entries of one transaction, while they are filled.
const CHUNK: usize = 2_000;

/// How often each is asked.
const SAMPLES: usize = 200;

/// The fields that each vendor is granted.
const SHARED: [&str; 5] =
    ["name.full", "email.personal", "phone.mobile", "address.home.street", "address.home.locality"];

/// One entry of the log in so many seconds.
const STEP_SECS: u64 = 300;

/// What a page asks the engine for, the n-th time: how much came.
type Ask<'a> = dyn Fn(usize) -> Result<usize, Failure> + 'a;

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Failure> {
    let entries = if bench.long { ENTRIES_LONG } else { ENTRIES };
    let (home, seed) = (bench.dir.join("page"), Seed::generate()?);
    let person = world::person(&home, &seed).await?;
    for first in (0..FIELDS).step_by(CHUNK) {
        let fields = (first..first + CHUNK).map(|n| (field(n), Some(format!("value {n}")))).collect();
        person.set(fields, "bench").await?;
    }
    person.stop().await;
    drop(person);
    let start = Instant::now();
    fill(&home, &seed, entries)?;
    bench.report.note(format!(
        "The page's vault has {FIELDS} fields, {RELATIONSHIPS} relationships with a grant of {} fields each, none of them \
         reachable, and {entries} entries in its audit log, which took {:.0} s to write.",
        SHARED.len(),
        start.elapsed().as_secs_f64(),
    ));
    let person = world::person(&home, &seed).await?;
    // Every vendor is tried at once when the engine starts; a page is asked for later.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let relationships = person.relationships()?;
    let vendor = |n: usize| Some(relationships[n * 7 % RELATIONSHIPS].id.clone());
    let asks: [(&str, &Ask<'_>); 7] = [
        ("what needs the person", &|_| Ok(person.attention()?.failed.len())),
        ("a page of 50 fields, with who sees them", &|n| fields(&person, n * 7_919)),
        ("the facets", &|_| Ok(person.facets()?.len())),
        ("one relationship", &|n| {
            Ok(person.relationship(vendor(n).as_deref().unwrap_or_default())?.grants.len())
        }),
        ("50 entries of one vendor's live reads", &|n| {
            found(&person, AuditAsk { vendor: vendor(n), event: Some("read".into()), ..AuditAsk::default() })
        }),
        ("50 entries of one field in one week", &|n| {
            let first = START_SECS + n as u64 % 50 * STEP_SECS * 7;
            let moment = |secs: u64| Some(Timestamp::from_millis(secs * 1000).rfc3339());
            let (since, until) = (moment(first), moment(first + 7 * 24 * 60 * 60));
            found(&person, AuditAsk { path: Some(SHARED[n % 5].into()), since, until, ..AuditAsk::default() })
        }),
        ("the counts of 30 days", &|n| {
            let first = START_SECS + n as u64 * 24 * 60 * 60;
            let moment = |secs: u64| Some(Timestamp::from_millis(secs * 1000).rfc3339());
            let ask = AuditCountsAsk { since: moment(first), until: moment(first + 29 * 24 * 60 * 60) };
            Ok(person.audit_counts(&ask)?.len())
        }),
    ];
    for (what, ask) in asks {
        let mut took = Samples::default();
        let mut shown = 0;
        for n in 0..SAMPLES {
            let start = Instant::now();
            shown += ask(n)?;
            took.time(start.elapsed());
        }
        if shown == 0 {
            return Err(format!("{what}: nothing was found").into());
        }
        bench.report.alone(format!("page: {what}"), "ms", &took, "the aim is a page in under 100 ms");
    }
    person.stop().await;
    Ok(())
}

/// When the log begins.
const START_SECS: u64 = 1_700_000_000;

fn field(n: usize) -> String {
    format!("x.bench{}.f{n}", n % 100)
}

/// A page of fields from anywhere in the vault, each with who sees it.
fn fields(person: &Person, n: usize) -> Result<usize, Failure> {
    let page = person.fields(&FieldsAsk { prefix: None, after: Some(field(n % FIELDS)), limit: 50 })?;
    let mut paths: Vec<String> = page.fields.iter().map(|field| field.path.clone()).collect();
    // The one that all vendors see is on every page, as the worst.
    paths.push(SHARED[0].to_owned());
    let sharing = person.sharing(&paths)?;
    Ok(page.fields.len() + sharing.iter().map(|it| it.with.len()).sum::<usize>())
}

fn found(person: &Person, ask: AuditAsk) -> Result<usize, Failure> {
    Ok(person.find_audit(&AuditAsk { limit: 50, ..ask })?.entries.len())
}

/// Writes the relationships with what was agreed in each, and the log.
fn fill(home: &std::path::Path, seed: &Seed, entries: u64) -> Result<(), Failure> {
    let key = HomeKey::new(*seed.vault_key());
    let store = Store::open_with(&home.join("store"), &key, Options::default(), &freehold_vault::SCHEMA)?;
    let mut vendors = Vec::new();
    for n in 0..RELATIONSHIPS {
        let (key, index) = (SigningKey::from_seed(&entropy32()), (1 << 40) + n as u64);
        let relationship = relationship(n, index, &key, seed);
        let (request, grant) = agreed(&relationship, &key, &seed.relationship_key(index, 0))?;
        vendors.push((relationship.vendor.clone(), grant.id()?));
        store.write_blocking(move |txn| {
            relationships::save(txn, &relationship)?;
            agreements::put_request(txn, &request)?;
            agreements::put_grant(txn, &grant)
        })?;
    }
    let purpose = Vocabulary::standard().purpose("serviceProvision").ok_or("no such purpose")?.iri.clone();
    for first in (0..entries).step_by(CHUNK) {
        let (vendors, purpose) = (vendors.clone(), purpose.clone());
        store.write_blocking(move |txn| {
            for n in first..entries.min(first + CHUNK as u64) {
                let (vendor, grant) = vendors[n as usize * 13 % RELATIONSHIPS].clone();
                let event = match n % 9 {
                    0 => AuditEvent::Read { purpose: purpose.clone() },
                    _ => AuditEvent::Released { update: n },
                };
                let paths =
                    SHARED.iter().skip(n as usize % 3).filter_map(|path| Path::parse(path).ok()).collect();
                let at = Timestamp::from_millis((START_SECS + n * STEP_SECS) * 1000);
                audit::append(txn, AuditRecord { at, vendor, grant: Some(grant), paths, event })?;
            }
            Ok::<_, ReadError>(())
        })?;
    }
    store.close_blocking()?;
    Ok(())
}

fn entropy32() -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&entropy());
    bytes[16..].copy_from_slice(&entropy());
    bytes
}

/// A relationship with a vendor that has no address, so that nothing is dialled.
fn relationship(n: usize, index: u64, vendor: &SigningKey, seed: &Seed) -> Relationship {
    Relationship {
        id: RelationshipId::from_entropy(entropy()),
        index,
        generation: 0,
        own: seed.relationship_key(index, 0).public().did(),
        earlier: Vec::new(),
        unproven: false,
        rotation: None,
        vendor: vendor.public().did(),
        earlier_vendors: Vec::new(),
        vendor_name: Some(format!("Vendor {n}")),
        invitation: None,
        addresses: Vec::new(),
        assertion_keys: vec![*vendor.public().as_bytes()],
        fetched: None,
        vendor_next_key: None,
        check_in_secs: None,
        created: Timestamp::from_millis(START_SECS * 1000),
        last_connected: None,
        last_error: None,
        restored: None,
    }
}

fn agreed(
    relationship: &Relationship,
    vendor: &SigningKey,
    person: &SigningKey,
) -> Result<(StoredRequest, StoredGrant), Failure> {
    let vocabulary = Vocabulary::standard();
    let purposes: BTreeSet<String> =
        [vocabulary.purpose("serviceProvision").ok_or("no such purpose")?.iri.clone()].into();
    let field = |path: &&str| {
        let (required, reason) = (true, "to deliver".to_owned());
        Ok::<_, Failure>(AskedField {
            path: Path::parse(path)?,
            required,
            reason,
            purposes: purposes.clone(),
        })
    };
    let subject = RequestSubject {
        name: relationship.vendor_name.clone().unwrap_or_default(),
        title: "Service".into(),
        fields: SHARED.iter().map(field).collect::<Result<_, _>>()?,
        legal_basis: vocabulary.legal_basis("contract").ok_or("no such basis")?.iri.clone(),
        mode: Mode::Continuous,
        retention: Retention { duration: "P2Y".into(), after: "end of contract".into() },
        recipients: Vec::new(),
        policy: None,
    };
    let at = Timestamp::from_millis(START_SECS / 60 * 60_000);
    let (id, issuer) = (RequestId::from_entropy(entropy()), relationship.vendor.clone());
    let request: DataRequest =
        Document::issue(Issue { id, issuer, valid_from: at, valid_until: None, subject }, vendor)?;
    let (id, issuer) = (GrantId::from_entropy(entropy()), relationship.own.clone());
    let subject = GrantSubject::answering(&request, &BTreeSet::new());
    let given: Grant =
        Document::issue(Issue { id, issuer, valid_from: at, valid_until: None, subject }, person)?;
    let receipt = given.countersign(vendor, &relationship.vendor, at)?;
    let message = MessageId::from_entropy(entropy());
    let of = relationship.id.clone();
    let state = RequestState::Granted(receipt.id().clone());
    let asked = StoredRequest {
        document: request.bytes().to_vec(),
        relationship: of.clone(),
        received: at,
        message,
        state,
    };
    let granted = StoredGrant {
        document: receipt.bytes().to_vec(),
        relationship: of,
        state: GrantState { status: GrantStatus::Standing, ..GrantState::offered() },
        given: at,
        standing_since: Some(at),
        revocations: Vec::new(),
        offered_message: message,
        last_release: 0,
    };
    Ok((asked, granted))
}
