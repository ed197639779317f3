//! From fields to a card.

use std::collections::BTreeMap;

use calcard::common::{IanaParse as _, PartialDateTime};
use calcard::jscontact::JSContact;
use calcard::vcard::{
    VCard, VCardEntry, VCardParameter, VCardParameterName, VCardParameterValue, VCardProperty, VCardSex,
    VCardType, VCardValue, VCardValueType, VCardVersion,
};
use freehold_protocol::path::Path;
use freehold_protocol::vocabulary::country_name;

use crate::mapping::{self, KEPT, OWN_PROPERTY, PATH_PARAMETER, Target};

/// Properties whose text is a list or a structure, so that its commas or semicolons part values.
const STRUCTURED: &[(&str, char)] = &[
    ("CATEGORIES", ','),
    ("NICKNAME", ','),
    ("N", ';'),
    ("ADR", ';'),
    ("ORG", ';'),
    ("GENDER", ';'),
    ("CLIENTPIDMAP", ';'),
];

/// Properties a card has once and that it is not for a field to set.
const RESERVED: &[&str] = &["BEGIN", "END", "VERSION"];

/// Fields that `calcard`'s JSContact does not give back: it turns a zone's name into an offset, and keeps one relation
/// for persons of the same name. They go the way of fields without a property, as does a birth place without a date.
const LOSSY_IN_JSCONTACT: [&str; 3] = ["timezone.home", "family.spouse", "emergency.name"];

/// Writes a vCard 4.0 (RFC 6350), with CRLF line ends. Fields without a property of vCard's are written as
/// `X-FREEHOLD;X-PATH=…`, so that [`crate::import`] reads every field again.
#[must_use]
pub fn export_vcard(fields: &[(Path, String)]) -> String {
    let mut card = card(fields, &[]);
    if !card.entries.iter().any(|entry| entry.name == VCardProperty::Fn) {
        // RFC 6350 section 6.2.1 wants an FN; RFC 9554 section 4.4 says that it was put together.
        let derived = VCardParameter::new(VCardParameterName::Derived, VCardParameterValue::Bool(true));
        let entry = VCardEntry::new(VCardProperty::Fn).with_param(derived).with_value(spoken_name(fields));
        card.entries.insert(0, entry);
    }
    let mut text = String::new();
    card.write_to(&mut text, VCardVersion::V4_0).expect("writing to a String does not fail");
    text
}

/// Writes a JSContact card (RFC 9553) as JSON. What JSContact lacks is kept in its `vCard` object (RFC 9555).
#[must_use]
pub fn export_jscontact(fields: &[(Path, String)]) -> String {
    let is_set = |wanted: &str| fields.iter().any(|(path, _)| path.as_str() == wanted);
    let mut lossy = LOSSY_IN_JSCONTACT.to_vec();
    if !is_set("birth.date") {
        lossy.push("birth.place");
    }
    let card: JSContact<'static, String, String> = card(fields, &lossy).into_jscontact();
    card.to_string_pretty()
}

/// The properties of some fields; those `without_property` are written as vCard's own extension.
fn card(fields: &[(Path, String)], without_property: &[&str]) -> VCard {
    let mut entries = Vec::new();
    let mut structured: BTreeMap<(&str, &[&str]), BTreeMap<&str, String>> = BTreeMap::new();
    for (path, value) in fields {
        let value = clean(value);
        let without = without_property.contains(&path.as_str()) || is_misread(path, &value);
        match mapping::of_path(path).filter(|_| !without) {
            Some(Target { property, types, component: Some(component), .. })
                if mapping::components(property).is_some() =>
            {
                structured.entry((property, types)).or_default().insert(component, value);
            }
            Some(target) => entries.push(simple(target, value)),
            None => entries.push(kept(path, &value).unwrap_or_else(|| own(path, value))),
        }
    }
    for ((property, types), values) in structured {
        entries.push(with_components(property, types, &values));
    }
    entries.sort_by_key(|entry| entry.name != VCardProperty::Fn);
    VCard { entries }
}

/// A property with one value.
fn simple(target: &Target, value: String) -> VCardEntry {
    let mut entry = VCardEntry::new(property(target.property));
    add_types(&mut entry, &target.types);
    match (target.property, target.component) {
        ("BDAY" | "ANNIVERSARY", _) => return entry.with_value_of(date(&value), value),
        ("RELATED" | "TZ", _) => entry.add_param(VCardParameter::value(VCardValueType::Text)),
        ("LANG", _) => {
            entry.add_param(VCardParameter::pref(if target.path.as_str() == "language.preferred" {
                1
            } else {
                2
            }));
        }
        ("SOCIALPROFILE", Some(service)) => {
            entry.add_param(VCardParameter::new(VCardParameterName::ServiceType, service.to_owned()));
        }
        _ => {}
    }
    entry.with_value(value)
}

