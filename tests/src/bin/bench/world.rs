//! Persons and hubs that are connected to each other.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use freehold_hub::{Hub, HubConfig};
use freehold_keystore::Seed;
use freehold_link::system_clock;
use freehold_outbound::{Client, Policy};
use freehold_person::{Person, PersonConfig};
use freehold_resolver::{CachePolicy, Resolver};
use freehold_store::Options;
use freehold_transport::Limits;

use crate::{Failure, PATIENCE, within};

/// The field that every hub asks for.
pub(crate) const STREET: &str = "address.delivery.street";

/// Pause between two looks at something that should happen at once.
const LOOK: Duration = Duration::from_millis(5);

/// The type of the event that says that values are on a hub's disk.
const UPDATE: &str = "dev.freehold.update";

/// One person and the hubs connected to that person's node.
pub(crate) struct World {
    dir: PathBuf,
    pub(crate) person: Person,
    pub(crate) hubs: Vec<Hub>,
    /// The grant that each of them holds.
    pub(crate) grants: Vec<String>,
}

impl World {
    /// A person with one value and no hub.
    pub(crate) async fn new(dir: &Path) -> Result<Self, Failure> {
        let person = person(&dir.join("person"), &Seed::generate()?).await?;
        set(&person, STREET, "0 Long Street").await?;
        Ok(Self { dir: dir.to_owned(), person, hubs: Vec::new(), grants: Vec::new() })
    }

    /// Adds hubs until there are so many, each connected and granted the one field.
    pub(crate) async fn grow(&mut self, count: usize) -> Result<(), Failure> {
        while self.hubs.len() < count {
            let hub = hub(&self.dir.join(format!("hub-{}", self.hubs.len())), &[STREET]).await?;
            self.add(hub).await?;
        }
        Ok(())
    }

    /// Connects the person to a hub and grants all it asks, until the hub has the values.
    pub(crate) async fn add(&mut self, hub: Hub) -> Result<(), Failure> {
        let after = newest(&hub);
        let customer = (hub.info().customers == 0).then(|| CUSTOMER.to_owned());
        let link = hub.invite(customer, None, VALID).await?.link;
        self.grants.push(accept(&self.person, &link).await?);
        has(&hub, UPDATE, after).await?;
        self.hubs.push(hub);
        Ok(())
    }

    /// Changes the one field. Gives the time until the change is on the person's disk, and until each of the first
    /// hubs has it on its own.
    pub(crate) async fn change(&self, value: &str, hubs: usize) -> Result<(Duration, Duration), Failure> {
        let mut waiting = tokio::task::JoinSet::new();
        for hub in &self.hubs[..hubs] {
            let (hub, after) = (hub.clone(), newest(hub));
            waiting.spawn(async move { has(&hub, UPDATE, after).await.map(|()| Instant::now()) });
        }
        // The waits are to stand before the change is made.
        tokio::task::yield_now().await;
        let start = Instant::now();
        set(&self.person, STREET, value).await?;
        let set = start.elapsed();
        let mut last = start;
        while let Some(at) = within("a hub's event", waiting.join_next()).await? {
            last = last.max(at??);
        }
        Ok((set, last - start))
    }

    /// Waits until nothing is under way any more: every hub has said what became of the values.
    pub(crate) async fn settle(&self) -> Result<(), Failure> {
        soon("the outcome of a change", || {
            let vendors = self.person.status(None)?.vendors;
            let mut lines = vendors.iter().flat_map(|vendor| &vendor.lines);
            Ok(lines.all(|line| !matches!(line.state.as_str(), "pending" | "sent" | "stored")))
        })
        .await?;
        tokio::time::sleep(2 * LOOK).await;
        Ok(())
    }

    /// Ends all of it.
    pub(crate) async fn stop(self) {
        self.person.stop().await;
        let mut stops = tokio::task::JoinSet::new();
        self.hubs.into_iter().for_each(|hub| drop(stops.spawn(hub.stop())));
        while stops.join_next().await.is_some() {}
    }
}

/// How a hub calls its first person.
pub(crate) const CUSTOMER: &str = "customer-1";

/// How long invitations hold: longer than any run.
pub(crate) const VALID: Duration = Duration::from_secs(24 * 60 * 60);

/// Starts a person's engine.
pub(crate) async fn person(home: &Path, seed: &Seed) -> Result<Person, Failure> {
    let resolver = Resolver::new(Client::new(Policy::public())?, CachePolicy::default());
    let config = PersonConfig {
        resolver,
        limits: Limits::default(),
        store: Options::default(),
        families: Default::default(),
    };
    let seed = Seed::from_words(&seed.words())?;
    Ok(Person::start(home, seed, config, system_clock()).await?)
}

/// Starts a hub that asks for some fields.
pub(crate) async fn hub(home: &Path, paths: &[&str]) -> Result<Hub, Failure> {
    let mut config = HubConfig::new("Bench");
    config.listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".to_owned()];
    let hub = Hub::start(home, &Seed::generate()?, config, system_clock()).await?;
    let mut ask = String::from(
        "title = \"Delivery\"\nlegal_basis = \"contract\"\nmode = \"continuous\"\n\
         retention = { duration = \"P2Y\", after = \"end of contract\" }\n",
    );
    for path in paths {
        ask.push_str(&format!(
            "\n[[field]]\npath = \"{path}\"\nrequired = true\nreason = \"to deliver\"\n\
             purposes = [\"ServiceProvision\"]\n"
        ));
    }
    hub.ask(&ask, "ask.toml").await?;
    Ok(hub)
}

/// Follows an invitation and grants all that is asked; gives the grant's id once the hub has countersigned it.
pub(crate) async fn accept(person: &Person, link: &str) -> Result<String, Failure> {
    let connected = within("a connection", person.connect(link)).await??;
    let request = connected.request.ok_or("the hub asked for nothing")?;
    let grant = person.approve(&request.id, None, None).await?.id;
    soon("a countersignature", || Ok(person.grant(&grant)?.status == "standing")).await?;
    Ok(grant)
}

/// Writes one field.
pub(crate) async fn set(person: &Person, path: &str, value: &str) -> Result<(), Failure> {
    person.set(vec![(path.to_owned(), Some(value.to_owned()))], "bench").await?;
    Ok(())
}

/// The number of a hub's newest event.
pub(crate) fn newest(hub: &Hub) -> u64 {
    let mut last = 0;
    while let Some(event) = hub.events(last, usize::MAX).last() {
        last = event.n;
    }
    last
}

/// Waits for an event of a type after a number.
pub(crate) async fn has(hub: &Hub, kind: &str, mut after: u64) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let events = hub.wait_events(after, deadline.saturating_duration_since(Instant::now())).await;
        if events.iter().any(|event| event.cloudevent["type"] == kind) {
            return Ok(());
        }
        after = events.last().ok_or_else(|| format!("no {kind} came to a hub in time"))?.n;
    }
}

/// Waits until something is so.
pub(crate) async fn soon(what: &str, is: impl Fn() -> Result<bool, Failure>) -> Result<(), Failure> {
    within(what, async {
        while !is()? {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    })
    .await?
}
