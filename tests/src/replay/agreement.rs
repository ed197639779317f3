//! The steps of agreements: what the shells of both sides do with the machines of a grant.

use std::collections::{BTreeMap, BTreeSet};

use freehold_protocol::code::Code;
use freehold_protocol::data::{Outcome, ReceivedUpdate, update_body};
use freehold_protocol::disclosure::{Ask, Disclosure, Grant, GrantState, GrantStatus, authorize};
use freehold_protocol::document::{DataRequest, Document, RevocationSubject};
use freehold_protocol::id::GrantId;
use freehold_protocol::intake::{Intake, IntakeState, check_grant};
use freehold_protocol::path::Path;
use freehold_protocol::read::{ReadRequest, open_answer, sign_answer};
use freehold_protocol::release::{Release, Version};
use freehold_protocol::time::Moment;
use freehold_protocol::vendor::Vendor;
use serde_json::{Value, json};

use super::parts::{digits, hex, message, number, text};
use super::{End, Given, now};

fn grant_id(step: &Value) -> GrantId {
    GrantId::parse(text(step, "grant")).expect("a grant's id")
}

fn path(text: &str) -> Path {
    Path::parse(text).expect("a path")
}

fn paths(list: &Value) -> BTreeSet<Path> {
    list.as_array().into_iter().flatten().map(|p| path(p.as_str().expect("a path"))).collect()
}

fn versions(step: &Value) -> BTreeMap<Path, Version> {
    let of = step["versions"].as_object().expect("versions of paths");
    of.iter().map(|(p, version)| (path(p), version.as_u64().expect("a version"))).collect()
}

fn value(step: &Value, path: &Path) -> Option<String> {
    step["values"][path.as_str()].as_str().map(str::to_owned)
}

fn problem(code: Code) -> Vec<Value> {
    vec![json!({"refused": code.number()})]
}

fn due(given: &Given) -> Value {
    json!({"due": given.release.poll_due()})
}

impl End {
    fn given(&mut self, step: &Value) -> &mut Given {
        self.given.get_mut(&grant_id(step)).expect("a grant that stands")
    }

    /// The person keeps a receipt. `offered` is the grant as it was given, `receipt` what came, `versions` what
    /// the vault holds.
    pub(super) fn stand(&mut self, step: &Value) -> Vec<Value> {
        let receipt = match Grant::read(text(step, "receipt").as_bytes()) {
            Ok(receipt) => receipt,
            Err(code) => return problem(code),
        };
        let vendor = Vendor::new(self.peer.did(), []);
        if let Err(code) = vendor.check_receipt(&receipt, text(step, "offered").as_bytes()) {
            return problem(code);
        }
        let state = GrantState { status: GrantStatus::Standing, ..GrantState::offered() };
        let mut current = versions(step);
        current.retain(|path, _| state.effective(&receipt).contains(path));
        let release = Release::new(receipt.subject().mode, [], current, 0);
        let given = Given { grant: receipt, state, release };
        let outputs = vec![due(&given)];
        self.given.insert(given.grant.id().clone(), given);
        outputs
    }

    /// A fresh update of what is due, with `values` and `versions`; `message` lacks its body.
    pub(super) fn release(&mut self, step: &Value, at: Moment) -> Vec<Value> {
        let given = self.given(step);
        let effective = given.state.effective(&given.grant);
        let wanted: BTreeSet<Path> = given.release.poll_due().intersection(&effective).cloned().collect();
        match authorize(&given.grant, &given.state, Ask::Update, &wanted, now(step)) {
            Ok(permit) => {
                let disclosure = permit.fill(|path| Ok::<_, Code>(value(step, path))).expect("values");
                self.send_update(step, at, disclosure)
            }
            Err(code) => problem(code),
        }
    }

    /// An update that is composed again: what the vendor lacks now and may have, or nothing.
    pub(super) fn compose(&mut self, step: &Value, at: Moment) -> Vec<Value> {
        let given = self.given(step);
        let effective = given.state.effective(&given.grant);
        let wanted: BTreeSet<Path> =
            given.release.lacking().filter(|path| effective.contains(*path)).cloned().collect();
        let permit = authorize(&given.grant, &given.state, Ask::Update, &wanted, now(step));
        let disclosure = match permit {
            Ok(permit) => permit.fill(|path| Ok::<_, Code>(value(step, path))).expect("values"),
            Err(_) => Disclosure::void(given.grant.id().clone()),
        };
        self.send_update(step, at, disclosure)
    }

    fn send_update(&mut self, step: &Value, at: Moment, disclosure: Disclosure) -> Vec<Value> {
        let given = self.given(step);
        if !disclosure.is_current(given.state.epoch) {
            return problem(Code::Revoked);
        }
        let sent: BTreeSet<Path> = disclosure.paths().cloned().collect();
        let mut marks = versions(step);
        marks.retain(|path, _| sent.contains(path));
        let body = update_body(disclosure);
        let mut said = step["message"].clone();
        said["body"] = digits(&body).into();
        given.release.handle_sent(number(&said, "seq"), &marks, now(step));
        if let Some(session) = &mut self.session {
            let signed = freehold_protocol::message::SignedMessage::sign(&message(&said), &self.key);
            session.send(signed, at);
        }
        vec![json!({"released": {"paths": sent, "body": digits(&body)}})]
    }

