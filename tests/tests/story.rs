//! The whole story between a person's engine and a vendor's hub over real sockets and real files, in one process; with the hub's
//! store in a folder, and in PostgreSQL.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::Arc;
use std::time::Duration;

use freehold_hub::{Hub, HubConfig};
use freehold_keystore::Seed;
use freehold_link::{Clock, system_clock};
use freehold_outbound::{Client, Policy};
use freehold_person::view::{LineView, RequestView};
use freehold_person::{Person, PersonConfig};
use freehold_postgres::Postgres;
use freehold_protocol::family::Families;
use freehold_protocol::time::Timestamp;
use freehold_resolver::{CachePolicy, Resolver};
use freehold_store::Options;
use freehold_store::database::Database;
use freehold_tests::engines::free_addresses;
use freehold_tests::postgres::Server;
use freehold_tests::verifiers;
use freehold_transport::Limits;
use tempfile::TempDir;

const ASK: &str = r#"
name = "Acme Energy"
title = "Your supply contract"
legal_basis = "contract"
mode = "continuous"
retention = { duration = "P2Y", after = "end of contract" }
recipients = []

[[field]]
path = "phone.mobile"
required = true
reason = "We call you when the power fails."
purposes = ["ServiceProvision"]

[[field]]
path = "address.home.street"
required = false
reason = "We send the bill there."
purposes = ["ServiceProvision"]

[[field]]
path = "email.personal"
required = false
reason = "We send you news."
purposes = ["Marketing"]
"#;

struct Home {
    dir: TempDir,
    seed: Seed,
    /// Where a hub's store is, if not in the folder.
    server: Option<Server>,
}

impl Home {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), seed: Seed::generate().unwrap(), server: None }
    }

    /// A vendor's, with PostgreSQL.
    fn with_postgres() -> Self {
        let server = Server::start();
        server.database("hub");
        Self { server: Some(server), ..Self::new() }
    }

    fn seed(&self) -> Seed {
        Seed::from_words(&self.seed.words()).unwrap()
    }

    async fn person(&self) -> Person {
        self.person_at(system_clock()).await
    }

    async fn person_at(&self, clock: Clock) -> Person {
        let resolver = Resolver::new(Client::new(Policy::public()).unwrap(), CachePolicy::default());
        let config = PersonConfig {
            resolver,
            limits: Limits::default(),
            store: Options::default(),
            families: Default::default(),
        };
        Person::start(self.dir.path(), self.seed(), config, clock).await.unwrap()
    }

    fn make_hub(&self) {
        let mut config = HubConfig::new("Acme Energy");
        config.listen = free_addresses();
        freehold_hub::init(self.dir.path(), &self.seed, &config).unwrap();
    }

    /// Starts the hub on the ports it had before, so that persons find it again.
    async fn hub(&self, listen: Option<Vec<String>>) -> Hub {
        let text = std::fs::read_to_string(self.dir.path().join(freehold_hub::CONFIG_FILE)).unwrap();
        let mut config = HubConfig::from_toml(&text).unwrap();
        if let Some(listen) = listen {
            config.listen = listen;
        }
        // The old hub's last task may hold its store a moment longer.
        for _ in 0..100 {
            let database = self.server.as_ref().map(|server| {
                let postgres = Postgres::connect(server.location("hub").parse().unwrap()).unwrap();
                Arc::new(postgres) as Arc<dyn Database>
            });
            let (home, config) = (self.dir.path(), config.clone());
            match Hub::start_in(database, home, &self.seed(), config, Families::new(), system_clock()).await {
                Err(freehold_hub::StartError::Store(freehold_store::OpenError::InUse)) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                started => return started.unwrap(),
            }
        }
        panic!("the hub's store was not let go in 5 s");
    }
}

/// The hub's addresses without the peer's part, to listen on again.
fn ports(hub: &Hub) -> Vec<String> {
    hub.info().addresses.iter().map(|a| a.split("/p2p/").next().unwrap().to_owned()).collect()
}

async fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = probe() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited 30 s for: {what}");
}

fn line(person: &Person, path: &str) -> Option<LineView> {
    person.status(None).unwrap().vendors.into_iter().flat_map(|v| v.lines).find(|l| l.path == path)
}

async fn line_is(person: &Person, path: &str, state: &str) -> LineView {
    until(&format!("{path} is {state}"), || line(person, path).filter(|l| l.state == state)).await
}

fn held(hub: &Hub, path: &str) -> Option<String> {
    hub.customers().pop()?.fields.get(path).cloned().flatten()
}

async fn set(person: &Person, path: &str, value: &str) {
    person.set(vec![(path.into(), Some(value.into()))], "test").await.unwrap();
}

/// A vendor with a running hub and a person with a running node, who have not met.
async fn begin(vendor: Home) -> (Home, Home, Hub, Person) {
    let owner = Home::new();
    vendor.make_hub();
    let (hub, person) = (vendor.hub(None).await, owner.person().await);
    (vendor, owner, hub, person)
}

async fn met(person: &Person, hub: &Hub) -> RequestView {
    hub.ask(ASK, "ask.toml").await.unwrap();
    let invitation = hub.invite(Some("4711".into()), None, Duration::from_secs(60)).await.unwrap();
    set(person, "phone.mobile", "+491701234567").await;
    set(person, "address.home.street", "Hauptstr. 1").await;
    let met = person.connect(&invitation.link).await.unwrap();
    met.request.expect("the request has arrived")
}

/// 1. A vendor asks, a person grants all but one field. 2. The snapshot arrives. 3. One change arrives; others move
///    nothing. 4. The credential verifies with other people's software, and tampered copies do not.
async fn what_is_granted_arrives_and_nothing_else(vendor: Home) {
    let (_vendor, _owner, hub, person) = begin(vendor).await;
    let request = met(&person, &hub).await;
    assert_eq!(request.vendor_name, "Acme Energy");
    let only = Some(vec!["address.home.street".to_owned()]);
    let grant = person.approve(&request.id, only, None).await.unwrap();
    line_is(&person, "phone.mobile", "applied").await;
    assert_eq!(held(&hub, "phone.mobile").as_deref(), Some("+491701234567"));
    assert_eq!(held(&hub, "address.home.street").as_deref(), Some("Hauptstr. 1"));

    let events = hub.events(0, 1000).len();
    set(&person, "email.personal", "a@example.com").await;
    set(&person, "x.secret.thing", "hidden").await;
    set(&person, "address.home.street", "Neue Str. 2").await;
    until("the new address", || held(&hub, "address.home.street").filter(|v| v == "Neue Str. 2")).await;
    assert_eq!(held(&hub, "email.personal"), None);
    let after = hub.events(0, 1000);
    assert_eq!(after.len(), events + 1, "one update and nothing else");
    assert!(after.iter().all(|e| !e.cloudevent.to_string().contains("a@example.com")));
    assert!(after.last().unwrap().cloudevent.to_string().contains("4711"));

    let credential = person.credential(&grant.id).unwrap();
    let verdicts = verifiers::verify(&credential);
    assert!(verdicts.len() >= 2 && verdicts.iter().all(|v| v.verified), "{verdicts:?}");
    let tampered = credential.replace("phone.mobile", "phone.office");
    assert!(verifiers::verify(&tampered).iter().all(|v| !v.verified));
    assert!(person.audit_verify().unwrap().broken.is_none());
    person.stop().await;
    hub.stop().await;
}

