//! The staff's page and interface over a real hub, as a browser's and a program's requests see them.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use freehold_tests::described;
use freehold_tests::vendor::{PASSWORD, Vendor};
use freehold_tests::verifiers::{self, Circumstances};
use serde_json::Value;

/// One answer.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }
}

/// A request as a browser on this machine sends it; `more` is further lines of its head.
fn ask(page: &str, method: &str, path: &str, more: &[String], body: &str) -> Answer {
    let host = page.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).unwrap();
    let more: String = more.iter().map(|line| format!("{line}\r\n")).collect();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let at = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer");
    let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let mut body = bytes.split_off(at + 4);
    if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        body = dechunked(&body);
    }
    Answer { status, head, body }
}

fn dechunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let at = body.windows(2).position(|window| window == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&body[..at]).unwrap(), 16).unwrap();
        if size == 0 {
            return whole;
        }
        whole.extend(&body[at + 2..at + 2 + size]);
        body = &body[at + 2 + size + 2..];
    }
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

/// Somebody who is signed in.
struct SignedIn {
    cookie: String,
    form_token: String,
}

impl SignedIn {
    fn new(page: &str, name: &str) -> Self {
        let body = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
        let answer = ask(page, "POST", "/sign-in", &[FORM.to_owned()], &body);
        assert_eq!(answer.status, 303, "{}", answer.text());
        let line =
            answer.head.lines().find(|line| line.to_ascii_lowercase().starts_with("set-cookie:")).unwrap();
        assert!(line.contains("HttpOnly; SameSite=Strict"), "{line}");
        let cookie = line.split([':', ';']).nth(1).unwrap().trim().to_owned();
        let account = ask(page, "GET", "/account", &[format!("Cookie: {cookie}")], "").text();
        let form_token =
            account.split("name=\"formToken\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        Self { cookie, form_token: form_token.to_owned() }
    }

    fn get(&self, page: &str, path: &str) -> Answer {
        ask(page, "GET", path, &[format!("Cookie: {}", self.cookie)], "")
    }

    fn post(&self, page: &str, path: &str, form: &str) -> Answer {
        let body = format!("formToken={}&{form}", self.form_token);
        ask(page, "POST", path, &[format!("Cookie: {}", self.cookie), FORM.to_owned()], &body)
    }
}

/// 1. A vendor with a customer and three of the staff. 2. Each sees and does what their role allows, at the page and with a
///    token. 3. Who saw the customer is in the audit log, whose chain holds. 4. A removed user is out at once.
#[test]
fn the_staff_sees_and_does_what_its_roles_allow_and_all_of_it_is_written_down() {
    let vendor = Vendor::with_customer();
    for (name, role) in [("vera", "viewer"), ("alan", "agent"), ("ada", "admin")] {
        vendor.add_user(name, role);
    }
    let page = vendor.page();
    let customers = vendor.hub.json(&["customers", "4711"]);
    let id = customers["id"].as_str().unwrap().to_owned();

    // Nobody is let in without a sign-in, nor with a wrong password.
    let nobody = ask(&page, "GET", &format!("/customers/{id}"), &[], "");
    assert!(nobody.status == 303 && nobody.head.contains("/sign-in"), "{}", nobody.head);
    let wrong = ask(&page, "POST", "/sign-in", &[FORM.to_owned()], "name=ada&password=wrong+password+here");
    assert!(wrong.status == 401 && !wrong.head.to_ascii_lowercase().contains("set-cookie"), "{}", wrong.head);

    // A viewer sees and does nothing.
    let vera = SignedIn::new(&page, "vera");
    let seen = vera.get(&page, &format!("/customers/{id}"));
    assert!(seen.status == 200 && seen.text().contains("+491701234567"), "{}", seen.text());
    assert!(!seen.text().contains("Read now"), "a viewer is shown nothing to do");
    assert_eq!(vera.post(&page, "/dead-letters/retry", "event=all").status, 403);
    assert_eq!(vera.post(&page, &format!("/customers/{id}/read"), "path=phone.mobile").status, 403);
    for admins in ["/users", "/audit"] {
        assert_eq!(vera.get(&page, admins).status, 403, "{admins}");
    }

    // An agent reads live; a form of another session is refused.
    let alan = SignedIn::new(&page, "alan");
    let read = format!("/customers/{id}/read");
    let form = "path=phone.mobile&purpose=serviceProvision";
    let answer = alan.post(&page, &read, form);
    assert!(answer.status == 200 && answer.text().contains("just now"), "{}", answer.text());
    let stolen = SignedIn { cookie: alan.cookie.clone(), form_token: vera.form_token.clone() };
    assert_eq!(stolen.post(&page, &read, form).status, 403);
    assert_eq!(alan.post(&page, "/users", "name=eve&role=admin&password=long+enough+here").status, 403);

    // An administrator makes a token for a program, which has its role and no more.
    let ada = SignedIn::new(&page, "ada");
    let made = ada.post(&page, "/tokens", "name=billing&role=viewer").text();
    let token = made.split("id=\"token\"><code>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(!ada.get(&page, "/users").text().contains(&token), "a token is shown once");
    let api = |method: &str, path: &str, token: &str| {
        let bearer = format!("Authorization: Bearer {token}");
        ask(&page, method, &format!("/api/v1{path}"), &[bearer], "")
    };
    let customer = api("GET", "/customers/4711", &token).json();
    assert_eq!(customer["id"], id.as_str());
    assert!(
        customer["fields"][0]["purposes"].as_array().is_some_and(|purposes| !purposes.is_empty()),
        "{customer}"
    );
    assert_eq!(customer["requests"][0]["answer"], "granted");
    for (method, path, token, status) in [
        ("GET", "/users", token.as_str(), 403),
        ("POST", "/dead-letters/retry", &token, 403),
        ("GET", "/customers/nobody", &token, 404),
        ("GET", "/customers", "wrong", 401),
        ("GET", "/openapi.json", "", 200),
    ] {
        let answer = api(method, path, token);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert!(status == 200 || answer.head.contains("application/problem+json"), "{}", answer.head);
    }

    // All of it is written down, and whoever is removed is out at once.
    let removed = ada.post(&page, "/users/remove", "name=vera");
    assert_eq!(removed.status, 303);
    assert_eq!(vera.get(&page, "/customers").status, 303);
    let audit = vendor.hub.json(&["audit"]);
    let entries = audit["entries"].as_array().unwrap();
    assert_eq!(audit["verified"], entries.len());
    for (who, by, what) in [
        ("vera", "page", "customer-seen"),
        ("alan", "page", "read-live"),
        ("billing", "api", "customer-seen"),
        ("ada", "page", "token-added"),
        ("ada", "page", "sign-in-failed"),
        ("ada", "page", "user-removed"),
        ("owner", "local", "user-added"),
    ] {
        let is = |entry: &&Value| entry["who"] == who && entry["by"] == by && entry["what"] == what;
        let found = entries.iter().find(is).unwrap_or_else(|| panic!("{who} {what}: {audit}"));
        if what == "customer-seen" {
            assert_eq!(found["customer"], id.as_str());
        }
    }
    let text = audit.to_string();
    assert!(!text.contains("+4917") && !text.contains(PASSWORD) && !text.contains(&token), "{text}");
}

/// 1. A customer agrees, corrects the address, and takes the agreement back. 2. The evidence is taken from the page. 3. Two
///    verifiers that others wrote accept every signed document in it. 4. The program verifies it in a process that can reach
///    nothing, and tells every change.
#[test]
fn evidence_of_consent_is_verified_offline_by_this_program_and_by_two_others() {
    let vendor = Vendor::with_customer();
    vendor.add_user("vera", "viewer");
    vendor.change(&["address.home.street=Neue Gasse 7"]);
    vendor.revoke();
    let page = vendor.page();
    let id = vendor.hub.json(&["customers", "4711"])["id"].as_str().unwrap().to_owned();
    let taken = SignedIn::new(&page, "vera").get(&page, &format!("/customers/{id}/evidence"));
    assert!(taken.status == 200 && taken.head.contains("attachment"), "{}", taken.head);
    for value in ["+491701234567", "Lindenweg", "Neue Gasse", "ada@example.com", "4711"] {
        let found = taken.body.windows(value.len()).any(|window| window == value.as_bytes());
        assert!(!found, "{value} is in the evidence");
    }
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("evidence.tar");
    std::fs::write(&archive, &taken.body).unwrap();
    let unpacked =
        std::process::Command::new("tar").arg("xf").arg(&archive).current_dir(folder.path()).status();
    assert!(unpacked.unwrap().success());

    let mut documents = 0;
    for name in ["requests", "grants", "receipts", "revocations", "erasures"] {
        for entry in std::fs::read_dir(folder.path().join(name)).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let verdicts = verifiers::verify_in(&text, &Circumstances::default());
            assert!(
                verdicts.len() == 2 && verdicts.iter().all(|v| v.verified),
                "{}: {verdicts:?}",
                path.display()
            );
            documents += 1;
        }
    }
    assert_eq!(documents, 5, "one of each");
    let manifest = std::fs::read_to_string(folder.path().join("manifest.json")).unwrap();
    assert!(verifiers::verify_in(&manifest, &Circumstances::default()).iter().all(|v| v.verified));

    let verify = |file: &Path| {
        // A network of its own, with nothing in it, where the system allows that.
        let unshared =
            std::process::Command::new("unshare").args(["-rn", "true"]).status().is_ok_and(|s| s.success());
        let program = freehold_tests::program::program();
        let mut command = match unshared {
            true => std::process::Command::new("unshare"),
            false => std::process::Command::new(&program),
        };
        if unshared {
            command.arg("-rn").arg(&program);
        }
        let output = command.args(["evidence", "verify", "--json"]).arg(file).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().unwrap(), report)
    };
    let (status, report) = verify(&archive);
    assert!(status == 0 && report["ok"] == true && report["events"].as_u64().unwrap() >= 5, "{report}");

