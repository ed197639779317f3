//! `specs/data.md`: one field of a release.

use std::collections::BTreeSet;

use freehold_protocol::document::Mode;
use freehold_protocol::path::Path;
use freehold_protocol::release::{Line, Mark, Version};
use freehold_protocol::time::Timestamp;

use super::{arrow, compare};

const NOW: Timestamp = Timestamp::from_millis(1);

/// A line with the vault's version of its field and its grant's mode.
#[derive(Clone)]
struct Field {
    line: Line,
    version: Version,
    mode: Mode,
}

impl Field {
    /// A field whose first version lacks.
    fn lacking(mode: Mode) -> Self {
        Self { line: Line::new(Path::parse("phone.mobile").unwrap()), version: 1, mode }
    }

    fn sent(mode: Mode) -> Self {
        let mut field = Self::lacking(mode);
        field.give("release");
        field
    }

    fn stored(mode: Mode) -> Self {
        let mut field = Self::sent(mode);
        field.give("delivered");
        field
    }

    fn give(&mut self, input: &str) {
        match input {
            "change" | "change-once" => self.version += 1,
            "release" => self.line.mark_sent(Mark { version: self.version, seq: 5, at: NOW }),
            "left-out" => assert!(self.line.mark_left_out(5)),
            "delivered" => assert!(self.line.mark_delivered(5, NOW)),
            "delivered-stale" => {
                self.version += 1;
                assert!(self.line.mark_delivered(5, NOW));
            }
            other => panic!("{other}"),
        }
    }

    fn state(&self) -> &'static str {
        match (self.line.sent != self.line.stored, self.line.lacks(self.mode, self.version)) {
            (true, _) => "sent",
            (false, true) => "lacking",
            (false, false) => "stored",
        }
    }
}

#[test]
fn a_line_goes_where_the_page_draws_it() {
    let begun = |mode| [Field::lacking(mode), Field::sent(mode), Field::stored(mode)];
    let mut done = BTreeSet::new();
    for (mode, change) in [(Mode::Continuous, "change"), (Mode::Once, "change-once")] {
        for field in begun(mode) {
            let from = field.state();
            let more: &[&str] = match from {
                "lacking" => &["release"],
                "sent" => &["release", "left-out", "delivered"],
                _ => &[],
            };
            let stale = (from == "sent" && mode == Mode::Continuous).then_some("delivered-stale");
            for input in [change].iter().chain(more).copied().chain(stale) {
                let mut next = field.clone();
                next.give(input);
                done.insert(arrow(from, input, next.state()));
            }
        }
    }
    compare("data.md", "line", done);
}
