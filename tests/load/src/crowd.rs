//! All nodes of a run: they meet the hub, and some of them are connected to it at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use freehold_protocol::invitation::Invitation;
use freehold_tests::bench::Failure;
use tokio::task::JoinSet;

use crate::hub::{HubProcess, target};
use crate::node::Node;
use crate::session::{End, Open, Target, open};

/// Nodes that dial at the same time, where nothing else is measured: a hub has room for 64 strangers of one network.
const DIALLING: usize = 48;

/// Invitations that are made at a time.
const INVITED: usize = 2_000;

/// Attempts of a node that is not to be in a stampede.
const ATTEMPTS: u32 = 8;

/// The nodes.
pub struct Crowd {
    /// Each node that has no session.
    nodes: HashMap<usize, Node>,
    count: usize,
    /// Where from nodes dial: addresses of this machine, each in a network of its own.
    networks: Vec<String>,
    /// A link of the hub, for its keys and addresses.
    sample: Option<Invitation>,
}

/// What it took to meet.
#[derive(Debug, Clone, Copy)]
pub struct Joined {
    /// How many.
    pub count: usize,
    /// How long.
    pub secs: f64,
    /// The hub's CPU seconds.
    pub hub_cpu_secs: f64,
}

impl Crowd {
    /// Nobody yet.
    #[must_use]
    pub fn new(networks: Vec<String>) -> Self {
        Self { nodes: HashMap::new(), count: 0, networks, sample: None }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Lets nodes meet the hub until there are so many: each follows an invitation over a connection of its own, grants what is
    /// asked, and has the receipt.
    ///
    /// # Errors
    /// When one cannot.
    pub async fn grow(&mut self, hub: &mut HubProcess, count: usize) -> Result<Joined, Failure> {
        let (before, began, cpu) = (self.count, Instant::now(), hub.cpu_secs()?);
        while self.count < count {
            let invitations = hub.invite((count - self.count).min(INVITED)).await?;
            self.sample = invitations.first().cloned();
            let mut joining = JoinSet::new();
            for invitation in invitations {
                let target = Arc::new(target(&invitation, false, self.network(self.count))?);
                let node = Node::new(self.count)?;
                self.count += 1;
                joining.spawn(
                    async move { dial_on(node, &target, Some(invitation.token)).await?.close().await },
                );
                if joining.len() >= DIALLING {
                    self.back(joining.join_next().await)?;
                }
            }
            while let Some(joined) = joining.join_next().await {
                self.back(Some(joined))?;
            }
        }
        let hub_cpu_secs = hub.cpu_secs()? - cpu;
        Ok(Joined { count: self.count - before, secs: began.elapsed().as_secs_f64(), hub_cpu_secs })
    }

    /// Numbers of nodes, spread evenly over all of them.
    #[must_use]
    pub fn spread(&self, count: usize) -> Vec<usize> {
        let count = count.min(self.count);
        (0..count).map(|n| n * self.count / count.max(1)).collect()
    }

    /// The numbers of these nodes by their DIDs.
    #[must_use]
    pub fn dids(&self, numbers: &[usize]) -> HashMap<String, usize> {
        let did = |number: &usize| Some((self.nodes.get(number)?.key().public().did().to_string(), *number));
        numbers.iter().filter_map(did).collect()
    }

    /// Has each of these nodes sign so many updates.
    ///
    /// # Errors
    /// When one has no agreement.
    pub fn prepare(&mut self, numbers: &[usize], updates: usize) -> Result<(), Failure> {
        for number in numbers {
            let node = self.nodes.get_mut(number).ok_or("the node is connected")?;
            (0..updates).try_for_each(|_| node.prepare())?;
        }
        Ok(())
    }

    /// Takes a node out, to be used by somebody else.
    ///
    /// # Errors
    /// When it is connected.
    pub fn take(&mut self, number: usize) -> Result<Node, Failure> {
        self.nodes.remove(&number).ok_or_else(|| "the node is connected".into())
    }

    /// Where a node dials by QUIC.
    ///
    /// # Errors
    /// When nobody has met the hub.
    pub fn target(&self, number: usize) -> Result<Arc<Target>, Failure> {
        let sample = self.sample.as_ref().ok_or("nobody has met the hub")?;
        Ok(Arc::new(target(sample, true, self.network(number))?))
    }

    /// Connects these nodes by QUIC, one after the other as the hub takes them.
    ///
    /// # Errors
    /// When one cannot.
    pub async fn connect(&mut self, numbers: &[usize]) -> Result<Vec<Open>, Failure> {
        let mut dialling = JoinSet::new();
        let mut sessions = Vec::with_capacity(numbers.len());
        for number in numbers {
            let (node, target) = (self.take(*number)?, self.target(*number)?);
            dialling.spawn(async move { dial_on(node, &target, None).await });
            if dialling.len() >= DIALLING
                && let Some(opened) = dialling.join_next().await
            {
                sessions.push(opened??);
            }
        }
        while let Some(opened) = dialling.join_next().await {
            sessions.push(opened??);
        }
        Ok(sessions)
    }

    /// Ends these sessions in good order.
    ///
    /// # Errors
    /// When one has ended before.
    pub async fn disconnect(&mut self, sessions: Vec<Open>) -> Result<(), Failure> {
        let mut closing = JoinSet::new();
        for session in sessions {
            closing.spawn(session.close());
        }
        while let Some(closed) = closing.join_next().await {
            self.back(Some(closed))?;
        }
        Ok(())
    }

    fn network(&self, number: usize) -> &str {
        &self.networks[number % self.networks.len()]
    }

    fn back(
        &mut self,
        node: Option<Result<Result<Node, Failure>, tokio::task::JoinError>>,
    ) -> Result<(), Failure> {
        if let Some(node) = node {
            let mut node = node??;
            node.drop_unsent();
            self.nodes.insert(node.number, node);
        }
        Ok(())
    }
}

/// Dials again where an attempt fails.
async fn dial_on(mut node: Node, target: &Arc<Target>, token: Option<[u8; 16]>) -> Result<Open, Failure> {
    let mut last = End::Unreached;
    for attempt in 0..ATTEMPTS {
        match open(node, target, token).await {
            Ok(open) => return Ok(open),
            Err((back, end)) => (node, last) = (back, end),
        }
        tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
    }
    Err(format!("node {} is not let in: {last:?}", node.number).into())
}
