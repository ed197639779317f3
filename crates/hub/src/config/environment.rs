//! Settings from the environment, laid over those of the file.

use toml::{Table, Value};

use super::ConfigError;

/// How the name of such a variable begins. Parts are parted by two underscores, since names have single ones.
const PREFIX: &str = "FREEHOLD_HUB__";

/// Puts each variable in its place; gives the names of those that were used.
pub(super) fn lay_over(
    table: &mut Table,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Vec<String>, ConfigError> {
    let mut used = Vec::new();
    for (variable, text) in variables {
        let Some(name) = variable.strip_prefix(PREFIX) else { continue };
        let name = name.to_ascii_lowercase();
        let mut parts: Vec<&str> = name.split("__").collect();
        let bad =
            |reason: &str| ConfigError::Environment { variable: variable.clone(), reason: reason.to_owned() };
        let Some(last) = parts.pop().filter(|last| !last.is_empty()) else {
            return Err(bad("name a setting, such as FREEHOLD_HUB__SINKS__JSONL"));
        };
        let mut here = &mut *table;
        for part in parts {
            let inner = here.entry(part).or_insert_with(|| Value::Table(Table::new()));
            here = inner.as_table_mut().ok_or_else(|| bad("hub.toml has no section there"))?;
        }
        let value = value(here.get(last), &text);
        here.insert(last.to_owned(), value);
        used.push(variable);
    }
    Ok(used)
}

/// A text as the setting is written: as TOML where it is a list, a number or a truth, else as the text that it is.
fn value(before: Option<&Value>, text: &str) -> Value {
    if matches!(before, Some(Value::String(_))) {
        return Value::String(text.to_owned());
    }
    let parsed = toml::from_str::<Table>(&format!("value = {text}")).ok();
    match parsed.and_then(|mut table| table.remove("value")) {
        Some(value @ (Value::Array(_) | Value::Integer(_) | Value::Boolean(_) | Value::Float(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::{ConfigError, HubConfig};

    fn read(variables: &[(&str, &str)]) -> Result<HubConfig, ConfigError> {
        let text = "name = \"Acme\"\ncheck_in_secs = 60\n[sinks]\njsonl = \"a.jsonl\"\n";
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        HubConfig::from_toml_and_environment(text, variables)
    }

    #[test]
    fn a_variable_stands_in_the_place_of_a_setting() {
        let config = read(&[
            ("PATH", "/bin"),
            ("FREEHOLD_HUB_HOME", "/srv"),
            ("FREEHOLD_HUB__NAME", "42"),
            ("FREEHOLD_HUB__CHECK_IN_SECS", "90"),
            ("FREEHOLD_HUB__LISTEN", "[\"/ip4/127.0.0.1/tcp/4101\"]"),
            ("FREEHOLD_HUB__SINKS__JSONL", "b.jsonl"),
            ("FREEHOLD_HUB__HTTP__LISTEN", "127.0.0.1:4180"),
            ("FREEHOLD_HUB__VALUE__ADDRESS_PIECE_COST", "0.85"),
        ]);
        let config = config.unwrap();
        assert_eq!((config.name.as_str(), config.check_in_secs), ("42", Some(90)));
        assert_eq!(config.listen, ["/ip4/127.0.0.1/tcp/4101"]);
        assert_eq!(config.sinks.jsonl.unwrap().to_str(), Some("b.jsonl"));
        assert_eq!(config.http.unwrap().listen, "127.0.0.1:4180");
        assert_eq!(config.value.unwrap().address_piece_cost.unwrap().to_string(), "0.85");
    }

    #[test]
    fn a_variable_that_is_no_setting_is_named() {
        for (variable, value) in [
            ("FREEHOLD_HUB__SINKS__JSON", "x"),
            ("FREEHOLD_HUB__NAME__FIRST", "x"),
            ("FREEHOLD_HUB__CHECK_IN_SECS", "often"),
            ("FREEHOLD_HUB__", "x"),
        ] {
            let error = read(&[(variable, value)]).unwrap_err().to_string();
            assert!(error.contains(variable), "{error}");
        }
    }
}
