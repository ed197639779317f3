//! What a node refuses in an open session, and how it resumes.

use freehold_protocol::code::Code;
use freehold_protocol::frame::Frame;
use tokio::time::{Duration, Instant};

use super::{DIAL_MAX, Subject};
use crate::misdeeds;
use crate::peer::PATIENCE;
use crate::rule::{Fault, Rule, Tried, ensure, ensure_code, rule};

/// How long a node may linger in a session in which nothing happens.
const CHECK_IN_MAX: Duration = Duration::from_secs(8);

pub(super) fn rules() -> Vec<Rule<Subject>> {
    vec![
        rule!("encoding", "2", "bytes that are not canonical CBOR: 100 or 101", other_forms),
        rule!("encoding", "Frames in a stream", "a frame of no allowed length ends the stream", bad_lengths),
        rule!("encoding", "5", "a message by another key: 201", wrong_signer),
        rule!("encoding", "5", "a signature that does not verify: 200", bad_signature),
        rule!("mailbox", "6", "a message to somebody else: 202", wrong_audience),
        rule!("mailbox", "6", "a critical member that is not known: 104", critical),
        rule!("mailbox", "6", "a body above the limit: 102", oversized),
        rule!("mailbox", "6", "sequence 0: 301", sequence_zero),
        rule!("session", "4", "a second hello: 300", second_hello),
        rule!("session", "6", "a gap: 301", gap),
        rule!("session", "6", "a message that was stored before is acknowledged and dropped", replay),
        rule!("session", "8", "an acknowledgement of what was never sent: 305", ahead),
        rule!("session", "3", "a hello that has stored what was never sent: 305", hello_ahead),
        rule!("session", "3", "a hello that has lost what it had acknowledged: 306", hello_behind),
        rule!("mailbox", "8", "an unknown type: problem 307, and the session goes on", unknown_type),
        rule!("encoding", "3", "a member that is not known is ignored", unknown_member),
        rule!("session", "5", "at most 32 messages are under way", window),
        rule!("mailbox", "8", "a problem is not answered with a problem", problem_of_a_problem),
        rule!("session", "3", "hello names what was stored, over a lost connection too", stored),
        rule!(
            "session",
            "15",
            "with checkInSecs it says 304 when nothing is under way, and dials again",
            check_in
        ),
        rule!(slow "session", "1", "no hello for 10 s: 303", silence),
    ]
}

async fn other_forms(subject: &mut Subject) -> Tried {
    for which in 0..misdeeds::FORMS {
        misdeeds::other_form(&mut subject.met().await?.peer, which).await?;
    }
    Ok(())
}

async fn bad_lengths(subject: &mut Subject) -> Tried {
    for which in 0..misdeeds::LENGTHS {
        misdeeds::bad_length(&mut subject.met().await?.peer, which).await?;
    }
    Ok(())
}

async fn wrong_signer(subject: &mut Subject) -> Tried {
    misdeeds::wrong_signer(&mut subject.met().await?.peer).await
}

async fn bad_signature(subject: &mut Subject) -> Tried {
    misdeeds::bad_signature(&mut subject.met().await?.peer).await
}

async fn wrong_audience(subject: &mut Subject) -> Tried {
    misdeeds::wrong_audience(&mut subject.met().await?.peer).await
}

async fn critical(subject: &mut Subject) -> Tried {
    misdeeds::critical(&mut subject.met().await?.peer).await
}

async fn oversized(subject: &mut Subject) -> Tried {
    misdeeds::oversized(&mut subject.met().await?.peer).await
}

async fn sequence_zero(subject: &mut Subject) -> Tried {
    misdeeds::sequence_zero(&mut subject.met().await?.peer).await
}

async fn second_hello(subject: &mut Subject) -> Tried {
    misdeeds::second_hello(&mut subject.met().await?.peer).await
}

async fn gap(subject: &mut Subject) -> Tried {
    misdeeds::gap(&mut subject.met().await?.peer).await
}

async fn replay(subject: &mut Subject) -> Tried {
    misdeeds::replay(&mut subject.met().await?.peer).await
}

async fn ahead(subject: &mut Subject) -> Tried {
    misdeeds::ahead(&mut subject.met().await?.peer).await
}

async fn unknown_type(subject: &mut Subject) -> Tried {
    misdeeds::unknown_type(&mut subject.met().await?.peer).await
}

async fn unknown_member(subject: &mut Subject) -> Tried {
    misdeeds::unknown_member(&mut subject.met().await?.peer).await
}

async fn window(subject: &mut Subject) -> Tried {
    misdeeds::window(&mut subject.met().await?.peer).await
}

async fn problem_of_a_problem(subject: &mut Subject) -> Tried {
    misdeeds::problem_of_a_problem(&mut subject.met().await?.peer).await
}

/// Answers a hello with one that must be refused.
async fn hello_refused(subject: &mut Subject, stored: impl FnOnce(u64) -> u64, code: Code) -> Tried {
    let vendor = subject.met().await?;
    vendor.introduced().await?;
    // The acknowledgement must have arrived: what is answered after it shows that it has.
    misdeeds::unknown_type(&mut vendor.peer).await?;
    vendor.peer.hang_up();
    let (mut line, _) = vendor.knocked(DIAL_MAX).await?;
    let mut hello = vendor.peer.hello(None);
    hello.stored = stored(hello.stored);
    line.send(&Frame::Hello(hello)).await?;
    ensure_code(line.goodbye(vendor.peer.queued, PATIENCE).await?, &[code])
}

async fn hello_ahead(subject: &mut Subject) -> Tried {
    hello_refused(subject, |stored| stored + 1_000, Code::AheadOfSender).await
}

async fn hello_behind(subject: &mut Subject) -> Tried {
    hello_refused(subject, |_| 0, Code::BehindAcknowledged).await
}

async fn stored(subject: &mut Subject) -> Tried {
    let vendor = subject.met().await?;
    misdeeds::unknown_type(&mut vendor.peer).await?;
    vendor.peer.hang_up();
    let said = vendor.again().await?;
    let queued = vendor.peer.queued;
    ensure(said.stored == queued, || format!("it has stored {}, acknowledged was {queued}", said.stored))
}

async fn check_in(subject: &mut Subject) -> Tried {
    let vendor = subject.met().await?;
    misdeeds::unknown_type(&mut vendor.peer).await?;
    vendor.peer.hang_up();
    vendor.peer.check_in_secs = Some(1);
    let opened = vendor.again().await;
    vendor.peer.check_in_secs = None;
    opened.map_err(Fault::on_the_way)?;
    let sent = vendor.peer.queued;
    let said = vendor.peer.line()?.goodbye(sent, CHECK_IN_MAX).await;
    vendor.peer.hang_up();
    ensure_code(said?, &[Code::ShuttingDown])?;
    vendor.again().await.map(drop)
}

async fn silence(subject: &mut Subject) -> Tried {
    let vendor = subject.met().await?;
    vendor.peer.hang_up();
    let (mut line, _) = vendor.knocked(DIAL_MAX).await?;
    let since = Instant::now();
    ensure_code(line.goodbye(vendor.peer.queued, Duration::from_secs(15)).await?, &[Code::Timeout])?;
    misdeeds::about_ten_seconds(since.elapsed())
}
