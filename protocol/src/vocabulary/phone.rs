//! Telephone numbers, in E.164 form.

use phonenumber::metadata::{DATABASE, Descriptors};
use phonenumber::{Mode, PhoneNumber};

use super::ValueError;

/// Most digits of an E.164 number (ITU-T E.164, section 6).
const DIGITS_MAX: usize = 15;

/// Longest text that is tried: a number with a separator after every digit, and some more.
const TEXT_BYTES_MAX: usize = 40;

/// Parses a number. Without a plus sign it needs a `country` (ISO 3166-1 alpha-2) whose numbering plan it follows.
pub(super) fn parse(input: &str, country: Option<&str>) -> Result<String, ValueError> {
    let international = input.starts_with('+');
    if !is_plain(input) {
        let extended = input.contains(['x', 'X', ';', '#', ','])
            && input.starts_with(|c: char| c == '+' || c.is_ascii_digit());
        return Err(if extended { ValueError::PhoneExtension } else { ValueError::Phone });
    }
    let country = match country {
        _ if international => None,
        Some(code) => Some(code.to_ascii_uppercase().parse().map_err(|_| ValueError::Country)?),
        None => return Err(ValueError::PhoneCountryMissing),
    };
    let number = phonenumber::parse(country, input).map_err(|_| ValueError::Phone)?;
    let normal = e164(&number)?;
    // The same number read again must stay the same, or two stores would disagree on it.
    let again = phonenumber::parse(None, &normal).map_err(|_| ValueError::Phone)?;
    if e164(&again)? == normal { Ok(normal) } else { Err(ValueError::Phone) }
}

/// A possible number in E.164 form. Its length must be one of its numbering plan; its digits are not held
/// against the plan's patterns, since they age and a number range opened yesterday is real.
fn e164(number: &PhoneNumber) -> Result<String, ValueError> {
    let normal = number.format().mode(Mode::E164).to_string();
    let code = number.code().value();
    let national = normal.strip_prefix(&format!("+{code}")).ok_or(ValueError::Phone)?;
    let plans = DATABASE.by_code(&code).ok_or(ValueError::Phone)?;
    let possible = plans.iter().any(|plan| is_possible(plan.descriptors(), national.len()));
    let digits = national.bytes().all(|b| b.is_ascii_digit());
    if possible && digits && normal.len() <= DIGITS_MAX + 1 { Ok(normal) } else { Err(ValueError::Phone) }
}

/// Whether any kind of number that a person has may be that long.
fn is_possible(plan: &Descriptors, digits: usize) -> bool {
    [
        plan.fixed_line(),
        plan.mobile(),
        plan.personal_number(),
        plan.voip(),
        plan.pager(),
        plan.uan(),
        plan.toll_free(),
        plan.shared_cost(),
        plan.premium_rate(),
    ]
    .into_iter()
    .flatten()
    .any(|kind| kind.possible_length().iter().any(|length| usize::from(*length) == digits))
}

/// Digits and the separators that people write, with a plus sign in front only.
fn is_plain(input: &str) -> bool {
    let rest = input.strip_prefix('+').unwrap_or(input);
    rest.len() <= TEXT_BYTES_MAX
        && rest
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}'))
}