/// N, ADR, ORG or GENDER.
fn with_components(name: &str, types: &[&str], values: &BTreeMap<&str, String>) -> VCardEntry {
    let mut entry = VCardEntry::new(property(name));
    add_types(&mut entry, types);
    let text = |component: &str| values.get(component).cloned().unwrap_or_default();
    let mut components = Vec::new();
    for component in mapping::components(name).unwrap_or_default() {
        let value = text(component);
        components.push(match *component {
            "sex" => sex(&value).map_or(VCardValue::Text(value), VCardValue::Sex),
            "country" if !value.is_empty() => {
                entry.add_param(VCardParameter::new(VCardParameterName::Cc, value.clone()));
                VCardValue::Text(country_name(&value).unwrap_or(&value).to_owned())
            }
            _ => VCardValue::Text(value),
        });
    }
    if matches!(name, "ORG" | "GENDER") && components.last() == Some(&VCardValue::Text(String::new())) {
        components.pop();
    }
    entry.with_values(components)
}

/// A property that an import kept: `x.vcard.TEL.HOME_VOICE.2` is a TEL again.
fn kept(path: &Path, value: &str) -> Option<VCardEntry> {
    let rest = path.as_str().strip_prefix(KEPT)?.strip_prefix('.')?;
    let mut segments = rest.split('.');
    let name = segments.next()?;
    if RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) || name.contains('_') {
        return None;
    }
    let is_number = |it: &str| it.bytes().all(|b| b.is_ascii_digit());
    let types: Vec<String> = match (segments.next(), segments.next(), segments.next()) {
        (None, None, None) => Vec::new(),
        (Some(number), None, None) if is_number(number) => Vec::new(),
        (Some(types), number, None) if number.is_none_or(is_number) => {
            types.split('_').map(str::to_ascii_lowercase).collect()
        }
        _ => return None,
    };
    let name = name.to_ascii_uppercase();
    let mut entry = VCardEntry::new(property(&name));
    add_types(&mut entry, &types.iter().map(String::as_str).collect::<Vec<_>>());
    let separator =
        STRUCTURED.iter().find(|(property, _)| *property == name).map(|(_, separator)| *separator);
    let values = match separator {
        Some(separator) => value.split(separator).map(|it| VCardValue::Text(it.to_owned())).collect(),
        None => vec![VCardValue::Text(value.to_owned())],
    };
    Some(entry.with_values(values))
}

/// A field without a property.
fn own(path: &Path, value: String) -> VCardEntry {
    let name = VCardParameterName::Other(PATH_PARAMETER.to_owned());
    VCardEntry::new(VCardProperty::Other(OWN_PROPERTY.to_owned()))
        .with_param(VCardParameter::new(name, path.as_str().to_owned()))
        .with_value(value)
}

trait ValueOf {
    fn with_value_of(self, value: Option<VCardValue>, text: String) -> Self;
}

impl ValueOf for VCardEntry {
    fn with_value_of(self, value: Option<VCardValue>, text: String) -> Self {
        self.with_value(value.unwrap_or(VCardValue::Text(text)))
    }
}

fn property(name: &str) -> VCardProperty {
    VCardProperty::parse(name.as_bytes()).unwrap_or_else(|| VCardProperty::Other(name.to_owned()))
}

fn add_types(entry: &mut VCardEntry, types: &[&str]) {
    for name in types {
        let other = || VCardParameterValue::Text(name.to_ascii_uppercase());
        entry.add_param(VCardParameter::typ(
            VCardType::parse(name.as_bytes()).map_or_else(other, VCardParameterValue::Type),
        ));
    }
}

/// `YYYY-MM-DD` or `--MM-DD`.
fn date(value: &str) -> Option<VCardValue> {
    let (year, rest) = match value.strip_prefix("--") {
        Some(rest) => (None, rest),
        None => (Some(value.get(..4)?.parse().ok()?), value.get(5..)?),
    };
    let (month, day) = rest.split_once('-')?;
    let (month, day) = (Some(month.parse().ok()?), Some(day.parse().ok()?));
    Some(VCardValue::PartialDateTime(PartialDateTime { year, month, day, ..PartialDateTime::default() }))
}

fn sex(value: &str) -> Option<VCardSex> {
    Some(match value {
        "male" => VCardSex::Male,
        "female" => VCardSex::Female,
        "other" => VCardSex::Other,
        "none" => VCardSex::NoneOrNotApplicable,
        "unknown" => VCardSex::Unknown,
        _ => return None,
    })
}

/// Whether `calcard` reads a gender in own words as the letter of a sex, and so loses it.
fn is_misread(path: &Path, value: &str) -> bool {
    path.as_str() == "gender.identity" && value.len() == 1
}

/// The name as it is spoken, from its parts.
fn spoken_name(fields: &[(Path, String)]) -> String {
    let parts = ["name.prefix", "name.given", "name.additional", "name.family", "name.suffix"];
    let part = |wanted: &&str| {
        fields.iter().find(|(path, _)| path.as_str() == *wanted).map(|(_, value)| clean(value))
    };
    parts.iter().filter_map(part).collect::<Vec<_>>().join(" ")
}

/// Without control characters that would break a line of the card.
fn clean(value: &str) -> String {
    value.replace("\r\n", "\n").chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
