//! One outside thing each: which crate alone may depend on a library that others must not see.
//!
//! A type of such a library cannot appear in a public signature elsewhere, because it cannot be named there.

use super::Package;

/// How a dependency's name begins, and the only crate that may have it.
const OWNERS: [(&str, &str); 9] = [
    ("sled", "freehold-store"),
    ("libp2p", "freehold-transport"),
    ("ssi", "freehold-resolver"),
    ("reqwest", "freehold-outbound"),
    ("axum", "freehold-api"),
    ("hyper", "freehold-api"),
    ("calcard", "freehold-cards"),
    ("argon2", "freehold-keystore"),
    ("age", "freehold-backup"),
];

/// The program's demo plays the vendor's own system, which takes webhooks, and the tests play CRMs: servers of their own,
/// behind no interface.
const EXCEPTIONS: [(&str, &str); 2] = [("freehold", "axum"), ("freehold-tests", "axum")];

pub(super) fn failures(packages: &[Package]) -> Vec<String> {
    let mut failures = Vec::new();
    for package in packages {
        for used in &package.dependencies {
            for (library, owner) in OWNERS {
                let is_library =
                    used == library || used.strip_prefix(library).is_some_and(|s| s.starts_with('-'));
                let excepted = EXCEPTIONS.contains(&(package.name.as_str(), used.as_str()));
                if is_library && package.name != owner && !excepted {
                    failures.push(format!("{} may not use {used}: it belongs to {owner}", package.name));
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
