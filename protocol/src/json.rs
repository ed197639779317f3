//! Strict JSON and its canonical form (RFC 8785), for the documents that people keep.
//!
//! `serde_json` keeps the last of duplicate keys and canonicalizers round large integers, so a document is
//! scanned before it is parsed: no duplicate keys, no integer beyond 2^53 - 1, no fractions, bounded nesting.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::limits::{DOCUMENT_BYTES_MAX, NESTING_MAX};

/// Largest magnitude of an integer in a document: beyond it other people's numbers lose digits.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Why a text is no acceptable document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Larger than [`DOCUMENT_BYTES_MAX`].
    #[error("larger than {DOCUMENT_BYTES_MAX} bytes")]
    TooLarge,
    /// Nested deeper than [`NESTING_MAX`].
    #[error("nested deeper than {NESTING_MAX} levels at byte {at}")]
    TooDeep {
        /// Byte offset.
        at: usize,
    },
    /// Not JSON.
    #[error("not JSON at byte {at}")]
    Syntax {
        /// Byte offset.
        at: usize,
    },
    /// A key that stands twice in one object.
    #[error("a key stands twice in one object at byte {at}")]
    DuplicateKey {
        /// Byte offset.
        at: usize,
    },
    /// A fraction, an exponent, or an integer beyond 2^53 - 1.
    #[error("a number that is no integer within 2^53 at byte {at}")]
    Number {
        /// Byte offset.
        at: usize,
    },
    /// Valid, but not in the one form of RFC 8785.
    #[error("not in canonical form (RFC 8785)")]
    NotCanonical,
}

/// Parses a document strictly.
///
/// # Errors
/// [`JsonError`] with the byte where it went wrong.
pub fn parse(text: &str) -> Result<Value, JsonError> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(JsonError::TooLarge);
    }
    let mut scanner = Scanner { text, at: 0 };
    scanner.space();
    scanner.value(0)?;
    scanner.space();
    if scanner.at != text.len() {
        return Err(JsonError::Syntax { at: scanner.at });
    }
    serde_json::from_str(text).map_err(|e| JsonError::Syntax { at: e.column() })
}

/// Parses a document that must already be canonical, byte for byte.
///
/// # Errors
/// [`JsonError`], [`JsonError::NotCanonical`] among them.
pub fn parse_canonical(bytes: &[u8]) -> Result<Value, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|e| JsonError::Syntax { at: e.valid_up_to() })?;
    let value = parse(text)?;
    if canonical(&value).as_bytes() == bytes { Ok(value) } else { Err(JsonError::NotCanonical) }
}

