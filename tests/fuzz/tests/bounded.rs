//! A bounded run of every target over mutations of its seeds: the same in every run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use freehold_fuzz::{Random, TARGETS, Target, mutate, seeds};

/// Inputs for each target; a hundred times as many when minutes are allowed.
fn rounds() -> u64 {
    if std::env::var_os("FREEHOLD_LONG").is_some() { 300_000 } else { 3_000 }
}

/// Runs one input; an input that finds something is told, so that it can be kept.
fn feed(target: &Target, input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_err() {
        let digits: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
        panic!("{} fails with {digits}: put these bytes into corpus/{0}", target.name);
    }
}

fn run(name: &str) {
    let target = freehold_fuzz::target(name).expect("a target");
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "{name} has nothing to begin with");
    seeds.iter().for_each(|input| feed(target, input));
    let mut random = Random::new(1);
    for _ in 0..rounds() {
        feed(target, &mutate(&mut random, &seeds));
    }
}

/// One test for each target, so that they share the machine's cores.
macro_rules! targets {
    ($($test:ident: $name:literal,)*) => {
        $(#[test]
        fn $test() {
            run($name);
        })*

        #[test]
        fn every_target_has_a_test() {
            let tested = [$($name),*];
            assert!(TARGETS.iter().all(|target| tested.contains(&target.name)));
            assert_eq!(tested.len(), TARGETS.len());
        }
    };
}

targets! {
    frame: "frame",
    cose: "cose",
    message: "message",
    introduction: "introduction",
    vendor_rotation: "vendor-rotation",
    problem: "problem",
    carried: "carried",
    decline: "decline",
    update: "update",
    outcome: "outcome",
    read_request: "read-request",
    read_answer: "read-answer",
    audit_entry: "audit-entry",
    audit_log: "audit-log",
    session: "session",
    session_messages: "session-messages",
    document: "document",
    signed_document: "signed-document",
    did_document: "did-document",
    json: "json",
    link: "link",
    did: "did",
    key: "key",
    path: "path",
    value: "value",
    name: "name",
    words: "words",
    card: "card",
    multistatus: "multistatus",
    picture: "picture",
    frame_of_camera: "frame-of-camera",
    backup_items: "backup-items",
    backup_file: "backup-file",
    backup_head: "backup-head",
    vendor_file: "vendor-file",
}
