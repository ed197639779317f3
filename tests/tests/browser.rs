//! The pages in a real Chromium. `cargo xtask test` installs it and what drives it.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::path::{Path, PathBuf};
use std::process::Command;

use freehold_tests::program::program;
use freehold_tests::vendor::{PASSWORD, Vendor};

/// The folder of what drives the browser.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("browser")
}

/// Where the pictures go: the folder that `FREEHOLD_PICTURES` names, else one that is thrown away.
fn pictures(other: &Path) -> PathBuf {
    let folder = std::env::var_os("FREEHOLD_PICTURES").map_or_else(|| other.to_owned(), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// 1. A vendor with a customer, three of the staff and a dead letter. 2. In Chromium, on a desk and on a phone, light and dark:
/// every page is accessible (axe) and fits. 3. An agent finds the customer, reads live, takes the evidence, asks, and sends the
/// dead letter again. 4. A viewer without JavaScript sees the customer. 5. The evidence that the browser took verifies.
#[test]
fn the_staff_works_with_its_page_in_chromium() {
    assert!(
        folder().join("node_modules").is_dir(),
        "install its packages: run the tests with `cargo xtask test`"
    );
    let vendor = Vendor::with_customer();
    for (name, role) in [("vera", "viewer"), ("alan", "agent"), ("ada", "admin")] {
        vendor.add_user(name, role);
    }
    vendor.change(&["address.home.street=Neue Gasse 7"]);
    vendor.receiver.set_broken(true);
    vendor.change(&["phone.mobile=+49 170 7654321"]);
    vendor.receiver.set_broken(false);
    vendor.ask_again();
    let id = vendor.hub.json(&["customers", "4711"])["id"].as_str().unwrap().to_owned();
    let temporary = tempfile::tempdir().unwrap();
    let out = pictures(temporary.path());
    let output = Command::new("node")
        .arg("staff.mjs")
        .current_dir(folder())
        .env("PAGE", vendor.page())
        .env("PASSWORD", PASSWORD)
        .env("CUSTOMER", id)
        .env("OUT", &out)
        .output()
        .expect("node starts");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let verified =
        Command::new(program()).args(["evidence", "verify"]).arg(out.join("evidence.tar")).output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
}
