//! What either side must refuse in an open session, whichever role the tested peer plays.

use std::time::Duration;

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::PROBLEM;
use freehold_protocol::cose::{self, Kind};
use freehold_protocol::frame::Frame;
use freehold_protocol::id::MessageId;
use freehold_protocol::identity::SigningKey;
use freehold_protocol::limits::{BODY_BYTES_MAX, WINDOW};
use freehold_protocol::message::{Message, SignedMessage};
use serde::Serialize;
use serde_bytes::ByteBuf;
use tokio::time::Instant;

use crate::peer::{Came, PATIENCE, Peer, QUIET, Step};
use crate::rule::{Rule, Subject, Tried, broken, ensure, ensure_code, list, rule};
use crate::sample::{entropy, seed};

/// A row whose misdeed is done to the shared relationship's peer, in an open session.
macro_rules! misdeed {
    ($page:literal, $rule:literal, $name:literal, $misdeed:path) => {
        Rule {
            page: $page,
            rule: $rule,
            name: $name,
            slow: false,
            run: |subject: &mut S| Box::pin(async move { $misdeed(subject.opened().await?).await }),
        }
    };
}

/// The rules that hold for both roles.
pub(crate) fn rules<S: Subject>() -> Vec<Rule<S>> {
    vec![
        rule!("encoding", "2", "bytes that are not canonical CBOR: 100 or 101", other_forms),
        rule!("encoding", "Frames in a stream", "a frame of no allowed length ends the stream", bad_lengths),
        misdeed!("encoding", "5", "a message by another key: 201", wrong_signer),
        misdeed!("encoding", "5", "a signature that does not verify: 200", bad_signature),
        misdeed!("mailbox", "6", "a message to somebody else: 202", wrong_audience),
        misdeed!("mailbox", "6", "a critical member that is not known: 104", critical),
        misdeed!("mailbox", "6", "a body above the limit: 102", oversized),
        misdeed!("mailbox", "6", "sequence 0: 301", sequence_zero),
        misdeed!("session", "4", "a second hello: 300", second_hello),
        misdeed!("session", "6", "a gap: 301", gap),
        misdeed!("session", "6", "a message that was stored before is acknowledged and dropped", replay),
        misdeed!("session", "8", "an acknowledgement of what was never sent: 305", ahead),
        misdeed!("mailbox", "8", "an unknown type: problem 307, and the session goes on", unknown_type),
        misdeed!("encoding", "3", "a member that is not known is ignored", unknown_member),
        misdeed!("session", "5", "at most 32 messages are under way", window),
        rule!("session", "22", "a burst beyond the window: 302, or all of it is stored", burst),
        misdeed!("mailbox", "8", "a problem is not answered with a problem", problem_of_a_problem),
    ]
}

/// A type that nobody knows.
const UNKNOWN: &str = "conformance/1/unknown";

/// Frames that say `{"ack": {"stored": 0}}`, or would if their form were the one that is allowed.
const OTHER_FORMS: [(&str, &[u8]); 5] = [
    ("a long integer", b"\xa1\x63ack\xa1\x66stored\x18\x00"),
    ("an indefinite length", b"\xbf\x63ack\xa1\x66stored\x00\xff"),
    ("a repeated key", b"\xa1\x63ack\xa2\x66stored\x00\x66stored\x00"),
    ("trailing bytes", b"\xa1\x63ack\xa1\x66stored\x00\x00"),
    ("a tag", b"\xa1\x63ack\xa1\x66stored\xc1\x00"),
];

/// Deeper than any frame may be.
const DEPTH: usize = 64;

/// Sends a frame that must end the session, and gives the code of the goodbye.
async fn provoke(peer: &mut Peer, frame: Vec<u8>) -> Tried<Code> {
    let sent = peer.queued;
    let line = peer.line()?;
    line.send_bytes(frame).await?;
    let said = line.goodbye(sent, PATIENCE).await;
    peer.hang_up();
    said
}

async fn refused(peer: &mut Peer, frame: Vec<u8>, allowed: &[Code]) -> Tried {
    let code = provoke(peer, frame).await?;
    ensure_code(code, allowed)
}

/// A message that is signed and whole, and differs by one thing.
async fn refused_message(peer: &mut Peer, allowed: &[Code], change: impl FnOnce(&mut Message)) -> Tried {
    let mut message = peer.draft(UNKNOWN, None, vec![0xa0]);
    change(&mut message);
    let frame = peer.frame(&message).encode();
    refused(peer, frame, allowed).await
}

async fn other_forms<S: Subject>(subject: &mut S) -> Tried {
    for which in 0..=OTHER_FORMS.len() {
        other_form(subject.opened().await?, which).await?;
    }
    Ok(())
}

