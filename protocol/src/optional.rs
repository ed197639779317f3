//! Optional members: absent, or there with a value. `null` in their place is another form of absence, and one form for
//! every value is what leaves nothing to argue about.

use serde::{Deserialize, Deserializer};

/// For `#[serde(default, deserialize_with = "crate::optional::present")]`: called only for a member that is there.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}
