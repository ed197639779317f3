//! Conversations, replayed for one end at a time: what the other sent comes from the file.

use freehold_tests::replay::{End, key, signing_key, text};
use serde_json::{Value, json};

use crate::case::load;

/// The two ends.
const ENDS: [&str; 2] = ["person", "hub"];

pub(crate) fn replay(place: &str) {
    let file = load(place);
    let steps = file["steps"].as_array().unwrap_or_else(|| panic!("{place} has no steps"));
    for end in ENDS {
        alone(place, &file, steps, end);
    }
    nothing_comes_from_nowhere(place, steps);
}

/// One end: every step of it gives what the file says, with nothing of the other end at hand but its frames.
fn alone(place: &str, file: &Value, steps: &[Value], name: &str) {
    let keys = &file["keys"][name];
    let mut end = End::new(signing_key(keys, "seed"), key(keys, "peer"));
    let mut taken = 0;
    for (number, step) in steps.iter().enumerate().filter(|(_, step)| text(step, "by") == name) {
        let outcome = end.apply(step);
        let wanted = json!({"outputs": step["outputs"], "timeout": step["timeout"]});
        assert_eq!(outcome, wanted, "{place}, step {number}, by the {name}");
        taken += 1;
    }
    assert!(taken > 0, "{place} has no step by the {name}");
}

/// Every frame that arrives was sent by the other end before, over the same connection.
fn nothing_comes_from_nowhere(place: &str, steps: &[Value]) {
    for receiver in ENDS {
        let mut sent: Vec<&str> = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            if text(step, "do") == "lose" {
                sent.clear();
            } else if text(step, "by") != receiver {
                let outputs = step["outputs"].as_array().expect("outputs").iter();
                sent.extend(outputs.filter_map(|output| output["transmit"].as_str()));
            } else if let Some(frame) = step["frame"].as_str() {
                assert!(sent.contains(&frame), "{place}, step {number}: nobody sent this frame");
            }
        }
    }
}
