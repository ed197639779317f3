//! Over the network: the server has to prove its name.

use rcgen::{CertifiedKey, generate_simple_self_signed};

use super::*;

/// 1. A server with a certificate for one name is reached under it by whoever trusts the certificate. 2. Under another name, by
///    whoever trusts others, and where it does not speak TLS, it is not, and nothing was written.
#[test]
fn a_server_that_does_not_prove_its_name_is_refused() {
    let CertifiedKey { cert, key_pair } = generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let other = generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, pem: String| {
        let path = dir.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path.display().to_string()
    };
    let (trusted, foreign) = (file("trusted.pem", cert.pem()), file("foreign.pem", other.cert.pem()));
    let server = Server::start_encrypted(&cert.pem(), &key_pair.serialize_pem());
    server.database("hub");
    let reach = |host: &str, query: &str| {
        Postgres::connect(format!("postgres://hub@{host}:{}/hub?{query}", server.port()).parse().unwrap())
    };
    for (host, authorities) in [("127.0.0.1", &trusted), ("localhost", &foreign)] {
        let refused = reach(host, &format!("sslmode=require&sslrootcert={authorities}")).unwrap_err();
        assert!(matches!(refused, DatabaseError::Away(_)), "{refused}");
    }
    assert_eq!(server.sql("hub", "select to_regnamespace('freehold') is null"), "t");
    let postgres = reach("localhost", &format!("sslmode=require&sslrootcert={trusted}")).unwrap();
    let encrypted = "select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'freehold'";
    assert_eq!(server.sql("hub", encrypted), "t");
    drop(postgres);
    reach("127.0.0.1", "").unwrap();
    // The other way round: encryption that the server does not have is not left out.
    let plain = Server::start();
    let location = format!("{}?sslmode=require&sslrootcert={trusted}", plain.database("hub"));
    let refused = Postgres::connect(location.parse().unwrap()).unwrap_err();
    assert!(matches!(refused, DatabaseError::Away(_)), "{refused}");
}
