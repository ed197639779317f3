//! From the properties of a card to fields.

use std::collections::{BTreeMap, HashMap};

use freehold_protocol::path::{Path, SEGMENT_BYTES_MAX};
use freehold_protocol::vocabulary::{ValueError, Vocabulary};

use crate::mapping::{self, ADR, KEPT, OWN_PROPERTY, PATH_PARAMETER};
use crate::property::Property;
use crate::source::Card;
use crate::{Import, ImportError, ImportField, ImportOptions, Skipped, source};

/// Properties about the file, not about the person.
const ABOUT_THE_FILE: &[&str] = &["BEGIN", "END", "VERSION", "PRODID", "REV", "CREATED"];

/// Properties that hold pictures or sounds, inline or by address. They are not fields.
const MEDIA: &[&str] = &["PHOTO", "LOGO", "SOUND"];

/// Reads one card.
///
/// The format is told by the content: vCard 2.1, 3.0 or 4.0, jCard, JSContact. UTF-8 is tried first, UTF-16 with a byte
/// order mark is read, and everything else is read as Windows-1252 and said so in [`Import::skipped`].
///
/// # Errors
/// [`ImportError`], if the file is no card, is cut off, or holds several and none was chosen.
pub fn import(bytes: &[u8], options: &ImportOptions) -> Result<Import, ImportError> {
    let country = options.default_country.as_deref();
    if country.is_some_and(|code| !is_country(code)) {
        return Err(ImportError::Country);
    }
    let card = source::read(bytes, options.card)?;
    let mut reader = Reader::new(country, &card);
    if card.legacy_charset {
        reader
            .skip("the file", "it is not in UTF-8 and was read as Windows-1252: check letters with accents");
    }
    let mut properties: Vec<&Property> = card.properties.iter().collect();
    properties.sort_by_key(|property| property.pref);
    for property in properties {
        reader.read(property);
    }
    Ok(reader.finish())
}

fn is_country(code: &str) -> bool {
    freehold_protocol::vocabulary::country_name(&code.to_ascii_uppercase()).is_some()
}

struct Reader<'a> {
    country: Option<&'a str>,
    separator: &'static str,
    /// What `X-ABLABEL` says about the other properties of its group, as a type.
    labels: HashMap<String, &'static str>,
    fields: BTreeMap<Path, ImportField>,
    kept: BTreeMap<Path, ImportField>,
    skipped: Vec<Skipped>,
}

impl<'a> Reader<'a> {
    fn new(country: Option<&'a str>, card: &Card) -> Self {
        let labelled = card.properties.iter().filter(|it| it.name == "X-ABLABEL");
        let labels =
            labelled.filter_map(|it| Some((it.group.clone()?, type_of_label(&it.text())?))).collect();
        let separator = card.separator;
        Self {
            country,
            separator,
            labels,
            fields: BTreeMap::new(),
            kept: BTreeMap::new(),
            skipped: Vec::new(),
        }
    }

    fn finish(self) -> Import {
        let order =
            |path: &Path| Vocabulary::standard().fields().iter().position(|field| field.path == *path);
        let mut fields: Vec<ImportField> = self.fields.into_values().collect();
        fields.sort_by_key(|field| order(&field.path));
        Import { fields, kept: self.kept.into_values().collect(), skipped: self.skipped }
    }

    fn read(&mut self, property: &Property) {
        let name = property.name.as_str();
        if ABOUT_THE_FILE.contains(&name) {
            return;
        }
        if MEDIA.contains(&name) || property.is_binary {
            return self.skip(&property.name, "pictures, sounds and other files are not imported");
        }
        match name {
            "FN" if property.parameter("DERIVED").is_some_and(|it| it.eq_ignore_ascii_case("true")) => {}
            // RFC 9555 section 3.2.1: how JSContact ties a title to an organization; both are fields.
            "JSPROP" if property.parameter("JSPTR").is_some_and(|it| it.ends_with("/organizationId")) => {}
            "KIND" if property.text().eq_ignore_ascii_case("individual") => {}
            "X-ABLABEL" if property.group.as_ref().is_some_and(|group| self.labels.contains_key(group)) => {}
            "N" | "GENDER" => self.structured(property),
            "ORG" => self.organization(property),
            "ADR" => self.address(property),
            "TEL" => self.phone(property),
            "EMAIL" => {
                self.first_free(property, &property.text(), &[self.exact(property), field("email.other")])
            }
            "URL" => self.first_free(property, &property.text(), &[self.exact(property)]),
            "LANG" => self.language(property),
            "IMPP" | "X-JABBER" => self.messaging(property),
            "SOCIALPROFILE" | "X-SOCIALPROFILE" => self.profile(property),
            "RELATED" | "X-ABRELATEDNAMES" | "X-SPOUSE" | "X-MS-SPOUSE" => self.related(property),
            "BDAY" => self.birthday(property),
            "X-ANNIVERSARY" | "X-MS-ANNIVERSARY" => self.anniversary(property),
            "X-ABDATE" if self.label(property) == Some("anniversary") => self.anniversary(property),
            OWN_PROPERTY => self.own(property),
            "NICKNAME" => {
                let path = mapping::of_property(name, &[], None);
                self.first_free(property, &joined(property, ", "), &[path]);
            }
            _ => match mapping::of_property(name, &[], None) {
                Some(path) => self.first_free(property, &property.text(), &[Some(path)]),
                None => self.keep(property),
            },
        }
    }

