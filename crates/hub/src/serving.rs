//! The endpoint of one of the vendor's keys, and the sessions of those who dial it.

use std::sync::Arc;
use std::time::Duration;

use freehold_transport::{Address, Connection, Endpoint, Limits, ListenError};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use crate::keys::Identity;
use crate::ports;
use crate::session::Server;
use crate::stop::{Stop, Stopping};

/// How long the sessions of a key may take to end.
const STOP: Duration = Duration::from_secs(5);

/// One key that is served.
pub(crate) struct Serving {
    identity: Arc<Identity>,
    endpoint: Endpoint,
    listen: Vec<String>,
    announce: Vec<String>,
    stop: Stop,
    sessions: Option<JoinHandle<()>>,
}

impl Serving {
    /// Listens under a key; serves nobody yet.
    pub(crate) async fn listen_on(
        identity: Arc<Identity>,
        listen: Vec<String>,
        announce: Vec<String>,
    ) -> Result<(Self, mpsc::Receiver<Connection>), ListenError> {
        let on: Vec<Address> = listen.iter().filter_map(|a| Address::parse(a).ok()).collect();
        let (endpoint, incoming) = Endpoint::listen(&identity.transport, &on, limits()).await?;
        let listen = ports::settled(&listen, &endpoint.addresses());
        Ok((Self { identity, endpoint, listen, announce, stop: Stop::default(), sessions: None }, incoming))
    }

    /// Serves those who dial it.
    pub(crate) fn begin(&mut self, server: Server, incoming: mpsc::Receiver<Connection>) {
        self.sessions = Some(tokio::spawn(accept(server, incoming)));
    }

    pub(crate) fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    pub(crate) fn generation(&self) -> u32 {
        self.identity.generation
    }

    pub(crate) fn listen(&self) -> &[String] {
        &self.listen
    }

    pub(crate) fn announce(&self) -> &[String] {
        &self.announce
    }

    pub(crate) fn stopping(&self) -> Stopping {
        self.stop.listen()
    }

    /// Where persons reach it: what is announced, else what is really listened on, loopback last.
    pub(crate) fn addresses(&self) -> Vec<String> {
        if !self.announce.is_empty() {
            return self.announce.clone();
        }
        let bare = |address: &Address| address.as_str().split("/p2p/").next().unwrap_or_default().to_owned();
        let mut addresses: Vec<String> = self.endpoint.addresses().iter().map(bare).collect();
        addresses
            .sort_by_key(|a| (a.starts_with("/ip4/127.") || a.starts_with("/ip6/::1/"), !a.contains("quic")));
        addresses
    }

    /// Says goodbye to everyone; gives the task of the sessions, which ends then.
    pub(crate) fn say_goodbye(&mut self) -> Option<JoinHandle<()>> {
        self.stop.give();
        self.sessions.take()
    }

    /// Stops listening.
    pub(crate) async fn close(self) {
        self.endpoint.close().await;
    }

    /// Says goodbye to everyone, waits for a moment, and stops listening.
    pub(crate) async fn stop_and_close(mut self) {
        if let Some(mut sessions) = self.say_goodbye()
            && tokio::time::timeout(STOP, &mut sessions).await.is_err()
        {
            sessions.abort();
            let _ = sessions.await;
        }
        self.close().await;
    }
}

/// What persons may cost: nobody reads a hub.
fn limits() -> Limits {
    Limits { takes_reads: false, ..Limits::default() }
}

/// Gives each connection a task of its own; ends when all of them have.
async fn accept(server: Server, mut incoming: mpsc::Receiver<Connection>) {
    let stop = server.stop.clone();
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.given() => break,
            Some(ended) = sessions.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a session's task broke off");
                }
            }
            connection = incoming.recv() => match connection {
                Some(connection) => drop(sessions.spawn(server.clone().serve(connection))),
                None => break,
            },
        }
    }
    while sessions.join_next().await.is_some() {}
}
