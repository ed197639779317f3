//! The short form of `cargo xtask bench hub` runs, over both stores, and has a figure for everything.

use std::process::Command;

use serde_json::Value;

/// Every number under a name.
fn numbers<'v>(value: &'v Value, name: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get(name));
            map.values().for_each(|inner| numbers(inner, name, found));
        }
        Value::Array(list) => list.iter().for_each(|inner| numbers(inner, name, found)),
        _ => {}
    }
}

#[test]
fn a_hub_under_a_short_load_serves_everyone_and_every_figure_is_there() {
    let output = Command::new(env!("CARGO_BIN_EXE_load")).args(["--short", "--json"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_str(&said).unwrap();
    let stores = report["report"]["stores"].as_array().unwrap();
    assert_eq!(
        stores.iter().map(|store| store["store"].as_str().unwrap()).collect::<Vec<_>>(),
        ["sled", "PostgreSQL"]
    );
    for (name, at_least) in [
        ("toldPerSec", 4),
        ("ackedPerSec", 4),
        ("hubCpuMicros", 6),
        ("joinedPerSec", 4),
        ("checksPerSec", 4),
        ("median", 20),
        ("residentMb", 4),
        ("withMb", 2),
        ("requestsPerUpdate", 1),
    ] {
        let mut found = Vec::new();
        numbers(&report, name, &mut found);
        assert!(found.len() >= at_least, "{name} {} times: {said}", found.len());
        // CPU time is told in hundredths of a second, and may be none of them.
        assert!(found.iter().all(|number| number.as_f64().is_some_and(|n| n >= 0.0)), "{name}: {said}");
    }
    for store in stores {
        let rush = &store["rush"];
        assert_eq!((rush["nodes"].as_u64(), &rush["codes"]), (Some(20), &Value::Array(Vec::new())), "{said}");
        assert_eq!(rush["acked"]["count"].as_u64(), Some(20), "{said}");
    }
    let mut rows = Vec::new();
    numbers(&stores[1], "rowsPerSec", &mut rows);
    assert!(rows.iter().all(|rate| rate.as_f64().is_some_and(|rate| rate > 0.0)), "{said}");
}
