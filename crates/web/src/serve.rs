//! The listener: HTTP/1.1 over TCP, with bounds on everything a stranger can make it hold.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::Bind;

/// Connections at once: a few dozen people with a browser each.
const CONNECTIONS_MAX: usize = 256;

/// How long a request's head may take.
const HEAD_WAIT: Duration = Duration::from_secs(10);

/// Longest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Longest life of a connection; a browser opens another.
const CONNECTION_WAIT: Duration = Duration::from_secs(120);

/// How long requests under way may take when the listener ends.
const DRAIN_WAIT: Duration = Duration::from_secs(3);

/// A wait after the system has given no connection, such as for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who asks: the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Why a page is not served.
#[derive(Debug, thiserror::Error)]
#[error("the page cannot listen on {address} ({source}): stop what listens there, or choose another port")]
pub struct ServeError {
    /// Where.
    pub address: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

/// Listens; gives the place with the port that the system gave.
///
/// # Errors
/// [`ServeError`].
pub async fn listen(bind: Bind) -> Result<(TcpListener, Bind), ServeError> {
    let address = bind.address();
    let failed = |source| ServeError { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let settled = bind.settled(listener.local_addr().map_err(failed)?);
    Ok((listener, settled))
}

/// Serves routes until `stop` is done, and lets requests under way end. Each handler finds a [`Peer`] in the request's
/// extensions.
pub async fn serve(listener: TcpListener, routes: Router, stop: impl Future<Output = ()>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (ending, ended) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &room) => accepted,
        };
        match accepted {
            Ok((stream, address, permit)) => {
                let (routes, ended) = (routes.clone(), ended.clone());
                connections.spawn(async move {
                    connection(stream, address, routes, ended).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to the page was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    ending.send_replace(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(DRAIN_WAIT, drained).await;
}

type Accepted = (tokio::net::TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

/// The next connection there is room for. Cancel-safe.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> io::Result<Accepted> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    Ok((stream, address, permit))
}

async fn connection(
    stream: tokio::net::TcpStream,
    address: SocketAddr,
    routes: Router,
    mut ended: watch::Receiver<bool>,
) {
    let routes = TowerToHyperService::new(routes);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(address));
        routes.call(request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let served = tokio::select! {
        served = serving.as_mut() => served,
        () = async {
            tokio::select! {
                _ = ended.wait_for(|ended| *ended) => {}
                () = tokio::time::sleep(CONNECTION_WAIT) => {}
            }
        } => {
            serving.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(crate::REQUEST_WAIT, serving.as_mut()).await;
            Ok(())
        }
    };
    if let Err(error) = served {
        // Browsers break connections off all the time.
        tracing::debug!(%error, "a connection to the page has ended");
    }
}

#[cfg(test)]
mod tests;
