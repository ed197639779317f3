//! What a relationship's task sends next, and what it may no longer send.

use freehold_protocol::data;
use freehold_protocol::disclosure::{GrantState, GrantStatus};
use freehold_protocol::document::Mode;
use freehold_protocol::id::MessageId;
use freehold_protocol::mailbox::EntryBody;
use freehold_protocol::message::MessageType;
use freehold_store::{HomeKey, Options};
use freehold_vault::agreements::StoredGrant;
use freehold_vault::fields::Change;

use super::*;
use crate::paper::{self, NOW, key, path};

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

/// A grant of one field in a relationship.
fn stored(n: u8, relationship: &RelationshipId, status: GrantStatus, name: &str) -> StoredGrant {
    StoredGrant {
        document: paper::receipt(n, [2, 1], Mode::Continuous, &[name]).bytes().to_vec(),
        relationship: relationship.clone(),
        state: GrantState { status, ..GrantState::offered() },
        given: NOW,
        standing_since: Some(NOW),
        revocations: Vec::new(),
        offered_message: MessageId::from_entropy([n; 16]),
        last_release: 0,
    }
}

/// 1. Two grants of a relationship stand, one was revoked, and another relationship has one. 2. An update of the second is
///    under way, of which no line tells. 3. The grants are read.
#[test]
fn the_grants_that_release_anything_are_read_with_what_is_under_way_and_heard_of() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &HomeKey::new([7; 32]), Options::default()).unwrap();
    let (this, other) = (paper::relationship([2, 1]).id, RelationshipId::from_entropy([9; 16]));
    let grants = [
        stored(1, &this, GrantStatus::Standing, "phone.mobile"),
        stored(2, &this, GrantStatus::Standing, "email.personal"),
        stored(3, &this, GrantStatus::Revoked, "name.given"),
        stored(4, &other, GrantStatus::Standing, "name.family"),
    ];
    let changes = [("phone.mobile", "+491701234567"), ("email.personal", "jo@shop.example")]
        .map(|(name, value)| Change { path: path(name), value: Some(value.to_owned()) });
    let mailbox = Mailbox::new(&this);
    let written = store.write_blocking(move |txn| {
        grants.iter().try_for_each(|grant| agreements::put_grant(txn, grant))?;
        fields::apply(txn, &changes, "test", NOW, &key(9)).map_err(|_| ReadError::Corrupt)?;
        let kind = MessageType::parse(data::UPDATE).map_err(|_| ReadError::Corrupt)?;
        let reference = EntryBody::Composed(id(2).as_str().as_bytes().to_vec());
        mailbox.queue(txn, &kind, None, reference, NOW).map(drop)
    });
    written.unwrap();
    let (bells, mut gates) = (Bells::default(), gates());
    gates.load(&store, &bells, &this).unwrap();
    assert_eq!(gates.grants(), [id(1), id(2)], "and what was there before is gone");
    assert_eq!(gates.poll_due(NOW), Some((id(1), [path("phone.mobile")].into())));
    assert!(gates.is_current(&id(1), 0));
    gates.shut(&id(1));
    assert_eq!(gates.poll_due(NOW), None, "the update that is under way is waited for");
    assert!(gates.handle_delivered(1, NOW), "and carried what is not known here");
    let heard = |name: &str| bells.changed(&versions(&[(name, 2)]));
    assert_eq!(["phone.mobile", "email.personal", "name.given", "name.family"].map(heard), [1, 1, 0, 0]);
}
