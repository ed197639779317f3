//! The release machine: which fields of one grant the vendor does not have yet. Spec: `specs/data.md`.
//!
//! [`Release`] is sans-IO, one per grant. Getters: [`Release::lines`], [`Release::in_flight`]. Inputs:
//! [`Release::handle_changed`], [`Release::handle_sent`], [`Release::handle_delivered`],
//! [`Release::handle_outcome`], [`Release::handle_narrowed`]. Output: [`Release::poll_due`].
//!
//! Fields are state, not a log: however often a field changes while the vendor is away, only its value at the
//! moment of sending leaves. One update of a grant is under way at a time, so a later one cannot overtake it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::data::{Outcome, OutcomeKind};
use crate::document::Mode;
use crate::path::Path;
use crate::time::Timestamp;

/// The count of a field's changes in the vault; 0 means it was never set. Never leaves the node.
pub type Version = u64;

/// Which version, in which update, when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mark {
    /// The field's version.
    pub version: Version,
    /// The update's sequence number.
    pub seq: u64,
    /// When, by the node's clock.
    pub at: Timestamp,
}

/// What the vendor said of a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OutcomeMark {
    /// Of which update.
    pub seq: u64,
    /// What became of it.
    pub outcome: OutcomeKind,
    /// In which system.
    pub system: String,
    /// Anything a person should know.
    pub detail: Option<String>,
    /// When the node heard it.
    pub at: Timestamp,
}

/// How far one field of one grant has come. This is what is stored, and what `status` shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Line {
    /// The field.
    pub path: Path,
    /// Last sent.
    pub sent: Option<Mark>,
    /// Last on the vendor's disk.
    pub stored: Option<Mark>,
    /// Last outcome.
    pub outcome: Option<OutcomeMark>,
}

impl Line {
    /// A field of which nothing was sent.
    #[must_use]
    pub fn new(path: Path) -> Self {
        Self { path, sent: None, stored: None, outcome: None }
    }

    /// What is due of this field when the vault holds a version of it: under [`Mode::Once`] what was never stored by
    /// the vendor, else what is newer than what it stored.
    #[must_use]
    pub fn lacks(&self, mode: Mode, current: Version) -> bool {
        match (mode, self.stored) {
            (_, None) => current > 0,
            (Mode::Once, Some(_)) => false,
            (Mode::Continuous, Some(stored)) => current > stored.version,
        }
    }

    /// Takes a field back out of an update that is composed again without it. Gives whether it was in it.
    pub fn mark_left_out(&mut self, seq: u64) -> bool {
        let was_in = self.sent.is_some_and(|sent| sent.seq == seq);
        if was_in {
            self.sent = self.stored;
        }
        was_in
    }

    /// Notes that a version was sent.
    pub fn mark_sent(&mut self, mark: Mark) {
        self.sent = Some(mark);
    }

    /// Notes that everything up to a sequence is on the vendor's disk. Gives whether this line moved.
    pub fn mark_delivered(&mut self, through: u64, at: Timestamp) -> bool {
        let Some(sent) = self.sent.filter(|s| s.seq <= through) else { return false };
        if self.stored.is_some_and(|s| s.seq == sent.seq) {
            return false;
        }
        self.stored = Some(Mark { at, ..sent });
        true
    }

    /// Notes an outcome, unless it is of an older update than one already noted. Gives whether it was.
    pub fn mark_outcome(&mut self, outcome: OutcomeMark) -> bool {
        let known = self.stored.or(self.sent).is_some_and(|m| m.seq >= outcome.seq);
        let newer = self.outcome.as_ref().is_none_or(|o| o.seq <= outcome.seq);
        let noted = known && newer;
        if noted {
            self.outcome = Some(outcome);
        }
        noted
    }
}

/// The machine. See the module's page.
#[derive(Debug, Clone)]
pub struct Release {
    mode: Mode,
    lines: BTreeMap<Path, Line>,
    current: BTreeMap<Path, Version>,
    in_flight: Option<u64>,
    delivered: u64,
}

impl Release {
    /// From what is stored: how long the grant lasts, the lines, the vault's current versions of the paths that may be released, and the
    /// last sequence the vendor has.
    #[must_use]
    pub fn new(
        mode: Mode,
        lines: impl IntoIterator<Item = Line>,
        current: BTreeMap<Path, Version>,
        delivered: u64,
    ) -> Self {
        let lines: BTreeMap<Path, Line> = lines.into_iter().map(|line| (line.path.clone(), line)).collect();
        let in_flight =
            lines.values().filter_map(|l| l.sent).map(|m| m.seq).max().filter(|seq| *seq > delivered);
        Self { mode, lines, current, in_flight, delivered }
    }

    /// The lines, by path.
    #[must_use]
    pub fn lines(&self) -> &BTreeMap<Path, Line> {
        &self.lines
    }

