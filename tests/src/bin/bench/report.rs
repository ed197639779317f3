//! The table.

use std::fmt::Write as _;
use std::time::Duration;

use freehold_link::system_clock;
use serde::Serialize;

use crate::Failure;
use crate::machine;
use crate::sample::Samples;

/// One line of the table.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    what: String,
    unit: &'static str,
    count: usize,
    median: f64,
    p99: f64,
    limit: Option<f64>,
    limit_p99: Option<f64>,
    ratio: Option<f64>,
    limit_is: String,
}

/// Everything measured in one run.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    notes: Vec<String>,
    /// How long the run took.
    pub(crate) took: Duration,
}

impl Report {
    /// Adds a figure beside its limit.
    pub(crate) fn beside(
        &mut self,
        what: impl Into<String>,
        unit: &'static str,
        samples: &Samples,
        limit: &Samples,
        limit_is: &str,
    ) {
        let ratio = samples.median() / limit.median();
        let (limit, p99) = (limit.median(), limit.p99());
        self.add(what.into(), unit, samples, Some((limit, p99, ratio)), limit_is);
    }

    /// Adds a figure that has no limit to stand beside, and what else is to be said of it.
    pub(crate) fn alone(
        &mut self,
        what: impl Into<String>,
        unit: &'static str,
        samples: &Samples,
        remark: &str,
    ) {
        self.add(what.into(), unit, samples, None, remark);
    }

    /// Adds a sentence below the table.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    fn add(
        &mut self,
        what: String,
        unit: &'static str,
        samples: &Samples,
        limit: Option<(f64, f64, f64)>,
        limit_is: &str,
    ) {
        let row = Row {
            what,
            unit,
            count: samples.count(),
            median: samples.median(),
            p99: samples.p99(),
            limit: limit.map(|l| l.0),
            limit_p99: limit.map(|l| l.1),
            ratio: limit.map(|l| l.2),
            limit_is: limit_is.to_owned(),
        };
        self.rows.push(row);
    }

    pub(crate) fn json(&self) -> Result<String, Failure> {
        let value = serde_json::json!({
            "machine": machine::machine(),
            "commit": machine::commit(),
            "at": system_clock()().rfc3339(),
            "command": command(),
            "seconds": self.took.as_secs(),
            "rows": self.rows,
            "notes": self.notes,
        });
        Ok(serde_json::to_string_pretty(&value)?)
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from("# Benchmarks\n\n");
        let _ = writeln!(text, "- Machine: {}", machine::machine());
        let _ = writeln!(text, "- Commit: {}", machine::commit());
        let _ = writeln!(text, "- Date: {}", system_clock()().rfc3339());
        let _ = writeln!(text, "- Command: `{}` ({} s)\n", command(), self.took.as_secs());
        text.push_str(
            "Each limit is measured in the same run, turn by turn with its figure, on the same disk: what the \
             machine takes for the steps that cannot be left out. The ratio is median to median. Below 100 \
             samples, p99 is the largest.\n\n\
             | what | n | median | p99 | limit, median | limit, p99 | ratio | the limit is |\n\
             |---|---:|---:|---:|---:|---:|---:|---|\n",
        );
        for row in &self.rows {
            text.push_str(&line(row));
            text.push('\n');
        }
        if !self.notes.is_empty() {
            text.push('\n');
            for note in &self.notes {
                let _ = writeln!(text, "- {note}");
            }
        }
        text
    }
}

fn line(row: &Row) -> String {
    let unit = row.unit;
    let limit =
        |limit: Option<f64>| limit.map_or_else(String::new, |limit| format!("{} {unit}", figure(limit)));
    let ratio = row.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
    format!(
        "| {} | {} | {} {unit} | {} {unit} | {} | {} | {ratio} | {} |",
        row.what,
        row.count,
        figure(row.median),
        figure(row.p99),
        limit(row.limit),
        limit(row.limit_p99),
        row.limit_is,
    )
}

/// Three digits that count.
fn figure(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// The command that makes the same table.
fn command() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("cargo xtask bench {}", arguments.join(" ")).trim_end().to_owned()
}
