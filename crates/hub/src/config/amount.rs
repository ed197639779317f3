//! An amount of money, exact to a millionth.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Millionths in one.
const MILLIONTHS: u64 = 1_000_000;

/// Largest amount: far below where sums over all customers could overflow.
const MAX: u64 = 1_000_000 * MILLIONTHS;

/// An amount that is not negative, written as a number or a text: `0.85`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(u64);

impl Amount {
    /// So many times the amount.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || "write an amount such as 0.85".to_owned();
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() > 6 {
            return Err(bad());
        }
        let whole: u64 = whole.parse().map_err(|_| bad())?;
        let part: u64 = format!("{part:0<6}").parse().map_err(|_| bad())?;
        whole
            .checked_mul(MILLIONTHS)
            .and_then(|w| w.checked_add(part))
            .filter(|sum| *sum <= MAX)
            .map(Self)
            .ok_or_else(bad)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / MILLIONTHS, self.0 % MILLIONTHS);
        let digits = format!("{part:06}");
        // Two places at least, as money is written; more where they say something.
        let kept = digits.trim_end_matches('0').len().max(2);
        write!(f, "{whole}.{}", &digits[..kept])
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Whole(u64),
            Parts(f64),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Text(text) => text,
            Written::Whole(whole) => whole.to_string(),
            Written::Parts(parts) => parts.to_string(),
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_and_written_as_money() {
        for (text, shown) in
            [("0.85", "0.85"), ("1", "1.00"), ("0.125", "0.125"), ("12.5", "12.50"), ("0", "0.00")]
        {
            assert_eq!(text.parse::<Amount>().unwrap().to_string(), shown);
        }
        assert_eq!("0.1".parse::<Amount>().unwrap().times(3).to_string(), "0.30");
        for text in ["", "-1", "1,5", ".5", "1.", "1.1234567", "99999999999", "NaN"] {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_number_and_a_text_are_the_same_amount() {
        for text in ["cost = 0.85", "cost = \"0.85\""] {
            let table: std::collections::BTreeMap<String, Amount> = toml::from_str(text).unwrap();
            assert_eq!(table["cost"].to_string(), "0.85");
        }
    }
}
