//! `cargo xtask mutants --sample`: of each crate's code that is not critical, a part drawn by a seed.

use std::path::Path;

use super::outcome::Outcome;
use super::{CRITICAL, Choice, OWN_TESTS, Target, refuse, stories, test};
use crate::step::Workspace;

/// The crates that people run, with their folders.
const CRATES: [(&str, &str); 17] = [
    ("freehold-protocol", "protocol"),
    ("freehold-store", "crates/store"),
    ("freehold-mailbox", "crates/mailbox"),
    ("freehold-link", "crates/link"),
    ("freehold-vault", "crates/vault"),
    ("freehold-keystore", "crates/keystore"),
    ("freehold-transport", "crates/transport"),
    ("freehold-outbound", "crates/outbound"),
    ("freehold-resolver", "crates/resolver"),
    ("freehold-webhook", "crates/webhook"),
    ("freehold-cards", "crates/cards"),
    ("freehold-backup", "crates/backup"),
    ("freehold-person", "crates/person"),
    ("freehold-hub", "crates/hub"),
    ("freehold-api", "crates/api"),
    ("freehold-conformance", "crates/conformance"),
    ("freehold", "node"),
];

/// What no program of people's has: the simulator's disks and network, the faults that are planted for it, and what a
/// fuzzer calls.
const APART: [&str; 4] = ["simulation.rs", "simulation/**/*.rs", "planted.rs", "any_bytes.rs"];

/// What has to be noticed of each crate, in percent of what can be built.
const CAUGHT_PERCENT_MIN: usize = 85;

/// The quantile of the normal distribution for a bound that holds with 95 %, on one side.
const QUANTILE: f64 = 1.645;

/// Draws, tests, and judges crate by crate.
pub(super) fn run(workspace: &Workspace, tool: &Path, choice: &Choice, count: usize) -> bool {
    if choice.shard.is_some() {
        return refuse("a sample is drawn from the whole: leave --shard out");
    }
    let mut passed = true;
    for (package, folder) in CRATES {
        if choice.package.as_ref().is_some_and(|chosen| chosen != package) {
            continue;
        }
        let rest = rest(package, folder, choice.file.as_deref());
        let list = workspace.program(tool).args(["mutants", "--list", "--colors", "never"]).args(&rest);
        let names = match list.output() {
            Ok(names) => names,
            Err(error) => return refuse(&format!("{package}: {error}")),
        };
        let all: Vec<&str> = names.lines().filter(|line| !line.is_empty()).collect();
        let drawn = draw(&all, count, choice.seed);
        if drawn.is_empty() {
            continue;
        }
        let Some(outcome) = noticed(workspace, tool, package, &rest, &drawn) else {
            return refuse(&format!("{package}: its mutants could not be tested"));
        };
        let (of, noticed) = (outcome.noticed() + outcome.missed(), outcome.noticed());
        println!(
            "{package}: {} of {} mutants drawn by seed {}: {}; {} % of what can be built, with 95 % confidence at least {:.0} %",
            drawn.len(),
            all.len(),
            choice.seed,
            outcome.told(),
            percent(noticed, of),
            100.0 * bound(noticed, of),
        );
        tell(&outcome);
        passed &= of == 0 || noticed * 100 >= of * CAUGHT_PERCENT_MIN;
    }
    passed
}

/// Tests what was drawn with the crate's own tests, and what these do not notice with the stories, where it has any.
fn noticed(
    workspace: &Workspace,
    tool: &Path,
    package: &str,
    rest: &[String],
    drawn: &[&str],
) -> Option<Outcome> {
    let try_all = |drawn: &[&str], tested_by, tests| {
        let exactly = drawn.iter().flat_map(|name| ["--re".to_owned(), format!("^{}$", literally(name))]);
        let chosen = rest.iter().skip(2).cloned().chain(exactly).collect();
        test(workspace, tool, &Target { package, tested_by, tests, chosen, counted: Some(drawn) })
    };
    let own = try_all(drawn, &[], &OWN_TESTS)?;
    match stories(package) {
        Some((tested_by, tests)) if own.missed() > 0 => {
            println!("{package}: its own tests alone: {}", own.told());
            let left: Vec<&str> = own.survivors.iter().map(String::as_str).collect();
            let again = try_all(&left, tested_by, tests)?;
            Some(own.then(again))
        }
        _ => Some(own),
    }
}