/// 1. The hub goes away. 2. The person edits many times and restarts. 3. The hub returns: the current value arrives
///    once.
async fn after_an_absence_the_current_value_arrives_once(vendor: Home) {
    let (vendor, owner, hub, person) = begin(vendor).await;
    let request = met(&person, &hub).await;
    person.approve(&request.id, Some(vec![]), None).await.unwrap();
    line_is(&person, "phone.mobile", "applied").await;
    let listen = ports(&hub);
    let events = hub.events(0, 1000).len();
    hub.stop().await;
    for n in 0..20 {
        set(&person, "phone.mobile", &format!("+4917012345{n:02}")).await;
    }
    person.stop().await;
    drop(person);
    let person = owner.person().await;
    set(&person, "phone.mobile", "+491709999999").await;
    let hub = vendor.hub(Some(listen)).await;
    until("the last number", || held(&hub, "phone.mobile").filter(|v| v == "+491709999999")).await;
    line_is(&person, "phone.mobile", "applied").await;
    let values: Vec<String> =
        hub.events(0, 1000).iter().skip(events).map(|e| e.cloudevent.to_string()).collect();
    let updates = values.iter().filter(|e| e.contains("+49170")).count();
    assert_eq!(updates, 1, "{} events since", values.len());
    person.stop().await;
    hub.stop().await;
}

/// 1. A live read inside the grant is answered; another purpose, path or a revoked grant is denied. 2. Both are in
///    the audit log.
async fn a_live_read_is_answered_or_denied_and_audited(vendor: Home) {
    let (_vendor, _owner, hub, person) = begin(vendor).await;
    let request = met(&person, &hub).await;
    let grant = person.approve(&request.id, Some(vec![]), None).await.unwrap();
    line_is(&person, "phone.mobile", "applied").await;
    let phone = ["phone.mobile".to_owned()];
    let answer = hub.read("4711", &phone, "ServiceProvision").await.unwrap();
    assert_eq!(answer.fields["phone.mobile"].as_deref(), Some("+491701234567"));
    let denied = hub.read("4711", &phone, "Marketing").await.unwrap_err();
    assert_eq!(denied.code(), Some(freehold_protocol::code::Code::WrongPurpose));
    let denied = hub.read("4711", &["phone.home".to_owned()], "ServiceProvision").await.unwrap_err();
    assert_eq!(denied.code(), Some(freehold_protocol::code::Code::NotInScope));
    person.revoke(&grant.id, None).await.unwrap();
    let denied = hub.read("4711", &phone, "ServiceProvision").await.unwrap_err();
    assert!(denied.code().is_some());
    let log: Vec<String> = person.audit(None, 100).unwrap().into_iter().map(|e| e.event).collect();
    assert_eq!(log.iter().filter(|e| *e == "read").count(), 1);
    assert!(log.iter().filter(|e| *e == "denied").count() >= 2);
    person.stop().await;
    hub.stop().await;
}

/// 1. One path is revoked, then the rest. 2. The hub erases and answers. 3. Later changes never leave.
async fn a_revocation_stops_the_future_and_is_answered_with_a_receipt(vendor: Home) {
    let (_vendor, _owner, hub, person) = begin(vendor).await;
    let request = met(&person, &hub).await;
    let grant = person.approve(&request.id, None, None).await.unwrap();
    line_is(&person, "address.home.street", "applied").await;
    person.revoke(&grant.id, Some(vec!["address.home.street".into()])).await.unwrap();
    let erased = |n: usize| {
        let revocations = person.grant(&grant.id).unwrap().revocations;
        (revocations.len() == n && revocations.iter().all(|r| r.erasure.is_some())).then_some(revocations)
    };
    until("the first erasure receipt", || erased(1)).await;
    assert_eq!(held(&hub, "address.home.street"), None);
    assert_eq!(held(&hub, "phone.mobile").as_deref(), Some("+491701234567"));
    person.revoke(&grant.id, None).await.unwrap();
    let revocations = until("the second erasure receipt", || erased(2)).await;
    assert!(revocations[1].erasure.as_ref().unwrap().iter().all(|l| l.result == "erased"));
    assert_eq!(held(&hub, "phone.mobile"), None);
    assert_eq!(person.grant(&grant.id).unwrap().status, "revoked");
    let released =
        |person: &Person| person.audit(None, 1000).unwrap().iter().filter(|e| e.event == "released").count();
    let before = released(&person);
    set(&person, "phone.mobile", "+491700000000").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(released(&person), before);
    assert_eq!(held(&hub, "phone.mobile"), None);
    assert!(person.revoke(&grant.id, None).await.is_err());
    person.stop().await;
    hub.stop().await;
}

