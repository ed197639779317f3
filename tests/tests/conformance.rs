//! The conformance runner against our own program, as real processes in both roles, and against peers that each break
//! one rule.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use freehold_conformance::{Finding, HubSubject, Options, Report, run_hub, run_person};
use freehold_protocol::family::Families;
use freehold_tests::engines::EngineHome;
use freehold_tests::program::{Home, program};
use serde_json::Value;

#[path = "conformance/hub.rs"]
mod hub;
#[path = "conformance/person.rs"]
mod person;
#[path = "conformance/side.rs"]
mod side;

const ASK: &str = r#"
title = "A test"
legal_basis = "contract"
mode = "continuous"
retention = { duration = "P1D", after = "the test" }

[[field]]
path = "phone.mobile"
required = true
reason = "to call you"
purposes = ["serviceProvision"]

[[field]]
path = "email.personal"
reason = "to write to you"
purposes = ["serviceProvision"]
"#;

/// Whether minutes are allowed: then the rules that wait for timeouts are tried too.
fn is_long() -> bool {
    std::env::var_os("FREEHOLD_LONG").is_some()
}

/// Runs the runner; gives its exit status, its verdicts and the summary.
fn conformance(words: &[&str]) -> (Option<i32>, Vec<Value>, Value) {
    let output = Command::new(program())
        .args(["conformance", "--json"])
        .args(words)
        .args(is_long().then_some("--slow"))
        .env("FREEHOLD", program())
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let summary = lines.pop().unwrap_or_default();
    (output.status.code(), lines, summary)
}

fn of<'v>(verdicts: &'v [Value], finding: &str) -> Vec<&'v Value> {
    verdicts.iter().filter(|verdict| verdict["result"] == finding).collect()
}

#[test]
fn our_hub_keeps_every_rule() {
    let mut hub = Home::hub();
    let pass = hub.file("pass");
    let (quic, tcp) = ("/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0");
    let pass = pass.to_str().unwrap();
    let made =
        hub.output(&["init", "--name", "Acme", "--listen", quic, "--listen", tcp, "--passphrase-file", pass]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    hub.start();
    let ask = hub.file("ask.toml");
    std::fs::write(&ask, ASK).unwrap();
    let _ = hub.json(&["ask", ask.to_str().unwrap()]);
    let invite = format!("\"$FREEHOLD\" hub invite --home {}", hub.path().display());
    let (status, verdicts, summary) = conformance(&["--role", "hub", "--invite", &invite]);
    assert!(of(&verdicts, "fail").is_empty(), "{:#?}", of(&verdicts, "fail"));
    assert_eq!(status, Some(0), "{summary}");
    // A hub asks for live reads itself, and two rules want a link that it does not print; three wait.
    let expected = if is_long() { 3 } else { 6 };
    assert_eq!(of(&verdicts, "skipped").len(), expected, "{:#?}", of(&verdicts, "skipped"));
    assert!(of(&verdicts, "pass").len() >= 40, "{summary}");
}

/// What a process cannot be made to print: a link whose time is over, and one to a request for once.
#[tokio::test(flavor = "multi_thread")]
async fn our_hub_keeps_the_rules_of_old_links_and_of_requests_for_once() {
    let home = EngineHome::new();
    let hub = home.hub(Families::new, None).await;
    let link = |valid_for| hub.invite(None, None, Duration::from_secs(valid_for));
    hub.ask(&ASK.replace("continuous", "once"), "once.toml").await.unwrap();
    let once = link(600).await.unwrap().link;
    hub.ask(ASK, "ask.toml").await.unwrap();
    let mut links = vec![link(1).await.unwrap().link];
    for _ in 0..4 {
        links.push(link(600).await.unwrap().link);
    }
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let subject = HubSubject { links, once: Some(once), invite: None };
    let report = run_hub(subject, Options::default(), Arc::new(|_| {})).await;
    assert!(failed(&report).is_empty(), "{:#?}", report.verdicts);
    for name in ["a token whose time is over: 205", "under a grant for once a field that comes again: 408"] {
        let verdict = report.verdicts.iter().find(|verdict| verdict.name == name).unwrap();
        assert_eq!(verdict.result, Finding::Pass, "{verdict:?}");
    }
    hub.stop().await;
}

#[test]
fn our_node_keeps_every_rule() {
    let mut node = Home::person();
    node.start();
    let _ = node.json(&["set", "phone.mobile=+442079460099", "email.personal=ada@example.com"]);
    let home = node.path().display().to_string();
    let connect = format!(
        "set -e; f() {{ \"$FREEHOLD\" \"$@\" --json --home {home}; }}; \
         id=$(f connect \"$FREEHOLD_LINK\" | sed 's/.*\"request\":{{[^}}]*\"id\":\"\\(urn:uuid:[0-9a-f-]*\\)\".*/\\1/'); f approve \"$id\""
    );
    let change = format!("\"$FREEHOLD\" set \"$FREEHOLD_PATH=$FREEHOLD_VALUE\" --home {home}");
    let revoke = format!("\"$FREEHOLD\" revoke \"$FREEHOLD_GRANT\" --home {home}");
    let rotate = format!("\"$FREEHOLD\" rotate \"$FREEHOLD_VENDOR\" --home {home}");
    let words = ["--role", "person", "--connect", &connect, "--change", &change, "--revoke", &revoke];
    let (status, verdicts, summary) = conformance(&[&words[..], &["--rotate", &rotate]].concat());
    assert!(of(&verdicts, "fail").is_empty(), "{:#?}", of(&verdicts, "fail"));
    let skipped = of(&verdicts, "skipped");
    assert_eq!(skipped.len(), usize::from(!is_long()), "one waits for a timeout: {skipped:#?}");
    assert_eq!(status, Some(0), "{summary}");
    assert!(verdicts.len() >= 40, "{summary}");
}

/// Tries a model hub; gives the names of the rules that it breaks.
async fn broken_by_hub(defect: hub::Defect) -> Vec<&'static str> {
    let report = run_hub(hub::start(defect).await, Options::default(), Arc::new(|_| {})).await;
    assert!(report.summary().skipped <= 7, "{defect:?}: {:#?}", skipped(&report));
    failed(&report)
}

