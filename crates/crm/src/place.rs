//! A place in a record of the CRM, as a mapping names it.
//!
//! `field`, or `group.field`, where a group is a part of the record with fields of its own: a list of which one entry is
//! meant (`contact_mechanisms[type=mobile].value`), or another record (`Account.ShippingCity`). The conditions in the
//! brackets say which entry it is, and are set when an entry is made.

use std::fmt;
use std::str::FromStr;

/// A place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    /// The part of the record, where it has parts.
    pub(crate) group: Option<Group>,
    /// The field in it.
    pub(crate) field: String,
}

/// A part of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Group {
    /// The list's or the relation's name.
    pub(crate) name: String,
    /// What the entry's other fields hold: field and text.
    pub(crate) conditions: Vec<(String, String)>,
}

/// Why a text is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place: write field, group.field or group[field=text].field")]
pub(crate) struct PlaceError;

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let (before, rest) = match text.split_once('[') {
            None => {
                let (group, field) = match text.rsplit_once('.') {
                    Some((group, field)) => {
                        let group = Group { name: dotted(group)?, conditions: Vec::new() };
                        (Some(group), name(field)?)
                    }
                    None => (None, name(text)?),
                };
                return Ok(Self { group, field });
            }
            Some(parts) => parts,
        };
        let (inside, field) = rest.split_once("].").ok_or(PlaceError)?;
        let mut conditions = Vec::new();
        for condition in inside.split(',') {
            let (field, text) = condition.split_once('=').ok_or(PlaceError)?;
            if text.contains(['[', ']']) {
                return Err(PlaceError);
            }
            conditions.push((name(field.trim())?, text.trim().to_owned()));
        }
        conditions.sort();
        Ok(Self { group: Some(Group { name: dotted(before)?, conditions }), field: name(field)? })
    }
}

/// One name: letters, digits, and what CRMs write beside them.
fn name(text: &str) -> Result<String, PlaceError> {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$');
    if !text.is_empty() && text.chars().all(is_fit) { Ok(text.to_owned()) } else { Err(PlaceError) }
}

/// Names parted by dots.
fn dotted(text: &str) -> Result<String, PlaceError> {
    text.split('.').map(name).collect::<Result<Vec<_>, _>>().map(|names| names.join("."))
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.conditions.is_empty() {
            let conditions: Vec<String> =
                self.conditions.iter().map(|(field, text)| format!("{field}={text}")).collect();
            write!(f, "[{}]", conditions.join(","))?;
        }
        Ok(())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.group {
            Some(group) => write!(f, "{group}.{}", self.field),
            None => f.write_str(&self.field),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_as_it_was_read() {
        for text in [
            "name",
            "Account.ShippingCity",
            "a.b.c",
            "contact_mechanisms[type=mobile].value",
            "contact_mechanisms[name=Home,type=phone].value",
            "identifiers[type=].code",
        ] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        let place: Place = "list[type=phone, name=Home].value".parse().unwrap();
        assert_eq!(place.to_string(), "list[name=Home,type=phone].value");
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in [
            "", ".", "a.", ".a", "a[b].c", "a[b=c]", "a[b=c]d", "a b", "a[b=c].", "a[=c].d", "a/b",
            "a[b=[].c",
        ] {
            assert_eq!(text.parse::<Place>(), Err(PlaceError), "{text}");
        }
    }
}
