//! Which crate of the workspace may use which: the picture of `ARCHITECTURE.md` as a table.

use super::Package;

/// A crate, and those it may name in any of its dependency sections. Left of an arrow may be used by the right of
/// it, never back; a crate missing here fails, so that a new one is placed on purpose.
const MAY_USE: [(&str, &[&str]); 39] = [
    ("freehold-protocol", &[]),
    ("freehold-store", &["freehold-protocol"]),
    ("freehold-tls", &[]),
    ("freehold-pgclient", &["freehold-tls"]),
    ("freehold-postgres", &["freehold-store", "freehold-pgclient"]),
    ("freehold-keystore", &["freehold-protocol"]),
    ("freehold-outbound", &["freehold-protocol"]),
    ("freehold-cards", &["freehold-protocol"]),
    // A text is a text.
    ("freehold-qr", &[]),
    ("freehold-transport", &["freehold-protocol"]),
    ("freehold-conformance", &["freehold-protocol", "freehold-transport"]),
    ("freehold-resolver", &["freehold-protocol", "freehold-outbound"]),
    ("freehold-oidc", &["freehold-outbound"]),
    ("freehold-carddav", &["freehold-outbound"]),
    ("freehold-telemetry", &["freehold-outbound"]),
    ("freehold-webhook", &["freehold-protocol", "freehold-outbound"]),
    ("freehold-crm", &["freehold-protocol", "freehold-outbound"]),
    // They know no type of the protocol: what they carry is JSON and texts.
    ("freehold-nats", &["freehold-tls"]),
    ("freehold-tables", &["freehold-pgclient"]),
    ("freehold-mailbox", &["freehold-protocol", "freehold-store"]),
    ("freehold-link", &["freehold-protocol", "freehold-store", "freehold-mailbox", "freehold-transport"]),
    ("freehold-vault", &["freehold-protocol", "freehold-store", "freehold-mailbox"]),
    ("freehold-backup", &["freehold-protocol", "freehold-store", "freehold-keystore"]),
    (
        "freehold-person",
        &[
            "freehold-protocol",
            "freehold-store",
            "freehold-mailbox",
            "freehold-link",
            "freehold-vault",
            "freehold-keystore",
            "freehold-backup",
            "freehold-resolver",
            "freehold-transport",
            "freehold-cards",
        ],
    ),
    (
        "freehold-hub",
        &[
            "freehold-protocol",
            "freehold-store",
            "freehold-mailbox",
            "freehold-link",
            "freehold-keystore",
            "freehold-resolver",
            "freehold-transport",
            "freehold-outbound",
            "freehold-webhook",
            "freehold-crm",
            "freehold-nats",
            "freehold-tables",
        ],
    ),
    // What a page stands on knows no engine.
    ("freehold-web", &[]),
    ("freehold-desk", &["freehold-web", "freehold-hub", "freehold-oidc", "freehold-outbound"]),
    (
        "freehold-api",
        &["freehold-protocol", "freehold-cards", "freehold-person", "freehold-hub", "freehold-web"],
    ),
    (
        "freehold-page",
        &[
            "freehold-web",
            "freehold-api",
            "freehold-person",
            "freehold-keystore",
            "freehold-cards",
            "freehold-protocol",
            "freehold-carddav",
            "freehold-qr",
        ],
    ),
    ("freehold", &BELOW_NODE),
    // What anyone may write from outside: a family needs its desk, and on the person's side the audit log.
    ("freehold-example-note", &["freehold-protocol", "freehold-mailbox", "freehold-vault"]),
    ("freehold-tests", &BELOW_TESTS),
    ("freehold-fuzz", &BELOW_NODE),
    // Crashes: stores by themselves, and the program as processes that are called like any.
    (
        "freehold-crash",
        &[
            "freehold-store",
            "freehold-keystore",
            "freehold-mailbox",
            "freehold-protocol",
            "freehold-backup",
            "freehold-person",
            "freehold-hub",
            "freehold-api",
            "freehold-tests",
        ],
    ),
    // Hostile peers: the wire from below, and the program as processes.
    (
        "freehold-hostile",
        &["freehold-protocol", "freehold-transport", "freehold-hub", "freehold-api", "freehold-crash"],
    ),
    // Load: the wire from below, and a hub's engine in a process of its own.
    (
        "freehold-load",
        &[
            "freehold-protocol",
            "freehold-store",
            "freehold-postgres",
            "freehold-keystore",
            "freehold-transport",
            "freehold-link",
            "freehold-hub",
            "freehold-tests",
            "freehold-crash",
        ],
    ),
    ("freehold-simulation", &BELOW_NODE),
    ("freehold-schedules", &BELOW_NODE),
    ("xtask", &[]),
];

