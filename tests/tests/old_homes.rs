//! Homes that earlier versions made open with the program of today, show what they showed, and take new writes. How they
//! were made stands in `tests/compat/README.md`.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use freehold_tests::program::Home;
use serde_json::Value;

fn old() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("compat");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let homes: Vec<PathBuf> = entries.filter(|path| path.join("shows").is_dir()).collect();
    assert!(!homes.is_empty());
    homes
}

/// A copy, as private as a home is.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).unwrap();
    for path in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let copied = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, &copied).unwrap();
            fs::set_permissions(&copied, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

/// Where the old value is not in the new one. Members may have been added.
fn differs(old: &Value, new: &Value, at: &str) -> Option<String> {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => old.iter().find_map(|(name, value)| {
            differs(value, new.get(name).unwrap_or(&Value::Null), &format!("{at}.{name}"))
        }),
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => old
            .iter()
            .zip(new)
            .enumerate()
            .find_map(|(n, (old, new))| differs(old, new, &format!("{at}[{n}]"))),
        _ => (old != new).then(|| format!("{at} was {old} and is {new}")),
    }
}

/// What the home shows, against what it showed.
fn compare(home: &Home, kind: &str, shows: &Path) -> usize {
    let mut compared = 0;
    for path in fs::read_dir(shows).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(words) = name.strip_prefix(kind).and_then(|rest| rest.strip_prefix('.')) else { continue };
        let words: Vec<&str> = words.split('+').collect();
        let output = home.output(&words);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let json = |text: &[u8]| -> Vec<Value> {
            String::from_utf8_lossy(text).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let old = Value::Array(json(&fs::read(&path).unwrap()));
        let difference = differs(&old, &Value::Array(json(&output.stdout)), "");
        assert_eq!(difference, None, "{}", path.display());
        compared += 1;
    }
    compared
}

#[test]
fn the_homes_of_earlier_versions_open_and_go_on() {
    for old in old() {
        let (mut person, mut hub) = (Home::person(), Home::hub());
        copy(&old.join("person"), &person.path());
        copy(&old.join("hub"), &hub.path());
        let headers = |home: &Home| {
            let path = home.path();
            ["keys", "home.json", "store/format"].map(|name| fs::read(path.join(name)).unwrap())
        };
        let before = [headers(&person), headers(&hub)];
        person.start();
        hub.start();
        // The header of before stays: what a step replaces is kept beside it, and nothing else of the header changes.
        for (home, [keys, kind, format]) in [&person, &hub].into_iter().zip(before) {
            let [keys_now, kind_now, format_now] = headers(home);
            assert_eq!((keys_now, kind_now), (keys, kind));
            if format_now != format {
                assert_eq!(fs::read(home.path().join("store/format.1")).unwrap(), format);
            }
        }
        assert!(compare(&person, "person", &old.join("shows")) >= 5);
        assert!(compare(&hub, "hub", &old.join("shows")) >= 2);

        let _ = person.json(&["set", "phone.mobile=+491700000001"]);
        let _ = hub.json(&["message", "send", "C-17", "acme-tips/1/tip"]);
        person.kill();
        hub.kill();
        person.start();
        hub.start();
        let field = person.json(&["get", "phone.mobile", "--verify"]);
        assert_eq!((&field[0]["value"], &field[0]["verified"]), (&"+491700000001".into(), &true.into()));
        assert!(person.output(&["audit", "verify"]).status.success());
        assert!(compare(&hub, "hub", &old.join("shows")) >= 2);

        // Back by hand, as `specs/versions.md` says: what the earlier program would find is a store of its own format.
        person.kill();
        hub.kill();
        for store in [&person, &hub].map(|home| home.path().join("store")) {
            if store.join("format.1").exists() {
                fs::copy(store.join("format.1"), store.join("format")).unwrap();
            }
        }
        person.start();
        hub.start();
        assert!(compare(&hub, "hub", &old.join("shows")) >= 2);
        assert_eq!(person.json(&["get", "phone.mobile"])[0]["value"], "+491700000001");
    }
}