/// The canonical form of RFC 8785 (JCS).
#[must_use]
pub fn canonical(value: &Value) -> String {
    serde_json_canonicalizer::to_string(value).expect("a JSON value has a canonical form")
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn syntax<T>(&self) -> Result<T, JsonError> {
        Err(JsonError::Syntax { at: self.at })
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            self.syntax()
        }
    }

    fn value(&mut self, depth: usize) -> Result<(), JsonError> {
        match self.peek() {
            // "The outermost array or map is the first level": an empty one is a level too.
            Some(b'{' | b'[') if depth >= NESTING_MAX => Err(JsonError::TooDeep { at: self.at }),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(|_| ()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.syntax(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), JsonError> {
        let mut keys = BTreeSet::new();
        self.take(b'{')?;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let start = self.at;
            let key = self.string()?;
            // With `arbitrary_precision` on, serde_json reads this key as a number.
            if key.starts_with("$serde_json") {
                return Err(JsonError::Syntax { at: start });
            }
            if !keys.insert(key) {
                return Err(JsonError::DuplicateKey { at: start });
            }
            self.space();
            self.take(b':')?;
            self.space();
            self.value(depth + 1)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => return self.take(b'}'),
            }
            self.space();
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), JsonError> {
        self.take(b'[')?;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => return self.take(b']'),
            }
            self.space();
        }
    }

    fn string(&mut self) -> Result<String, JsonError> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            match self.peek() {
                Some(b'\\') => self.at += 2,
                Some(b'"') => break,
                Some(_) => self.at += 1,
                None => return self.syntax(),
            }
        }
        self.at += 1;
        let raw = self.text.get(start..self.at).ok_or(JsonError::Syntax { at: start })?;
        serde_json::from_str(raw).map_err(|_| JsonError::Syntax { at: start })
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let digits = self.text[start..self.at].trim_start_matches('-');
        let canonical = digits == "0" || !digits.starts_with('0');
        let small = digits.parse::<u64>().is_ok_and(|n| n <= INTEGER_MAX);
        let minus_zero = &self.text[start..self.at] == "-0";
        if canonical && small && !minus_zero && !digits.starts_with('+') {
            Ok(())
        } else {
            Err(JsonError::Number { at: start })
        }
    }

    fn word(&mut self, word: &str) -> Result<(), JsonError> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            self.syntax()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traps_are_refused() {
        for (text, wanted) in [
            (r#"{"a":1,"a":2}"#, JsonError::DuplicateKey { at: 7 }),
            (r#"{"a":1,"\u0061":2}"#, JsonError::DuplicateKey { at: 7 }),
            ("9007199254740992", JsonError::Number { at: 0 }),
            ("1.0", JsonError::Number { at: 0 }),
            ("1e2", JsonError::Number { at: 0 }),
            ("-0", JsonError::Number { at: 0 }),
            ("01", JsonError::Number { at: 0 }),
            (r#"{"$serde_json::private::Number":"7"}"#, JsonError::Syntax { at: 1 }),
            ("{} x", JsonError::Syntax { at: 3 }),
            ("\"\\", JsonError::Syntax { at: 3 }),
        ] {
            assert_eq!(parse(text), Err(wanted), "{text}");
        }
        assert!(matches!(parse(&"[".repeat(100_000)), Err(JsonError::TooDeep { .. })));
        assert!(parse("9007199254740991").is_ok());
    }

    #[test]
    fn only_the_canonical_spelling_passes_as_canonical() {
        assert!(parse_canonical(br#"{"a":1,"b":[true,null,"x"]}"#).is_ok());
        assert_eq!(parse_canonical(br#"{"b":1,"a":2}"#), Err(JsonError::NotCanonical));
        assert_eq!(parse_canonical(br#"{ "a":1}"#), Err(JsonError::NotCanonical));
    }

    #[test]
    fn whatever_is_json_is_taken_with_any_space_between() {
        for (text, value) in [
            ("{}", serde_json::json!({})),
            (" { } ", serde_json::json!({})),
            ("[]", serde_json::json!([])),
            ("\t[ ]\r\n", serde_json::json!([])),
            (
                "{ \"a\" : [ 1 , -2 , 0 ] , \"b\" : { \"c\" : \"d\" } }",
                serde_json::json!({"a": [1, -2, 0], "b": {"c": "d"}}),
            ),
            ("[true,false,null]", serde_json::json!([true, false, null])),
            ("\"a\\\"b\\\\\"", serde_json::json!("a\"b\\")),
            ("-9007199254740991", serde_json::json!(-9_007_199_254_740_991_i64)),
            // The same key in two objects.
            ("[{\"a\":1},{\"a\":{\"a\":2}}]", serde_json::json!([{"a": 1}, {"a": {"a": 2}}])),
        ] {
            assert_eq!(parse(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn an_error_names_the_byte_where_it_went_wrong() {
        for (text, at) in [
            ("", 0),
            (" x", 1),
            ("[1 2]", 3),
            ("[1,]", 3),
            ("[,1]", 1),
            ("[1", 2),
            ("{\"a\" 1}", 5),
            ("{\"a\":1 \"b\":2}", 7),
            ("{\"a\":1,}", 7),
            ("{a:1}", 1),
            ("{\"a\":tru}", 5),
            ("{\"a\":falsy}", 5),
            ("[nul]", 1),
            ("\"abc", 4),
            ("[\"a\\x\"]", 1),
            ("{}{}", 2),
        ] {
            assert_eq!(parse(text), Err(JsonError::Syntax { at }), "{text}");
        }
        for (text, at) in
            [("[1,00]", 3), ("{\"a\":-01}", 5), ("[-+1]", 1), ("[-9007199254740992]", 1), ("[1.5]", 1)]
        {
            assert_eq!(parse(text), Err(JsonError::Number { at }), "{text}");
        }
        assert_eq!(parse_canonical(b"{\"a\":\"\xff\"}"), Err(JsonError::Syntax { at: 6 }));
    }

    #[test]
    fn a_document_has_so_many_levels_and_bytes_at_most() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = |levels: usize| format!("{}0{}", open.repeat(levels), close.repeat(levels));
            assert!(parse(&nested(NESTING_MAX)).is_ok());
            let at = open.len() * NESTING_MAX;
            assert_eq!(parse(&nested(NESTING_MAX + 1)), Err(JsonError::TooDeep { at }));
        }
        let empty = format!("{}{}", "[".repeat(NESTING_MAX + 1), "]".repeat(NESTING_MAX + 1));
        assert_eq!(parse(&empty), Err(JsonError::TooDeep { at: NESTING_MAX }));
        let long = |bytes: usize| format!("\"{}\"", "a".repeat(bytes - 2));
        assert!(parse(&long(DOCUMENT_BYTES_MAX)).is_ok());
        assert_eq!(parse(&long(DOCUMENT_BYTES_MAX + 1)), Err(JsonError::TooLarge));
    }
}
