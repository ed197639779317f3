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
        rule!("session", "3", "a hello that has stored what was never sent: 305", hello_ahead),
        rule!("session", "3", "a hello that has lost what it had acknowledged: 306", hello_behind),
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
    let tried = hello_refused(subject, |stored| stored + 1_000, Code::AheadOfSender).await;
    // The node may take itself for an old copy, and wait for its person: the next rule has a relationship of its own.
    subject.forget();
    tried
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
