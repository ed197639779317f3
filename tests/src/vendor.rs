//! A vendor with a customer, as separate processes: its hub with the staff's page, a receiver that can be broken, and the
//! node of a person who has agreed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::engines::free_addresses;
use crate::program::Home;

/// What the vendor asks for.
const ASK: &str = r#"
title = "Your supply contract"
legal_basis = "contract"
mode = "continuous"
retention = { duration = "P2Y", after = "end of contract" }

[[field]]
path = "phone.mobile"
required = true
reason = "We call you when the power fails."
purposes = ["serviceProvision"]

[[field]]
path = "address.home.street"
required = true
reason = "We send the bill there."
purposes = ["serviceProvision", "paymentManagement"]

[[field]]
path = "email.personal"
reason = "We send you news."
purposes = ["marketing"]
"#;

/// A second question, for a customer whom the hub knows.
const ASK_AGAIN: &str = r#"
title = "A call when you move"
legal_basis = "consent"
mode = "continuous"
retention = { duration = "P1Y", after = "the call" }

[[field]]
path = "name.full"
required = true
reason = "We greet you by your name."
purposes = ["customerCare"]
"#;

/// The password of every user here.
pub const PASSWORD: &str = "correct horse battery";

/// The vendor's system.
pub struct Receiver {
    url: String,
    broken: Arc<AtomicBool>,
}

/// The vendor and its customer.
pub struct Vendor {
    /// The hub's home; it runs.
    pub hub: Home,
    /// The person's home; it runs.
    pub person: Home,
    /// The vendor's system.
    pub receiver: Receiver,
}

impl Receiver {
    /// Starts one that takes every event and says that it was applied.
    ///
    /// # Panics
    /// When it cannot listen.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/events", listener.local_addr().expect("an address"));
        let broken = Arc::new(AtomicBool::new(false));
        let is_broken = Arc::clone(&broken);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let is_broken = Arc::clone(&is_broken);
                std::thread::spawn(move || answer(stream, is_broken.load(Ordering::SeqCst)));
            }
        });
        Self { url, broken }
    }

    /// Refuses everything from now on, or takes it again.
    pub fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }
}

fn answer(mut stream: TcpStream, broken: bool) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let event: Value = serde_json::from_slice(&body).ok()?;
    let applied =
        |path: &String| json!({"path": path, "outcome": "applied", "system": "crm", "detail": "read back"});
    let outcomes: Vec<Value> = event["data"]["fields"]
        .as_object()
        .map_or_else(Vec::new, |fields| fields.keys().map(applied).collect());
    let (status, body) = if broken {
        ("422 Unprocessable", String::new())
    } else {
        ("200 OK", json!({"outcomes": outcomes}).to_string())
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).ok()
}

/// Starts a hub of this name, whose events the receiver takes, and which asks this of whoever it invites.
///
/// # Panics
/// When it does not become ready.
#[must_use]
pub fn running_hub(name: &str, receiver: &Receiver, ask: &str) -> Home {
    let mut hub = Home::hub();
    let pass = hub.file("pass").to_string_lossy().into_owned();
    let mut words = vec!["init", "--passphrase-file", &pass, "--name", name, "--jsonl", "events.jsonl"];
    words.extend(["--webhook", &receiver.url]);
    let addresses = free_addresses();
    words.extend(addresses.iter().flat_map(|address| ["--listen", address]));
    let _ = hub.json(&words);
    let file = hub.path().join("hub.toml");
    let settings = std::fs::read_to_string(&file).expect("the settings");
    let more =
        "\n[http]\nlisten = \"127.0.0.1:0\"\n\n[value]\naddress_piece_cost = 0.85\ncurrency = \"EUR\"\n";
    std::fs::write(&file, settings + more).expect("a file");
    hub.start();
    std::fs::write(hub.file("ask.toml"), ask).expect("a file");
    let _ = hub.json(&["ask", &hub.file("ask.toml").to_string_lossy()]);
    hub
}

