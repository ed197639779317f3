//! Persons who change what they have granted, over and over, while their vendor's machines die.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use freehold_api::hub;
use freehold_person::Person;
use freehold_protocol::family::Families;
use freehold_tests::engines::EngineHome;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::peer::{ASK, Peer};
use crate::{Random, wait_until};

/// Longest pause between two changes of one person.
const PAUSE_MS_MAX: u64 = 40;
const STREET: &str = "address.home.street";
const COUNTER: &str = "x.counter";

/// Persons in this process, and the hub of their vendor in another.
pub struct Crowd {
    /// The hub.
    pub hub: Peer,
    runtime: Runtime,
    persons: Vec<Member>,
    works: Arc<AtomicBool>,
    changes: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<()>>,
}

/// A person who has met the vendor.
pub struct Member {
    _home: EngineHome,
    /// Their engine.
    pub person: Person,
    /// What they have granted.
    pub grant: String,
}

impl Crowd {
    /// Makes a hub with a sink, and so many persons who grant it two fields.
    ///
    /// # Panics
    /// When they do not meet.
    #[must_use]
    pub fn meet(dir: &Path, sink: &str, count: usize) -> Self {
        let hub = Peer::hub(&dir.join("hub"), dir);
        crate::sinks::configure(&hub, sink);
        Self::meet_hub(hub, count)
    }

    /// Starts a hub, and so many persons who grant it two fields.
    ///
    /// # Panics
    /// When they do not meet.
    #[must_use]
    pub fn meet_hub(mut hub: Peer, count: usize) -> Self {
        hub.start();
        Self::of(hub, count, None)
    }

    /// So many persons of a hub that runs; where it is a domain, they trust its certificate authority.
    ///
    /// # Panics
    /// When they do not meet.
    #[must_use]
    pub fn of(hub: Peer, count: usize, root: Option<&str>) -> Self {
        hub.must(&hub::Ask { toml: ASK.to_owned(), file: None });
        let runtime = Runtime::new().expect("a runtime");
        let mut persons = Vec::new();
        for number in 0..count {
            let customer = Some(format!("C-{number}"));
            let link = hub.must(&hub::Invite { customer, ..hub::Invite::default() }).link;
            let home = EngineHome::new();
            let person = runtime.block_on(async {
                match root {
                    Some(root) => home.person_near(root).await,
                    None => home.person(Families::new).await,
                }
            });
            persons.push(runtime.block_on(agreed(home, person, &link, number)));
        }
        let (works, changes) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
        Self { hub, runtime, persons, works, changes, tasks: Vec::new() }
    }

