//! The connector.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use freehold_outbound::Client;

use crate::adapter::{self, Failure};
use crate::config::{CrmConfig, OpenError};
use crate::core::Core;
use crate::customer::{Change, Customer};
use crate::delivery::Delivery;
use crate::mapping::Mapping;
use crate::preview::preview;
use crate::reason::Reason;
use crate::{erase, update};

/// A connector to one CRM. Cheap to clone; clones share batches, caches and connections.
#[derive(Clone)]
pub struct Connector {
    core: Arc<Core>,
}

/// What a delivery would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preview {
    /// No record is this customer's: one would be made.
    Create {
        /// Paths that would be written.
        paths: Vec<String>,
        /// Paths that have no place in this CRM.
        unmapped: Vec<String>,
    },
    /// The record was found by the vendor's number and would be linked.
    Update {
        /// The record's number in the CRM.
        record: String,
        /// Paths whose values differ there.
        differ: Vec<String>,
        /// Paths that would be reported as conflicts.
        conflicts: Vec<String>,
        /// Paths that have no place in this CRM.
        unmapped: Vec<String>,
    },
    /// The record carries the customer's DID already.
    Linked {
        /// The record's number in the CRM.
        record: String,
        /// Paths whose values differ there.
        differ: Vec<String>,
        /// Paths that would be reported as conflicts.
        conflicts: Vec<String>,
        /// Paths that have no place in this CRM.
        unmapped: Vec<String>,
    },
    /// Nothing would be written: these records carry the customer twice, or might be this customer.
    Duplicates {
        /// Their numbers in the CRM.
        records: Vec<String>,
        /// Why.
        sentence: String,
    },
    /// Nothing would be written: no record carries the customer's number, and the mapping makes none.
    NoRecord,
}

/// Why there is no preview.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PreviewError {
    /// The CRM did not answer.
    #[error("{0}")]
    Reason(#[from] Reason),
}

/// What a check has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// What persons see as `system`.
    pub system: String,
    /// What the CRM says it is, where it says that.
    pub version: Option<String>,
    /// Places of the mapping that the CRM does not have: their paths are refused.
    pub missing: Vec<String>,
}

impl Connector {
    /// A connector to this CRM. Nobody is contacted.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(config: &CrmConfig, mapping: Mapping, client: Client) -> Result<Self, OpenError> {
        client.check(&config.url).map_err(OpenError::Address)?;
        if mapping.system() != config.kind {
            return Err(OpenError::OtherSystem {
                wanted: config.kind.as_str(),
                got: mapping.system().as_str(),
            });
        }
        let system = config.name.clone().unwrap_or_else(|| config.kind.as_str().to_owned());
        let mapping = Arc::new(mapping);
        let adapter = adapter::open(config, &mapping, client)?;
        Ok(Self { core: Arc::new(Core::new(system, mapping, adapter)) })
    }

    /// What persons see as `system`.
    #[must_use]
    pub fn system(&self) -> &str {
        &self.core.system
    }

    /// Makes one attempt to bring one change into the CRM. Changes of one customer are given one after the other; of
    /// different customers, as many at once as the caller likes.
    pub async fn deliver(&self, change: Change<'_>) -> Delivery {
        let delivered = match change {
            Change::Update { customer, fields } => update::update(&self.core, customer, fields).await,
            Change::Erase { customer, paths, last } => erase::erase(&self.core, customer, paths, last).await,
        };
        match delivered {
            Ok(delivery) => delivery,
            Err(Failure::Again { reason, after }) => Delivery::Again { reason, after },
            Err(Failure::Refused { reason }) => Delivery::Refused { reason },
        }
    }

    /// What a delivery of these fields would do. Writes nothing.
    ///
    /// # Errors
    /// [`PreviewError`].
    pub async fn preview(
        &self,
        customer: &Customer,
        fields: &BTreeMap<String, Option<String>>,
    ) -> Result<Preview, PreviewError> {
        Ok(preview(&self.core, customer, fields).await.map_err(Failure::reason)?)
    }

    /// Whether the CRM is reachable, takes the token, and has the places of the mapping.
    ///
    /// # Errors
    /// [`Reason`].
    pub async fn check(&self) -> Result<Health, Reason> {
        let description = self.core.adapter.describe().await.map_err(Failure::reason)?;
        let is_wanted = |place: &&crate::place::Place| {
            !self.core.mapping.fields.iter().any(|field| field.optional && field.place == **place)
        };
        let missing = description.missing.iter().filter(is_wanted).map(|place| self.core.place(place));
        Ok(Health {
            system: self.core.system.clone(),
            version: description.version,
            missing: missing.collect(),
        })
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("system", &self.core.system).finish_non_exhaustive()
    }
}
