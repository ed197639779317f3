//! The registry page against the code: every number and name that two peers must agree on stands in both.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::step::Workspace;

const PAGE: &str = "specs/numbers.md";

/// How the names of the wire begin: protocols, message types and media types.
const WIRE_NAMES: [&str; 5] =
    ["/freehold/", "connect/1", "data/1", "application/freehold-", "freehold:connect:"];

pub(super) fn failures(workspace: &Workspace) -> Vec<String> {
    let read = |path: &str| fs::read_to_string(workspace.root.join(path)).unwrap_or_default();
    let mut sources = read("crates/transport/src/lib.rs");
    gather(&workspace.root.join("protocol/src"), &mut sources);
    let page = read(PAGE);
    let mut failures = differences("code", &codes_of_code(&sources), &codes_of_page(&page));
    failures.extend(limits(&sources, &read("protocol/src/limits.rs"), &page));
    failures.extend(names(&sources, &page));
    failures
}

fn gather(folder: &Path, text: &mut String) {
    let mut entries: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            gather(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            // Tests name what is wrong on purpose.
            let source = fs::read_to_string(&path).unwrap_or_default();
            text.push_str(source.split("#[cfg(test)]").next().unwrap_or_default());
        }
    }
}

/// `Name = 100, "slug";` of the macro.
fn codes_of_code(sources: &str) -> BTreeMap<String, String> {
    let code = |line: &str| {
        let (_, rest) = line.trim().strip_suffix("\";")?.split_once(" = ")?;
        let (number, slug) = rest.split_once(", \"")?;
        number.parse::<u16>().ok().map(|_| (number.to_owned(), slug.to_owned()))
    };
    sources.lines().filter_map(code).collect()
}

/// `| 100 | `slug` | … |` of the table.
fn codes_of_page(page: &str) -> BTreeMap<String, String> {
    let section =
        page.split("### Codes").nth(1).or_else(|| page.split("## Codes").nth(1)).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let code = |line: &str| {
        let cells = cells(line);
        let number = cells.first()?.parse::<u16>().ok()?;
        Some((number.to_string(), cells.get(1)?.trim_matches('`').to_owned()))
    };
    section.lines().filter_map(code).collect()
}

fn cells(line: &str) -> Vec<&str> {
    match line.strip_prefix('|') {
        Some(row) => row.trim_end().trim_end_matches('|').split('|').map(str::trim).collect(),
        None => Vec::new(),
    }
}

fn differences(what: &str, code: &BTreeMap<String, String>, page: &BTreeMap<String, String>) -> Vec<String> {
    let lacking = |here: &BTreeMap<String, String>, there: &BTreeMap<String, String>, place: &str| {
        let other = here.iter().filter(|(key, value)| there.get(*key) != Some(value));
        other.map(|(key, value)| format!("{what} {key} ({value}) is not so in {place}")).collect::<Vec<_>>()
    };
    let mut failures = lacking(code, page, PAGE);
    failures.extend(lacking(page, code, "the code"));
    if code.is_empty() {
        failures.push(format!("no {what} was found in the code"));
    }
    failures
}

/// Every constant of the limits table is registered, and every name there is a constant with that value.
fn limits(sources: &str, table: &str, page: &str) -> Vec<String> {
    let section = page.split("## Limits").nth(1).unwrap_or_default();
    let registered: BTreeMap<String, String> = section
        .lines()
        .filter_map(|line| {
            let cells = cells(line);
            let name = cells.get(2)?.strip_prefix('`')?.strip_suffix('`')?;
            Some((name.to_owned(), plain(cells.get(1)?)))
        })
        .collect();
    // A private constant of another file may have the name of one of the table.
    let (mut all, of_table) = (constants(sources), constants(table));
    all.extend(of_table.clone());
    let named =
        all.into_iter().filter(|(name, _)| registered.contains_key(name) || of_table.contains_key(name));
    differences("limit", &named.collect(), &registered)
}

