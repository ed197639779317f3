//! A card and its name.

use std::fmt;

/// One card of an address book.
#[derive(Clone, PartialEq, Eq)]
pub struct CardEntry {
    /// Its address at the server.
    pub href: String,
    /// The name it goes by: its `FN`, empty where it has none.
    pub name: String,
    /// The card as the server has it.
    pub vcard: Vec<u8>,
}

impl fmt::Debug for CardEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardEntry ({} bytes)", self.vcard.len())
    }
}

impl CardEntry {
    pub(crate) fn new(href: String, vcard: Vec<u8>) -> Self {
        Self { href, name: name(&String::from_utf8_lossy(&vcard)), vcard }
    }
}

/// The first `FN` of a card.
fn name(card: &str) -> String {
    let mut lines = card.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((property, value)) = line.split_once(':') else { continue };
        let named = property.split(';').next().unwrap_or_default();
        let named = named.rsplit('.').next().unwrap_or_default();
        if !named.eq_ignore_ascii_case("FN") {
            continue;
        }
        let mut value = value.to_owned();
        // A line that begins with a blank goes on with the one before (RFC 6350 section 3.2).
        while let Some(more) = lines.next_if(|line| line.starts_with([' ', '\t'])) {
            value.push_str(&more[1..]);
        }
        return unescaped(&value).trim().to_owned();
    }
    String::new()
}

/// `\n` is a line's end, and a backslash before anything else is not part of it (RFC 6350 section 3.4).
fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => text.extend(chars.next().map(|next| if matches!(next, 'n' | 'N') { ' ' } else { next })),
            char => text.push(char),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_goes_by_its_first_fn_however_it_is_written() {
        let check = |card: &str, expected: &str| assert_eq!(name(card), expected, "{card}");
        check("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ada Lind\r\nEND:VCARD\r\n", "Ada Lind");
        check("item1.fn;PID=1:Lind\\, Ada\n", "Lind, Ada");
        check("N:Lind;Ada\nFN;CHARSET=UTF-8:Ad\n a\\nLi\n\tnd\nNOTE: x", "Ada Lind");
        check("NOTE:FN:no\nTEL:1", "");
        check("FN", "");
        check("FN:a\\", "a");
    }
}
