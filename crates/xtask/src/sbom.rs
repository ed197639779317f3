//! `cargo xtask sbom`: what the program is built from, as a CycloneDX document to lay beside a release.
//!
//! cargo-cyclonedx works from `cargo metadata`, which also resolves what features keep out of the build: OpenSSL and a
//! second HTTP client would be listed. Its document is therefore cut to what `cargo tree` says is built.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use serde_json::Value;

use crate::demand;
use crate::step::Workspace;

/// The package whose program is released.
const PROGRAM: &str = "freehold";

/// A name and a version.
type Crate = (String, String);

/// Writes the document for this platform under the target folder; whether that went well.
pub(crate) fn run(workspace: &Workspace) -> bool {
    match write(workspace) {
        Ok(told) => {
            println!("{told}");
            true
        }
        Err(error) => {
            println!("sbom: {error}");
            false
        }
    }
}

fn write(workspace: &Workspace) -> Result<String, String> {
    let tool = demand::cargo_cyclonedx(workspace).ok_or("cargo-cyclonedx could not be built")?;
    // First, because it fails where the lock file is stale; the tool would bring it up to date.
    let tree = ["tree", "--locked", "--package", PROGRAM, "--edges", "normal,build", "--prefix", "none"];
    let built = crates(&workspace.cargo(&tree).args(["--format", "{p}"]).output()?);
    let make = ["cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5"];
    workspace.program(tool).args(make).output()?;
    // The path of this checkout is nobody's business.
    let text = take_document(workspace)?.replace(&*workspace.root.to_string_lossy(), "");
    let mut document: Value = serde_json::from_str(&text).map_err(|e| format!("cargo-cyclonedx: {e}"))?;
    let listed = cut(&mut document, &built);
    if let Some((name, version)) = built.difference(&listed).next() {
        return Err(format!("{name} {version} is built, but cargo-cyclonedx does not list it"));
    }
    let path = workspace.target.join(format!("{PROGRAM}.cdx.json"));
    fs::write(&path, format!("{document:#}\n")).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(format!("{}: {} crates", path.display(), listed.len()))
}

/// The crates in the output of `cargo tree`: a line is `name v1.2.3`, and perhaps more.
fn crates(tree: &str) -> BTreeSet<Crate> {
    let parse = |line: &str| {
        let (name, rest) = line.split_once(" v")?;
        Some((name.to_owned(), rest.split(' ').next()?.to_owned()))
    };
    tree.lines().filter_map(parse).collect()
}

/// The tool writes a document beside every manifest of the workspace: takes the program's, and leaves none behind.
fn take_document(workspace: &Workspace) -> Result<String, String> {
    let members =
        workspace.cargo(&["metadata", "--no-deps", "--format-version", "1", "--locked"]).output()?;
    let members: Value = serde_json::from_str(&members).map_err(|e| format!("cargo metadata: {e}"))?;
    let mut taken = Err(format!("cargo metadata lists no package {PROGRAM}"));
    for member in members["packages"].as_array().into_iter().flatten() {
        let (name, manifest) = (text(&member["name"]), text(&member["manifest_path"]));
        let path = Path::new(&manifest).with_file_name(format!("{name}.cdx.json"));
        let told = |e: io::Error| format!("{}: {e}", path.display());
        if name == PROGRAM {
            taken = Ok(fs::read_to_string(&path).map_err(told)?);
        }
        fs::remove_file(&path).map_err(told)?;
    }
    taken
}

/// Cuts the document to the crates that are built; those of them that it lists, with the program itself.
fn cut(document: &mut Value, built: &BTreeSet<Crate>) -> BTreeSet<Crate> {
    let known = |component: &Value| (text(&component["name"]), text(&component["version"]));
    let program = &document["metadata"]["component"];
    let mut listed = BTreeSet::from([known(program)]);
    let mut references = BTreeSet::from([text(&program["bom-ref"])]);
    list(document, "components").retain(|component| {
        let is_built = built.contains(&known(component));
        if is_built {
            listed.insert(known(component));
            references.insert(text(&component["bom-ref"]));
        }
        is_built
    });
    let dependencies = list(document, "dependencies");
    dependencies.retain(|dependency| references.contains(&text(&dependency["ref"])));
    for dependency in dependencies {
        list(dependency, "dependsOn").retain(|used| references.contains(&text(used)));
    }
    listed
}

/// The list under a key, which is made where there is none.
fn list<'a>(value: &'a mut Value, key: &str) -> &'a mut Vec<Value> {
    let list = &mut value[key];
    if !list.is_array() {
        *list = Value::Array(Vec::new());
    }
    list.as_array_mut().expect("an array was put there")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_built_is_cut_with_all_that_refers_to_it() {
        let component = |name: &str| json!({"name": name, "version": "1.0.0", "bom-ref": format!("#{name}")});
        let mut document = json!({
            "metadata": {"component": component("freehold")},
            "components": [component("sled"), component("openssl")],
            "dependencies": [
                {"ref": "#freehold", "dependsOn": ["#sled", "#openssl"]},
                {"ref": "#sled"},
                {"ref": "#openssl", "dependsOn": ["#sled"]},
            ],
        });
        let built =
            crates("freehold v1.0.0 (/x)\nsled v1.0.0\nsled v1.0.0 (*)\n\npaste v1.0.0 (proc-macro)\n");
        let listed = cut(&mut document, &built);
        assert_eq!(document["components"], json!([component("sled")]));
        assert_eq!(
            document["dependencies"],
            json!([{"ref": "#freehold", "dependsOn": ["#sled"]}, {"ref": "#sled", "dependsOn": []}])
        );
        let missing: Vec<_> = built.difference(&listed).collect();
        assert_eq!(missing, [&("paste".to_owned(), "1.0.0".to_owned())]);
    }
}
