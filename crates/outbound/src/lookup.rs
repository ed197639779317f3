//! Names into addresses, once, through the gate.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Answer of a [`Lookup`].
pub(crate) type Looking = Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>>;

/// Something that turns a host name into addresses.
pub(crate) trait Lookup: Send + Sync {
    /// All addresses of the name.
    fn lookup(&self, host: String) -> Looking;
}

/// The operating system's resolver.
pub(crate) struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: String) -> Looking {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// The gate that every address passes before it is connected to.
///
/// It sits where the connection itself asks for its addresses, so those that were checked are those that are
/// connected to: there is no second lookup that a rebinding name server could answer otherwise.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) is_refused: fn(IpAddr) -> bool,
}

/// Why the gate gave no address; found again in the error chain of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GateError {
    #[error("inward address")]
    Inward,
    #[error("no address")]
    NotResolved,
}

impl Gate {
    /// The addresses of a host, all of them outward: one inward address refuses the name, since a name that
    /// leads inward at all was set up to do so or is not meant for strangers.
    async fn addresses(&self, host: String) -> Result<Vec<IpAddr>, GateError> {
        let found = self.lookup.lookup(host).await.map_err(|_| GateError::NotResolved)?;
        if found.is_empty() {
            return Err(GateError::NotResolved);
        }
        if found.iter().any(|address| (self.is_refused)(*address)) {
            return Err(GateError::Inward);
        }
        Ok(found)
    }
}

impl Resolve for Gate {
    fn resolve(&self, name: Name) -> Resolving {
        let gate = self.clone();
        Box::pin(async move {
            let found = gate.addresses(name.as_str().to_owned()).await?;
            // Port 0 stands for the URL's own.
            Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}
