//! The state diagrams of the pages, against what the code's machines do: each state is brought about, each input given,
//! and the state that follows compared with the arrow that is drawn.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::BTreeSet;
use std::path::Path;

#[path = "state_diagrams/entry.rs"]
mod entry;
#[path = "state_diagrams/grant.rs"]
mod grant;
#[path = "state_diagrams/line.rs"]
mod line;
#[path = "state_diagrams/session.rs"]
mod session;

/// An arrow: from, input, to.
type Arrow = (String, String, String);

fn arrow(from: &str, input: &str, to: &str) -> Arrow {
    (from.to_owned(), input.to_owned(), to.to_owned())
}

/// The arrows of the diagram with a name, without those that only begin.
fn drawn(page: &str, name: &str) -> BTreeSet<Arrow> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs").join(page);
    let text = std::fs::read_to_string(path).unwrap();
    let block = text.split("```mermaid").find(|block| block.contains(&format!("%% {name}\n"))).unwrap();
    let lines = block.split("```").next().unwrap().lines().filter_map(|line| line.split_once(" --> "));
    let arrows = lines.map(|(from, rest)| {
        let (to, input) = rest.split_once(": ").unwrap();
        arrow(from.trim(), input.trim(), to.trim())
    });
    let arrows: BTreeSet<Arrow> = arrows.filter(|(from, ..)| from != "[*]").collect();
    assert!(!arrows.is_empty(), "{page} draws {name}");
    arrows
}

/// What the code does must be what is drawn: no arrow more, none less.
fn compare(page: &str, name: &str, done: BTreeSet<Arrow>) {
    let drawn = drawn(page, name);
    let more: Vec<_> = done.difference(&drawn).collect();
    let less: Vec<_> = drawn.difference(&done).collect();
    assert!(more.is_empty() && less.is_empty(), "{name}: the code also {more:?}, the page also {less:?}");
}
