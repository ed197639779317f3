//! The person's page in a real Chromium. `cargo xtask test` installs it and what drives it.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use freehold_tests::program::Home;
use freehold_tests::vendor::{Receiver, running_hub};
use serde_json::Value;

/// What the first company asks for: one field that it requires, one that it wants to sell, one that is only nice to have.
const POWER: &str = r#"
title = "Your supply contract"
legal_basis = "contract"
mode = "continuous"
retention = { duration = "P2Y", after = "end of contract" }

[[field]]
path = "address.home.street"
required = true
reason = "We send the bill there."
purposes = ["serviceProvision", "paymentManagement"]

[[field]]
path = "phone.mobile"
reason = "We call you when the power fails."
purposes = ["customerCare"]

[[field]]
path = "email.personal"
reason = "Our partners have offers for you."
purposes = ["sellDataToThirdParties"]
"#;

/// What the second company asks for.
const POST: &str = r#"
title = "Parcels to your door"
legal_basis = "contract"
mode = "continuous"
retention = { duration = "P1Y", after = "the last parcel" }

[[field]]
path = "name.full"
required = true
reason = "It stands on the parcel."
purposes = ["deliveryOfGoods"]

[[field]]
path = "address.home.street"
required = true
reason = "The parcel goes there."
purposes = ["deliveryOfGoods"]
"#;

/// A node that runs with nothing but a place for its home.
struct Node {
    home: Home,
    child: Child,
}

impl Node {
    /// Starts it, without a passphrase; gives the link that it prints.
    fn start(home: Home) -> (Self, String) {
        let out = std::fs::File::create(home.file("out")).unwrap();
        let log = std::fs::File::create(home.file("log")).unwrap();
        let mut command = home.command(&["run", "--page", "127.0.0.1:0"]);
        let child = command.stdin(Stdio::null()).stdout(out).stderr(log).spawn().unwrap();
        let mut node = Self { home, child };
        let link = node.said("page")["link"].as_str().unwrap().to_owned();
        (node, link)
    }

    /// Waits for a line of what it prints.
    fn said(&mut self, event: &str) -> Value {
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(30) {
            let said = std::fs::read_to_string(self.home.file("out")).unwrap();
            let mut lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            if let Some(line) = lines.find(|line| line["event"] == event) {
                return line;
            }
            assert!(self.child.try_wait().unwrap().is_none(), "it has ended");
            std::thread::park_timeout(Duration::from_millis(20));
        }
        panic!("it has not said {event}");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("browser")
}

/// Where the pictures go: the folder that `FREEHOLD_PICTURES` names, else one that is thrown away.
fn pictures(other: &Path) -> PathBuf {
    let folder = std::env::var_os("FREEHOLD_PICTURES").map_or_else(|| other.to_owned(), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// 1. A program that was only started, and two companies. 2. In Chromium: a passphrase, the words and three of them again, a name, a
///    card. 3. Two invitations, one pasted and one as a picture; a part is agreed to; the sale is left out. 4. One change, seen to
///    be applied by both without a reload. 5. A revocation, and its receipt. 6. Every page on a desk and a phone, light and dark,
///    in both languages: accessible (axe), and it fits. 7. With the keyboard alone, without JavaScript, and by a page of somebody else's.
#[test]
fn a_new_person_gets_from_nothing_to_a_receipt_in_chromium() {
    assert!(
        folder().join("node_modules").is_dir(),
        "install its packages: run the tests with `cargo xtask test`"
    );
    let receiver = Receiver::start();
    let power = running_hub("Nordlicht Energie", &receiver, POWER);
    let post = running_hub("Paketpost", &receiver, POST);
    let link = |hub: &Home, customer: &str| {
        hub.json(&["invite", "--customer", customer])["link"].as_str().unwrap().to_owned()
    };
    let temporary = tempfile::tempdir().unwrap();
    let out = pictures(temporary.path());
    let card = temporary.path().join("card.vcf");
    std::fs::write(
        &card,
        "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ada Beispiel\r\nN:Beispiel;Ada;;;\r\nTEL;TYPE=cell;VALUE=uri:tel:+491701234567\r\n\
         EMAIL;TYPE=home:ada@example.com\r\nADR;TYPE=home:;;Lindenweg 4;Berlin;;10115;DE\r\nEND:VCARD\r\n",
    )
    .unwrap();
    let code = temporary.path().join("code.svg");
    std::fs::write(&code, freehold_qr::svg(&link(&post, "P-1")).unwrap()).unwrap();
    let (mut node, page) = Node::start(Home::person());
    let (second, other) = Node::start(Home::person());
    let output = Command::new("node")
        .arg("person.mjs")
        .current_dir(folder())
        .env("LINK", page)
        .env("SECOND", other)
        .env("POWER", link(&power, "4711"))
        .env("CODE", &code)
        .env("CARD", &card)
        .env("BACKUP", temporary.path().join("backup"))
        .env("OUT", &out)
        .output()
        .expect("node starts");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", std::fs::read_to_string(node.home.file("log")).unwrap());
    assert!(second.home.json(&["resume"]).to_string().contains("Paketpost"), "it is held back");
    // The command line sees the same home.
    node.said("ready");
    assert_eq!(node.home.json(&["audit", "verify"])["broken"], Value::Null);
    assert!(node.home.json(&["get", "address.home.street"]).to_string().contains("Neue Gasse 7"));
    // No word of the log is a value or a word of the paper.
    let log = std::fs::read_to_string(node.home.file("log")).unwrap();
    for secret in ["Lindenweg", "Neue Gasse", "ada@example.com", "correct horse"] {
        assert!(!log.contains(secret), "the log has {secret}");
    }
}
