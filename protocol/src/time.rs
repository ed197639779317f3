//! Time as the protocol sees it. The clock itself is always an argument.

use std::fmt;

use serde::{Deserialize, Serialize};

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
        for bad in ["", "2027-13-01", "2027-01-31T12:00:01+02:00", "tomorrow"] {
            assert_eq!(Timestamp::parse(bad), Err(TimestampError), "{bad}");
        }
    }
}
