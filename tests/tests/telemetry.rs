//! A message's way from the person's node over the hub into the vendor's systems, as one trace.

use std::time::{Duration, Instant};

use freehold_tests::collector::Collector;
use freehold_tests::vendor::Vendor;
use serde_json::Value;

/// 1. A hub with a collector, a file and a webhook that is broken for a while. 2. The person changes a field, which is delivered. 3. The
///    collector has what was done as one trace: the event's, and the log's of node and hub. 4. Nothing of it is a value, a name or a
///    customer, and two messages have two traces.
#[test]
fn one_trace_leads_from_the_node_over_the_hub_to_each_sink_and_holds_no_value() {
    let collector = Collector::start();
    let mut vendor = Vendor::with_customer();
    let file = vendor.hub.path().join("hub.toml");
    let settings = std::fs::read_to_string(&file).unwrap();
    let more = format!("\n[telemetry]\notlp = \"{}\"\ntoken_file = \"otlp.token\"\n", collector.address());
    std::fs::write(&file, settings + &more).unwrap();
    std::fs::write(vendor.hub.path().join("otlp.token"), "s3cr3t-token\n").unwrap();
    vendor.hub.kill();
    vendor.hub.start();
    vendor.person.kill();
    vendor.person.start_with(&["--log", "info,freehold=debug"]);
    vendor.change(&["address.home.street=Neue Gasse 7"]);
    vendor.receiver.set_broken(true);
    vendor.change(&["phone.mobile=+49 170 7654321"]);

    let updates: Vec<Value> = vendor
        .events()
        .into_iter()
        .map(|event| event["cloudevent"].clone())
        .filter(|event| event["type"] == "dev.freehold.update")
        .collect();
    let parts = |event: &Value| -> Vec<String> {
        event["traceparent"].as_str().unwrap().split('-').map(str::to_owned).collect()
    };
    let [.., street, phone] = updates.as_slice() else { panic!("two updates: {updates:?}") };
    let (street, phone) = (parts(street), parts(phone));
    assert!(street[1] != phone[1] && street[2] != phone[2], "{street:?} {phone:?}");

    let since = Instant::now();
    let of = |trace: &str| -> Vec<Value> {
        collector.spans().into_iter().filter(|span| span["trace"] == trace).collect()
    };
    while (of(&street[1]).len() < 3 || of(&phone[1]).len() < 3) && since.elapsed() < Duration::from_secs(60) {
        std::thread::park_timeout(Duration::from_millis(100));
    }
    let check = |parts: &[String], webhook_failed: bool| {
        let spans = of(&parts[1]);
        for (name, sink, failed) in [
            ("take in", None, false),
            ("deliver", Some("jsonl"), false),
            ("deliver", Some("webhook"), webhook_failed),
        ] {
            let found = spans.iter().find(|span| {
                span["name"] == name
                    && span["attributes"]["sink"].as_str() == sink
                    && span["failed"] == failed
            });
            let span = found.unwrap_or_else(|| panic!("no {name} {sink:?} {failed}: {spans:?}"));
            assert_eq!(span["parent"], parts[2].as_str());
            assert_eq!(span["attributes"]["event.type"], "dev.freehold.update");
            assert_eq!(span["resource"]["service.name"], "freehold-hub");
            assert_eq!(span["authorization"], "Bearer s3cr3t-token");
            assert!(span["nanos"].as_i64().is_some_and(|nanos| nanos >= 0), "{span}");
        }
    };
    check(&street, false);
    check(&phone, true);

    let said = serde_json::to_string(&collector.spans()).unwrap();
    for word in ["Neue Gasse", "7654321", "4711", "did:key", "address.home", "phone.mobile", "127.0.0.1"] {
        assert!(!said.contains(word), "{word} is in a span");
    }
    // The node knows the trace as well, and both have it in their logs.
    for (whose, home) in [("the hub's", &vendor.hub), ("the node's", &vendor.person)] {
        let log = std::fs::read_to_string(home.file("log")).unwrap();
        assert!(log.contains(&street[1]), "{whose} log has no {}: {log}", street[1]);
        assert!(!log.contains("Neue Gasse") && !log.contains("s3cr3t-token"), "{whose} log");
    }
}