    /// The sequence of the update under way.
    #[must_use]
    pub fn in_flight(&self) -> Option<u64> {
        self.in_flight
    }

    /// A field changed. A field outside the grant is ignored.
    pub fn handle_changed(&mut self, path: &Path, version: Version) {
        if let Some(current) = self.current.get_mut(path) {
            *current = (*current).max(version);
        }
    }

    /// An update was written down with these versions; an empty one too, in the place of a void one.
    pub fn handle_sent(&mut self, seq: u64, versions: &BTreeMap<Path, Version>, at: Timestamp) {
        self.in_flight = Some(seq);
        for (path, version) in versions {
            let line = self.lines.entry(path.clone()).or_insert_with(|| Line::new(path.clone()));
            line.mark_sent(Mark { version: *version, seq, at });
            self.handle_changed(path, *version);
        }
    }

    /// The vendor has everything up to this sequence.
    pub fn handle_delivered(&mut self, through: u64, at: Timestamp) {
        self.delivered = self.delivered.max(through);
        if self.in_flight.is_some_and(|seq| seq <= through) {
            self.in_flight = None;
        }
        for line in self.lines.values_mut() {
            line.mark_delivered(through, at);
        }
    }

    /// The vendor said what became of an update.
    pub fn handle_outcome(&mut self, outcome: &Outcome, at: Timestamp) {
        for result in &outcome.results {
            if let Some(line) = self.lines.get_mut(&result.path) {
                line.mark_outcome(OutcomeMark {
                    seq: outcome.update,
                    outcome: result.outcome,
                    system: result.system.clone(),
                    detail: result.detail.clone(),
                    at,
                });
            }
        }
    }

    /// These paths may no longer be released.
    pub fn handle_narrowed(&mut self, revoked: &BTreeSet<Path>) {
        self.current.retain(|path, _| !revoked.contains(path));
    }

    /// The fields to put into the next update: those the vendor lacks, once nothing is under way. Empty when
    /// there is nothing to send.
    #[must_use]
    pub fn poll_due(&self) -> BTreeSet<Path> {
        if self.in_flight.is_some() {
            return BTreeSet::new();
        }
        self.lacking().cloned().collect()
    }

