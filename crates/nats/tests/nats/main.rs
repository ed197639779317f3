//! A real NATS server: who it is, and who the hub is.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "what fails here fails the test")]

mod server;

use std::collections::BTreeSet;

use freehold_nats::{JetStream, Message, NatsConfig, PublishError};
use rcgen::generate_simple_self_signed;
use server::Server;

const CUSTOMER: &str = "0190a000-0000-7000-8000-000000000001";

fn message(id: &str) -> Message {
    Message {
        id: id.to_owned(),
        customer: CUSTOMER.to_owned(),
        kind: "update".to_owned(),
        body: b"{}".to_vec(),
        erases: BTreeSet::new(),
    }
}

async fn published(config: NatsConfig) -> Result<(), PublishError> {
    JetStream::new(config).unwrap().publish(&[message("one")]).await
}

fn is_away(outcome: &Result<(), PublishError>) -> bool {
    matches!(outcome, Err(PublishError::Away(_)))
}

/// 1. A server with a certificate for one name takes events from whoever trusts it. 2. Under another name, before other
///    authorities, and in the open, nothing is said to it. 3. A server without TLS is not spoken to where TLS is asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_prove_its_name_gets_no_event() {
    let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files =
        [("server.crt", made.cert.pem().as_str()), ("server.key", made.key_pair.serialize_pem().as_str())]
            .map(|(name, text)| (name.to_owned(), text.to_owned()));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let lines = "tls { cert_file: \"server.crt\", key_file: \"server.key\" }";
    let Some(server) = Server::start(lines, &files) else { return };
    let trusted = server.file("trusted.pem", &made.cert.pem());
    let foreign = server.file("foreign.pem", &other.cert.pem());
    let reach = |scheme: &str, host: &str, authorities: &std::path::Path| {
        let mut config = NatsConfig::new(&[&server.at(scheme, host)]);
        config.ca_file = Some(authorities.to_owned());
        config
    };
    for (host, authorities) in [("127.0.0.1", &trusted), ("localhost", &foreign)] {
        let refused = published(reach("tls", host, authorities)).await;
        assert!(is_away(&refused), "{host}: {refused:?}");
    }
    assert_eq!(published(reach("tls", "localhost", &trusted)).await, Ok(()));
    // The file of authorities is read for each connection, by its name in the hub's folder.
    let mut near = reach("tls", "localhost", "trusted.pem".as_ref());
    near = near.in_folder(server.folder());
    assert_eq!(published(near).await, Ok(()));
    let missing = published(reach("tls", "localhost", "/nowhere/ca.pem".as_ref())).await;
    assert!(matches!(missing, Err(PublishError::Setting { setting: "ca_file", .. })), "{missing:?}");
    let plain = Server::start("", &[]).unwrap();
    let mut config = NatsConfig::new(&[&plain.at("tls", "localhost")]);
    config.ca_file = Some(trusted.clone());
    assert!(is_away(&published(config).await));
    assert_eq!(published(NatsConfig::new(&[&plain.at("nats", "127.0.0.1")])).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_is_known_by_the_password_in_a_file_which_may_be_replaced_while_the_hub_runs() {
    let lines = "authorization { user: \"hub\", password: \"s3cr3t\" }";
    let Some(server) = Server::start(lines, &[]) else { return };
    let at = server.at("nats", "127.0.0.1");
    let config = |file: &str| NatsConfig {
        user: Some("hub".to_owned()),
        password_file: Some(file.into()),
        ..NatsConfig::new(&[&at])
    };
    assert!(is_away(&published(NatsConfig::new(&[&at])).await));
    server.file("password", "wrong\n");
    let mut stream = JetStream::new(config("password").in_folder(server.folder())).unwrap();
    let refused = stream.publish(&[message("one")]).await;
    assert!(is_away(&refused) && !format!("{refused:?}").contains("wrong"), "{refused:?}");
    server.file("password", "s3cr3t\n");
    assert_eq!(stream.publish(&[message("one")]).await, Ok(()));
    let missing = published(config("/nowhere/password")).await;
    assert!(matches!(missing, Err(PublishError::Setting { setting: "password_file", .. })), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_enough_where_the_server_asks_for_one_and_another_is_not() {
    let Some(server) = Server::start("authorization { token: \"s3cr3t-token\" }", &[]) else { return };
    let at = server.at("nats", "127.0.0.1");
    for (token, takes) in [("s3cr3t-token\n", true), ("another", false)] {
        let file = server.file("token", token);
        let outcome = published(NatsConfig { token_file: Some(file), ..NatsConfig::new(&[&at]) }).await;
        assert_eq!(outcome.is_ok(), takes, "{outcome:?}");
        assert!(takes || is_away(&outcome), "{outcome:?}");
    }
}
