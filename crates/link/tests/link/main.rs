//! Two links over a connection: what each side is told, writes down and sends.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod pair;

use freehold_link::{Event, Link, LinkError};
use freehold_mailbox::KEPT_MAX;
use freehold_protocol::code::Code;
use freehold_protocol::connect::PROBLEM;
use freehold_protocol::frame::{Frame, Hello};
use freehold_protocol::mailbox::EntryBody;
use freehold_protocol::session::{Closed, Realigned};

use crate::pair::{HUB, NODE, Pair, Side, Who, connected, hello, key, soon};

#[tokio::test]
async fn messages_go_both_ways_and_what_was_delivered_is_idle() {
    let mut pair = Pair::open(Side::new(NODE), Side::new(HUB)).await;
    assert!(pair.node.has_room() && pair.hub.has_room());
    pair.node_side.queue(3).await;
    pair.node.wake();
    assert!(!pair.node.is_idle());
    pair.until(|who, event| matches!((who, event), (Who::Node, Event::Delivered(3)))).await;
    assert_eq!(pair.hub_side.filed(), [1, 2, 3]);
    assert!(pair.node.is_idle() && pair.hub.is_idle());
    pair.hub_side.queue(1).await;
    pair.hub.wake();
    pair.until(|who, event| matches!((who, event), (Who::Hub, Event::Delivered(1)))).await;
    assert_eq!(pair.node_side.filed(), [1]);
    assert!(pair.node_side.waiting().is_empty() && pair.hub_side.waiting().is_empty());
    for side in [&pair.node_side, &pair.hub_side] {
        let named = side.mailbox.named(&side.context.store).unwrap();
        assert_eq!(named, Some(vec!["note/1".to_owned()]), "what the other side knows is noted");
    }
}

#[tokio::test]
async fn what_was_queued_before_is_sent_once_the_session_is_open() {
    let node = Side::new(NODE);
    node.queue(40).await;
    let mut pair = Pair::open(node, Side::new(HUB)).await;
    pair.until(|who, event| matches!((who, event), (Who::Node, Event::Delivered(40)))).await;
    assert_eq!(pair.hub_side.filed().len(), 40);
}

/// What the caller has composed and written down itself goes out at once, and is not composed again.
#[tokio::test]
async fn a_message_of_the_callers_own_is_sent_as_it_is() {
    let mut pair = Pair::open(Side::new(NODE), Side::new(HUB)).await;
    let entry = pair.node_side.queue_as("note/1/note", EntryBody::Composed(Vec::new()), 1).await.remove(0);
    let message = entry.into_message(pair.node_side.context.peer.clone(), vec![0xa0]);
    pair.node.send(&message);
    pair.until(|who, event| matches!((who, event), (Who::Node, Event::Delivered(1)))).await;
    assert_eq!(pair.hub_side.filed(), [1]);
}

#[tokio::test]
async fn what_its_family_does_not_make_ends_the_session_with_the_reason_on_both_sides() {
    let mut pair = Pair::open(Side::new(NODE), Side::new(HUB)).await;
    pair.node_side.queue_as("note/1/note", EntryBody::Composed(Vec::new()), 1).await;
    pair.node.wake();
    let ends = pair.ends().await;
    assert_eq!(ends, (Closed::ByUs(Code::NotInScope), Closed::ByPeer(Code::NotInScope)));
    assert!(!pair.node.has_room());
    assert_eq!(pair.node_side.waiting(), [1], "it stays queued");
}

#[tokio::test]
async fn a_session_that_is_closed_tells_the_peer_why() {
    let mut pair = Pair::open(Side::new(NODE), Side::new(HUB)).await;
    pair.node.close(Code::Replaced);
    assert_eq!(pair.ends().await, (Closed::ByUs(Code::Replaced), Closed::ByPeer(Code::Replaced)));
    assert_eq!(pair.hub.wait(), None);
    assert!(matches!(pair.node.next().await, Event::Failed(LinkError::Lost)), "nothing comes after the end");
}

