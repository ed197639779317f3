//! What should stand where: the values of a change in the CRM's own forms.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::adapter::Failure;
use crate::convert::{Converted, convert};
use crate::core::Core;
use crate::customer::Customer;
use crate::mapping::{FieldMapping, Source};

/// A field of the mapping and what should stand there.
pub(crate) struct Wanted<'m> {
    pub(crate) field: &'m FieldMapping,
    /// Null empties it; or why there is no such value in this CRM, as a sentence for the person.
    pub(crate) value: Result<Value, String>,
}

/// What these paths should look like. `now` is what a path holds: of those that the change does not name, what the hub holds.
pub(crate) async fn wanted<'m>(
    core: &'m Core,
    paths: &[&str],
    now: &(dyn Fn(&str) -> Option<String> + Sync),
) -> Result<Vec<Wanted<'m>>, Failure> {
    let mut touched: Vec<&FieldMapping> = Vec::new();
    for &path in paths {
        for field in core.mapping.fields.iter().filter(|field| field.paths.iter().any(|p| p == path)) {
            if !touched.iter().any(|known| known.place == field.place) {
                touched.push(field);
            }
        }
    }
    let mut all = Vec::with_capacity(touched.len());
    for field in touched {
        all.push(Wanted { field, value: value(core, field, now).await? });
    }
    Ok(all)
}

async fn value(
    core: &Core,
    field: &FieldMapping,
    now: &(dyn Fn(&str) -> Option<String> + Sync),
) -> Result<Result<Value, String>, Failure> {
    let joined = |source: &Source| {
        let parts: Vec<String> =
            source.paths.iter().filter_map(|path| now(path)).filter(|text| !text.is_empty()).collect();
        (!parts.is_empty()).then(|| parts.join(&source.join))
    };
    let (source, text) = match (joined(&field.source), &field.or) {
        (None, Some(or)) => (or, joined(or)),
        (text, _) => (&field.source, text),
    };
    Ok(match convert(&source.convert, text.as_deref()) {
        Ok(Converted::Value(Value::Null)) => Ok(field.cleared.as_deref().map_or(Value::Null, Value::from)),
        Ok(Converted::Value(value)) => Ok(value),
        Ok(Converted::Lookup(lookup, text)) => {
            let found = core.look_up(&lookup, &text).await?;
            found.map(Value::from).ok_or_else(|| format!("{} has no entry for this value", core.system))
        }
        Err(error) => Err(error.to_string()),
    })
}

/// What a path holds after an update.
pub(crate) fn after_update<'c>(
    customer: &'c Customer,
    fields: &'c BTreeMap<String, Option<String>>,
) -> impl Fn(&str) -> Option<String> + Sync + 'c {
    move |path| match fields.get(path) {
        Some(value) => value.clone(),
        None => customer.held.get(path).cloned(),
    }
}
