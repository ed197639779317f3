//! Nothing below `protocol` can reach a clock, entropy, a file, a socket or an executor.
//!
//! Two tables: what the crate names itself, each with the reason why it is pure; and what may stand nowhere in its
//! tree. `protocol/clippy.toml` bans the same things of the standard library. The tree is the one that cargo
//! builds for this crate alone: in the whole workspace other crates turn on features (such as `getrandom` of the
//! digest crates) that this one does not use.

use std::collections::BTreeSet;

use crate::step::Workspace;

/// The direct dependencies, and why each is pure.
const ALLOWED: [(&str, &str); 14] = [
    ("coset", "encodes and decodes COSE in memory"),
    ("ed25519-dalek", "signatures are deterministic; key generation needs a feature that is off"),
    ("jiff", "calendar arithmetic; without its time zone features, and its clock is banned by clippy.toml"),
    ("language-tags", "parses"),
    ("multibase", "encodes and decodes"),
    ("phonenumber", "parses, with its tables compiled in"),
    ("serde", "derives"),
    ("serde_bytes", "derives"),
    ("serde_ipld_dagcbor", "encodes and decodes in memory"),
    ("serde_json", "encodes and decodes in memory"),
    ("serde_json_canonicalizer", "encodes in memory"),
    ("sha2", "hashes"),
    ("thiserror", "derives"),
    ("zeroize", "overwrites memory"),
];

/// What may stand nowhere in the tree, by how its name begins.
const BANNED: [(&str, &str); 29] = [
    ("tokio", "an executor"),
    ("async-std", "an executor"),
    ("async-io", "sockets"),
    ("smol", "an executor"),
    ("futures-timer", "a clock"),
    ("mio", "sockets"),
    ("polling", "sockets"),
    ("socket2", "sockets"),
    ("libp2p", "sockets"),
    ("quinn", "sockets and a clock"),
    ("hyper", "sockets"),
    ("reqwest", "sockets"),
    ("rustls", "entropy and a clock"),
    ("sled", "files"),
    ("tempfile", "files"),
    ("memmap", "files"),
    ("rustix", "system calls"),
    ("nix", "system calls"),
    ("libc", "system calls"),
    ("getrandom", "entropy"),
    ("rand", "entropy"),
    ("fastrand", "entropy"),
    ("ahash", "hash order from entropy"),
    ("uuid", "entropy and a clock"),
    ("instant", "a clock"),
    ("web-time", "a clock"),
    ("chrono", "a clock"),
    ("time", "a clock"),
    ("quanta", "a clock"),
];

/// Only the traits; it draws nothing by itself.
const EXEMPT: &str = "rand_core";

pub(super) fn failures(workspace: &Workspace) -> Vec<String> {
    let tree = |depth: &[&str]| {
        let tree = ["tree", "--package", "freehold-protocol", "--edges", "normal", "--prefix", "none"];
        workspace.cargo(&tree).args(["--format", "{p}", "--locked"]).args(depth).output()
    };
    match (tree(&["--depth", "1"]), tree(&[])) {
        (Ok(direct), Ok(all)) => judge(&names(&direct), &names(&all)),
        (Err(error), _) | (_, Err(error)) => vec![error],
    }
}

/// The crates' names, without the first line, which is `freehold-protocol` itself.
fn names(tree: &str) -> BTreeSet<&str> {
    tree.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect()
}

fn judge(direct: &BTreeSet<&str>, all: &BTreeSet<&str>) -> Vec<String> {
    let mut failures = Vec::new();
    for name in direct {
        if !ALLOWED.iter().any(|(allowed, _)| allowed == name) {
            failures.push(format!("protocol depends on {name}: state in xtask's table why it is pure"));
        }
    }
    for name in all {
        for (banned, why) in BANNED {
            let rest = name.strip_prefix(banned);
            if *name != EXEMPT && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_'])) {
                failures.push(format!("protocol's tree holds {name}: {why}"));
            }
        }
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_things_fail_wherever_they_stand_in_the_tree() {
        let tree = "freehold-protocol v0.1.0 (/x)\nserde v1.0.0\ngetrandom v0.4.0\nrand_core v0.10.0\nlibp2p-core v1\n";
        assert_eq!(judge(&BTreeSet::from(["serde"]), &names(tree)).len(), 2);
        assert_eq!(judge(&BTreeSet::from(["serde", "regex"]), &BTreeSet::new()).len(), 1);
        assert_eq!(judge(&BTreeSet::new(), &BTreeSet::from(["timely", "libcore"])), Vec::<String>::new());
    }
}
