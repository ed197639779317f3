//! What a relationship's task sends next, and what it may no longer send.

use freehold_protocol::document::Mode;

use super::*;
use crate::paper::{NOW, path};

const LATER: Timestamp = Timestamp::from_millis(NOW.millis() + 1);

fn versions(list: &[(&str, Version)]) -> BTreeMap<Path, Version> {
    list.iter().map(|(name, version)| (path(name), *version)).collect()
}

fn id(n: u8) -> GrantId {
    GrantId::from_entropy([n; 16])
}

/// Two grants, of a phone number and of an e-mail address, at different epochs; the first ends.
fn gates() -> Gates {
    let gate = |current: &[(&str, Version)], epoch, until| Gate {
        release: Release::new(Mode::Continuous, [], versions(current), 0),
        epoch,
        until,
        own: None,
    };
    let first = gate(&[("phone.mobile", 1)], 3, Some(LATER));
    let second = gate(&[("email.personal", 0)], 4, None);
    Gates { gates: [(id(1), first), (id(2), second)].into() }
}

#[test]
fn what_is_due_is_a_grants_own_until_it_ends() {
    let mut gates = gates();
    let phone = (id(1), [path("phone.mobile")].into());
    assert_eq!(gates.poll_due(NOW), Some(phone));
    assert_eq!(gates.poll_due(LATER), None, "the grant has ended at that moment");
    gates.handle_changed(&versions(&[("email.personal", 1), ("name.given", 1)]));
    assert_eq!(gates.poll_due(LATER), Some((id(2), [path("email.personal")].into())));
    assert_eq!(gates.grants(), [id(1), id(2)]);
}

#[test]
fn an_update_under_way_is_waited_for_and_its_arrival_settles_it() {
    let mut gates = gates();
    gates.handle_sent(&id(1), 5, &versions(&[("phone.mobile", 1)]), NOW);
    assert_eq!(gates.poll_due(NOW), None);
    gates.handle_changed(&versions(&[("phone.mobile", 2)]));
    assert_eq!(gates.poll_due(NOW), None);
    assert!(!gates.handle_delivered(4, NOW));
    assert_eq!(gates.poll_due(NOW), None, "it has not arrived yet");
    assert!(!gates.handle_delivered(5, NOW), "it carried what is known here");
    assert_eq!(gates.poll_due(NOW), Some((id(1), [path("phone.mobile")].into())));
    // Of a grant that is not here nothing is noted.
    gates.handle_sent(&id(9), 6, &versions(&[("phone.mobile", 2)]), NOW);
    assert!(gates.poll_due(NOW).is_some() && !gates.handle_delivered(6, NOW));
}

/// An update that was made again by its family carried versions that the gate does not know.
#[test]
fn the_arrival_of_an_update_that_was_composed_again_makes_the_gates_stale() {
    let mut gates = gates();
    gates.gates.get_mut(&id(1)).unwrap().release.handle_sent(5, &versions(&[("phone.mobile", 1)]), NOW);
    assert!(!gates.handle_delivered(4, NOW));
    assert!(gates.handle_delivered(5, NOW));
    assert!(!gates.handle_delivered(5, NOW), "once");
}

#[test]
fn a_release_of_another_epoch_or_of_a_grant_that_is_shut_is_not_sent() {
    let mut gates = gates();
    assert!(gates.is_current(&id(1), 3) && gates.is_current(&id(2), 4));
    assert!(!gates.is_current(&id(1), 2) && !gates.is_current(&id(1), 4) && !gates.is_current(&id(9), 3));
    gates.shut(&id(1));
    assert!(!gates.is_current(&id(1), 3) && gates.is_current(&id(2), 4));
    assert_eq!(gates.poll_due(NOW), None);
}