/// Tries a model node; gives the names of the rules that it breaks.
async fn broken_by_person(defect: person::Defect) -> Vec<&'static str> {
    let report = run_person(person::subject(defect), Options::default(), Arc::new(|_| {})).await;
    // Without a command to revoke, without one to rotate, and for once with requests of one mode alone.
    assert!(report.summary().skipped <= 12, "{defect:?}: {:#?}", skipped(&report));
    failed(&report)
}

fn skipped(report: &Report) -> Vec<String> {
    let skipped = report.verdicts.iter().filter(|verdict| verdict.result == Finding::Skipped);
    skipped.map(|verdict| format!("{}: {:?}", verdict.name, verdict.detail)).collect()
}

fn failed(report: &Report) -> Vec<&'static str> {
    let failed = report.verdicts.iter().filter(|verdict| verdict.result == Finding::Fail);
    failed.map(|verdict| verdict.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_hub_fails_exactly_the_rule_it_breaks() {
    let (none, gap, field, token, erasure, replay, problem, expired, rotates) = tokio::join!(
        broken_by_hub(hub::Defect::None),
        broken_by_hub(hub::Defect::AcknowledgesAGap),
        broken_by_hub(hub::Defect::TakesAnExtraField),
        broken_by_hub(hub::Defect::LetsTwoKeysUseOneToken),
        broken_by_hub(hub::Defect::ErasesMoreThanWasRevoked),
        broken_by_hub(hub::Defect::TakesAReplay),
        broken_by_hub(hub::Defect::AnswersAProblem),
        broken_by_hub(hub::Defect::TakesExpiredLinks),
        broken_by_hub(hub::Defect::RotatesToAnyKey),
    );
    assert!(none.is_empty(), "{none:#?}");
    assert_eq!(gap, ["a gap: 301"]);
    assert_eq!(field, ["an update with one path too many is refused whole: 401"]);
    assert_eq!(token, ["a token that another key has used: 206"]);
    assert_eq!(replay, ["a message that was stored before is acknowledged and dropped"]);
    assert_eq!(problem, ["a problem is not answered with a problem"]);
    assert_eq!(expired, ["a token whose time is over: 205"]);
    assert_eq!(rotates, ["a rotation to a key that was not committed to: 208"]);
    assert_eq!(erasure, ["a revocation is answered with a signed erasure of exactly its paths"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_node_fails_exactly_the_rule_it_breaks() {
    let (none, early, one_key, purpose, overtakes, stale, follows) = tokio::join!(
        broken_by_person(person::Defect::None),
        broken_by_person(person::Defect::ReleasesBeforeTheReceipt),
        broken_by_person(person::Defect::UsesOneKeyForAll),
        broken_by_person(person::Defect::AnswersReadsForAnyPurpose),
        broken_by_person(person::Defect::OvertakesTheUpdateUnderWay),
        broken_by_person(person::Defect::SendsStaleValuesAgain),
        broken_by_person(person::Defect::FollowsToAnyKey),
    );
    assert!(none.is_empty(), "{none:#?}");
    assert_eq!(early, ["nothing is released before the receipt"]);
    assert_eq!(one_key, ["two vendors see two keys, and nothing in common"]);
    assert_eq!(purpose, ["a live read for another purpose: 402"]);
    assert_eq!(overtakes, ["the next update waits for the acknowledgement of the one under way"]);
    assert_eq!(follows, ["a vendor's rotation to a key that was not committed to: problem 208"]);
    assert_eq!(stale, ["an update that was not acknowledged is composed again, with present values"]);
}
