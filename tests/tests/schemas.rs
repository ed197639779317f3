//! The CDDL and the JSON Schemas of `specs/`, by validators that others wrote.

use std::path::Path;

use freehold_tests::verifiers::check_items;

/// Every byte example of the pages, and hand-made items that each break one thing.
#[test]
fn the_examples_of_the_pages_fit_their_rules_and_broken_ones_do_not() {
    let items = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/schema/items.jsonl");
    assert!(check_items(&items) >= 300);
}
