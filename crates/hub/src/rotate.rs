//! Moving the vendor to its next key, and letting go of the older ones.

use std::sync::Arc;

use freehold_mailbox::entropy;
use freehold_protocol::document::VendorRotation;
use freehold_protocol::id::RotationId;
use freehold_protocol::limits::{ADDRESS_BYTES_MAX, ADDRESSES_MAX};
use freehold_store::{ReadError, WriteError};
use freehold_transport::{Address, AddressError, ListenError};
use serde_bytes::ByteBuf;

use crate::hub::{Hub, Inner};
use crate::moves::{self, Move, Moves};
use crate::ports;
use crate::serving::Serving;
use crate::view::{RetireView, RotationView};

/// Why the vendor did not move to its next key, or an older one was not let go.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The keys of a `did:web` stand in its document.
    #[error(
        "this hub has a did:web: its keys rotate in its DID document, and persons follow what they find there"
    )]
    Web,
    /// An address cannot be used.
    #[error("{address}: {reason}")]
    Address {
        /// Which.
        address: String,
        /// Why not.
        reason: AddressError,
    },
    /// Nobody said where.
    #[error(
        "say with --listen where the hub listens under the next key: there is no port after the present one"
    )]
    Listen,
    /// Nobody said where persons reach it.
    #[error(
        "say with --announce where persons reach the hub under the next key: it announces addresses, or has none that they could dial"
    )]
    Announce,
    /// More addresses than a message carries, or longer ones.
    #[error("announce at most {ADDRESSES_MAX} addresses of {ADDRESS_BYTES_MAX} bytes each")]
    Addresses,
    /// It cannot listen there.
    #[error(transparent)]
    Endpoint(#[from] ListenError),
    /// There is no older key.
    #[error("the hub has one key: there is none to let go")]
    Nothing,
    /// Some would be lost.
    #[error(
        "{customers} customers have not moved to the newest key and {links} open links lead to an older one: they could not reach the hub any more. `freehold hub stats` shows how many are left; with --yes they are given up"
    )]
    Left {
        /// Persons who have not moved.
        customers: usize,
        /// Links that were not used.
        links: usize,
    },
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

impl From<ReadError> for RotateError {
    fn from(error: ReadError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<WriteError<ReadError>> for RotateError {
    fn from(error: WriteError<ReadError>) -> Self {
        Self::Store(error.to_string())
    }
}

impl Hub {
    /// Moves the vendor to the key that every person holds a commitment to. The hub listens under it at `listen`, or a
    /// port after those of the present key, and goes on under the older ones. When this returns it is on disk, and
    /// every person's mailbox has the statement; each moves when they next connect.
    ///
    /// # Errors
    /// [`RotateError`]; the vendor has not moved then. Only [`RotateError::Store`] may come when it has: the next start tells
    /// who was not told.
    pub async fn rotate(
        &self,
        listen: Vec<String>,
        announce: Vec<String>,
    ) -> Result<RotationView, RotateError> {
        let Inner { shared, changing, .. } = &*self.inner;
        let _changing = changing.lock().await;
        if !shared.keys.can_rotate() {
            return Err(RotateError::Web);
        }
        let old = shared.keys.newest();
        let generation = old.generation + 1;
        let new = shared.keys.derive(generation).map_err(|error| RotateError::Store(error.to_string()))?;
        let listen = match listen.is_empty() {
            true => ports::following(&self.listens()).ok_or(RotateError::Listen)?,
            false => listen,
        };
        for address in listen.iter().chain(&announce) {
            let bad = |reason| RotateError::Address { address: address.clone(), reason };
            Address::parse(address).map_err(bad)?;
        }
        if announce.is_empty() && self.announces() {
            return Err(RotateError::Announce);
        }
        if announce.len() > ADDRESSES_MAX || announce.iter().any(|text| text.len() > ADDRESS_BYTES_MAX) {
            return Err(RotateError::Addresses);
        }
        let statement = VendorRotation::state(
            RotationId::from_entropy(entropy()),
            [&old.vendor, &new.vendor],
            &new.next,
            shared.now(),
        );
        let statement = statement.map_err(|code| RotateError::Store(code.to_string()))?;
        // It listens before anybody is told: an address that is taken is found while nothing has changed.
        let (serving, incoming) = Serving::listen_on(Arc::new(new), listen, announce).await?;
        let mut addresses = serving.addresses();
        addresses.truncate(ADDRESSES_MAX);
        if addresses.is_empty() {
            serving.close().await;
            return Err(RotateError::Announce);
        }
        let moved = Move {
            document: ByteBuf::from(statement.bytes()),
            listen: serving.listen().to_vec(),
            announce: serving.announce().to_vec(),
            addresses: addresses.clone(),
        };
        let written = shared.store.write(move |txn| {
            moved.save(txn, generation);
            Moves { newest: generation, ..Moves::load(txn)? }.save(txn);
            Ok::<_, ReadError>(())
        });
        if let Err(error) = written.await {
            serving.close().await;
            return Err(error.into());
        }
        shared.keys.grow(generation).map_err(|error| RotateError::Store(error.to_string()))?;
        let after = shared.keys.newest().did.to_string();
        self.inner.serve(serving, incoming);
        moves::tell_all(shared).await?;
        let customers = moves::behind(&shared.store)?;
        tracing::info!(generation, customers, "the vendor has moved to its next key");
        Ok(RotationView { before: old.did.to_string(), after, addresses, customers })
    }

    /// Stops serving all keys but the newest. Whoever has not moved yet cannot reach the hub any more.
    ///
    /// # Errors
    /// [`RotateError::Left`] where there are such and `yes` was not said, [`RotateError::Nothing`], [`RotateError::Store`].
    pub async fn retire(&self, yes: bool) -> Result<RetireView, RotateError> {
        let Inner { shared, changing, .. } = &*self.inner;
        let _changing = changing.lock().await;
        let moves = Moves::load(&shared.store)?;
        if moves.oldest >= moves.newest {
            return Err(RotateError::Nothing);
        }
        let customers = moves::behind(&shared.store)?;
        let links = moves::open_links(&shared.store, shared.now())?;
        if customers + links > 0 && !yes {
            return Err(RotateError::Left { customers, links });
        }
        let written = shared.store.write(move |txn| {
            let now = Moves::load(txn)?;
            Moves { oldest: now.newest, ..now }.save(txn);
            Ok::<_, ReadError>(())
        });
        written.await?;
        let retired = {
            let mut serving = self.inner.serving();
            let (newer, older): (Vec<_>, Vec<_>) =
                serving.drain(..).partition(|one| one.generation() >= moves.newest);
            *serving = newer;
            older
        };
        for one in retired {
            one.stop_and_close().await;
        }
        let name = |generation| shared.keys.at(generation).did.to_string();
        Ok(RetireView { retired: (moves.oldest..moves.newest).map(name).collect(), customers, links })
    }
}
