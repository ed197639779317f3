//! Any CBOR value as people read it, for bodies whose family this build does not know.

use std::fmt;

use multibase::Base;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{self, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{CborError, check_nesting, decode};

/// Decodes any value strictly and gives it as JSON. Bytes are `{"/": {"bytes": …}}` in base64, as DAG-JSON has them.
///
/// # Errors
/// [`CborError`] when it is not one canonical value.
pub fn plain(bytes: &[u8]) -> Result<Value, CborError> {
    decode::<Plain>(bytes).map(|plain| plain.0)
}

/// Encodes JSON as [`plain`] shows it: `{"/": {"bytes": …}}` becomes bytes, and numbers must be whole.
///
/// # Errors
/// [`CborError`] where CBOR of this protocol has nothing for it.
pub fn from_plain(value: &Value) -> Result<Vec<u8>, CborError> {
    let bytes = serde_ipld_dagcbor::to_vec(&Shown(value)).map_err(|_| CborError::Malformed)?;
    check_nesting(&bytes)?;
    Ok(bytes)
}

struct Shown<'a>(&'a Value);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            // Not serde_json's own way: with its feature `arbitrary_precision` a number is a map.
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(value), _) => serializer.serialize_u64(value),
                (None, Some(value)) => serializer.serialize_i64(value),
                (None, None) => Err(ser::Error::custom("not a whole number")),
            },
            Value::String(text) => serializer.serialize_str(text),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Shown)),
            Value::Object(map) => match self.0.pointer("/~1/bytes").and_then(Value::as_str) {
                Some(text) if map.len() == 1 => match Base::Base64.decode(text) {
                    Ok(bytes) => serializer.serialize_bytes(&bytes),
                    Err(_) => Err(ser::Error::custom("not base64")),
                },
                _ => serializer.collect_map(map.iter().map(|(name, value)| (name, Shown(value)))),
            },
        }
    }
}

struct Plain(Value);

struct PlainVisitor;

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor).map(Self)
    }
}

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without links")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_bytes<E: Error>(self, value: &[u8]) -> Result<Value, E> {
        Ok(json!({ "/": { "bytes": Base::Base64.encode(value) } }))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Plain(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Plain(value))) = members.next_entry::<String, Plain>()? {
            map.insert(name, value);
        }
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_value_is_shown_and_no_other_form_is_read() {
        let bytes = b"\xa3\x61a\xf6\x61b\x82\x01\x20\x62cd\x42\x00\xff";
        let shown = plain(bytes).unwrap();
        assert_eq!(shown, json!({"a": null, "b": [1, -1], "cd": {"/": {"bytes": "AP8"}}}));
        assert_eq!(from_plain(&shown).unwrap(), bytes);
        for bad in [json!({"a": 0.5}), json!({"/": {"bytes": "?"}})] {
            assert!(from_plain(&bad).is_err(), "{bad}");
        }
        for bad in [
            &b"\xa2\x61b\x01\x61a\x02"[..],
            b"\xa2\x61a\x01\x61a\x02",
            b"\xa1\x61a\x18\x01",
            b"\xbf\x61a\x01\xff",
            b"\xa0\x00",
            b"\xa1\x01\x02",
            b"\xa1\x61a\xc1\x01",
            b"",
        ] {
            assert!(plain(bad).is_err(), "{bad:02x?}");
        }
    }

    #[test]
    fn every_kind_of_value_is_shown_as_what_it_is() {
        for (bytes, expected) in [
            (&b"\xf5"[..], json!(true)),
            (b"\xf4", json!(false)),
            (b"\xf6", json!(null)),
            (b"\x18\x2a", json!(42)),
            (b"\x38\x29", json!(-42)),
            (b"\xfb\x3f\xe0\x00\x00\x00\x00\x00\x00", json!(0.5)),
            (b"\x62hi", json!("hi")),
            (b"\x41\x01", json!({"/": {"bytes": "AQ"}})),
            (b"\x80", json!([])),
            (b"\xa0", json!({})),
        ] {
            assert_eq!(plain(bytes), Ok(expected.clone()), "{bytes:02x?}");
            if !expected.is_f64() {
                assert_eq!(from_plain(&expected), Ok(bytes.to_vec()), "{expected}");
            }
        }
        // A map that only begins as bytes are shown is a map.
        let other = json!({"/": {"bytes": "AQ"}, "a": 1});
        assert_eq!(plain(&from_plain(&other).unwrap()), Ok(other));
    }

    #[test]
    fn what_is_too_deep_to_be_read_is_not_written() {
        let nested = |levels: usize| (0..levels).fold(json!(0), |value, _| json!([value]));
        let most = crate::limits::NESTING_MAX;
        assert!(from_plain(&nested(most)).is_ok());
        assert_eq!(from_plain(&nested(most + 1)), Err(CborError::TooDeep));
    }
}
