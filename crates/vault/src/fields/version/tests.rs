use freehold_store::{Entries, Store};

use super::*;
use crate::fields::{
    CHANGES_MAX, Change, ChangeSet, FieldError, SOURCE_BYTES_MAX, apply, change, change_meant_by, changes,
    note_empty,
};
use crate::scratch::{Scratch, path};
use crate::{LookupError, tables};

fn key() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

fn set(path: &str, value: &str) -> Change {
    Change { path: self::path(path), value: Some(value.into()) }
}

fn unset(path: &str) -> Change {
    Change { path: self::path(path), value: None }
}

fn try_apply(scratch: &Scratch, at: u64, changes: &[Change]) -> Result<ChangeSet, FieldError> {
    let changes = changes.to_vec();
    scratch.write(move |txn| {
        let applied = apply(txn, &changes, "cli", Timestamp::from_millis(at), &key());
        Ok::<_, ReadError>(applied)
    })
}

fn applied(scratch: &Scratch, at: u64, changes: &[Change]) -> ChangeSet {
    try_apply(scratch, at, changes).unwrap()
}

fn erased(scratch: &Scratch, path: &str) -> u64 {
    let path = self::path(path);
    scratch.write(move |txn| erase(txn, &path))
}

fn values(reader: &impl Reader, path: &str) -> Vec<(Version, Option<String>)> {
    let history = history(reader, &self::path(path)).unwrap();
    history.into_iter().map(|version| (version.version, version.value)).collect()
}

fn records(scratch: &Scratch) -> usize {
    scratch.store.scan(&Key::from_bytes(vec![])).count()
}

#[test]
fn a_change_set_gives_each_changed_field_one_signed_version() {
    let scratch = Scratch::new();
    let first = applied(&scratch, 1, &[set("phone.mobile", "+49 170 1234567"), set("name.given", "Ada")]);
    let second = applied(&scratch, 2, &[set("name.given", "Grace"), set("phone.mobile", "+491701234567")]);
    assert_eq!(first.versions, [(path("phone.mobile"), 1), (path("name.given"), 1)].into());
    assert_eq!(second.versions, [(path("name.given"), 2)].into());
    let scratch = scratch.reopened();
    let current = current(&scratch.store, &path("name.given")).unwrap().unwrap();
    let expected = FieldVersion {
        path: path("name.given"),
        version: 2,
        value: Some("Grace".into()),
        change: second.id.clone(),
        source: "cli".into(),
        at: Timestamp::from_millis(2),
    };
    assert_eq!(current, expected);
    assert!(!format!("{current:?} {:?}", set("name.given", "Grace")).contains("Grace"));
    assert_eq!(change(&scratch.store, &first.id).unwrap(), Some(first.clone()));
    assert_eq!(changes(&scratch.store, 10).unwrap(), [second.clone(), first.clone()]);
    assert_eq!(changes(&scratch.store, 1).unwrap(), [second]);
    assert_eq!(change_meant_by(&scratch.store, first.id.as_str()).unwrap(), first);
    assert_eq!(change_meant_by(&scratch.store, first.id.short()).unwrap(), first);
    let unknown = change_meant_by(&scratch.store, "x");
    assert!(matches!(unknown, Err(LookupError::Unknown { what: "change" })));
}

#[test]
fn each_version_is_had_by_its_number_and_shown_without_its_value() {
    let scratch = Scratch::new();
    applied(&scratch, 1, &[set("name.given", "Ada")]);
    applied(&scratch, 2, &[unset("name.given")]);
    let version = |n| at(&scratch.store, &path("name.given"), n).unwrap();
    let values = [version(1).unwrap().value, version(2).unwrap().value];
    assert_eq!(values, [Some("Ada".into()), None]);
    assert_eq!((version(0), version(3)), (None, None));
    assert_eq!(format!("{:?}", version(1).unwrap()), "FieldVersion(name.given version 1, set)");
    assert_eq!(format!("{:?}", version(2).unwrap()), "FieldVersion(name.given version 2, unset)");
}

/// Nothing on the disk tells that a field which never was has been asked for.
#[test]
fn erasing_a_field_that_was_never_set_writes_nothing() {
    let scratch = Scratch::new();
    assert_eq!(erased(&scratch, "name.given"), 0);
    assert_eq!(records(&scratch), 0);
}

