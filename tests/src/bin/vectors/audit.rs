//! `specs/audit.md`: the log and what was done to it.

use freehold_protocol::audit::{AuditEvent, AuditRecord, Head};
use freehold_protocol::code::Code;
use freehold_protocol::id::GrantId;
use freehold_protocol::time::Timestamp;
use serde_json::{Value, json};

use crate::craft::{MADE, STRANGER, VENDOR, did, time};
use crate::paper::{SERVICE, paths};
use crate::vector::{Vector, hex};

const PAGE: &str = "audit";

pub(super) fn vectors() -> Vec<Vector> {
    good().into_iter().chain(bad()).collect()
}

/// One entry of each kind, the page's first.
fn log(count: usize) -> (Head, Vec<Vec<u8>>, Vec<Value>) {
    let grant = || Some(GrantId::from_entropy([0x3f; 16]));
    let purpose = || SERVICE.to_owned();
    let events = [
        (None, AuditEvent::Requested),
        (grant(), AuditEvent::Granted),
        (grant(), AuditEvent::Released { update: 2 }),
        (grant(), AuditEvent::Read { purpose: purpose() }),
        (None, AuditEvent::Denied { purpose: "unknown".into(), code: Code::WrongPurpose }),
        (grant(), AuditEvent::Revoked),
        (grant(), AuditEvent::Erased),
        (None, AuditEvent::Declined),
        (None, AuditEvent::HeldBack),
        (grant(), AuditEvent::Regained),
        (grant(), AuditEvent::Ended),
        (None, AuditEvent::Resumed),
        (None, AuditEvent::VendorRotated { before: did(STRANGER) }),
    ];
    let (mut head, mut entries, mut records) = (Head::default(), Vec::new(), Vec::new());
    for (place, (grant, event)) in events.into_iter().take(count).enumerate() {
        let at = Timestamp::from_millis(time(MADE).millis() + place as u64 * 1_001);
        let record = AuditRecord { at, vendor: did(VENDOR), grant, paths: paths(&["phone.mobile"]), event };
        records.push(json!({
            "at": at.millis(),
            "vendor": record.vendor,
            "grant": record.grant,
            "paths": record.paths,
            "event": record.event,
        }));
        entries.push(head.append(record));
    }
    (head, entries, records)
}

fn hexes(entries: &[Vec<u8>]) -> Vec<String> {
    entries.iter().map(|entry| hex(entry)).collect()
}

fn head_of(head: &Head) -> Value {
    json!({"n": head.n, "hash": hex(&head.hash)})
}

fn good() -> Vec<Vector> {
    let case = |name: &str, what: &str, count: usize| {
        let (head, entries, records) = log(count);
        let hashes: Vec<String> = (1..=count).map(|n| hex(&log(n).0.hash)).collect();
        Vector::accept(PAGE, name, "audit, Data", what)
            .input("log", json!({"records": records}))
            .steps(json!({"entries": hexes(&entries), "hashes": hashes, "head": head_of(&head)}))
    };
    vec![
        case("empty", "A log without an entry: its head is zeros.", 0),
        case("first-entry", "The entry whose bytes stand on the page.", 1),
        case("every-event", "One entry of each kind.", 13),
    ]
}

fn bad() -> Vec<Vector> {
    let (head, entries, _) = log(5);
    let case = |name: &str, what: &str, broken: Value, entries: &[Vec<u8>]| {
        Vector::reject(PAGE, name, None, "audit, rule 4", what)
            .input("log", json!({"entries": hexes(entries), "head": head_of(&head)}))
            .steps(json!({"broken": broken}))
    };
    let at = |n: u64| json!({"at": n});
    let changed = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut copy = entries.clone();
        change(&mut copy);
        copy
    };
    let edit = |place: usize, from: &str, to: &str| {
        changed(&|log| {
            let text = hex(&log[place]).replace(&hex(from.as_bytes()), &hex(to.as_bytes()));
            log[place] = (0..text.len() / 2)
                .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex"))
                .collect();
        })
    };
    let (_, longer, _) = log(6);
    vec![
        case(
            "entry-edited",
            "A path of entry 2 was replaced: entry 3 does not follow it.",
            at(3),
            &edit(1, "phone.mobile", "email.wrkxxx"),
        ),
        case(
            "last-entry-edited",
            "The last entry was edited: the head does not fit.",
            at(5),
            &edit(4, "unknown", "unknowm"),
        ),
        case("entry-removed", "Entry 2 is missing.", at(2), &changed(&|log| _ = log.remove(1))),
        case("first-entry-removed", "Entry 1 is missing.", at(1), &changed(&|log| _ = log.remove(0))),
        case("entry-doubled", "Entry 2 stands twice.", at(3), &changed(&|log| log.insert(1, log[1].clone()))),
        case("entries-swapped", "Entries 2 and 3 changed places.", at(2), &changed(&|log| log.swap(1, 2))),
        case(
            "cut",
            "The last two entries are missing.",
            json!({"cut": {"last": 3, "expected": 5}}),
            &entries[..3],
        ),
        case("emptied", "No entry is left.", json!({"cut": {"last": 0, "expected": 5}}), &[]),
        case("entry-added", "An entry that the head does not know.", at(5), &longer),
        case("entry-not-canonical", "A byte follows entry 4.", at(4), &changed(&|log| log[3].push(0))),
        case(
            "previous-replaced",
            "The first entry does not begin with zeros.",
            at(1),
            &changed(&|log| {
                let zeros = log[0].len() - 32;
                log[0][zeros] = 1;
            }),
        ),
    ]
}
