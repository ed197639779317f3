//! A vendor that was written from the pages alone, in another language, beside the real node.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use freehold_protocol::cbor;
use freehold_protocol::data::{Carried, decode};
use freehold_protocol::frame::Frame;
use freehold_protocol::message::Message;
use freehold_tests::program::program;
use freehold_tests::vendor_peer::{folder, script};
use freehold_tests::verifiers::check_items;
use serde_bytes::ByteBuf;
use serde_json::{Value, json};

/// Links that the runner needs: some rules want a relationship of their own.
const LINKS: usize = 4;

/// 1. The node follows the peer's link and agrees; another's verifier accepts the receipt. 2. Changes arrive, others move
///    nothing; reads are answered or denied. 3. The peer is killed in mid-flow and gets the present value, once. 4. A
///    revocation while it is down is obeyed, and no file of it holds the value any more. All of it over TCP and QUIC.
///    5. Every frame, message and document that crossed the wire fits the CDDL and the schemas of the pages.
#[test]
fn a_vendor_in_typescript_plays_the_whole_story_with_the_real_node() {
    let dir = tempfile::tempdir().unwrap();
    let trace = dir.path().join("trace");
    let mut check = script("check.ts");
    let output = check.arg(program()).env("VENDOR_PEER_TRACE", &trace).output().expect("node starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.lines().filter(|line| line.starts_with("ok ")).count() >= 50, "{said}");

    let trace = std::fs::read_to_string(trace).unwrap();
    let items: Vec<Value> =
        trace.lines().flat_map(|line| items(&serde_json::from_str(line).unwrap())).collect();
    let kinds = ["rotation-message", "update-message", "erasure", "receipt", "signed-read-answer"];
    for kind in kinds {
        assert!(items.iter().any(|item| item["rule"] == kind || item["schema"] == kind), "{kind} was said");
    }
    let file = dir.path().join("items.jsonl");
    let lines: String = items.iter().map(|item| format!("{item}\n")).collect();
    std::fs::write(&file, lines).unwrap();
    assert_eq!(check_items(&file), items.len());
}

/// Every rule that the runner tries on a hub holds for a hub that others wrote.
#[test]
fn the_conformance_runner_finds_no_fault_with_the_vendor_in_typescript() {
    let dir = tempfile::tempdir().unwrap();
    let mut peer = script("main.ts")
        .arg("--state")
        .arg(dir.path())
        .arg("--ask")
        .arg(folder().join("ask.json"))
        .args(["--listen", "/ip4/127.0.0.1/tcp/0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut stdin = peer.stdin.take().unwrap();
    // Less than a second, rounded down to the minute: its time is over.
    writeln!(stdin, "{{\"cmd\":\"invite\",\"days\":0.00001}}").unwrap();
    for _ in 0..LINKS {
        writeln!(stdin, "{{\"cmd\":\"invite\"}}").unwrap();
    }
    let stdout = BufReader::new(peer.stdout.take().unwrap());
    let (found, links) = mpsc::sync_channel(1 + LINKS);
    // The peer tells of everything that happens: its output has to be read to its end.
    let reading = thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            let told: Value = serde_json::from_str(&line).unwrap();
            if let Some(link) = told["link"].as_str() {
                let _ = found.send(link.to_owned());
            }
        }
    });
    let links: Vec<String> = links.iter().take(1 + LINKS).collect();
    let peers = links.iter().flat_map(|link| ["--peer", link]);
    let output = Command::new(program())
        .args(["conformance", "--role", "hub", "--json"])
        .args(peers)
        .output()
        .unwrap();
    let _ = peer.kill();
    let _ = peer.wait();
    reading.join().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let lines = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let skipped = lines.filter(|line| line["result"] == "skipped").count();
    // Three wait for timeouts; a hub asks for live reads itself, and this one has no request for once.
    assert_eq!(skipped, 5, "{said}");
}

fn rule(name: &str, bytes: &[u8]) -> Value {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "rule": name, "cbor": hex, "valid": true })
}

/// A frame that was recorded, and what is in it, each with the rule or the schema that it must fit.
fn items(line: &Value) -> Vec<Value> {
    let hex = line["frame"].as_str().unwrap();
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    let frame: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
    if line["protocol"] == "/freehold/read/1" {
        let name = if line["way"] == "sent" { "signed-read-request" } else { "signed-read-answer" };
        return vec![rule(name, &frame)];
    }
    let mut items = vec![rule("frame", &frame)];
    if let Frame::Message(signed) = Frame::decode(&frame).unwrap() {
        items.push(rule("signed-message", &signed));
        let (_, _, payload, _): (ByteBuf, Value, ByteBuf, ByteBuf) = cbor::decode(&signed).unwrap();
        let message: Message = cbor::decode(&payload).unwrap();
        items.push(rule(&format!("{}-message", message.kind.name()), &payload));
        if let Ok(carried) = decode::<Carried>(&message.body) {
            let text = String::from_utf8(carried.document).unwrap();
            items.push(json!({ "schema": message.kind.name(), "text": text, "valid": true }));
        }
    }
    items
}
