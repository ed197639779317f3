//! The real program: the demo's whole story, durability under kills, and what bad input is answered with.

use std::process::Command;

use freehold_tests::program::{Home, program};
use serde_json::Value;

/// The exit status and the error's code and message.
fn failure(home: &Home, words: &[&str]) -> (i32, String, String) {
    let output = home.output(words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{said}");
    let line = said.lines().find(|line| line.contains("\"error\"")).unwrap_or_default();
    let error: Value = serde_json::from_str(line).unwrap_or_default();
    let text = |name: &str| error["error"][name].as_str().unwrap_or_default().to_owned();
    (output.status.code().unwrap_or(-1), text("code"), text("message"))
}

fn exit(home: &Home, words: &[&str]) -> i32 {
    let (status, code, message) = failure(home, words);
    assert!(
        status == 0 || (!code.is_empty() && !message.is_empty()),
        "{words:?} ended with {status} and no word"
    );
    status
}

#[test]
fn the_demo_plays_the_whole_story_and_every_check_holds() {
    let output = Command::new(program()).args(["demo", "--json"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let steps: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let failed: Vec<&Value> = steps.iter().filter(|step| step["ok"] == false).collect();
    assert!(output.status.success(), "{failed:#?} {}", String::from_utf8_lossy(&output.stderr));
    assert!(failed.is_empty() && steps.len() >= 10, "{said}");
}

/// 1. Fields are set. 2. The node is killed. 3. Everything that was acknowledged is there, and verifies.
#[test]
fn what_was_acknowledged_survives_a_kill() {
    let mut home = Home::person();
    home.start();
    for n in 0..5 {
        let _ = home.json(&["set", &format!("x.test.n{n}={n}"), "phone.mobile=+49 170 1234567"]);
        home.kill();
        home.start();
        let fields = home.json(&["get", "--verify"]);
        let text = fields.to_string();
        assert!((0..=n).all(|k| text.contains(&format!("x.test.n{k}"))), "{text}");
        assert!(text.contains("+491701234567") && !text.contains("\"verified\":false"), "{text}");
    }
    assert_eq!(exit(&home, &["audit", "verify"]), 0);
}

#[test]
fn bad_input_has_its_exit_status_and_a_sentence() {
    let mut home = Home::person();
    assert_eq!(exit(&home, &["get"]), 3, "nothing runs");
    home.start();
    assert_eq!(exit(&home, &["set", "phone.mobil=+491701234567"]), 7, "unknown path");
    let (status, _, message) = failure(&home, &["set", "phone.mobile=secret-number"]);
    assert!(status == 7 && !message.contains("secret-number"), "{message}");
    assert_eq!(exit(&home, &["grants", "show", "0123456789"]), 8, "no such grant");
    assert_eq!(exit(&home, &["revoke", "0123456789"]), 8, "no such grant");
    assert_eq!(exit(&home, &["connect", "https://example.com"]), 9, "no invitation");
    let card = home.file("half.vcf");
    std::fs::write(&card, "BEGIN:VCARD\nVERSION:3.0\nFN:Jo").unwrap();
    assert_eq!(exit(&home, &["import", card.to_str().unwrap()]), 15, "half a card");
    let pass = home.file("pass");
    let pass = pass.to_str().unwrap();
    assert_eq!(exit(&home, &["run", "--passphrase-file", pass]), 4, "in use");
    home.kill();
    let wrong = home.file("wrong");
    std::fs::write(&wrong, "another passphrase\n").unwrap();
    assert_eq!(exit(&home, &["run", "--passphrase-file", wrong.to_str().unwrap()]), 6, "wrong passphrase");
    let format = home.path().join("home.json");
    let newer = std::fs::read_to_string(&format)
        .unwrap()
        .replace("\"format\":1", "\"format\":99")
        .replace("\"format\": 1", "\"format\": 99");
    std::fs::write(&format, newer).unwrap();
    assert_eq!(exit(&home, &["run", "--passphrase-file", pass]), 5, "newer home");
}

/// 1. A node is killed after an acknowledged write. 2. Its store is damaged. 3. It says so and does not start.
#[test]
fn a_damaged_store_is_told_and_never_a_panic() {
    let mut home = Home::person();
    home.start();
    let _ = home.json(&["set", "x.test.n=1"]);
    home.kill();
    let db = home.path().join("store").join("db");
    let mut bytes = std::fs::read(&db).unwrap();
    bytes.iter_mut().step_by(7).for_each(|byte| *byte ^= 0x5a);
    std::fs::write(&db, bytes).unwrap();
    let pass = home.file("pass");
    let (status, _, message) = failure(&home, &["run", "--passphrase-file", pass.to_str().unwrap()]);
    assert!(status == 14 && !message.is_empty(), "{status} {message}");
}

#[test]
fn a_wrong_ask_is_refused_with_its_line() {
    let mut hub = Home::hub();
    let pass = hub.file("pass");
    let made = hub.output(&[
        "init",
        "--name",
        "Acme",
        "--listen",
        "/ip4/127.0.0.1/tcp/0",
        "--passphrase-file",
        pass.to_str().unwrap(),
    ]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    hub.start();
    let ask = hub.file("ask.toml");
    std::fs::write(&ask, "title = \"x\"\nlegal_basis = \"contract\"\nmode = \"sometimes\"\n").unwrap();
    let (status, _, message) = failure(&hub, &["ask", ask.to_str().unwrap()]);
    assert_eq!(status, 7);
    assert!(message.contains("line 3") && message.contains("continuous"), "{message}");
}

/// Looks for up to 30 s.
fn until(what: &str, mut look: impl FnMut() -> bool) {
    for _ in 0..300 {
        if look() {
            return;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(100));
    }
    panic!("waited 30 s for: {what}");
}

/// 1. A vendor and a customer have agreed, and the customer's node goes off. 2. The vendor takes its next key; the hub is killed
///    behind it. 3. It knows who has not followed, and lets the old key go only when told so or when everybody has. 4. The
///    customer comes, and follows.
#[test]
fn a_vendor_takes_its_next_key_and_is_told_who_has_not_followed() {
    let (mut hub, mut person) = (Home::hub(), Home::person());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (pass, listen) = (hub.file("pass"), format!("/ip4/127.0.0.1/tcp/{free}"));
    let pass = pass.to_str().unwrap();
    let made = hub.output(&["init", "--name", "Acme", "--listen", &listen, "--passphrase-file", pass]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    hub.start();
    let ask = hub.file("ask.toml");
    std::fs::write(&ask, freehold_tests::engines::ASK).unwrap();
    let _ = hub.json(&["ask", ask.to_str().unwrap()]);
    let invited = hub.json(&["invite", "--customer", "4711"]);
    person.start();
    let _ = person.json(&["set", "phone.mobile=+491701234567"]);
    let connected = person.json(&["connect", invited["link"].as_str().unwrap()]);
    let _ = person.json(&["approve", connected["request"]["id"].as_str().unwrap()]);
    let customer = |hub: &Home| hub.json(&["customers", "4711"]);
    until("the number", || customer(&hub)["fields"]["phone.mobile"] == "+491701234567");
    person.kill();

    assert_eq!(failure(&hub, &["rotate", "--retire"]).1, "not-possible-now");
    let rotated = hub.json(&["rotate", "--listen", "/ip4/127.0.0.1/tcp/0"]);
    hub.kill();
    hub.start();
    assert_eq!(hub.json(&["stats"])["notMoved"], 1);
    assert_eq!(customer(&hub)["vendor"], rotated["before"]);
    let (_, code, message) = failure(&hub, &["rotate", "--retire"]);
    assert!(code == "not-possible-now" && message.contains("--yes"), "{message}");

    person.start();
    let _ = person.json(&["set", "phone.mobile=+491701234568"]);
    until("the number under the new key", || {
        let customer = customer(&hub);
        customer["moved"] == true && customer["fields"]["phone.mobile"] == "+491701234568"
    });
    assert_eq!(customer(&hub)["vendor"], rotated["after"]);
    assert_eq!(hub.json(&["rotate", "--retire"])["retired"][0], rotated["before"]);
    let _ = person.json(&["set", "phone.mobile=+491701234569"]);
    until("the number behind it", || customer(&hub)["fields"]["phone.mobile"] == "+491701234569");
}
