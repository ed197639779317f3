//! `freehold message` and `freehold hub message` with the real program: messages of a family that neither side knows.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::net::TcpListener;
use std::time::{Duration, Instant};

use freehold_tests::engines::ASK;
use freehold_tests::program::Home;
use serde_json::{Value, json};

/// A port that is free now, and that a hub may have again after it was killed.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A running hub and a running node that follows its invitation; and the vendor's DID.
fn met() -> (Home, Home, String) {
    let (mut hub, mut node) = (Home::hub(), Home::person());
    let (pass, listen) = (hub.file("pass"), format!("/ip4/127.0.0.1/tcp/{}", port()));
    let init = ["init", "--name", "Acme", "--listen", &listen, "--passphrase-file", pass.to_str().unwrap()];
    assert!(hub.output(&init).status.success());
    hub.start();
    node.start();
    let ask = hub.file("ask.toml");
    std::fs::write(&ask, ASK).unwrap();
    let _ = hub.json(&["ask", ask.to_str().unwrap()]);
    let link = hub.json(&["invite", "--customer", "C-17"])["link"].as_str().unwrap().to_owned();
    let vendor = node.json(&["connect", &link])["vendor"].as_str().unwrap().to_owned();
    (hub, node, vendor)
}

/// What the home lists, once there are so many messages.
fn listed(home: &Home, count: usize) -> Vec<Value> {
    let since = Instant::now();
    loop {
        let all = home.json(&["message", "list"]);
        let messages = all[0]["messages"].as_array().cloned().unwrap_or_default();
        if messages.len() >= count {
            return messages;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{count} messages do not come: {all}");
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

fn exit(home: &Home, words: &[&str]) -> Option<i32> {
    home.output(words).status.code()
}

/// 1. A vendor sends a message of a family that the node does not know: it is told so. 2. The node keeps it, shows it,
///    and answers it in the same family, which is in the audit log. 3. Both are killed with messages under way; each
///    message is there, once.
#[test]
fn a_message_of_any_family_is_sent_kept_and_listed_by_the_program() {
    let (mut hub, mut node, vendor) = met();
    let send = ["message", "send", "C-17", "acme-tips/1/tip", "--json-body", r#"{"text":"Mind the step"}"#];
    let sent = hub.json(&send);
    assert_eq!((&sent["known"], &sent["type"]), (&json!(false), &json!("acme-tips/1/tip")));
    let tip = listed(&node, 1).remove(0);
    assert_eq!((&tip["id"], &tip["code"]), (&sent["id"], &json!("307 unknown-type")));
    assert_eq!(
        (&tip["json"], &tip["body"]),
        (&json!({"text": "Mind the step"}), &json!("a164746578746d4d696e64207468652073746570"))
    );
    assert_eq!(node.json(&["kept"])[0]["messages"][0]["id"], sent["id"]);

    let id = tip["id"].as_str().unwrap();
    let body = node.file("body");
    std::fs::write(&body, b"\xa1\x62ok\xf5").unwrap();
    let answer =
        ["message", "send", &vendor, "acme-tips/1/thanks", "--thread", id, "--body", body.to_str().unwrap()];
    let sent = node.json(&answer);
    let thanks = listed(&hub, 1).remove(0);
    assert_eq!(
        (&thanks["id"], &thanks["thread"], &thanks["json"]),
        (&sent["id"], &json!(id), &json!({"ok": true}))
    );
    let log = node.json(&["audit"]);
    let entry = log.as_array().unwrap().last().unwrap();
    assert_eq!((&entry["event"], &entry["message"]), (&json!("message-sent"), &json!("acme-tips/1/thanks")));

    for _ in 0..3 {
        let _ = hub.json(&["message", "send", "C-17", "acme-tips/1/tip"]);
        let _ = node.json(&["message", "send", &vendor, "acme-tips/1/thanks"]);
        node.kill();
        hub.kill();
        hub.start();
        node.start();
    }
    let (tips, all_thanks) = (listed(&node, 4), listed(&hub, 4));
    assert!(tips.len() == 4 && tips.iter().all(|m| m["type"] == "acme-tips/1/tip"), "{tips:?}");
    assert!(
        all_thanks.len() == 4 && all_thanks.iter().all(|m| m["type"] == "acme-tips/1/thanks"),
        "{all_thanks:?}"
    );
    assert_eq!(exit(&node, &["audit", "verify"]), Some(0));
    assert_eq!(hub.json(&["message", "list", "C-17", "--forget"])["messages"], 4);
    assert_eq!(hub.json(&["message", "list"]), json!([]));
}

#[test]
fn a_message_that_cannot_be_sent_has_its_exit_status() {
    let (hub, node, vendor) = met();
    let large = node.file("large");
    std::fs::write(&large, vec![0; 61_441]).unwrap();
    let loose = node.file("loose");
    std::fs::write(&loose, b"\xa1\x61a\x18\x01").unwrap();
    let (large, loose) = (large.to_str().unwrap(), loose.to_str().unwrap());
    for (words, status) in [
        (&["data/1/update"][..], 7),
        (&["connect/1/problem"], 7),
        (&["tips"], 7),
        (&["acme-tips/1/tip", "--body", large], 7),
        (&["acme-tips/1/tip", "--body", loose], 7),
        (&["acme-tips/1/tip", "--json-body", "[]"], 7),
        (&["acme-tips/1/tip", "--json-body", r#"{"a":0.5}"#], 7),
        (&["acme-tips/1/tip", "--thread", "17"], 7),
        (&["acme-tips/1/tip", "--json-body", "{}", "--body", "-"], 2),
        (&["acme-tips/1/tip", "--body", "no-such-file"], 2),
    ] {
        for (home, peer) in [(&node, vendor.as_str()), (&hub, "C-17")] {
            let words: Vec<&str> = [&["message", "send", peer], words].concat();
            assert_eq!(exit(home, &words), Some(status), "{words:?}");
        }
    }
    assert_eq!(exit(&node, &["message", "send", "did:web:nobody.example", "acme-tips/1/tip"]), Some(8));
    assert_eq!(exit(&hub, &["message", "send", "C-18", "acme-tips/1/tip"]), Some(8));
    assert_eq!(exit(&hub, &["message", "list", "C-18"]), Some(8));
    assert!(listed(&node, 0).is_empty() && listed(&hub, 0).is_empty());
}
