//! A node and a hub at work, what both acknowledged, and what of it must be there after a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use freehold_api::person::{Approve, Audit, AuditVerify, Connect, Get, Grants, Requests, Revoke, Set};
use freehold_api::{hub, person};
use freehold_person::view::AuditView;

use crate::peer::{ASK, Peer};
use crate::random::Random;
use crate::wait_until;

/// The vendor's own number of the person.
pub const CUSTOMER: &str = "C-4711";
/// Entries that are fetched at a time.
const PAGE: usize = 1_000;
/// Entries of the log that are compared again after each crash: more than one crash could lose.
const COMPARED: u64 = 200;

/// A node, a hub, and what they have said.
pub struct Story {
    /// The person's node.
    pub node: Peer,
    /// The vendor's hub.
    pub hub: Peer,
    random: Random,
    /// The last change that was acknowledged, and the last that was tried.
    counter: Range,
    reads: Range,
    invitations: Vec<String>,
    given: BTreeSet<String>,
    revoked: BTreeSet<String>,
    /// Whose end is not known, since the answer was cut off.
    maybe_revoked: BTreeSet<String>,
    audit: Vec<AuditView>,
    events: BTreeMap<u64, String>,
    /// Acknowledged work, to be told at the end.
    pub acknowledged: u64,
}

/// Something counted: at least the first, at most the second.
#[derive(Debug, Clone, Copy, Default)]
struct Range {
    acknowledged: u64,
    tried: u64,
}

impl Story {
    /// Makes the homes in a folder, runs both, and lets them meet. Logs and such go into another folder.
    ///
    /// # Panics
    /// When anything of it fails.
    #[must_use]
    pub fn begin(homes: &Path, beside: &Path, seed: u64) -> Self {
        let mut node = Peer::node(&homes.join("node"), beside);
        let mut hub = Peer::hub(&homes.join("hub"), beside);
        node.start();
        hub.start();
        hub.must(&hub::Ask { toml: ASK.to_owned(), file: None });
        let mut story = Self {
            node,
            hub,
            random: Random::new(seed),
            counter: Range::default(),
            reads: Range::default(),
            invitations: Vec::new(),
            given: BTreeSet::new(),
            revoked: BTreeSet::new(),
            maybe_revoked: BTreeSet::new(),
            audit: Vec::new(),
            events: BTreeMap::new(),
            acknowledged: 0,
        };
        story.set().expect("the first change");
        let invite = hub::Invite { customer: Some(CUSTOMER.to_owned()), ..hub::Invite::default() };
        let link = story.hub.must(&invite).link;
        let request = story.node.must(&Connect { link }).request.expect("the hub asks at once");
        story.approve(request.id).expect("the first grant");
        story
    }

    /// Does one thing. `None` when a process did not answer: the work is over then.
    pub fn act(&mut self) -> Option<()> {
        match self.random.below(100) {
            0..60 => self.set(),
            60..70 => self.read(),
            70..76 => self.invite(),
            76..84 => self.ask_again(),
            84..94 => self.approve_open(),
            _ => self.revoke(),
        }
    }

    /// Compares all that was acknowledged with what is there. Both must run.
    ///
    /// # Panics
    /// When something is missing, changed or half.
    pub fn check(&mut self) {
        self.check_fields();
        self.check_grants();
        self.check_log();
        self.check_events();
    }

    /// Waits until the vendor holds what it may, and nothing else.
    ///
    /// # Panics
    /// When that never comes.
    pub fn arrive(&self) {
        let stands = |status: &str| status == "offered" || status == "standing";
        let granted = self.node.must(&Grants {}).into_iter().any(|grant| stands(&grant.status));
        let expected = granted.then(|| street(self.counter.acknowledged));
        wait_until("the vendor holds the present values", || {
            let customers = self.hub.must(&hub::Customers { customer: None });
            let held = customers
                .first()
                .and_then(|customer| customer.fields.get("address.home.street").cloned().flatten());
            held == expected
        });
    }

