//! The grammar of field paths.
//!
//! ```text
//! path    = known / free
//! known   = name 1*5("." name)            ; typically facet.role.property: address.delivery.postalCode
//! name    = %x61-7A *(ALPHA / DIGIT)      ; lowerCamelCase
//! free    = "x" 1*5("." free-name)        ; a person's own fields and what a card held: x.vcard.X-ABLABEL
//! free-name = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-" / "_")
//! ```
//!
//! Only ASCII, so that no two paths look alike and differ. Free paths allow upper case, digits, `-` and `_` after
//! the leading `x`, because they keep the names of other formats as they are written there. Matching is exact:
//! a path is equal to itself only, and a [`Prefix`] matches whole segments only.

use std::fmt;
use std::str::FromStr;

/// Longest path in bytes: it fits one length byte, and six sensible names stay far below it.
pub const PATH_BYTES_MAX: usize = 255;

/// Longest segment in bytes: more than any name of the vocabulary or of a vCard property needs.
pub const SEGMENT_BYTES_MAX: usize = 64;

/// Most segments of a path: `facet.role.property` and room for structure below it.
pub const SEGMENTS_MAX: usize = 6;

/// The first segment of a free path, whose values no vocabulary checks.
pub const FREE_FACET: &str = "x";

/// Most characters of an offending segment that an error repeats.
const ECHO_CHARS_MAX: usize = 32;

/// The name of one datum of the vault: `phone.mobile`, `address.delivery.postalCode`, `x.vcard.X-ABLABEL`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(String);

/// The beginning of paths, in whole segments: `address` is a prefix of `address.home.street`, never of
/// `addressBook.name`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(String);

/// Why a text is no path and no prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing was written.
    #[error("the path is empty: write facet.property, such as phone.mobile")]
    Empty,
    /// Longer than [`PATH_BYTES_MAX`].
    #[error("the path has {got} bytes, more than {PATH_BYTES_MAX}")]
    TooLong {
        /// Bytes of the offending text.
        got: usize,
    },
    /// A path of a single segment.
    #[error("the path has one segment only: write facet.property, such as phone.mobile")]
    TooFewSegments,
    /// More than [`SEGMENTS_MAX`] segments.
    #[error("the path has {got} segments, more than {SEGMENTS_MAX}")]
    TooManySegments {
        /// Segments of the offending text.
        got: usize,
    },
    /// One segment is malformed.
    #[error("segment {number} of the path, {segment:?}, {reason}")]
    Segment {
        /// Which segment, counted from 1.
        number: usize,
        /// The segment's beginning, with everything but printable ASCII replaced by `?`.
        segment: String,
        /// What is wrong with it.
        reason: SegmentError,
    },
}

/// What is wrong with one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// Two dots in a row, or a dot at an end.
    #[error("is empty")]
    Empty,
    /// Longer than [`SEGMENT_BYTES_MAX`].
    #[error("is longer than {SEGMENT_BYTES_MAX} bytes")]
    TooLong,
    /// A known path's segment does not begin with `a` to `z`.
    #[error("does not begin with a lower-case letter")]
    Start,
    /// A known path's segment holds something else than ASCII letters and digits.
    #[error("holds something else than the letters a to z, A to Z and digits")]
    Character,
    /// A free path's segment does not begin with a letter or digit.
    #[error("does not begin with a letter or digit")]
    FreeStart,
    /// A free path's segment holds something else than ASCII letters, digits, `-` and `_`.
    #[error("holds something else than letters, digits, '-' and '_'")]
    FreeCharacter,
}

