//! One rule, and the trial of a table of them.

use std::time::Duration;

use freehold_protocol::code::Code;
use futures::future::BoxFuture;

use crate::peer::Peer;
use crate::report::{Finding, Note, Report, Role, Tell, Verdict};

/// Longest trial of one rule: the slow ones wait for the peer's own timeouts of 10 s or the end of a grant, and a person may have to type.
const RULE_MAX: Duration = Duration::from_secs(180);

/// How a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Also the rules that wait for timeouts, 10 s each.
    pub slow: bool,
}

/// Why a rule did not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The peer did something else.
    #[error("{0}")]
    Broken(String),
    /// It could not be tried.
    #[error("{0}")]
    Skipped(String),
}

impl Fault {
    /// What went wrong on the way to the rule is another rule's matter.
    pub(crate) fn on_the_way(self) -> Self {
        match self {
            Self::Broken(why) => Self::Skipped(format!("not tried, what comes before it failed: {why}")),
            skipped @ Self::Skipped(_) => skipped,
        }
    }
}

/// What a rule's trial gives.
pub(crate) type Tried<T = ()> = Result<T, Fault>;

/// A rule that is broken.
pub(crate) fn broken<T>(why: impl Into<String>) -> Tried<T> {
    Err(Fault::Broken(why.into()))
}

/// A rule that cannot be tried.
pub(crate) fn skipped<T>(why: impl Into<String>) -> Tried<T> {
    Err(Fault::Skipped(why.into()))
}

/// Holds, or the rule is broken.
pub(crate) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Tried {
    if holds { Ok(()) } else { broken(otherwise()) }
}

/// A code among those that a rule allows.
pub(crate) fn ensure_code(got: Code, allowed: &[Code]) -> Tried {
    ensure(allowed.contains(&got), || format!("it said {got}, expected was {}", list(allowed)))
}

/// Codes as a reader sees them.
pub(crate) fn list(codes: &[Code]) -> String {
    codes.iter().map(Code::to_string).collect::<Vec<_>>().join(" or ")
}

/// One rule of a page, tried on a subject.
pub(crate) struct Rule<S> {
    pub(crate) page: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) name: &'static str,
    /// Waits for a timeout of the peer.
    pub(crate) slow: bool,
    pub(crate) run: for<'a> fn(&'a mut S) -> BoxFuture<'a, Tried>,
}

/// A row of a table of rules.
macro_rules! rule {
    ($page:literal, $rule:literal, $name:literal, $run:path) => {
        $crate::rule::Rule {
            page: $page,
            rule: $rule,
            name: $name,
            slow: false,
            run: |subject| Box::pin($run(subject)),
        }
    };
    (slow $page:literal, $rule:literal, $name:literal, $run:path) => {
        $crate::rule::Rule {
            page: $page,
            rule: $rule,
            name: $name,
            slow: true,
            run: |subject| Box::pin($run(subject)),
        }
    };
}
pub(crate) use rule;

/// Whom rules are tried on.
pub(crate) trait Subject: Send + Sized {
    /// A rule failed: what it left behind is of no use to the next.
    fn discard(&mut self);

    /// The runner's side of the relationship that most rules share, in an open session.
    fn opened(&mut self) -> BoxFuture<'_, Tried<&mut Peer>>;
}

/// Tries every rule in its turn.
pub(crate) async fn try_all<S: Subject>(
    role: Role,
    rules: impl IntoIterator<Item = Rule<S>>,
    subject: &mut S,
    options: Options,
    tell: &Tell,
) -> Report {
    let mut verdicts = Vec::new();
    for rule in rules {
        let tried = if rule.slow && !options.slow {
            skipped("waits for timeouts or for the end of a grant: run with --slow")
        } else {
            let trial = tokio::time::timeout(RULE_MAX, (rule.run)(subject)).await;
            trial.unwrap_or_else(|_| broken(format!("no end of it within {} s", RULE_MAX.as_secs())))
        };
        let (result, detail) = match tried {
            Ok(()) => (Finding::Pass, None),
            Err(Fault::Broken(why)) => (Finding::Fail, Some(why)),
            Err(Fault::Skipped(why)) => (Finding::Skipped, Some(why)),
        };
        if result == Finding::Fail {
            subject.discard();
        }
        let verdict = Verdict { page: rule.page, rule: rule.rule, name: rule.name, result, detail };
        tell(&Note::Verdict(verdict.clone()));
        verdicts.push(verdict);
    }
    Report { role, verdicts }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The rows of a table, as the page must have them.
    fn rows<S>(rules: impl Iterator<Item = Rule<S>>) -> Vec<(&'static str, &'static str, &'static str)> {
        rules.map(|rule| (rule.page, rule.rule, rule.name)).collect()
    }

    #[test]
    fn the_page_lists_exactly_the_rules_that_are_tried() {
        let page = include_str!("../../../specs/conformance.md");
        for (heading, rules) in
            [("## A hub", rows(crate::hub::rules())), ("## A person's node", rows(crate::person::rules()))]
        {
            let section = page.split(heading).nth(1).and_then(|rest| rest.split("\n## ").next());
            let listed: BTreeSet<&str> =
                section.unwrap_or_default().lines().filter(|line| line.starts_with("| [")).collect();
            let tried =
                rules.iter().map(|(page, rule, name)| format!("| [{page}]({page}.md) | {rule} | {name} |"));
            let tried: BTreeSet<String> = tried.collect();
            assert_eq!(tried.len(), rules.len(), "{heading}: a name stands twice");
            let missing: Vec<&String> = tried.iter().filter(|row| !listed.contains(row.as_str())).collect();
            assert!(missing.is_empty(), "{heading} lacks:\n{missing:#?}");
            let stale: Vec<&&str> = listed.iter().filter(|row| !tried.contains(**row)).collect();
            assert!(stale.is_empty(), "{heading} lists what is not tried:\n{stale:#?}");
        }
    }

    #[test]
    fn every_rule_stands_on_its_page() {
        let specs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
        for (page, rule, name) in rows(crate::hub::rules()).into_iter().chain(rows(crate::person::rules())) {
            let text = std::fs::read_to_string(specs.join(format!("{page}.md"))).unwrap();
            let (numbered, headed) = (format!("\n{rule}. "), format!(" {rule}\n"));
            let headed =
                text.lines().any(|line| line.starts_with("##") && format!("{line}\n").ends_with(&headed));
            assert!(text.contains(&numbered) || headed, "{page} has no rule {rule}: {name}");
        }
    }
}
