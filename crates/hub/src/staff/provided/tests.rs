use super::*;
use crate::staff::journal;
use crate::tests::{NOW, alone, hub};
use freehold_store::Store;

fn vouched(subject: &str, name: &str, standing: Standing) -> Vouched {
    Vouched {
        issuer: "https://id.example".to_owned(),
        subject: subject.to_owned(),
        name: Some(name.to_owned()),
        standing,
    }
}

fn come(store: &Store, vouched: &Vouched) -> Outcome {
    let vouched = vouched.clone();
    store.write_blocking(move |txn| sign_in(txn, &vouched, NOW)).unwrap().into_inner()
}

fn add(store: &Store, name: &str, password: Option<&str>) {
    let user = User::new(name, Role::Viewer, password.map(str::to_owned), NOW).unwrap();
    store.write_blocking(move |txn| users::add(txn, &user)).unwrap();
}

fn said(store: &Store) -> Vec<String> {
    journal::before(store, None, 99).unwrap().into_iter().rev().map(|entry| entry.what).collect()
}

const AGENT: Standing = Standing::Claimed(Some(Role::Agent));

#[test]
fn without_roles_of_the_provider_only_who_is_listed_without_a_password_comes_in() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), alone());
    add(&shared.store, "ada", None);
    add(&shared.store, "bob", Some("record"));
    let come = |subject: &str, name: &str| come(&shared.store, &vouched(subject, name, Standing::Listed));
    assert!(matches!(come("7", "eve"), Err(StaffError::Unlisted(name)) if name == "eve"));
    // Whoever calls themselves as somebody with a password is somebody else.
    assert!(matches!(come("7", "bob"), Err(StaffError::Taken(_))));
    let known = come("1", "ada").unwrap();
    assert_eq!((known.name.as_str(), known.role), ("ada", Role::Viewer));
    // The name is hers from now on, whatever others call themselves, and whatever she does later.
    assert!(matches!(come("7", "ada"), Err(StaffError::Taken(_))));
    assert_eq!(come("1", "ada.lovelace").unwrap().name, "ada");
    let refused = "sign-in-refused";
    assert_eq!(said(&shared.store), [refused, refused, "signed-in", refused, "signed-in"]);
}

#[test]
fn with_roles_of_the_provider_somebody_is_added_changed_and_removed_by_its_word() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), alone());
    let come = |subject: &str, standing| come(&shared.store, &vouched(subject, "ada", standing));
    assert!(matches!(come("1", Standing::Claimed(None)), Err(StaffError::NoRole(_))));
    assert!(User::load(&shared.store, "ada").unwrap().is_none());
    assert_eq!(come("1", AGENT).unwrap().role, Role::Agent);
    assert_eq!(come("1", Standing::Claimed(Some(Role::Viewer))).unwrap().role, Role::Viewer);
    assert_eq!(User::load(&shared.store, "ada").unwrap().unwrap().role, Role::Viewer);
    assert!(matches!(come("2", AGENT), Err(StaffError::Taken(_))));
    assert!(matches!(come("1", Standing::Claimed(None)), Err(StaffError::NoRole(_))));
    assert!(User::load(&shared.store, "ada").unwrap().is_none(), "their sessions end with them");
    let refused = "sign-in-refused";
    let expected =
        [refused, "user-added", "signed-in", "user-changed", "signed-in", refused, "user-removed", refused];
    assert_eq!(said(&shared.store), expected);
    assert_eq!(journal::verify(&shared.store), Ok(8));
}

#[test]
fn a_name_that_steers_a_terminal_or_belongs_to_a_password_is_nobodys() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), alone());
    add(&shared.store, "bob", Some("record"));
    let come = |name: &str| come(&shared.store, &vouched("1", name, AGENT));
    for name in ["<b>", "a b", "", "a\u{1b}[2J"] {
        assert!(matches!(come(name), Err(StaffError::Name)), "{name:?}");
    }
    assert!(matches!(come("bob"), Err(StaffError::Taken(_))));
    let nameless = Vouched { name: None, ..vouched("1", "", AGENT) };
    assert!(matches!(super::tests::come(&shared.store, &nameless), Err(StaffError::Nameless)));
    assert_eq!(users::all(&shared.store).unwrap().len(), 1);
}

#[test]
fn another_provider_with_the_same_words_is_another_person() {
    let dir = tempfile::tempdir().unwrap();
    let shared = hub(dir.path(), alone());
    come(&shared.store, &vouched("1", "ada", AGENT)).unwrap();
    let other = Vouched { issuer: "https://other.example".to_owned(), ..vouched("1", "ada", AGENT) };
    assert!(matches!(come(&shared.store, &other), Err(StaffError::Taken(_))));
}
