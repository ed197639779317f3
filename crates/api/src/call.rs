//! What can be called.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize as _, Deserializer, Serialize};

use crate::Scope;

pub mod hub;
pub mod person;

/// One call: its parameters are the type's fields.
pub trait Call: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its name: the last segment of the address.
    const NAME: &'static str;
    /// What a token must allow for it. A call that says nothing needs the most.
    const SCOPE: Scope = Scope::Admin;
    /// Longest wait for its answer, in seconds: `connect` tries several addresses and then waits for the vendor's request.
    const WAIT_SECS: u64 = 120;
    /// What it answers.
    type Answer: Serialize + DeserializeOwned + Send + 'static;
}

/// Defines calls: name of the type, name in the address, scope, answer, parameters.
macro_rules! call {
    ($(#[$doc:meta])* $name:ident = $path:literal $([$scope:ident])? -> $answer:ty { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $crate::Call for $name {
            const NAME: &'static str = $path;
            $(const SCOPE: $crate::Scope = $crate::Scope::$scope;)?
            type Answer = $answer;
        }
    };
}
pub(crate) use call;

/// Types with fields as objects alone; serde takes a list of the values as well.
fn objects<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let objects = Vec::<serde_json::Map<String, serde_json::Value>>::deserialize(deserializer)?;
    let read = |object| serde_json::from_value(serde_json::Value::Object(object));
    // Not its text: it may quote a value.
    objects
        .into_iter()
        .map(read)
        .collect::<Result<_, _>>()
        .map_err(|_| D::Error::custom("not such an object"))
}

/// The same of one that may be absent.
fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let object = Option::<serde_json::Map<String, serde_json::Value>>::deserialize(deserializer)?;
    let read = |object| serde_json::from_value(serde_json::Value::Object(object));
    object.map(read).transpose().map_err(|_| D::Error::custom("not such an object"))
}

/// Bytes as base64 in JSON.
mod base64 {
    use std::borrow::Cow;

    use multibase::Base;
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base::Base64Pad.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Base::Base64Pad.decode(text).map_err(|_| D::Error::custom("not base64"))
    }

    /// How such a text looks, for the OpenAPI document.
    pub(super) struct Text;

    impl JsonSchema for Text {
        fn inline_schema() -> bool {
            true
        }

        fn schema_name() -> Cow<'static, str> {
            "Base64".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "type": "string",
                "contentEncoding": "base64",
                "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::person::{Import, Set};

    #[test]
    fn a_card_goes_as_base64_and_comes_back_byte_for_byte() {
        let import = Import { card: vec![0, 0xff, b'a'], ..Import::default() };
        let json = serde_json::to_string(&import).unwrap();
        assert!(json.contains(r#""card":"AP9h""#), "{json}");
        assert_eq!(serde_json::from_str::<Import>(&json).unwrap(), import);
        assert!(serde_json::from_str::<Import>(r#"{"card":"A?"}"#).is_err());
    }

    #[test]
    fn a_list_is_no_object() {
        assert!(serde_json::from_str::<Set>(r#"{"changes":[["phone.mobile","1"]]}"#).is_err());
    }

    #[test]
    fn a_parameter_that_is_not_there_is_refused_rather_than_ignored() {
        assert!(serde_json::from_str::<Set>(r#"{"changes":[],"dryrun":true}"#).is_err());
        assert!(serde_json::from_str::<Set>(r#"{"changes":[{"path":"phone.mobile"}]}"#).is_ok());
        assert!(serde_json::from_str::<Set>("{}").is_err());
    }
}
