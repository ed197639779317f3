//! A vendor that is a domain: the document it publishes over HTTPS says who it is and which keys its hub shows.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use freehold_tests::domain::Domain;
use freehold_tests::program::Home;
use serde_json::Value;

/// A hub of the domain that runs and has asked, and its document.
fn hub(domain: &Domain) -> (Home, Value) {
    let mut hub = Home::hub();
    let pass = hub.file("pass").display().to_string();
    let name = format!("localhost:{}", domain.port);
    let listen = ["--listen", "/ip4/127.0.0.1/tcp/0", "--passphrase-file", &pass];
    let made = hub.json(&[&["init", "--did-web", &name, "--name", "Shop"], &listen[..]].concat());
    assert_eq!(made["did"], format!("did:web:localhost%3A{}", domain.port));
    hub.start();
    let ask = hub.file("ask.toml");
    let text = "title = \"Repairs\"\nlegal_basis = \"contract\"\nmode = \"continuous\"\n\
                retention = { duration = \"P1Y\", after = \"end of contract\" }\n[[field]]\npath = \"phone.mobile\"\n\
                required = true\nreason = \"to call you\"\npurposes = [\"serviceProvision\"]\n";
    std::fs::write(&ask, text).unwrap();
    let _ = hub.json(&["ask", ask.to_str().unwrap()]);
    (hub, made["document"].clone())
}

fn link(hub: &Home) -> String {
    hub.json(&["invite", "--customer", "C-1"])["link"].as_str().unwrap().to_owned()
}

/// The exit status of `connect`, and what it said.
fn refused(person: &Home, link: &str) -> (i32, String) {
    let output = person.output(&["connect", link]);
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// 1. The domain's document leads inward, and the node is not told to go there. 2. It is told: it meets the hub, whose
///    request and receipt are signed by the domain's key. 3. The document lists other keys: the hub is someone else.
#[test]
fn a_vendor_is_its_domain_and_a_hub_that_the_document_does_not_list_is_someone_else() {
    let domain = Domain::start();
    let (hub, document) = hub(&domain);
    domain.serve(&document);
    let root = hub.file("root.pem");
    std::fs::write(&root, &domain.root).unwrap();
    let root = root.to_str().unwrap();

    let mut guarded = Home::person();
    guarded.start_with(&["--trust-root", root]);
    let (status, said) = refused(&guarded, &link(&hub));
    assert!(status == 10 && said.contains("vendor-unreachable"), "{status} {said}");

    let mut person = Home::person();
    person.start_with(&["--trust-root", root, "--allow-inward"]);
    let _ = person.json(&["set", "phone.mobile=+491701234567"]);
    let connected = person.json(&["connect", &link(&hub)]);
    assert_eq!(connected["request"]["vendor"], document["id"]);
    let request = connected["request"]["id"].as_str().unwrap();
    let grant = person.json(&["approve", request])["id"].as_str().unwrap().to_owned();
    let credential = (0..200).find_map(|_| {
        std::thread::park_timeout(std::time::Duration::from_millis(50));
        let shown = person.json(&["grants", "show", &grant]);
        shown["proof"].is_array().then_some(shown)
    });
    let credential = credential.expect("the vendor countersigns");
    assert_eq!(credential["proof"][1]["verificationMethod"], document["assertionMethod"][0]);

    let mut moved = document.clone();
    moved["authentication"] = document["assertionMethod"].clone();
    domain.serve(&moved);
    let mut late = Home::person();
    late.start_with(&["--trust-root", root, "--allow-inward"]);
    let (status, said) = refused(&late, &link(&hub));
    assert!(status == 10 && said.contains("expected"), "{status} {said}");
    assert_eq!(late.json(&["status"])["vendors"].as_array().map(Vec::len), Some(0));
}