    /// Waits until the vendor holds what it may, compares everything, and looks at the order of the updates.
    ///
    /// # Panics
    /// When something is missing, changed or half, or came twice or late.
    pub fn settle(&mut self) {
        self.arrive();
        self.check();
        let mut last: BTreeMap<String, u64> = BTreeMap::new();
        for event in self.events.values() {
            let event: serde_json::Value = serde_json::from_str(event).expect("it was JSON");
            let (data, kind) = (&event["data"], event["type"].as_str().unwrap_or_default());
            let value = data["fields"]["x.counter"].as_str().and_then(|value| value.parse().ok());
            if let (Some(value), "dev.freehold.update") = (value, kind) {
                let grant = data["grant"].as_str().unwrap_or_default().to_owned();
                let before = last.insert(grant, value);
                assert!(before < Some(value), "an update came twice or late: {before:?}, then {value}");
            }
        }
    }

    /// Changes both fields. `None` when the node did not answer.
    pub fn set(&mut self) -> Option<()> {
        self.counter.tried = self.counter.tried.max(self.counter.acknowledged) + 1;
        let number = self.counter.tried;
        let changes =
            vec![change("address.home.street", street(number)), change("x.counter", number.to_string())];
        self.node.call(&Set { changes, source: None }).ok()?;
        self.counter.acknowledged = number;
        self.acknowledged += 1;
        Some(())
    }

    /// A live read; a refusal is an answer, too.
    fn read(&mut self) -> Option<()> {
        self.reads.tried += 1;
        let paths = vec!["address.home.street".to_owned()];
        let purpose = "ServiceProvision".to_owned();
        if self.hub.call(&hub::Read { customer: CUSTOMER.to_owned(), paths, purpose }).is_ok() {
            self.reads.acknowledged += 1;
            self.acknowledged += 1;
        }
        Some(())
    }

    fn invite(&mut self) -> Option<()> {
        let link = self.hub.call(&hub::Invite::default()).ok()?.link;
        self.invitations.push(link);
        self.acknowledged += 1;
        Some(())
    }

    fn ask_again(&mut self) -> Option<()> {
        // The same question is put to nobody twice, so a new one is made.
        self.hub.call(&hub::Ask { toml: ASK.to_owned(), file: None }).ok()?;
        self.hub.call(&hub::AskCustomer { customer: CUSTOMER.to_owned(), ask: None }).ok()?;
        self.acknowledged += 1;
        Some(())
    }

    fn approve_open(&mut self) -> Option<()> {
        let requests = self.node.call(&Requests {}).ok()?;
        match requests.into_iter().find(|request| request.state == "open") {
            Some(request) => self.approve(request.id),
            None => self.ask_again(),
        }
    }

    fn approve(&mut self, id: String) -> Option<()> {
        match self.node.call(&Approve { id, only: None, until: None }) {
            Ok(grant) => {
                self.given.insert(grant.id);
                self.acknowledged += 1;
                Some(())
            }
            Err(error) => answered(&error.code),
        }
    }

    fn revoke(&mut self) -> Option<()> {
        let ended = |id: &&String| !self.revoked.contains(*id) && !self.maybe_revoked.contains(*id);
        let Some(id) = self.given.iter().find(ended).cloned() else { return self.set() };
        match self.node.call(&Revoke { id: id.clone(), paths: None }) {
            Ok(_) => {
                self.revoked.insert(id);
                self.acknowledged += 1;
                Some(())
            }
            Err(error) => {
                self.maybe_revoked.insert(id);
                answered(&error.code)
            }
        }
    }

    fn check_fields(&mut self) {
        let fields = self.node.must(&Get { verify: true, ..Get::default() });
        let value = |path: &str| {
            let field = fields.iter().find(|field| field.path == path);
            field.and_then(|field| field.value.clone()).unwrap_or_default()
        };
        assert!(fields.iter().all(|field| field.verified == Some(true)), "a value does not verify");
        let found: u64 = value("x.counter").parse().expect("the counter is a number");
        let Range { acknowledged, tried } = self.counter;
        assert!(
            (acknowledged..=tried).contains(&found),
            "change {found}, where {acknowledged}..={tried} may be"
        );
        assert_eq!(value("address.home.street"), street(found), "half of a change set is there");
        self.counter = Range { acknowledged: found, tried: found };
    }

