//! A request of the mapping: `GET /contacts/{id}`.

use freehold_outbound::Method;

use crate::http::escaped;
use crate::mapping::RestMapping;

/// A method, and a path with places for values.
pub(super) struct Template {
    pub(super) method: Method,
    path: String,
}

impl Template {
    /// The mapping was checked when it was read.
    pub(super) fn of(text: &str) -> Self {
        let (method, path) = text.split_once(' ').unwrap_or(("GET", text));
        Self { method: named(method).unwrap_or(Method::Get), path: path.trim().to_owned() }
    }

    /// The method, and the path with these values.
    pub(super) fn filled(&self, values: &[(&str, &str)]) -> (Method, String) {
        let mut path = String::with_capacity(self.path.len() + 64);
        let mut rest = self.path.as_str();
        // In one pass: a value may look like a place.
        while let Some((before, after)) = rest.split_once('{') {
            path.push_str(before);
            let (name, after) = after.split_once('}').unwrap_or(("", after));
            let value = values.iter().find(|(n, _)| *n == name).map(|(_, value)| *value);
            path.push_str(&escaped(value.unwrap_or_default()));
            rest = after;
        }
        path.push_str(rest);
        (self.method, path)
    }
}

fn named(method: &str) -> Option<Method> {
    Some(match method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => return None,
    })
}

/// Whether the requests of a mapping can be made.
pub(crate) fn check(rest: &RestMapping) -> Result<(), String> {
    if !rest.auth.contains(':') || !rest.auth.contains("{token}") {
        return Err("auth is a header with {token} in it, such as Authorization: Bearer {token}".to_owned());
    }
    let find: &[&str] = &["object", "field", "value"];
    let one: &[&str] = &["object", "id"];
    let requests = [
        ("find", Some(&rest.find), find, &["value"][..]),
        ("read", Some(&rest.read), one, &["id"]),
        ("create", Some(&rest.create), &["object"], &[]),
        ("update", Some(&rest.update), one, &["id"]),
        ("erase", rest.erase.as_ref(), one, &["id"]),
        ("check", rest.check.as_ref(), &["object"], &[]),
    ];
    for (name, text, known, needed) in requests {
        let Some(text) = text else { continue };
        let form = || format!("{name} is a method and a path, such as GET /contacts/{{id}}");
        let (method, path) = text.split_once(' ').ok_or_else(form)?;
        if named(method).is_none() || !path.trim().starts_with('/') {
            return Err(form());
        }
        let found: Vec<&str> =
            path.split('{').skip(1).map(|part| part.split_once('}').map_or("", |(name, _)| name)).collect();
        if let Some(unknown) = found.iter().find(|found| !known.contains(found)) {
            return Err(format!("{name} has {{{unknown}}}, and knows {}", known.join(", ")));
        }
        if let Some(missing) = needed.iter().find(|needed| !found.contains(needed)) {
            return Err(format!("{name} lacks {{{missing}}}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_never_read_as_places() {
        let template = Template::of("GET /contacts?{field}={value}");
        let values = [("field", "externalId"), ("value", "did:key:z6 {field}&x=1")];
        let wanted = "/contacts?externalId=did%3Akey%3Az6%20%7Bfield%7D%26x%3D1";
        assert_eq!(template.filled(&values), (Method::Get, wanted.to_owned()));
    }
}