/// One frame that is not canonical. The session must be open each time.
async fn other_form(peer: &mut Peer, which: usize) -> Tried {
    let Some((what, frame)) = OTHER_FORMS.get(which) else {
        // Too deep is refused as one of the limits, too.
        let deep = [vec![0x81; DEPTH], vec![0]].concat();
        return refused(peer, deep, &[Code::TooLarge]).await;
    };
    let code = provoke(peer, frame.to_vec()).await?;
    let allowed = [Code::Malformed, Code::NotCanonical];
    ensure(allowed.contains(&code), || format!("{what}: it said {code}, expected was {}", list(&allowed)))
}

async fn second_hello(peer: &mut Peer) -> Tried {
    let hello = Frame::Hello(peer.hello(None)).encode();
    refused(peer, hello, &[Code::UnexpectedFrame]).await
}

async fn wrong_signer(peer: &mut Peer) -> Tried {
    let message = peer.draft(UNKNOWN, None, vec![0xa0]);
    let signed = SignedMessage::sign(&message, &SigningKey::from_seed(&seed())).into_bytes();
    refused(peer, Frame::Message(signed).encode(), &[Code::WrongSigner]).await
}

async fn bad_signature(peer: &mut Peer) -> Tried {
    let message = peer.draft(UNKNOWN, None, vec![0xa0]);
    let mut signed = SignedMessage::sign(&message, &peer.key).into_bytes().into_vec();
    if let Some(last) = signed.last_mut() {
        *last ^= 1;
    }
    refused(peer, Frame::Message(ByteBuf::from(signed)).encode(), &[Code::BadSignature]).await
}

async fn wrong_audience(peer: &mut Peer) -> Tried {
    let other = SigningKey::from_seed(&seed()).public().did();
    refused_message(peer, &[Code::WrongAudience], |message| message.to = other).await
}

async fn critical(peer: &mut Peer) -> Tried {
    refused_message(peer, &[Code::UnknownCritical], |message| message.crit = vec!["later".into()]).await
}

async fn oversized(peer: &mut Peer) -> Tried {
    refused_message(peer, &[Code::TooLarge], |message| message.body = vec![0; BODY_BYTES_MAX + 1]).await
}

async fn sequence_zero(peer: &mut Peer) -> Tried {
    refused_message(peer, &[Code::SequenceGap], |message| message.seq = 0).await
}

async fn gap(peer: &mut Peer) -> Tried {
    refused_message(peer, &[Code::SequenceGap], |message| message.seq += 1).await
}

async fn ahead(peer: &mut Peer) -> Tried {
    let far = peer.taken + 1_000;
    refused(peer, Frame::Ack { stored: far }.encode(), &[Code::AheadOfSender]).await
}

async fn bad_lengths<S: Subject>(subject: &mut S) -> Tried {
    for length in [0, 262_145, u32::MAX] {
        bad_length(subject.opened().await?, length).await?;
    }
    Ok(())
}

/// A frame of a length that no frame has ends the stream, with a word or without. The session must be open each time.
async fn bad_length(peer: &mut Peer, length: u32) -> Tried {
    let line = peer.line()?;
    line.send_unframed(length.to_be_bytes().to_vec()).await?;
    let deadline = Instant::now() + PATIENCE;
    let ended = loop {
        match line.next(deadline.saturating_duration_since(Instant::now())).await {
            Came::End | Came::Frame(Frame::Bye { .. }) => break true,
            Came::Silence => break false,
            Came::Frame(_) | Came::Unreadable(_) => {}
        }
    };
    peer.hang_up();
    ensure(ended, || format!("a frame of {length} bytes was announced and the stream went on"))
}

/// A message that was stored before is acknowledged again and has no second effect.
async fn replay(peer: &mut Peer) -> Tried {
    let message = peer.draft(UNKNOWN, None, vec![0xa0]);
    peer.say_message(&message).await?;
    peer.problem(&message).await?;
    let (frame, expected) = (peer.frame(&message), peer.queued);
    peer.last_ack = None;
    peer.line()?.send(&frame).await?;
    let deadline = Instant::now() + PATIENCE;
    while peer.last_ack.is_none() {
        let left = deadline.saturating_duration_since(Instant::now());
        if peer.step(left).await? == Step::Silence {
            return broken("it did not acknowledge the message again");
        }
    }
    let stored = peer.last_ack.unwrap_or_default();
    ensure(stored == expected, || format!("it acknowledged {stored}, expected was {expected}"))?;
    peer.forget();
    peer.listen(QUIET).await?;
    let answered = peer.unread().iter().any(|heard| heard.kind.as_str() == PROBLEM);
    ensure(!answered, || "it took the message a second time".into())
}