    // The same from the command line; and whatever is changed in it is told.
    let other = vendor.hub.file("other.tar");
    let _ = vendor.hub.json(&["evidence", "4711", "-o", &other.to_string_lossy()]);
    assert_eq!(verify(&other).0, 0);
    for wanted in ["\"paths\"", "dpv#ServiceProvision", "evidence verify"] {
        let at = taken.body.windows(wanted.len()).position(|window| window == wanted.as_bytes()).unwrap();
        let mut changed = taken.body.clone();
        changed[at + 1] ^= 1;
        let file = folder.path().join("changed.tar");
        std::fs::write(&file, &changed).unwrap();
        let (status, report) = verify(&file);
        assert!(status == 12 && report["ok"] == false, "{wanted}: {report}");
    }
}

/// 1. A customer corrects the address; the vendor's system says that it is applied. 2. The figures say so, each with how and
///    from which events. 3. Monitoring sees the same, without anybody's data; nothing of it is there under another name.
#[test]
fn figures_are_counted_from_events_and_carry_nobody_s_data() {
    let vendor = Vendor::with_customer();
    vendor.add_user("vera", "viewer");
    vendor.change(&["address.home.street=Neue Gasse 7"]);
    let page = vendor.page();
    let figures = vendor.hub.json(&["value"]);
    let figure = |id: &str| {
        let found = figures.as_array().unwrap().iter().find(|figure| figure["id"] == id);
        found.unwrap_or_else(|| panic!("no {id}: {figures}")).clone()
    };
    let check = |id: &str, amount: &str, how: &str| {
        let figure = figure(id);
        assert!(figure["amount"] == amount && figure["how"] == how, "{figure}");
        assert!(figure["receipts"].as_array().is_some_and(|receipts| !receipts.is_empty()), "{figure}");
    };
    check("addresses-corrected", "1", "measured");
    check("postage-saved", "0.85 EUR", "estimated");
    check("grants-won", "1", "measured");
    check("grants-lost", "0", "measured");
    check("rights-handled", "0 of 0", "measured");
    assert!(figure("seconds-to-confirmed")["amount"].as_str().unwrap().ends_with(" s"), "{figures}");
    let vera = SignedIn::new(&page, "vera");
    let overview = vera.get(&page, "/").text();
    assert!(overview.contains("0.85 EUR") && overview.contains("/value/addresses-corrected"), "{overview}");
    let receipts = vera.get(&page, "/value/addresses-corrected").text();
    assert!(receipts.contains("/events?before="), "{receipts}");
    assert_eq!(vera.get(&page, "/value/made-up").status, 404);

    let metrics = ask(&page, "GET", "/metrics", &[], "");
    let text = metrics.text();
    assert!(metrics.status == 200 && text.ends_with("# EOF\n"), "{text}");
    for line in [
        "freehold_hub_updates_total 2",
        "freehold_hub_events_total{kind=\"update\"} 2",
        "freehold_hub_delivered_total{sink=\"webhook\"}",
        "freehold_hub_delivery_seconds_count{sink=\"webhook\"}",
        "freehold_hub_outcomes_total{kind=\"applied\"}",
        "freehold_hub_commit_seconds_count",
        "freehold_hub_sessions 1",
        "freehold_hub_customers 1",
        "freehold_hub_events_pending 0",
        "freehold_hub_dead_letters 0",
        "freehold_hub_ready 1",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    for personal in ["4711", "did:key", "phone", "Gasse", "vera"] {
        assert!(!text.contains(personal), "{personal} in {text}");
    }
    dashboard_asks_for_what_there_is(&text);
    let (health, ready) = (ask(&page, "GET", "/healthz", &[], ""), ask(&page, "GET", "/readyz", &[], ""));
    assert!(health.status == 200 && ready.status == 200, "{}", ready.text());
    assert_eq!(ready.json()["sinks"], true);
    let rebound = page.replace("127.0.0.1", "evil.example");
    let host = rebound.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(page.trim_start_matches("http://").trim_end_matches('/')).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 421"), "{answer}");
}

/// Every figure that the dashboard and the runbook name is one that the hub has.
fn dashboard_asks_for_what_there_is(metrics: &str) {
    let described: Vec<&str> =
        metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    for (file, least) in [("packaging/grafana/freehold-hub.json", 15), ("docs/runbook.md", 6)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        let text = std::fs::read_to_string(path).unwrap();
        assert!(!file.ends_with(".json") || serde_json::from_str::<Value>(&text).is_ok());
        let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
        let names: Vec<&str> = text.split(word).filter(|name| name.starts_with("freehold_hub_")).collect();
        for name in &names {
            let bare = ["_total", "_bucket", "_sum", "_count", "_info"]
                .into_iter()
                .find_map(|suffix| name.strip_suffix(suffix))
                .filter(|bare| described.contains(bare));
            assert!(bare.is_some() || described.contains(name), "{file}: {name} is no figure of the hub");
        }
        assert!(names.len() >= least, "{file}: {}", names.len());
    }
}

/// A wrong setting in the environment ends the start; one that may change holds after a reload, and the log follows.
#[test]
fn the_environment_stands_over_the_file_and_a_reload_takes_over_what_may_change() {
    let vendor = Vendor::with_customer();
    let refused = vendor.hub.command(&["run"]).env("FREEHOLD_HUB__SINKS__NO_SUCH", "x").output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("FREEHOLD_HUB__SINKS__NO_SUCH"));
    let file = vendor.hub.path().join("hub.toml");
    let settings = std::fs::read_to_string(&file).unwrap();
    let changed = settings.replace("address_piece_cost = 0.85", "address_piece_cost = \"1.10\"");
    let changed =
        format!("log = \"debug\"\ncheck_in_secs = 30\n{changed}").replace("Nordlicht Energie", "Nordlicht");
    std::fs::write(&file, changed).unwrap();
    let reloaded = vendor.hub.json(&["reload"]);
    let changed: Vec<&str> =
        reloaded["changed"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(changed, ["check_in_secs", "value", "log"], "{reloaded}");
    assert_eq!(reloaded["atNextStart"], serde_json::json!(["name"]));
    vendor.change(&["address.home.street=Neue Gasse 7"]);
    assert!(vendor.hub.json(&["value"]).to_string().contains("1.10 EUR"));
    // One trace, the event's id, leads through the log.
    let update =
        vendor.events().into_iter().rev().find(|event| event["cloudevent"]["type"] == "dev.freehold.update");
    let trace = update.unwrap()["cloudevent"]["id"].as_str().unwrap().to_owned();
    let lines = std::fs::read_to_string(vendor.hub.file("log")).unwrap();
    for step in ["taken in", "sink=\"webhook\"", "sink=\"jsonl\""] {
        let found = lines.lines().any(|line| line.contains(step) && line.contains(&trace));
        assert!(found, "{step} of {trace}: {lines}");
    }
    assert!(!lines.contains("Neue Gasse"), "no value is logged");
    // The same by a signal, which changes nothing where the file is wrong.
    std::fs::write(&file, "name = 7\n").unwrap();
    let id = vendor.hub.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    let log = || std::fs::read_to_string(vendor.hub.file("log")).unwrap();
    for _ in 0..100 {
        if log().contains("was not read again") {
            break;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    }
    assert!(
        log().contains("was not read again") && log().contains("the configuration was read again"),
        "{}",
        log()
    );
    assert!(vendor.hub.json(&["value"]).to_string().contains("1.10 EUR"), "it still runs");
}

/// 1. A hub with a customer, and a program of an administrator's. 2. Calls of every kind, right and wrong. 3. No answer is a server's
///    fault, and none is another than the document says.
#[test]
fn strangers_calls_find_no_fault_of_the_server_and_no_answer_that_is_not_described() {
    let vendor = Vendor::with_customer();
    vendor.add_user("ada", "admin");
    let page = vendor.page();
    let made = SignedIn::new(&page, "ada").post(&page, "/tokens", "name=stranger&role=admin").text();
    let token = made.split("id=\"token\"><code>").nth(1).unwrap().split('<').next().unwrap();
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/desk/openapi.json");
    // It finds its own token in the list, and would remove it.
    let calls = described::check("staff", &document, &format!("{page}api/v1"), token, &["removeToken"]);
    assert!(calls > 300, "{calls} calls were made");
}
