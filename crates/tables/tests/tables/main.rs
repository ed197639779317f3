//! Tables in a real PostgreSQL over the network.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what fails here fails the test")]

#[allow(dead_code, unreachable_pub, reason = "the tests across crates have it in a library")]
#[path = "../../../postgres/tests/postgres/server.rs"]
mod server;

use std::path::Path;

use freehold_tables::{ApplyError, Tables, TablesConfig};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use server::Server;

/// No name of this machine: an address of it is said beside.
const FAR: &str = "db.example";

async fn reached(url: &str, authorities: Option<&Path>) -> Result<u64, ApplyError> {
    let config = TablesConfig { ca_file: authorities.map(Path::to_owned), ..TablesConfig::new(url) };
    Tables::new(config, "hub").unwrap().ready().await
}

/// 1. A server with a certificate for its name gets tables from whoever trusts it, encrypted. 2. Before other authorities, and
///    before the machine's, it gets none; nor does a server with another name. 3. A far server without TLS gets none either, unless
///    that is said; the URL itself cannot say it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_far_server_gets_rows_once_it_has_proved_its_name() {
    let CertifiedKey { cert, key_pair } = generate_simple_self_signed(vec![FAR.to_owned()]).unwrap();
    let other = generate_simple_self_signed(vec![FAR.to_owned()]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, pem: String| {
        let path = dir.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path
    };
    let (trusted, foreign) = (file("trusted.pem", cert.pem()), file("foreign.pem", other.cert.pem()));
    let server = Server::start_encrypted(&cert.pem(), &key_pair.serialize_pem());
    server.database("crm");
    let url = |host: &str, more: &str| {
        format!("postgres://hub@{host}:{}/crm?hostaddr=127.0.0.1{more}", server.port())
    };
    for (host, more, authorities) in [
        (FAR, "", Some(&*foreign)),
        (FAR, "", None),
        ("other.example", "", Some(&*trusted)),
        (FAR, "&sslmode=disable", Some(&*foreign)),
    ] {
        let refused = reached(&url(host, more), authorities).await.unwrap_err();
        assert!(
            matches!(refused, ApplyError::Away(_) | ApplyError::Setting { setting: "ca_file", .. }),
            "{refused}"
        );
    }
    assert_eq!(server.sql("crm", "select to_regnamespace('freehold') is null"), "t");
    let config = TablesConfig { ca_file: Some(trusted.clone()), ..TablesConfig::new(&url(FAR, "")) };
    let mut tables = Tables::new(config, "hub").unwrap();
    assert_eq!(tables.ready().await.unwrap(), 0);
    let encrypted = "select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'freehold'";
    assert_eq!(server.sql("crm", encrypted), "t");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_far_server_without_tls_gets_nothing_unless_that_is_allowed() {
    let server = Server::start_on_loopback();
    server.database("crm");
    let url = format!("postgres://hub@{FAR}:{}/crm?hostaddr=127.0.0.1&sslmode=disable", server.port());
    let made = generate_simple_self_signed(vec![FAR.to_owned()]).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), made.cert.pem()).unwrap();
    let refused = reached(&url, Some(file.path())).await.unwrap_err();
    assert!(matches!(refused, ApplyError::Away(_)), "{refused}");
    assert_eq!(server.sql("crm", "select to_regnamespace('freehold') is null"), "t");
    let config = TablesConfig { allow_unencrypted: true, ..TablesConfig::new(&url) };
    assert_eq!(Tables::new(config, "hub").unwrap().ready().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_comes_from_its_file_and_another_is_refused_without_being_told() {
    let server = Server::start_on_loopback();
    server.database("crm");
    server.ask_for_passwords("s3cr3t");
    let dir = tempfile::tempdir().unwrap();
    let url = format!("postgres://hub@127.0.0.1:{}/crm", server.port());
    for (password, takes) in [("s3cr3t\n", true), ("wr0ng", false)] {
        std::fs::write(dir.path().join("password"), password).unwrap();
        let config = TablesConfig { password_file: Some("password".into()), ..TablesConfig::new(&url) }
            .in_folder(dir.path());
        let outcome = Tables::new(config, "hub").unwrap().ready().await;
        assert_eq!(outcome.is_ok(), takes, "{outcome:?}");
        assert!(!format!("{outcome:?}").contains(password.trim()), "{outcome:?}");
    }
}
