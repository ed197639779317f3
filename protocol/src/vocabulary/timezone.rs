//! Time zones of the IANA database.

use super::ValueError;

/// Every zone and link name of the IANA time zone database 2025b, one a line.
const NAMES: &str = include_str!("timezones.txt");

/// A name in any case, given back in the database's.
pub(super) fn parse(input: &str) -> Result<String, ValueError> {
    let found = NAMES.lines().find(|name| name.eq_ignore_ascii_case(input));
    found.map(str::to_owned).ok_or(ValueError::Timezone)
}