impl Vendor {
    /// Makes all of it: customer 4711 has agreed, and their values have arrived.
    ///
    /// # Panics
    /// When any of it fails.
    #[must_use]
    pub fn with_customer() -> Self {
        let receiver = Receiver::start();
        let hub = running_hub("Nordlicht Energie", &receiver, ASK);
        let link = hub.json(&["invite", "--customer", "4711"])["link"].as_str().expect("a link").to_owned();

        let mut person = Home::person();
        person.start();
        let _ = person.json(&["set", "phone.mobile=+49 170 1234567", "address.home.street=Lindenweg 4"]);
        let _ = person.json(&["set", "email.personal=ada@example.com", "name.full=Ada Beispiel"]);
        let connected = person.json(&["connect", &link]);
        let request = connected["request"]["id"].as_str().expect("a request").to_owned();
        let _ = person.json(&["approve", &request]);
        let vendor = Self { hub, person, receiver };
        vendor.until("the values arrive", |events| events.iter().any(|event| is(event, "update")));
        vendor
    }

    /// The page's address, with a slash at its end.
    ///
    /// # Panics
    /// When the hub serves none.
    #[must_use]
    pub fn page(&self) -> String {
        let said = std::fs::read_to_string(self.hub.file("out")).expect("the hub has said that it is ready");
        let ready: Value = serde_json::from_str(said.trim()).expect("a line of JSON");
        ready["page"].as_str().expect("a page").to_owned()
    }

    /// Adds somebody to the staff, with [`PASSWORD`].
    ///
    /// # Panics
    /// When it fails.
    pub fn add_user(&self, name: &str, role: &str) {
        std::fs::write(self.hub.file("user-pass"), PASSWORD).expect("a file");
        let file = self.hub.file("user-pass").to_string_lossy().into_owned();
        let _ = self.hub.json(&["user", "add", name, "--role", role, "--password-file", &file]);
    }

    /// The person changes fields; waits until the hub has them and its systems have answered, whatever they said.
    ///
    /// # Panics
    /// When it takes too long.
    pub fn change(&self, fields: &[&str]) {
        let before = self.events().len();
        let _ = self.person.json(&[&["set"], fields].concat());
        self.until("a change arrives", |events| {
            events.len() > before
                && events.iter().all(|event| event["delivered"] == true || event["dead"] == true)
        });
    }

    /// Makes a second request and puts it to nobody yet.
    ///
    /// # Panics
    /// When it fails.
    pub fn ask_again(&self) {
        std::fs::write(self.hub.file("again.toml"), ASK_AGAIN).expect("a file");
        let _ = self.hub.json(&["ask", &self.hub.file("again.toml").to_string_lossy()]);
    }

    /// The person takes the agreement back; waits until the erasure is answered.
    ///
    /// # Panics
    /// When it takes too long.
    pub fn revoke(&self) {
        let grants = self.person.json(&["grants"]);
        let grant = grants[0]["id"].as_str().expect("a grant").to_owned();
        let _ = self.person.json(&["revoke", &grant]);
        self.until("the erasure is delivered", |events| {
            events.iter().any(|event| is(event, "erase") && event["delivered"] == true)
        });
    }

    /// The hub's events.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        let output = self.hub.output(&["events"]);
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        lines.lines().filter_map(|line| serde_json::from_str(line).ok()).flat_map(listed).collect()
    }

    /// Looks at the events until they are as wanted.
    ///
    /// # Panics
    /// After 60 s.
    pub fn until(&self, what: &str, is_so: impl Fn(&[Value]) -> bool) {
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(60) {
            if is_so(&self.events()) {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(200));
        }
        panic!("waited 60 s for: {what}: {:?}", self.events());
    }
}

/// A line of the list of events is one event; some versions print all of them in one.
fn listed(line: Value) -> Vec<Value> {
    match line {
        Value::Array(events) => events,
        event => vec![event],
    }
}

fn is(event: &Value, kind: &str) -> bool {
    event["cloudevent"]["type"] == format!("dev.freehold.{kind}")
}
