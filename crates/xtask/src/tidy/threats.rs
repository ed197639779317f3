//! The threat model against the tests: a test that its table names must be there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::step::Workspace;

const PAGE: &str = "specs/threats.md";

/// Folders with tests.
const FOLDERS: [&str; 4] = ["protocol", "crates", "node", "tests"];

pub(super) fn failures(workspace: &Workspace) -> Vec<String> {
    let mut functions = BTreeSet::new();
    FOLDERS.iter().for_each(|folder| gather(&workspace.root.join(folder), &mut functions));
    let page = fs::read_to_string(workspace.root.join(PAGE)).unwrap_or_default();
    judge(&page, &functions)
}

fn gather(folder: &Path, functions: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("node_modules") {
            gather(&path, functions);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap_or_default();
            let named = source.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            functions.extend(named.map(str::to_owned));
        }
    }
}

/// Names of tests are what stands in backticks and has four words or more.
fn judge(page: &str, functions: &BTreeSet<String>) -> Vec<String> {
    let rows = page.lines().enumerate().filter(|(_, line)| line.starts_with("| "));
    let mut failures = Vec::new();
    let mut found = 0;
    for (at, row) in rows {
        for name in row.split('`').skip(1).step_by(2) {
            let is_test = name.matches('_').count() >= 3
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            found += usize::from(is_test);
            if is_test && !functions.contains(name) {
                failures.push(format!("{PAGE}:{}: there is no test {name}", at + 1));
            }
        }
    }
    if found == 0 {
        failures.push(format!("{PAGE} names no test"));
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_not_there_is_told_with_its_line() {
        let functions = BTreeSet::from(["a_lie_is_found".to_owned()]);
        assert!(judge("| a lie | data 1 | `a_lie_is_found` |\n", &functions).is_empty());
        assert_eq!(judge("| x |\n| a lie | data 1 | `a_lie_is_lost` |\n", &functions).len(), 1);
        assert_eq!(judge("| x | y | `wrong_signer` |\n", &functions).len(), 1);
    }
}
