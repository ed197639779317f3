//! What is exported is imported again as it was.

use std::collections::BTreeMap;

use freehold_cards::{Import, ImportOptions, export_jscontact, export_vcard, import};
use freehold_protocol::path::Path;
use freehold_protocol::vocabulary::{Field, ValueType, Vocabulary};
use proptest::prelude::*;

/// Values that have the marks with a meaning in a card.
fn value(field: &Field) -> BoxedStrategy<String> {
    let text = "[a-zA-Zäß日€;,:\\\\\"'=^ .-]{1,90}";
    match field.value_type {
        ValueType::Text => text.boxed(),
        ValueType::Lines => prop::collection::vec(text, 1..=3).prop_map(|lines| lines.join("\n")).boxed(),
        ValueType::Phone => "\\+49170[1-9][0-9]{6}".boxed(),
        ValueType::Email => "[a-z+=']{1,9}@[a-z]{1,9}\\.example".boxed(),
        ValueType::Date => "(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])".boxed(),
        ValueType::PartialDate => "((19|20)[0-9]{2}-|--)(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])".boxed(),
        ValueType::Country => {
            prop::sample::select(vec!["DE", "GB", "US", "CD", "CI", "XX"]).prop_map(String::from).boxed()
        }
        ValueType::Language => {
            prop::sample::select(vec!["de", "pt-BR", "zh-Hant-TW"]).prop_map(String::from).boxed()
        }
        ValueType::Timezone => {
            prop::sample::select(vec!["Europe/Berlin", "UTC", "EST"]).prop_map(String::from).boxed()
        }
        ValueType::Uri => {
            let scheme = field.schemes[0].clone();
            let web = if scheme.starts_with("http") { "//example.org/" } else { "" };
            "[a-z0-9@?=;,&#]{1,60}".prop_map(move |rest| format!("{scheme}:{web}{rest}")).boxed()
        }
        ValueType::PostalCode => "[A-Z0-9]{2,5}( [A-Z0-9]{2,3})?".boxed(),
        ValueType::Iban => Just("DE89370400440532013000".to_owned()).boxed(),
        ValueType::Bic => Just("DEUTDEFF500".to_owned()).boxed(),
        ValueType::Identifier => "[A-Z0-9]{1,9}([-./+*][A-Z0-9]{1,9}){0,2}".boxed(),
        ValueType::Boolean => prop::sample::select(vec!["true", "false"]).prop_map(String::from).boxed(),
        ValueType::Enum => prop::sample::select(field.values.clone()).boxed(),
    }
}

/// Some fields of the vocabulary with values in normal form.
fn some_fields() -> impl Strategy<Value = Vec<(Path, String)>> {
    let all = Vocabulary::standard().fields();
    let chosen = prop::sample::subsequence((0..all.len()).collect::<Vec<_>>(), 0..=all.len());
    chosen.prop_flat_map(|indices| {
        let values: Vec<_> = indices
            .into_iter()
            .map(|index| (Just(index), value(&Vocabulary::standard().fields()[index])))
            .collect();
        values.prop_map(|values| {
            let vocabulary = Vocabulary::standard();
            let normal = |(index, text): (usize, String)| {
                let path = &vocabulary.fields()[index].path;
                Some((path.clone(), vocabulary.check(path, &text).ok()?.into_string()))
            };
            values.into_iter().filter_map(normal).collect()
        })
    })
}

fn read(card: &str) -> Import {
    import(card.as_bytes(), &ImportOptions::default()).expect("what was exported is a card")
}

/// The fields of an import as a map, nothing having been kept or skipped.
fn all_of(import: Import, card: &str) -> BTreeMap<Path, String> {
    let kept: Vec<_> = import.kept.iter().map(|it| (&it.path, &it.value)).collect();
    assert!(kept.is_empty() && import.skipped.is_empty(), "{kept:?} {:?}\n{card}", import.skipped);
    import.fields.into_iter().map(|field| (field.path, field.value)).collect()
}

/// Puts a value in the place of the n-th one of a document.
fn replace(json: &mut serde_json::Value, n: &mut usize, with: &serde_json::Value) {
    if *n == 0 {
        json.clone_from(with);
    }
    *n = n.wrapping_sub(1);
    match json {
        serde_json::Value::Array(items) => items.iter_mut().for_each(|it| replace(it, n, with)),
        serde_json::Value::Object(items) => items.values_mut().for_each(|it| replace(it, n, with)),
        _ => {}
    }
}

