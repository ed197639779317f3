//! What a hub is installed with.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

fn packaged(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging").join(name)
}

/// systemd's own judgement, where it is there to give it; it needs no running systemd.
#[test]
fn the_unit_leaves_the_hub_little_to_be_taken_over_with() {
    let unit = packaged("systemd/freehold-hub.service");
    let judged = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager"])
        .arg(&unit)
        .output();
    let Ok(judged) = judged else {
        let _ = writeln!(std::io::stderr(), "skipped: systemd-analyze is not here");
        return;
    };
    let said = String::from_utf8_lossy(&judged.stdout).into_owned();
    let level = said.split("exposure level for freehold-hub.service: ").nth(1).expect("a level");
    let level: f64 = level.split_whitespace().next().unwrap().parse().unwrap();
    assert!(level <= 2.0, "{level}");
}

/// The words with which unit and container start the program are words that it knows.
#[test]
fn the_unit_and_the_container_start_the_program_with_words_it_knows() {
    let unit = std::fs::read_to_string(packaged("systemd/freehold-hub.service")).unwrap();
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/freehold ")).unwrap();
    let container = std::fs::read_to_string(packaged("Containerfile")).unwrap();
    let list = container.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    let list: Vec<String> = serde_json::from_str(list).unwrap();
    for words in [line.split(' ').map(str::to_owned).collect::<Vec<_>>(), list] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(freehold_tests::program::program());
        // A home that does not exist: the words are understood, and nothing is there to start.
        let words =
            words.iter().map(|word| word.replace("/var/lib/freehold-hub", &folder.path().to_string_lossy()));
        let output = command
            .env_clear()
            .env("FREEHOLD_HUB_HOME", folder.path().join("hub"))
            .args(words)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
