//! `message` and `hub message`: messages of further families, known to this build or not.

use freehold_api::{ApiError, Client, hub, person};
use freehold_person::view::{MessageView, SentView};
use freehold_protocol::{cbor, json};

use crate::Outcome;
use crate::cli::{Message, MessageCommand};
use crate::local;
use crate::output::{Out, cell, short, table};

/// An empty map: a message that says all with its type.
const EMPTY: [u8; 1] = [0xa0];

/// Runs a command of a person's node.
pub(crate) async fn of_person(client: &Client, command: MessageCommand, out: &Out) -> Outcome {
    match command {
        MessageCommand::Send(message) => {
            let body = body(&message)?;
            let Message { peer: vendor, kind, thread, .. } = message;
            sent(&client.call(&person::SendMessage { vendor, kind, thread, body }).await?, "the vendor", out);
        }
        MessageCommand::List { peer: vendor, forget: true } => {
            let forgotten = client.call(&person::ForgetMessages { vendor }).await?;
            out.show(&forgotten, |forgotten| format!("{} messages erased", forgotten.messages));
        }
        MessageCommand::List { peer: vendor, forget: false } => {
            let all = client.call(&person::Messages { vendor }).await?;
            out.show(&all, |all| {
                list(all.iter().map(|of| (short(&of.relationship), of.messages.as_slice())))
            });
        }
    }
    Ok(())
}

/// Runs a command of a hub.
pub(crate) async fn of_hub(client: &Client, command: MessageCommand, out: &Out) -> Outcome {
    match command {
        MessageCommand::Send(message) => {
            let body = body(&message)?;
            let Message { peer: customer, kind, thread, .. } = message;
            let call = hub::SendMessage { customer, kind, thread, body };
            sent(&client.call(&call).await?, "the person's node", out);
        }
        MessageCommand::List { peer: customer, forget: true } => {
            let forgotten = client.call(&hub::ForgetMessages { customer }).await?;
            out.show(&forgotten, |forgotten| format!("{} messages erased", forgotten.messages));
        }
        MessageCommand::List { peer: customer, forget: false } => {
            let all = client.call(&hub::Messages { customer }).await?;
            out.show(&all, |all| {
                let name = |of: &freehold_hub::view::MessagesOfView| {
                    of.customer.clone().unwrap_or_else(|| short(&of.relationship))
                };
                list(all.iter().map(|of| (name(of), of.messages.as_slice())))
            });
        }
    }
    Ok(())
}

/// The body in the bytes that are sent. The engine checks them.
fn body(message: &Message) -> Result<Vec<u8>, ApiError> {
    match (&message.body, &message.json_body) {
        (Some(file), _) => local::read(file),
        (None, Some(text)) => {
            let failed = |error: &dyn std::fmt::Display| {
                ApiError::new("bad-value", format!("--json-body cannot be sent: {error}"))
            };
            let value = json::parse(text).map_err(|error| failed(&error))?;
            cbor::from_plain(&value).map_err(|error| failed(&error))
        }
        (None, None) => Ok(EMPTY.to_vec()),
    }
}

fn sent(sent: &SentView, whom: &str, out: &Out) {
    match sent.known {
        Some(true) => {}
        Some(false) => out.note(format!(
            "warning: {whom} did not name this family when it was last connected; it will keep the message and say that \
             it cannot use it"
        )),
        None => out.note(format!("warning: {whom} was never connected; whether it knows this family is not known")),
    }
    out.show(sent, |sent| format!("queued as {}, id {}", sent.seq, sent.id));
}

fn list<'a>(all: impl Iterator<Item = (String, &'a [MessageView])>) -> String {
    let rows: Vec<[String; 7]> =
        all.flat_map(|(from, messages)| messages.iter().map(move |message| row(&from, message))).collect();
    match rows.is_empty() {
        true => "no message of a further family has come".to_owned(),
        false => table(["from", "n", "type", "came", "id", "body", "not used"], rows),
    }
}

fn row(from: &str, message: &MessageView) -> [String; 7] {
    let json = message.json.as_ref().map(ToString::to_string);
    let body = json.or_else(|| message.body.clone());
    let (kind, at, id) = (message.kind.clone(), message.at.clone(), message.id.clone());
    [from.to_owned(), message.seq.to_string(), kind, at, id, cell(&body), cell(&message.code)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(json_body: Option<&str>) -> Result<Vec<u8>, ApiError> {
        let json_body = json_body.map(str::to_owned);
        body(&Message { peer: "C-1".into(), kind: "note/1/note".into(), body: None, json_body, thread: None })
    }

    #[test]
    fn json_becomes_canonical_cbor_and_nothing_is_rounded() {
        assert_eq!(said(None).unwrap(), [0xa0]);
        assert_eq!(
            said(Some(r#"{"bb": [1, null], "a": "x"}"#)).unwrap(),
            b"\xa2\x61a\x61x\x62bb\x82\x01\xf6"
        );
        for bad in ["{", r#"{"a": 1.5}"#, r#"{"a": 1, "a": 2}"#, "9007199254740993"] {
            assert_eq!(said(Some(bad)).unwrap_err().exit, 7, "{bad}");
        }
    }
}
