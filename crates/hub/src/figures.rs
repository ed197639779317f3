//! What the hub tells of itself in figures: to the vendor's monitoring, and to whoever asks what it was good for.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, WriteError};

use crate::config::{Amount, ValueConfig};
use crate::hub::{Hub, logged};
use crate::log::{self, Record};
use crate::shared::Shared;
use crate::view::{FigureView, ReadyView, SinkView, WorthView};
use crate::worth::{self, What};

/// A sink is stuck when something has waited for so long and it has taken nothing meanwhile: longer than a receiver takes to
/// start again.
const STUCK_MILLIS: u64 = 10 * 60 * 1000;

/// How many of the latest times a median is of.
const TIMES_MAX: usize = 1_000;

/// Most receipts shown at once.
const RECEIPTS_MAX: usize = 1_000;

/// The kinds of receipts by the names that figures and addresses have for them.
const RECEIPTS: [(&str, What); 11] = [
    ("addresses-corrected", What::AddressCorrected),
    ("confirmed", What::Confirmed),
    ("taken", What::Taken),
    ("duplicates", What::DuplicateAvoided),
    ("erasures-answered", What::ErasureAnswered),
    ("grants-won", What::GrantWon),
    ("declined", What::Declined),
    ("revoked", What::Revoked),
    ("narrowed", What::Narrowed),
    ("expired", What::Expired),
    ("not-applied", What::NotApplied),
];

impl Hub {
    /// The figures for monitoring, in the text that Prometheus reads.
    pub async fn metrics(&self) -> String {
        let ready = self.ready().await.ready;
        self.inner.shared.metrics.text(&self.stats(), ready)
    }

    /// Counts an answer of the staff's page by its HTTP status.
    pub fn count_request(&self, status: u16) {
        self.inner.shared.metrics.requested(status);
    }

    /// Whether the hub can do its work now.
    pub async fn ready(&self) -> ReadyView {
        let shared = &self.inner.shared;
        // An empty write changes nothing, and passes the writer all the same.
        let written = shared.store.write(|_| Ok::<_, ReadError>(())).await;
        let store = !matches!(written, Err(error) if !matches!(error, WriteError::Refused(_)));
        let listening = !self.inner.serving().is_empty();
        let sinks = self.sinks().iter().all(|sink| sink.state != "stuck");
        let draining = shared.draining.load(Ordering::Acquire);
        ReadyView { ready: store && listening && sinks && !draining, store, listening, sinks, draining }
    }

    /// The number of the last event.
    #[must_use]
    pub fn last_event(&self) -> u64 {
        *self.inner.shared.last_event.borrow()
    }

    /// The places where events go.
    #[must_use]
    pub fn sinks(&self) -> Vec<SinkView> {
        logged(self.inner.shared.sink_views())
    }

    /// What the hub was good for, each figure with how it comes about.
    #[must_use]
    pub fn value(&self) -> Vec<FigureView> {
        let own = self.inner.value.read().unwrap_or_else(PoisonError::into_inner).clone();
        logged(self.inner.shared.value(own.as_ref()))
    }

    /// The receipts of this kind that figures are counted from, newest first; `None` for a kind that there is not.
    #[must_use]
    pub fn receipts(&self, kind: &str, limit: usize) -> Option<Vec<WorthView>> {
        let (_, what) = RECEIPTS.iter().find(|(name, _)| *name == kind)?;
        let entries = logged(worth::latest(&self.inner.shared.store, *what, limit.min(RECEIPTS_MAX)));
        let view = |entry: worth::Entry| WorthView {
            event: entry.n,
            customer: crate::relationship::uuid(&entry.relationship).to_owned(),
            at: entry.at.rfc3339(),
            pieces: entry.pieces,
            seconds: entry.millis.map(|millis| millis as f64 / 1_000.0),
        };
        Some(entries.into_iter().map(view).collect())
    }
}

impl Shared {
    fn sink_views(&self) -> Result<Vec<SinkView>, ReadError> {
        let (present, mut sinks) = (self.sinks(), Vec::new());
        let last = *self.last_event.borrow();
        for stream in &present.streams {
            let at = stream.cursor(&self.store)?;
            let oldest = log::after(&self.store, at, 1)?.pop();
            sinks.push(self.sink(
                stream.name(),
                "takes all events in their order",
                last.saturating_sub(at),
                oldest,
            ));
        }
        for (receiver, waiting) in &present.receivers {
            let pending = self.pending(*receiver, waiting)?;
            let at = receiver.cursor(&self.store)?.unwrap_or_default();
            let is_due = |record: &Record| record.hook(*receiver).is_due();
            let oldest = log::after(&self.store, at, TIMES_MAX)?.into_iter().find(is_due);
            let what = if present.is_answer(*receiver) {
                format!("tells persons what became of their fields, as {}", present.system())
            } else {
                "takes an event at a time".to_owned()
            };
            sinks.push(self.sink(receiver.name(), &what, pending, oldest));
        }
        Ok(sinks)
    }

    fn sink(&self, name: &'static str, what: &str, pending: u64, oldest: Option<Record>) -> SinkView {
        let oldest = oldest.filter(|_| pending > 0).map(|record| record.at);
        let last = self.metrics.delivered_at(name);
        let before = |at: Timestamp| at.millis().saturating_add(STUCK_MILLIS) < self.now().millis();
        let state = match oldest {
            // Another replica delivers, and says so.
            _ if self.replica.is_some() && !self.lease(name).is_held() => "elsewhere",
            None => "working",
            Some(at) if before(at) && last.is_none_or(before) => "stuck",
            Some(_) => "waiting",
        };
        SinkView {
            name: name.to_owned(),
            what: what.to_owned(),
            state: state.to_owned(),
            pending,
            waiting_since: oldest.map(Timestamp::rfc3339),
            last_delivered: last.map(Timestamp::rfc3339),
        }
    }

