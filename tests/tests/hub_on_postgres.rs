//! A hub on PostgreSQL as a process of its own: its command line, its password, a kill.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;

use freehold_tests::postgres::Server;
use freehold_tests::program::Home;

const ASK: &str = r#"
name = "Acme"
title = "Your contract"
legal_basis = "contract"
mode = "continuous"
retention = { duration = "P2Y", after = "end of contract" }
recipients = []

[[field]]
path = "phone.mobile"
required = true
reason = "We call you."
purposes = ["ServiceProvision"]
"#;

/// The location with a password, which this server does not ask for.
fn with_password(location: &str) -> String {
    location.replace("//hub@", "//hub:s3cr3t-of-the-database@")
}

fn init(hub: &Home, location: &str) {
    let pass = hub.file("pass");
    let listen = ["--listen", "/ip4/127.0.0.1/tcp/0"];
    let words = ["init", "--name", "Acme", "--passphrase-file", pass.to_str().unwrap(), "--store", location];
    let _ = hub.json(&[&words[..], &listen].concat());
}

/// 1. A hub is made with its store in a database, runs, and makes a request. 2. It is killed. 3. Started again at once, it has what
///    it had, from the database alone. 4. The password is in the configuration of its owner and nowhere else.
#[test]
fn a_killed_hub_comes_back_with_what_its_database_holds() {
    let server = Server::start();
    let location = with_password(&server.database("hub"));
    let mut hub = Home::hub();
    init(&hub, &location);
    hub.start_with(&["--log", "trace"]);
    fs::write(hub.file("ask.toml"), ASK).unwrap();
    let made = hub.json(&["ask", hub.file("ask.toml").to_str().unwrap()]);
    let mut logs = fs::read_to_string(hub.file("log")).unwrap();
    hub.kill();
    hub.start_with(&["--log", "trace"]);
    assert_eq!(hub.json(&["asks"])[0]["id"], made["id"]);
    assert!(!hub.path().join("store").exists());
    logs += &fs::read_to_string(hub.file("log")).unwrap();
    logs += &fs::read_to_string(hub.file("out")).unwrap();
    assert!(!logs.contains("s3cr3t"), "the log shows the password");
    assert!(logs.contains("database"), "the log shows anything");
    let shown = server.sql("hub", "select count(*) from freehold.records");
    assert!(shown.parse::<u32>().unwrap() > 3, "{shown} rows");
}

/// 1. While one hub has a database another is refused. 2. When it has gone, the other is told that the store is not its own.
#[test]
fn a_database_belongs_to_one_hub() {
    let server = Server::start();
    let location = with_password(&server.database("hub"));
    let (mut first, second) = (Home::hub(), Home::hub());
    init(&first, &location);
    init(&second, &location);
    first.start();
    let refused = |word: &str| {
        let pass = second.file("pass");
        let output = second.output(&["run", "--passphrase-file", pass.to_str().unwrap()]);
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success() && told.contains(word), "{told}");
        assert!(!told.contains("s3cr3t"), "{told}");
    };
    refused("home-in-use");
    first.kill();
    refused("another key");
    first.start();
}

/// A home that has a store, and an address that is none.
#[test]
fn what_cannot_be_meant_is_refused_without_repeating_the_password() {
    let server = Server::start();
    let location = with_password(&server.database("hub"));
    let mut hub = Home::hub();
    let pass = hub.file("pass");
    let pass = pass.to_str().unwrap();
    let _ =
        hub.json(&["init", "--name", "Acme", "--passphrase-file", pass, "--listen", "/ip4/127.0.0.1/tcp/0"]);
    hub.start();
    hub.kill();
    for (location, word) in [
        (location.as_str(), "cannot be moved"),
        ("mysql://hub:s3cr3t@db.example/hub", "postgres://"),
        ("postgres://hub:s3cr3t@db.example:port/hub", "postgres://"),
    ] {
        let output = hub.output(&["run", "--passphrase-file", pass, "--store", location]);
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success() && told.contains(word), "{told}");
        assert!(!told.contains("s3cr3t"), "{told}");
    }
}
