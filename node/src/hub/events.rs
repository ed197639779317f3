//! `hub events`, `hub dead-letters` and `hub replay`.

use freehold_api::Client;
use freehold_api::hub::{DeadLetters, Events, Replay, Retry};
use freehold_hub::view::{DeadLetterView, EventView, Receiver};
use serde_json::Value;

use crate::Outcome;
use crate::cli::Which;
use crate::output::{Out, table};

/// How long one call waits for an event while following.
const FOLLOW_WAIT_MS: u64 = 20_000;

pub(super) async fn events(client: &Client, follow: bool, mut after: u64, out: &Out) -> Outcome {
    let mut wait_ms = None;
    loop {
        let events = client.call(&Events { after, limit: None, wait_ms }).await?;
        for event in &events {
            after = after.max(event.n);
            out.show(event, text);
        }
        if out.is_closed() || (!follow && events.is_empty()) {
            return Ok(());
        }
        if follow {
            wait_ms = Some(FOLLOW_WAIT_MS);
        }
    }
}

pub(super) async fn dead_letters(client: &Client, retry: Option<Which>, out: &Out) -> Outcome {
    if let Some(which) = retry {
        let n = match which {
            Which::All => None,
            Which::One(n) => Some(n),
        };
        let retried = client.call(&Retry { n }).await?;
        out.show(&retried, |retried| format!("tried again: {}", retried.events));
        return Ok(());
    }
    let letters = client.call(&DeadLetters {}).await?;
    out.show(&letters, |letters| {
        if letters.is_empty() {
            return "no event was given up".to_owned();
        }
        let row = |l: &DeadLetterView| {
            let attempts = l.attempts.to_string();
            let sink = match l.sink {
                Receiver::Webhook => "webhook",
                Receiver::Crm => "crm",
            };
            let (kind, subject, reason) = (l.kind.clone(), l.subject.clone(), l.reason.clone());
            [l.n.to_string(), sink.to_owned(), kind, subject, reason, attempts, l.at.clone()]
        };
        table(
            ["n", "sink", "event", "customer", "reason", "attempts", "given up"],
            letters.iter().map(row).collect::<Vec<_>>(),
        )
    });
    Ok(())
}

pub(super) async fn replay(client: &Client, since: String, sink: Option<String>, out: &Out) -> Outcome {
    let replayed = client.call(&Replay { since, sink }).await?;
    out.show(&replayed, |replayed| {
        format!(
            "sent again to {}: {} from number {}",
            replayed.sinks.join(", "),
            replayed.events,
            replayed.from
        )
    });
    Ok(())
}

/// One event on one line.
fn text(event: &EventView) -> String {
    let of = |key: &str| event.cloudevent.get(key).and_then(Value::as_str).unwrap_or("-");
    let data = event.cloudevent.get("data");
    let kind = of("type").rsplit('.').next().unwrap_or("-");
    let details = match data.and_then(|d| d.get("fields")).and_then(Value::as_object) {
        Some(fields) => {
            let field =
                |(path, value): (&String, &Value)| format!("{path}={}", value.as_str().unwrap_or("(unset)"));
            fields.iter().map(field).collect::<Vec<_>>().join("  ")
        }
        None => {
            let paths = data.and_then(|d| d.get("paths")).and_then(Value::as_array);
            let mut words: Vec<&str> = paths.into_iter().flatten().filter_map(Value::as_str).collect();
            words.extend(data.and_then(|d| d.get("result")).and_then(Value::as_str));
            words.join("  ")
        }
    };
    let state = match (event.dead, event.delivered) {
        (true, _) => "  [given up]",
        (false, false) => "  [pending]",
        (false, true) => "",
    };
    // One event stays on one line, whatever a value holds.
    format!(
        "{:>6}  {}  {kind:<8} {}  {}{state}",
        event.n,
        of("time"),
        of("subject"),
        details.replace('\n', "⏎")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_its_values_hold() {
        let cloudevent = serde_json::json!({
            "type": "dev.freehold.update", "subject": "C-1", "time": "2026-01-01T00:00:00Z",
            "data": { "fields": { "address.home.street": "1 High Street\nFlat 2", "phone.mobile": null } },
        });
        let line = text(&EventView { n: 7, cloudevent, delivered: false, dead: false });
        assert_eq!(
            line,
            "     7  2026-01-01T00:00:00Z  update   C-1  address.home.street=1 High Street⏎Flat 2  phone.mobile=(unset)  [pending]"
        );
    }
}