#[tokio::test]
async fn a_session_that_is_broken_off_is_lost_on_both_sides() {
    let mut pair = Pair::open(Side::new(NODE), Side::new(HUB)).await;
    pair.node.abort();
    assert!(!pair.node.has_room());
    assert!(matches!(pair.node.next().await, Event::Failed(LinkError::Lost)));
    let event = pair.until(|who, event| who == Who::Hub && !matches!(event, Event::Open(_))).await;
    assert!(matches!(event, Event::Failed(_)), "{event:?}");
}

/// 1. The hub has a first message of the node's. 2. The node has gone on from a copy of before, and has another first
///    message. 3. They meet.
#[tokio::test]
async fn sides_with_different_pasts_find_out_and_settle_nothing() {
    let (other, node, hub) = (Side::new(NODE), Side::new(NODE), Side::new(HUB));
    let first = other.queue(1).await;
    hub.takes(&other, first).await;
    node.queue(1).await;
    let mut pair = Pair::meet(node, hub, hello()).await;
    let mut opened = false;
    let event = pair.until(|who, event| {
        opened |= who == Who::Node && matches!(event, Event::Open(_) | Event::Delivered(_));
        who == Who::Node && matches!(event, Event::Closed(_))
    });
    assert!(matches!(event.await, Event::Closed(Closed::ByUs(Code::Forked))));
    assert!(!opened);
    assert_eq!(pair.node_side.waiting(), [1]);
}

/// The same the other way round: it is the hub that has gone on from a copy of before.
#[tokio::test]
async fn a_hub_finds_out_by_what_the_dialler_names() {
    let (other, node, hub) = (Side::new(HUB), Side::new(NODE), Side::new(HUB));
    let first = other.queue(1).await;
    node.takes(&other, first).await;
    hub.queue(1).await;
    let mut pair = Pair::meet(node, hub, hello()).await;
    assert_eq!(pair.ends().await, (Closed::ByPeer(Code::Forked), Closed::ByUs(Code::Forked)));
    assert_eq!(pair.hub_side.waiting(), [1]);
}

#[tokio::test]
async fn sides_with_the_same_past_go_on_from_where_they_were() {
    let (node, hub) = (Side::new(NODE), Side::new(HUB));
    let first = node.queue(1).await;
    hub.takes(&node, first).await;
    let mut pair = Pair::open(node, hub).await;
    pair.until(|who, event| matches!((who, event), (Who::Node, Event::Delivered(1)))).await;
    assert_eq!(pair.hub_side.filed(), [1], "it was not sent again");
}

/// The home is an empty one, and the hub has two of its messages.
#[tokio::test]
async fn a_side_that_was_restored_is_told_how_far_the_mailboxes_have_come() {
    let (before, hub) = (Side::new(NODE), Side::new(HUB));
    hub.takes(&before, before.queue(2).await).await;
    hub.queue(3).await;
    let last = hub.mailbox.last_stored(&hub.context.store).unwrap();
    let mut pair = Pair::meet(Side::new(NODE), hub, Hello { restored: true, ..hello() }).await;
    let event = pair.until(|who, event| who == Who::Node && matches!(event, Event::Realigned(_))).await;
    let Event::Realigned(told) = event else { panic!("{event:?}") };
    assert_eq!(told, Realigned { delivered: 2, last, stored: 0, told_at: Some(3) });
    let event = pair.until(|who, event| who == Who::Node && matches!(event, Event::Closed(_))).await;
    assert!(matches!(event, Event::Closed(Closed::ByUs(Code::ShuttingDown))));
}

#[tokio::test]
async fn a_message_for_which_there_is_no_room_ends_the_session_and_is_not_acknowledged() {
    let (node, hub) = (Side::new(NODE), Side::new(HUB));
    // Problems, since they are not answered.
    let body = || EntryBody::Fixed(vec![0xa0]);
    let most = usize::try_from(KEPT_MAX).unwrap();
    hub.takes(&node, node.queue_as(PROBLEM, body(), most).await).await;
    let mut pair = Pair::open(node, hub).await;
    pair.node_side.queue_as(PROBLEM, body(), 1).await;
    pair.node.wake();
    assert_eq!(pair.ends().await, (Closed::ByPeer(Code::Busy), Closed::ByUs(Code::Busy)));
    assert_eq!(pair.node_side.waiting(), [KEPT_MAX + 1]);
}

