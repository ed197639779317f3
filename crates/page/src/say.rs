//! How things are said to people.

use std::time::SystemTime;

use freehold_protocol::time::Timestamp;
use maud::{Markup, html};

use crate::tongue::Tongue;

/// A moment, to the minute, in UTC; the script puts it into the reader's own time.
pub(crate) fn moment(rfc3339: &str) -> Markup {
    let minute = rfc3339.get(..16).unwrap_or(rfc3339).replace('T', " ");
    html! { time datetime=(rfc3339) { (minute) " UTC" } }
}

/// A day.
pub(crate) fn day(rfc3339: &str) -> Markup {
    let day = rfc3339.get(..10).unwrap_or(rfc3339);
    html! { time datetime=(day) { (day) } }
}

/// What a company is called, or what it can be told by.
pub(crate) fn company<'a>(name: &'a str, did: &'a str) -> &'a str {
    if name.is_empty() { did } else { name }
}

/// The beginning of an id.
pub(crate) fn short(id: &str) -> &str {
    let bare = id.rsplit(':').next().unwrap_or(id);
    bare.get(..8).unwrap_or(bare)
}

/// A mark for how something stands: the state's own word in the reader's language.
pub(crate) fn state(t: &Tongue, state: &str) -> Markup {
    let class = match state {
        "standing" | "granted" | "applied" | "connected" | "erased" => "tag good",
        "open" | "offered" | "pending" | "sent" | "stored" | "restricted" => "tag warn",
        "revoked" | "declined" | "conflict" | "refused" | "duplicate" | "kept" => "tag bad",
        _ => "tag plain",
    };
    html! { span class=(class) { (t.word("state", state)) } }
}

/// Names one after the other.
pub(crate) fn list<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().fold(String::new(), |mut all, name| {
        if !all.is_empty() {
            all.push_str(", ");
        }
        all.push_str(name.as_ref());
        all
    })
}

/// The way to a further page of a list.
pub(crate) fn further(t: &Tongue, first: Option<&str>, next: Option<&str>) -> Markup {
    html! {
        @if first.is_some() || next.is_some() {
            nav.pager aria-label=(say!(t, "further-pages")) {
                @if let Some(first) = first { a href=(first) { "← " (say!(t, "first-page")) } }
                @if let Some(next) = next { a href=(next) { (say!(t, "next-page")) " →" } }
            }
        }
    }
}

/// Names of companies by their DIDs.
pub(crate) struct Names(std::collections::HashMap<String, (String, String)>);

impl Names {
    /// Of every relationship.
    pub(crate) fn of(person: &freehold_person::Person) -> Result<Self, freehold_person::PersonError> {
        let all = person.relationships()?.into_iter();
        Ok(Self(all.map(|one| (one.vendor, (one.vendor_name, one.id))).collect()))
    }

    /// What a company is called.
    pub(crate) fn name<'a>(&'a self, did: &'a str) -> &'a str {
        self.0.get(did).map_or(did, |(name, _)| company(name, did))
    }

    /// The companies, by name: DID and name.
    pub(crate) fn all(&self) -> Vec<(&str, &str)> {
        let mut all: Vec<(&str, &str)> = self.0.keys().map(|did| (did.as_str(), self.name(did))).collect();
        all.sort_unstable_by_key(|(_, name)| *name);
        all
    }
}

/// The moment so many days ago.
pub(crate) fn days_ago(days: u64) -> Timestamp {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Timestamp::from_millis(now.saturating_sub(days * 86_400) * 1_000)
}
