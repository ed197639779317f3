use super::*;

fn quiet() -> Out {
    Out::new(true)
}

fn code<T: std::fmt::Debug>(result: Result<T, ApiError>) -> (String, u8) {
    let error = result.unwrap_err();
    (error.code, error.exit)
}

#[test]
fn a_home_lets_one_process_in_and_is_for_its_owner() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("new/home");
    let home = Home::take(&dir, Kind::Person, None).unwrap();
    assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(code(Home::take(&dir, Kind::Person, None)), ("home-in-use".into(), 4));
    drop(home);
    assert!(Home::take(&dir, Kind::Person, None).unwrap().is_new().unwrap(), "an unfinished set-up goes on");
}

#[test]
fn what_is_no_home_of_this_kind_and_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let check = |about: &str, wanted: &str| {
        std::fs::write(dir.path().join(ABOUT), about).unwrap();
        assert_eq!(code(Home::take(dir.path(), Kind::Person, None)), (wanted.to_owned(), 5), "{about}");
    };
    check(r#"{"format":2,"kind":"cloud"}"#, "home-newer");
    check(r#"{"format":1,"kind":"hub"}"#, "home-kind");
    check(r#"{"format":1"#, "not-a-home");
    std::fs::write(dir.path().join(ABOUT), r#"{"format":1,"kind":"person"}"#).unwrap();
    std::fs::create_dir(dir.path().join(STORE)).unwrap();
    assert_eq!(code(Home::take(dir.path(), Kind::Person, None).unwrap().is_new()), ("not-a-home".into(), 5));
}

#[test]
fn a_folder_with_other_things_in_it_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("passphrase");
    std::fs::write(&file, "long enough").unwrap();
    assert_eq!(code(Home::take(dir.path(), Kind::Hub, None)).0, "not-a-home");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    assert!(Home::take(dir.path(), Kind::Hub, Some(&file)).is_ok());
}

#[test]
fn a_seed_opens_with_its_passphrase_alone() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::take(dir.path(), Kind::Person, None).unwrap();
    let passphrase = |text: &str| Passphrase::new(text.to_owned()).unwrap();
    let seed = home.create(&passphrase("right enough")).unwrap();
    assert!(!home.is_new().unwrap());
    assert_eq!(*home.open(&passphrase("right enough"), &quiet()).unwrap().words(), *seed.words());
    assert_eq!(code(home.open(&passphrase("wrong enough"), &quiet())), ("wrong-passphrase".into(), 6));
}
