//! One of several processes of a hub over one database.
//!
//! Each has a number, and with it a transport key of its own; the store lists them all. What only one of them may do at a time
//! it does under a [`Lease`]; whose session of a relationship may write is told by the mailbox's fence.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use freehold_mailbox::record::{list, load, save};
use freehold_mailbox::{Holder, Mailbox, entropy};
use freehold_protocol::id::RelationshipId;
use freehold_protocol::identity::{KeyError, PublicKey};
use freehold_protocol::limits::ADDRESSES_MAX;
use freehold_protocol::time::Timestamp;
use freehold_store::database::{Claim, Database, Others};
use freehold_store::{ReadError, Reader, WriteError};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use tokio::time::Instant;

use crate::config::{DidChoice, HubConfig};
use crate::hub::{Hub, StartError, logged};
use crate::lease::Lease;
use crate::shared::Shared;
use crate::tables;
use crate::view::ReplicaView;

/// Most replicas: their keys and addresses fit into a DID document.
const REPLICAS_MAX: u32 = 32;

/// How long a start waits for the number of a process that has just died.
const NUMBER_WAIT: Duration = Duration::from_secs(20);

/// How often it is looked whether it is free.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long it is remembered which replicas run.
const RUNNING_FRESH: Duration = Duration::from_secs(1);

/// This process among the replicas.
pub(crate) struct Replica {
    pub(crate) number: u32,
    /// This run of it.
    pub(crate) run: Holder,
    database: Arc<dyn Database>,
    leases: Mutex<BTreeMap<&'static str, Arc<Lease>>>,
    running: Mutex<Option<(Instant, BTreeMap<Holder, u32>)>>,
    /// Kept for as long as the process is this replica.
    _number: Box<dyn Claim>,
}

/// A replica, as the store lists it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Registered {
    number: u32,
    /// Its run that is, or was, the last.
    run: Holder,
    /// Its transport key.
    key: ByteBuf,
    /// Where persons reach it.
    addresses: Vec<String>,
    /// Since when it runs.
    since: Timestamp,
}

/// Why a replica was not taken from the list.
#[derive(Debug, thiserror::Error)]
pub enum ForgetReplicaError {
    /// There is none of this number.
    #[error("there is no replica {0}: `freehold hub replicas` lists them")]
    Unknown(u32),
    /// It serves persons.
    #[error("replica {0} runs: drain it first, with `freehold hub drain` on its own home")]
    Runs(u32),
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

impl From<WriteError<ReadError>> for ForgetReplicaError {
    fn from(error: WriteError<ReadError>) -> Self {
        Self::Store(error.to_string())
    }
}

/// What a replica's number is named among those that the processes compete for.
fn number_name(number: u32) -> String {
    format!("replica {number}")
}

impl Replica {
    /// Takes the number that is configured, if there is one.
    pub(crate) async fn begin(
        database: Option<&Arc<dyn Database>>,
        config: &HubConfig,
    ) -> Result<Option<Self>, StartError> {
        let Some(number) = config.replica else { return Ok(None) };
        if number >= REPLICAS_MAX {
            return Err(StartError::Replica(format!(
                "a replica's number is one of 0 to {}",
                REPLICAS_MAX - 1
            )));
        }
        if config.did == DidChoice::Key {
            let text = "a did:key is one key, and each replica shows its own: replicas need a did:web";
            return Err(StartError::Replica(text.to_owned()));
        }
        let shared = database.and_then(|database| Some((database, database.others()?)));
        let Some((database, others)) = shared else {
            let text = "replicas share a database: name it with --store postgres://…";
            return Err(StartError::Replica(text.to_owned()));
        };
        let claim = others.claim(&number_name(number));
        let began = Instant::now();
        while !claim.is_held() {
            if began.elapsed() > NUMBER_WAIT {
                let text = format!("replica {number} runs already: stop it, or give this one another number");
                return Err(StartError::Replica(text));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(Some(Self {
            number,
            run: entropy(),
            database: Arc::clone(database),
            leases: Mutex::default(),
            running: Mutex::default(),
            _number: claim,
        }))
    }

    /// The others that have the database.
    pub(crate) fn others(&self) -> Option<&dyn Others> {
        self.database.others()
    }

    fn lease(&self, name: &'static str) -> Arc<Lease> {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        let lease = leases.entry(name).or_insert_with(|| {
            let claim = self.others().map(|others| others.claim(&format!("lease {name}")));
            Arc::new(claim.map_or(Lease::Own, Lease::claimed))
        });
        Arc::clone(lease)
    }

    /// Lets the other replicas have a right that this one has no use for any more. What was done under it has to have ended.
    fn let_go(&self, name: &str) {
        let lease = self.leases.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        if let Some(lease) = lease {
            lease.give_back();
        }
    }

    /// Lets the other replicas have every right. What was done under them has to have ended.
    pub(crate) fn give_back(&self) {
        let leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        leases.values().for_each(|lease| lease.give_back());
    }

    /// The numbers of the replicas that run, by their runs.
    fn running(&self, reader: &impl Reader) -> Result<BTreeMap<Holder, u32>, ReadError> {
        let mut known = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, running)) = &*known
            && at.elapsed() < RUNNING_FRESH
        {
            return Ok(running.clone());
        }
        let registered = registered(reader)?;
        let names: Vec<String> = registered.iter().map(|one| number_name(one.number)).collect();
        let claimed = self.others().map(|others| others.claimed(&names)).transpose()?.unwrap_or_default();
        let runs = registered.iter().zip(claimed).filter(|(_, claimed)| *claimed);
        let running: BTreeMap<Holder, u32> = runs.map(|(one, _)| (one.run, one.number)).collect();
        *known = Some((Instant::now(), running.clone()));
        Ok(running)
    }
}