impl Path {
    /// Parses a path.
    ///
    /// # Errors
    /// [`PathError`], naming the segment and the reason.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if check(text)? < 2 {
            return Err(PathError::TooFewSegments);
        }
        Ok(Self(text.to_owned()))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the path begins with `x.`, so that no vocabulary checks its value.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.facet() == FREE_FACET
    }

    /// The first segment: `address` of `address.home.street`.
    #[must_use]
    pub fn facet(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// The segments in order; two to [`SEGMENTS_MAX`] of them.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.')
    }

    /// Whether the path begins with all segments of `prefix`.
    #[must_use]
    pub fn starts_with(&self, prefix: &Prefix) -> bool {
        self.0.strip_prefix(&prefix.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl Prefix {
    /// Parses a prefix of one or more segments; one dot at the end is tolerated.
    ///
    /// # Errors
    /// [`PathError`], naming the segment and the reason.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        check(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The prefix as text, without a dot at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks the grammar and gives the number of segments.
fn check(text: &str) -> Result<usize, PathError> {
    if text.is_empty() {
        return Err(PathError::Empty);
    }
    if text.len() > PATH_BYTES_MAX {
        return Err(PathError::TooLong { got: text.len() });
    }
    let got = text.split('.').count();
    if got > SEGMENTS_MAX {
        return Err(PathError::TooManySegments { got });
    }
    let free = text.split('.').next() == Some(FREE_FACET);
    for (index, segment) in text.split('.').enumerate() {
        check_segment(segment, free && index > 0).map_err(|reason| PathError::Segment {
            number: index + 1,
            segment: echo(segment),
            reason,
        })?;
    }
    Ok(got)
}

fn check_segment(segment: &str, free: bool) -> Result<(), SegmentError> {
    let Some(first) = segment.bytes().next() else { return Err(SegmentError::Empty) };
    if segment.len() > SEGMENT_BYTES_MAX {
        return Err(SegmentError::TooLong);
    }
    if free {
        if !first.is_ascii_alphanumeric() {
            return Err(SegmentError::FreeStart);
        }
        if !segment.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Err(SegmentError::FreeCharacter);
        }
    } else {
        if !first.is_ascii_lowercase() {
            return Err(SegmentError::Start);
        }
        if !segment.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(SegmentError::Character);
        }
    }
    Ok(())
}

/// The beginning of an offending segment, safe to print on a terminal.
fn echo(segment: &str) -> String {
    let printable = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    let mut text: String = segment.chars().take(ECHO_CHARS_MAX).map(printable).collect();
    if segment.chars().nth(ECHO_CHARS_MAX).is_some() {
        text.push_str("...");
    }
    text
}

macro_rules! text_traits {
    ($type:ident, $shape:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = PathError;

            fn from_str(text: &str) -> Result<Self, PathError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $type {
            type Error = PathError;

            fn try_from(text: String) -> Result<Self, PathError> {
                Self::parse(&text)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl serde::de::Visitor<'_> for Text {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($shape)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        $type::parse(text).map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }
    };
}

text_traits!(Path, "a field path such as phone.mobile");
text_traits!(Prefix, "the beginning of a field path such as address");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_grammar_are_accepted_as_they_are() {
        let long = format!("x.{}", "a".repeat(64));
        for text in [
            "phone.mobile",
            "address.delivery.postalCode",
            "a.b.c.d.e.f",
            "xy.a",
            "x.vcard.X-ABLABEL",
            "x.1.a_b-c",
            &long,
        ] {
            let path = Path::parse(text).unwrap();
            assert_eq!(path.as_str(), text);
            assert_eq!(path.to_string().parse(), Ok(path.clone()));
            assert_eq!(path.segments().collect::<Vec<_>>().join("."), text);
            assert_eq!(path.is_free(), text.starts_with("x."), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_segment_and_reason() {
        let segment = |number, segment: &str, reason| {
            Err(PathError::Segment { number, segment: segment.to_owned(), reason })
        };
        let long = "a".repeat(65);
        let whole = format!("x.{0}.{0}.{0}.{0}", "a".repeat(64));
        for (text, expected) in [
            ("", Err(PathError::Empty)),
            ("phone", Err(PathError::TooFewSegments)),
            ("x", Err(PathError::TooFewSegments)),
            ("a.b.c.d.e.f.g", Err(PathError::TooManySegments { got: 7 })),
            (&whole, Err(PathError::TooLong { got: whole.len() })),
            ("phone.", segment(2, "", SegmentError::Empty)),
            (".phone", segment(1, "", SegmentError::Empty)),
            ("phone..mobile", segment(2, "", SegmentError::Empty)),
            ("Phone.mobile", segment(1, "Phone", SegmentError::Start)),
            ("X.vcard", segment(1, "X", SegmentError::Start)),
            ("phone.1", segment(2, "1", SegmentError::Start)),
            ("phone.mobile-2", segment(2, "mobile-2", SegmentError::Character)),
            ("phone.mobil\u{435}", segment(2, "mobil?", SegmentError::Character)),
            ("phone.\u{1b}[2J", segment(2, "?[2J", SegmentError::Start)),
            ("phone.a b", segment(2, "a b", SegmentError::Character)),
            ("x.-a", segment(2, "-a", SegmentError::FreeStart)),
            ("x.a/b", segment(2, "a/b", SegmentError::FreeCharacter)),
            (&format!("a.{long}"), segment(2, &format!("{}...", "a".repeat(32)), SegmentError::TooLong)),
        ] {
            assert_eq!(Path::parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_prefix_matches_whole_segments_only() {
        let path = Path::parse("address.home.street").unwrap();
        for (prefix, expected) in [
            ("address", true),
            ("address.", true),
            ("address.home", true),
            ("address.home.street", true),
            ("addr", false),
            ("address.ho", false),
            ("address.home.street.x", false),
            ("x", false),
        ] {
            assert_eq!(path.starts_with(&Prefix::parse(prefix).unwrap()), expected, "{prefix}");
        }
        assert!(Prefix::parse("").is_err() && Prefix::parse(".").is_err() && Prefix::parse("a..").is_err());
    }

    #[test]
    fn serde_writes_text_and_checks_what_it_reads() {
        let path: Path = serde_json::from_str("\"phone.mobile\"").unwrap();
        assert_eq!(serde_json::to_string(&path).unwrap(), "\"phone.mobile\"");
        assert!(serde_json::from_str::<Path>("\"Phone\"").is_err());
        assert!(serde_json::from_str::<Path>("7").is_err());
    }

    #[test]
    fn an_error_prints_no_control_characters() {
        let text = Path::parse("phone.\u{1b}]0;owned\u{7}").unwrap_err().to_string();
        assert!(text.chars().all(|c| !c.is_control()), "{text:?}");
    }

    #[test]
    fn a_path_knows_its_facet_and_is_shown_as_it_is_written() {
        let path = Path::parse("address.home.street").unwrap();
        assert_eq!((path.facet(), path.as_ref()), ("address", "address.home.street"));
        assert_eq!(format!("{path:?}"), "address.home.street");
        assert_eq!(format!("{path:>21}|"), "  address.home.street|");
        assert_eq!(Path::try_from("phone.mobile".to_owned()), Path::parse("phone.mobile"));
        let prefix = Prefix::parse("address.").unwrap();
        assert_eq!((prefix.as_str(), prefix.as_ref()), ("address", "address"));
        assert_eq!((prefix.to_string(), format!("{prefix:?}")), ("address".into(), "address".into()));
    }

    #[test]
    fn a_path_has_so_many_bytes_at_most() {
        let of = |bytes: usize| {
            let last = "b".repeat(bytes - "x....".len() - 4 * 50);
            let text = format!("x.{0}.{0}.{0}.{0}.{last}", "a".repeat(50));
            (text.len(), Path::parse(&text).map(|_| ()))
        };
        assert_eq!(of(PATH_BYTES_MAX - 1), (PATH_BYTES_MAX, Ok(())));
        let got = PATH_BYTES_MAX + 1;
        assert_eq!(of(PATH_BYTES_MAX), (got, Err(PathError::TooLong { got })));
    }

    #[test]
    fn an_error_repeats_so_much_of_a_segment_at_most() {
        assert_eq!(echo(&"a".repeat(32)), "a".repeat(32));
        assert_eq!(echo(&"a".repeat(33)), format!("{}...", "a".repeat(32)));
        assert_eq!(echo("a b~\u{7f}\u{e9}"), "a b~??");
    }

    #[test]
    fn json_that_is_no_text_is_told_what_a_path_is() {
        let path = serde_json::from_str::<Path>("7").unwrap_err().to_string();
        assert!(path.contains("a field path such as phone.mobile"), "{path}");
        let prefix = serde_json::from_str::<Prefix>("7").unwrap_err().to_string();
        assert!(prefix.contains("the beginning of a field path"), "{prefix}");
    }
}
