//! What is printed: text for people, JSON for scripts, errors beside them.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use comfy_table::{ContentArrangement, Table, presets};
use freehold_api::ApiError;
use serde::Serialize;
use serde_json::json;

/// Standard output and standard error.
pub(crate) struct Out {
    json: bool,
    closed: AtomicBool,
}

impl Out {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, closed: AtomicBool::new(false) }
    }

    /// Whether scripts read it.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether the reader has gone away, as `head` does: no error, but nothing more need be written.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Whether a person looks at it.
    pub(crate) fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Shows a value: one line of JSON, or the text made of it.
    pub(crate) fn show<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) {
        if self.json { self.json_line(value) } else { self.line(text(value)) }
    }

    /// One line of JSON.
    pub(crate) fn json_line<T: Serialize>(&self, value: &T) {
        match serde_json::to_string(value) {
            Ok(text) => self.raw(&format!("{text}\n")),
            Err(error) => tracing::error!(%error, "this cannot be shown as JSON"),
        }
    }

    /// Text and a line's end. Others wrote parts of it, so nothing that steers a terminal is let through.
    pub(crate) fn line(&self, text: impl Display) {
        self.raw(&format!("{}\n", harmless(text.to_string().trim_end())));
    }

    /// Bytes as they are: documents and cards.
    pub(crate) fn raw(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        if stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).is_err() {
            self.closed.store(true, Ordering::Relaxed);
        }
    }

    /// A remark beside the output, for people only.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.json {
            let _ = writeln!(io::stderr().lock(), "{}", harmless(&text.to_string()));
        }
    }

    /// The error a command ends with.
    pub(crate) fn failed(&self, error: &ApiError) {
        let mut stderr = io::stderr().lock();
        let _ = if self.json {
            writeln!(stderr, "{}", json!({ "error": error }))
        } else {
            writeln!(stderr, "freehold: {}", harmless(&error.message))
        };
    }
}

/// Columns of a table that goes into a file or a pipe: a note of a whole page shall not make every line as long.
const WIDTH: u16 = 160;

/// A table with these headings.
pub(crate) fn table<const N: usize>(
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(WIDTH);
    }
    table.set_header(headings.map(str::to_uppercase));
    for row in rows {
        table.add_row(row.map(|cell| harmless(&cell)));
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// A cell that may be empty.
pub(crate) fn cell(text: &Option<String>) -> String {
    text.clone().unwrap_or_else(|| "-".to_owned())
}

/// An id, short enough to read and long enough to type.
pub(crate) fn short(id: &str) -> String {
    /// Digits of a UUID that are shown, as everywhere in the protocol's ids.
    const SHOWN: usize = 8;
    let bare = id.rsplit(':').next().unwrap_or(id);
    bare.chars().take(SHOWN).collect()
}

/// Text without what steers a terminal or turns the direction of writing.
fn harmless(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendor_cannot_steer_the_terminal() {
        assert_eq!(harmless("a\u{1b}[2Jb\u{202e}c\nd"), "a\u{fffd}[2Jb\u{fffd}c\nd");
        assert!(!table(["name"], [["x\u{1b}[31m".to_owned()]]).contains('\u{1b}'));
    }

    #[test]
    fn an_id_is_short_without_its_scheme() {
        assert_eq!(short("urn:uuid:0123456789abcdef"), "01234567");
        assert_eq!(short("abc"), "abc");
    }
}
