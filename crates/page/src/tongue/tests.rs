use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use axum::http::{HeaderMap, HeaderValue, header};

use super::*;

/// Every message of a language's files with the names of what is put into it.
fn messages(files: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for file in files {
        FluentResource::try_new((*file).to_owned()).map_err(|(_, errors)| errors).unwrap();
        let mut key = String::new();
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) =
                line.split_once('=').filter(|_| line.starts_with(|c: char| c.is_ascii_alphabetic()))
            {
                key = name.trim().to_owned();
                assert!(all.insert(key.clone(), BTreeSet::new()).is_none(), "{key} stands twice");
            }
            for part in line.split("{ $").skip(1) {
                let name = part.split([' ', '}']).next().unwrap().to_owned();
                all.get_mut(&key).unwrap().insert(name);
            }
        }
    }
    all
}

fn sources(dir: &Path, all: &mut String) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.file_name().is_some_and(|name| name != "tests.rs") {
            all.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_language_says_everything_with_the_same_things_put_in() {
    let (english, german) = (messages(&EN), messages(&DE));
    let keys = |all: &BTreeMap<String, BTreeSet<String>>| all.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(&english), keys(&german));
    for (key, names) in &english {
        assert_eq!(names, &german[key], "{key}");
    }
}

#[test]
fn every_text_that_the_pages_ask_for_is_there_and_gets_what_it_needs() {
    let known = messages(&EN);
    let mut text = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    let mut asked = 0;
    for call in text.split("say!(").skip(1) {
        let Some((tongue, rest)) = call.split_once('"') else { continue };
        // The examples in comments and the macro itself.
        if tongue.contains(['$', '\n', ')']) || tongue.ends_with("tongue, ") && rest.starts_with("key") {
            continue;
        }
        let (key, rest) = rest.split_once('"').unwrap();
        let names = known.get(key).unwrap_or_else(|| panic!("{key} is not in the messages"));
        for name in names {
            let given = rest.split(';').next().unwrap();
            assert!(given.contains(&format!("{name} = ")), "{key} is not given {name}");
        }
        asked += 1;
    }
    assert!(asked > 200, "{asked}");
}

#[test]
fn every_field_facet_and_purpose_has_a_name_in_every_language() {
    for tongue in Tongue::all() {
        let vocabulary = Vocabulary::standard();
        let missing = |key: String| assert!(tongue.find(&key, None).is_some(), "{}: {key}", tongue.tag);
        for field in vocabulary.fields() {
            let path = field.path.as_str();
            missing(format!("field-{}", path.replace('.', "-")));
            missing(format!("facet-{}", path.split('.').next().unwrap()));
            if field.values.iter().all(|value| value.bytes().all(|byte| byte.is_ascii_alphabetic())) {
                field
                    .values
                    .iter()
                    .for_each(|value| missing(format!("value-{}-{value}", path.replace('.', "-"))));
            }
        }
        for purpose in vocabulary.purposes() {
            missing(format!("purpose-{}", purpose.name));
            missing(format!("purpose-{}-sentence", purpose.name));
        }
        vocabulary.legal_bases().iter().for_each(|basis| missing(format!("basis-{}", basis.name)));
    }
}

#[test]
fn the_language_is_the_one_that_the_browser_prefers_of_those_there_are() {
    let preferred = |said: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(said));
        Tongue::preferred(&headers).tag
    };
    assert_eq!(preferred("de-CH,de;q=0.9,en;q=0.8"), "de");
    assert_eq!(preferred("fr, en;q=0.5, de;q=0.7"), "de");
    assert_eq!(preferred("fr"), "en");
    assert_eq!(preferred(""), "en");
}

#[test]
fn counts_and_spans_read_as_words() {
    let tongue = Tongue::of("en").unwrap();
    assert_eq!(tongue.ago(60), "one minute");
    assert_eq!(tongue.ago(7_200), "2 hours");
    assert_eq!(tongue.duration("P2Y"), "2 years");
    assert_eq!(tongue.duration("P1Y6M"), "P1Y6M");
    assert_eq!(tongue.field("x.note"), "x.note");
}
