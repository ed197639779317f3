//! Whom a provider vouches for.

use std::fmt;

use serde_json::{Map, Value};

/// Longest name and longest role that is taken, in bytes.
const TEXT_BYTES_MAX: usize = 255;

/// Somebody, as a provider says who they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The provider.
    pub issuer: String,
    /// Who, in the provider's own words; never given to somebody else.
    pub subject: String,
    /// What they are called, if the provider says so. Somebody else may have had the name before.
    pub name: Option<String>,
    /// What stands in the claim of roles.
    pub roles: Vec<String>,
}

/// Shows nothing personal.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// A claim: by its whole name, which may have dots itself, or as a way through objects, such as `realm_access.roles`.
pub(crate) fn claim<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(whole) = claims.get(name) {
        return Some(whole);
    }
    let mut parts = name.split('.');
    let first = claims.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.as_object()?.get(part))
}

/// The text of a claim.
pub(crate) fn text(claims: &Map<String, Value>, name: &str) -> Option<String> {
    let text = claim(claims, name)?.as_str()?;
    is_short(text).then(|| text.to_owned())
}

/// The texts of a claim, which is one or a list of them.
pub(crate) fn texts(claims: &Map<String, Value>, name: &str) -> Vec<String> {
    let texts = match claim(claims, name) {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    texts.into_iter().filter(|text| is_short(text)).map(str::to_owned).collect()
}

fn is_short(text: &str) -> bool {
    !text.is_empty() && text.len() <= TEXT_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(name: &str, expected: &[&str]) {
        let claims = json!({
            "groups": ["a", 7, "b", ""], "role": "a", "https://acme.example/roles": ["c"],
            "realm_access": {"roles": ["d"]}, "number": 7,
        });
        assert_eq!(texts(claims.as_object().unwrap(), name), expected, "{name}");
    }

    #[test]
    fn roles_are_one_text_or_a_list_under_a_name_or_a_way() {
        check("groups", &["a", "b"]);
        check("role", &["a"]);
        check("https://acme.example/roles", &["c"]);
        check("realm_access.roles", &["d"]);
        for nothing in ["number", "realm_access", "realm_access.groups", "role.roles", "", "."] {
            check(nothing, &[]);
        }
    }
}