/// The arguments that choose a crate's code without what is critical or apart.
fn rest(package: &str, folder: &str, file: Option<&str>) -> Vec<String> {
    let critical = CRITICAL.iter().filter(|(name, ..)| *name == package);
    let critical =
        critical.flat_map(|(_, folder, files)| files.iter().map(move |f| format!("{folder}/src/{f}")));
    let apart = APART.iter().map(|apart| format!("{folder}/src/{apart}"));
    let excluded = critical.chain(apart).flat_map(|path| ["--exclude".to_owned(), path]);
    let file = file
        .iter()
        .flat_map(|file| ["--file".to_owned(), format!("{folder}/src/**/{file}")])
        .collect::<Vec<_>>();
    ["--package".to_owned(), package.to_owned()].into_iter().chain(excluded).chain(file).collect()
}

/// The mutants whose names, mixed with the seed, come first: the same ones each time, and evenly drawn.
fn draw<'a>(all: &[&'a str], count: usize, seed: u64) -> Vec<&'a str> {
    let mut ranked: Vec<(u64, &str)> = all.iter().map(|name| (mixed(name, seed), *name)).collect();
    ranked.sort_unstable();
    ranked.into_iter().take(count).map(|(_, name)| name).collect()
}

/// FNV-1a, and SplitMix64 over it: nothing hangs on it but that it spreads, and gives the same everywhere.
fn mixed(name: &str, seed: u64) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed;
    let hash = name.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// A name as a regular expression that matches nothing else.
fn literally(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        // Not each mark: `\<` is the beginning of a word.
        if r"\.+*?()|[]{}^$".contains(c) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

/// At least so large is the share of all mutants that are noticed (Wilson's bound).
fn bound(noticed: usize, of: usize) -> f64 {
    if of == 0 {
        return 0.0;
    }
    let (n, z2) = (of as f64, QUANTILE * QUANTILE);
    let share = noticed as f64 / n;
    let spread = QUANTILE * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    (share + z2 / (2.0 * n) - spread) / (1.0 + z2 / n)
}

fn percent(noticed: usize, of: usize) -> usize {
    (noticed * 100).checked_div(of).unwrap_or_default()
}

fn tell(outcome: &Outcome) {
    for (name, times) in outcome.survived() {
        println!("survived {times} times: {name}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_mutants_and_another_seed_others() {
        let names: Vec<String> =
            (0..1000).map(|n| format!("a/src/b.rs:{n}:1: replace f -> bool with true")).collect();
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let drawn = draw(&all, 25, 1);
        assert_eq!(drawn.len(), 25);
        let mut turned = all.clone();
        turned.reverse();
        assert_eq!(draw(&turned, 25, 1), drawn);
        assert_ne!(draw(&all, 25, 2), drawn);
        assert_eq!(draw(&all, 2000, 1).len(), 1000);
        // As many of the first half as of the second, give or take what chance gives.
        let half = draw(&all, 500, 3).iter().filter(|name| all[..500].contains(name)).count();
        assert!((200..=300).contains(&half), "{half}");
    }

    #[test]
    fn a_name_matches_itself_alone() {
        let name = "a/src/b.rs:1:2: replace || with && in <impl F for G>::h -> Option<(u8, [T; 2])>";
        let expected =
            r"a/src/b\.rs:1:2: replace \|\| with && in <impl F for G>::h -> Option<\(u8, \[T; 2\]\)>";
        assert_eq!(literally(name), expected);
    }

    #[test]
    fn the_bound_is_lower_the_fewer_were_tried() {
        let check = |noticed, of, percent: f64| {
            let found = 100.0 * bound(noticed, of);
            assert!((found - percent).abs() < 0.05, "{noticed} of {of}: {found}");
        };
        check(25, 25, 90.2);
        check(23, 25, 78.5);
        check(92, 100, 86.4);
        check(0, 0, 0.0);
    }

    #[test]
    fn what_is_critical_is_tried_whole_and_not_drawn() {
        let rest = rest("freehold-mailbox", "crates/mailbox", Some("filed.rs"));
        assert!(rest.windows(2).any(|pair| pair == ["--exclude", "crates/mailbox/src/queue.rs"]));
        assert_eq!(rest[rest.len() - 2..], ["--file", "crates/mailbox/src/**/filed.rs"]);
        for (package, folder, _) in CRITICAL {
            assert!(CRATES.contains(&(package, folder)), "{package}");
        }
    }
}
