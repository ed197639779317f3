//! Evidence of relationships that have moved to other keys, also of a vendor that lies in it.

use std::collections::BTreeMap;

use freehold_protocol::document::{Document, Issue, Rotation, VendorRotation};
use freehold_protocol::id::RotationId;
use freehold_protocol::identity::SigningKey;

use super::*;
use crate::tests::NOW;

fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

fn did(n: u8) -> Did {
    key(n).public().did()
}

/// A person's move to a key which commits to another.
fn moved([old, new, after]: [u8; 3]) -> Vec<u8> {
    let id = RotationId::from_entropy([old; 16]);
    let statement = Rotation::state(id, did(100), [&key(old), &key(new)], &key(after).public(), NOW);
    statement.unwrap().bytes().to_vec()
}

fn vendor_moved([old, new, after]: [u8; 3]) -> Vec<u8> {
    let id = RotationId::from_entropy([old; 16]);
    let statement = VendorRotation::state(id, [&key(old), &key(new)], &key(after).public(), NOW);
    statement.unwrap().bytes().to_vec()
}

/// An archive that the last of the vendor's keys vouches for: the person was 1, 2 and is 3, the vendor was 100 and is 101.
fn archive(rotations: &[Vec<u8>], vendor: &[Vec<u8>]) -> Vec<u8> {
    let mut files = BTreeMap::from([(EVENTS.to_owned(), b"{}\n".to_vec())]);
    for (folder, documents) in [("rotations", rotations), ("vendor-rotations", vendor)] {
        for (n, bytes) in documents.iter().enumerate() {
            files.insert(format!("{folder}/{n:06}.json"), bytes.clone());
        }
    }
    let listed = files
        .iter()
        .map(|(name, bytes)| ListedFile { name: name.clone(), digest_multibase: DocumentDigest::of(bytes) });
    let listed = serde_json::to_vec(&Listed { files: listed.collect() }).unwrap();
    let subject = Manifest {
        id: did(3),
        earlier: vec![did(1), did(2)],
        vendors: vec![did(100), did(101)],
        files: files.len() as u64,
        digest_multibase: DocumentDigest::of(&listed),
    };
    let id = RequestId::from_entropy([9; 16]);
    let issue = Issue { id, issuer: did(101), valid_from: NOW, valid_until: None, subject };
    let manifest = Document::<Manifest>::issue(issue, &key(101)).unwrap();
    files.insert(FILES.to_owned(), listed);
    files.insert(MANIFEST.to_owned(), manifest.bytes().to_vec());
    tar::write(&files, NOW.secs())
}

/// Which statements hold, and which DIDs nothing joins.
fn check(rotations: &[Vec<u8>], vendor: &[Vec<u8>], wrong: &[&str], by_word: &[u8]) {
    let report = verify(&archive(rotations, vendor));
    let found: Vec<&str> = report.findings.iter().filter(|f| !f.ok).map(|f| f.file.as_str()).collect();
    assert_eq!(found, wrong, "{report:?}");
    assert_eq!(report.ok, wrong.is_empty());
    let expected: Vec<String> = by_word.iter().map(|n| did(*n).to_string()).collect();
    let mut got = report.by_word.clone();
    let mut wanted = expected;
    got.sort();
    wanted.sort();
    assert_eq!(got, wanted, "{report:?}");
}

#[test]
fn statements_of_both_sides_join_every_key_to_the_present_one() {
    check(&[moved([1, 2, 3]), moved([2, 3, 4])], &[vendor_moved([100, 101, 102])], &[], &[]);
}

#[test]
fn what_no_statement_joins_is_the_vendors_word() {
    let vendor = [vendor_moved([100, 101, 102])];
    check(&[], &vendor, &[], &[1, 2]);
    check(&[moved([2, 3, 4])], &vendor, &[], &[1]);
    check(&[moved([1, 2, 3])], &vendor, &[], &[1, 2]);
    check(&[moved([1, 2, 3]), moved([2, 3, 4])], &[], &[], &[100]);
}

#[test]
fn a_step_to_a_key_that_was_not_committed_to_does_not_hold() {
    let vendor = [vendor_moved([100, 101, 102])];
    // Whoever has key 2 alone, and not the one it had committed to, tries to be the person.
    check(&[moved([1, 2, 9]), moved([2, 3, 4])], &vendor, &["rotations/000001.json"], &[1, 2]);
}

#[test]
fn a_statement_that_one_key_alone_has_signed_or_that_was_made_for_another_vendor_does_not_hold() {
    let vendor = [vendor_moved([100, 101, 102])];
    let one = Rotation::read(&moved([1, 2, 3])).unwrap().without_countersignature().unwrap();
    check(&[one, moved([2, 3, 4])], &vendor, &["rotations/000000.json"], &[1]);
    let id = RotationId::from_entropy([1; 16]);
    let other = Rotation::state(id, did(7), [&key(1), &key(2)], &key(3).public(), NOW).unwrap();
    check(&[other.bytes().to_vec(), moved([2, 3, 4])], &vendor, &["rotations/000000.json"], &[1]);
    let mut changed = moved([1, 2, 3]);
    let at = changed.windows(5).position(|window| window == b"2027-").unwrap();
    changed[at + 3] = b'8';
    check(&[changed, moved([2, 3, 4])], &vendor, &["rotations/000000.json"], &[1]);
}