#[test]
fn one_refused_change_leaves_nothing_of_the_set() {
    let scratch = Scratch::new();
    applied(&scratch, 1, &[set("name.given", "Ada")]);
    let before = records(&scratch);
    let good = set("name.given", "Grace");
    let refusal = |changes: &[Change]| {
        let error = try_apply(&scratch, 2, changes).unwrap_err();
        assert_eq!(records(&scratch), before, "{error}");
        assert_eq!(values(&scratch.store, "name.given"), [(1, Some("Ada".into()))], "{error}");
        error.to_string()
    };
    let bad = refusal(&[good.clone(), set("phone.mobile", "secret-number")]);
    assert!(bad.starts_with("phone.mobile: ") && !bad.contains("secret-number"), "{bad}");
    let unknown = refusal(&[good.clone(), set("phone.mobil", "+49 170 1234567")]);
    assert!(unknown.contains("phone.mobile"), "{unknown}");
    assert!(refusal(&[good.clone(), unset("phone.mobil")]).contains("phone.mobile"));
    assert!(refusal(&[good.clone(), unset("name.given")]).contains("twice"));
    let many: Vec<_> = (0..=CHANGES_MAX).map(|i| set(&format!("x.{i}"), "y")).collect();
    assert!(refusal(&many).contains("4097"));
}

#[test]
fn what_stays_the_same_writes_nothing() {
    let scratch = Scratch::new();
    applied(&scratch, 1, &[set("name.given", "Ada")]);
    let before = records(&scratch);
    let none = applied(&scratch, 2, &[set("name.given", " Ada "), unset("name.family"), unset("x.own")]);
    assert!(none.versions.is_empty());
    assert_eq!(records(&scratch), before);
    assert_eq!(change(&scratch.store, &none.id).unwrap(), None);
    assert_eq!(version(&scratch.store, &path("name.family")).unwrap(), 0);
}

#[test]
fn history_is_newest_first_and_an_unset_field_is_a_version_without_a_value() {
    let scratch = Scratch::new();
    for (at, change) in [set("x.a", "1"), set("x.a", "2"), unset("x.a"), set("x.ab", "3")].iter().enumerate()
    {
        applied(&scratch, at as u64, std::slice::from_ref(change));
    }
    let expected = [(3, None), (2, Some("2".into())), (1, Some("1".into()))];
    assert_eq!(values(&scratch.store, "x.a"), expected);
    assert_eq!(current(&scratch.store, &path("x.a")).unwrap().unwrap().value, None);
    assert_eq!(version(&scratch.store, &path("x.a")).unwrap(), 3);
    applied(&scratch, 9, &[set("x.a", "4")]);
    assert_eq!(version(&scratch.store, &path("x.a")).unwrap(), 4);
}

#[test]
fn two_change_sets_of_one_transaction_build_on_each_other() {
    let scratch = Scratch::new();
    scratch.write(|txn| {
        let now = Timestamp::from_millis(1);
        apply(txn, &[set("x.a", "1")], "cli", now, &key())?;
        apply(txn, &[set("x.a", "2")], "cli", now, &key())
    });
    assert_eq!(values(&scratch.store, "x.a"), [(2, Some("2".into())), (1, Some("1".into()))]);
    assert_eq!(changes(&scratch.store, 10).unwrap().len(), 2);
}

#[test]
fn fields_with_a_value_are_listed_by_path_and_whole_segments() {
    let scratch = Scratch::new();
    applied(&scratch, 1, &[set("x.b.c", "1"), set("x.a", "2"), set("x.bc", "3"), set("x.b.d", "4")]);
    applied(&scratch, 2, &[unset("x.b.d"), set("x.a", "5")]);
    let listed = |prefix: Option<&str>| -> Vec<_> {
        let prefix = prefix.map(|text| Prefix::parse(text).unwrap());
        let fields = list(&scratch.store, prefix.as_ref()).unwrap();
        fields.into_iter().map(|field| (field.path.to_string(), field.value.unwrap())).collect()
    };
    let pair = |path: &str, value: &str| (path.to_owned(), value.to_owned());
    assert_eq!(listed(None), [pair("x.a", "5"), pair("x.b.c", "1"), pair("x.bc", "3")]);
    assert_eq!(listed(Some("x.b")), [pair("x.b.c", "1")]);
    assert_eq!(listed(Some("phone")), []);
}

