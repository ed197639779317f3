//! What a hub refuses in an open session, and how it resumes.

use freehold_protocol::code::Code;
use freehold_protocol::connect::INTRODUCTION;
use freehold_protocol::data;
use freehold_protocol::frame::Frame;

use super::{Person, Subject};
use crate::misdeeds;
use crate::peer::{Came, PATIENCE, told};
use crate::rule::{Fault, Rule, Tried, broken, ensure, ensure_code, rule, skipped};

pub(super) fn rules() -> Vec<Rule<Subject>> {
    vec![
        rule!("session", "3", "a hello that has stored what was never sent: 305", hello_ahead),
        rule!("session", "3", "a hello that has lost what it had acknowledged: 306", hello_behind),
        rule!("session", "3", "hello names what was stored, over a lost connection too", stored),
        rule!("mailbox", "3", "what was not acknowledged comes again, the same", sent_again),
        rule!("session", "12", "a newer session replaces the older: 308", replaced),
        rule!(slow "session", "10", "no acknowledgement for 10 s: 303", no_acknowledgement),
        rule!("data", "16", "live reads", live_read),
    ]
}

/// Opens a session with a hello that must be refused.
async fn hello_refused(subject: &mut Subject, stored: impl FnOnce(u64) -> u64, code: Code) -> Tried {
    let person = subject.met().await?;
    person.peer.acknowledged().await?;
    person.peer.hang_up();
    let mut line = person.dial().await?;
    let mut hello = person.peer.hello(None);
    hello.stored = stored(hello.stored);
    line.send(&Frame::Hello(hello)).await?;
    match line.next(PATIENCE).await {
        Came::Frame(Frame::Bye { code: got, .. }) => ensure_code(got, &[code]),
        other => broken(format!("it answered with {}", told(&other))),
    }
}

async fn hello_ahead(subject: &mut Subject) -> Tried {
    hello_refused(subject, |stored| stored + 1_000, Code::AheadOfSender).await
}

async fn hello_behind(subject: &mut Subject) -> Tried {
    hello_refused(subject, |_| 0, Code::BehindAcknowledged).await
}

async fn stored(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    person.peer.say("conformance/1/unknown", None, vec![0xa0]).await?;
    person.peer.acknowledged().await?;
    person.peer.hang_up();
    let said = person.again().await?;
    let queued = person.peer.queued;
    ensure(said.stored == queued, || format!("it has stored {}, acknowledged was {queued}", said.stored))
}

async fn sent_again(subject: &mut Subject) -> Tried {
    let invitation = subject.invitation().await.map_err(Fault::on_the_way)?;
    let mut person =
        Person::new(invitation, freehold_protocol::identity::SigningKey::from_seed(&crate::sample::seed()));
    person.peer.acknowledges = false;
    let token = person.invitation.token;
    let mut heard = Vec::new();
    for _ in 0..2 {
        let line = person.dial().await.map_err(Fault::on_the_way)?;
        person.peer.open(line, Some(&token)).await.map_err(Fault::on_the_way)?;
        heard.push((person.peer.hear(INTRODUCTION).await?, person.peer.hear(data::REQUEST).await?));
        person.peer.hang_up();
    }
    ensure(heard[0] == heard[1], || {
        "the second session brought other payloads under the same sequences".into()
    })
}

async fn replaced(subject: &mut Subject) -> Tried {
    let person = subject.met().await?;
    person.peer.acknowledged().await?;
    let Some(mut older) = person.peer.take_line() else { return broken("the session has ended") };
    let newer = person.dial().await?;
    let sent = person.peer.queued;
    let (opened, said) = tokio::join!(person.peer.open(newer, None), older.goodbye(sent, PATIENCE));
    ensure_code(said?, &[Code::Replaced])?;
    opened.map(drop)
}

async fn no_acknowledgement(subject: &mut Subject) -> Tried {
    let invitation = subject.invitation().await.map_err(Fault::on_the_way)?;
    let mut person =
        Person::new(invitation, freehold_protocol::identity::SigningKey::from_seed(&crate::sample::seed()));
    let token = person.invitation.token;
    let line = person.dial().await.map_err(Fault::on_the_way)?;
    person.peer.open(line, Some(&token)).await.map_err(Fault::on_the_way)?;
    misdeeds::no_acknowledgement(&mut person.peer).await
}

async fn live_read(_: &mut Subject) -> Tried {
    skipped("a hub asks for live reads of its own accord only")
}
