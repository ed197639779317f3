//! The mapping: where each path stands in the CRM.
//!
//! A file, so that a vendor can say it for its own CRM; `specs/crm.md` has the form. [`Mapping::shipped`] has one for each
//! system that this crate knows.

mod wire;

use std::collections::{BTreeMap, BTreeSet};

use freehold_protocol::vocabulary::Vocabulary;
use serde::Deserialize;
use serde_json::Value;

use crate::config::Kind;
use crate::convert::Conversion;
use crate::place::Place;

pub(crate) use wire::RestMapping;

/// A mapping that was read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    pub(crate) system: Kind,
    pub(crate) record: RecordMapping,
    pub(crate) end: EndMapping,
    pub(crate) fields: Vec<FieldMapping>,
    /// How a system of kind `rest` is spoken to.
    pub(crate) rest: Option<RestMapping>,
}

/// Which records are customers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RecordMapping {
    /// The CRM's object.
    pub(crate) object: String,
    /// Where the pairwise DID stands: the external id.
    pub(crate) did: Place,
    /// Where the vendor's own number stands.
    pub(crate) reference: Option<Place>,
    /// Whether a record is made where there is none.
    pub(crate) make: bool,
    /// Paths of which an equal value in another record makes that a possible duplicate.
    pub(crate) duplicates: Vec<String>,
    /// What a new record holds where no path says otherwise.
    pub(crate) new: BTreeMap<String, Value>,
}

/// What happens to a record of which nothing else is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EndMapping {
    /// One that this connector has made.
    pub(crate) made: Way,
    /// One that was there before.
    pub(crate) linked: Way,
    /// The exception under which something stays that cannot be erased, as an IRI.
    pub(crate) exception: Option<String>,
}

/// How a record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Way {
    /// It stays, without the values and without the DID.
    Clear,
    /// It is put out of use as well.
    Archive,
    /// It is erased.
    Erase,
}

/// Who wins where the CRM holds a value of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Conflict {
    /// The person.
    Overwrite,
    /// The CRM: the person is told of the conflict.
    Keep,
}

/// One place and what stands there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldMapping {
    /// Every path that goes into it.
    pub(crate) paths: Vec<String>,
    /// Where.
    pub(crate) place: Place,
    /// What stands there.
    pub(crate) source: Source,
    /// What stands there while none of those paths holds anything.
    pub(crate) or: Option<Source>,
    pub(crate) conflict: Conflict,
    /// The exception under which a value here stays, as an IRI: it is not erased.
    pub(crate) exception: Option<String>,
    /// What is written to erase, where the CRM takes no empty field.
    pub(crate) cleared: Option<String>,
    /// Whether the CRM may lack the place, as one without a module does.
    pub(crate) optional: bool,
}

/// Paths into one text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    /// In the order in which they are joined.
    pub(crate) paths: Vec<String>,
    /// What stands between.
    pub(crate) join: String,
    /// What is done to the text, in this order.
    pub(crate) convert: Vec<Conversion>,
}

/// What is wrong with a mapping file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the mapping: {problem}")]
pub struct MappingError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there and what would be right.
    pub problem: String,
}

impl Mapping {
    /// The text of the mapping that the program carries for a system: what a vendor begins its own with.
    #[must_use]
    pub fn shipped_text(kind: Kind) -> &'static str {
        match kind {
            Kind::Tryton => include_str!("../mappings/tryton.toml"),
            Kind::Odoo => include_str!("../mappings/odoo.toml"),
            Kind::Espocrm => include_str!("../mappings/espocrm.toml"),
            Kind::Hubspot => include_str!("../mappings/hubspot.toml"),
            Kind::Salesforce => include_str!("../mappings/salesforce.toml"),
            Kind::Rest => include_str!("../mappings/rest.toml"),
        }
    }

    /// The mapping that the program carries for a system.
    ///
    /// # Panics
    /// Never: a test reads them all.
    #[must_use]
    pub fn shipped(kind: Kind) -> Self {
        Self::parse(Self::shipped_text(kind)).expect("shipped mappings are read by a test")
    }

    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`MappingError`] with the line.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        wire::parse(text)
    }

    /// Which system it is for.
    #[must_use]
    pub fn system(&self) -> Kind {
        self.system
    }

    /// Every path that has a place.
    #[must_use]
    pub fn paths(&self) -> BTreeSet<&str> {
        self.fields.iter().flat_map(|field| field.paths.iter().map(String::as_str)).collect()
    }

    /// The fields that a path goes into.
    pub(crate) fn of<'m>(&'m self, path: &'m str) -> impl Iterator<Item = &'m FieldMapping> {
        self.fields.iter().filter(move |field| field.paths.iter().any(|p| p == path))
    }

    /// Every place that is read: those of the fields, the DID's and the reference's.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        let own = std::iter::once(&self.record.did).chain(self.record.reference.as_ref());
        own.chain(self.fields.iter().map(|field| &field.place))
    }
}

impl FieldMapping {
    /// How two values of it are compared.
    pub(crate) fn likeness(&self) -> Likeness {
        let path = |text: &String| freehold_protocol::path::Path::parse(text).ok();
        let field = self.paths.first().and_then(path).and_then(|path| Vocabulary::standard().field(&path));
        match field.map(|field| field.value_type) {
            Some(freehold_protocol::vocabulary::ValueType::Phone) => Likeness::Phone,
            Some(freehold_protocol::vocabulary::ValueType::Email) => Likeness::Email,
            _ => Likeness::Text,
        }
    }
}

/// When two values are the same: CRMs write numbers with blanks, and addresses in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// The same text, apart from the ends of lines and the blanks around it.
    Text,
    /// The same digits, and both with a plus sign or both without.
    Phone,
    /// The same text in lower case.
    Email,
}

#[cfg(test)]
mod tests;