#[tokio::test]
async fn where_the_store_takes_no_write_nothing_is_acknowledged_and_no_session_begins() {
    let mut pair = Pair::open(Side::new(NODE), Side::new(HUB)).await;
    pair.hub_side.context.store.clone().close().await.unwrap();
    pair.node_side.queue(1).await;
    pair.node.wake();
    let mut delivered = false;
    let event = pair.until(|who, event| {
        delivered |= matches!(event, Event::Delivered(_));
        who == Who::Hub && !matches!(event, Event::Open(_))
    });
    assert!(matches!(event.await, Event::Failed(LinkError::Store(_))));
    assert!(!delivered);
    let (held, node, _hub) = connected().await;
    let context = pair.hub_side.context.clone();
    let refused = Link::dial(context, node, key(HUB).public(), hello()).await;
    assert!(matches!(refused.map(drop), Err(LinkError::Store(_))));
    drop(held);
}

/// The hub's goodbye names a time, and what is no frame ends a session that has begun.
#[tokio::test]
async fn a_dialler_hears_how_long_it_is_not_to_dial_and_refuses_what_is_no_frame() {
    for (said, expected) in [
        (Frame::Bye { code: Code::Busy, wait_secs: Some(7) }.encode(), Closed::ByPeer(Code::Busy)),
        (b"GET / HTTP/1.1".to_vec(), Closed::ByUs(Code::Malformed)),
    ] {
        let (_held, node, hub) = connected().await;
        let side = Side::new(NODE);
        let mut link = Link::dial(side.context.clone(), node, key(HUB).public(), hello()).await.unwrap();
        let (sender, _receiver) = hub.split();
        sender.send(said).await.unwrap();
        let event = soon(link.next()).await;
        assert!(matches!(event, Event::Closed(why) if why == expected), "{event:?}");
        let waits = link.wait().map(|wait| wait.as_secs());
        assert_eq!(waits, matches!(expected, Closed::ByPeer(_)).then_some(7));
    }
}

#[tokio::test]
async fn what_comes_first_is_a_hello_of_a_version_in_common() {
    let unsupported = Frame::Hello(Hello { versions: vec![9_999], ..hello() });
    for (said, expected) in [
        (Frame::Hello(hello()).encode(), Ok(hello())),
        (unsupported.encode(), Err(Some(Code::UnsupportedVersion))),
        (Frame::Ack { stored: 1 }.encode(), Err(Some(Code::UnexpectedFrame))),
        (Frame::bye(Code::ShuttingDown).encode(), Err(None)),
        (b"GET / HTTP/1.1".to_vec(), Err(Some(Code::Malformed))),
    ] {
        let (_held, node, hub) = connected().await;
        let ((sender, _kept), (_, mut receiver)) = (node.split(), hub.split());
        sender.send(said).await.unwrap();
        assert_eq!(soon(pair::first(&mut receiver)).await, expected);
    }
    let (_held, node, hub) = connected().await;
    let (_, mut receiver) = hub.split();
    let over = tokio::time::Instant::now();
    assert_eq!(freehold_link::first_hello(&mut receiver, over).await, Err(Some(Code::Timeout)));
    drop(node);
    assert_eq!(soon(pair::first(&mut receiver)).await, Err(None), "the peer is gone");
}

/// What a family refuses is kept, answered and acknowledged: the session goes on.
#[tokio::test]
async fn a_message_that_its_family_refuses_is_taken_and_answered() {
    let mut pair = Pair::open(Side::new(NODE), Side::new(HUB)).await;
    pair.node_side.queue_as("note/1/bad", EntryBody::Fixed(vec![0xa0]), 1).await;
    pair.node.wake();
    pair.until(|who, event| matches!((who, event), (Who::Hub, Event::Delivered(1)))).await;
    let kept = pair.hub_side.mailbox.kept(&pair.hub_side.context.store).unwrap();
    assert_eq!(kept.iter().map(|kept| kept.code).collect::<Vec<_>>(), [Code::Malformed]);
    let answer = pair.node_side.mailbox.kept(&pair.node_side.context.store).unwrap();
    assert_eq!(answer.len(), 1, "the node has no family for problems here, and keeps it");
}
