//! What every delivery shares: the adapter behind its batchers, the mapping, and what was looked up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::adapter::{Adapter, Failure, Key, Record, Refusal, Write};
use crate::batch::Batcher;
use crate::convert::Lookup;
use crate::mapping::Mapping;
use crate::place::Place;
use crate::reason::Reason;

/// Most numbers kept of what was looked up: countries and languages, of which there are some hundreds.
const LOOKED_UP_MAX: usize = 4_096;

pub(crate) struct Core {
    pub(crate) system: String,
    pub(crate) mapping: Arc<Mapping>,
    pub(crate) adapter: Arc<dyn Adapter>,
    find: Batcher<Key, Vec<String>>,
    read: Batcher<String, Option<Record>>,
    write: Batcher<Write, Result<String, Refusal>>,
    looked_up: Mutex<HashMap<(Lookup, String), String>>,
    missing: OnceCell<Vec<Place>>,
}

impl Core {
    pub(crate) fn new(system: String, mapping: Arc<Mapping>, adapter: Arc<dyn Adapter>) -> Self {
        let limits = adapter.limits();
        let [find, read, write] = [&adapter; 3].map(Arc::clone);
        Self {
            system,
            mapping,
            adapter,
            find: Batcher::new(limits.find, move |keys: Vec<Key>| {
                let adapter = Arc::clone(&find);
                Box::pin(async move { adapter.find(&keys).await })
            }),
            read: Batcher::new(limits.read, move |ids: Vec<String>| {
                let adapter = Arc::clone(&read);
                Box::pin(async move { adapter.read(&ids).await })
            }),
            write: Batcher::new(limits.write, move |writes: Vec<Write>| {
                let adapter = Arc::clone(&write);
                Box::pin(async move { adapter.write(&writes).await })
            }),
            looked_up: Mutex::default(),
            missing: OnceCell::new(),
        }
    }

    /// Places of the mapping that the CRM does not have, as it was asked once. Without the DID's place nothing goes.
    pub(crate) async fn missing(&self) -> Result<&[Place], Failure> {
        let ask = || async {
            let missing = self.adapter.describe().await?.missing;
            if missing.contains(&self.mapping.record.did) {
                let place = self.place(&self.mapping.record.did);
                return Err(Failure::Refused { reason: Reason::NoPlace { place } });
            }
            Ok(missing)
        };
        self.missing.get_or_try_init(ask).await.map(Vec::as_slice)
    }

    /// A place with its object: `party.party: name`.
    pub(crate) fn place(&self, place: &Place) -> String {
        format!("{}: {place}", self.mapping.record.object)
    }

    /// The numbers of the records that hold this.
    pub(crate) async fn find(&self, key: Key) -> Result<Vec<String>, Failure> {
        self.find.ask(key).await
    }

    pub(crate) async fn read(&self, id: &str) -> Result<Option<Record>, Failure> {
        self.read.ask(id.to_owned()).await
    }

    pub(crate) async fn write(&self, write: Write) -> Result<Result<String, Refusal>, Failure> {
        self.write.ask(write).await
    }

    /// The number of a record of another object; none when there is none, or more than one.
    pub(crate) async fn look_up(&self, lookup: &Lookup, text: &str) -> Result<Option<String>, Failure> {
        let known = (lookup.clone(), text.to_owned());
        let looked_up = || self.looked_up.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = looked_up().get(&known) {
            return Ok(Some(id.clone()));
        }
        let Ok(place) = lookup.by.parse() else { return Ok(None) };
        let key = Key { object: lookup.object.clone(), place, text: text.to_owned() };
        let found = self.find(key).await?;
        let [only] = found.as_slice() else { return Ok(None) };
        let mut kept = looked_up();
        if kept.len() < LOOKED_UP_MAX {
            kept.insert(known, only.clone());
        }
        Ok(Some(only.clone()))
    }

    /// A record as a person reads it: `party 4711`.
    pub(crate) fn named(&self, id: &str) -> String {
        let object = self.mapping.record.object.rsplit(['.', '/']).next().unwrap_or_default();
        format!("{} {id}", object.to_lowercase())
    }
}