    /// They begin to change their fields.
    pub fn work(&mut self, seed: u64) {
        for (number, member) in self.persons.iter().enumerate() {
            let (person, works, changes) = (member.person.clone(), self.works.clone(), self.changes.clone());
            let mut random = Random::part(seed, number as u64 + 100);
            self.tasks.push(self.runtime.spawn(async move {
                for change in 1_u64.. {
                    if !works.load(Ordering::Relaxed) {
                        return;
                    }
                    let street = format!("Lindenweg {change}");
                    let fields =
                        vec![(STREET.into(), Some(street)), (COUNTER.into(), Some(change.to_string()))];
                    person.set(fields, "test").await.expect("a person's own disk");
                    changes.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(random.below(PAUSE_MS_MAX))).await;
                }
            }));
        }
    }

    /// They stop; gives how many changes they have made.
    ///
    /// # Panics
    /// When one of them failed.
    pub fn rest(&mut self) -> u64 {
        self.works.store(false, Ordering::Relaxed);
        for task in self.tasks.drain(..) {
            self.runtime.block_on(task).expect("the work did not panic");
        }
        self.changes.load(Ordering::Relaxed)
    }

    /// The first of them says stop.
    ///
    /// # Panics
    /// When that fails.
    pub fn revoke(&self) {
        let Some(Member { person, grant, .. }) = self.persons.first() else { return };
        self.runtime.block_on(person.revoke(grant, None)).expect("a revocation");
    }

    /// Whether the first of them has the vendor's answer to that.
    #[must_use]
    pub fn has_receipt(&self) -> bool {
        let grant = self.persons.first().and_then(|member| member.person.grant(&member.grant).ok());
        grant.is_some_and(|grant| grant.revocations.iter().any(|revocation| revocation.erasure.is_some()))
    }

    /// What each of them has now, by customer.
    ///
    /// # Panics
    /// When that cannot be read.
    #[must_use]
    pub fn own(&self) -> BTreeMap<String, BTreeMap<String, Option<String>>> {
        let value = |person: &Person, path: &str| {
            let found = person.get(Some(path), None, false).expect("a person's own disk");
            found.into_iter().next().and_then(|field| field.value)
        };
        let of = |(number, member): (usize, &Member)| {
            let fields = [STREET, COUNTER].map(|path| (path.to_owned(), value(&member.person, path)));
            (format!("C-{number}"), fields.into_iter().collect())
        };
        self.persons.iter().enumerate().map(of).collect()
    }

    /// Whether all have heard what became of their last change, as far as it may be told.
    fn has_heard(&self) -> bool {
        self.persons.iter().all(|member| {
            let vendors = member.person.status(None).map(|status| status.vendors).unwrap_or_default();
            vendors
                .iter()
                .flat_map(|vendor| &vendor.lines)
                .all(|line| line.state == "applied" || line.state == "revoked")
        })
    }

    /// Waits until the sink has everything.
    ///
    /// # Panics
    /// When that never comes.
    pub fn settle(&self) {
        wait_until("everything is delivered", || {
            let stats = self.hub.must(&hub::Stats {});
            self.has_heard() && stats.events_pending == 0
        });
    }

    /// The log of events, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        let mut events = Vec::new();
        let mut after = 0;
        loop {
            let page = self.hub.must(&hub::Events { after, limit: None, wait_ms: None });
            let Some(last) = page.last() else { return events };
            after = last.n;
            events.extend(page.into_iter().map(|event| event.cloudevent));
        }
    }

    /// What the hub holds of each customer: path and value by the relationship's UUID.
    #[must_use]
    pub fn held(&self) -> BTreeMap<String, BTreeMap<String, Option<String>>> {
        let customers = self.hub.must(&hub::Customers { customer: None });
        customers.into_iter().map(|customer| (customer.id, customer.fields)).collect()
    }

    /// What the persons have granted and hold themselves, as [`Crowd::held`].
    ///
    /// # Panics
    /// When the hub does not know one of them.
    #[must_use]
    pub fn given(&self) -> BTreeMap<String, BTreeMap<String, Option<String>>> {
        let customers = self.hub.must(&hub::Customers { customer: None });
        let number = |member: &usize| format!("C-{member}");
        let given = |(member, of): (usize, &Member)| {
            let known = customers.iter().find(|known| known.customer.as_ref() == Some(&number(&member)));
            let fields = [STREET, COUNTER].map(|path| {
                let field = of.person.get(Some(path), None, false).expect("a field that was set").remove(0);
                (path.to_owned(), field.value)
            });
            (known.expect("a customer").id.clone(), fields.into())
        };
        self.persons.iter().enumerate().map(given).collect()
    }

    /// Ends the persons.
    pub fn part(self) {
        let Self { runtime, persons, .. } = self;
        runtime.block_on(async {
            for member in persons {
                member.person.stop().await;
            }
        });
    }
}

/// A person follows a link and agrees.
///
/// # Panics
/// When that fails.
pub async fn member(link: &str, number: usize) -> Member {
    let home = EngineHome::new();
    let person = home.person(Families::new).await;
    agreed(home, person, link, number).await
}

async fn agreed(home: EngineHome, person: Person, link: &str, number: usize) -> Member {
    let street = (STREET.into(), Some(format!("Hauptstr. {number}")));
    person.set(vec![street, (COUNTER.into(), Some("0".to_owned()))], "test").await.expect("the first value");
    let request = person.connect(link).await.expect("they meet").request.expect("the request has come");
    let grant = person.approve(&request.id, None, None).await.expect("a grant").id;
    Member { _home: home, person, grant }
}
