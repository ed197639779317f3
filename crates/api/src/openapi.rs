//! The description of a person's calls, made from their types.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::server::{Calls, DESCRIPTION, person};
use crate::{ADDRESS, Call, Scope};

/// Where the forms are in the document.
const FORMS: &str = "/components/schemas";

/// The answer of whatever fails.
const PROBLEM: &str = "#/components/responses/Problem";

/// What can be wrong with any call, beside what its own errors' codes say.
const REFUSALS: [(&str, &str); 10] = [
    ("400", "The parameters are wrong"),
    ("401", "No token, or not one of this node's"),
    ("403", "The token does not allow it"),
    ("404", "There is nothing with this id or path"),
    ("409", "Not possible as things are"),
    ("413", "More than a call may carry"),
    ("422", "A value is not acceptable"),
    ("429", "Too many wrong tokens; `Retry-After` says for how long"),
    ("503", "The node is stopping"),
    ("504", "It takes longer, and goes on"),
];

/// Makes the forms of what goes in and of what comes out, which differ: what may be left out of a call is always in an answer.
pub(crate) struct Forms {
    given: SchemaGenerator,
    told: SchemaGenerator,
}

/// The forms of one call.
pub(crate) struct Shape {
    /// The call's own form, whole.
    call: Schema,
    /// A reference to it.
    given: Schema,
    /// A reference to the answer's.
    told: Schema,
}

impl Forms {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = FORMS.into();
                settings.meta_schema = None;
                settings.transforms.push(Box::new(RecursiveTransform(bound)));
            })
        };
        Self {
            given: settings().for_deserialize().into_generator(),
            told: settings().for_serialize().into_generator(),
        }
    }

    /// The forms of a call.
    pub(crate) fn shape<C>(&mut self) -> Shape
    where
        C: Call<Answer: JsonSchema> + JsonSchema,
    {
        let given = self.given.subschema_for::<C>();
        let told = self.told.subschema_for::<C::Answer>();
        let mut call = C::json_schema(&mut self.given);
        RecursiveTransform(bound).transform(&mut call);
        Shape { call, given, told }
    }

    /// All forms that were referred to.
    fn all(mut self) -> Map<String, Value> {
        let problem = self.told.subschema_for::<freehold_web::Problem>();
        debug_assert!(problem.get("$ref").is_some());
        let (given, mut all) = (self.given.take_definitions(true), self.told.take_definitions(true));
        for (name, form) in given {
            // A form of both would have to be the same in both.
            let before = all.insert(name.clone(), form.clone());
            assert!(before.is_none_or(|before| before == form), "{name} has two forms");
        }
        all
    }
}

/// Says how large a number may be: JSON knows no largest one, and parsers here do.
fn bound(form: &mut Schema) {
    let format = form.get("format").and_then(Value::as_str);
    let maximum = match format {
        Some("uint" | "uint64") => u64::MAX,
        Some("uint32") => u64::from(u32::MAX),
        _ => return,
    };
    form.insert("maximum".to_owned(), maximum.into());
}

/// The description of what a person's node serves, made anew. [`crate::OPENAPI`] is its committed form.
///
/// # Panics
/// When one type has two forms, as parameter and as answer: then it has to become two types.
#[must_use]
pub fn openapi() -> Value {
    document(&person::calls())
}

fn document<E>(calls: &Calls<E>) -> Value {
    let mut forms = Forms::new();
    let mut paths = Map::new();
    paths.insert(
        DESCRIPTION.to_owned(),
        json!({ "get": {
            "operationId": "openapi",
            "summary": "This description",
            "security": [],
            "responses": {
                "200": {
                    "description": "Done",
                    "content": { "application/json": { "schema": { "type": "object" } } },
                },
                "default": { "$ref": PROBLEM },
            },
        } }),
    );
    for served in calls.served() {
        let Some(shape) = &served.shape else { continue };
        let shape = shape(&mut forms);
        let mut methods = Map::new();
        if served.only_reads() {
            methods.insert("get".to_owned(), reading(served.name, served.scope, &shape));
        }
        methods.insert("post".to_owned(), calling(served.name, served.scope, &shape));
        paths.insert(format!("/{}", served.name), Value::Object(methods));
    }
    let scopes = Scope::ALL.map(|scope| format!("`{scope}`"));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Freehold: a person's node",
            "version": "1",
            "description": format!(
                "Everything a person can see and do on their node, for their own scripts and programs. Each needs a token \
                 (`freehold token create`), and each operation one of the token's scopes: {}. What fails answers a \
                 problem (RFC 9457) whose `code` is matched; `specs/exit-codes.md` lists the codes.",
                scopes.join(", ")
            ),
        },
        "servers": [{ "url": ADDRESS }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "responses": { "Problem": {
                "description": "Refused: `code` says why, and `detail` what to do",
                "content": { freehold_web::PROBLEM_TYPE: { "schema": { "$ref": format!("#{FORMS}/Problem") } } },
            } },
            "schemas": forms.all(),
        },
    })
}

