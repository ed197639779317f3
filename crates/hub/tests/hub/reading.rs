//! Live reads.

use std::sync::Arc;

use freehold_hub::ReadError;
use freehold_protocol::code::Code;
use freehold_protocol::disclosure::{Ask, GrantState, GrantStatus, authorize};
use freehold_protocol::read::{ReadRequest, sign_answer};

use crate::person::{connect, key};
use crate::vendor::Vendor;

#[tokio::test(flavor = "multi_thread")]
async fn a_live_read_gives_what_the_node_discloses_now_and_is_written_down_either_way() {
    let vendor = Vendor::start().await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    let receipt = person.agree(None).await;
    let (connection, did, signing) =
        (Arc::clone(&person.connection), person.invitation.did.clone(), person.key.clone());
    let now = vendor.now();
    tokio::spawn(async move {
        while let Some(frames) = connection.accept_read().await {
            let (sender, mut receiver) = frames.split();
            let bytes = receiver.recv().await.unwrap().unwrap();
            let request = ReadRequest::open(&bytes, &connection.peer(), &signing.public().did()).unwrap();
            let state = GrantState { status: GrantStatus::Standing, ..GrantState::offered() };
            let permit = authorize(&receipt, &state, Ask::Read(&request.purpose), &request.paths, now);
            let disclosed = permit.map(|p| p.fill(|_| Ok::<_, ()>(Some("+15550100".into()))).unwrap());
            sender.send(sign_answer(request.id, &did, disclosed, &signing)).await.unwrap();
            sender.finish().await.unwrap();
        }
    });

    let paths = ["phone.mobile".to_owned()];
    let read = vendor.hub.read("C-17", &paths, "serviceProvision").await.unwrap();
    assert_eq!(read.fields["phone.mobile"].as_deref(), Some("+15550100"));
    let denied = vendor.hub.read("C-17", &paths, "Marketing").await.unwrap_err();
    assert!(matches!(denied, ReadError::Denied(Code::WrongPurpose)), "{denied}");
    let results: Vec<_> = vendor.hub.events(0, 100).into_iter().map(|e| e.cloudevent).collect();
    let results: Vec<_> =
        results.iter().filter(|e| e["type"] == "dev.freehold.read").map(|e| &e["data"]["result"]).collect();
    assert_eq!(results, ["answered", "wrong-purpose"]);
    assert!(!serde_json::to_string(&vendor.hub.events(0, 100)).unwrap().contains("+1555"));

    let nonsense = vendor.hub.read("C-17", &paths, "world domination").await.unwrap_err();
    assert!(matches!(nonsense, ReadError::Purpose(_)), "{nonsense}");
    let nobody = vendor.hub.read("C-18", &paths, "serviceProvision").await.unwrap_err();
    assert!(matches!(nobody, ReadError::CustomerUnknown), "{nobody}");
    let _offline = person.vanish();
    let offline = loop {
        match vendor.hub.read("C-17", &paths, "serviceProvision").await {
            Err(error) => break error,
            Ok(_) => tokio::task::yield_now().await,
        }
    };
    assert_eq!(offline.code(), Some(Code::NotConnected));
}
