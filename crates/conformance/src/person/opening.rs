//! How a node dials, says who it is, and keeps its relationships apart.

use freehold_protocol::code::Code;
use freehold_protocol::connect::{FAMILY, Introduction};
use freehold_protocol::data;
use freehold_protocol::frame::Frame;
use freehold_protocol::identity::SigningKey;
use serde_bytes::ByteBuf;

use super::{GRANT_MAX, Subject};
use crate::peer::PATIENCE;
use crate::rule::{Fault, Rule, Tried, broken, ensure, ensure_code, rule};
use crate::sample::seed;

pub(super) fn rules() -> Vec<Rule<Subject>> {
    vec![
        rule!("session", "1", "it dials and its first frame is a hello", hello),
        rule!("invitation", "3", "the hello brings the token of the link", token),
        rule!("session", "2", "the hello names version 1, both families, and nothing stored", versions),
        rule!(
            "connect",
            "1",
            "its introduction is message 1, signed by the key of the handshake, to the vendor",
            introduction
        ),
        rule!("connect", "4", "its introduction carries no name", nameless),
        rule!("identity", "3", "two vendors see two keys, and nothing in common", apart),
        rule!("invitation", "1", "a link of another version is not followed", newer_link),
        rule!("identity", "5", "a hub that shows another key than the link's is told nothing", other_key),
        rule!("session", "2", "an answer without a version in common: 103", unknown_version),
        rule!("session", "4", "a message before the hello: 300", message_first),
    ]
}

async fn hello(subject: &mut Subject) -> Tried {
    let (mut vendor, line) = subject.invited().await?;
    vendor.begin(line).await?;
    subject.shared = Some(vendor);
    Ok(())
}

async fn token(subject: &mut Subject) -> Tried {
    let vendor = subject.met().await?;
    let shown = vendor.first.invitation.as_ref().map(|token| token.as_slice());
    ensure(shown == Some(vendor.token.as_slice()), || "it brought no token, or another".into())
}

async fn versions(subject: &mut Subject) -> Tried {
    let said = &subject.met().await?.first;
    ensure(said.versions.contains(&1), || format!("its versions are {:?}", said.versions))?;
    for family in [FAMILY, data::FAMILY] {
        ensure(said.families.iter().any(|known| known == family), || format!("it does not name {family}"))?;
    }
    ensure(said.stored == 0, || format!("it claims to have stored {}", said.stored))?;
    ensure(said.check_in_secs.is_none(), || "it names an interval, which is the hub's".into())
}

async fn introduction(subject: &mut Subject) -> Tried {
    // Signature, form and audience are checked where a message is taken.
    let message = subject.met().await?.introduced().await?;
    ensure(message.seq == 1, || format!("it is message {}", message.seq))?;
    ensure(message.at == message.at.coarse(), || "its time is finer than a minute".into())?;
    let said = Introduction::decode(&message.body);
    said.map(drop).map_err(|code| Fault::Broken(format!("its introduction does not read: {code}")))
}

async fn nameless(subject: &mut Subject) -> Tried {
    let message = subject.met().await?.introduced().await.map_err(Fault::on_the_way)?;
    let said = Introduction::decode(&message.body).map_err(|code| Fault::Skipped(code.to_string()))?;
    ensure(said.name.is_none(), || "it told a name, and names are fields".into())
}

/// Compares everything that two vendors were told: keys, ids, and texts.
async fn apart(subject: &mut Subject) -> Tried {
    subject.granted().await?;
    let (mut other, line) = subject.invited().await?;
    other.begin(line).await?;
    let one = subject.shared.as_ref().ok_or_else(|| Fault::Skipped("there is no first vendor".into()))?;
    ensure(one.peer.their_key != other.peer.their_key, || "it dialled both with the same key".into())?;
    let second = other.introduced().await?;
    let (grant_message, grant) = other.granted(GRANT_MAX).await.map_err(Fault::on_the_way)?;
    let (Some(first), Some((first_message, first_grant))) = (&one.introduction, &one.grant) else {
        return broken("it has said nothing to the first vendor");
    };
    let commitment = |body: &[u8]| Introduction::decode(body).map(|said| said.next_key);
    ensure(commitment(&first.body) != commitment(&second.body), || "both next keys are the same".into())?;
    let ids = [first.id, first_message.id, second.id, grant_message.id];
    let distinct = (0..ids.len()).all(|n| !ids[..n].contains(&ids[n]));
    ensure(distinct && first_grant.id() != grant.id(), || "an id was used twice".into())?;
    let text = String::from_utf8_lossy(grant.bytes());
    for foreign in [one.peer.theirs.as_str(), one.peer.own.as_str()] {
        ensure(!text.contains(foreign), || "a grant names a DID of the other relationship".into())?;
    }
    Ok(())
}

async fn newer_link(subject: &mut Subject) -> Tried {
    let link = subject.link_not_followed(|invitation| invitation.v = 2).await?;
    ensure(!link, || "it opened a session".into())
}

async fn other_key(subject: &mut Subject) -> Tried {
    let told = subject.link_not_followed(|invitation| {
        let bare = |address: &String| address.split("/p2p/").next().unwrap_or_default().to_owned();
        invitation.addresses = invitation.addresses.iter().map(bare).collect();
        invitation.did = SigningKey::from_seed(&seed()).public().did();
    });
    ensure(!told.await?, || "it opened a session".into())
}

async fn unknown_version(subject: &mut Subject) -> Tried {
    let vendor = subject.met().await?;
    vendor.peer.hang_up();
    let (mut line, _) = vendor.knocked(super::DIAL_MAX).await?;
    let mut hello = vendor.peer.hello(None);
    hello.versions = vec![65_000];
    line.send(&Frame::Hello(hello)).await?;
    ensure_code(line.goodbye(vendor.peer.queued, PATIENCE).await?, &[Code::UnsupportedVersion])
}

async fn message_first(subject: &mut Subject) -> Tried {
    for frame in [Frame::Ack { stored: 0 }, Frame::Message(ByteBuf::from(vec![0x80]))] {
        let vendor = subject.met().await?;
        vendor.peer.hang_up();
        let (mut line, _) = vendor.knocked(super::DIAL_MAX).await?;
        line.send(&frame).await?;
        ensure_code(line.goodbye(vendor.peer.queued, PATIENCE).await?, &[Code::UnexpectedFrame])?;
    }
    Ok(())
}
