//! The example family `note/1` between a person's engine and a hub's, over sockets: nothing below it was changed for it.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::process::Command;

use freehold_api::{Socket, serve_person};
use freehold_example_note as note;
use freehold_hub::{Hub, MessageError};
use freehold_mailbox::{DraftError, Linked, MessageView};
use freehold_person::{Person, PersonError, StartError};
use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::family::Families;
use freehold_tests::engines::{EngineHome, meet, until};
use freehold_tests::program::program;
use serde_json::{Value, json};

fn none() -> Families<Linked> {
    Families::new()
}

fn of_person() -> Families<Linked> {
    Families::new().with(note::Person)
}

fn of_vendor() -> Families<Linked> {
    Families::new().with(note::Vendor)
}

fn body(text: &str) -> Vec<u8> {
    cbor::encode(&note::Note { text: text.to_owned() })
}

/// Leaves a note; gives its id.
async fn leave(hub: &Hub, text: &str) -> String {
    hub.send_message("C-17", note::NOTE, None, body(text)).await.unwrap().id
}

async fn answer(person: &Person, hub: &Hub, id: &str) -> Result<(), PersonError> {
    let (vendor, body) = (hub.info().did, cbor::encode(&note::Seen {}));
    person.send_message(&vendor, note::SEEN, Some(id), body).await.map(|_| ())
}

fn notes(person: &Person) -> Vec<MessageView> {
    person.messages(None).unwrap().into_iter().flat_map(|of| of.messages).collect()
}

fn answers(hub: &Hub) -> Vec<MessageView> {
    hub.messages(Some("C-17")).unwrap().into_iter().flat_map(|of| of.messages).collect()
}

/// What the person's log has of messages: the event and the type.
fn logged(person: &Person) -> Vec<(String, String)> {
    let entries = person.audit(None, 1_000).unwrap().into_iter();
    entries.filter_map(|entry| Some((entry.event, entry.message?))).collect()
}

fn refused(result: Result<(), PersonError>) -> Code {
    match result {
        Err(PersonError::Draft(DraftError::Refused(code))) => code,
        other => panic!("{other:?}"),
    }
}

/// 1. The person goes away; a note is left. 2. The person is back: the note is filed and in the log. 3. The answer goes
/// back; a second one, one to nothing, and a note the wrong way go nowhere. 4. The program's own command line, which
/// knows nothing of notes, shows it all.
#[tokio::test(flavor = "multi_thread")]
async fn a_note_waits_for_a_person_who_is_away_and_is_answered_once() {
    let (vendor, owner) = (EngineHome::new(), EngineHome::new());
    let hub = vendor.hub(of_vendor, None).await;
    let person = owner.person(of_person).await;
    meet(&person, &hub).await;
    person.stop().await;
    drop(person);
    let sent =
        hub.send_message("C-17", note::NOTE, None, body("We read your meter on Friday.")).await.unwrap();
    assert_eq!(sent.known, Some(true), "the person's node named the family");

    let person = owner.person(of_person).await;
    let came = until("the note", || notes(&person).pop()).await;
    assert_eq!((came.id.as_str(), came.code), (sent.id.as_str(), None));
    assert_eq!(came.json, Some(json!({"text": "We read your meter on Friday."})));
    assert_eq!(logged(&person), [("message-received".to_owned(), note::NOTE.to_owned())]);

    answer(&person, &hub, &sent.id).await.unwrap();
    let heard = until("the answer", || answers(&hub).pop()).await;
    assert_eq!((heard.kind.as_str(), heard.thread.as_deref()), (note::SEEN, Some(sent.id.as_str())));
    assert_eq!(logged(&person).last().unwrap(), &("message-sent".to_owned(), note::SEEN.to_owned()));

    assert_eq!(refused(answer(&person, &hub, &sent.id).await), Code::RequestUnknown);
    assert_eq!(refused(answer(&person, &hub, &"0".repeat(32)).await), Code::RequestUnknown);
    let wrong_way = person.send_message(&hub.info().did, note::NOTE, None, body("x")).await;
    assert_eq!(refused(wrong_way.map(|_| ())), Code::UnknownType);
    let too_long = hub.send_message("C-17", note::NOTE, None, body(&"x".repeat(1_025))).await;
    assert!(matches!(too_long, Err(MessageError::Draft(DraftError::Refused(Code::TooLarge)))));
    assert_eq!(logged(&person).len(), 2, "what was refused left nothing in the log");
    assert!(person.audit_verify().unwrap().broken.is_none());
    assert!(person.kept().unwrap().is_empty());

    let socket = Socket::bind(owner.path()).unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(serve_person(person.clone(), None, socket, async { drop(stopped.await) }));
    let home = owner.path().to_owned();
    let listed = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(program());
        command.args(["message", "list", "--json", "--home"]).arg(home).output().unwrap()
    });
    let listed: Value = serde_json::from_slice(&listed.await.unwrap().stdout).unwrap();
    assert_eq!(listed[0]["messages"][0]["json"]["text"], "We read your meter on Friday.");
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    person.stop().await;
    hub.stop().await;
}

