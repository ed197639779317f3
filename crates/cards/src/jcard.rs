//! jCard (RFC 7095), rewritten as vCard 4.0 text.

use serde_json::Value;

/// The text of a jCard, or nothing if it is none. Properties that are not well formed are left out.
pub(crate) fn to_vcard(card: &Value) -> Option<String> {
    let properties = card.get(1)?.as_array()?;
    let mut text = "BEGIN:VCARD\r\nVERSION:4.0\r\n".to_owned();
    for property in properties {
        if let Some(line) = line(property) {
            text.push_str(&line);
            text.push_str("\r\n");
        }
    }
    text.push_str("END:VCARD\r\n");
    Some(text)
}

/// `[name, {parameters}, type, value, ...]` as one content line.
fn line(property: &Value) -> Option<String> {
    let [name, parameters, kind, values @ ..] = property.as_array()?.as_slice() else { return None };
    let name = token(name.as_str()?)?;
    if matches!(name.as_str(), "BEGIN" | "END" | "VERSION") || values.is_empty() {
        return None;
    }
    let mut line = String::new();
    let parameters = parameters.as_object()?;
    if let Some(group) = parameters.get("group").and_then(Value::as_str).and_then(token) {
        line.push_str(&group);
        line.push('.');
    }
    line.push_str(&name);
    for (key, value) in parameters.iter().filter(|(key, _)| *key != "group") {
        let Some(key) = token(key) else { continue };
        let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let list: Vec<String> = list.iter().filter_map(parameter).collect();
        line.push_str(&format!(";{key}={}", list.join(",")));
    }
    let kind = kind.as_str().and_then(token)?;
    // RFC 7095 section 3.5.3: jCard writes dates with hyphens, which vCard 4.0 does not know.
    let kind = if kind.contains("DATE") || kind == "UNKNOWN" { "TEXT".to_owned() } else { kind };
    if !parameters.contains_key("value") {
        line.push_str(&format!(";VALUE={kind}"));
    }
    let values: Vec<String> = values.iter().map(|it| value(it, kind == "TEXT")).collect();
    line.push(':');
    line.push_str(&values.join(","));
    Some(line)
}

fn token(text: &str) -> Option<String> {
    let well_formed = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    well_formed.then(|| text.to_ascii_uppercase())
}

/// A parameter's value in quotes, without what quotes cannot hold.
fn parameter(value: &Value) -> Option<String> {
    let text = scalar(value)?;
    Some(format!("\"{}\"", text.replace(|c: char| c == '"' || c.is_control(), " ")))
}

/// A structured value is a list; a component with several values is a list in that list.
fn value(value: &Value, is_text: bool) -> String {
    match value {
        Value::Array(components) => {
            let component = |it: &Value| match it {
                Value::Array(list) => list.iter().map(|it| escaped(it, true)).collect::<Vec<_>>().join(","),
                single => escaped(single, true),
            };
            components.iter().map(component).collect::<Vec<_>>().join(";")
        }
        single => escaped(single, is_text),
    }
}

fn escaped(value: &Value, is_text: bool) -> String {
    let text = scalar(value).unwrap_or_default();
    if !is_text {
        return text.replace(char::is_control, " ");
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ',' | ';' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}
