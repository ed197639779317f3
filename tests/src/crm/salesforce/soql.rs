//! The one form of SOQL that a connector needs: `SELECT a, b FROM Contact WHERE c IN ('x', 'y')` or `c = 'x'`.

use serde_json::{Value, json};

use super::{Answer, Salesforce, error};

impl Salesforce {
    pub(super) fn query(&self, text: &str, with_bin: bool) -> Result<Answer, Answer> {
        let malformed = || error(400, "MALFORMED_QUERY", "unexpected token");
        let rest = text.strip_prefix("SELECT ").ok_or_else(malformed)?;
        let (fields, rest) = rest.split_once(" FROM Contact WHERE ").ok_or_else(malformed)?;
        let asked: Vec<String> = fields.split(',').map(|name| name.trim().to_owned()).collect();
        let (by, values) = match rest.split_once(" IN (") {
            Some((by, list)) => (by, list.strip_suffix(')').ok_or_else(malformed)?),
            None => rest.split_once(" = ").ok_or_else(malformed)?,
        };
        let values = literals(values).ok_or_else(malformed)?;
        if let Some(unknown) =
            asked.iter().map(String::as_str).chain([by]).find(|f| !self.fields.contains_key(*f))
        {
            let text = format!("No such column '{unknown}' on entity 'Contact'");
            return Err(error(400, "INVALID_FIELD", &text));
        }
        let matches = |id: &String, value: Option<&String>| match by {
            "Id" => values.contains(id),
            // Texts are compared without regard to case ("SOQL and SOSL Reference", "Comparison Operators").
            _ => value.is_some_and(|value| values.iter().any(|wanted| wanted.eq_ignore_ascii_case(value))),
        };
        let records: Vec<Value> = self
            .contacts
            .iter()
            .filter(|(id, c)| (with_bin || !c.deleted) && matches(id, c.fields.get(by)))
            .map(|(id, _)| self.shown(id, &asked))
            .collect();
        Ok(Answer::json(200, &json!({ "totalSize": records.len(), "done": true, "records": records })))
    }
}

/// `'x', 'y'` with `\'` and `\\` resolved; none when it is anything else.
fn literals(text: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut letters = text.trim().chars().peekable();
    loop {
        if letters.next()? != '\'' {
            return None;
        }
        let mut value = String::new();
        loop {
            match letters.next()? {
                '\'' => break,
                '\\' => value.push(letters.next().filter(|c| matches!(c, '\'' | '\\'))?),
                letter => value.push(letter),
            }
        }
        found.push(value);
        while letters.next_if_eq(&' ').is_some() {}
        match letters.next() {
            None => return Some(found),
            Some(',') => while letters.next_if_eq(&' ').is_some() {},
            Some(_) => return None,
        }
    }
}
