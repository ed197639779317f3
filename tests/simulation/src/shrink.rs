//! Shortening a story that breaks a rule: delta debugging over its steps.

use freehold_store::planted::Bug;

use crate::story::Story;
use crate::world::{Ending, play};

/// Most stories that are played on the way.
const PLAYS_MAX: usize = 2_000;

/// The shortest story found that breaks the same rule, and how it ends. A story that breaks none comes back as it is.
#[must_use]
pub fn shorten(story: &Story, bug: Option<Bug>) -> (Story, Ending) {
    let ending = play(story, bug, false);
    let Some(wanted) = invariant(&ending) else { return (story.clone(), ending) };
    let mut best = (story.clone(), ending);
    let mut plays = 0;
    let mut parts = 2;
    while best.0.steps.len() > 1 && plays < PLAYS_MAX {
        let size = best.0.steps.len().div_ceil(parts);
        let mut shorter = None;
        for start in (0..best.0.steps.len()).step_by(size) {
            let mut tried = best.0.clone();
            tried.steps.drain(start..(start + size).min(best.0.steps.len()));
            let ending = play(&tried, bug, false);
            plays += 1;
            if invariant(&ending) == Some(wanted) {
                shorter = Some((tried, ending));
                break;
            }
        }
        match shorter {
            Some(found) => {
                best = found;
                parts = (parts - 1).max(2);
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(best.0.steps.len()),
        }
    }
    best
}

fn invariant(ending: &Ending) -> Option<&'static str> {
    ending.violation.as_ref().map(|(_, violation)| violation.invariant)
}