/// A value of each type with marks that mean something in a card.
fn sample(field: &Field) -> &'static str {
    match field.value_type {
        ValueType::Text => "a;b, c\\n: \"d\" ^ é日",
        ValueType::Lines => "a;b, c\\n\n: d=3D",
        ValueType::Phone => "+491701234567",
        ValueType::Email => "o'neill+x=y@example.org",
        ValueType::Date | ValueType::PartialDate => "2004-02-29",
        ValueType::Country => "CD",
        ValueType::Language => "pt-BR",
        ValueType::Timezone => "Europe/Berlin",
        ValueType::Uri if field.schemes[0] == "https" || field.schemes[0] == "http" => {
            "https://example.org/a,b;c?d=e#f"
        }
        ValueType::Uri if field.schemes[0] == "xmpp" => "xmpp:a@example.org",
        ValueType::Uri if field.schemes[0] == "matrix" => "matrix:u/a:example.org",
        ValueType::Uri => "sips:a@example.org",
        ValueType::PostalCode => "H0H 0H0",
        ValueType::Iban => "DE89370400440532013000",
        ValueType::Bic => "DEUTDEFF",
        ValueType::Identifier => "A-1/2.3+*",
        ValueType::Boolean => "true",
        ValueType::Enum => Box::leak(field.values[0].clone().into_boxed_str()),
    }
}

#[test]
fn each_field_alone_and_all_together_come_back_from_either_format() {
    let every = |field: &Field| (field.path.clone(), sample(field).to_owned());
    let all: Vec<(Path, String)> = Vocabulary::standard().fields().iter().map(every).collect();
    let mut cases: Vec<Vec<(Path, String)>> = all.iter().map(|field| vec![field.clone()]).collect();
    cases.push(all);
    let field = |path: &str, value: &str| (Path::parse(path).unwrap(), value.to_owned());
    cases.push(vec![field("gender.sex", "female"), field("gender.identity", "f")]);
    let mut wrong = Vec::new();
    for fields in cases {
        let expected: BTreeMap<Path, String> = fields.iter().cloned().collect();
        for card in [export_vcard(&fields), export_jscontact(&fields)] {
            let got = read(&card);
            let flat: BTreeMap<Path, String> =
                got.fields.iter().map(|it| (it.path.clone(), it.value.clone())).collect();
            if flat != expected || !got.kept.is_empty() || !got.skipped.is_empty() {
                let lost: Vec<_> =
                    expected.iter().filter(|it| !flat.contains_key(it.0) || flat[it.0] != *it.1).collect();
                let extra: Vec<_> = flat.iter().filter(|it| !expected.contains_key(it.0)).collect();
                let card = if fields.len() == 1 { card.as_str() } else { "all" };
                wrong.push(format!(
                    "lost {lost:?}, extra {extra:?}, kept {:?}, skipped {:?}\n{card}",
                    got.kept, got.skipped
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_vcard_gives_back_every_field(fields in some_fields()) {
        let card = export_vcard(&fields);
        prop_assert_eq!(all_of(read(&card), &card), fields.into_iter().collect::<BTreeMap<_, _>>(), "{}", card);
    }

    #[test]
    fn a_jscontact_card_gives_back_every_field(fields in some_fields()) {
        let card = export_jscontact(&fields);
        prop_assert_eq!(all_of(read(&card), &card), fields.into_iter().collect::<BTreeMap<_, _>>(), "{}", card);
    }

    #[test]
    fn no_changed_json_card_makes_it_panic(at in 0usize..4000, what in prop::sample::select(vec!["", "null", "{}", "[]", "\"x\"", "-1", "1e999", "\"a/b\"", "true"]), jcard in any::<bool>()) {
        let text = if jcard { include_str!("cards/jcard.json") } else { include_str!("cards/jscontact.json") };
        let mut json: serde_json::Value = serde_json::from_str(text).unwrap();
        replace(&mut json, &mut (at % 120), &serde_json::from_str(what).unwrap_or_default());
        let _ = import(json.to_string().as_bytes(), &ImportOptions::default());
        let _ = import(&text.as_bytes()[..at.min(text.len())], &ImportOptions::default());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "(BEGIN:VCARD\n)?([A-Z;=]{1,9}(\\.[A-Z]{2,4})?[:;].{0,30}\n){0,6}(END:VCARD)?") {
        let _ = import(&bytes, &ImportOptions::default());
        let _ = import(text.as_bytes(), &ImportOptions { default_country: Some("DE".to_owned()), card: Some(1) });
    }
}
