//! The conversions between vCard and JSContact that the library `calcard` ships, most of them from RFC 9555, 9553,
//! 6350, 6715 and 9554: either form of a card is the same person to us.
//!
//! They lie in the library's own package, which cargo has put beside its other sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use freehold_cards::{ImportError, ImportOptions, import};
use serde_json::Value;

/// One conversion: where it stands, its name, and a card in both forms.
struct Conversion {
    place: String,
    name: String,
    forms: [String; 2],
}

/// The folder of the library's conversions.
fn folder() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let metadata = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo describes its packages");
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("cargo describes its packages");
    let packages = metadata["packages"].as_array().expect("cargo describes its packages");
    let calcard =
        packages.iter().find(|package| package["name"] == "calcard").expect("cargo describes its packages");
    let manifest = PathBuf::from(calcard["manifest_path"].as_str().expect("cargo describes its packages"));
    manifest.with_file_name("resources").join("jscontact")
}

/// The format of its files: `> test NAME`, a card, `> convert`, the same card in the other form.
fn conversions() -> Vec<Conversion> {
    let mut found: Vec<Conversion> = Vec::new();
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the package can be read")
        .map(|entry| entry.expect("the package can be read").path())
        .collect();
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("the package can be read");
        let mut form = 0;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match line.strip_prefix("> ").map(|command| command.split_once(' ').unwrap_or((command, ""))) {
                Some(("test", name)) => {
                    let place = format!(
                        "{}:{}",
                        file.file_name().expect("a file has a name").to_string_lossy(),
                        number + 1
                    );
                    found.push(Conversion { place, name: name.to_owned(), forms: Default::default() });
                    form = 0;
                }
                // The second conversion goes back to the first form.
                Some(_) => form += 1,
                None if form < 2 => {
                    let conversion = found.last_mut().expect("a test begins with its name");
                    conversion.forms[form].push_str(line);
                    conversion.forms[form].push('\n');
                }
                None => {}
            }
        }
    }
    found
}

/// A whole card of the properties that a conversion shows.
fn card(properties: &str) -> String {
    if properties.starts_with('"') {
        format!("{{\"@type\": \"Card\", \"version\": \"1.0\",\n{properties}\n}}\n")
    } else if properties.starts_with('{') || properties.starts_with("BEGIN:VCARD") {
        properties.to_owned()
    } else {
        format!("BEGIN:VCARD\nVERSION:4.0\n{properties}END:VCARD\n")
    }
}

/// The fields that we read in a card.
fn fields(properties: &str) -> Result<BTreeMap<String, String>, ImportError> {
    let options = ImportOptions { default_country: None, card: Some(1) };
    let read = import(card(properties).as_bytes(), &options)?;
    Ok(read.fields.into_iter().map(|field| (field.path.to_string(), field.value)).collect())
}

/// Where the two forms give us different fields, and why ours is the reading it is: conversion, field, reason.
const DIFFERENT: [(&str, &str, &str); 12] = [
    ("003_names.txt:8", "name.suffix", ORDER),
    ("017_rfc9554.txt:72", "name.suffix", ORDER),
    ("003_names.txt:110", "name.full", REPEATED),
    ("003_names.txt:139", "name.family name.given", REPEATED),
    ("015_rfc6350.txt:75", "name.family name.given", LANGUAGE),
    ("015_rfc6350.txt:181", "organization.title", LANGUAGE),
    ("005_address.txt:46", "address.home.street", SEPARATOR),
    ("013_localizations.txt:356", "address.home.street", SEPARATOR),
    ("014_rfc9553.txt:301", "address.work.street", SEPARATOR),
    ("014_rfc9553.txt:326", "address.home.street", SEPARATOR),
    ("014_rfc9553.txt:347", "address.home.street", SEPARATOR),
    ("015_rfc6350.txt:559", "name.nick", LIST),
];

/// RFC 9554 parts the generation from the other suffixes of a name, and RFC 9555 has no order between the two:
/// both texts name the same suffixes.
const ORDER: &str = "the order of suffixes";

/// A property that names the person stands twice, which RFC 6350 allows for FN alone. We take the first that comes;
/// from JSContact the library gives what it could only preserve before what it converted.
const REPEATED: &str = "a property that stands twice";

/// A vCard gives one property in several languages and says of none that it is the person's own. We take the first,
/// JSContact makes one of them the card and the others its localizations.
const LANGUAGE: &str = "the first language of several";

/// RFC 6350 writes parts of a street as a list, and we join lists with a comma. What stands between the parts in
/// JSContact is in the parameter JSCOMPS (RFC 9555), which other address books do not write and we do not read.
const SEPARATOR: &str = "what stands between number and street";

/// One NICKNAME of two names is one field to us; JSContact has two nicknames, and ours holds the first.
const LIST: &str = "a list in one property";

#[test]
fn both_forms_of_a_card_give_the_same_fields() {
    let conversions = conversions();
    assert_eq!(conversions.len(), 181, "the library ships other conversions: read its changes");
    for Conversion { place, name, forms } in &conversions {
        let [one, other] = [&forms[0], &forms[1]].map(|form| fields(form).unwrap());
        let paths: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        let differ: Vec<&str> =
            paths.into_iter().filter(|path| one.get(*path) != other.get(*path)).map(String::as_str).collect();
        let known = DIFFERENT.iter().find(|(known, ..)| known == place);
        let (expected, why) = known.map_or(("", "both say the same"), |(_, paths, why)| (paths, why));
        assert_eq!(differ.join(" "), expected, "{place} {name}: {why}\n{one:?}\n{other:?}");
    }
}
