//! Mailbox, release and revocation as a model, whose every state within small bounds is visited.
//!
//! The transitions are the protocol's own: the session machines of both ends, the gate, the release and the intake
//! machine. The model adds what the shells do around them (write down, send, commit, dial) and whatever may go wrong:
//! a connection that is lost at any moment, for both sides or for the person alone, with or without the messages that
//! the hub was about to commit. What must hold in every state:
//!
//! - no lost update: left alone, every state comes to rest, and then the vendor holds the present values and no other;
//! - no stale overwrite: a value at the vendor never gives way to an older one, and none that is not the present one
//!   is sent;
//! - no release after a revocation that was acknowledged to the person;
//! - no deadlock: what is not at rest has a step that it can take.
//!
//! To show that the model can fail, it is run again with each of a few faults in the shells, which it must find.

#[path = "model/shell.rs"]
mod shell;
#[path = "model/world.rs"]
mod world;

use shell::Fault;
use stateright::{Checker, HasDiscoveries, Model, Property};
use world::{Action, Bounds, Broken, World};

/// A world within bounds, whose shells may have a fault.
#[derive(Clone)]
struct Relationship {
    bounds: Bounds,
    fault: Fault,
}

impl Model for Relationship {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::begin(self.bounds)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        actions.extend(world.actions());
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        next.act(action, self.fault);
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no stale overwrite", |_, world: &World| !world.is_broken(Broken::Overwritten)),
            Property::always("only present values leave", |_, world: &World| !world.is_broken(Broken::Stale)),
            Property::always("no release after a revocation", |_, world: &World| {
                !world.is_broken(Broken::Released)
            }),
            Property::always("no session ends for a rule of the protocol", |_, world: &World| {
                !world.is_broken(Broken::Refused)
            }),
            Property::always("no lost update and no deadlock", |model: &Self, world: &World| {
                world.settles(model.fault)
            }),
            Property::sometimes("a revocation is obeyed", |_, world: &World| world.is_obeyed()),
            Property::sometimes("everything that may go wrong has gone wrong", |_, world: &World| {
                world.is_spent() && world.is_at_rest()
            }),
        ]
    }
}

/// Visits every state, or those up to the first that shows what is looked for.
fn check(bounds: Bounds, fault: Fault, until: HasDiscoveries) -> impl Checker<Relationship> {
    Relationship { bounds, fault }.checker().threads(2).finish_when(until).spawn_bfs().join()
}

/// Whether minutes are allowed.
fn is_long() -> bool {
    std::env::var_os("FREEHOLD_LONG").is_some()
}

#[test]
fn every_state_of_one_field_keeps_the_rules() {
    let losses = if is_long() { 3 } else { 2 };
    let checker = check(
        Bounds { fields: 1, changes: 2, revocations: 1, losses },
        Fault::None,
        HasDiscoveries::AnyFailures,
    );
    checker.assert_properties();
    assert!(checker.unique_state_count() > 2_000, "{}", checker.unique_state_count());
}

#[test]
fn every_state_of_two_fields_keeps_the_rules_when_the_grant_is_narrowed_first() {
    let changes = if is_long() { 2 } else { 1 };
    let checker = check(
        Bounds { fields: 2, changes, revocations: 2, losses: 1 },
        Fault::None,
        HasDiscoveries::AnyFailures,
    );
    checker.assert_properties();
    assert!(checker.unique_state_count() > 2_000, "{}", checker.unique_state_count());
}

#[test]
fn each_fault_of_a_shell_breaks_a_rule() {
    let bounds = Bounds { fields: 1, changes: 2, revocations: 1, losses: 2 };
    for (fault, rule) in [
        (Fault::AcknowledgesBeforeTheCommit, "no lost update and no deadlock"),
        (Fault::ForgetsWhatWasSent, "no lost update and no deadlock"),
        (Fault::ComposesTheOldValueAgain, "only present values leave"),
        (Fault::ReleasesWithoutTheGate, "no release after a revocation"),
        (Fault::CommitsWhatAnOlderSessionLeft, "no stale overwrite"),
        (Fault::ReadsItsCursorsTooEarly, "no lost update and no deadlock"),
    ] {
        let checker = check(bounds, fault, HasDiscoveries::AnyOf([rule].into()));
        assert!(checker.discovery(rule).is_some(), "{fault:?} is not found by: {rule}");
    }
}
