//! What a connector asks of one system. To add one:
//!
//! 1. a module here with a type that implements [`Adapter`]: find by an exact value, read, write, erase, describe. It
//!    decides nothing: which record, what differs, who wins and what the person is told is the core's (`crate::contract`);
//! 2. a row in [`open`] and in [`crate::Kind`];
//! 3. its mapping in `mappings/`, named in `Mapping::shipped`, and its section in `specs/crm.md`.
//!
//! Requests go through [`crate::http::Http`], which signs in, paces, and sorts failures; what is left to an adapter is the
//! system's own paths, bodies and error words.

mod empty;
mod espocrm;
mod hubspot;
mod keys;
mod odoo;
pub(crate) mod rest;
mod salesforce;
pub(crate) mod tryton;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use freehold_outbound::Client;
use serde_json::Value;

use crate::config::{CrmConfig, Kind, OpenError};
use crate::mapping::{Mapping, Way};
use crate::place::{Group, Place};
use crate::reason::Reason;

/// An answer that comes later.
pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// One system. Slices are batches: as many items as [`Limits::batch`] says at most, and the answer has one item for each, in
/// the same order. A failure stands for the whole batch.
pub(crate) trait Adapter: Send + Sync {
    /// How many items a batch may have.
    fn limits(&self) -> Limits;

    /// The numbers of all records that hold exactly this at this place; archived ones too. Two or three of many will do.
    fn find<'a>(&'a self, keys: &'a [Key]) -> Pending<'a, Vec<Vec<String>>>;

    /// The records with these numbers, with every place of the mapping; none for one that is not there.
    fn read<'a>(&'a self, ids: &'a [String]) -> Pending<'a, Vec<Option<Record>>>;

    /// Writes records, or makes them: one write is all or nothing. The answer has the record's number, or why this one was
    /// not taken. Where the system has a switch against telling others of its own change, it is set.
    fn write<'a>(&'a self, writes: &'a [Write]) -> Pending<'a, Vec<Result<String, Refusal>>>;

    /// Puts a record out of use or erases it, as the mapping wants.
    fn end<'a>(&'a self, id: &'a str, way: Way) -> Pending<'a, Ended>;

    /// What the system is, and which places of the mapping it does not have.
    fn describe(&self) -> Pending<'_, Description>;
}

/// How many items a batch of each call may have; 1 where the system has no batches. Calls of different batches run at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) find: usize,
    pub(crate) read: usize,
    pub(crate) write: usize,
}

/// What is looked for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The object: the mapping's, or that of a lookup such as `country.country`.
    pub(crate) object: String,
    /// Where.
    pub(crate) place: Place,
    /// What.
    pub(crate) text: String,
}

/// Shows where alone: the text is personal.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} {})", self.object, self.place)
    }
}

/// A record as it was read. Values are texts, numbers, booleans, or null for nothing.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Record {
    /// Its number.
    pub(crate) id: String,
    /// Whether it was put out of use.
    pub(crate) is_archived: bool,
    /// Fields of the record itself.
    pub(crate) fields: BTreeMap<String, Value>,
    /// Entries of each list, by the list's name, in the system's own order: all of them, of any condition. The fields that
    /// conditions speak of are among the values.
    pub(crate) lists: BTreeMap<String, Vec<Entry>>,
}

/// An entry of a list.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Entry {
    /// What tells it from the others: its number, or `#` and its position, which nobody relies on later.
    pub(crate) id: String,
    /// Whether it was put out of use: an update passes over it, an erasure does not.
    pub(crate) is_archived: bool,
    /// Its fields.
    pub(crate) values: BTreeMap<String, Value>,
}

impl Record {
    /// The record without entries that were put out of use.
    pub(crate) fn in_use(mut self) -> Self {
        self.lists.values_mut().for_each(|entries| entries.retain(|entry| !entry.is_archived));
        self
    }
}

/// Shows nothing personal.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("fields", &self.fields.len()).finish_non_exhaustive()
    }
}

/// One record to write.
#[derive(Clone, Default)]
pub(crate) struct Write {
    /// Which; a new one without.
    pub(crate) id: Option<String>,
    /// Fields of the record itself; null empties one.
    pub(crate) fields: BTreeMap<String, Value>,
    /// Entries of its lists.
    pub(crate) entries: Vec<EntryWrite>,
}

/// One entry to write.
#[derive(Clone)]
pub(crate) struct EntryWrite {
    /// The list, and what a new entry holds beside the values.
    pub(crate) group: Group,
    /// Which; a new one without.
    pub(crate) id: Option<String>,
    /// Its fields; null empties one.
    pub(crate) values: BTreeMap<String, Value>,
    /// Take the entry away: nothing of the mapping would be left in it.
    pub(crate) remove: bool,
}

impl Write {
    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.id.is_some() && self.fields.is_empty() && self.entries.is_empty()
    }
}

/// Why one record was not taken; the others of its batch are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The system does not take a value: the sentence is for the person and holds no value.
    Value(String),
    /// The system says that it has such a record already, with these numbers if it tells them.
    Duplicate(Vec<String>),
    /// The record is not there any more.
    Gone,
}

/// What has become of a record that was to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nothing personal is left of it.
    Erased,
    /// It is still there, out of use. The sentence says why.
    Archived(String),
    /// The system does neither. The sentence says why.
    Untouched(String),
}

/// What a system says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Description {
    /// Its version, if it tells.
    pub(crate) version: Option<String>,
    /// Places of the mapping that it does not have.
    pub(crate) missing: Vec<Place>,
}

/// Why a whole call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It may go later.
    Again { reason: Reason, after: Option<Duration> },
    /// Somebody has to change something first.
    Refused { reason: Reason },
}

impl Failure {
    /// Why.
    pub(crate) fn reason(self) -> Reason {
        match self {
            Self::Again { reason, .. } | Self::Refused { reason } => reason,
        }
    }
}

/// The adapter of a system.
pub(crate) fn open(
    config: &CrmConfig,
    mapping: &Arc<Mapping>,
    client: Client,
) -> Result<Arc<dyn Adapter>, OpenError> {
    let mapping = Arc::clone(mapping);
    Ok(match config.kind {
        Kind::Tryton => Arc::new(tryton::Tryton::open(config, mapping, client)?),
        Kind::Rest => Arc::new(rest::Rest::open(config, mapping, client)?),
        Kind::Hubspot => Arc::new(hubspot::HubSpot::open(config, mapping, client)?),
        Kind::Salesforce => Arc::new(salesforce::Salesforce::open(config, mapping, client)?),
        Kind::Espocrm => Arc::new(espocrm::EspoCrm::open(config, mapping, client)?),
        Kind::Odoo => Arc::new(odoo::Odoo::open(config, mapping, client)?),
    })
}
