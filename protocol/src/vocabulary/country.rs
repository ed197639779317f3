//! Countries of ISO 3166-1.

use super::ValueError;

/// One line a country: alpha-2, alpha-3, English short name, then other names in use; parted by tabs.
const TABLE: &str = include_str!("countries.txt");

/// The English short name of an ISO 3166-1 alpha-2 code in upper case.
#[must_use]
pub fn country_name(alpha2: &str) -> Option<&'static str> {
    rows().find(|row| row.first() == Some(&alpha2)).and_then(|row| row.get(2).copied())
}

/// Every country: its alpha-2 code and its English short name, in the order of the names.
#[must_use]
pub fn countries() -> Vec<(&'static str, &'static str)> {
    let mut all: Vec<_> = rows().filter_map(|row| Some((*row.first()?, *row.get(2)?))).collect();
    all.sort_unstable_by_key(|(_, name)| *name);
    all
}

/// An alpha-2 code in any case.
pub(super) fn parse(input: &str) -> Result<String, ValueError> {
    let code = input.to_ascii_uppercase();
    if is_alpha2(&code) { Ok(code) } else { Err(ValueError::Country) }
}

/// An alpha-2 or alpha-3 code, or a name in use.
pub(super) fn parse_lenient(input: &str) -> Result<String, ValueError> {
    let wanted = input.trim_end_matches('.').to_lowercase();
    let matches = |name: &str| name.trim_end_matches('.').to_lowercase() == wanted;
    let row = rows().find(|row| row.iter().any(|name| matches(name))).ok_or(ValueError::Country)?;
    row.first().map(|code| (*code).to_owned()).ok_or(ValueError::Country)
}

pub(super) fn is_alpha2(code: &str) -> bool {
    rows().any(|row| row.first() == Some(&code))
}

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    TABLE.lines().map(|line| line.split('\t').collect())
}
