//! The methods of `res.partner` and `res.country`.

use serde_json::{Map, Value, json};

use super::{Error, Odoo, Record};

/// Fields of `res.partner` that are texts.
const TEXTS: [&str; 17] = [
    "name",
    "email",
    "phone",
    "street",
    "street2",
    "city",
    "zip",
    "vat",
    "tz",
    "ref",
    "function",
    "website",
    "lang",
    "comment",
    "type",
    "barcode",
    "company_name",
];

/// What a user sees of a deletion that a foreign key refuses.
const REFERENCED: &str =
    "The operation cannot be completed: another model is using the record you are trying to delete.";

impl Odoo {
    pub(super) fn partner(&mut self, method: &str, body: &Value) -> Result<Value, Error> {
        match method {
            "search_read" => {
                arguments(
                    body,
                    &["domain", "fields", "offset", "limit", "order", "context"],
                    "search_read() ",
                )?;
                let fields = texts(&body["fields"])?;
                if let Some(unknown) = fields.iter().find(|name| !self.is_field(name)) {
                    return Err(unknown_field(unknown));
                }
                let mut found = Vec::new();
                for (id, record) in &self.partners {
                    if self.matches(*id, record, body)? {
                        found.push(self.shown(*id, record, &fields));
                    }
                }
                let limit = body["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok());
                found.truncate(limit.unwrap_or(usize::MAX));
                Ok(json!(found))
            }
            "create" => {
                arguments(body, &["vals_list", "context"], "create() ")?;
                let list = body["vals_list"].as_array().ok_or_else(|| missing("vals_list"))?;
                let ids: Result<Vec<i64>, Error> = list.iter().map(|vals| self.create(vals)).collect();
                Ok(json!(ids?))
            }
            "write" => {
                arguments(body, &["ids", "vals", "context"], "write() ")?;
                let vals = body["vals"].as_object().ok_or_else(|| missing("vals"))?;
                for id in self.browse(body)? {
                    self.store(id, vals)?;
                }
                Ok(json!(true))
            }
            "unlink" => {
                arguments(body, &["ids", "context"], "unlink() ")?;
                self.unlink(body)
            }
            "fields_get" => {
                arguments(body, &["allfields", "attributes", "context"], "fields_get() ")?;
                let names = TEXTS.iter().map(|name| ((*name).to_owned(), "char"));
                let own = [
                    (self.external.clone(), "char"),
                    ("active".to_owned(), "boolean"),
                    ("country_id".to_owned(), "many2one"),
                    ("parent_id".to_owned(), "many2one"),
                    ("child_ids".to_owned(), "one2many"),
                    ("is_company".to_owned(), "boolean"),
                ];
                let shown: Map<String, Value> = names
                    .chain(own)
                    .map(|(name, kind)| (name, json!({ "type": kind, "readonly": false })))
                    .collect();
                Ok(Value::Object(shown))
            }
            _ => Err(no_method("res.partner", method)),
        }
    }

    /// Commands on `child_ids`: `[0, 0, vals]` makes a child, `[1, id, vals]` changes one, `[2, id, 0]` deletes one.
    fn children(&mut self, parent: i64, commands: &Value) -> Result<(), Error> {
        let wrong = || Error(500, "builtins.ValueError", "Wrong value for res.partner.child_ids".to_owned());
        for command in commands.as_array().ok_or_else(wrong)? {
            let own = |id: &Value| {
                let child = id.as_i64().filter(|id| {
                    self.partners.get(id).is_some_and(|child| child.get("parent_id") == Some(&json!(parent)))
                });
                child.ok_or_else(wrong)
            };
            match command.as_array().map(Vec::as_slice) {
                Some([code, _, Value::Object(vals)]) if code == 0 => {
                    let id = self.next_id;
                    self.next_id += 1;
                    let child =
                        [("active", json!(true)), ("parent_id", json!(parent)), ("type", json!("contact"))];
                    let child = child.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                    self.partners.insert(id, child);
                    self.store(id, vals)?;
                }
                Some([code, id, Value::Object(vals)]) if code == 1 => {
                    let id = own(id)?;
                    self.store(id, vals)?;
                }
                Some([code, id, _]) if code == 2 => {
                    let id = own(id)?;
                    self.partners.remove(&id);
                }
                _ => return Err(wrong()),
            }
        }
        Ok(())
    }

    pub(super) fn country(&self, method: &str, body: &Value) -> Result<Value, Error> {
        if method != "search_read" {
            return Err(no_method("res.country", method));
        }
        arguments(body, &["domain", "fields", "offset", "limit", "order", "context"], "search_read() ")?;
        let mut found = Vec::new();
        for (id, (code, name)) in &self.countries {
            let record = Record::from([("code".to_owned(), json!(code)), ("name".to_owned(), json!(name))]);
            let mut matches = true;
            for condition in domain(body)? {
                matches &= condition.holds(*id, &record)?;
            }
            if matches {
                found.push(json!({ "id": id, "code": code, "name": name }));
            }
        }
        Ok(json!(found))
    }

    fn is_field(&self, name: &str) -> bool {
        TEXTS.contains(&name)
            || name == self.external
            || ["id", "active", "country_id", "is_company", "parent_id", "child_ids"].contains(&name)
    }

    fn matches(&self, id: i64, record: &Record, body: &Value) -> Result<bool, Error> {
        let conditions = domain(body)?;
        // Archived records are found only when asked for, by the context or by the domain.
        let hidden =
            body["context"]["active_test"] != false && conditions.iter().all(|c| c.field != "active");
        let mut matches = !hidden || record.get("active").is_some_and(|active| active == true);
        for condition in conditions {
            if !self.is_field(&condition.field) {
                return Err(unknown_field(&condition.field));
            }
            matches &= condition.holds(id, record)?;
        }
        Ok(matches)
    }

    fn create(&mut self, vals: &Value) -> Result<i64, Error> {
        let vals = vals.as_object().ok_or_else(|| missing("vals_list"))?;
        if vals.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
            let text = "Contacts require a name".to_owned();
            return Err(Error(422, "odoo.exceptions.ValidationError", text));
        }
        let id = self.next_id;
        self.next_id += 1;
        self.partners.insert(id, Record::from([("active".to_owned(), json!(true))]));
        self.store(id, vals)?;
        Ok(id)
    }