/// 1. A node that does not know the family gets a note: the vendor is warned, the node keeps the note. 2. The node is
/// given the family: new notes are filed, and the old one is still there to be read.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_does_not_know_the_family_keeps_the_note() {
    let (vendor, owner) = (EngineHome::new(), EngineHome::new());
    let hub = vendor.hub(of_vendor, None).await;
    let person = owner.person(none).await;
    meet(&person, &hub).await;
    let early = hub.send_message("C-17", note::NOTE, None, body("early")).await.unwrap();
    assert_eq!(early.known, Some(false));
    let kept = until("the kept note", || person.kept().unwrap().pop()).await.messages;
    assert_eq!((kept[0].id.as_str(), kept[0].code.as_str()), (early.id.as_str(), "307 unknown-type"));
    let hex: String = body("early").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(kept[0].body.as_deref(), Some(hex.as_str()));
    // The problem that answers it is on the hub's disk too.
    until("the answer", || person.status(None).unwrap().vendors.iter().all(|v| v.waiting == 0).then_some(()))
        .await;
    assert!(logged(&person).is_empty() && answers(&hub).is_empty());
    person.stop().await;
    drop(person);

    let person = owner.person(of_person).await;
    let connected = || person.status(None).unwrap().vendors.iter().all(|v| v.connected).then_some(());
    until("the session", connected).await;
    leave(&hub, "late").await;
    until("the filed note", || (notes(&person).len() == 2).then_some(())).await;
    let codes: Vec<Option<String>> = notes(&person).into_iter().map(|message| message.code).collect();
    assert_eq!(codes, [Some("307 unknown-type".to_owned()), None]);
    assert_eq!(refused(answer(&person, &hub, &early.id).await), Code::RequestUnknown, "it was never taken");
    person.stop().await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_family_takes_the_name_of_no_other() {
    struct Impostor;

    impl freehold_protocol::family::Family<Linked> for Impostor {
        fn name(&self) -> &'static str {
            "data/1"
        }

        fn receive(
            &self,
            _: &mut freehold_mailbox::Desk<'_>,
            _: &freehold_protocol::message::Message,
        ) -> Result<(), Code> {
            Ok(())
        }

        fn compose(
            &self,
            _: &mut freehold_mailbox::Desk<'_>,
            _: &freehold_protocol::mailbox::Entry,
            _: &[u8],
        ) -> Result<Vec<u8>, Code> {
            Ok(Vec::new())
        }
    }

    let home = EngineHome::new();
    let started = home.try_person(Families::new().with(Impostor)).await;
    assert!(matches!(started, Err(StartError::Families(_))));
    let hub = home.try_hub(Families::new().with(note::Vendor).with(note::Vendor)).await;
    assert!(matches!(hub, Err(freehold_hub::StartError::Families(_))));
}
