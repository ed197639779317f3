//! The page's messages: every language has every message, and the words of the vocabulary are all there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

/// A folder for each language, a Fluent file for each part.
const FOLDER: &str = "crates/page/messages";

/// The language that the others are translated from, whose labels are those of the vocabulary.
const FIRST: &str = "en";

const VOCABULARY: &str = "specs/vocabulary.json";

/// A language's messages, by file and name.
type Messages = BTreeMap<(String, String), String>;

pub(super) fn failures(root: &Path) -> Vec<String> {
    let mut languages = BTreeMap::new();
    let mut failures = Vec::new();
    for folder in entries(&root.join(FOLDER)) {
        let (language, mut messages) = (file_name(&folder), Messages::new());
        for file in entries(&folder) {
            let text = fs::read_to_string(&file).unwrap_or_default();
            for (name, value) in read(&text) {
                if messages.insert((file_name(&file), name.clone()), value).is_some() {
                    failures
                        .push(format!("{FOLDER}/{language}/{}: {name} stands there twice", file_name(&file)));
                }
            }
        }
        languages.insert(language, messages);
    }
    let Some(first) = languages.get(FIRST) else { return vec![format!("{FOLDER}/{FIRST} is missing")] };
    for (language, messages) in &languages {
        failures.extend(differences(language, first, messages));
    }
    let vocabulary = fs::read_to_string(root.join(VOCABULARY)).unwrap_or_default();
    failures.extend(labels(&vocabulary, first));
    failures
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut entries: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Names and the first lines of values. What is indented or closes a choice belongs to the message before it.
fn read(text: &str) -> Vec<(String, String)> {
    let begins = |line: &&str| line.starts_with(|c: char| c.is_ascii_alphabetic());
    let parts = text.lines().filter(begins).filter_map(|line| line.split_once('='));
    parts.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

fn differences(language: &str, first: &Messages, messages: &Messages) -> Vec<String> {
    let names = |messages: &Messages| messages.keys().cloned().collect::<BTreeSet<_>>();
    let (wanted, there) = (names(first), names(messages));
    let tell =
        |verb: &str, (file, name): &(String, String)| format!("{FOLDER}/{language}/{file}: {verb} {name}");
    let lacking = wanted.difference(&there).map(|name| tell("lacks", name));
    let surplus = there.difference(&wanted).map(|name| tell("alone has", name));
    lacking.chain(surplus).collect()
}

/// What the vocabulary has and its messages in the first language lack or say otherwise, and what they have beside it.
fn labels(vocabulary: &str, first: &Messages) -> Vec<String> {
    let Ok(vocabulary) = serde_json::from_str::<Value>(vocabulary) else {
        return vec![format!("{VOCABULARY} is no JSON")];
    };
    let list = |name: &str| vocabulary[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value, member: &str| value[member].as_str().unwrap_or_default().to_owned();
    let mut wanted = BTreeMap::new();
    for field in list("fields") {
        let path = text(&field, "path");
        let facet = path.split('.').next().unwrap_or_default();
        wanted.insert(format!("facet-{facet}"), None);
        wanted.insert(format!("field-{}", path.replace('.', "-")), Some(text(&field, "label")));
    }
    for (kind, prefix) in
        [("purposes", "purpose"), ("legalBases", "basis"), ("erasureExceptions", "exception")]
    {
        for term in list(kind) {
            let name = format!("{prefix}-{}", text(&term, "name"));
            wanted.insert(format!("{name}-sentence"), Some(text(&term, "sentence")));
            wanted.insert(name, Some(text(&term, "label")));
        }
    }
    let file = "vocabulary.ftl".to_owned();
    let mut failures = Vec::new();
    for (name, label) in &wanted {
        match (first.get(&(file.clone(), name.clone())), label) {
            (None, _) => failures.push(format!("{FOLDER}/{FIRST}/{file}: lacks {name}")),
            (Some(said), Some(label)) if said != label => {
                failures
                    .push(format!("{FOLDER}/{FIRST}/{file}: {name} is not what {VOCABULARY} says: {label}"));
            }
            _ => {}
        }
    }
    if wanted.is_empty() {
        failures.push(format!("{VOCABULARY} has no field"));
    }
    let is_of_it =
        |name: &str| ["field-", "purpose-", "basis-", "exception-"].iter().any(|it| name.starts_with(it));
    let surplus =
        first.keys().filter(|(of, name)| *of == file && is_of_it(name) && !wanted.contains_key(name));
    failures.extend(surplus.map(|(_, name)| format!("{FOLDER}/{FIRST}/{file}: {VOCABULARY} has no {name}")));
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Messages {
        read(text).into_iter().map(|(name, value)| (("vocabulary.ftl".to_owned(), name), value)).collect()
    }

    #[test]
    fn a_language_that_lacks_a_message_or_has_one_alone_fails() {
        let first =
            messages("# A comment\n\na-b = One { $count ->\n    [one] x = y\n   *[other] z\n}\nc = Two\n");
        assert_eq!(first.len(), 2);
        assert!(differences("de", &first, &messages("c = Zwei\na-b = Eins\n")).is_empty());
        let failures = differences("de", &first, &messages("a-b = Eins\nd = Drei\n"));
        assert_eq!(failures.len(), 2, "{failures:?}");
        assert!(failures[0].ends_with("lacks c") && failures[1].ends_with("alone has d"), "{failures:?}");
    }

    #[test]
    fn a_label_has_to_be_the_vocabularys() {
        let vocabulary = r#"{"fields": [{"path": "phone.workMobile", "label": "Mobile phone at work"}]}"#;
        let right = "facet-phone = Phone\nfield-phone-workMobile = Mobile phone at work\n";
        assert_eq!(labels(vocabulary, &messages(right)), Vec::<String>::new());
        let check = |text: &str, end: &str| {
            let failures = labels(vocabulary, &messages(text));
            assert!(failures.len() == 1 && failures[0].ends_with(end), "{failures:?}");
        };
        check("facet-phone = Phone\n", "lacks field-phone-workMobile");
        check(&right.replace("at work", "there"), "says: Mobile phone at work");
        check(&format!("{right}field-phone-old = Old\n"), "has no field-phone-old");
    }
}