async fn invitations_are_single_use_and_a_failed_one_leaves_nothing(vendor: Home) {
    let (first, second) = (Home::new(), Home::new());
    vendor.make_hub();
    let hub = vendor.hub(None).await;
    let (one, two) = (first.person().await, second.person().await);
    hub.ask(ASK, "ask.toml").await.unwrap();
    let link = hub.invite(None, None, Duration::from_secs(60)).await.unwrap().link;
    one.connect(&link).await.unwrap();
    let refused = two.connect(&link).await.unwrap_err();
    assert_eq!(refused.code(), "invitation", "{refused}");
    assert!(two.relationships().unwrap().is_empty());
    two.stop().await;
    let fresh = hub.invite(None, None, Duration::from_secs(60)).await.unwrap().link;
    let later: Clock = std::sync::Arc::new(|| Timestamp::from_millis(system_clock()().millis() + 3_600_000));
    let late = Home::new().person_at(later).await;
    assert_eq!(late.connect(&fresh).await.unwrap_err().code(), "invitation");
    late.stop().await;
    hub.stop().await;
    one.stop().await;
}

async fn a_snapshot_larger_than_a_message_arrives_in_parts(vendor: Home) {
    let (_vendor, _owner, hub, person) = begin(vendor).await;
    let head = ASK.split("[[field]]").next().unwrap();
    let field = |n: u32| {
        format!(
            "[[field]]\npath = \"x.long.n{n}\"\nrequired = true\nreason = \"r\"\npurposes = [\"ServiceProvision\"]\n"
        )
    };
    let ask = format!("{head}{}", (0..20).map(field).collect::<String>());
    hub.ask(&ask, "ask.toml").await.unwrap();
    let values = (0..20).map(|n| (format!("x.long.n{n}"), Some("v".repeat(4000)))).collect();
    person.set(values, "test").await.unwrap();
    let link = hub.invite(None, None, Duration::from_secs(60)).await.unwrap().link;
    let request = person.connect(&link).await.unwrap().request.unwrap();
    person.approve(&request.id, None, None).await.unwrap();
    for n in 0..20 {
        line_is(&person, &format!("x.long.n{n}"), "applied").await;
    }
    assert!((0..20).all(|n| held(&hub, &format!("x.long.n{n}")).is_some_and(|v| v.len() == 4000)));
    person.stop().await;
    hub.stop().await;
}

