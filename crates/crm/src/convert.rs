//! What is done to a value on its way into the CRM. Every step takes a text and gives one, except the last ones, which may
//! give a number or a boolean.

use std::collections::BTreeMap;

use freehold_protocol::vocabulary::country_name;
use phonenumber::Mode;
use serde::Deserialize;
use serde_json::Value;

use crate::place::Place;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Conversion {
    /// Upper case.
    Upper,
    /// Lower case.
    Lower,
    /// Before the text.
    Prefix(String),
    /// After the text.
    Suffix(String),
    /// What stands before this; the whole text where it does not occur.
    Before(String),
    /// Every occurrence of the first by the second.
    Replace(String, String),
    /// The form of a phone number.
    Phone(PhoneForm),
    /// The form of a date: `YYYY`, `MM` and `DD` with anything between, or `unix-ms` for the milliseconds of its midnight in
    /// UTC. A day without a year is refused.
    Date(String),
    /// What stands on the left becomes what stands on the right; anything else is refused.
    Map(BTreeMap<String, String>),
    /// The form of a country.
    Country(CountryForm),
    /// The number of the record of another object that holds the text.
    Lookup(Lookup),
    /// A part of a name.
    Part(Part),
    /// One of the lines of a text, counted from 1; nothing when there are not so many.
    Line(usize),
    /// Lines into one, with this between.
    Lines(String),
    /// `true` and `false` as booleans.
    Boolean,
    /// Digits as an integer.
    Integer,
}

/// How a phone number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PhoneForm {
    /// `+41791234567`: as it comes.
    E164,
    /// `+41 79 123 45 67`.
    International,
    /// `079 123 45 67`.
    National,
    /// `tel:+41-79-123-45-67` (RFC 3966).
    Uri,
    /// `0041791234567`.
    Zeros,
}

/// How a country is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CountryForm {
    /// Its English name.
    Name,
}

/// Where a number is looked up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lookup {
    /// The other object.
    pub(crate) object: String,
    /// Its field.
    pub(crate) by: String,
}

/// A part of a name that was written in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    /// The first word; nothing when there is only one.
    First,
    /// All words after the first; the word when there is only one.
    AfterFirst,
    /// The last word.
    Last,
    /// All words before the last; nothing when there is only one.
    BeforeLast,
}

/// What has become of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Converted {
    /// This is written; null empties the place.
    Value(Value),
    /// This text has to be looked up, and what is found is written.
    Lookup(Lookup, String),
}

/// Why a value has no form that this CRM takes; a sentence for the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConvertError {
    #[error("this system takes dates with a year only")]
    Yearless,
    #[error("this system has no word for this value")]
    Unmapped,
    #[error("this system has no country like this")]
    Country,
    #[error("this system takes a number here")]
    Integer,
    #[error("this system takes yes or no here")]
    Boolean,
    #[error("this system takes a phone number here")]
    Phone,
}

impl Conversion {
    /// Whether the file may say so.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        match self {
            Self::Date(form)
                if form != UNIX_MS && !["YYYY", "MM", "DD"].iter().all(|part| form.contains(part)) =>
            {
                Err("a date has YYYY, MM and DD, or is unix-ms")
            }
            Self::Line(0) => Err("lines are counted from 1"),
            Self::Lookup(lookup) if lookup.by.parse::<Place>().is_err() => Err("a lookup is by a field"),
            _ => Ok(()),
        }
    }
}

const UNIX_MS: &str = "unix-ms";

/// Takes a text through the steps. Nothing stays nothing.
pub(crate) fn convert(steps: &[Conversion], text: Option<&str>) -> Result<Converted, ConvertError> {
    let Some(text) = text else { return Ok(Converted::Value(Value::Null)) };
    let mut text = text.to_owned();
    for step in steps {
        text = match step {
            Conversion::Upper => text.to_uppercase(),
            Conversion::Lower => text.to_lowercase(),
            Conversion::Prefix(before) => format!("{before}{text}"),
            Conversion::Suffix(after) => format!("{text}{after}"),
            Conversion::Before(mark) => text.split(mark.as_str()).next().unwrap_or_default().to_owned(),
            Conversion::Replace(from, to) => text.replace(from.as_str(), to),
            Conversion::Phone(form) => phone(*form, &text)?,
            Conversion::Date(form) if form == UNIX_MS => {
                return Ok(Converted::Value(Value::from(midnight_ms(&text)?)));
            }
            Conversion::Date(form) => {
                let (year, month, day) = ymd(&text)?;
                form.replace("YYYY", year).replace("MM", month).replace("DD", day)
            }
            Conversion::Map(words) => words.get(&text).ok_or(ConvertError::Unmapped)?.clone(),
            Conversion::Country(CountryForm::Name) => {
                country_name(&text).ok_or(ConvertError::Country)?.to_owned()
            }
            Conversion::Lookup(lookup) => return Ok(Converted::Lookup(lookup.clone(), text)),
            Conversion::Part(part) => part.of(&text),
            Conversion::Line(n) => text.lines().nth(n - 1).unwrap_or_default().to_owned(),
            Conversion::Lines(between) => text.lines().collect::<Vec<_>>().join(between),
            Conversion::Boolean => {
                let is: bool = text.parse().map_err(|_| ConvertError::Boolean)?;
                return Ok(Converted::Value(Value::from(is)));
            }
            Conversion::Integer => {
                let number: i64 = text.parse().map_err(|_| ConvertError::Integer)?;
                return Ok(Converted::Value(Value::from(number)));
            }
        };
    }
    Ok(Converted::Value(if text.is_empty() { Value::Null } else { Value::from(text) }))
}