    fn store(&mut self, id: i64, vals: &Map<String, Value>) -> Result<(), Error> {
        for (name, value) in vals {
            if !self.is_field(name) || name == "id" {
                let text = format!("Invalid field '{name}' in 'res.partner'");
                return Err(Error(500, "builtins.ValueError", text));
            }
            if name == "child_ids" {
                self.children(id, value)?;
                continue;
            }
            let fits = match name.as_str() {
                "active" | "is_company" => value.is_boolean(),
                "country_id" => {
                    value == false || value.as_i64().is_some_and(|id| self.countries.contains_key(&id))
                }
                _ => value.is_string() || value == false,
            };
            if !fits {
                return Err(Error(500, "builtins.ValueError", format!("Wrong value for res.partner.{name}")));
            }
            let empty = value == false && name != "active" || value == "";
            if name == "name" && empty {
                let text = "Contacts require a name".to_owned();
                return Err(Error(422, "odoo.exceptions.ValidationError", text));
            }
            if *name == self.external && value.as_str().is_some_and(|value| self.refused.contains(value)) {
                let text = "A constraint of this database refuses the record".to_owned();
                return Err(Error(422, "odoo.exceptions.ValidationError", text));
            }
            let record = self.partners.get_mut(&id).ok_or_else(|| gone(id))?;
            match empty {
                true => record.remove(name),
                false => record.insert(name.clone(), value.clone()),
            };
        }
        let refused = |record: &Record| {
            record
                .get(&self.external)
                .and_then(Value::as_str)
                .is_some_and(|value| self.refused.contains(value))
        };
        if self.partners.get(&id).is_some_and(refused) {
            let text = "A constraint of this database refuses the record".to_owned();
            return Err(Error(422, "odoo.exceptions.ValidationError", text));
        }
        Ok(())
    }

    fn unlink(&mut self, body: &Value) -> Result<Value, Error> {
        if !self.may_delete {
            let text = "You are not allowed to delete 'Contact' (res.partner) records.".to_owned();
            return Err(Error(403, "odoo.exceptions.AccessError", text));
        }
        for id in self.browse(body)? {
            if self.referenced.contains(&id) {
                return Err(Error(422, "odoo.exceptions.ValidationError", REFERENCED.to_owned()));
            }
            self.partners.remove(&id);
            self.partners.retain(|_, child| child.get("parent_id") != Some(&json!(id)));
        }
        Ok(json!(true))
    }

