//! Time as the protocol sees it. The clock itself is always an argument.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::id::RelationshipId;
use crate::limits::DATE_LAG_MAX;

/// Wall-clock time in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Timestamp(u64);

/// Why a text is no timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UTC date and time: write 2027-01-31 or 2027-01-31T12:00:00Z")]
pub struct TimestampError;

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    #[must_use]
    pub const fn secs(self) -> u64 {
        self.0 / 1000
    }

    /// Rounded down to the minute: the finest time that crosses the wire, so that two vendors cannot match a
    /// person by the moment of an edit.
    #[must_use]
    pub const fn coarse(self) -> Self {
        Self(self.0 - self.0 % 60_000)
    }

    /// The date that a peer is told for this moment: earlier by the relationship's lag, and coarse. However many of them a
    /// vendor has, they show no more than the sum of lag and error of the clock, which is another in each relationship.
    #[must_use]
    pub const fn told(self, lag: Lag) -> Self {
        Self(self.0.saturating_sub(lag.0)).coarse()
    }

    /// RFC 3339 in UTC with whole seconds, as VC 2.0 documents carry it.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let secs = i64::try_from(self.secs()).unwrap_or(i64::MAX);
        jiff::Timestamp::from_second(secs)
            .unwrap_or(jiff::Timestamp::MAX)
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string()
    }

    /// Parses RFC 3339 in UTC (`…Z`), or a plain date, which means the end of that day.
    ///
    /// # Errors
    /// [`TimestampError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let full = if text.len() == 10 { format!("{text}T23:59:59Z") } else { text.to_owned() };
        if full.len() != 20 || !full.ends_with('Z') {
            return Err(TimestampError);
        }
        let parsed: jiff::Timestamp = full.parse().map_err(|_| TimestampError)?;
        u64::try_from(parsed.as_millisecond()).map(Self).map_err(|_| TimestampError)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// By how much the dates of one relationship lie behind the clock that makes them: the same for all of them, so that they keep
/// their order, and anything up to [`DATE_LAG_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lag(u64);

impl Lag {
    /// The lag of a relationship. It follows from an id that no peer knows, so a home that is restored goes on with it.
    #[must_use]
    pub fn of(relationship: &RelationshipId) -> Self {
        let drawn =
            Sha256::new().chain_update("freehold date lag").chain_update(relationship.as_str()).finalize();
        let drawn = drawn.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        Self(drawn % u64::try_from(DATE_LAG_MAX.as_millis()).unwrap_or(u64::MAX))
    }
}

/// A reading of a monotonic clock in milliseconds from an arbitrary start; drives timeouts, never judgements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(pub u64);

impl Moment {
    /// This moment moved by a duration.
    #[must_use]
    pub fn after(self, wait: std::time::Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_round_trips_and_a_date_means_its_end() {
        let t = Timestamp::parse("2027-01-31T12:00:01Z").unwrap();
        assert_eq!(t.rfc3339(), "2027-01-31T12:00:01Z");
        assert_eq!(Timestamp::parse("2027-01-31").unwrap().rfc3339(), "2027-01-31T23:59:59Z");
        assert_eq!(t.coarse().rfc3339(), "2027-01-31T12:00:00Z");
        for bad in [
            "",
            "2027-13-01",
            "2027-01-31T12:00:01+02:00",
            "2027-01-31T12:00:01.5Z",
            "2027-01-31T12:00:01z",
            "1969-12-31",
            "tomorrow",
        ] {
            assert_eq!(Timestamp::parse(bad), Err(TimestampError), "{bad}");
        }
    }

    #[test]
    fn dates_of_a_relationship_are_late_by_the_same_and_of_many_evenly_so() {
        let lag = |seed: u32| {
            let mut random = [0; 16];
            random[..4].copy_from_slice(&seed.to_be_bytes());
            Lag::of(&RelationshipId::from_entropy(random))
        };
        assert_eq!(lag(1), lag(1));
        let most = u64::try_from(DATE_LAG_MAX.as_millis()).unwrap();
        let all: Vec<u64> = (0..3_000).map(|seed| lag(seed).0).collect();
        for tenth in 0..10 {
            let (from, to) = (most * tenth / 10, most * (tenth + 1) / 10);
            let within = all.iter().filter(|lag| (from..to).contains(lag)).count();
            assert!((220..380).contains(&within), "{within} of 3,000 between {from} and {to}");
        }
        let now = Timestamp::from_millis(1_800_000_030_000);
        assert_eq!(now.told(Lag(0)), now.coarse());
        assert_eq!(now.told(Lag(most - 1)).millis(), 1_799_998_200_000);
        assert!(now.told(Lag(90_000)) <= Timestamp::from_millis(now.millis() + 1).told(Lag(90_000)));
        assert_eq!(Timestamp::default().told(Lag(5)), Timestamp::default());
    }
}
