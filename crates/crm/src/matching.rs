//! Whose record it is. By the DID and by the vendor's number, exactly; by nothing else, and never by a name.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::adapter::{Failure, Key, Record};
use crate::core::Core;
use crate::customer::Customer;
use crate::place::Place;
use crate::slot::at;
use crate::wanted::Wanted;

/// The customer's record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Match {
    /// It carries the customer's DID, this or an earlier one.
    Linked(Record),
    /// It carries the vendor's number of the customer, and nobody's DID.
    ByNumber(Record),
    /// There is none.
    Nobody,
    /// More than one, or one that is somebody else's. The sentence is for the person.
    Unclear { records: Vec<String>, sentence: String },
}

/// Finds the customer's record.
pub(crate) async fn find(core: &Core, customer: &Customer) -> Result<Match, Failure> {
    let record = &core.mapping.record;
    let key = |place: &Place, text: &str| Key {
        object: record.object.clone(),
        place: place.clone(),
        text: text.to_owned(),
    };
    let by_did = async {
        let mut linked = BTreeSet::new();
        for did in std::iter::once(&customer.did).chain(&customer.before) {
            linked.extend(core.find(key(&record.did, did)).await?);
        }
        Ok::<_, Failure>(linked)
    };
    let by_number = async {
        match (&record.reference, &customer.reference) {
            (Some(place), Some(reference)) => {
                Ok(core.find(key(place, reference)).await?.into_iter().collect())
            }
            _ => Ok::<_, Failure>(BTreeSet::new()),
        }
    };
    let (linked, numbered) = tokio::try_join!(by_did, by_number)?;
    let unclear = |records: BTreeSet<String>, sentence: &str| {
        Ok(Match::Unclear { records: records.into_iter().collect(), sentence: sentence.to_owned() })
    };
    if linked.len() > 1 {
        return unclear(linked, "several records carry this relationship");
    }
    if let Some(id) = linked.first() {
        if !numbered.is_empty() && !numbered.contains(id) {
            let both = linked.union(&numbered).cloned().collect();
            return unclear(both, "one record carries this relationship and another the customer number");
        }
        return Ok(core.read(id).await?.map_or(Match::Nobody, Match::Linked));
    }
    if numbered.len() > 1 {
        return unclear(numbered, "several records carry the customer number");
    }
    let Some(id) = numbered.first() else { return Ok(Match::Nobody) };
    let Some(found) = core.read(id).await? else { return Ok(Match::Nobody) };
    if is_somebodys(core, &found) {
        return unclear(numbered, "the record with the customer number belongs to another relationship");
    }
    Ok(Match::ByNumber(found))
}

/// Records that might be this customer, before one is made: those that hold an equal value of a path that the mapping names,
/// and that are nobody's yet.
pub(crate) async fn possible_duplicates(core: &Core, wanted: &[Wanted<'_>]) -> Result<Vec<String>, Failure> {
    let record = &core.mapping.record;
    let mut found = BTreeSet::new();
    for Wanted { field, value } in wanted {
        let is_telling = field.source.paths.len() == 1 && record.duplicates.contains(&field.source.paths[0]);
        let Some(text) = value.as_ref().ok().and_then(Value::as_str).filter(|_| is_telling) else { continue };
        let key = Key { object: record.object.clone(), place: field.place.clone(), text: text.to_owned() };
        found.extend(core.find(key).await?);
    }
    let mut free = Vec::new();
    for id in found {
        if core.read(&id).await?.is_some_and(|record| !is_somebodys(core, &record)) {
            free.push(id);
        }
    }
    Ok(free)
}

/// Whether the record carries the DID of a relationship.
pub(crate) fn is_somebodys(core: &Core, record: &Record) -> bool {
    dids(record, &core.mapping.record.did).any(|(_, did)| did.starts_with("did:"))
}

/// What stands at the DID's place: the entry of the list, where it is one, and the text.
pub(crate) fn dids<'r>(
    record: &'r Record,
    place: &'r Place,
) -> impl Iterator<Item = (Option<&'r str>, &'r str)> {
    let own = record.fields.get(&place.field).filter(|_| place.group.is_none());
    let own = own.and_then(Value::as_str).map(|text| (None, text));
    let list = place.group.as_ref().and_then(|group| record.lists.get(&group.name));
    let entries = list.into_iter().flatten();
    own.into_iter().chain(
        entries
            .filter_map(|entry| at(entry, &place.field).as_str().map(|text| (Some(entry.id.as_str()), text))),
    )
}