/// `pub const NAME: TYPE = VALUE;` with the value worked out.
fn constants(sources: &str) -> BTreeMap<String, String> {
    let constant = |line: &str| {
        let line = line.trim();
        let rest = line.strip_prefix("pub const ").or_else(|| line.strip_prefix("const "))?;
        let (name, rest) = rest.split_once(": ")?;
        let (_, value) = rest.strip_suffix(';')?.split_once(" = ")?;
        Some((name.to_owned(), worked_out(value)?))
    };
    sources.lines().filter_map(constant).collect()
}

/// A product of integers, a power of two less one, or a duration, as the page writes it without its unit of size.
fn worked_out(value: &str) -> Option<String> {
    let duration = |name: &str, unit: &str| {
        let inner = value.strip_prefix(name)?.strip_suffix(')')?;
        Some(format!("{} {unit}", product(inner)?))
    };
    duration("Duration::from_secs(", "s")
        .or_else(|| duration("Duration::from_millis(", "ms"))
        .or_else(|| product(value).map(|number| number.to_string()))
}

fn product(text: &str) -> Option<u64> {
    if let Some((power, less)) = text.strip_prefix("(1 << ").and_then(|rest| rest.split_once(") - ")) {
        return Some((1 << power.parse::<u32>().ok()?) - less.parse::<u64>().ok()?);
    }
    text.split(" * ").map(|factor| factor.replace('_', "").parse::<u64>().ok()).product()
}

/// `262,144 bytes` as `262144`; times keep their unit.
fn plain(cell: &str) -> String {
    let cell = cell.replace(',', "");
    match cell.split_once(' ') {
        Some((number, "s" | "ms")) => format!("{number} {}", cell.split(' ').nth(1).unwrap_or_default()),
        Some((number, _)) => number.to_owned(),
        None => cell,
    }
}

/// Every protocol, message type and media type of the code stands on the page, and the other way round.
fn names(sources: &str, page: &str) -> Vec<String> {
    let wire = |text: &str, quote: char| -> BTreeMap<String, String> {
        let quoted = text.split(quote).skip(1).step_by(2);
        let of_the_wire = |name: &&str| {
            WIRE_NAMES.iter().any(|begin| name.starts_with(begin)) && !name.contains(char::is_whitespace)
        };
        quoted.filter(of_the_wire).map(|name| (name.to_owned(), "a name of the wire".to_owned())).collect()
    };
    let code: String =
        sources.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    differences("name", &wire(&code, '"'), &wire(page, '`'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "    TooLarge = 102, \"too-large\";\npub const BODY_BYTES_MAX: usize = 60 * 1024;\n\
                        pub const REDIAL_FIRST: Duration = Duration::from_millis(250);\n\
                        pub const GRANT: &str = \"data/1/grant\";\n";
    const PAGE: &str = "### Codes\n| 102 | `too-large` | x |\n## Limits\n| body | 61,440 bytes | `BODY_BYTES_MAX` |\n\
                        | wait | 250 ms | `REDIAL_FIRST` |\n`data/1/grant`\n";

    fn all(code: &str, page: &str) -> Vec<String> {
        let mut failures = differences("code", &codes_of_code(code), &codes_of_page(page));
        failures.extend(limits(code, code, page));
        failures.extend(names(code, page));
        failures
    }

    #[test]
    fn what_stands_in_one_alone_or_otherwise_fails() {
        assert_eq!(all(CODE, PAGE), Vec::<String>::new());
        for (from, to) in [("102,", "103,"), ("60 * 1024", "61 * 1024"), ("millis(250)", "millis(300)")] {
            assert!(!all(&CODE.replace(from, to), PAGE).is_empty(), "{to}");
        }
        for (from, to) in
            [("`too-large`", "`too-small`"), ("61,440", "61,441"), ("data/1/grant", "data/1/gift")]
        {
            assert!(!all(CODE, &PAGE.replace(from, to)).is_empty(), "{to}");
        }
    }
}
