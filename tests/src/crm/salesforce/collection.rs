//! `PATCH composite/sobjects/Contact/FIELD`, an upsert of several records, and `PATCH composite/sobjects`, an update.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Answer, RECORDS_MAX, Request, Salesforce, error};

/// Why a record was not written: status code, text, fields.
type Refusal = (&'static str, String, Vec<String>);

impl Salesforce {
    /// Writes records by an external id, or by their own where there is none.
    pub(super) fn collection(&mut self, by: Option<&str>, request: &Request) -> Result<Answer, Answer> {
        let malformed = || error(400, "JSON_PARSER_ERROR", "The HTTP entity body is not valid");
        let body = request.json().ok_or_else(malformed)?;
        let members = body.as_object().ok_or_else(malformed)?;
        if members.keys().any(|name| name != "allOrNone" && name != "records") {
            return Err(malformed());
        }
        let all_or_none = match &body["allOrNone"] {
            Value::Bool(value) => *value,
            Value::Null => false,
            _ => return Err(malformed()),
        };
        let records = body["records"].as_array().ok_or_else(malformed)?;
        if records.len() > RECORDS_MAX {
            let text = "record limit reached. cannot submit more than 200 records into this call";
            return Err(error(400, "EXCEEDED_ID_LIMIT", text));
        }
        if by.is_some_and(|by| !self.fields.get(by).is_some_and(|field| field.external)) {
            let text = "Provided external ID field does not exist or is not accessible";
            return Err(error(404, "NOT_FOUND", text));
        }
        let before = (self.contacts.clone(), self.next_id);
        let mut seen = Vec::new();
        let results: Vec<Result<(String, bool), Refusal>> =
            records.iter().map(|record| self.write_one(by, record, &mut seen)).collect();
        let failed = results.iter().any(Result::is_err);
        if all_or_none && failed {
            (self.contacts, self.next_id) = before;
        }
        let shown: Vec<Value> = results
            .into_iter()
            .map(|result| match result {
                Ok((id, created)) if !(all_or_none && failed) => {
                    json!({ "id": id, "success": true, "created": created, "errors": [] })
                }
                Ok(_) => refused(("ALL_OR_NONE_OPERATION_ROLLED_BACK", String::new(), Vec::new())),
                Err(refusal) => refused(refusal),
            })
            .collect();
        Ok(Answer::json(200, &json!(shown)))
    }

    fn write_one(
        &mut self,
        by: Option<&str>,
        record: &Value,
        seen: &mut Vec<String>,
    ) -> Result<(String, bool), Refusal> {
        let mut members = record.as_object().cloned().unwrap_or_default();
        let name = by.unwrap_or("id");
        if members.get("attributes").is_none_or(|a| a["type"] != "Contact") {
            return Err((
                "INVALID_TYPE",
                "the type of the record is missing or another one".into(),
                Vec::new(),
            ));
        }
        let wanted = members.get(name).and_then(Value::as_str).filter(|value| !value.is_empty());
        let Some(wanted) = wanted.map(str::to_owned) else {
            return Err(("MISSING_ARGUMENT", format!("{name} not specified"), vec![name.to_owned()]));
        };
        if seen.contains(&wanted) {
            let text = "Duplicate id specified".to_owned();
            return Err(("DUPLICATE_VALUE", text, vec![name.to_owned()]));
        }
        seen.push(wanted.clone());
        if by.is_none() {
            members.remove("id");
        }
        let values = self.values(members)?;
        let found: Vec<String> = match by {
            Some(by) => self.find(by, &wanted).into_iter().map(|(id, _)| id).collect(),
            None if self.contacts.get(&wanted).is_some_and(|contact| contact.deleted) => {
                return Err(("ENTITY_IS_DELETED", "entity is deleted".to_owned(), Vec::new()));
            }
            None if !self.contacts.contains_key(&wanted) => {
                return Err((
                    "INVALID_CROSS_REFERENCE_KEY",
                    "invalid cross reference id".to_owned(),
                    Vec::new(),
                ));
            }
            None => vec![wanted.clone()],
        };
        if found.len() > 1 {
            let text = format!("{name}: more than one record found for external id field: {found:?}");
            return Err(("DUPLICATE_EXTERNAL_ID", text, vec![name.to_owned()]));
        }
        let present = found.first().and_then(|id| self.contacts.get(id));
        let own = present.into_iter().flat_map(|contact| contact.fields.values());
        if self.refused.contains(&wanted) || own.into_iter().any(|value| self.refused.contains(value)) {
            return Err(("FIELD_CUSTOM_VALIDATION_EXCEPTION", "a rule of this org".to_owned(), Vec::new()));
        }
        let own = found.into_iter().next();
        let present = own.as_ref().and_then(|id| self.contacts.get(id));
        for (name, _) in self.fields.iter().filter(|(_, field)| field.required) {
            let before = present.is_some_and(|contact| contact.fields.contains_key(name));
            let after = values.get(name).map_or(before, Option::is_some);
            if !after {
                let text = format!("Required fields are missing: [{name}]");
                return Err(("REQUIRED_FIELD_MISSING", text, vec![name.clone()]));
            }
        }
        let email = values.get("Email").cloned().flatten();
        let twins = email.map(|email| self.find("Email", &email).len()).unwrap_or_default();
        if self.duplicate_rule && own.is_none() && twins > 0 {
            return Err(("DUPLICATES_DETECTED", "Use one of these records?".to_owned(), Vec::new()));
        }
        let created = own.is_none();
        let id = own.unwrap_or_else(|| self.new_id());
        let contact = self.contacts.entry(id.clone()).or_default();
        for (name, value) in values {
            match value {
                Some(value) => contact.fields.insert(name, value),
                None => contact.fields.remove(&name),
            };
        }
        Ok((id, created))
    }

    /// The record's values, checked one by one. An empty text is none.
    fn values(&self, members: Map<String, Value>) -> Result<BTreeMap<String, Option<String>>, Refusal> {
        let mut values = BTreeMap::new();
        for (name, value) in members.into_iter().filter(|(name, _)| name != "attributes") {
            let Some(field) = self.fields.get(&name) else {
                let text = format!("No such column '{name}' on sobject of type Contact");
                return Err(("INVALID_FIELD", text, vec![name]));
            };
            if !field.writable {
                let text = format!("Unable to create/update fields: {name}");
                return Err(("INVALID_FIELD_FOR_INSERT_UPDATE", text, vec![name]));
            }
            let value = match value {
                Value::String(text) => Some(text).filter(|text| !text.trim().is_empty()),
                Value::Null => None,
                _ => {
                    let text = format!("{name}: value not of required type");
                    return Err(("INVALID_TYPE_ON_FIELD_IN_RECORD", text, vec![name]));
                }
            };
            if let Some((code, text)) = value.as_deref().and_then(|value| field.wrong(value)) {
                return Err((code, format!("{name}: {text}"), vec![name]));
            }
            values.insert(name, value);
        }
        Ok(values)
    }
}

fn refused((code, text, fields): Refusal) -> Value {
    json!({ "success": false, "errors": [{ "statusCode": code, "message": text, "fields": fields }] })
}
