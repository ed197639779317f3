//! One vector: what stands in its file.

use std::fmt::Write as _;

use freehold_protocol::code::Code;
use serde_json::{Map, Value, json};

/// A vector and where it goes.
#[derive(Debug)]
pub(crate) struct Vector {
    place: String,
    file: Map<String, Value>,
}

impl Vector {
    /// Something that a peer must take.
    pub(crate) fn accept(page: &str, name: &str, rule: &str, description: &str) -> Self {
        Self::new(&format!("{page}/accept"), name, rule, description, json!({"verdict": "accept"}))
    }

    /// Something that a peer must refuse; with the code where a page names one.
    pub(crate) fn reject(
        page: &str,
        name: &str,
        code: impl Into<Option<Code>>,
        rule: &str,
        description: &str,
    ) -> Self {
        let expect = match code.into() {
            None => json!({"verdict": "reject"}),
            Some(code) => json!({"verdict": "reject", "code": code.number(), "slug": code.slug()}),
        };
        Self::new(&format!("{page}/reject"), name, rule, description, expect)
    }

    fn new(folder: &str, name: &str, rule: &str, description: &str, expect: Value) -> Self {
        let mut file = Map::new();
        file.insert("description".into(), description.into());
        file.insert("rule".into(), rule.into());
        file.insert("expect".into(), expect);
        file.insert("steps".into(), json!({}));
        Self { place: format!("{folder}/{name}.json"), file }
    }

    /// A whole conversation.
    pub(crate) fn sequence(name: &str, rule: &str, description: &str, rest: Value) -> Self {
        let mut file = Map::new();
        file.insert("description".into(), description.into());
        file.insert("rule".into(), rule.into());
        if let Value::Object(rest) = rest {
            file.extend(rest);
        }
        Self { place: format!("sequences/{name}.json"), file }
    }

    /// What a peer is given; `check` names what it does with it.
    pub(crate) fn input(mut self, check: &str, mut input: Value) -> Self {
        input["check"] = check.into();
        self.file.insert("input".into(), input);
        self
    }

    /// Every value on the way.
    pub(crate) fn steps(mut self, steps: Value) -> Self {
        self.file.insert("steps".into(), steps);
        self
    }

    /// Its file below `specs/vectors`.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// The file's text: indented, members sorted.
    pub(crate) fn text(&self) -> String {
        let sorted = sorted(&Value::Object(self.file.clone()));
        let mut text = serde_json::to_string_pretty(&sorted).expect("JSON is written");
        text.push('\n');
        text
    }
}

/// Sorts members whatever map this build of `serde_json` has.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut names: Vec<&String> = map.keys().collect();
            names.sort();
            Value::Object(names.into_iter().map(|name| (name.clone(), sorted(&map[name]))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes text");
        text
    })
}
