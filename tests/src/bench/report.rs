//! The table.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use freehold_link::system_clock;
use serde::Serialize;

use super::sample::Samples;
use super::{Failure, machine};

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
pub struct Report {
    rows: Vec<Row>,
    notes: Vec<String>,
    /// How long the run took.
    pub took: Duration,
}

impl Report {
    /// Adds a figure beside its limit.
    pub fn beside(
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
    pub fn alone(&mut self, what: impl Into<String>, unit: &'static str, samples: &Samples, remark: &str) {
        self.add(what.into(), unit, samples, None, remark);
    }

    /// Adds a sentence below the table.
    pub fn note(&mut self, note: impl Into<String>) {
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

    /// All of it as JSON.
    ///
    /// # Errors
    /// None that can be met: it is texts and numbers.
    pub fn json(&self) -> Result<String, Failure> {
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

    /// All of it as a page.
    #[must_use]
    pub fn markdown(&self) -> String {
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
#[must_use]
pub fn figure(value: f64) -> String {
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

/// Writes a page into a file that has several, each under a heading of the first level: in the place of the one with the
/// same heading, or behind the others.
///
/// # Errors
/// The disk's.
pub fn write_part(path: &Path, part: &str) -> io::Result<()> {
    let before = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    fs::write(path, replaced(&before, part))
}

fn replaced(file: &str, part: &str) -> String {
    let heading = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let mut parts: Vec<String> = Vec::new();
    for line in file.split_inclusive('\n') {
        match parts.last_mut() {
            Some(last) if !line.starts_with("# ") => last.push_str(line),
            _ => parts.push(line.to_owned()),
        }
    }
    match parts.iter_mut().find(|known| heading(known) == heading(part)) {
        Some(known) => *known = part.to_owned(),
        None => parts.push(part.to_owned()),
    }
    parts.iter().map(|part| part.trim_end()).collect::<Vec<_>>().join("\n\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn a_page_takes_the_place_of_the_one_with_its_heading_alone() {
        assert_eq!(replaced("", "# A\n\n1\n"), "# A\n\n1\n");
        let two = replaced("# A\n\n1\n", "# B\n\n2\n");
        assert_eq!(two, "# A\n\n1\n\n# B\n\n2\n");
        assert_eq!(replaced(&two, "# A\n\n## x\n\n3\n"), "# A\n\n## x\n\n3\n\n# B\n\n2\n");
    }
}
