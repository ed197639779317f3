//! Putting the evidence together.

use std::collections::{BTreeMap, BTreeSet};

use freehold_protocol::document::{Document, DocumentDigest, Issue};
use freehold_protocol::id::RequestId;
use freehold_protocol::identity::Did;
use freehold_store::ReadError;
use serde_json::{Value, json};

use super::{EVENTS, EvidenceError, FILES, Listed, ListedFile, MANIFEST, Manifest, VENDOR, tar};
use crate::held;
use crate::log::Record;
use crate::moves::Move;
use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::tables;

/// What a reader needs to know, without this program.
const README: &str = include_str!("README.txt");

pub(super) fn make(
    shared: &Shared,
    known: &Relationship,
    addresses: &[String],
    id: RequestId,
) -> Result<Vec<u8>, EvidenceError> {
    let now = shared.now();
    let mut files = BTreeMap::from([("README.txt".to_owned(), README.as_bytes().to_vec())]);
    let mut vendors = documents(shared, known, &mut files)?;
    endings(shared, known, &mut files).map_err(store)?;
    vendors.extend(moves(shared, known, &mut files).map_err(store)?);
    files.insert(EVENTS.to_owned(), events(shared, known).map_err(store)?);
    let identity = shared.keys.at(known.generation);
    if identity.did.web_id().is_some() {
        let document = shared.document(addresses).map_err(store)?;
        files.insert(VENDOR.to_owned(), document.to_string().into_bytes());
    }
    let listed: Vec<ListedFile> = files
        .iter()
        .map(|(name, bytes)| ListedFile { name: name.clone(), digest_multibase: DocumentDigest::of(bytes) })
        .collect();
    let count = listed.len() as u64;
    let listed = serde_json::to_vec(&Listed { files: listed })
        .map_err(|error| EvidenceError::Store(error.to_string()))?;
    let issue = Issue {
        id,
        issuer: identity.did.clone(),
        valid_from: now,
        valid_until: None,
        subject: Manifest {
            id: known.peer.clone(),
            earlier: known.earlier.clone(),
            vendors: vendors.into_iter().collect(),
            files: count,
            digest_multibase: DocumentDigest::of(&listed),
        },
    };
    let manifest = Document::<Manifest>::issue(issue, &identity.vendor).map_err(EvidenceError::Document)?;
    files.insert(FILES.to_owned(), listed);
    files.insert(MANIFEST.to_owned(), manifest.bytes().to_vec());
    Ok(tar::write(&files, now.secs()))
}

/// Requests, grants and receipts; gives the vendor's DIDs in them.
fn documents(
    shared: &Shared,
    known: &Relationship,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<BTreeSet<Did>, EvidenceError> {
    let present = shared.keys.at(known.generation);
    let mut vendors = BTreeSet::from([present.did.clone()]);
    let mut asked = BTreeSet::new();
    for (at, held) in held::grants(&shared.store, &known.id).map_err(store)?.iter().enumerate() {
        let receipt = held::receipt(&shared.store, shared, &known.id, &held.grant).map_err(store)?;
        let receipt = receipt.ok_or_else(|| store(ReadError::Corrupt))?;
        let given = receipt.without_countersignature().map_err(EvidenceError::Document)?;
        let (number, short) = (at + 1, held.grant.short());
        files.insert(format!("grants/{number:03}-{short}.json"), given);
        files.insert(format!("receipts/{number:03}-{short}.json"), receipt.bytes().to_vec());
        // As it was asked, which may have been under an older key of the vendor.
        let subject = receipt.subject();
        let asking = shared.keys.of_did(&subject.id).unwrap_or_else(|| shared.keys.at(known.generation));
        vendors.insert(asking.did.clone());
        vendors.extend(receipt.signers().iter().skip(1).map(|signer| signer.method.did.clone()));
        asked.insert((subject.request.id.clone(), asking.generation));
    }
    for id in &known.requests {
        if !asked.iter().any(|(answered, _)| answered == id) {
            asked.insert((id.clone(), known.generation));
        }
    }
    for (id, generation) in asked {
        let request = shared.request(&id, &shared.keys.at(generation));
        if let Some(request) = request {
            files.insert(format!("requests/{}-{generation}.json", id.short()), request.bytes().to_vec());
        }
    }
    Ok(vendors)
}

/// Moves to another key, revocations and erasure receipts, by the number of their event.
fn endings(
    shared: &Shared,
    known: &Relationship,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), ReadError> {
    for (folder, table) in [
        ("rotations", tables::rotations(&shared.store, &known.id)),
        ("revocations", tables::revocations(&shared.store, &known.id)),
        ("erasures", tables::erasures(&shared.store, &known.id)),
    ] {
        for entry in shared.store.scan(&table) {
            let (key, bytes) = entry?;
            let n = key.last_u64().ok_or(ReadError::Corrupt)?;
            files.insert(format!("{folder}/{n:012}.json"), bytes);
        }
    }
    Ok(())
}

/// The vendor's own moves up to the key that signs here; gives the DIDs that they join.
fn moves(
    shared: &Shared,
    known: &Relationship,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<Vec<Did>, ReadError> {
    let mut dids = Vec::new();
    for generation in 1..=known.generation {
        let moved = Move::load(&shared.store, generation)?;
        files.insert(format!("vendor-rotations/{generation:06}.json"), moved.document.into_vec());
        dids.extend([generation - 1, generation].map(|one| shared.keys.at(one).did.clone()));
    }
    Ok(dids)
}

/// What happened, a line each, without values.
fn events(shared: &Shared, known: &Relationship) -> Result<Vec<u8>, ReadError> {
    let mut records = shared.records_of(&known.id, usize::MAX)?;
    records.reverse();
    let mut lines = Vec::new();
    for record in records {
        lines.extend(line(shared, &record)?.to_string().into_bytes());
        lines.push(b'\n');
    }
    Ok(lines)
}

fn line(shared: &Shared, record: &Record) -> Result<Value, ReadError> {
    let mut line = json!({
        "n": record.n,
        "id": record.id,
        "type": record.kind,
        "time": record.at.rfc3339(),
        "paths": record.paths,
        "grant": record.grant,
    });
    let data = record.data(&shared.store)?;
    // Never `fields`, which has the values.
    for name in ["request", "reason", "whole", "purpose", "result", "erased", "superseded", "before", "until"]
    {
        if let Some(value) = data.get(name) {
            line[name] = value.clone();
        }
    }
    Ok(line)
}

fn store(error: ReadError) -> EvidenceError {
    EvidenceError::Store(error.to_string())
}