    fn browse(&self, body: &Value) -> Result<Vec<i64>, Error> {
        let list = body["ids"].as_array().ok_or_else(|| missing("ids"))?;
        let ids: Option<Vec<i64>> = list.iter().map(Value::as_i64).collect();
        let ids = ids.ok_or_else(|| missing("ids"))?;
        match ids.iter().find(|id| !self.partners.contains_key(id)) {
            Some(id) => Err(gone(*id)),
            None => Ok(ids),
        }
    }

    /// What was asked for; an empty field is `false`, and a link is its id with a name.
    fn shown(&self, id: i64, record: &Record, fields: &[String]) -> Value {
        let mut shown = Map::new();
        shown.insert("id".to_owned(), json!(id));
        for name in fields.iter().filter(|name| *name != "id") {
            let value = record.get(name).cloned().unwrap_or(json!(false));
            let value = match (name.as_str(), value.as_i64()) {
                ("child_ids", _) => {
                    let children =
                        self.partners.iter().filter(|(_, child)| child.get("parent_id") == Some(&json!(id)));
                    json!(children.map(|(id, _)| *id).collect::<Vec<i64>>())
                }
                ("parent_id", Some(parent)) => json!([parent, "parent"]),
                ("country_id", Some(country)) => {
                    json!([country, self.countries.get(&country).map(|(_, name)| *name)])
                }
                _ => value,
            };
            shown.insert(name.clone(), value);
        }
        Value::Object(shown)
    }
}

/// One condition of a domain; conditions side by side are joined by "and".
struct Condition {
    field: String,
    operator: String,
    value: Value,
}

impl Condition {
    fn holds(&self, id: i64, record: &Record) -> Result<bool, Error> {
        let own = match self.field.as_str() {
            "id" => json!(id),
            name => record.get(name).cloned().unwrap_or(json!(false)),
        };
        match self.operator.as_str() {
            "=" => Ok(own == self.value),
            "!=" => Ok(own != self.value),
            "in" => {
                let list = self.value.as_array().ok_or_else(bad_domain)?;
                Ok(list.contains(&own))
            }
            _ => Err(bad_domain()),
        }
    }
}

fn domain(body: &Value) -> Result<Vec<Condition>, Error> {
    let list = body["domain"].as_array().ok_or_else(|| missing("domain"))?;
    list.iter()
        .map(|item| match item.as_array().map(Vec::as_slice) {
            Some([Value::String(field), Value::String(operator), value]) => {
                Ok(Condition { field: field.clone(), operator: operator.clone(), value: value.clone() })
            }
            _ => Err(bad_domain()),
        })
        .collect()
}

fn arguments(body: &Value, known: &[&str], method: &str) -> Result<(), Error> {
    let unknown = body.as_object().into_iter().flatten().find(|(name, _)| !known.contains(&name.as_str()));
    match unknown {
        None => Ok(()),
        Some((name, _)) if name == "ids" => {
            let text = format!("cannot call res.partner.{}with ids", method.replace("() ", " "));
            Err(Error(422, "werkzeug.exceptions.UnprocessableEntity", text))
        }
        Some((name, _)) => {
            let text = format!("got an unexpected keyword argument '{name}'");
            Err(Error(422, "werkzeug.exceptions.UnprocessableEntity", text))
        }
    }
}

fn texts(value: &Value) -> Result<Vec<String>, Error> {
    let list = value.as_array().ok_or_else(|| missing("fields"))?;
    Ok(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn missing(name: &str) -> Error {
    let text = format!("missing a required argument: '{name}'");
    Error(422, "werkzeug.exceptions.UnprocessableEntity", text)
}

fn bad_domain() -> Error {
    Error(500, "builtins.ValueError", "Domain() invalid item in domain".to_owned())
}

fn unknown_field(name: &str) -> Error {
    Error(500, "builtins.ValueError", format!("Invalid field '{name}' on model 'res.partner'"))
}

fn no_method(model: &str, method: &str) -> Error {
    let text = format!("The method '{model}.{method}' does not exist");
    Error(404, "werkzeug.exceptions.NotFound", text)
}

fn gone(id: i64) -> Error {
    let text = format!("Record does not exist or has been deleted.\n(Record: res.partner({id},), User: 2)");
    Error(404, "odoo.exceptions.MissingError", text)
}
