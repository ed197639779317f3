//! What a run gives.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// Which side the tested peer plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A vendor's hub.
    Hub,
    /// A person's node.
    Person,
}

/// What came of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// It holds.
    Pass,
    /// It is broken.
    Fail,
    /// It was not tried.
    Skipped,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "FAIL",
            Self::Skipped => "skipped",
        })
    }
}

/// One rule and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The page in `specs/`, without its ending.
    pub page: &'static str,
    /// The number of the rule there, or the heading where the page has no number.
    pub rule: &'static str,
    /// The rule in one sentence; unique within a role.
    pub name: &'static str,
    /// What came of it.
    pub result: Finding,
    /// What was seen instead, or why it was not tried.
    pub detail: Option<String>,
}

/// The verdicts of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which side was tested.
    pub role: Role,
    /// One for each rule, in the order of the trial.
    pub verdicts: Vec<Verdict>,
}

/// How many of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Which side was tested.
    pub role: Role,
    /// Rules that hold.
    pub passed: usize,
    /// Rules that are broken.
    pub failed: usize,
    /// Rules that were not tried.
    pub skipped: usize,
}

impl Report {
    /// How many of each.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let count = |finding| self.verdicts.iter().filter(|verdict| verdict.result == finding).count();
        Summary {
            role: self.role,
            passed: count(Finding::Pass),
            failed: count(Finding::Fail),
            skipped: count(Finding::Skipped),
        }
    }

    /// Whether no rule is broken.
    #[must_use]
    pub fn is_conformant(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.result != Finding::Fail)
    }
}

/// What the caller hears while the trial goes on.
#[derive(Debug, Clone)]
pub enum Note {
    /// A person must follow this link now.
    Link(String),
    /// A rule was tried.
    Verdict(Verdict),
}

/// Who is told.
pub type Tell = Arc<dyn Fn(&Note) + Send + Sync>;
