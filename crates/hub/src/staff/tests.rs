use super::*;
use crate::tables;
use crate::tests::{NOW, alone, hub, write};

fn user(name: &str, role: Role) -> User {
    User::new(name, role, Some("record".to_owned()), NOW).unwrap()
}

#[test]
fn the_last_administrator_stays_while_there_are_others_to_administer() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), alone());
    let change = |change: fn(&mut freehold_store::Txn) -> Result<(), StaffError>| {
        shared.store.write_blocking(change).map(|_| ()).map_err(StaffError::from)
    };
    change(|txn| users::add(txn, &user("ada", Role::Admin))).unwrap();
    change(|txn| users::add(txn, &user("bob", Role::Viewer))).unwrap();
    assert!(matches!(change(|txn| users::add(txn, &user("bob", Role::Admin))), Err(StaffError::Exists(_))));
    assert!(matches!(change(|txn| users::remove(txn, "ada")), Err(StaffError::LastAdmin(_))));
    change(|txn| users::add(txn, &user("eve", Role::Admin))).unwrap();
    change(|txn| users::remove(txn, "ada")).unwrap();
    assert!(User::load(&shared.store, "ada").unwrap().is_none());
    assert!(matches!(change(|txn| users::remove(txn, "ada")), Err(StaffError::Unknown(_))));
}

#[test]
fn a_name_steers_no_terminal_and_no_page() {
    for name in ["", "a b", "<b>", "a\n", &"x".repeat(65), "a/b"] {
        assert!(User::new(name, Role::Viewer, None, NOW).is_err(), "{name}");
    }
    assert!(User::new("ada.lovelace@acme-2", Role::Viewer, None, NOW).is_ok());
}

#[test]
fn an_edited_and_a_cut_log_of_the_staff_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), alone());
    for what in ["signed-in", "customer-seen", "signed-out"] {
        let deed = Deed::of(&Who::at_page("ada"), what).with("11111111-1111-4111-8111-111111111111");
        write(&shared, move |txn| Journal::append(txn, deed, NOW));
    }
    assert_eq!(journal::verify(&shared.store), Ok(3));
    let whats: Vec<String> =
        journal::before(&shared.store, None, 2).unwrap().into_iter().map(|e| e.what).collect();
    assert_eq!(whats, ["signed-out", "customer-seen"]);
    assert_eq!(journal::before(&shared.store, Some(2), 9).unwrap().len(), 1);

    let second = tables::journal().with_u64(2);
    let bytes = shared.store.get(&second).unwrap().unwrap();
    // Somebody else is said to have seen the customer.
    let edited: Vec<u8> = {
        let at = bytes.windows(3).position(|window| window == b"ada").unwrap();
        [&bytes[..at], b"eve", &bytes[at + 3..]].concat()
    };
    let put = second.clone();
    write(&shared, move |txn| {
        txn.put(put, edited);
        Ok(())
    });
    assert_eq!(journal::verify(&shared.store), Err(JournalBroken::At(3)));
    let put = second.clone();
    write(&shared, move |txn| {
        txn.put(put, bytes);
        Ok(())
    });
    write(&shared, |txn| {
        txn.delete(&tables::journal().with_u64(3));
        Ok(())
    });
    assert_eq!(journal::verify(&shared.store), Err(JournalBroken::End { found: 2, noted: 3 }));
    write(&shared, move |txn| {
        txn.delete(&second);
        Ok(())
    });
    assert_eq!(journal::verify(&shared.store), Err(JournalBroken::End { found: 1, noted: 3 }));
}
