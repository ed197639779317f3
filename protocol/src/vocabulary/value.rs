//! Values: normalised text, and what is wrong with the rest.

use std::fmt;

use super::{Field, ValueType, account, country, date, email, language, phone, text, timezone, uri};
use crate::path::Path;

/// Longest value in bytes: some lines of text. Fields are facts about a person, not documents.
pub const VALUE_BYTES_MAX: usize = 4096;

/// A value in its field's normalised form. Its `Debug` shows the length only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(String);

/// Why a text is no value of a field. No variant holds the text, because errors are logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The path is neither known nor free.
    #[error("the path {path} is not known{}; own fields begin with x.", suggestion(.nearest))]
    UnknownPath {
        /// The path asked for.
        path: Path,
        /// A known path that is written much alike.
        nearest: Option<Path>,
    },
    /// Nothing is left once the blanks around it are gone.
    #[error("the value is empty: unset the field to remove it")]
    Empty,
    /// Longer than [`VALUE_BYTES_MAX`].
    #[error("the value has {got} bytes, more than {VALUE_BYTES_MAX}")]
    TooLong {
        /// Bytes of the offending text.
        got: usize,
    },
    /// A control character, or one that turns the direction of writing.
    #[error("the value holds a control character: remove it")]
    ControlCharacter,
    /// A line break in a field of one line.
    #[error("the value has several lines, and this field takes one")]
    LineBreak,
    /// A phone number that does not begin with a plus sign.
    #[error("the phone number lacks its country code: write it as +49 170 1234567")]
    PhoneCountryMissing,
    /// A phone number with an extension, which E.164 cannot hold.
    #[error("the phone number has an extension: leave it out")]
    PhoneExtension,
    /// No phone number: letters in it, an unknown country code, or an impossible length.
    #[error("the phone number is not a possible one: check its country code and its digits")]
    Phone,
    /// No email address.
    #[error("the email address is not well formed: write name@example.com")]
    Email,
    /// No calendar date.
    #[error("the date is not a day of the calendar: write it as YYYY-MM-DD")]
    Date,
    /// Neither a calendar date nor a day of the year.
    #[error("the date is not a day of the calendar: write it as YYYY-MM-DD, or --MM-DD without the year")]
    PartialDate,
    /// No country code.
    #[error("the country is not an ISO 3166-1 code of two letters, such as DE")]
    Country,
    /// No language tag, or one with a subtag that IANA does not list.
    #[error("the language is not a BCP 47 tag that IANA knows, such as de or pt-BR")]
    Language,
    /// No name of the IANA time zone database.
    #[error("the time zone is not an IANA name, such as Europe/Berlin")]
    Timezone,
    /// No absolute URI.
    #[error("the address is not a URI: write the scheme as well, such as https://example.com/")]
    Uri,
    /// A URI with a scheme that the field does not take.
    #[error("the address must begin with {}", .expected.iter().map(|it| format!("{it}:")).collect::<Vec<_>>().join(" or "))]
    UriScheme {
        /// The schemes the field takes.
        expected: Vec<String>,
    },
    /// No postal code.
    #[error(
        "the postal code holds something else than letters, digits, blanks and hyphens, or is over 16 long"
    )]
    PostalCode,
    /// No account number, or one whose check digits do not match.
    #[error(
        "the IBAN is not well formed, or its check digits do not match: compare it with the bank's letter"
    )]
    Iban,
    /// No bank code.
    #[error("the BIC is not well formed: it has 8 or 11 letters and digits")]
    Bic,
    /// No number of a document or register.
    #[error("the number holds something else than letters, digits, blanks and - . / + *, or is over 64 long")]
    Identifier,
    /// Neither `true` nor `false`.
    #[error("the value is neither true nor false")]
    Boolean,
    /// None of the values that the field lists.
    #[error("the value must be one of: {}", .expected.join(", "))]
    Enum {
        /// The values the field takes.
        expected: Vec<String>,
    },
}

impl Value {
    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The normalised text, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({} bytes)", self.0.len())
    }
}

impl From<Value> for String {
    fn from(value: Value) -> Self {
        value.0
    }
}

/// Checks and normalises a value of a known field.
pub(super) fn check(field: &Field, input: &str) -> Result<Value, ValueError> {
    let input = bounded(input)?;
    let normal = match field.value_type {
        ValueType::Text => text::line(input),
        ValueType::Lines => text::lines(input),
        ValueType::Phone => phone::parse(input, None),
        ValueType::Email => email::parse(input),
        ValueType::Date => date::parse(input),
        ValueType::PartialDate => date::parse_partial(input),
        ValueType::Country => country::parse(input),
        ValueType::Language => language::parse(input),
        ValueType::Timezone => timezone::parse(input),
        ValueType::Uri => uri::parse(input, &field.schemes),
        ValueType::PostalCode => text::postal_code(input),
        ValueType::Iban => account::iban(input),
        ValueType::Bic => account::bic(input),
        ValueType::Identifier => text::identifier(input),
        ValueType::Boolean => boolean(input),
        ValueType::Enum => listed(input, &field.values),
    }?;
    finish(normal)
}

/// As [`check`], and takes what other programs write for the same thing.
pub(super) fn check_lenient(field: &Field, input: &str, country: Option<&str>) -> Result<Value, ValueError> {
    let text = bounded(input)?;
    let normal = match field.value_type {
        ValueType::Text => text::line(&text::joined(text)),
        ValueType::Phone => phone::parse(text.strip_prefix("tel:").unwrap_or(text), country),
        ValueType::Email => email::parse(text.strip_prefix("mailto:").unwrap_or(text)),
        ValueType::Date => date::parse(&date::expanded(text)),
        ValueType::PartialDate => date::parse_partial(&date::expanded(text)),
        ValueType::Country => country::parse_lenient(text),
        ValueType::Language => language::parse(&text.replace('_', "-")),
        ValueType::Uri => uri::parse_lenient(text, &field.schemes),
        _ => return check(field, input),
    }?;
    finish(normal)
}

/// Checks the value of a free path: any text, kept as it is.
pub(super) fn check_free(input: &str) -> Result<Value, ValueError> {
    bounded(input)?;
    if input.chars().any(|c| text::is_unprintable(c) && c != '\n' && c != '\t') {
        return Err(ValueError::ControlCharacter);
    }
    Ok(Value(input.to_owned()))
}

fn bounded(input: &str) -> Result<&str, ValueError> {
    if input.len() > VALUE_BYTES_MAX {
        return Err(ValueError::TooLong { got: input.len() });
    }
    let trimmed = input.trim();
    if trimmed.is_empty() { Err(ValueError::Empty) } else { Ok(trimmed) }
}

fn finish(normal: String) -> Result<Value, ValueError> {
    bounded(&normal)?;
    Ok(Value(normal))
}

fn boolean(input: &str) -> Result<String, ValueError> {
    match input.to_ascii_lowercase().as_str() {
        normal @ ("true" | "false") => Ok(normal.to_owned()),
        _ => Err(ValueError::Boolean),
    }
}

fn listed(input: &str, values: &[String]) -> Result<String, ValueError> {
    let found = values.iter().find(|value| value.eq_ignore_ascii_case(input));
    found.cloned().ok_or_else(|| ValueError::Enum { expected: values.to_vec() })
}

fn suggestion(nearest: &Option<Path>) -> String {
    nearest.as_ref().map(|path| format!(": did you mean {path}?")).unwrap_or_default()
}
