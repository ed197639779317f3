//! How a hub opens a session and begins a relationship.

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{FAMILY, INTRODUCTION, Introduction};
use freehold_protocol::data;
use freehold_protocol::document::DataRequest;
use freehold_protocol::frame::{Frame, Hello};
use freehold_protocol::identity::SigningKey;
use serde::Serialize;
use serde_bytes::ByteBuf;
use tokio::time::{Duration, Instant};

use super::{Person, Subject, dial, document};
use crate::misdeeds::about_ten_seconds;
use crate::peer::{Came, PATIENCE, told};
use crate::rule::{Fault, Rule, Tried, broken, ensure, ensure_code, rule};
use crate::sample::{entropy, seed};

pub(super) fn rules() -> Vec<Rule<Subject>> {
    vec![
        rule!("session", "1", "a hello with a good invitation is answered with a hello", hello),
        rule!("session", "2", "without a version in common: 103, and the invitation stays unused", versions),
        rule!("session", "4", "a message before hello: 300", message_first),
        rule!("invitation", "4", "a new key without a token: 203", no_token),
        rule!("invitation", "4", "a token that was never made: 204", unknown_token),
        rule!("invitation", "4", "a token that another key has used: 206", used_token),
        rule!("invitation", "4", "a token whose time is over: 205", expired_token),
        rule!("invitation", "6", "a key that has a relationship is let in with whatever token", known_key),
        rule!("session", "Transport", "each address of the link takes a session", addresses),
        rule!("encoding", "3", "a member of hello that is not known is ignored", unknown_member),
        rule!(
            "connect",
            "1",
            "introduction and request come as messages 1 and 2, signed and addressed",
            first_two
        ),
        rule!("data", "Documents", "the request verifies and its issuer is the vendor's DID", request),
        rule!(slow "session", "1", "no hello for 10 s: 303", silence),
    ]
}

async fn hello(subject: &mut Subject) -> Tried {
    let invitation = subject.invitation().await?;
    let mut person = Person::new(invitation, SigningKey::from_seed(&seed()));
    let line = person.dial().await?;
    let token = person.invitation.token;
    let said = person.peer.open(line, Some(&token)).await?;
    ensure(said.versions.contains(&1), || format!("its versions are {:?}", said.versions))?;
    for family in [FAMILY, data::FAMILY] {
        ensure(said.families.iter().any(|known| known == family), || format!("it does not name {family}"))?;
    }
    ensure(said.stored == 0, || format!("it claims to have stored {}", said.stored))?;
    ensure(said.invitation.is_none(), || "it sends a token".into())?;
    person.peer.introduce(None).await?;
    subject.shared = Some(person);
    Ok(())
}

/// Says one frame on a new line; gives the goodbye that answers it.
async fn turned_away(subject: &mut Subject, key: &SigningKey, frame: &Frame) -> Tried<Code> {
    let invitation = match &subject.shared {
        Some(person) => person.invitation.clone(),
        None => {
            let invitation = subject.invitation().await?;
            subject.give_back(&invitation);
            invitation
        }
    };
    let mut line = dial(&invitation, key).await?;
    line.send(frame).await?;
    match line.next(PATIENCE).await {
        Came::Frame(Frame::Bye { code, .. }) => Ok(code),
        other => broken(format!("it answered with {}", told(&other))),
    }
}

fn first(token: Option<[u8; 16]>, versions: Vec<u16>) -> Frame {
    Frame::Hello(Hello {
        versions,
        families: vec![FAMILY.into(), data::FAMILY.into()],
        stored: 0,
        invitation: token.map(|token| ByteBuf::from(token.to_vec())),
        check_in_secs: None,
        last: None,
        restored: false,
        mailbox: None,
    })
}

async fn versions(subject: &mut Subject) -> Tried {
    let invitation = subject.invitation().await?;
    let mut line = dial(&invitation, &SigningKey::from_seed(&seed())).await?;
    line.send(&first(Some(invitation.token), vec![65_000])).await?;
    match line.next(PATIENCE).await {
        Came::Frame(Frame::Bye { code, .. }) => ensure_code(code, &[Code::UnsupportedVersion])?,
        other => return broken(format!("it answered with {}", told(&other))),
    }
    let mut person = Person::new(invitation, SigningKey::from_seed(&seed()));
    let line = person.dial().await?;
    let token = person.invitation.token;
    let opened = person.peer.open(line, Some(&token)).await;
    opened.map_err(|fault| Fault::Broken(format!("the invitation is of no use any more: {fault}")))?;
    Ok(())
}

async fn message_first(subject: &mut Subject) -> Tried {
    let key = SigningKey::from_seed(&seed());
    let code = turned_away(subject, &key, &Frame::Ack { stored: 0 }).await?;
    ensure_code(code, &[Code::UnexpectedFrame])?;
    let code = turned_away(subject, &key, &Frame::Message(ByteBuf::from(vec![0x80]))).await?;
    ensure_code(code, &[Code::UnexpectedFrame])
}

