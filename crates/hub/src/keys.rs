//! Under which keys the hub speaks. A vendor with a `did:key` has one for each generation of its key; a handshake cannot
//! choose between keys, so each has an endpoint of its own. A vendor with a `did:web` has one.

use std::sync::{Arc, PoisonError, RwLock};

use freehold_keystore::Seed;
use freehold_protocol::identity::{Did, DidError, PublicKey, SigningKey};

use crate::config::DidChoice;

/// One key under which persons know the hub.
pub(crate) struct Identity {
    /// Its place among the vendor's keys, from 0.
    pub(crate) generation: u32,
    /// The vendor's DID.
    pub(crate) did: Did,
    /// Signs documents in its name.
    pub(crate) vendor: SigningKey,
    /// Shown in handshakes; signs messages.
    pub(crate) transport: SigningKey,
    /// What the vendor's key will be after a rotation.
    pub(crate) next: PublicKey,
}

/// All of them.
pub(crate) struct Keys {
    seed: Seed,
    choice: DidChoice,
    replica: u32,
    all: RwLock<Vec<Arc<Identity>>>,
}

impl Keys {
    /// The first key.
    pub(crate) fn of(seed: &Seed, choice: &DidChoice) -> Result<Self, DidError> {
        Self::of_replica(seed, choice, 0)
    }

    /// As [`Keys::of`], with the transport key that a replica of a `did:web` shows.
    pub(crate) fn of_replica(seed: &Seed, choice: &DidChoice, replica: u32) -> Result<Self, DidError> {
        let first = identity(seed, choice, replica, 0)?;
        let all = RwLock::new(vec![Arc::new(first)]);
        Ok(Self { seed: seed.clone(), choice: choice.clone(), replica, all })
    }

    /// Whether the vendor's keys move by statements; those of a `did:web` stand in its document.
    pub(crate) fn can_rotate(&self) -> bool {
        self.choice == DidChoice::Key
    }

    /// A key of the vendor, of which the hub may not speak yet.
    pub(crate) fn derive(&self, generation: u32) -> Result<Identity, DidError> {
        identity(&self.seed, &self.choice, self.replica, generation)
    }

    /// The hub speaks under all keys up to this one.
    pub(crate) fn grow(&self, newest: u32) -> Result<(), DidError> {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        for generation in u32::try_from(all.len()).unwrap_or(u32::MAX)..=newest {
            all.push(Arc::new(self.derive(generation)?));
        }
        Ok(())
    }

    /// The key with which the hub was made.
    pub(crate) fn first(&self) -> Arc<Identity> {
        self.at(0)
    }

    /// The key that new relationships begin with.
    pub(crate) fn newest(&self) -> Arc<Identity> {
        self.at(u32::MAX)
    }

    /// A key by its generation, or the newest where there is none of it yet.
    pub(crate) fn at(&self, generation: u32) -> Arc<Identity> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let place = usize::try_from(generation).unwrap_or(usize::MAX);
        Arc::clone(&all[place.min(all.len() - 1)])
    }

    /// The key behind a DID of the vendor.
    pub(crate) fn of_did(&self, did: &Did) -> Option<Arc<Identity>> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|identity| identity.did == *did).cloned()
    }
}

fn identity(seed: &Seed, choice: &DidChoice, replica: u32, generation: u32) -> Result<Identity, DidError> {
    let vendor = seed.vendor_key(generation);
    let next = seed.vendor_key(generation.saturating_add(1)).public();
    Ok(match choice {
        DidChoice::Key => {
            Identity { generation, did: vendor.public().did(), transport: vendor.clone(), vendor, next }
        }
        DidChoice::Web(did) => {
            let transport = seed.replica_key(u64::from(replica));
            Identity { generation, did: Did::parse(did)?, transport, vendor, next }
        }
    })
}
