//! Nothing breaks in any order that is tried, and each planted fault is found.

use std::time::{SystemTime, UNIX_EPOCH};

use freehold_schedules::{FAULTS, Planted, Scenario, find, try_orders};
use freehold_store::planted::{Bug, SCHEDULE_BUGS};
use freehold_transport::planted::Fault;

/// Orders within which every planted fault must be found; the rarest needs 417.
const ORDERS: u64 = 5_000;

/// A seed from the clock.
fn seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or_default()
}

/// As many orders as each run tries, or 25 times as many when minutes are allowed.
fn check(scenario: Scenario, orders: u64) {
    let orders = if std::env::var_os("FREEHOLD_LONG").is_some() { orders * 25 } else { orders };
    try_orders(scenario, orders, seed());
}

#[test]
fn what_was_acknowledged_is_on_disk_in_every_order() {
    check(Scenario::Commit, 156_000);
}

#[test]
fn frames_arrive_whole_and_in_order_through_a_full_queue() {
    check(Scenario::Queue, 21_000);
}

#[test]
fn no_byte_leaves_a_connection_that_was_ended() {
    check(Scenario::BreakOff, 16_000);
}

#[test]
fn a_change_during_the_beginning_of_a_grant_is_heard() {
    check(Scenario::Hear, 1_400);
}

#[test]
fn no_value_leaves_after_a_revocation_has_returned() {
    check(Scenario::Revoke, 1_900);
}

#[test]
fn a_stop_lets_nothing_leave_and_loses_nothing() {
    check(Scenario::Stop, 4_000);
}

#[test]
fn each_planted_fault_is_found() {
    for (scenario, planted) in FAULTS {
        let found = find(scenario, planted, ORDERS, 1);
        assert!(found.is_some(), "{planted:?} was not found in {ORDERS} orders of {scenario:?}");
    }
}

#[test]
fn no_planted_fault_is_left_out() {
    let of_store = |bug: Bug| FAULTS.iter().any(|(_, planted)| *planted == Planted::Store(bug));
    assert!(SCHEDULE_BUGS.into_iter().all(of_store));
    for fault in [Fault::StepUnguarded, Fault::FinishUnwaited] {
        assert!(FAULTS.iter().any(|(_, planted)| *planted == Planted::Transport(fault)));
    }
}