/// Every replica that the store lists, by number.
fn registered(reader: &impl Reader) -> Result<Vec<Registered>, ReadError> {
    list(reader, &tables::replicas())
}

/// Lists this process's replica, with where it is reached.
pub(crate) async fn register(shared: &Shared, addresses: Vec<String>) -> Result<(), WriteError<ReadError>> {
    let Some(replica) = &shared.replica else { return Ok(()) };
    let registered = Registered {
        number: replica.number,
        run: replica.run,
        key: ByteBuf::from(shared.keys.first().transport.public().as_bytes().to_vec()),
        addresses,
        since: shared.now(),
    };
    let written = shared.store.write(move |txn| {
        save(txn, tables::replica(registered.number), &registered);
        Ok::<_, ReadError>(())
    });
    written.await.map(drop)
}

impl Shared {
    /// The right to do something that only one replica may do at a time.
    pub(crate) fn lease(&self, name: &'static str) -> Arc<Lease> {
        self.replica.as_ref().map_or_else(|| Arc::new(Lease::Own), |replica| replica.lease(name))
    }

    /// Lets other replicas do what this one does not do any more.
    pub(crate) fn let_go(&self, name: &str) {
        if let Some(replica) = &self.replica {
            replica.let_go(name);
        }
    }

    /// The replica, other than this one, at which a relationship's session is, as far as is known.
    pub(crate) fn whereabouts(&self, id: &RelationshipId) -> Result<Option<u32>, ReadError> {
        let Some(replica) = &self.replica else { return Ok(None) };
        let holder = Mailbox::new(id).holder(&self.store)?.filter(|holder| *holder != replica.run);
        match holder {
            Some(holder) => Ok(replica.running(&self.store)?.get(&holder).copied()),
            None => Ok(None),
        }
    }

    /// Whether a relationship's session is open, at whichever replica.
    pub(crate) fn is_connected(&self, id: &RelationshipId) -> Result<bool, ReadError> {
        Ok(self.sessions.is_open(id) || self.whereabouts(id)?.is_some())
    }

    /// The transport keys of the vendor's hub, and where it is reached: those of this process at `own`, and of every replica.
    fn endpoints(&self, own: &[String]) -> Result<(Vec<PublicKey>, Vec<String>), ReadError> {
        let (mut keys, mut addresses) = (vec![self.keys.first().transport.public()], own.to_vec());
        for other in registered(&self.store)? {
            let bytes: &[u8; 32] = other.key[..].try_into().map_err(|_| ReadError::Corrupt)?;
            let key = PublicKey::from_bytes(bytes).map_err(|_: KeyError| ReadError::Corrupt)?;
            if !keys.contains(&key) {
                keys.push(key);
                addresses.extend(other.addresses);
            }
        }
        keys.sort_by_key(|key| *key.as_bytes());
        Ok((keys, addresses))
    }

    /// The vendor's DID document, with every replica.
    pub(crate) fn document(&self, own: &[String]) -> Result<serde_json::Value, ReadError> {
        let (keys, mut addresses) = self.endpoints(own)?;
        addresses.sort_unstable();
        addresses.dedup();
        let identity = self.keys.newest();
        Ok(freehold_resolver::document(&identity.did, &identity.vendor.public(), &keys, &addresses))
    }

    /// Addresses for an invitation: this process's own, then those of the replicas that run.
    pub(crate) fn invite_to(&self, own: Vec<String>) -> Result<Vec<String>, ReadError> {
        let Some(replica) = &self.replica else { return Ok(own) };
        let running = replica.running(&self.store)?;
        let others = registered(&self.store)?.into_iter().filter(|one| running.contains_key(&one.run));
        let mut addresses = own;
        addresses.extend(others.filter(|one| one.run != replica.run).flat_map(|one| one.addresses));
        addresses.truncate(ADDRESSES_MAX);
        Ok(addresses)
    }
}

impl Hub {
    /// The replicas that the store lists; none of a hub that is one process.
    #[must_use]
    pub fn replicas(&self) -> Vec<ReplicaView> {
        let shared = &self.inner.shared;
        let Some(replica) = &shared.replica else { return Vec::new() };
        let running = logged(replica.running(&shared.store));
        let view = |one: Registered| ReplicaView {
            number: one.number,
            runs: running.contains_key(&one.run),
            this: one.run == replica.run,
            since: one.since.rfc3339(),
            addresses: one.addresses,
        };
        logged(registered(&shared.store)).into_iter().map(view).collect()
    }

    /// Takes a replica that runs no more from the list, and so its key from the DID document.
    ///
    /// # Errors
    /// [`ForgetReplicaError`].
    pub async fn forget_replica(&self, number: u32) -> Result<(), ForgetReplicaError> {
        let replicas = self.replicas();
        let Some(found) = replicas.iter().find(|one| one.number == number) else {
            return Err(ForgetReplicaError::Unknown(number));
        };
        if found.runs || found.this {
            return Err(ForgetReplicaError::Runs(number));
        }
        let key = tables::replica(number);
        let written = self.inner.shared.store.write(move |txn| {
            if load::<Registered>(txn, &key)?.is_some() {
                txn.delete(&key);
            }
            Ok::<_, ReadError>(())
        });
        Ok(written.await.map(drop)?)
    }

    /// The vendor's DID document as it is to be published, with the keys and addresses of all replicas.
    #[must_use]
    pub fn document(&self) -> serde_json::Value {
        logged(self.inner.shared.document(&self.addresses()))
    }
}
