//! `cargo xtask fuzz`: libFuzzer on the targets of `tests/fuzz`.

use crate::demand;
use crate::step::{Steps, Workspace};

/// Longest input that libFuzzer makes, in bytes.
const INPUT_BYTES_MAX: u32 = 8192;

/// Runs each target for so long; what finds something is left under `target/fuzz/found`.
pub(crate) fn run(workspace: &Workspace, targets: &[String], seconds: u32) -> bool {
    let Some(fuzz) = demand::cargo_fuzz(workspace) else { return false };
    let place = workspace.target.join("fuzz");
    let seeds = place.join("seeds");
    let listed = workspace
        .cargo(&[
            "run",
            "--quiet",
            "--locked",
            "--package",
            "freehold-fuzz",
            "--no-default-features",
            "--",
            "--list",
        ])
        .args([&seeds])
        .output();
    let listed = match listed {
        Ok(listed) => listed,
        Err(error) => {
            println!("{error}");
            return false;
        }
    };
    let known: Vec<&'static str> = listed.lines().map(|name| &*name.to_owned().leak()).collect();
    if let Some(unknown) = targets.iter().find(|target| !known.contains(&target.as_str())) {
        println!("there is no target {unknown}: {}", known.join(", "));
        return false;
    }
    let mut steps = Steps::default();
    for name in known.into_iter().filter(|name| targets.is_empty() || targets.iter().any(|t| t == name)) {
        let (corpus, found) = (place.join("corpus").join(name), place.join("found").join(name));
        let made = [&corpus, &found].into_iter().all(|folder| std::fs::create_dir_all(folder).is_ok());
        steps.run(name, || {
            made && workspace
                .program(&fuzz)
                .args(["run", "--fuzz-dir", "tests/fuzz/libfuzzer", "--target-dir"])
                .args([place.join("build")])
                .args(["any"])
                .args([&corpus, &seeds.join(name)])
                .args(["--", "-print_final_stats=1", "-verbosity=1", "-use_value_profile=1"])
                .args([format!("-max_total_time={seconds}"), format!("-max_len={INPUT_BYTES_MAX}")])
                .args([format!("-artifact_prefix={}/", found.display())])
                .env("FREEHOLD_FUZZ_TARGET", name)
                // The stable compiler takes the flags that cargo-fuzz gives.
                .env("RUSTC_BOOTSTRAP", "1")
                .passes()
        });
    }
    steps.finish("fuzz")
}
