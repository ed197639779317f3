//! How persons are told that the vendor has moved to another key.

use freehold_protocol::connect::VENDOR_ROTATION;
use freehold_protocol::document::VendorRotation;
use freehold_protocol::id::RotationId;
use serde_bytes::ByteBuf;

use super::*;
use crate::moves::{self, Move, Moves};
use crate::restored;

/// What the rotation to a generation leaves on disk before anybody is told.
fn moved(shared: &Shared, generation: u32) {
    shared.keys.grow(generation).unwrap();
    let (old, new) = (shared.keys.at(generation - 1), shared.keys.at(generation));
    let id = RotationId::from_entropy([u8::try_from(generation).unwrap(); 16]);
    let statement = VendorRotation::state(id, [&old.vendor, &new.vendor], &new.next, NOW).unwrap();
    let addresses = vec!["/ip4/192.0.2.1/udp/4102/quic-v1".to_owned()];
    let document = ByteBuf::from(statement.bytes());
    let moved = Move { document, listen: addresses.clone(), announce: Vec::new(), addresses };
    write(shared, move |txn| {
        moved.save(txn, generation);
        Moves { newest: generation, ..Moves::load(txn)? }.save(txn);
        Ok(())
    });
}

fn statements(shared: &Shared, known: &Relationship) -> usize {
    told(shared, known).iter().filter(|kind| *kind == VENDOR_ROTATION).count()
}

/// The hub stops after the rotation is on disk, or after some were told: a start tells the rest, and nobody twice.
#[tokio::test]
async fn everybody_is_told_once_of_every_key_wherever_a_crash_has_stopped_it() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), alone());
    let some: Vec<_> = (1..=3).map(|n| relationship(&shared, &[n], n)).collect();
    moved(&shared, 1);
    // One was told in a batch before the crash.
    let mut first = some[0].clone();
    write(&shared, move |txn| {
        moves::tell(txn, &mut first, NOW)?;
        first.save(txn);
        Ok(())
    });
    assert_eq!(statements(&shared, &some[0]), 1);
    for _ in 0..2 {
        moves::tell_all(&shared).await.unwrap();
        assert!(some.iter().all(|known| statements(&shared, known) == 1));
    }
    moved(&shared, 2);
    moves::tell_all(&shared).await.unwrap();
    assert!(some.iter().all(|known| statements(&shared, known) == 2));
    assert_eq!(Moves::load(&shared.store).unwrap().told, 2);
    assert_eq!(moves::behind(&shared.store).unwrap(), 3);
}

/// A restored person is told again of what is behind the key that they dial, and of no more when they ask again.
#[test]
fn a_restored_person_is_told_again_of_the_keys_that_they_lack() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), alone());
    let known = relationship(&shared, &[1], 1);
    let id = known.id.clone();
    for generation in 1..=2 {
        moved(&shared, generation);
    }
    let mut following = known.clone();
    write(&shared, move |txn| {
        moves::tell(txn, &mut following, NOW)?;
        following.generation = 2;
        following.save(txn);
        Mailbox::new(&following.id).delivered(txn, 2)
    });
    assert_eq!(statements(&shared, &known), 0);
    let tell = |from: u32| {
        let id = id.clone();
        let told = shared.store.write_blocking(move |txn| restored::tell(txn, &id, from, NOW));
        told.unwrap();
        statements(&shared, &known)
    };
    assert_eq!(tell(1), 1);
    assert_eq!(tell(1), 1);
    // Another backup, which is older still.
    assert_eq!(tell(0), 3);
    assert_eq!(tell(2), 3);
}

/// A request is the same bytes each time that it is asked under a key, and another document under another key.
#[tokio::test]
async fn a_request_is_asked_under_the_key_that_the_customer_knows() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), alone());
    let text = r#"title = "Repairs"
legal_basis = "contract"
mode = "continuous"
retention = { duration = "P2Y", after = "end of contract" }

[[field]]
path = "phone.mobile"
required = true
reason = "to call you"
purposes = ["serviceProvision"]
"#;
    crate::ask::make(&shared, text, "ask.toml").await.unwrap();
    let first = shared.ask(None).unwrap().request.clone();
    moved(&shared, 1);
    let second = shared.request(first.id(), &shared.keys.at(1)).unwrap();
    assert_eq!(*second.issuer(), shared.keys.at(1).did);
    assert_eq!((second.id(), second.subject()), (first.id(), first.subject()));
    assert_eq!(shared.request(first.id(), &shared.keys.at(1)).unwrap(), second);
    assert_eq!(shared.request(first.id(), &shared.keys.at(0)).unwrap(), first);
}
