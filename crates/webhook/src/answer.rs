//! What a receiver may say about each field in its answer. Optional: a plain 200 is a full answer.
//!
//! ```json
//! {"outcomes":[{"path":"phone.mobile","outcome":"applied","system":"crm","detail":"contact 4711"}]}
//! ```

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// Most outcomes in one answer: the most paths one event can carry.
const OUTCOMES_MAX: usize = 1_000;

/// Longest path, in bytes: three segments with room to spare.
const PATH_BYTES_MAX: usize = 256;

/// Longest name of a system, in bytes.
const SYSTEM_BYTES_MAX: usize = 128;

/// Longest detail, in bytes: a sentence or two.
const DETAIL_BYTES_MAX: usize = 1_024;

/// What the receiver did with the fields of one event.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookAnswer {
    /// One entry per path that the receiver speaks about; no path stands twice.
    pub outcomes: Vec<PathOutcome>,
}

/// What the receiver did with one field.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathOutcome {
    /// The path as the event named it.
    pub path: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The system that holds it now, such as `crm`.
    #[serde(default)]
    pub system: Option<String>,
    /// A sentence for the person.
    #[serde(default)]
    pub detail: Option<String>,
}

/// What became of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The system holds the new value.
    Applied,
    /// The system holds another value that it did not give up.
    Conflict,
    /// The value belongs to another record already.
    Duplicate,
    /// The system does not take the value.
    Refused,
}

/// Why a JSON answer with outcomes was put aside. The event counts as accepted all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Labelled as JSON, but none.
    #[error("the webhook's answer is not JSON: send it valid, or with another content type")]
    Syntax,
    /// Not the shape that is documented.
    #[error(
        "the webhook's answer has unknown, missing or repeated keys: send outcomes with path, outcome, system, detail"
    )]
    Shape,
    /// Too many outcomes.
    #[error("the webhook's answer has more than {OUTCOMES_MAX} outcomes: send one per path of the event")]
    TooMany,
    /// A text that is empty, too long, or has control characters.
    #[error(
        "the webhook's answer has a text that is empty, too long or has control characters: shorten or clean it"
    )]
    Text,
    /// A path that stands twice.
    #[error("the webhook's answer names a path twice: send one outcome per path")]
    Repeated,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    outcomes: Vec<PathOutcome>,
}

impl WebhookAnswer {
    /// The outcomes in an answer's body. `None` when it is about something else: no body, another content type
    /// than `application/json`, or JSON without the key `outcomes`, as many receivers send.
    ///
    /// # Errors
    /// [`AnswerError`] when it does carry outcomes but not as documented.
    pub fn parse(content_type: Option<&str>, body: &[u8]) -> Result<Option<Self>, AnswerError> {
        if body.is_empty() || !content_type.is_some_and(is_json) {
            return Ok(None);
        }
        match serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(body) {
            Ok(keys) if keys.contains_key("outcomes") => {}
            Ok(_) => return Ok(None),
            Err(error) if error.is_data() => return Ok(None),
            Err(_) => return Err(AnswerError::Syntax),
        }
        let wire: Wire = serde_json::from_slice(body).map_err(|_| AnswerError::Shape)?;
        if wire.outcomes.len() > OUTCOMES_MAX {
            return Err(AnswerError::TooMany);
        }
        let mut paths = std::collections::BTreeSet::new();
        for entry in &wire.outcomes {
            let texts = [
                (Some(&entry.path), PATH_BYTES_MAX),
                (entry.system.as_ref(), SYSTEM_BYTES_MAX),
                (entry.detail.as_ref(), DETAIL_BYTES_MAX),
            ];
            let bad = |text: &String, max| {
                text.is_empty() || text.len() > max || text.chars().any(char::is_control)
            };
            if texts.iter().any(|(text, max)| text.is_some_and(|text| bad(text, *max))) {
                return Err(AnswerError::Text);
            }
            if !paths.insert(&entry.path) {
                return Err(AnswerError::Repeated);
            }
        }
        Ok(Some(Self { outcomes: wire.outcomes }))
    }
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

impl fmt::Debug for WebhookAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.outcomes).finish()
    }
}

/// Shows the outcome alone: a path, and whatever a receiver wrote into a detail, may be personal.
impl fmt::Debug for PathOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.outcome.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Option<WebhookAnswer>, AnswerError> {
        WebhookAnswer::parse(Some("application/json; charset=utf-8"), body.as_bytes())
    }

    #[test]
    fn outcomes_are_read() {
        let body = r#"{"outcomes":[{"path":"phone.mobile","outcome":"applied","system":"crm"},
                       {"path":"name.given","outcome":"conflict","detail":"kept the other"}]}"#;
        let answer = parse(body).unwrap().unwrap();
        assert_eq!(answer.outcomes[0].outcome, Outcome::Applied);
        assert_eq!(answer.outcomes[0].system.as_deref(), Some("crm"));
        assert_eq!(answer.outcomes[1].path, "name.given");
        assert_eq!(answer.outcomes[1].detail.as_deref(), Some("kept the other"));
        assert_eq!(format!("{answer:?}"), "[Applied, Conflict]");
    }

    #[test]
    fn an_answer_about_something_else_is_ignored() {
        for body in ["", r#"{"ok":true}"#, r#""ok""#, "[]", "17", "null", "{}"] {
            assert_eq!(parse(body), Ok(None), "{body}");
        }
        let outcomes = br#"{"outcomes":[]}"#;
        for content_type in [None, Some("text/html"), Some("application/problem+json"), Some("")] {
            assert_eq!(WebhookAnswer::parse(content_type, outcomes), Ok(None), "{content_type:?}");
        }
    }

    #[test]
    fn wrong_outcomes_are_put_aside() {
        let entry = r#"{"path":"a.b","outcome":"applied"}"#;
        let list = |n: usize| {
            let entries: Vec<String> = (0..n).map(|i| entry.replace("a.b", &format!("a.b{i}"))).collect();
            format!(r#"{{"outcomes":[{}]}}"#, entries.join(","))
        };
        let one = |entry: &str| format!(r#"{{"outcomes":[{entry}]}}"#);
        let detail = |text: &str| one(&format!(r#"{{"path":"a.b","outcome":"refused","detail":"{text}"}}"#));
        for (body, wanted) in [
            ("{".to_owned(), AnswerError::Syntax),
            (r#"{"outcomes":[]} x"#.to_owned(), AnswerError::Syntax),
            (r#"{"outcomes":[],"outcomes":[]}"#.to_owned(), AnswerError::Shape),
            (r#"{"outcomes":[],"more":1}"#.to_owned(), AnswerError::Shape),
            (r#"{"outcomes":{}}"#.to_owned(), AnswerError::Shape),
            (one(r#"{"path":"a.b"}"#), AnswerError::Shape),
            (one(r#"{"path":"a.b","outcome":"maybe"}"#), AnswerError::Shape),
            (one(r#"{"path":"a.b","path":"a.c","outcome":"applied"}"#), AnswerError::Shape),
            (one(r#"{"path":"","outcome":"applied"}"#), AnswerError::Text),
            (detail(&"x".repeat(1_025)), AnswerError::Text),
            (detail(r"\u001b[2J"), AnswerError::Text),
            (one(&format!("{entry},{entry}")), AnswerError::Repeated),
            (list(1_001), AnswerError::TooMany),
        ] {
            assert_eq!(parse(&body), Err(wanted), "{}", &body[..body.len().min(80)]);
        }
        assert!(parse(&list(1_000)).is_ok());
        assert!(parse(&detail(&"x".repeat(1_024))).is_ok());
    }
}