    fn value(&self, own: Option<&ValueConfig>) -> Result<Vec<FigureView>, ReadError> {
        let sum = |what| worth::sum(&self.store, what);
        let (corrected, duplicates) = (sum(What::AddressCorrected)?, sum(What::DuplicateAvoided)?);
        let (won, answered) = (sum(What::GrantWon)?, sum(What::ErasureAnswered)?);
        let stopped = sum(What::Revoked)?.entries + sum(What::Narrowed)?.entries;
        let (declined, revoked, narrowed, expired) =
            (sum(What::Declined)?, sum(What::Revoked)?, sum(What::Narrowed)?, sum(What::Expired)?);
        let lost = declined.entries + revoked.entries + narrowed.entries + expired.entries;
        let mut figures = vec![figure(
            "addresses-corrected",
            "Addresses corrected",
            corrected.pieces.to_string(),
            "measured",
            "a held address was replaced by another one from the person".to_owned(),
            &["addresses-corrected"],
        )];
        figures.push(match own.and_then(|own| own.address_piece_cost) {
            Some(cost) => saved(cost, own, corrected.pieces),
            None => figure(
                "postage-saved",
                "Returned mail avoided",
                "–".to_owned(),
                "estimated",
                "say what a piece costs: address_piece_cost in [value] of hub.toml".to_owned(),
                &["addresses-corrected"],
            ),
        });
        for (id, name, what, kind, note) in [
            (
                "seconds-to-confirmed",
                "Until your system confirms",
                What::Confirmed,
                "confirmed",
                "from stored here to a system saying that it holds the value",
            ),
            (
                "seconds-to-taken",
                "Until your system has taken it",
                What::Taken,
                "taken",
                "from stored here to a sink that took it without saying what became of it",
            ),
        ] {
            let (middle, slow) = times(&worth::latest(&self.store, what, TIMES_MAX)?);
            let amount = middle.map_or("–".to_owned(), |secs| format!("{secs:.3} s"));
            let slowest = slow.map_or(String::new(), |secs| format!("; 95 of 100 within {secs:.3} s"));
            let note = format!("{note}; the median of {}{slowest}", sum(what)?.entries.min(TIMES_MAX as u64));
            figures.push(figure(id, name, amount, "measured", note, &[kind]));
        }
        figures.push(figure(
            "duplicates-avoided",
            "Duplicates avoided",
            duplicates.entries.to_string(),
            "measured",
            "a system said that it knew the person already".to_owned(),
            &["duplicates"],
        ));
        figures.push(figure(
            "rights-handled",
            "Rights requests handled",
            format!("{} of {stopped}", answered.entries),
            "measured",
            "revocations answered with a signed erasure receipt".to_owned(),
            &["erasures-answered", "revoked", "narrowed"],
        ));
        figures.push(figure(
            "grants-won",
            "Grants won",
            won.entries.to_string(),
            "measured",
            "agreements that persons gave".to_owned(),
            &["grants-won"],
        ));
        let note = format!(
            "{} declined, {} revoked, {} narrowed, {} expired; persons give no further reason",
            declined.entries, revoked.entries, narrowed.entries, expired.entries
        );
        let kinds = ["declined", "revoked", "narrowed", "expired"];
        figures.push(figure("grants-lost", "Grants lost", lost.to_string(), "measured", note, &kinds));
        Ok(figures)
    }
}

fn saved(cost: Amount, own: Option<&ValueConfig>, pieces: u64) -> FigureView {
    let currency = own.and_then(|own| own.currency.as_deref()).unwrap_or_default();
    let money = |amount: Amount| format!("{amount} {currency}").trim().to_owned();
    figure(
        "postage-saved",
        "Returned mail avoided",
        money(cost.times(pieces)),
        "estimated",
        format!("one piece of {} for each corrected address", money(cost)),
        &["addresses-corrected"],
    )
}

fn figure(id: &str, name: &str, amount: String, how: &str, note: String, receipts: &[&str]) -> FigureView {
    FigureView {
        id: id.to_owned(),
        name: name.to_owned(),
        amount,
        how: how.to_owned(),
        note,
        receipts: receipts.iter().map(|kind| (*kind).to_owned()).collect(),
    }
}

/// The median and the 95th percentile, in seconds.
fn times(entries: &[worth::Entry]) -> (Option<f64>, Option<f64>) {
    let mut millis: Vec<u64> = entries.iter().filter_map(|entry| entry.millis).collect();
    millis.sort_unstable();
    let at = |percent: usize| {
        let rank = (millis.len() * percent).div_ceil(100).max(1);
        millis.get(rank - 1).map(|millis| *millis as f64 / 1_000.0)
    };
    (at(50), at(95))
}

#[cfg(test)]
mod tests {
    use freehold_protocol::id::RelationshipId;

    use super::*;

    #[test]
    fn a_median_is_a_time_that_was_measured() {
        let entry = |millis: u64| worth::Entry {
            millis: Some(millis),
            ..worth::Entry::new(1, &RelationshipId::from_entropy([1; 16]), Timestamp::default())
        };
        let check = |millis: &[u64], expected: (Option<f64>, Option<f64>)| {
            let entries: Vec<worth::Entry> = millis.iter().copied().map(entry).collect();
            assert_eq!(times(&entries), expected, "{millis:?}");
        };
        check(&[], (None, None));
        check(&[2_000], (Some(2.0), Some(2.0)));
        check(&[3_000, 1_000, 2_000], (Some(2.0), Some(3.0)));
        check(&(1..=100).map(|n| n * 1_000).collect::<Vec<_>>(), (Some(50.0), Some(95.0)));
    }
}
