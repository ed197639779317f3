//! Looking for what must not be readable, in every form in which it could have been written.

use std::fs;
use std::path::Path;

/// Something that must not be found.
#[derive(Debug, Clone)]
pub struct Needle {
    /// What it is, for telling without repeating it.
    pub name: String,
    forms: Vec<Vec<u8>>,
}

impl Needle {
    /// A text, in UTF-8, UTF-16, hex and base64 at any place of a longer text.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        let bytes = text.as_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![bytes.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
        forms.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        for alphabet in [BASE64, BASE64_URL] {
            forms.extend((0..3).map(|shift| base64(bytes, shift, alphabet)));
        }
        // What is shorter would be found by chance.
        forms.retain(|form| form.len() >= 6);
        Self { name: name.to_owned(), forms }
    }
}

/// The names of what is found in some bytes.
#[must_use]
pub fn found<'a>(needles: &'a [Needle], bytes: &[u8]) -> Vec<&'a str> {
    let mut at_first: Vec<Vec<(&Needle, &[u8])>> = vec![Vec::new(); 256];
    for needle in needles {
        for form in &needle.forms {
            at_first[usize::from(form[0])].push((needle, form));
        }
    }
    let mut names = Vec::new();
    for at in 0..bytes.len() {
        for (needle, form) in &at_first[usize::from(bytes[at])] {
            if bytes[at..].starts_with(form) && !names.contains(&needle.name.as_str()) {
                names.push(needle.name.as_str());
            }
        }
    }
    names
}

/// What is found in each file under a folder: the file, and what.
///
/// # Panics
/// When the folder cannot be read.
#[must_use]
pub fn found_under(needles: &[Needle], folder: &Path) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let kind = fs::symlink_metadata(&path).expect("an entry").file_type();
        let mut seen = path.file_name().map(|name| name.as_encoded_bytes().to_vec()).unwrap_or_default();
        if kind.is_dir() {
            all.extend(found_under(needles, &path));
        } else if kind.is_file() {
            seen.push(b'\n');
            seen.extend(fs::read(&path).expect("a file"));
        }
        let names: Vec<String> = found(needles, &seen).into_iter().map(str::to_owned).collect();
        if !names.is_empty() {
            all.push((path.display().to_string(), names));
        }
    }
    all
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The digits that depend on these bytes alone, when so many others stand before them in their group of three.
fn base64(bytes: &[u8], before: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let bits: Vec<bool> = (0..before * 8)
        .map(|_| false)
        .chain(bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)))
        .collect();
    let first = (before * 8).div_ceil(6);
    let digit = |bits: &[bool]| bits.iter().fold(0, |value, bit| value << 1 | usize::from(*bit));
    bits.chunks_exact(6).skip(first).map(|bits| alphabet[digit(bits)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_in_every_form_and_another_is_not() {
        let needles = [Needle::new("phone", "+491701234567")];
        for text in
            ["x+491701234567", "2b343931373031323334353637", "KzQ5MTcwMTIzNDU2Nw", "AAArNDkxNzAxMjM0NTY3AAAA"]
        {
            assert_eq!(found(&needles, text.as_bytes()), ["phone"], "{text}");
        }
        let utf16: Vec<u8> = "+491701234567".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(found(&needles, &utf16), ["phone"]);
        assert!(found(&needles, b"+491701234568").is_empty());
    }
}