    /// N and GENDER: a field for each component.
    fn structured(&mut self, property: &Property) {
        let names = mapping::components(&property.name).unwrap_or_default();
        for (index, component) in names.iter().enumerate() {
            let separator = if matches!(*component, "prefix" | "suffix") { ", " } else { " " };
            let text = property.component(index, separator);
            if !text.is_empty() {
                let path = mapping::of_property(&property.name, &[], Some(component));
                self.first_free(&property.part(component, &text), &text, &[path]);
            }
        }
    }

    fn organization(&mut self, property: &Property) {
        let name = property.component(0, ", ");
        let units: Vec<String> =
            (1..property.components.len()).map(|n| property.component(n, ", ")).collect();
        let units: Vec<&str> = units.iter().map(String::as_str).filter(|unit| !unit.is_empty()).collect();
        for (component, text) in [("name", name), ("unit", units.join(" / "))] {
            if !text.is_empty() {
                let path = mapping::of_property("ORG", &[], Some(component));
                self.first_free(&property.part(component, &text), &text, &[path]);
            }
        }
    }

    fn address(&mut self, property: &Property) {
        if (0..property.components.len()).all(|index| property.component(index, "").is_empty()) {
            return;
        }
        let role = self.exact_type(property).unwrap_or("home");
        let taken = |it: &Path| it.segments().take(2).eq(["address", role]);
        if self.fields.keys().any(taken) {
            return self.keep(property);
        }
        for (index, component) in ADR.iter().enumerate() {
            let mut text = property.component(index, self.separator);
            if *component == "street" && text.is_empty() {
                // RFC 9554 section 2.1: street number and street name have places of their own.
                text = format!("{} {}", property.component(10, " "), property.component(11, " "))
                    .trim()
                    .to_owned();
            }
            let path = mapping::of_property("ADR", &[role], Some(component));
            if *component == "country" {
                self.address_country(property, role, &text, path);
            } else if !text.is_empty() {
                self.first_free(&property.part(component, &text), &text, &[path]);
            }
        }
    }

    /// The country by its code (RFC 8605), else by its name.
    fn address_country(&mut self, property: &Property, role: &str, name: &str, path: Option<&'static Path>) {
        let Some(path) = path else { return };
        let code = property.parameter("CC").unwrap_or_default();
        for text in [code, name] {
            if let Ok(value) = Vocabulary::standard().check_with_country(path, text, None) {
                self.store(path, value.into_string(), property);
                return;
            }
        }
        if !name.is_empty() {
            let mut part = property.part("country", name);
            part.types = vec![role.to_owned()];
            let reason =
                format!("the country is not known by that name: set {path} to its code of two letters");
            self.skip(&property.origin(), &reason);
            self.keep(&part);
        }
    }

    fn phone(&mut self, property: &Property) {
        let text = property.text();
        let number = text.trim();
        let number = number.strip_prefix("tel:").unwrap_or(number);
        let (number, parameters) = number.split_once(';').unwrap_or((number, ""));
        if parameters.contains("ext=") {
            self.skip(&property.origin(), "its extension was left out: fields hold plain numbers");
        }
        self.first_free(property, number, &[self.exact(property), field("phone.other")]);
    }

    fn language(&mut self, property: &Property) {
        let mut paths = [field("language.preferred"), field("language.second")];
        if property.pref == 2 {
            paths.reverse();
        }
        self.first_free(property, &property.text(), &paths);
    }

    fn messaging(&mut self, property: &Property) {
        let mut address = property.text();
        if property.name == "X-JABBER" && !address.starts_with("xmpp:") {
            address = format!("xmpp:{address}");
        }
        let scheme = address.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let scheme = if scheme == "sips" { "sip" } else { &scheme };
        self.mapped(property, &address, mapping::of_property("IMPP", &[], Some(scheme)));
    }

