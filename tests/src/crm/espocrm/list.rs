//! The list of contacts, and what is searched for in it.

use serde_json::{Map, Value, json};

use super::{Answer, EspoCrm, Request, reason};

/// Most records of one list (`recordListMaxSizeLimit`).
const LIST_MAX: u64 = 200;

impl EspoCrm {
    pub(super) fn list(&self, request: &Request) -> Result<Answer, Answer> {
        let parameters = match request.asked("searchParams") {
            Some(text) => serde_json::from_str(text).map_err(|_| reason(400, "Bad searchParams"))?,
            None => from_query(request),
        };
        let size = match &parameters["maxSize"] {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        };
        if size.is_some_and(|size| size > LIST_MAX) {
            return Err(reason(403, "Max size should not exceed 200. Use offset and limit."));
        }
        let mut found: Vec<&String> = Vec::new();
        for (id, _) in self.contacts.iter().filter(|(_, contact)| !contact.deleted) {
            let mut matches = true;
            for item in parameters["where"].as_array().into_iter().flatten() {
                matches &= self.matches(id, item)?;
            }
            if matches {
                found.push(id);
            }
        }
        let total = found.len();
        let size = usize::try_from(size.unwrap_or(20)).unwrap_or(usize::MAX);
        let select = parameters["select"].as_str();
        let list: Vec<Value> = found.into_iter().take(size).map(|id| self.shown(id, select)).collect();
        Ok(Answer::json(200, &json!({ "total": total, "list": list })))
    }

    fn matches(&self, id: &String, item: &Value) -> Result<bool, Answer> {
        let attribute = item["attribute"].as_str().unwrap_or_default();
        if attribute != "id" && self.length(attribute).is_none() {
            return Err(reason(400, "Bad where"));
        }
        let value = match attribute {
            "id" => Some(id),
            _ => self.contacts.get(id).and_then(|contact| contact.attributes.get(attribute)),
        };
        match item["type"].as_str() {
            Some("equals") => Ok(value.is_some() && value.map(String::as_str) == item["value"].as_str()),
            Some("in") => {
                let wanted = item["value"].as_array().ok_or_else(|| reason(400, "Bad where"))?;
                Ok(value.is_some_and(|value| wanted.iter().any(|w| w == value)))
            }
            _ => Err(reason(400, "Bad where")),
        }
    }
}

fn from_query(request: &Request) -> Value {
    let mut parameters = Map::new();
    for name in ["maxSize", "offset", "select"] {
        if let Some(value) = request.asked(name) {
            parameters.insert(name.to_owned(), json!(value));
        }
    }
    let mut items = Vec::new();
    while let Some(kind) = request.asked(&format!("where[{}][type]", items.len())) {
        let at = items.len();
        let attribute = request.asked(&format!("where[{at}][attribute]"));
        let several = format!("where[{at}][value][]");
        let list: Vec<&String> =
            request.query.iter().filter(|(name, _)| *name == several).map(|(_, value)| value).collect();
        let value = match request.asked(&format!("where[{at}][value]")) {
            Some(value) => json!(value),
            None => json!(list),
        };
        items.push(json!({ "type": kind, "attribute": attribute, "value": value }));
    }
    parameters.insert("where".to_owned(), json!(items));
    Value::Object(parameters)
}