async fn no_token(subject: &mut Subject) -> Tried {
    let key = SigningKey::from_seed(&seed());
    ensure_code(turned_away(subject, &key, &first(None, vec![1])).await?, &[Code::UnknownPeer])
}

async fn unknown_token(subject: &mut Subject) -> Tried {
    let key = SigningKey::from_seed(&seed());
    let code = turned_away(subject, &key, &first(Some(entropy()), vec![1])).await?;
    ensure_code(code, &[Code::InvitationUnknown])
}

async fn used_token(subject: &mut Subject) -> Tried {
    let token = subject.met().await?.invitation.token;
    let key = SigningKey::from_seed(&seed());
    let code = turned_away(subject, &key, &first(Some(token), vec![1])).await?;
    ensure_code(code, &[Code::InvitationUsed])
}

async fn expired_token(subject: &mut Subject) -> Tried {
    let invitation = subject.expired()?;
    let mut line = dial(&invitation, &SigningKey::from_seed(&seed())).await?;
    line.send(&first(Some(invitation.token), vec![1])).await?;
    match line.next(PATIENCE).await {
        Came::Frame(Frame::Bye { code, .. }) => ensure_code(code, &[Code::InvitationExpired]),
        other => broken(format!("it answered with {}", told(&other))),
    }
}

async fn known_key(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    person.peer.acknowledged().await?;
    for token in [Some(person.invitation.token), Some(entropy()), None] {
        person.peer.hang_up();
        let line = person.dial().await?;
        person.peer.open(line, token.as_ref().map(<[u8; 16]>::as_slice)).await?;
    }
    Ok(())
}

async fn addresses(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let invitation = person.invitation.clone();
    for address in &invitation.addresses {
        person.peer.acknowledged().await?;
        person.peer.hang_up();
        person.invitation.addresses = vec![address.clone()];
        let opened = person.again().await;
        person.invitation = invitation.clone();
        opened.map_err(|fault| Fault::Broken(format!("{address}: {fault}")))?;
    }
    Ok(())
}

async fn unknown_member(subject: &mut Subject) -> Tried {
    #[derive(Serialize)]
    struct Later {
        hello: Members,
    }
    #[derive(Serialize)]
    struct Members {
        #[serde(flatten)]
        hello: Hello,
        later: u64,
    }
    let person = subject.met().await?;
    person.peer.acknowledged().await?;
    person.peer.hang_up();
    let mut line = person.dial().await?;
    let hello = Later { hello: Members { hello: person.peer.hello(None), later: 1 } };
    line.send_bytes(cbor::encode(&hello)).await?;
    match line.next(PATIENCE).await {
        Came::Frame(Frame::Hello(_)) => Ok(()),
        other => broken(format!("it answered with {}", told(&other))),
    }
}

async fn first_two(subject: &mut Subject) -> Tried {
    let invitation = subject.invitation().await.map_err(Fault::on_the_way)?;
    let mut person = Person::meet(invitation).await.map_err(Fault::on_the_way)?;
    // Signature, form and audience are checked where a message is taken.
    let one = person.peer.hear_where("message", PATIENCE, |_| true).await?;
    let two = person.peer.hear_where("second message", PATIENCE, |_| true).await?;
    for (message, seq, kind) in [(&one, 1, INTRODUCTION), (&two, 2, data::REQUEST)] {
        ensure(message.seq == seq && message.kind.as_str() == kind, || {
            format!("message {} is a {}, expected was {kind} as {seq}", message.seq, message.kind)
        })?;
        ensure(message.at == message.at.coarse(), || {
            format!("the time of message {seq} is finer than a minute")
        })?;
        ensure(message.thread.is_none(), || format!("message {seq} continues a thread"))?;
    }
    let said = Introduction::decode(&one.body);
    said.map(drop).map_err(|code| Fault::Broken(format!("its introduction does not read: {code}")))
}

async fn request(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    let (message, _) = person.asked().await?;
    let request: DataRequest = document(&message)?;
    ensure(request.issuer() == &person.invitation.did, || format!("its issuer is {}", request.issuer()))?;
    ensure(request.signers().len() == 1, || "it has two proofs".into())?;
    let own = person.invitation.did.key();
    ensure(own.is_none_or(|own| own == request.signer_key()), || "another key signed it".into())
}

async fn silence(subject: &mut Subject) -> Tried {
    let invitation = subject.invitation().await?;
    subject.give_back(&invitation);
    let mut line = dial(&invitation, &SigningKey::from_seed(&seed())).await?;
    let since = Instant::now();
    ensure_code(line.goodbye(0, Duration::from_secs(15)).await?, &[Code::Timeout])?;
    about_ten_seconds(since.elapsed())
}
