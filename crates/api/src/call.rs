//! What can be called.

use serde::Serialize;
use serde::de::DeserializeOwned;

pub mod hub;
pub mod person;

/// One call: its parameters are the type's fields.
pub trait Call: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its name: the last segment of the address.
    const NAME: &'static str;
    /// Longest wait for its answer, in seconds: `connect` tries several addresses and then waits for the vendor's request.
    const WAIT_SECS: u64 = 120;
    /// What it answers.
    type Answer: Serialize + DeserializeOwned + Send + 'static;
}

/// Defines calls: name of the type, name in the address, answer, parameters.
macro_rules! call {
    ($(#[$doc:meta])* $name:ident = $path:literal -> $answer:ty { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $crate::Call for $name {
            const NAME: &'static str = $path;
            type Answer = $answer;
        }
    };
}
pub(crate) use call;

/// Bytes as base64 in JSON.
mod base64 {
    use multibase::Base;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base::Base64Pad.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Base::Base64Pad.decode(text).map_err(|_| D::Error::custom("not base64"))
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
    fn a_parameter_that_is_not_there_is_refused_rather_than_ignored() {
        assert!(serde_json::from_str::<Set>(r#"{"changes":[],"dryrun":true}"#).is_err());
        assert!(serde_json::from_str::<Set>(r#"{"changes":[{"path":"phone.mobile"}]}"#).is_ok());
        assert!(serde_json::from_str::<Set>("{}").is_err());
    }
}