#[test]
fn erasing_leaves_no_version_and_the_count_goes_on() {
    let scratch = Scratch::new();
    applied(&scratch, 1, &[set("x.a", "1"), set("x.ab", "kept")]);
    applied(&scratch, 2, &[set("x.a", "2")]);
    assert_eq!(erased(&scratch, "x.a"), 2);
    let scratch = scratch.reopened();
    let versions = versions_key(&scratch.store, &path("x.a"));
    assert_eq!(scratch.store.scan(&versions).count(), 0);
    assert_eq!(current(&scratch.store, &path("x.a")).unwrap(), None);
    assert_eq!(version(&scratch.store, &path("x.a")).unwrap(), 3);
    assert_eq!(verify(&scratch.store, &path("x.a"), &key().public()), Ok(()));
    assert_eq!(list(&scratch.store, None).unwrap().len(), 1);
    let tip = scratch.store.get(&tip_key(&scratch.store, &path("x.a"))).unwrap().unwrap();
    assert!(!tip.windows(3).any(|window| window == b"x.a"));

    assert_eq!(erased(&scratch, "x.a"), 0);
    assert_eq!(erased(&scratch, "x.never"), 0);
    assert_eq!(version(&scratch.store, &path("x.a")).unwrap(), 3);
    assert!(applied(&scratch, 3, &[unset("x.a")]).versions.is_empty());
    applied(&scratch, 4, &[set("x.a", "2")]);
    assert_eq!(values(&scratch.store, "x.a"), [(4, Some("2".into()))]);
    assert_eq!(verify(&scratch.store, &path("x.a"), &key().public()), Ok(()));
}

#[test]
fn an_altered_or_moved_version_does_not_verify() {
    let scratch = Scratch::new();
    for (at, value) in ["1", "2", "3"].iter().enumerate() {
        applied(&scratch, at as u64, &[set("x.a", value)]);
    }
    let own = key().public();
    let a = path("x.a");
    let at = move |reader: &Store, version| versions_key(reader, &path("x.a")).with_u64(version);
    assert_eq!(verify(&scratch.store, &a, &own), Ok(()));
    let other = SigningKey::from_seed(&[2; 32]).public();
    assert_eq!(verify(&scratch.store, &a, &other), Err(Code::WrongSigner));

    let second = scratch.store.get(&at(&scratch.store, 2)).unwrap().unwrap();
    let put = |version, bytes: Vec<u8>| {
        let key = at(&scratch.store, version);
        scratch.write(move |txn| {
            txn.put_erasable(key, bytes);
            Ok::<_, ReadError>(())
        });
    };
    let mut altered = second.clone();
    let value = altered.windows(7).position(|window| window == b"evalue\x61").map(|found| found + 7).unwrap();
    assert_eq!(altered[value], b'2');
    altered[value] = b'9';
    put(2, altered);
    assert_eq!(values(&scratch.store, "x.a")[1], (2, Some("9".into())));
    assert_eq!(verify_version(&scratch.store, &a, 2, &own), Err(Code::BadSignature));
    assert_eq!(verify_version(&scratch.store, &a, 3, &own), Ok(()));
    assert_eq!(verify(&scratch.store, &a, &own), Err(Code::BadSignature));

    put(2, second.clone());
    assert_eq!(verify(&scratch.store, &a, &own), Ok(()));
    put(3, second);
    assert_eq!(verify(&scratch.store, &a, &own), Err(Code::Malformed));
}

#[test]
fn a_missing_version_does_not_verify_wherever_it_was() {
    for missing in 1..=3 {
        let scratch = Scratch::new();
        for (at, value) in ["1", "2", "3"].iter().enumerate() {
            applied(&scratch, at as u64, &[set("x.a", value)]);
        }
        let removed = versions_key(&scratch.store, &path("x.a")).with_u64(missing);
        scratch.write(move |txn| {
            txn.delete(&removed);
            Ok::<_, ReadError>(())
        });
        let own = key().public();
        assert_eq!(verify(&scratch.store, &path("x.a"), &own), Err(Code::SequenceGap), "{missing}");
        let alone = verify_version(&scratch.store, &path("x.a"), missing, &own);
        assert_eq!(alone, Err(Code::SequenceGap), "{missing}");
    }
}

/// A reader that only knows single records.
struct NoScan<'a>(&'a Store);

impl Reader for NoScan<'_> {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadError> {
        self.0.get(key)
    }

    fn last(&self, _: &Key) -> Result<Option<(Key, Vec<u8>)>, ReadError> {
        panic!("looked for the last record")
    }

    fn scan(&self, _: &Key) -> Entries<'_> {
        panic!("scanned")
    }

    fn hidden(&self, label: &[u8]) -> [u8; 16] {
        self.0.hidden(label)
    }
}

