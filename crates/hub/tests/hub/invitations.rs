//! How a relationship begins, and how it does not.

use std::time::Duration;

use freehold_hub::{AskCustomerError, AskError, InviteError, NoSuchAsk};
use freehold_protocol::code::Code;
use freehold_protocol::connect::{INTRODUCTION, Introduction};
use freehold_protocol::frame::{Frame, Hello, VERSIONS};
use freehold_protocol::invitation::Invitation;
use freehold_protocol::session::Closed;
use freehold_transport::{Address, Limits, dial};

use crate::person::{connect, key};
use crate::vendor::{ASK, Vendor, WEEK};

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_begins_one_relationship_and_is_bound_to_its_first_key() {
    let vendor = Vendor::start().await;
    let link = vendor.link().await;
    let mut person = connect(&link, key(1)).await.unwrap();
    let introduction = Introduction::decode(&person.hear(INTRODUCTION).await.body).unwrap();
    assert_eq!(introduction.name.as_deref(), Some("Acme"));
    let request = person.request().await;
    assert_eq!(request.issuer().as_str(), vendor.hub.info().did);

    let customer = vendor.customer();
    assert_eq!(customer.did, key(1).public().did().as_str());
    assert_eq!(customer.customer.as_deref(), Some("C-17"));
    assert!(customer.connected);
    assert_eq!(vendor.hub.info().customers, 1);
    for text in [&customer.id, &customer.id[..8], &customer.did] {
        assert_eq!(vendor.hub.customer(text).unwrap().id, customer.id);
    }

    assert_eq!(connect(&link, key(2)).await.err(), Some(Code::InvitationUsed));
    // The same key may try again, and needs no invitation from now on.
    let again = person.vanish().connect(true).await.unwrap();
    again.vanish().connect(false).await.unwrap();
    assert_eq!(vendor.hub.customers().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_spent_links_are_told_why() {
    let vendor = Vendor::start().await;
    let link = vendor.hub.invite(None, None, Duration::from_secs(60)).await.unwrap().link;
    let mut forged = Invitation::parse(&link).unwrap();
    forged.token = [7; 16];
    assert_eq!(connect(&forged.to_link(), key(1)).await.err(), Some(Code::InvitationUnknown));
    vendor.pass(Duration::from_secs(60));
    assert_eq!(connect(&link, key(1)).await.err(), Some(Code::InvitationExpired));
    assert!(vendor.hub.customers().is_empty());

    let good = connect(&vendor.link().await, key(1)).await.unwrap();
    // A known person's link in a stranger's hands, without its token.
    let mut stranger = good.vanish();
    stranger.danger_become(key(3));
    assert_eq!(stranger.connect(false).await.err(), Some(Code::UnknownPeer));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_session_replaces_the_older_and_stopping_says_goodbye() {
    let vendor = Vendor::start().await;
    let mut first = connect(&vendor.link().await, key(1)).await.unwrap();
    let mut second = first.twin().connect(false).await.unwrap();
    assert_eq!(first.ended().await, Some(Closed::ByPeer(Code::Replaced)));
    assert_eq!(vendor.hub.stats().connected, 1);
    let (_, ended) = tokio::join!(vendor.hub.clone().stop(), second.ended());
    assert_eq!(ended, Some(Closed::ByPeer(Code::ShuttingDown)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_request_is_refused_with_its_line_and_nothing_to_ask_invites_nobody() {
    let vendor = Vendor::start().await;
    let wrong = ASK.replace("phone.mobile", "phone.mobil");
    match vendor.hub.ask(&wrong, "wrong.toml").await {
        Err(error @ AskError::File { line: 7, .. }) => {
            assert!(error.to_string().starts_with("wrong.toml line 7: "), "{error}");
            assert!(error.to_string().contains("phone.mobile"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(vendor.hub.asks().len(), 1);
    let unknown = vendor.hub.invite(None, Some("ffff".into()), WEEK).await;
    assert!(matches!(unknown, Err(InviteError::Ask(NoSuchAsk::Unknown(_)))), "{unknown:?}");
    let endless = vendor.hub.invite(None, None, WEEK * 100).await;
    assert!(matches!(endless, Err(InviteError::Validity)), "{endless:?}");
}

/// 1. A person is a customer and has agreed. 2. The vendor makes a second request and puts it to them. 3. They are
///    asked in the open session, once, and may grant it beside the first.
#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_asked_again_and_grants_both() {
    let vendor = Vendor::start().await;
    let mut person = connect(&vendor.link().await, key(1)).await.unwrap();
    person.agree(None).await;
    let second = vendor.hub.ask(&ASK.replace("to call you", "to write to you"), "second.toml").await.unwrap();
    vendor.hub.ask_customer("C-17", None).await.unwrap();
    let receipt = person.agree(None).await;
    assert_eq!(receipt.subject().request.id.to_string(), second.id);
    assert_eq!(vendor.customer().grants.len(), 2);

    let again = vendor.hub.ask_customer("C-17", Some(&second.id)).await;
    assert!(matches!(again, Err(AskCustomerError::Asked)), "{again:?}");
    let nobody = vendor.hub.ask_customer("C-18", None).await;
    assert!(matches!(nobody, Err(AskCustomerError::CustomerUnknown)), "{nobody:?}");
    let nothing = vendor.hub.ask_customer("C-17", Some("ffff")).await;
    assert!(matches!(nothing, Err(AskCustomerError::Ask(NoSuchAsk::Unknown(_)))), "{nothing:?}");
}

/// What the hub says to a first frame; `None` when it says nothing and hangs up.
async fn answer_to(link: &str, first: &Frame) -> Option<Frame> {
    let invitation = Invitation::parse(link).unwrap();
    let addresses: Vec<Address> = invitation.addresses.iter().map(|a| Address::parse(a).unwrap()).collect();
    let expected = [invitation.did.key().unwrap()];
    let connection = dial(&key(9), &addresses, &expected, Limits::default()).await.unwrap();
    let (sender, mut receiver) = connection.open_session().await.unwrap().split();
    sender.send(first.encode()).await.unwrap();
    receiver.recv().await?.ok().map(|bytes| Frame::decode(&bytes).unwrap())
}

/// A broken or newer node presents the link first. It is answered with the goodbye alone, and the link stays good.
#[tokio::test(flavor = "multi_thread")]
async fn a_hello_that_is_refused_leaves_the_invitation_unused() {
    let vendor = Vendor::start().await;
    let link = vendor.link().await;
    let hello = Hello {
        versions: VERSIONS.to_vec(),
        families: Vec::new(),
        stored: 0,
        invitation: Some(Invitation::parse(&link).unwrap().token.to_vec().into()),
        check_in_secs: None,
        last: None,
        restored: false,
        mailbox: None,
    };
    let newer = Frame::Hello(Hello { versions: vec![2], ..hello.clone() });
    let ahead = Frame::Hello(Hello { stored: 9, ..hello });
    for (first, code) in [
        (newer, Code::UnsupportedVersion),
        (ahead, Code::AheadOfSender),
        (Frame::Ack { stored: 0 }, Code::UnexpectedFrame),
    ] {
        assert_eq!(answer_to(&link, &first).await, Some(Frame::bye(code)));
    }
    assert_eq!(answer_to(&link, &Frame::bye(Code::ShuttingDown)).await, None);
    connect(&link, key(1)).await.unwrap();
}
