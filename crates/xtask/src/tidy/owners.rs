//! One outside thing each: which crate alone may depend on a library that others must not see.
//!
//! A type of such a library cannot appear in a public signature elsewhere, because it cannot be named there.

use super::Package;

/// How a dependency's name begins, and the only crates that may have it: one, or those that divide a thing among them.
const OWNERS: [(&str, &[&str]); 23] = [
    ("sled", &["freehold-store"]),
    // Whoever speaks to a PostgreSQL does it through one crate.
    ("tokio-postgres", &["freehold-pgclient"]),
    ("postgres", &["freehold-pgclient"]),
    // Whom a server has to prove its name to is decided in one place; the other puts it under PostgreSQL's protocol.
    ("rustls-native-certs", &["freehold-tls"]),
    ("libp2p", &["freehold-transport"]),
    ("ssi", &["freehold-resolver"]),
    // What somebody else signed about staff.
    ("jsonwebtoken", &["freehold-oidc"]),
    ("reqwest", &["freehold-outbound"]),
    // HTTP is served to the owner's own commands and to browsers; what browsers see of a hub and of a home is made in two places.
    ("axum", &["freehold-api", "freehold-web", "freehold-desk", "freehold-page"]),
    ("hyper", &["freehold-api", "freehold-web"]),
    ("maud", &["freehold-web", "freehold-desk", "freehold-page"]),
    ("fluent-bundle", &["freehold-page"]),
    ("calcard", &["freehold-cards"]),
    ("quick-xml", &["freehold-carddav"]),
    // Pictures are anybody's: whoever decodes one keeps to that crate's limits.
    ("image", &["freehold-qr"]),
    ("rqrr", &["freehold-qr"]),
    ("qrcode", &["freehold-qr"]),
    // What opens a home, and what lets somebody in to a page.
    ("argon2", &["freehold-keystore", "freehold-web"]),
    ("age", &["freehold-backup"]),
    ("async-nats", &["freehold-nats"]),
    ("prometheus-client", &["freehold-hub"]),
    ("opentelemetry", &["freehold-telemetry"]),
    ("opentelemetry_sdk", &["freehold-telemetry"]),
];

/// The program's demo plays the vendor's own system, which takes webhooks, and the tests play CRMs: servers of their own,
/// behind no interface.
const EXCEPTIONS: [(&str, &str); 2] = [("freehold", "axum"), ("freehold-tests", "axum")];

pub(super) fn failures(packages: &[Package]) -> Vec<String> {
    let mut failures = Vec::new();
    for package in packages {
        for used in &package.dependencies {
            for (library, owners) in OWNERS {
                let is_library =
                    used == library || used.strip_prefix(library).is_some_and(|s| s.starts_with('-'));
                let name = package.name.as_str();
                if is_library && !owners.contains(&name) && !EXCEPTIONS.contains(&(name, used.as_str())) {
                    failures.push(format!("{name} may not use {used}: it belongs to {}", owners.join(", ")));
                }
            }
        }
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_in_a_crate_that_does_not_own_it_fails() {
        let check = |name: &str, used: &str, expected: usize| {
            let package = Package { name: name.to_owned(), dependencies: vec![used.to_owned()] };
            assert_eq!(failures(&[package]).len(), expected, "{name} using {used}");
        };
        check("freehold-store", "sled", 0);
        check("freehold-hub", "sled", 1);
        check("freehold-person", "libp2p-stream", 1);
        check("freehold-hub", "hyper-util", 1);
        check("freehold-hub", "sledge", 0);
    }
}
