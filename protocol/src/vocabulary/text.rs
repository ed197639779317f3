//! Plain text, postal codes and numbers of documents.

use super::ValueError;

/// Longest postal code: the longest in use has ten characters (ZIP+4); room for what comes.
const POSTAL_CODE_CHARS_MAX: usize = 16;

/// Longest number of a document or a register: the longest known ones have about 30 characters.
const IDENTIFIER_CHARS_MAX: usize = 64;

/// One line; blanks in a row become one, since other programs join them anyway.
pub(super) fn line(input: &str) -> Result<String, ValueError> {
    if input.chars().any(is_line_break) {
        return Err(ValueError::LineBreak);
    }
    if input.chars().any(is_unprintable) {
        return Err(ValueError::ControlCharacter);
    }
    Ok(single_blanks(input))
}

/// Several lines, broken by LF; blanks at line ends and empty lines go, blanks in a row become one.
pub(super) fn lines(input: &str) -> Result<String, ValueError> {
    let unified = input.replace("\r\n", "\n").replace(is_line_break, "\n");
    let kept: Vec<&str> = unified.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect();
    if kept.iter().any(|line| line.chars().any(is_unprintable)) {
        return Err(ValueError::ControlCharacter);
    }
    Ok(kept.into_iter().map(single_blanks).collect::<Vec<_>>().join("\n"))
}

/// The lines of a text in one, parted by a comma.
pub(super) fn joined(input: &str) -> String {
    let parts: Vec<&str> =
        input.split(is_line_break).map(str::trim).filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

pub(super) fn postal_code(input: &str) -> Result<String, ValueError> {
    let code = single_blanks(input).to_ascii_uppercase();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b' ' || b == b'-';
    if code.len() <= POSTAL_CODE_CHARS_MAX && code.bytes().all(allowed) {
        Ok(code)
    } else {
        Err(ValueError::PostalCode)
    }
}

pub(super) fn identifier(input: &str) -> Result<String, ValueError> {
    let number = single_blanks(input);
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b" -./+*".contains(&b);
    if number.len() <= IDENTIFIER_CHARS_MAX && number.bytes().all(allowed) {
        Ok(number)
    } else {
        Err(ValueError::Identifier)
    }
}

/// Control characters, and those that turn the direction of writing: they make text look like other text.
/// So does U+FEFF, which many decoders drop without a word, so that signed bytes no longer fit.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

fn single_blanks(input: &str) -> String {
    input.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}