fn phone(form: PhoneForm, text: &str) -> Result<String, ConvertError> {
    let number = phonenumber::parse(None, text).map_err(|_| ConvertError::Phone)?;
    let mode = match form {
        PhoneForm::E164 => return Ok(text.to_owned()),
        PhoneForm::Zeros => return Ok(format!("00{}", text.trim_start_matches('+'))),
        PhoneForm::International => Mode::International,
        PhoneForm::National => Mode::National,
        PhoneForm::Uri => Mode::Rfc3966,
    };
    Ok(number.format().mode(mode).to_string())
}

/// Year, month and day of `YYYY-MM-DD`.
fn ymd(text: &str) -> Result<(&str, &str, &str), ConvertError> {
    let mut parts = text.splitn(3, '-');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(year), Some(month), Some(day)) if year.len() == 4 => Ok((year, month, day)),
        _ => Err(ConvertError::Yearless),
    }
}

/// Milliseconds since 1970 of a day's beginning in UTC (the days of the civil calendar, counted in eras of 400 years).
fn midnight_ms(text: &str) -> Result<i64, ConvertError> {
    let (year, month, day) = ymd(text)?;
    let number = |text: &str| text.parse::<i64>().map_err(|_| ConvertError::Yearless);
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Ok(days * 86_400_000)
}

impl Part {
    fn of(self, text: &str) -> String {
        let (first, after) = text.split_once(' ').unwrap_or(("", text));
        let (before, last) = text.rsplit_once(' ').unwrap_or(("", text));
        match self {
            Self::First => first,
            Self::AfterFirst => after,
            Self::Last => last,
            Self::BeforeLast => before,
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(toml: &str) -> Vec<Conversion> {
        #[derive(Deserialize)]
        struct Steps {
            convert: Vec<Conversion>,
        }
        toml::from_str::<Steps>(&format!("convert = {toml}")).unwrap().convert
    }

    fn check(toml: &str, text: &str, wanted: impl Into<Value>) {
        assert_eq!(
            convert(&steps(toml), Some(text)),
            Ok(Converted::Value(wanted.into())),
            "{toml} of {text}"
        );
    }

    #[test]
    fn each_step_does_what_it_says() {
        check("['upper']", "Lindenweg", "LINDENWEG");
        check("['lower']", "CH", "ch");
        check("[{ prefix = 'x-' }, { suffix = '-y' }]", "a", "x-a-y");
        check("[{ replace = ['-', '_'] }]", "de-CH", "de_CH");
        check("[{ before = '-' }]", "de-CH", "de");
        check("[{ before = '-' }]", "de", "de");
        check("[{ phone = 'e164' }]", "+41791234567", "+41791234567");
        check("[{ phone = 'international' }]", "+41791234567", "+41 79 123 45 67");
        check("[{ phone = 'national' }]", "+41791234567", "079 123 45 67");
        check("[{ phone = 'zeros' }]", "+41791234567", "0041791234567");
        check("[{ date = 'DD.MM.YYYY' }]", "1985-02-28", "28.02.1985");
        check("[{ date = 'unix-ms' }]", "1970-01-02", 86_400_000);
        check("[{ date = 'unix-ms' }]", "2000-02-29", 951_782_400_000_i64);
        check("[{ date = 'unix-ms' }]", "1969-12-31", -86_400_000);
        check("[{ map = { female = 'F', male = 'M' } }]", "female", "F");
        check("[{ country = 'name' }]", "CH", "Switzerland");
        check("[{ part = 'first' }]", "Ann Maria Muster", "Ann");
        check("[{ part = 'after-first' }]", "Ann Maria Muster", "Maria Muster");
        check("[{ part = 'last' }]", "Ann Maria Muster", "Muster");
        check("[{ part = 'before-last' }]", "Ann Maria Muster", "Ann Maria");
        check("[{ part = 'first' }]", "Ann", Value::Null);
        check("[{ part = 'after-first' }]", "Ann", "Ann");
        check("[{ line = 2 }]", "a\nb", "b");
        check("[{ line = 3 }]", "a\nb", Value::Null);
        check("[{ lines = ', ' }]", "a\nb", "a, b");
        check("['boolean']", "true", true);
        check("['integer']", "17", 17);
    }

    #[test]
    fn a_value_without_a_form_is_refused_and_not_guessed() {
        for (toml, text, wanted) in [
            ("[{ date = 'DD.MM.YYYY' }]", "--02-28", ConvertError::Yearless),
            ("[{ map = { female = 'F' } }]", "other", ConvertError::Unmapped),
            ("[{ country = 'name' }]", "XX", ConvertError::Country),
            ("['boolean']", "yes", ConvertError::Boolean),
            ("['integer']", "many", ConvertError::Integer),
            ("[{ phone = 'national' }]", "none", ConvertError::Phone),
        ] {
            assert_eq!(convert(&steps(toml), Some(text)), Err(wanted), "{toml} of {text}");
        }
    }

    #[test]
    fn nothing_stays_nothing() {
        assert_eq!(convert(&steps("['upper', { prefix = 'x' }]"), None), Ok(Converted::Value(Value::Null)));
    }
}