    fn profile(&mut self, property: &Property) {
        let address = property.text();
        if !address.contains("://") {
            return self.keep(property);
        }
        let told = property.parameter("SERVICE-TYPE").map(str::to_ascii_lowercase);
        let typed = property.types.first().cloned();
        let path = [told, typed, service_of_host(&address)].into_iter().flatten().find_map(|service| {
            let service = if service == "twitter" { "x" } else { &service };
            mapping::of_property("SOCIALPROFILE", &[], Some(service))
        });
        self.mapped(property, &address, path);
    }

    fn related(&mut self, property: &Property) {
        let is_spouse = property.name.ends_with("SPOUSE") || self.label(property) == Some("spouse");
        let kind = if is_spouse { Some("spouse") } else { self.exact_type(property) };
        let text = property.text();
        let is_uri = ["urn:", "http:", "https:", "mailto:"].iter().any(|scheme| text.starts_with(scheme));
        let path = kind.filter(|_| !is_uri).and_then(|kind| mapping::of_property("RELATED", &[kind], None));
        self.mapped(property, &text, path);
    }

    /// A date whose year is Apple's stand-in for none, 1604, has none.
    fn birthday(&mut self, property: &Property) {
        let mut text = property.text();
        if let Some(rest) = property.parameter("X-APPLE-OMIT-YEAR").and_then(|year| text.strip_prefix(year)) {
            text = format!("--{}", rest.trim_start_matches('-'));
        }
        self.mapped(property, &text, mapping::of_property("BDAY", &[], None));
    }

    fn anniversary(&mut self, property: &Property) {
        self.mapped(property, &property.text(), mapping::of_property("ANNIVERSARY", &[], None));
    }

    /// What an export wrote for a field without a property.
    fn own(&mut self, property: &Property) {
        let Some(Ok(path)) = property.parameter(PATH_PARAMETER).map(Path::parse) else {
            return self.keep(property);
        };
        let text = property.text();
        match Vocabulary::standard().check(&path, &text) {
            Ok(value) if path.is_free() => self.keep_at(path, value.into_string(), property),
            Ok(value) => {
                self.store(&path, value.into_string(), property);
            }
            Err(error) => self.unusable(property, &error),
        }
    }

    fn mapped(&mut self, property: &Property, text: &str, path: Option<&'static Path>) {
        match path {
            Some(path) => self.first_free(property, text, &[Some(path)]),
            None => self.keep(property),
        }
    }

    /// Puts a value to the first of some paths that is not taken by another, else keeps the property.
    fn first_free(&mut self, property: &Property, text: &str, paths: &[Option<&'static Path>]) {
        let text = printable(text);
        if text.trim().is_empty() {
            return;
        }
        for path in paths.iter().flatten() {
            match Vocabulary::standard().check_with_country(path, &text, self.country) {
                Ok(value) => {
                    if self.store(path, value.into_string(), property) {
                        return;
                    }
                }
                Err(error) => return self.unusable(property, &error),
            }
        }
        self.keep(property);
    }

    /// Whether the path now holds that value.
    fn store(&mut self, path: &Path, value: String, property: &Property) -> bool {
        let new = ImportField { path: path.clone(), value, from: property.origin() };
        self.fields.entry(path.clone()).or_insert_with(|| new.clone()).value == new.value
    }

    fn unusable(&mut self, property: &Property, error: &ValueError) {
        let reason = match error {
            ValueError::PhoneCountryMissing => {
                "the phone number lacks its country code: import again with your country, such as --country DE"
                    .to_owned()
            }
            other => other.to_string(),
        };
        self.skip(&property.origin(), &reason);
        self.keep(property);
    }

    /// Keeps a property under `x.vcard.`, with its types and a number where there are several.
    fn keep(&mut self, property: &Property) {
        let value = printable(&property.text());
        if value.trim().is_empty() {
            return;
        }
        let Some(base) = kept_path(property) else {
            return self.skip(&property.origin(), "its name is no name of a property");
        };
        for number in 1..=crate::PROPERTIES_MAX {
            let text = if number == 1 { base.clone() } else { format!("{base}.{number}") };
            let Ok(path) = Path::parse(&text) else { break };
            if self.kept.get(&path).is_none_or(|field| field.value == value) {
                return match Vocabulary::standard().check(&path, &value) {
                    Ok(value) => self.keep_at(path, value.into_string(), property),
                    Err(error) => self.skip(&property.origin(), &error.to_string()),
                };
            }
        }
        self.skip(&property.origin(), "there are too many of its kind");
    }

    fn keep_at(&mut self, path: Path, value: String, property: &Property) {
        self.kept.insert(path.clone(), ImportField { path, value, from: property.origin() });
    }

    fn skip(&mut self, what: &str, reason: &str) {
        let skipped = Skipped { what: what.to_owned(), reason: reason.to_owned() };
        if !self.skipped.contains(&skipped) {
            self.skipped.push(skipped);
        }
    }

    /// The field of the property with its types, as far as they matter.
    fn exact(&self, property: &Property) -> Option<&'static Path> {
        let has = |name: &str| property.has_type(name) || self.label(property) == Some(name);
        let place = if has("work") { "work" } else { "home" };
        let types: &[&str] = match property.name.as_str() {
            "TEL" if has("fax") => &[place, "fax"],
            "TEL" if has("pager") => &["pager"],
            "TEL" if has("cell") && has("work") => &["work", "cell"],
            "TEL" if has("cell") => &["cell"],
            "TEL" if has("work") || has("home") => &[place],
            "TEL" => &[],
            "EMAIL" if has("other") => &["other"],
            _ => &[place],
        };
        mapping::of_property(&property.name, types, None)
    }