/// 1. A person has agreed. 2. The relationship moves to its next key. 3. The vendor knows the person under the new DID,
///    with the same grant: changes arrive, reads are answered, a revocation by the new DID ends a grant by the old one.
async fn a_relationship_moves_to_its_next_key_and_its_grants_stay(vendor: Home) {
    let (_vendor, _owner, hub, person) = begin(vendor).await;
    let request = met(&person, &hub).await;
    let grant = person.approve(&request.id, Some(vec![]), None).await.unwrap();
    line_is(&person, "phone.mobile", "applied").await;
    for _ in 0..2 {
        let rotated = person.rotate(None).await.unwrap().remove(0);
        assert_eq!(hub.customers().len(), 1);
        until("the new key in use", || {
            let known = hub.customer("4711")?;
            (known.did == rotated.after && known.connected).then_some(())
        })
        .await;
        assert_eq!(person.relationships().unwrap()[0].did, rotated.after);
    }
    set(&person, "phone.mobile", "+491700000001").await;
    until("the change", || held(&hub, "phone.mobile").filter(|v| v == "+491700000001")).await;
    let read = hub.read("4711", &["phone.mobile".to_owned()], "ServiceProvision").await.unwrap();
    assert_eq!(read.fields["phone.mobile"].as_deref(), Some("+491700000001"));
    person.revoke(&grant.id, None).await.unwrap();
    until("the erasure receipt", || {
        person.grant(&grant.id).unwrap().revocations[0].erasure.is_some().then_some(())
    })
    .await;
    assert_eq!(held(&hub, "phone.mobile"), None);
    let events: Vec<String> =
        hub.events(0, 1000).iter().map(|e| e.cloudevent["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(events.iter().filter(|kind| *kind == "dev.freehold.rotate").count(), 2);
    assert!(person.audit_verify().unwrap().broken.is_none());
    person.stop().await;
    hub.stop().await;
}

/// 1. The person rotates while the vendor is away, changes a field, revokes nothing. 2. Both restart. 3. The vendor
///    takes the statement and the change in their order, and the new key is in use.
async fn a_rotation_waits_for_the_vendor_and_outlives_restarts(vendor: Home) {
    let (vendor, owner, hub, person) = begin(vendor).await;
    let request = met(&person, &hub).await;
    person.approve(&request.id, Some(vec![]), None).await.unwrap();
    line_is(&person, "phone.mobile", "applied").await;
    let listen = ports(&hub);
    hub.stop().await;
    let rotated = person.rotate(None).await.unwrap().remove(0);
    assert!(person.rotate(Some(&rotated.vendor)).await.is_err(), "one is under way");
    set(&person, "phone.mobile", "+491700000002").await;
    person.stop().await;
    drop(person);
    let person = owner.person().await;
    let hub = vendor.hub(Some(listen)).await;
    until("the change", || held(&hub, "phone.mobile").filter(|v| v == "+491700000002")).await;
    until("the new key in use", || hub.customer("4711").filter(|c| c.did == rotated.after && c.connected))
        .await;
    line_is(&person, "phone.mobile", "applied").await;
    person.stop().await;
    hub.stop().await;
}

/// 1. PostgreSQL is killed while a person's changes come in, and comes back. 2. The hub goes on by itself, and has the last change.
#[tokio::test(flavor = "multi_thread")]
async fn a_hub_goes_on_by_itself_when_its_database_was_killed() {
    let (vendor, _owner, hub, person) = begin(Home::with_postgres()).await;
    let server = vendor.server.as_ref().unwrap();
    let request = met(&person, &hub).await;
    person.approve(&request.id, Some(vec![]), None).await.unwrap();
    line_is(&person, "phone.mobile", "applied").await;
    for round in 0..3 {
        for n in 0..10 {
            set(&person, "phone.mobile", &format!("+49170123{round:02}{n:02}")).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            if n == 5 {
                server.kill();
            }
        }
        server.begin();
        let last = format!("+49170123{round:02}09");
        until("the last number", || held(&hub, "phone.mobile").filter(|v| *v == last)).await;
        line_is(&person, "phone.mobile", "applied").await;
    }
    person.stop().await;
    hub.stop().await;
}

/// The stories, for each store that a hub may have.
macro_rules! stories {
    ($($name:ident)*) => {
        mod in_a_folder {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::$name(super::Home::new()).await;
                }
            )*
        }

        mod in_postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::$name(super::Home::with_postgres()).await;
                }
            )*
        }
    };
}

stories! {
    what_is_granted_arrives_and_nothing_else
    after_an_absence_the_current_value_arrives_once
    a_live_read_is_answered_or_denied_and_audited
    a_revocation_stops_the_future_and_is_answered_with_a_receipt
    invitations_are_single_use_and_a_failed_one_leaves_nothing
    a_snapshot_larger_than_a_message_arrives_in_parts
    a_relationship_moves_to_its_next_key_and_its_grants_stay
    a_rotation_waits_for_the_vendor_and_outlives_restarts
}
