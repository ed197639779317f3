//! This project's own vectors, read back: what each file says is run through the protocol's code, and every value
//! on the way, the verdict and the code are compared. Nothing here knows how the files were made.

#[path = "vectors/agreements.rs"]
mod agreements;
#[path = "vectors/bodies.rs"]
mod bodies;
#[path = "vectors/case.rs"]
mod case;
#[path = "vectors/documents.rs"]
mod documents;
#[path = "vectors/identities.rs"]
mod identities;
#[path = "vectors/keys.rs"]
mod keys;
#[path = "vectors/names.rs"]
mod names;
#[path = "vectors/sequences.rs"]
mod sequences;
#[path = "vectors/wire.rs"]
mod wire;

use std::collections::BTreeMap;
use std::process::Command;

use case::{Case, Verdict};
use freehold_tests::own_vectors;

/// The pages that have vectors. A folder with another name is read by no test.
const PAGES: [&str; 9] =
    ["audit", "connect", "data", "encoding", "identity", "invitation", "mailbox", "session", "vocabulary"];

/// What a case does with its input.
fn run(case: &mut Case) -> Verdict {
    match case.check().as_str() {
        "frame" => wire::frame(case),
        "prefix" => wire::prefix(case),
        "cose" => wire::cose(case),
        "message" => wire::message(case),
        "oversizeMessage" => wire::oversize_message(case),
        "type" => wire::message_type(case),
        "session" => wire::session(case),
        "canonicalize" => documents::canonicalize(case),
        "document" => documents::document(case),
        "documentSize" => documents::document_size(case),
        "seed" => keys::seed(case),
        "derivation" => keys::derivation(case),
        "key" => keys::key(case),
        "multibase" => keys::multibase(case),
        "did" => keys::did(case),
        "didDocument" => identities::did_document(case),
        "rotation" => identities::rotation(case),
        "vendorRotation" => identities::vendor_rotation(case),
        "signature" => keys::signature(case),
        "introduction" => bodies::introduction(case),
        "problem" => bodies::problem(case),
        "vendorRotationBody" => bodies::vendor_rotation(case),
        "updateBody" => bodies::update(case),
        "outcomeBody" => bodies::outcome(case),
        "endedBody" => bodies::ended(case),
        "declineBody" => bodies::decline(case),
        "carriedBody" => bodies::carried(case),
        "readRequest" => bodies::read_request(case),
        "readAnswer" => bodies::read_answer(case),
        "request" => agreements::request(case),
        "grant" => agreements::grant(case),
        "receipt" => agreements::receipt(case),
        "authorize" => agreements::authorized(case),
        "intake" => agreements::intake(case),
        "revocation" => agreements::revocation(case),
        "erasure" => agreements::erasure(case),
        "path" => names::path(case),
        "value" => names::value(case),
        "link" => names::link(case),
        "log" => names::log(case),
        other => panic!("{}: nothing reads `{other}`", case.place()),
    }
}

#[test]
fn every_vector_gives_the_verdict_and_every_value_on_the_way_that_it_says() {
    let mut failures = Vec::new();
    for place in own_vectors::files() {
        let page = place.split('/').next().unwrap_or_default();
        if page == "sequences" {
            continue;
        }
        if !PAGES.contains(&page) {
            failures.push(format!("{place} is read by no test"));
            continue;
        }
        let mut case = Case::read(&place);
        let verdict = run(&mut case);
        failures.extend(case.failures(&verdict));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_page_has_vectors_to_accept_and_to_reject() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for place in own_vectors::files() {
        let folder = place.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        *counts.entry(folder).or_default() += 1;
    }
    for page in PAGES {
        for verdict in ["accept", "reject"] {
            assert!(counts.remove(&format!("{page}/{verdict}")).is_some(), "{page} has nothing to {verdict}");
        }
    }
    assert!(counts.remove("sequences").is_some(), "there is no sequence");
    assert!(counts.is_empty(), "read by no test: {counts:?}");
}

/// The generator makes the same files again, byte for byte, and no file is left that it does not make.
#[test]
fn the_vectors_are_what_the_generator_makes() {
    let output = Command::new(env!("CARGO_BIN_EXE_vectors")).arg("--check").output().unwrap();
    assert!(
        output.status.success(),
        "make them again with `cargo run -p freehold-tests --bin vectors`:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_sequence_replays_for_the_person_and_for_the_hub() {
    let files = own_vectors::files();
    for place in files.iter().filter(|place| place.starts_with("sequences/")) {
        sequences::replay(place);
    }
}
