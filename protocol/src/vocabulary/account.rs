//! Bank accounts: IBAN and BIC.

use super::ValueError;
use super::country::is_alpha2;

/// Lengths of an IBAN: Norway's is the shortest, and ISO 13616 allows no more than 34.
const IBAN_CHARS: std::ops::RangeInclusive<usize> = 15..=34;

/// Countries that issue account numbers and bank codes under a code that ISO 3166-1 leaves to its users.
const USER_ASSIGNED: [&str; 1] = ["XK"];

/// An ISO 13616 account number without blanks, its check digits verified (ISO 7064, modulo 97-10).
pub(super) fn iban(input: &str) -> Result<String, ValueError> {
    let number: String = input.chars().filter(|c| *c != ' ').collect::<String>().to_ascii_uppercase();
    let shaped = IBAN_CHARS.contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_alphanumeric())
        && is_issuer(&number[..2])
        && number[2..4].bytes().all(|b| b.is_ascii_digit());
    if shaped && remainder(&number) == 1 { Ok(number) } else { Err(ValueError::Iban) }
}

/// An ISO 9362 bank code.
pub(super) fn bic(input: &str) -> Result<String, ValueError> {
    let code = input.to_ascii_uppercase();
    let shaped = matches!(code.len(), 8 | 11)
        && code.bytes().all(|b| b.is_ascii_alphanumeric())
        && is_issuer(&code[4..6]);
    if shaped { Ok(code) } else { Err(ValueError::Bic) }
}

fn is_issuer(country: &str) -> bool {
    is_alpha2(country) || USER_ASSIGNED.contains(&country)
}

/// The remainder modulo 97 of the number with its first four characters moved to the end and letters as 10 to 35.
fn remainder(number: &str) -> u32 {
    let digits = number.bytes().cycle().skip(4).take(number.len());
    digits.fold(0, |sum, b| match b {
        b'0'..=b'9' => (sum * 10 + u32::from(b - b'0')) % 97,
        _ => (sum * 100 + u32::from(b - b'A') + 10) % 97,
    })
}