    fn check_grants(&mut self) {
        let grants: BTreeMap<String, String> =
            self.node.must(&Grants {}).into_iter().map(|grant| (grant.id, grant.status)).collect();
        for id in &self.given {
            let status =
                grants.get(id).unwrap_or_else(|| panic!("the grant {id} was given and is not there"));
            let is_revoked = status == "revoked";
            if self.revoked.contains(id) {
                assert!(is_revoked, "the grant {id} was revoked and is {status}");
            } else if !self.maybe_revoked.contains(id) {
                assert!(!is_revoked, "the grant {id} was never revoked");
            } else if is_revoked {
                self.revoked.insert(id.clone());
            }
        }
        // What was cut off in the middle may have been given or revoked: from now on it is known.
        self.maybe_revoked.clear();
        self.given.extend(grants.iter().filter(|(_, status)| *status != "revoked").map(|(id, _)| id.clone()));
        self.given.extend(grants.into_keys().filter(|id| self.revoked.contains(id)));
    }

    fn check_log(&mut self) {
        let known = self.audit.len() as u64;
        let mut from = known.saturating_sub(COMPARED) + 1;
        let compared_from = from;
        let mut found = Vec::new();
        loop {
            let page = self.node.must(&Audit { from: Some(from), limit: Some(PAGE) });
            from += page.len() as u64;
            let is_last = page.len() < PAGE;
            found.extend(page);
            if is_last {
                break;
            }
        }
        let kept = &self.audit[compared_from as usize - 1..];
        assert!(found.len() >= kept.len(), "the log had {known} entries and lost some");
        assert_eq!(&found[..kept.len()], kept, "an entry of the log has changed");
        let broken = self.node.must(&AuditVerify {}).broken;
        assert_eq!(broken, None);
        // An entry may be seen a moment before it is on disk; a later write that is acknowledged has it there.
        self.audit.extend(found.into_iter().skip(known as usize + 1 - compared_from as usize));
        self.set().expect("the node runs");
        let logged = |event: &str| -> Vec<Option<String>> {
            self.audit.iter().filter(|entry| entry.event == event).map(|entry| entry.grant.clone()).collect()
        };
        let reads = logged("read").len() as u64;
        let Range { acknowledged, tried } = self.reads;
        assert!(
            (acknowledged..=tried).contains(&reads),
            "{reads} reads in the log of {acknowledged}..={tried}"
        );
        self.reads.acknowledged = reads;
        for (event, grants) in [("granted", &self.given), ("revoked", &self.revoked)] {
            let logged: BTreeSet<String> = logged(event).into_iter().flatten().collect();
            assert!(logged.is_superset(grants), "the log does not say {event} of each grant");
        }
    }

    fn check_events(&mut self) {
        let known = self.events.keys().next_back().copied().unwrap_or(0);
        let mut after = known.saturating_sub(COMPARED);
        let mut found = BTreeMap::new();
        loop {
            let page = self.hub.must(&hub::Events { after, limit: Some(PAGE), wait_ms: None });
            after = page.last().map_or(after, |event| event.n);
            let is_last = page.len() < PAGE;
            found.extend(page.into_iter().map(|event| (event.n, event.cloudevent)));
            if is_last {
                break;
            }
        }
        for (number, event) in self.events.range(known.saturating_sub(COMPARED) + 1..) {
            let now = found.get(number).unwrap_or_else(|| panic!("event {number} of {known} is not there"));
            let before: serde_json::Value = serde_json::from_str(event).expect("it was JSON");
            assert_eq!(now["id"], before["id"], "event {number} has changed");
        }
        self.events.extend(found.into_iter().map(|(number, event)| (number, event.to_string())));
        self.invite().expect("the hub runs");
        for link in self.invitations.drain(..) {
            // Each was acknowledged, and one is used to see that it holds.
            if self.random.percent(5) {
                let met = self.node.must(&Connect { link });
                assert!(met.request.is_some(), "an invitation that was given does not hold");
            }
        }
    }
}

/// Whether a process that answered with an error was there at all.
fn answered(code: &str) -> Option<()> {
    (code != "not-running" && code != "socket" && code != "bad-answer").then_some(())
}

fn change(path: &str, value: String) -> person::Change {
    person::Change { path: path.to_owned(), value: Some(value) }
}

/// The street that belongs to a change.
fn street(number: u64) -> String {
    format!("Lindenweg {number}")
}
