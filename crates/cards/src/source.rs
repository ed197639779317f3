//! From bytes to the properties of one card: character set, format, and which card of several.

use calcard::jscontact::JSContact;
use calcard::vcard::VCard;
use serde_json::Value;

use crate::property::Property;
use crate::{CARD_BYTES_MAX, ImportError, PROPERTIES_MAX, jcard};

/// One card.
pub(crate) struct Card {
    pub(crate) properties: Vec<Property>,
    /// Whether its text had to be read as Windows-1252.
    pub(crate) legacy_charset: bool,
    /// What parts the values of one component: JSContact has the words of a street, vCard its lines.
    pub(crate) separator: &'static str,
}

/// Properties that are read as text, because `calcard` keeps only a part of dates written with hyphens in a vCard 4.0,
/// as many programs write them, and of offsets.
const READ_AS_TEXT: &[&str] = &["BDAY", "ANNIVERSARY", "DEATHDATE", "TZ"];

/// Reads the chosen card of a file.
pub(crate) fn read(bytes: &[u8], choice: Option<usize>) -> Result<Card, ImportError> {
    if bytes.len() > CARD_BYTES_MAX {
        return Err(ImportError::TooLarge { got: bytes.len() });
    }
    let (text, legacy_charset) = decode(bytes);
    let (vcard, separator) = match text.trim_start().chars().next() {
        Some('[' | '{') => from_json(&text, choice)?,
        _ => {
            let cards = split(&text)?;
            (parse(choose(&cards, choice)?)?, ", ")
        }
    };
    if vcard.entries.len() > PROPERTIES_MAX {
        return Err(ImportError::TooManyProperties { got: vcard.entries.len() });
    }
    Ok(Card {
        properties: vcard.entries.into_iter().map(Property::read).collect(),
        legacy_charset,
        separator,
    })
}

/// UTF-8, UTF-16 with a byte order mark, else Windows-1252, in which every byte is something.
fn decode(bytes: &[u8]) -> (String, bool) {
    let utf16 = |unit: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => return (utf16(u16::from_le_bytes, rest), false),
        [0xfe, 0xff, rest @ ..] => return (utf16(u16::from_be_bytes, rest), false),
        _ => {}
    }
    match std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (bytes.iter().map(|byte| windows_1252(*byte)).collect(), true),
    }
}

/// The character of a byte in Windows-1252 (WHATWG Encoding Standard).
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The text of each vCard, from its BEGIN to its END.
fn split(text: &str) -> Result<Vec<&str>, ImportError> {
    let mut cards = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let word = line.trim();
        if word.eq_ignore_ascii_case("BEGIN:VCARD") {
            if let Some((line, _)) = open {
                return Err(ImportError::Truncated { line });
            }
            open = Some((index + 1, offset));
        }
        offset += line.len();
        if word.eq_ignore_ascii_case("END:VCARD")
            && let Some((_, start)) = open.take()
        {
            cards.push(&text[start..offset]);
        }
    }
    match open {
        Some((line, _)) => Err(ImportError::Truncated { line }),
        None if cards.is_empty() => Err(ImportError::NotACard),
        None => Ok(cards),
    }
}

fn choose<T>(cards: &[T], choice: Option<usize>) -> Result<&T, ImportError> {
    let count = cards.len();
    match (choice, cards) {
        (None, [only]) => Ok(only),
        (None, []) => Err(ImportError::NotACard),
        (None, _) => Err(ImportError::SeveralCards { count }),
        (Some(got), _) => {
            let index = got.checked_sub(1);
            index.and_then(|index| cards.get(index)).ok_or(ImportError::NoSuchCard { got, count })
        }
    }
}

fn parse(text: &str) -> Result<VCard, ImportError> {
    VCard::parse(with_plain_dates(text)).map_err(|_| ImportError::NotACard)
}

/// The card with `VALUE=TEXT` as the first parameter of the properties that are [`READ_AS_TEXT`].
fn with_plain_dates(card: &str) -> String {
    let mut out = String::with_capacity(card.len() + 64);
    for line in card.split_inclusive('\n') {
        let name_end = line.find([';', ':']).unwrap_or(0);
        let name = line[..name_end].rsplit('.').next().unwrap_or_default();
        out.push_str(&line[..name_end]);
        if READ_AS_TEXT.iter().any(|it| name.eq_ignore_ascii_case(it)) {
            out.push_str(";VALUE=TEXT");
        }
        out.push_str(&line[name_end..]);
    }
    out
}

/// A jCard, a list of them, a JSContact card, or a list of those; with the separator of its components' values.
fn from_json(text: &str, choice: Option<usize>) -> Result<(VCard, &'static str), ImportError> {
    let json: Value = serde_json::from_str(text).map_err(|error| ImportError::Json { line: error.line() })?;
    let is_jcard =
        |card: &Value| card.get(0).and_then(Value::as_str).is_some_and(|it| it.eq_ignore_ascii_case("vcard"));
    let cards = match json {
        card if is_jcard(&card) || card.is_object() => vec![card],
        Value::Array(cards) => cards,
        _ => return Err(ImportError::NotACard),
    };
    let card = choose(&cards, choice)?;
    if is_jcard(card) {
        return Ok((parse(&jcard::to_vcard(card).ok_or(ImportError::NotACard)?)?, ", "));
    }
    if card.get("@type").and_then(Value::as_str) != Some("Card") {
        return Err(ImportError::NotACard);
    }
    let text = card.to_string();
    let card: JSContact<'_, String, String> = JSContact::parse(&text).map_err(|_| ImportError::NotACard)?;
    Ok((card.into_vcard().ok_or(ImportError::NotACard)?, " "))
}
