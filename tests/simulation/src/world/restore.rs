//! Homes that are backed up and put back.

use std::sync::{Arc, Mutex, PoisonError};

use freehold_person::Person;
use freehold_store::simulation::disk::Crash;
use freehold_store::{HomeKey, Options, Store};

use super::World;
use crate::model::{Given, Model};
use crate::story::{Fields, Node};

impl World {
    /// Stops a person's node, takes its disk as it is, and starts it again.
    pub(super) async fn back_up(&mut self, person: usize, step: u32) {
        let node = Node::Person(person);
        self.stop(node).await;
        let image = self.persons[person].disk.image();
        self.start(node).await;
        // What cannot be started has no backup.
        if self.runs(node) {
            self.model().persons[person].back_up(step);
            self.backups[person] = Some((image, self.logs[person].clone()));
        }
    }

    /// The machine is lost, and its home put back; whoever restores it tells it, as the program does.
    pub(super) async fn restore(&mut self, person: usize, told: bool, step: u32) {
        let Some((image, log)) = self.backups[person].clone() else { return };
        let node = Node::Person(person);
        self.crash(node, Crash::Killed, false);
        let computer = &self.persons[person];
        computer.disk.put_back(&image);
        if told {
            let now = self.clock(&computer.offset_ms)();
            let key = HomeKey::new(*computer.seed().vault_key());
            let store =
                Store::open(&computer.home.join("store"), &key, Options::default()).expect("a backup opens");
            store
                .write(move |txn| freehold_vault::hold::hold_back_all(txn, now))
                .await
                .expect("a disk with room");
            store.close().await.expect("a store that closes");
            self.persons[person].disk.restart(Crash::Killed);
        }
        let ended = |given: &Given| self.ended_at_the_hub(given);
        self.model().persons[person].put_back(step, told, ended);
        self.logs[person] = log;
        self.restores += 1;
        self.start(node).await;
    }

    /// What a hub has taken as ended of a grant, as far as it can be asked.
    fn ended_at_the_hub(&self, given: &Given) -> Fields {
        let (Some(id), Some(engine)) = (&given.id, &self.hubs[given.hub].engine) else { return 0 };
        let customers = engine.customers();
        // What has ended by itself is judged by the person's own clock, and that may have been set back since.
        let held = customers.iter().flat_map(|customer| &customer.grants);
        let held = held.filter(|held| held.status != "expired").find(|held| held.id == *id);
        held.map_or(0, |held| given.scope & !Model::fields(held.paths.iter().map(String::as_str)))
    }

    /// Every person looks at what is held back, and goes on with it.
    pub(super) async fn resume_all(&mut self) {
        for person in 0..self.persons.len() {
            if let Some(engine) = self.persons[person].engine.clone() {
                resume(&engine, &self.model, person).await;
            }
        }
    }
}

/// Goes on with all relationships whose vendors have told, and has the others asked.
pub(super) async fn resume(engine: &Person, model: &Arc<Mutex<Model>>, person: usize) {
    let held = engine.held_back().unwrap_or_default();
    if held.is_empty() {
        return;
    }
    {
        let mut model = model.lock().unwrap_or_else(PoisonError::into_inner);
        for view in held.iter().filter(|view| view.state == "ready") {
            let hub = model.hubs.iter().position(|dids| dids.contains(&view.vendor));
            let given = model.persons[person].given.iter_mut().filter(|given| Some(given.hub) == hub);
            given.for_each(|given| given.held = false);
        }
    }
    let _ = engine.resume(None).await;
}
