//! A hub of several processes over one PostgreSQL, and persons who change what they have granted while the processes die.

use std::collections::BTreeMap;
use std::path::Path;

use freehold_api::hub;
use freehold_tests::domain::Domain;

use crate::peer::{Peer, free_port};
use crate::sinks;
use crate::sinks::crowd::Crowd;
use crate::sinks::database::Database;

/// How many processes.
pub const REPLICAS: usize = 3;

/// The processes, what they stand on, and the persons. The first process is the crowd's own hub.
pub struct Fleet {
    /// The persons, with the first replica.
    pub crowd: Crowd,
    /// The other replicas.
    others: Vec<Peer>,
    /// The server that has the store, and the tables of a sink in another database.
    pub database: Database,
    _domain: Domain,
}

impl Fleet {
    /// Makes a hub of three processes that feed tables and files of lines, and so many persons.
    ///
    /// # Errors
    /// Why this machine cannot.
    ///
    /// # Panics
    /// When they do not meet.
    pub fn meet(dir: &Path, persons: usize) -> Result<Self, String> {
        let database = Database::start(dir)?;
        let _ = database.rows("create database hub");
        let domain = Domain::start();
        let (name, store) = (format!("localhost:{}", domain.port), database.url_of("hub"));
        let place = |number: usize| (dir.join(format!("hub-{number}")), dir.join(format!("beside-{number}")));
        let (home, beside) = place(0);
        let words = ["--did-web", &name, "--store", &store, "--jsonl", "events.jsonl"];
        let first = Peer::hub_with(&home, &beside, &words);
        sinks::configure(&first, &database.section());
        let mut replicas = vec![first];
        for number in 1..REPLICAS {
            let (home, beside) = place(number);
            replicas.push(replicas[0].alike(&home, &beside));
        }
        for (number, replica) in replicas.iter_mut().enumerate() {
            let port = free_port();
            let listen = [format!("/ip4/127.0.0.1/udp/{port}/quic-v1"), format!("/ip4/127.0.0.1/tcp/{port}")];
            replica.words =
                ["--replica", &number.to_string(), "--listen", &listen[0], "--listen", &listen[1]]
                    .map(str::to_owned)
                    .to_vec();
            replica.start();
        }
        domain.serve(&replicas[0].must(&hub::DidDocument {}).document);
        let first = replicas.remove(0);
        let crowd = Crowd::of(first, persons, Some(&domain.root));
        Ok(Self { crowd, others: replicas, database, _domain: domain })
    }

    /// One of the replicas.
    pub fn replica(&mut self, number: usize) -> &mut Peer {
        match number {
            0 => &mut self.crowd.hub,
            other => &mut self.others[other - 1],
        }
    }

    /// How many sessions each has.
    pub fn sessions(&mut self) -> Vec<usize> {
        (0..REPLICAS).map(|number| self.replica(number).must(&hub::Stats {}).connected).collect()
    }

    /// Waits until every person has heard of their last change and every sink has every event, whoever delivers it.
    ///
    /// # Panics
    /// When that never comes.
    pub fn settle(&self) {
        self.crowd.settle();
    }

    /// What the hub holds of each customer.
    #[must_use]
    pub fn held(&self) -> BTreeMap<String, BTreeMap<String, Option<String>>> {
        let customers = self.crowd.hub.must(&hub::Customers { customer: None });
        customers.into_iter().map(|one| (one.customer.unwrap_or_default(), one.fields)).collect()
    }
}