    /// The fields to put into an update that must be made again: those the vendor lacks now.
    pub fn lacking(&self) -> impl Iterator<Item = &Path> {
        self.current.iter().filter_map(|(path, version)| {
            let lacks = match self.lines.get(path) {
                Some(line) => line.lacks(self.mode, *version),
                None => *version > 0,
            };
            lacks.then_some(path)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::{path, paths};

    fn release(current: &[(&str, Version)]) -> Release {
        Release::new(Mode::Continuous, [], current.iter().map(|(p, v)| (path(p), *v)).collect(), 0)
    }

    const NOW: Timestamp = Timestamp::from_millis(1);

    fn versions(list: &[(&str, Version)]) -> BTreeMap<Path, Version> {
        list.iter().map(|(p, v)| (path(p), *v)).collect()
    }

    #[test]
    fn a_snapshot_then_only_what_changes_inside_the_grant() {
        let mut r = release(&[("phone.mobile", 3), ("email.personal", 1), ("phone.home", 0)]);
        assert_eq!(r.poll_due(), paths(&["phone.mobile", "email.personal"]));
        r.handle_sent(1, &versions(&[("phone.mobile", 3), ("email.personal", 1)]), NOW);
        assert!(r.poll_due().is_empty());
        r.handle_delivered(1, NOW);
        assert!(r.poll_due().is_empty());
        r.handle_changed(&path("address.home.street"), 9);
        assert!(r.poll_due().is_empty());
        r.handle_changed(&path("phone.home"), 1);
        assert_eq!(r.poll_due(), paths(&["phone.home"]));
    }

    #[test]
    fn edits_while_an_update_is_under_way_wait_and_go_once() {
        let mut r = release(&[("phone.mobile", 1)]);
        r.handle_sent(1, &versions(&[("phone.mobile", 1)]), NOW);
        (2..100).for_each(|v| r.handle_changed(&path("phone.mobile"), v));
        assert!(r.poll_due().is_empty());
        r.handle_delivered(1, NOW);
        assert_eq!(r.poll_due(), paths(&["phone.mobile"]));
        r.handle_sent(2, &versions(&[("phone.mobile", 99)]), NOW);
        r.handle_delivered(2, NOW);
        assert!(r.poll_due().is_empty());
    }

    #[test]
    fn a_crash_after_sending_makes_the_update_again_with_current_values() {
        let mut r = release(&[("phone.mobile", 1)]);
        r.handle_sent(4, &versions(&[("phone.mobile", 1)]), NOW);
        let lines: Vec<Line> = r.lines().values().cloned().collect();
        let restored = Release::new(Mode::Continuous, lines.clone(), versions(&[("phone.mobile", 2)]), 3);
        assert_eq!(restored.in_flight(), Some(4));
        assert_eq!(restored.lacking().collect::<Vec<_>>(), [&path("phone.mobile")]);
        let mut acknowledged = Release::new(Mode::Continuous, lines, versions(&[("phone.mobile", 1)]), 4);
        acknowledged.handle_delivered(4, NOW);
        assert!(acknowledged.poll_due().is_empty());
    }

    #[test]
    fn a_narrowed_path_is_never_due_again() {
        let mut r = release(&[("phone.mobile", 1), ("email.personal", 1)]);
        r.handle_narrowed(&paths(&["phone.mobile"]));
        r.handle_changed(&path("phone.mobile"), 5);
        assert_eq!(r.poll_due(), paths(&["email.personal"]));
    }

    #[test]
    fn under_once_each_field_is_released_once_and_never_a_newer_version() {
        let current = versions(&[("phone.mobile", 3), ("email.personal", 1), ("phone.home", 0)]);
        let mut r = Release::new(Mode::Once, [], current, 0);
        r.handle_sent(1, &versions(&[("phone.mobile", 3)]), NOW);
        r.handle_changed(&path("phone.mobile"), 4);
        r.handle_delivered(1, NOW);
        assert_eq!(r.poll_due(), paths(&["email.personal"]));
        r.handle_sent(2, &versions(&[("email.personal", 1)]), NOW);
        r.handle_delivered(2, NOW);
        assert!(r.poll_due().is_empty());
    }

    #[test]
    fn a_field_left_out_of_an_update_composed_again_is_still_lacking() {
        let mut line = Line::new(path("phone.mobile"));
        line.mark_sent(Mark { version: 1, seq: 5, at: NOW });
        assert!(line.mark_left_out(5));
        assert!(!line.mark_delivered(5, NOW) && line.lacks(Mode::Continuous, 1));
        line.mark_sent(Mark { version: 1, seq: 6, at: NOW });
        line.mark_delivered(6, NOW);
        line.mark_sent(Mark { version: 2, seq: 7, at: NOW });
        assert!(!line.mark_left_out(6) && line.mark_left_out(7));
        assert_eq!(line.sent, line.stored);
    }

    #[test]
    fn an_outcome_of_an_older_update_does_not_overwrite_a_newer() {
        let mut line = Line::new(path("phone.mobile"));
        let mark = |seq| OutcomeMark {
            seq,
            outcome: OutcomeKind::Applied,
            system: "crm".into(),
            detail: None,
            at: NOW,
        };
        assert!(!line.mark_outcome(mark(1)), "nothing was sent");
        line.mark_sent(Mark { version: 1, seq: 2, at: NOW });
        assert!(line.mark_outcome(mark(2)));
        assert!(!line.mark_outcome(mark(1)));
        assert!(!line.mark_outcome(mark(3)), "was never sent");
    }

    #[test]
    fn a_field_that_never_held_anything_is_lacked_by_nobody() {
        let line = Line::new(path("phone.mobile"));
        for mode in [Mode::Continuous, Mode::Once] {
            assert!(!line.lacks(mode, 0) && line.lacks(mode, 1));
        }
    }

    #[test]
    fn what_is_on_the_vendors_disk_is_noted_with_the_moment_it_was_heard() {
        let (sent, heard) = (Timestamp::from_millis(1), Timestamp::from_millis(2));
        let mut line = Line::new(path("phone.mobile"));
        line.mark_sent(Mark { version: 3, seq: 5, at: sent });
        assert!(line.mark_delivered(5, heard));
        assert_eq!(line.stored, Some(Mark { version: 3, seq: 5, at: heard }));
        assert_eq!(line.sent, Some(Mark { version: 3, seq: 5, at: sent }));
    }

    #[test]
    fn an_outcome_is_noted_at_the_fields_that_it_names() {
        let mut r = release(&[("phone.mobile", 1), ("email.personal", 1)]);
        r.handle_sent(1, &versions(&[("phone.mobile", 1), ("email.personal", 1)]), NOW);
        let result = crate::data::OutcomeLine {
            path: path("phone.mobile"),
            outcome: OutcomeKind::Applied,
            system: "crm".into(),
            detail: None,
        };
        let grant = crate::id::GrantId::from_entropy([1; 16]);
        r.handle_outcome(&Outcome { grant, update: 1, results: vec![result], at: NOW }, NOW);
        let noted = |name| r.lines()[&path(name)].outcome.as_ref().map(|o| (o.seq, o.outcome, o.at));
        assert_eq!(noted("phone.mobile"), Some((1, OutcomeKind::Applied, NOW)));
        assert_eq!(noted("email.personal"), None);
    }
}