/// The operation with its parameters in the body.
fn calling(name: &str, scope: Scope, shape: &Shape) -> Value {
    let needed = shape.call.get("required").and_then(Value::as_array).is_some_and(|it| !it.is_empty());
    let mut operation = operation(name, scope, shape);
    operation.insert(
        "requestBody".to_owned(),
        json!({ "required": needed, "content": { "application/json": { "schema": shape.given } } }),
    );
    Value::Object(operation)
}

/// The operation with its parameters in the query.
fn reading(name: &str, scope: Scope, shape: &Shape) -> Value {
    let mut operation = operation(&format!("{name}-query"), scope, shape);
    let required = shape.call.get("required").and_then(Value::as_array);
    let none = Map::new();
    let properties = shape.call.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let parameters: Vec<Value> = properties
        .iter()
        .map(|(name, form)| {
            let mut form = form.clone();
            let description = form.as_object_mut().and_then(|form| form.remove("description"));
            json!({
                "name": name,
                "in": "query",
                "required": required.is_some_and(|required| required.iter().any(|it| it == name)),
                "description": description,
                "schema": present(form),
            })
        })
        .collect();
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), Value::Array(parameters));
    }
    Value::Object(operation)
}

/// A form without the absence that no query can spell out.
fn present(mut form: Value) -> Value {
    if let Some(types) = form.get("type").and_then(Value::as_array) {
        let types: Vec<Value> = types.iter().filter(|it| *it != "null").cloned().collect();
        form["type"] = if let [one] = &types[..] { one.clone() } else { Value::Array(types) };
    }
    form
}

fn operation(id: &str, scope: Scope, shape: &Shape) -> Map<String, Value> {
    let mut responses = Map::new();
    let answer = json!({
        "description": "Done",
        "content": { "application/json": { "schema": shape.told } },
    });
    responses.insert("200".to_owned(), answer);
    for (status, description) in REFUSALS {
        responses.insert(status.to_owned(), json!({ "$ref": PROBLEM, "description": description }));
    }
    responses.insert("default".to_owned(), json!({ "$ref": PROBLEM }));
    let mut operation = Map::new();
    let text = shape.call.get("description").and_then(Value::as_str).unwrap_or_default();
    let (summary, more) = text.split_once("\n\n").unwrap_or((text, ""));
    let summary = summary.replace('\n', " ");
    operation.insert("operationId".to_owned(), id.into());
    operation.insert("summary".to_owned(), summary.trim_end_matches('.').into());
    if !more.is_empty() {
        operation.insert("description".to_owned(), more.into());
    }
    operation.insert("security".to_owned(), json!([{ "token": [scope] }]));
    operation.insert("responses".to_owned(), Value::Object(responses));
    operation
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// With this the committed document is written instead of compared.
    const REWRITE_VARIABLE: &str = "FREEHOLD_REWRITE";

    #[test]
    fn the_committed_document_is_what_the_types_say() {
        let text = format!("{:#}\n", openapi());
        if std::env::var_os(REWRITE_VARIABLE).is_some() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
            std::fs::write(path, &text).unwrap();
            return;
        }
        let same = text == crate::OPENAPI;
        assert!(same, "openapi.json is another: {REWRITE_VARIABLE}=1 cargo test -p freehold-api openapi");
    }

    #[test]
    fn every_operation_says_what_it_is_and_what_a_token_must_allow() {
        let document = openapi();
        let mut ids = std::collections::BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{path} {method}");
                let summary = operation["summary"].as_str().unwrap();
                assert!(!summary.is_empty() && summary.len() < 160, "{path}: {summary}");
                if path != DESCRIPTION {
                    let scope = operation["security"][0]["token"][0].as_str().unwrap();
                    assert!(scope.parse::<Scope>().is_ok(), "{path}: {scope}");
                }
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    assert!(parameter["description"].is_string(), "{path}: {parameter}");
                    assert!(parameter["schema"]["type"].is_string(), "{path}: {parameter}");
                }
            }
        }
    }
}
