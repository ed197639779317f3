//! The staff signs in by an identity provider that others wrote, in a real Chromium. `cargo xtask test` installs both.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use freehold_tests::identity_provider::{CLIENT, IdentityProvider, SECRET};
use freehold_tests::program::Home;

/// A hub that listens for browsers on a port that is known before it starts, since the provider has to know it.
fn hub() -> (Home, IdentityProvider, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let provider = IdentityProvider::start(&format!("http://localhost:{port}/sign-in/provider/answer"));
    let hub = Home::hub();
    let pass = hub.file("pass").to_string_lossy().into_owned();
    let addresses = freehold_tests::engines::free_addresses();
    let mut words = vec!["init", "--passphrase-file", &pass, "--name", "Acme"];
    words.extend(addresses.iter().flat_map(|address| ["--listen", address]));
    let _ = hub.json(&words);
    let file = hub.path().join("hub.toml");
    let mut settings = std::fs::read_to_string(&file).unwrap();
    write!(
        settings,
        "\n[http]\nlisten = \"127.0.0.1:{port}\"\n\n[http.oidc]\nissuer = \"{}\"\nclient_id = \"{CLIENT}\"\n\
         client_secret_file = \"oidc.secret\"\nlabel = \"Acme accounts\"\nrole_claim = \"groups\"\n\
         roles = {{ crm-admins = \"admin\", crm-viewers = \"viewer\" }}\ninward = true\nallow_http = true\n",
        provider.issuer()
    )
    .unwrap();
    std::fs::write(&file, settings).unwrap();
    std::fs::write(hub.path().join("oidc.secret"), format!("{SECRET}\n")).unwrap();
    (hub, provider, port)
}

/// 1. A hub whose page is one site, and a provider that is another. 2. Made-up answers, a stolen code and a second use of an answer let
///    nobody in, each with its code. 3. Two people sign in with the roles that the provider says, and one without a role does not.
///    4. It is in the staff's log, whose chain holds, and no secret, code or token is in the hub's.
#[test]
fn the_staff_signs_in_by_an_identity_provider_and_nobody_else_does() {
    let (mut hub, _provider, port) = hub();
    hub.start_with(&["--log", "debug"]);
    let browser = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    assert!(
        browser.join("node_modules").is_dir(),
        "install its packages: run the tests with `cargo xtask test`"
    );
    let mut command = Command::new("node");
    command.arg("provider.mjs").current_dir(browser).env("PAGE", format!("http://localhost:{port}/"));
    let output = command.output().expect("node starts");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let journal = hub.json(&["audit"]);
    let entries = journal["entries"].as_array().unwrap();
    let did =
        |who: &str, what: &str| entries.iter().any(|entry| entry["who"] == who && entry["what"] == what);
    assert!(did("ada", "signed-in") && did("vera", "signed-in") && did("ada", "signed-out"), "{journal}");
    assert!(
        did("identity-provider", "user-added") && did("identity-provider", "sign-in-refused"),
        "{journal}"
    );
    assert!(!did("eve", "signed-in"), "{journal}");
    let log = std::fs::read_to_string(hub.file("log")).unwrap();
    assert!(log.contains("nobody was signed in by the identity provider"), "it logs what it is asked to");
    for secret in [SECRET, "code=", "eyJ", "person-ada"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

/// 1. A provider inside the network, without encryption, with a file that is not there, with half of the settings. 2. A right one.
#[test]
fn a_provider_that_cannot_be_used_ends_the_start_with_its_setting() {
    let (mut hub, _provider, _) = hub();
    let file = hub.path().join("hub.toml");
    let settings = std::fs::read_to_string(&file).unwrap();
    let refused = |settings: &str, word: &str| {
        std::fs::write(&file, settings).unwrap();
        let pass = hub.file("pass").to_string_lossy().into_owned();
        let output = hub.output(&["run", "--passphrase-file", &pass]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("oidc") && said.contains(word), "{said}");
    };
    refused(&settings.replace("inward = true\n", ""), "private network");
    refused(&settings.replace("allow_http = true\n", ""), "https");
    refused(&settings.replace("oidc.secret", "nowhere"), "client_secret_file");
    refused(&settings.replace("role_claim = \"groups\"\n", ""), "role_claim");
    std::fs::write(&file, &settings).unwrap();
    hub.start();
    // A name that is listed without a password comes by the provider alone.
    let users = hub.json(&["user", "add", "carl", "--role", "agent", "--no-password"]);
    assert_eq!(users[0]["hasPassword"], false, "{users}");
}