    /// A field changed to a version.
    pub(super) fn changed(&mut self, step: &Value) -> Vec<Value> {
        let given = self.given(step);
        given.release.handle_changed(&path(text(step, "path")), number(step, "version"));
        vec![due(given)]
    }

    /// The vendor has everything up to `seq`.
    pub(super) fn delivered(&mut self, step: &Value) -> Vec<Value> {
        let given = self.given(step);
        given.release.handle_delivered(number(step, "seq"), now(step));
        vec![due(given)]
    }

    /// The vendor says in `body` what became of an update.
    pub(super) fn outcome(&mut self, step: &Value) -> Vec<Value> {
        let outcome = match Outcome::decode(&hex(step, "body")) {
            Ok(outcome) => outcome,
            Err(code) => return problem(code),
        };
        let at = now(step);
        let Some(given) = self.given.get_mut(&outcome.grant) else { return problem(Code::NoGrant) };
        given.release.handle_outcome(&outcome, at);
        let noted =
            given.release.lines().values().filter_map(|line| line.outcome.as_ref().map(|o| (&line.path, o)));
        let noted: BTreeMap<&str, Value> =
            noted.map(|(path, o)| (path.as_str(), json!({"update": o.seq, "outcome": o.outcome}))).collect();
        vec![json!({"noted": noted})]
    }

    /// The person ends `paths`.
    pub(super) fn revoke(&mut self, step: &Value) -> Vec<Value> {
        let given = self.given(step);
        let ended = paths(&step["paths"]);
        given.state.revoke(&given.grant, &ended);
        given.release.handle_narrowed(&ended);
        let left = given.state.effective(&given.grant);
        vec![json!({"status": given.state.status, "epoch": given.state.epoch, "left": left})]
    }

    /// A live read came in `request`: under one grant, answered with `values`.
    pub(super) fn answer(&mut self, step: &Value) -> Vec<Value> {
        let request = match ReadRequest::open(&hex(step, "request"), &self.peer, &self.own_did()) {
            Ok(request) => request,
            Err(code) => return problem(code),
        };
        let given = self.given(step);
        let ask = Ask::Read(&request.purpose);
        let permit = authorize(&given.grant, &given.state, ask, &request.paths, now(step));
        let disclosure = permit.and_then(|permit| permit.fill(|path| Ok(value(step, path))));
        let answer = sign_answer(request.id, &self.peer.did(), disclosure, &self.key);
        vec![json!({"readAnswer": digits(&answer)})]
    }

    /// The hub gets a grant in `document` for its own `request`, and countersigns it.
    pub(super) fn take_grant(&mut self, step: &Value) -> Vec<Value> {
        let receipt = Grant::read(text(step, "document").as_bytes()).and_then(|grant| {
            let request = DataRequest::read(text(step, "request").as_bytes())?;
            check_grant(&grant, &[self.peer.did()], Some(&request))?;
            grant.check_time(now(step))?;
            grant.countersign(&self.key, &self.own_did(), now(step))
        });
        match receipt {
            Ok(receipt) => {
                let text = String::from_utf8_lossy(receipt.bytes()).into_owned();
                self.taken.insert(receipt.id().clone(), Intake::new(receipt, IntakeState::default()));
                vec![json!({"receipt": text})]
            }
            Err(code) => problem(code),
        }
    }

    /// The hub gets an update: `seq` and `body`.
    pub(super) fn take_update(&mut self, step: &Value) -> Vec<Value> {
        let taken = ReceivedUpdate::decode(&hex(step, "body")).and_then(|update| {
            let intake = self.taken.get_mut(&update.grant).ok_or(Code::NoGrant)?;
            intake.handle_update(number(step, "seq"), &update, now(step))
        });
        match taken {
            Ok(fields) => vec![json!({"stored": fields})],
            Err(code) => problem(code),
        }
    }

    /// The hub gets a revocation in `document`.
    pub(super) fn take_revocation(&mut self, step: &Value) -> Vec<Value> {
        let person = self.peer.did();
        let erased =
            Document::<RevocationSubject>::read(text(step, "document").as_bytes()).and_then(|revocation| {
                let held = self.taken.get_mut(&revocation.subject().grant.id).ok_or(Code::NoGrant)?;
                held.handle_revocation(&revocation, std::slice::from_ref(&person))
            });
        match erased {
            Ok(paths) => vec![json!({"erase": paths})],
            Err(code) => problem(code),
        }
    }

    /// The hub asks for `paths` for a `purpose`.
    pub(super) fn ask(&mut self, step: &Value) -> Vec<Value> {
        let request = self.read_request(step);
        vec![json!({"readRequest": digits(&request.sign(&self.key))})]
    }

    /// The hub gets an `answer` to what it asked.
    pub(super) fn answered(&mut self, step: &Value) -> Vec<Value> {
        let request = self.read_request(step);
        match open_answer(&hex(step, "answer"), &self.peer, &self.own_did(), &request) {
            Ok(answer) => match answer.denied {
                Some(code) => vec![json!({"denied": code.number()})],
                None => vec![json!({"fields": answer.fields})],
            },
            Err(code) => problem(code),
        }
    }

    fn read_request(&self, step: &Value) -> ReadRequest {
        let id = hex(step, "id").try_into().expect("16 bytes");
        ReadRequest {
            id: freehold_protocol::id::MessageId::from_entropy(id),
            to: self.peer.did(),
            paths: paths(&step["paths"]),
            purpose: text(step, "purpose").to_owned(),
        }
    }
}
