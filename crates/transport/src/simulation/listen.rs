//! Listening and dialling.

use std::collections::BTreeSet;
use std::sync::{Arc, RwLock};

use freehold_protocol::identity::{PublicKey, SigningKey};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use super::wire::Wire;
use super::{Machine, Network};
use crate::dial::Outcome;
use crate::handler::{Handler, Side, pair};
use crate::{Address, Connection, Endpoint, Failure, INCOMING_QUEUE, Limits, ListenError, Transport};

/// An endpoint that listens.
#[derive(Clone)]
pub(super) struct Listener {
    pub(super) machine: Machine,
    key: PublicKey,
    limits: Limits,
    sender: mpsc::Sender<Connection>,
}

/// Listens on addresses whose places the network knows.
pub(crate) fn listen(
    network: &Network,
    key: &SigningKey,
    addresses: &[Address],
    limits: Limits,
) -> Result<(Endpoint, mpsc::Receiver<Connection>), ListenError> {
    let (sender, receiver) = mpsc::channel(INCOMING_QUEUE);
    let mut known = BTreeSet::new();
    let mut machine = None;
    {
        let mut state = network.state();
        for address in addresses {
            let place = state.places.get(address).copied();
            let place = place.ok_or_else(|| ListenError::NoInterface { address: address.clone() })?;
            let start = state.starts.get(&place).copied().unwrap_or_default();
            let listener = Listener {
                machine: Machine { place, start },
                key: key.public(),
                limits,
                sender: sender.clone(),
            };
            machine = Some(listener.machine);
            state.listeners.insert(address.clone(), listener);
            known.insert(address.with_peer(key.public()));
        }
    }
    let (stop, stopped) = oneshot::channel();
    let (network, own) = (network.clone(), key.public());
    let task = tokio::spawn(async move {
        let _ = stopped.await;
        let Some(machine) = machine else { return };
        let wires = {
            let mut state = network.state();
            state.listeners.retain(|_, listener| listener.machine != machine || listener.key != own);
            state.wires_of(|wire| wire.is_to(machine, &own))
        };
        wires.iter().for_each(|wire| wire.end(1, None));
    });
    let addresses = Arc::new(RwLock::new(known));
    Ok((Endpoint { key: key.public(), addresses, stop, task }, receiver))
}

/// One attempt at one address, in the place of a swarm's.
pub(crate) async fn attempt(
    network: &Network,
    machine: Machine,
    key: &SigningKey,
    address: &Address,
    expected: &[PublicKey],
    limits: &Limits,
) -> Result<Connection, Outcome> {
    sleep(network.delay()).await;
    let found = {
        let state = network.state();
        if !state.is_up(machine) {
            return Err(Outcome::Failed(Failure::NoRoute));
        }
        let place = state.places.get(address).copied();
        let silent = place.is_none_or(|to| {
            state.off.contains(&to)
                || state.blocked.contains(&(machine.place, to))
                || state.blocked.contains(&(to, machine.place))
        });
        (!silent).then(|| state.listeners.get(address).cloned())
    };
    let Some(listener) = found else { return std::future::pending().await };
    let listener = listener.ok_or(Outcome::Failed(Failure::Refused))?;
    if !expected.contains(&listener.key) {
        return Err(Outcome::WrongPeer(listener.key));
    }
    let transport = if address.is_quic() { Transport::Quic } else { Transport::Tcp };
    let own = key.public();
    let (dialler, connection, _) = pair(Side::Dialler, own, listener.key, transport, None, limits);
    let (taker, taken, _): (Handler, Connection, _) =
        pair(Side::Listener, listener.key, own, transport, None, &listener.limits);
    let wire = Wire::join(
        network,
        [machine, listener.machine],
        [own, listener.key],
        [dialler, taker],
        [*limits, listener.limits],
    );
    // As the real endpoint: whoever dials again has lost the old connection.
    let earlier = network.state().wires_of(|other| other.is_of(&own, listener.machine));
    let spare = earlier.len().saturating_sub(listener.limits.per_peer_max as usize);
    earlier.iter().filter(|other| other.id() != wire.id()).take(spare).for_each(|other| other.end(1, None));
    let _ = listener.sender.try_send(taken);
    sleep(network.delay()).await;
    Ok(connection)
}