/// The program wires everything: adapters meet only there.
const BELOW_NODE: [&str; 29] = [
    "freehold-protocol",
    "freehold-store",
    "freehold-tls",
    "freehold-pgclient",
    "freehold-postgres",
    "freehold-keystore",
    "freehold-backup",
    "freehold-outbound",
    "freehold-carddav",
    "freehold-cards",
    "freehold-qr",
    "freehold-transport",
    "freehold-conformance",
    "freehold-resolver",
    "freehold-oidc",
    "freehold-telemetry",
    "freehold-webhook",
    "freehold-crm",
    "freehold-nats",
    "freehold-tables",
    "freehold-mailbox",
    "freehold-link",
    "freehold-vault",
    "freehold-person",
    "freehold-hub",
    "freehold-web",
    "freehold-desk",
    "freehold-api",
    "freehold-page",
];

/// The tests across crates see whatever the program sees, and the example; the program itself they start as a process.
const BELOW_TESTS: [&str; 30] = {
    let mut below = ["freehold-example-note"; 30];
    let mut at = 0;
    while at < BELOW_NODE.len() {
        below[at] = BELOW_NODE[at];
        at += 1;
    }
    below
};

pub(super) fn failures(packages: &[Package]) -> Vec<String> {
    let inside = |name: &str| packages.iter().any(|package| package.name == name);
    let mut failures = Vec::new();
    for package in packages {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == package.name) else {
            failures.push(format!("{} has no row in xtask's table of arrows", package.name));
            continue;
        };
        for used in &package.dependencies {
            if inside(used) && !allowed.contains(&used.as_str()) {
                failures.push(format!("{} may not use {used}", package.name));
            }
        }
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, dependencies: &[&str], expected: usize) {
        let package = |name: &str, dependencies: &[&str]| Package {
            name: name.to_owned(),
            dependencies: dependencies.iter().map(|d| (*d).to_owned()).collect(),
        };
        let mut packages: Vec<Package> = MAY_USE.iter().map(|(name, _)| package(name, &[])).collect();
        packages.retain(|p| p.name != name);
        packages.push(package(name, dependencies));
        assert_eq!(failures(&packages).len(), expected, "{name} using {dependencies:?}");
    }

    #[test]
    fn only_the_arrows_of_the_table_pass() {
        check("freehold-vault", &["freehold-store", "serde"], 0);
        check("freehold-protocol", &["freehold-store"], 1);
        check("freehold-person", &["freehold-hub", "freehold-api"], 2);
        check("freehold-tests", &["freehold"], 1);
        check("xtask", &["freehold-protocol"], 1);
        check("freehold-newcomer", &[], 1);
    }

    #[test]
    fn the_table_itself_has_no_arrow_back() {
        for (index, (name, allowed)) in MAY_USE.iter().enumerate() {
            for used in *allowed {
                let position = MAY_USE.iter().position(|(row, _)| row == used);
                assert!(position.is_some_and(|p| p < index), "{name} uses {used}, which stands after it");
            }
        }
    }
}
