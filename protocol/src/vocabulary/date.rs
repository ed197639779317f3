//! Calendar dates.

use super::ValueError;

/// A year that has a 29 February, for days of the year without a year.
const LEAP_YEAR: i16 = 2000;

/// `YYYY-MM-DD`, a day of the proleptic Gregorian calendar.
pub(super) fn parse(input: &str) -> Result<String, ValueError> {
    let [year, month, day] = split(input).ok_or(ValueError::Date)?;
    let year = number(year, 4).filter(|year| *year > 0).ok_or(ValueError::Date)?;
    day_of(year, month, day).ok_or(ValueError::Date)
}

/// `YYYY-MM-DD`, or `--MM-DD` for a day whose year is not told.
pub(super) fn parse_partial(input: &str) -> Result<String, ValueError> {
    if let Some(rest) = input.strip_prefix("--") {
        let (month, day) = rest.split_once('-').ok_or(ValueError::PartialDate)?;
        let full = day_of(LEAP_YEAR, month, day).ok_or(ValueError::PartialDate)?;
        return Ok(format!("-{}", &full[4..]));
    }
    parse(input).map_err(|_| ValueError::PartialDate)
}

/// The extended form of what cards hold: `19800322`, `--0203`, `1980-03-22T00:00:00Z`.
pub(super) fn expanded(input: &str) -> String {
    let date = input.split(['T', ' ']).next().unwrap_or_default();
    let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    match date.strip_prefix("--") {
        Some(rest) if digits(rest, 4) => format!("--{}-{}", &rest[..2], &rest[2..]),
        None if digits(date, 8) => format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]),
        _ => date.to_owned(),
    }
}

fn split(input: &str) -> Option<[&str; 3]> {
    let mut parts = input.split('-');
    let found = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(found)
}

fn day_of(year: i16, month: &str, day: &str) -> Option<String> {
    let (month, day) = (number(month, 2)?, number(day, 2)?);
    let date = jiff::civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    Some(format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()))
}

fn number(text: &str, digits: usize) -> Option<i16> {
    (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}
