//! DAG-CBOR, the one encoding of every frame, message and stored record.
//!
//! DAG-CBOR is a strict subset of RFC 8949's deterministic encoding. The decoder refuses unsorted or duplicate
//! keys, indefinite lengths, integers longer than needed, other tags than 42 and trailing bytes.

use serde::{Serialize, de::DeserializeOwned};

use crate::code::Code;
use crate::limits::NESTING_MAX;

mod plain;

pub use plain::{from_plain, plain};

/// Bytes that are not canonical DAG-CBOR of the expected shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// Not canonical, or not of the shape.
    #[error("not canonical DAG-CBOR of the expected shape")]
    Malformed,
    /// Nested deeper than [`NESTING_MAX`].
    #[error("nested deeper than {NESTING_MAX} levels")]
    TooDeep,
}

impl From<CborError> for Code {
    /// What the sender is told: another form than the one is malformed, a nesting above the limit too large.
    fn from(error: CborError) -> Self {
        match error {
            CborError::Malformed => Self::Malformed,
            CborError::TooDeep => Self::TooLarge,
        }
    }
}

/// Encodes a value. Every type of this crate encodes.
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    serde_ipld_dagcbor::to_vec(value).expect("protocol types hold only what DAG-CBOR can carry")
}

/// Decodes exactly one value that fills `bytes`.
///
/// # Errors
/// [`CborError`] when the bytes are not in canonical form, not of `T`'s shape, or nested too deep.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CborError> {
    check_nesting(bytes)?;
    serde_ipld_dagcbor::from_slice(bytes).map_err(|_| CborError::Malformed)
}

/// Walks the item heads without recursion, so that nesting costs nothing before it is refused.
fn check_nesting(bytes: &[u8]) -> Result<(), CborError> {
    let mut open: Vec<u64> = Vec::new();
    let mut at = 0;
    loop {
        while open.last() == Some(&0) {
            open.pop();
        }
        if let Some(left) = open.last_mut() {
            *left -= 1;
        } else if at > 0 {
            return Ok(());
        }
        let head = *bytes.get(at).ok_or(CborError::Malformed)?;
        at += 1;
        let argument = match head & 0x1f {
            small @ 0..=23 => u64::from(small),
            code @ 24..=27 => {
                let length = 1usize << (code - 24);
                let raw = bytes.get(at..at + length).ok_or(CborError::Malformed)?;
                at += length;
                raw.iter().fold(0u64, |n, b| (n << 8) | u64::from(*b))
            }
            _ => return Err(CborError::Malformed),
        };
        match head >> 5 {
            2 | 3 => {
                let length = usize::try_from(argument).map_err(|_| CborError::Malformed)?;
                at = at.checked_add(length).filter(|end| *end <= bytes.len()).ok_or(CborError::Malformed)?;
            }
            4 => open.push(argument),
            5 => open.push(argument.checked_mul(2).ok_or(CborError::Malformed)?),
            6 => open.push(1),
            _ => {}
        }
        if open.len() > NESTING_MAX {
            return Err(CborError::TooDeep);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn other_forms_of_the_same_value_are_refused() {
        let good = encode(&BTreeMap::from([("a", 1u64), ("b", 2)]));
        assert_eq!(good, [0xa2, 0x61, b'a', 1, 0x61, b'b', 2]);
        assert!(decode::<BTreeMap<String, u64>>(&good).is_ok());
        for (bad, why) in [
            (vec![0xa2, 0x61, b'b', 2, 0x61, b'a', 1], "unsorted"),
            (vec![0xa2, 0x61, b'a', 1, 0x61, b'a', 2], "duplicate"),
            (vec![0xbf, 0x61, b'a', 1, 0xff], "indefinite"),
            (vec![0xa1, 0x61, b'a', 0x18, 1], "long integer"),
            ([good.clone(), vec![0]].concat(), "trailing"),
            (good[..4].to_vec(), "cut"),
        ] {
            assert!(decode::<BTreeMap<String, u64>>(&bad).is_err(), "{why}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_before_it_is_decoded() {
        let mut bytes = vec![0x81; 200_000];
        bytes.push(0);
        assert_eq!(decode::<ipld_core_probe::Any>(&bytes), Err(CborError::TooDeep));
    }

    mod ipld_core_probe {
        #[derive(Debug, PartialEq)]
        pub(super) struct Any;
        impl<'de> serde::Deserialize<'de> for Any {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                serde::de::IgnoredAny::deserialize(d).map(|_| Any)
            }
        }
    }

    /// So many levels may be open, in whatever is nested.
    #[test]
    fn as_many_levels_as_allowed_are_taken_and_no_more() {
        for (level, what) in [(&[0x81][..], "lists"), (b"\xa1\x61a", "maps")] {
            let nested = |levels: usize| [level.repeat(levels), vec![0]].concat();
            assert_eq!(check_nesting(&nested(NESTING_MAX)), Ok(()), "{what}");
            assert_eq!(check_nesting(&nested(NESTING_MAX + 1)), Err(CborError::TooDeep), "{what}");
            assert_eq!(Code::from(CborError::TooDeep), Code::TooLarge);
        }
        let tagged = [vec![0xc1; NESTING_MAX + 1], vec![0]].concat();
        assert_eq!(check_nesting(&tagged), Err(CborError::TooDeep));
        // Beside each other they are no levels.
        let flat = [vec![0x98, 200], [0x81, 0].repeat(200)].concat();
        assert_eq!(check_nesting(&flat), Ok(()));
        let pairs = [vec![0xb8, 200], [0x80, 0x80].repeat(200)].concat();
        assert_eq!(check_nesting(&pairs), Ok(()));
    }

    /// Strings are skipped whole: what they hold opens no level; and a length beyond the end is no value.
    #[test]
    fn lengths_are_followed_and_never_past_the_end() {
        for head in
            [&[0x58, 100][..], &[0x59, 0, 100], &[0x5a, 0, 0, 0, 100], &[0x7b, 0, 0, 0, 0, 0, 0, 0, 100]]
        {
            let string = [head, &[0x81; 100]].concat();
            assert_eq!(check_nesting(&string), Ok(()), "{head:02x?}");
            assert_eq!(check_nesting(&string[..string.len() - 1]), Err(CborError::Malformed), "{head:02x?}");
            assert_eq!(check_nesting(&head[..head.len() - 1]), Err(CborError::Malformed), "{head:02x?}");
        }
        let big = [vec![0x59, 1, 0], vec![0; 256]].concat();
        assert_eq!(check_nesting(&big), Ok(()));
        assert_eq!(check_nesting(&big[..258]), Err(CborError::Malformed));
        for bad in [
            &[0x5b, 255, 255, 255, 255, 255, 255, 255, 255][..],
            &[0xbb, 255, 255, 255, 255, 255, 255, 255, 255],
        ] {
            assert_eq!(check_nesting(bad), Err(CborError::Malformed));
        }
        for head in 0x1c..=0x1f {
            assert_eq!(check_nesting(&[head]), Err(CborError::Malformed));
        }
        assert_eq!(check_nesting(&[0x82, 0]), Err(CborError::Malformed));
        assert_eq!(check_nesting(&[]), Err(CborError::Malformed));
    }
}
