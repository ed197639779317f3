//! The handle.

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use freehold_keystore::Seed;
use freehold_link::Clock;
use freehold_mailbox::Linked;
use freehold_protocol::family::{Families, FamiliesError};
use freehold_protocol::id::RelationshipId;
use freehold_protocol::identity::SigningKey;
use freehold_protocol::time::Timestamp;
use freehold_resolver::Resolver;
use freehold_store::planted::{self, Bug};
use freehold_store::{HomeKey, Options, Store};
use freehold_transport::Limits;
use freehold_vault::relationships::{self, Relationship};

use crate::bell::{Bells, lock};
use crate::error::PersonError;
use crate::families;
use crate::schedule::{self, Schedule};
use crate::sync::Mutex;
use crate::task::{self, TaskHandle};
use crate::view::InfoView;

/// How a person's engine runs.
pub struct PersonConfig {
    /// How vendors' DIDs are resolved.
    pub resolver: Resolver,
    /// What a connection may cost.
    pub limits: Limits,
    /// How the store uses the machine.
    pub store: Options,
    /// Message families beside the protocol's own.
    pub families: Families<Linked>,
}

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store does not open.
    #[error("{0}")]
    Store(#[from] freehold_store::OpenError),
    /// The store opened and cannot be read.
    #[error("{0}")]
    Read(#[from] freehold_store::ReadError),
    /// The further families do not go together with the protocol's own.
    #[error(transparent)]
    Families(#[from] FamiliesError),
}

/// The person's engine. Clones are handles on the same.
#[derive(Clone)]
pub struct Person {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) home: PathBuf,
    pub(crate) store: Store,
    pub(crate) seed: Arc<Seed>,
    pub(crate) clock: Clock,
    pub(crate) signing: SigningKey,
    pub(crate) resolver: Resolver,
    pub(crate) limits: Limits,
    pub(crate) bells: Arc<Bells>,
    pub(crate) schedule: Schedule,
    pub(crate) families: Arc<Families<Linked>>,
    pub(crate) tasks: Mutex<BTreeMap<RelationshipId, TaskHandle>>,
}

impl Inner {
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

impl Person {
    /// Opens the vault under `home/store` and starts a task for every relationship.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        home: &FilePath,
        seed: Seed,
        config: PersonConfig,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let (bells, seed) = (Arc::new(Bells::default()), Arc::new(seed));
        let families = families::families(&bells, &seed).merge(config.families)?;
        let home_key = HomeKey::new(*seed.vault_key());
        let store = Store::open_with(&home.join("store"), &home_key, config.store, &freehold_vault::SCHEMA)?;
        let inner = Inner {
            home: home.to_owned(),
            signing: seed.vault_signing_key(),
            families: Arc::new(families),
            resolver: config.resolver,
            limits: config.limits,
            tasks: Mutex::default(),
            schedule: Schedule::default(),
            store,
            seed,
            clock,
            bells,
        };
        let person = Self { inner: Arc::new(inner) };
        for relationship in relationships::all(&person.inner.store)? {
            person.start_task(&relationship);
        }
        schedule::start(&person.inner);
        Ok(person)
    }

    pub(crate) fn start_task(&self, relationship: &Relationship) {
        let handle = task::start(&self.inner, relationship);
        lock(&self.inner.tasks).insert(relationship.id.clone(), handle);
    }

    pub(crate) fn task(&self, relationship: &RelationshipId) -> Result<TaskHandle, PersonError> {
        lock(&self.inner.tasks).get(relationship).cloned().ok_or(PersonError::Stopping)
    }

    /// What there is.
    ///
    /// # Errors
    /// The store's.
    pub fn info(&self) -> Result<InfoView, PersonError> {
        let fields: u64 =
            freehold_vault::fields::facets(&self.inner.store)?.iter().map(|facet| facet.fields).sum();
        Ok(InfoView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            fields: fields.try_into().unwrap_or(usize::MAX),
            relationships: relationships::all(&self.inner.store)?.len(),
        })
    }

    /// Ends every session in good order and closes the vault; everything acknowledged is on disk already.
    pub async fn stop(&self) {
        let handles: Vec<TaskHandle> = std::mem::take(&mut *lock(&self.inner.tasks)).into_values().collect();
        for handle in &handles {
            handle.stop();
        }
        self.inner.schedule.stop().await;
        for handle in handles {
            if !planted::is_on(Bug::StopUnwaited) {
                handle.stopped().await;
            }
        }
        if let Err(error) = self.inner.store.clone().close().await {
            tracing::error!(%error, "the vault did not close cleanly");
        }
    }
}
