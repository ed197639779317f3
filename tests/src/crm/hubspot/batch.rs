//! `batch/upsert`, `batch/update` and `batch/read`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answer, BATCH_MAX, HubSpot, MOMENT, error, invalid, keys, names};

/// One input of an upsert that was read.
struct Input {
    id: String,
    by: Option<String>,
    trace: Option<String>,
    properties: BTreeMap<String, String>,
}

/// Why one input was not written.
struct Refusal {
    status: u16,
    category: &'static str,
    text: String,
}

impl HubSpot {
    pub(super) fn upsert(&mut self, body: &Value) -> Result<Answer, Answer> {
        self.write(body, true)
    }

    pub(super) fn update(&mut self, body: &Value) -> Result<Answer, Answer> {
        self.write(body, false)
    }

    fn write(&mut self, body: &Value, make: bool) -> Result<Answer, Answer> {
        keys(body, &["inputs"])?;
        let inputs = read_inputs(body)?;
        // A batch is one or nothing, unless each input can be named in an error.
        let partial = inputs.iter().all(|input| input.trace.is_some());
        let before = self.contacts.clone();
        let (mut results, mut errors) = (Vec::new(), Vec::new());
        for input in inputs {
            match self.write_one(&input, make) {
                Ok((id, new)) => {
                    let asked: Vec<String> = input.properties.keys().chain(&input.by).cloned().collect();
                    let mut shown = self.shown(id, &asked);
                    if make {
                        shown["new"] = json!(new);
                    }
                    if self.echoes_traces {
                        shown["objectWriteTraceId"] = json!(input.trace);
                    }
                    results.push(shown);
                }
                Err(refusal) if partial => {
                    errors.push(json!({ "status": "error", "category": refusal.category,
                    "message": refusal.text, "context": { "objectWriteTraceId": [input.trace] }, "errors": [],
                    "links": {} }))
                }
                Err(refusal) => {
                    self.contacts = before;
                    return Err(error(refusal.status, refusal.category, &refusal.text));
                }
            }
        }
        Ok(batch(results, errors))
    }

    fn write_one(&mut self, input: &Input, make: bool) -> Result<(u64, bool), Refusal> {
        let refuse = |category, text: String| Refusal { status: 400, category, text };
        let own = self.own(input, make)?;
        if self.refused.contains(&input.id)
            || input.properties.values().any(|value| self.refused.contains(value))
            || own
                .and_then(|id| self.contacts.get(&id))
                .is_some_and(|contact| contact.properties.values().any(|value| self.refused.contains(value)))
        {
            let text = "Property values were not valid: a rule of this account refused it".to_owned();
            return Err(refuse("VALIDATION_ERROR", text));
        }
        let kept = self.kept(&input.properties)?;
        if kept.get("email").is_some_and(|email| self.blocked.contains(email)) {
            let text = "The address was deleted for GDPR and is blocked".to_owned();
            return Err(refuse("VALIDATION_ERROR", text));
        }
        for (name, value) in kept.iter().filter(|(_, value)| !value.is_empty()) {
            let unique = self.properties.get(name).is_some_and(|property| property.unique);
            let other = self.find(name, value).map(|(id, _)| id).filter(|id| unique && Some(*id) != own);
            if let Some(id) = other {
                let text = format!("Contact already exists. Existing ID: {id}");
                return Err(Refusal { status: 409, category: "CONFLICT", text });
            }
        }
        let id = own.unwrap_or(self.next_id);
        if own.is_none() {
            self.next_id += 1;
        }
        let contact = self.contacts.entry(id).or_default();
        if let Some(by) = &input.by {
            contact.properties.insert(by.clone(), input.id.clone());
        }
        contact.properties.extend(kept);
        contact.properties.retain(|_, value| !value.is_empty());
        contact.indexed = false;
        Ok((id, own.is_none()))
    }

    /// The contact that an input names; none where one is to be made.
    fn own(&self, input: &Input, make: bool) -> Result<Option<u64>, Refusal> {
        let found = match &input.by {
            Some(by) if !self.properties.get(by).is_some_and(|property| property.unique) => {
                let text = format!("{by} is not a unique property");
                return Err(Refusal { status: 400, category: "VALIDATION_ERROR", text });
            }
            Some(by) => self.find(by, &input.id).map(|(id, _)| id),
            None => input.id.parse().ok().filter(|id| self.contacts.get(id).is_some_and(|c| !c.archived)),
        };
        if found.is_none() && (!make || input.by.is_none()) {
            let text = "resource not found".to_owned();
            return Err(Refusal { status: 404, category: "OBJECT_NOT_FOUND", text });
        }
        Ok(found)
    }