/// A type that the tested peer does not know is answered with a problem, and the session goes on.
pub(crate) async fn unknown_type(peer: &mut Peer) -> Tried {
    let said = peer.say(UNKNOWN, None, vec![0xa0]).await?;
    ensure_code(peer.problem(&said).await?, &[Code::UnknownType])?;
    let next = peer.say(UNKNOWN, None, vec![0xa0]).await?;
    ensure_code(peer.problem(&next).await?, &[Code::UnknownType])
}

/// Members that the tested peer does not know are ignored.
async fn unknown_member(peer: &mut Peer) -> Tried {
    #[derive(Serialize)]
    struct Later<'a> {
        #[serde(flatten)]
        message: &'a Message,
        later: u64,
    }
    let message = peer.draft(UNKNOWN, None, vec![0xa0]);
    let payload = cbor::encode(&Later { message: &message, later: 1 });
    peer.say_signed(&message, cose::sign(Kind::Message, &peer.key, payload)).await?;
    ensure_code(peer.problem(&message).await?, &[Code::UnknownType])
}

/// At most so many messages of the tested peer are under way while none is acknowledged.
async fn window(peer: &mut Peer) -> Tried {
    peer.acknowledges = false;
    let tried = fill_window(peer).await;
    peer.acknowledges = true;
    if peer.is_open() {
        peer.acknowledge().await?;
        // The rest comes now: it is nothing that another rule waits for.
        peer.listen(QUIET).await?;
        peer.forget();
    }
    tried
}

/// Each message that cannot be used is answered with one.
async fn fill_window(peer: &mut Peer) -> Tried {
    let before = peer.taken;
    for _ in 0..WINDOW + 4 {
        peer.say(UNKNOWN, None, vec![0xa0]).await?;
        peer.acknowledged().await?;
    }
    peer.listen(QUIET).await?;
    let under_way = peer.taken - before;
    ensure(under_way >= WINDOW / 2, || format!("{under_way} answers came to {} messages", WINDOW + 4))?;
    ensure(under_way <= WINDOW, || format!("{under_way} messages are under way, allowed are {WINDOW}"))
}

/// How many messages beyond the window are sent at once.
const BEYOND: u64 = 8;

/// More messages than a window at once, in good order. A peer that stores each before it reads the next takes them all;
/// one that reads ahead ends the session, and the next one goes on from what it has stored.
async fn burst<S: Subject>(subject: &mut S) -> Tried {
    let peer = subject.opened().await?;
    peer.acknowledged().await?;
    for _ in 0..WINDOW + BEYOND {
        peer.say(UNKNOWN, None, vec![0xa0]).await?;
    }
    let deadline = Instant::now() + PATIENCE;
    let sent = peer.queued;
    while peer.delivered < sent {
        match peer.line()?.next(deadline.saturating_duration_since(Instant::now())).await {
            Came::Frame(Frame::Ack { stored }) if stored <= sent => {
                peer.delivered = peer.delivered.max(stored)
            }
            Came::Frame(Frame::Message(signed)) => drop(peer.take(&signed).await?),
            Came::Frame(Frame::Bye { code, .. }) => {
                peer.hang_up();
                ensure_code(code, &[Code::Flood])?;
                break;
            }
            other => return broken(format!("it answered the burst with {}", crate::peer::told(&other))),
        }
    }
    // Nothing of it is lost or stored twice.
    let peer = subject.opened().await?;
    peer.acknowledged().await?;
    unknown_type(peer).await?;
    peer.forget();
    Ok(())
}

/// A problem is never answered with a problem, not even one that cannot be read.
async fn problem_of_a_problem(peer: &mut Peer) -> Tried {
    let thread = Some(MessageId::from_entropy(entropy()));
    let said = peer.say(PROBLEM, thread, cbor::encode(&"no problem")).await?;
    peer.acknowledged().await?;
    peer.listen(QUIET).await?;
    let answered =
        peer.unread().iter().any(|heard| heard.kind.as_str() == PROBLEM && heard.thread == Some(said.id));
    ensure(!answered, || "it answered a problem with a problem".into())
}

/// What is not acknowledged for 10 s ends the session.
pub(crate) async fn no_acknowledgement(peer: &mut Peer) -> Tried {
    let sent = peer.queued;
    let since = Instant::now();
    let said = peer.line()?.goodbye(sent, Duration::from_secs(15)).await;
    peer.hang_up();
    ensure_code(said?, &[Code::Timeout])?;
    about_ten_seconds(since.elapsed())
}

/// 10 s, give or take what a busy machine may need.
pub(crate) fn about_ten_seconds(took: Duration) -> Tried {
    let range = Duration::from_secs(7)..=Duration::from_secs(13);
    ensure(range.contains(&took), || format!("it took {:.1} s, expected were 10 s", took.as_secs_f64()))
}
