//! Rules on the files themselves.

use std::fs;
use std::path::Path;

/// Past this a file hides a second noun; the house style aims at 100 to 250.
const LINES_MAX: usize = 800;

/// Folders that hold no source of ours.
const SKIPPED: [&str; 3] = ["target", ".git", "node_modules"];

/// Files written by package managers, which name their registry in each entry.
const LOCK_FILES: [&str; 2] = ["Cargo.lock", "package-lock.json"];

/// What may stand in no Rust file. Written in halves, since this is one.
const UNFINISHED: [(&str, &str); 3] = [
    (concat!("to", "do!("), "finish it or leave it out"),
    (concat!("unimple", "mented!("), "finish it or leave it out"),
    (concat!("#[ig", "nore"), "a test that does not run proves nothing"),
];

/// Registries are the machine's configuration: a mirror must be able to take their place.
const REGISTRY_HOSTS: [&str; 6] = [
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("deb.debian", ".org"),
];

pub(super) fn failures(root: &Path) -> Vec<String> {
    let mut failures = Vec::new();
    walk(root, root, &mut failures);
    failures.sort();
    failures
}

fn walk(root: &Path, folder: &Path, failures: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        failures.push(format!("{}: cannot be read", folder.display()));
        return;
    };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            walk(root, &path, failures);
        } else if kind.is_file()
            && let Ok(text) = fs::read_to_string(&path)
        {
            let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            failures.extend(judge(&name, &text).into_iter().map(|failure| format!("{shown}{failure}")));
        }
    }
}

/// The failures of one file, each beginning with its line.
fn judge(name: &str, text: &str) -> Vec<String> {
    let mut failures = Vec::new();
    let is_rust = Path::new(name).extension().is_some_and(|extension| extension == "rs");
    if name == "mod.rs" {
        failures.push(": name the module's file after the module".to_owned());
    }
    if is_rust && text.lines().count() > LINES_MAX {
        failures.push(format!(": {} lines, more than {LINES_MAX}", text.lines().count()));
    }
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        for (pattern, why) in UNFINISHED {
            if is_rust && line.contains(pattern) {
                failures.push(format!(":{number}: `{pattern}`: {why}"));
            }
        }
        for host in REGISTRY_HOSTS {
            if !LOCK_FILES.contains(&name) && line.contains(host) {
                failures.push(format!(":{number}: names the registry {host}"));
            }
        }
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_gives_one_line_for_each_failure() {
        let check = |name: &str, text: &str, expected: &[&str]| {
            let failures = judge(name, text);
            assert_eq!(failures.len(), expected.len(), "{name}: {failures:?}");
            for (failure, start) in failures.iter().zip(expected) {
                assert!(failure.starts_with(start), "{failure}");
            }
        };
        check("a.rs", "fn a() {}\n", &[]);
        check("mod.rs", "", &[": name the module"]);
        check("a.rs", &"\n".repeat(801), &[": 801 lines"]);
        check("a.md", &"\n".repeat(801), &[]);
        check("a.rs", concat!("\nto", "do!()\n#[ig", "nore]\n"), &[":2: ", ":3: "]);
        check("a.toml", concat!("u = \"https://crates", ".io\""), &[":1: names the registry"]);
        check("Cargo.lock", concat!("crates", ".io"), &[]);
    }
}
