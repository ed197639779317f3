//! One property of a card, as plain text.

use calcard::common::IanaString as _;
use calcard::vcard::{VCardEntry, VCardParameterName, VCardParameterValue, VCardSex, VCardValue};

/// Longest type that an import repeats: the longest registered one, `main-number`, and some room.
const TYPE_BYTES_MAX: usize = 24;

/// The preference of a property that states none: after all that do (RFC 6350 section 5.3).
const PREF_NONE: u32 = 101;

/// Properties whose components are parted by semicolons; all others with several values are lists.
const STRUCTURED: &[&str] = &["N", "ADR", "ORG", "GENDER", "CLIENTPIDMAP"];

/// A property in the way all formats share.
#[derive(Clone)]
pub(crate) struct Property {
    /// In upper case.
    pub(crate) name: String,
    pub(crate) group: Option<String>,
    /// In lower case, without `pref`.
    pub(crate) types: Vec<String>,
    /// 1 is the most preferred.
    pub(crate) pref: u32,
    /// Names in upper case.
    pub(crate) parameters: Vec<(String, String)>,
    /// Its components, each with its values.
    pub(crate) components: Vec<Vec<String>>,
    /// Whether it holds bytes instead of text: a picture, a sound, a key.
    pub(crate) is_binary: bool,
}

impl Property {
    pub(crate) fn read(entry: VCardEntry) -> Self {
        let mut property = Self {
            name: entry.name.as_str().to_ascii_uppercase(),
            group: entry.group.map(|group| group.to_ascii_lowercase()),
            types: Vec::new(),
            pref: PREF_NONE,
            parameters: Vec::new(),
            components: Vec::new(),
            is_binary: false,
        };
        for parameter in entry.params {
            property.add_parameter(&parameter.name, parameter.value);
        }
        for value in entry.values {
            property.add_value(value);
        }
        property
    }

    /// The values of a component, in one text.
    pub(crate) fn component(&self, index: usize, separator: &str) -> String {
        let values = self.components.get(index).map(Vec::as_slice).unwrap_or_default();
        let values: Vec<&str> = values.iter().map(|it| it.trim()).filter(|it| !it.is_empty()).collect();
        values.join(separator)
    }

    /// The whole value in one text, parted as a vCard parts it.
    pub(crate) fn text(&self) -> String {
        let separator = if STRUCTURED.contains(&self.name.as_str()) { ";" } else { "," };
        let components: Vec<String> = self.components.iter().map(|values| values.join(",")).collect();
        components.join(separator)
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn has_type(&self, name: &str) -> bool {
        self.types.iter().any(|it| it == name)
    }

    /// The property and its types, without anything personal.
    pub(crate) fn origin(&self) -> String {
        let types: Vec<String> = self.public_types().map(str::to_ascii_uppercase).collect();
        if types.is_empty() { self.name.clone() } else { format!("{};TYPE={}", self.name, types.join(",")) }
    }

    /// Types short and plain enough to be no text of a person's own.
    pub(crate) fn public_types(&self) -> impl Iterator<Item = &str> {
        let plain = |it: &&str| {
            it.len() <= TYPE_BYTES_MAX
                && it.starts_with(|c: char| c.is_ascii_alphabetic())
                && it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        self.types.iter().map(String::as_str).filter(plain)
    }

    fn add_parameter(&mut self, name: &VCardParameterName, value: VCardParameterValue) {
        let key = name.as_str().to_ascii_uppercase();
        let is_null = matches!(value, VCardParameterValue::Null);
        let text = value.into_text().into_owned();
        match key.as_str() {
            "TYPE" => self.add_type(&text),
            "PREF" if is_null => self.pref = 1,
            "PREF" => self.pref = text.parse().unwrap_or(1),
            // vCard 2.1 writes a type without its parameter's name: TEL;CELL
            _ if is_null => self.add_type(&key),
            _ => self.parameters.push((key, text)),
        }
    }

    fn add_type(&mut self, text: &str) {
        for name in text.split(',').map(|it| it.trim().to_ascii_lowercase()) {
            if name == "pref" {
                self.pref = 1;
            } else if !name.is_empty() && !self.has_type(&name) {
                self.types.push(name);
            }
        }
    }

    fn add_value(&mut self, value: VCardValue) {
        let single = |text: String| vec![text];
        let component = match value {
            VCardValue::Text(text) => {
                self.is_binary |= text.starts_with("data:");
                single(text)
            }
            VCardValue::Component(values) => values,
            VCardValue::Integer(number) => single(number.to_string()),
            VCardValue::Float(number) => single(number.to_string()),
            VCardValue::Boolean(truth) => single(truth.to_string()),
            VCardValue::PartialDateTime(date) => single(moment(&date)),
            VCardValue::Sex(sex) if self.components.is_empty() => single(sex_word(&sex).to_owned()),
            VCardValue::Sex(sex) => single(sex.as_str().to_owned()),
            VCardValue::GramGender(_) | VCardValue::Kind(_) => {
                single(value.into_text().map(|it| it.to_ascii_lowercase()).unwrap_or_default())
            }
            VCardValue::Binary(_) => {
                self.is_binary = true;
                return;
            }
        };
        self.components.push(component);
    }
}

/// The vocabulary's word for a sex of RFC 6350 section 6.2.7.
fn sex_word(sex: &VCardSex) -> &'static str {
    match sex {
        VCardSex::Male => "male",
        VCardSex::Female => "female",
        VCardSex::Other => "other",
        VCardSex::NoneOrNotApplicable => "none",
        VCardSex::Unknown => "unknown",
    }
}

/// A date, a time or an offset as ISO 8601 writes it, as far as it is told.
fn moment(it: &calcard::common::PartialDateTime) -> String {
    let date = match (it.year, it.month, it.day) {
        (Some(year), Some(month), Some(day)) => format!("{year:04}-{month:02}-{day:02}"),
        (Some(year), Some(month), None) => format!("{year:04}-{month:02}"),
        (Some(year), None, _) => format!("{year:04}"),
        (None, Some(month), Some(day)) => format!("--{month:02}-{day:02}"),
        (None, Some(month), None) => format!("--{month:02}"),
        (None, None, Some(day)) => format!("---{day:02}"),
        (None, None, None) => String::new(),
    };
    let time = it.hour.map(|hour| {
        let at = if date.is_empty() { "" } else { "T" };
        format!("{at}{hour:02}:{:02}:{:02}", it.minute.unwrap_or(0), it.second.unwrap_or(0))
    });
    let zone = it.tz_hour.map(|hour| {
        let sign = if it.tz_minus { '-' } else { '+' };
        format!("{sign}{hour:02}{:02}", it.tz_minute.unwrap_or(0))
    });
    format!("{date}{}{}", time.unwrap_or_default(), zone.unwrap_or_default())
}