#[test]
fn the_current_version_is_read_without_a_scan() {
    let scratch = Scratch::new();
    applied(&scratch, 1, &[set("x.a", "1")]);
    applied(&scratch, 2, &[set("x.a", "2")]);
    let reader = NoScan(&scratch.store);
    assert_eq!(current(&reader, &path("x.a")).unwrap().unwrap().version, 2);
    assert_eq!(version(&reader, &path("x.a")).unwrap(), 2);
    assert_eq!(current(&reader, &path("x.b")).unwrap(), None);
}

#[test]
fn applying_reads_neither_older_versions_nor_other_fields_nor_older_change_sets() {
    let scratch = Scratch::new();
    for (at, value) in ["1", "2", "3"].iter().enumerate() {
        applied(&scratch, at as u64, &[set("x.a", value), set("x.b", value)]);
    }
    // Whoever reads one of these fails.
    let store = &scratch.store;
    let mut spoiled = vec![versions_key(store, &path("x.a")).with_u64(1)];
    spoiled.extend([1, 2, 3].map(|n| versions_key(store, &path("x.b")).with_u64(n)));
    spoiled.push(tip_key(store, &path("x.b")));
    spoiled.extend([1, 2].map(|n| Key::new(tables::CHANGES).with_u64(n).with(&[0, 0])));
    scratch.write(move |txn| {
        spoiled.into_iter().for_each(|key| txn.put(key, b"spoiled".to_vec()));
        Ok::<_, ReadError>(())
    });
    assert!(list(&scratch.store, None).is_err() && history(&scratch.store, &path("x.a")).is_err());
    applied(&scratch, 9, &[set("x.a", "4")]);
    assert_eq!(current(&scratch.store, &path("x.a")).unwrap().unwrap().version, 4);
}

#[test]
fn no_path_and_no_value_stands_in_a_key() {
    let scratch = Scratch::new();
    applied(&scratch, 1, &[set("x.secretname", "secretvalue")]);
    for entry in scratch.store.scan(&Key::from_bytes(vec![])) {
        let (key, _) = entry.unwrap();
        assert!(!key.as_bytes().windows(6).any(|window| window == b"secret"), "{key:?}");
    }
}

#[test]
fn a_change_set_has_so_many_changes_and_a_source_so_many_bytes_at_most() {
    let scratch = Scratch::new();
    let many: Vec<_> = (0..CHANGES_MAX).map(|number| set(&format!("x.{number}"), "y")).collect();
    assert_eq!(applied(&scratch, 1, &many).versions.len(), CHANGES_MAX);
    let from = |source: String| {
        scratch.write(move |txn| {
            let applied = apply(txn, &[set("name.given", &source)], &source, Timestamp::default(), &key());
            Ok::<_, ReadError>(applied)
        })
    };
    assert!(from("s".repeat(SOURCE_BYTES_MAX)).is_ok());
    for source in [String::new(), "s".repeat(SOURCE_BYTES_MAX + 1)] {
        assert!(matches!(from(source), Err(FieldError::Source)));
    }
}

/// A field that has a version, with or without a value, says enough: only one that never had any is noted.
#[test]
fn a_field_that_never_was_is_noted_as_empty_once() {
    let scratch = Scratch::new();
    applied(&scratch, 1, &[set("name.given", "Ada")]);
    let note = |at: u64| {
        scratch.write(move |txn| {
            let paths = ["name.given", "name.family"].map(path);
            note_empty(txn, paths, "restore", Timestamp::from_millis(at), &key())
        })
    };
    assert_eq!(note(2), [(path("name.family"), 1)].into());
    assert_eq!(values(&scratch.store, "name.family"), [(1, None)]);
    assert_eq!(values(&scratch.store, "name.given"), [(1, Some("Ada".into()))]);
    verify(&scratch.store, &path("name.family"), &key().public()).unwrap();
    let set = changes(&scratch.store, 1).unwrap().remove(0);
    assert_eq!((set.source.as_str(), set.at), ("restore", Timestamp::from_millis(2)));
    let before = records(&scratch);
    assert!(note(3).is_empty());
    assert_eq!((records(&scratch), changes(&scratch.store, 9).unwrap().len()), (before, 2));
}