    /// The values as they are kept.
    fn kept(&self, properties: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Refusal> {
        let mut kept = BTreeMap::new();
        for (name, value) in properties {
            let checked = match self.properties.get(name) {
                None => Err("PROPERTY_DOESNT_EXIST"),
                Some(property) => property.kept(value),
            };
            let value = checked.map_err(|code| {
                let detail = json!([{ "isValid": false, "error": code, "name": name }]);
                let text = format!("Property values were not valid: {detail}");
                Refusal { status: 400, category: "VALIDATION_ERROR", text }
            })?;
            kept.insert(name.clone(), value);
        }
        Ok(kept)
    }

    pub(super) fn read(&self, body: &Value) -> Result<Answer, Answer> {
        keys(body, &["inputs", "idProperty", "properties", "propertiesWithHistory"])?;
        if !body["propertiesWithHistory"].is_array() {
            return Err(invalid("propertiesWithHistory is missing"));
        }
        let (asked, by) = (names(&body["properties"])?, body["idProperty"].as_str());
        if by.is_some_and(|by| !self.properties.get(by).is_some_and(|p| p.unique)) {
            return Err(invalid("idProperty is not a unique property"));
        }
        let (mut results, mut missing) = (Vec::new(), Vec::new());
        for input in list(body)? {
            keys(input, &["id"])?;
            let wanted = input["id"].as_str().ok_or_else(|| invalid("id must be a text"))?;
            let found = match by {
                Some(by) => self.find(by, wanted).map(|(id, _)| id),
                None => wanted.parse().ok().filter(|id| self.contacts.get(id).is_some_and(|c| !c.archived)),
            };
            match found {
                Some(id) => results.push(self.shown(id, &asked)),
                None => missing.push(wanted.to_owned()),
            }
        }
        let text = "Could not get some CONTACT objects, they may be deleted or not exist.";
        let errors = match missing.is_empty() {
            true => Vec::new(),
            false => vec![json!({ "status": "error", "category": "OBJECT_NOT_FOUND", "message": text,
                "context": { "ids": missing }, "errors": [], "links": {} })],
        };
        Ok(batch(results, errors))
    }
}

fn batch(results: Vec<Value>, errors: Vec<Value>) -> Answer {
    let mut body =
        json!({ "status": "COMPLETE", "results": results, "startedAt": MOMENT, "completedAt": MOMENT });
    if errors.is_empty() {
        return Answer::json(200, &body);
    }
    body["numErrors"] = json!(errors.len());
    body["errors"] = json!(errors);
    Answer::json(207, &body)
}

fn list(body: &Value) -> Result<&Vec<Value>, Answer> {
    match body["inputs"].as_array() {
        Some(list) if list.len() > BATCH_MAX => Err(invalid("The batch size is over the limit of 100")),
        Some(list) if list.is_empty() => Err(invalid("inputs is empty")),
        Some(list) => Ok(list),
        None => Err(invalid("inputs is missing")),
    }
}

fn read_inputs(body: &Value) -> Result<Vec<Input>, Answer> {
    let mut inputs: Vec<Input> = Vec::new();
    for input in list(body)? {
        keys(input, &["id", "idProperty", "properties", "objectWriteTraceId"])?;
        let text = |name: &str| input[name].as_str().map(str::to_owned);
        let id = text("id").ok_or_else(|| invalid("id must be a text"))?;
        if inputs.iter().any(|other| other.id == id) {
            return Err(invalid("Duplicate IDs found in batch input. IDs must be unique"));
        }
        let members = input["properties"].as_object().ok_or_else(|| invalid("properties is missing"))?;
        let properties: Option<BTreeMap<String, String>> =
            members.iter().map(|(n, v)| v.as_str().map(|v| (n.clone(), v.to_owned()))).collect();
        inputs.push(Input {
            id,
            by: text("idProperty"),
            trace: text("objectWriteTraceId"),
            properties: properties.ok_or_else(|| invalid("property values must be texts"))?,
        });
    }
    Ok(inputs)
}
