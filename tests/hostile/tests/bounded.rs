//! A bounded attack: whoever is honest is served, and the victim's memory stays within what RELIABILITY.md states.
#![allow(clippy::print_stdout, reason = "the figures are for whoever looks at them")]

use freehold_hostile::{Figures, attack_hub, attack_node, raise_descriptors};

/// Most memory of a hub or a node under attack, in KiB: what the limits of specs/numbers.md add up to, rounded up.
const PEAK_KIB_MAX: u64 = 512 * 1_024;
/// Honest changes, before and under attack.
const CHANGES: usize = 50;

fn check(figures: &Figures, hostile_min: u64) {
    // Each honest change has arrived, or there were no figures.
    let Figures { after, hostile, .. } = figures;
    assert!(hostile.0 >= hostile_min, "the attack was none:\n{figures}");
    assert!(after.peak_kib <= PEAK_KIB_MAX, "the victim's memory grew beyond what is stated:\n{figures}");
    println!("{figures}");
}

#[test]
fn a_hub_under_attack_serves_its_customers_and_keeps_its_size() {
    assert!(raise_descriptors() >= 4_096, "the system allows too few descriptors for this test");
    let folder = tempfile::tempdir().unwrap();
    check(&attack_hub(folder.path(), 500, CHANGES), 500);
}

#[test]
fn a_node_among_hostile_vendors_serves_the_honest_one_and_keeps_its_size() {
    let folder = tempfile::tempdir().unwrap();
    check(&attack_node(folder.path(), 100, CHANGES), 100);
}
