//! The CDDL and the JSON Schemas of `specs/`, by validators that others wrote.

#[path = "schemas/vectors.rs"]
mod vectors;

use std::fs;
use std::path::Path;

use freehold_tests::own_vectors;
use freehold_tests::verifiers::{check_items, check_items_of};
use serde_json::{Value, json};

/// Every byte example of the pages, and hand-made items that each break one thing.
#[test]
fn the_examples_of_the_pages_fit_their_rules_and_broken_ones_do_not() {
    let items = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/schema/items.jsonl");
    assert!(check_items(&items) >= 300);
}

/// The example family's vectors against its CDDL. Which characters a text may hold is a rule of its page alone.
#[test]
fn the_vectors_of_the_example_fit_its_rules_and_broken_ones_do_not() {
    const OF_THE_PAGE: [&str; 3] =
        ["text-holds-a-control-character", "text-is-blank", "text-turns-the-direction-of-writing"];
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs");
    let laid_out = tempfile::tempdir().unwrap();
    let at = |name: &str| laid_out.path().join(name);
    fs::create_dir(at("cddl")).unwrap();
    fs::copy(specs.join("examples/note.cddl"), at("cddl/note.cddl")).unwrap();
    fs::copy(specs.join("vocabulary.json"), at("vocabulary.json")).unwrap();
    std::os::unix::fs::symlink(specs.join("schema"), at("schema")).unwrap();
    let mut items = String::new();
    for verdict in ["accept", "reject"] {
        for path in fs::read_dir(specs.join("examples/vectors").join(verdict)).unwrap() {
            let path = path.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let vector: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let rule = vector["type"].as_str().unwrap().rsplit('/').next().unwrap();
            let valid = verdict == "accept" || OF_THE_PAGE.contains(&name.as_str());
            let item = json!({"name": name, "rule": rule, "cbor": vector["body"], "valid": valid});
            items.push_str(&format!("{item}\n"));
        }
    }
    fs::write(at("items.jsonl"), &items).unwrap();
    assert_eq!(check_items_of(laid_out.path(), &at("items.jsonl")), items.lines().count());
}

/// Every vector and every conversation of `specs/vectors`: what is to be accepted fits its rule or schema, and what is
/// to be refused for its form does not.
#[test]
fn every_vector_fits_its_rule_or_schema_and_what_is_malformed_does_not() {
    let laid_out = tempfile::tempdir().unwrap();
    let file = laid_out.path().join("items.jsonl");
    let items: Vec<Value> = own_vectors::files().iter().flat_map(|place| vectors::items(place)).collect();
    let lines: String = items.iter().map(|item| format!("{item}\n")).collect();
    fs::write(&file, lines).unwrap();
    assert!(items.iter().filter(|item| item["valid"] == false).count() >= 200);
    assert_eq!(check_items(&file), items.len());
}