    /// The type of an address or a relation that has paths.
    fn exact_type(&self, property: &Property) -> Option<&'static str> {
        let known: &[&'static str] = match property.name.as_str() {
            "ADR" => &["billing", "delivery", "work", "home"],
            _ => &["emergency", "spouse"],
        };
        known.iter().copied().find(|name| property.has_type(name) || self.label(property) == Some(*name))
    }

    fn label(&self, property: &Property) -> Option<&'static str> {
        self.labels.get(property.group.as_ref()?).copied()
    }
}

impl Property {
    /// One component as a property of its own, for what cannot be stored in a field.
    fn part(&self, component: &str, text: &str) -> Self {
        let name = format!("{}-{}", self.name, component.to_ascii_uppercase());
        Self { name, components: vec![vec![text.to_owned()]], ..self.clone() }
    }
}

/// What an address book calls a type in `X-ABLABEL`; Apple writes its own as `_$!<Home>!$_`.
fn type_of_label(label: &str) -> Option<&'static str> {
    let plain = label.trim_start_matches("_$!<").trim_end_matches(">!$_").to_lowercase();
    Some(match plain.as_str() {
        "home" | "homepage" | "home page" => "home",
        "work" => "work",
        "mobile" | "cell" | "iphone" => "cell",
        "homefax" | "workfax" | "otherfax" | "home fax" | "work fax" | "fax" => "fax",
        "pager" => "pager",
        "other" => "other",
        "main" => "main-number",
        "anniversary" => "anniversary",
        "spouse" | "partner" => "spouse",
        _ => return None,
    })
}

fn service_of_host(address: &str) -> Option<String> {
    let host = address.split_once("://")?.1.split('/').next()?.to_ascii_lowercase();
    let known = ["linkedin", "github", "instagram", "facebook", "twitter", "x"];
    let of = |service: &&&str| host == format!("{service}.com") || host.ends_with(&format!(".{service}.com"));
    known.iter().find(of).map(|service| (*service).to_owned())
}

fn field(path: &str) -> Option<&'static Path> {
    Vocabulary::standard().fields().iter().map(|field| &field.path).find(|it| it.as_str() == path)
}

fn joined(property: &Property, separator: &str) -> String {
    (0..property.components.len())
        .map(|n| property.component(n, separator))
        .collect::<Vec<_>>()
        .join(separator)
}

/// Without control characters and those that turn the direction of writing; lines end with LF.
fn printable(text: &str) -> String {
    let hidden = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let unified = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}', '\u{85}'], "\n");
    unified.chars().filter(|c| !hidden(*c) && (!c.is_control() || matches!(c, '\n' | '\t'))).collect()
}

/// `x.vcard.TEL.HOME_VOICE`; nothing if the name has no letter to begin with.
fn kept_path(property: &Property) -> Option<String> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    let name: String = property.name.chars().map(plain).take(SEGMENT_BYTES_MAX).collect();
    let types = property.public_types().collect::<Vec<_>>().join("_").to_ascii_uppercase();
    let path = match types.len() {
        1..=SEGMENT_BYTES_MAX => format!("{KEPT}.{name}.{types}"),
        _ => format!("{KEPT}.{name}"),
    };
    Path::parse(&path).ok().map(|path| path.as_str().to_owned())
}
