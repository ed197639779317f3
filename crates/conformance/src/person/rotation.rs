//! How a node moves to its next key.

use freehold_protocol::code::Code;
use freehold_protocol::connect::{Introduction, ROTATION};
use freehold_protocol::document::Rotation;
use freehold_protocol::identity::PublicKey;

use super::{DIAL_MAX, Subject, Vendor};
use crate::hub::document;
use crate::peer::{Line, PATIENCE};
use crate::rule::{Fault, Rule, Tried, broken, ensure, ensure_code, rule};

pub(super) fn rules() -> Vec<Rule<Subject>> {
    vec![
        rule!(
            "identity",
            "12",
            "a rotation under the old key; once acknowledged, 304 and the new key",
            rotated
        ),
        rule!("identity", "13", "207 to the old key stands for a lost acknowledgement", lost),
        rule!("identity", "16", "a new key that is answered with 203 is given up for the old one", refused),
    ]
}

/// What the person has stated: the next key, and the commitment after it.
struct Stated {
    key: PublicKey,
    commitment: [u8; 32],
}

/// Makes the node rotate, and checks the statement; acknowledged is what the vendor acknowledges.
async fn stated(subject: &mut Subject, acknowledges: bool) -> Tried<Stated> {
    let vendor = subject.met().await?;
    vendor.introduced().await.map_err(Fault::on_the_way)?;
    vendor.peer.acknowledges = acknowledges;
    let stated = state(subject).await;
    if let Some(vendor) = &mut subject.shared {
        vendor.peer.acknowledges = true;
    }
    stated
}

async fn state(subject: &mut Subject) -> Tried<Stated> {
    subject.rotate().await?;
    // The session is the one in which it was told to rotate: once the statement is acknowledged, it ends.
    let vendor = subject.shared.as_mut().ok_or_else(|| Fault::Skipped("there is no vendor".into()))?;
    let message = vendor.peer.hear(ROTATION).await?;
    let statement: Rotation = document(&message)?;
    let committed = vendor.committed()?;
    let step = statement.check_step(&vendor.peer.theirs, &vendor.peer.own, Some(&committed));
    let (key, commitment) =
        step.map_err(|code| Fault::Broken(format!("its statement is not acceptable: {code}")))?;
    Ok(Stated { key, commitment })
}

/// The next session, which must be under this key; its hello is not answered.
async fn knocked_with(vendor: &mut Vendor, key: &PublicKey) -> Tried<Line> {
    let (line, _) = vendor.knocked(DIAL_MAX).await?;
    ensure(line.peer() == *key, || "it dialled with another key".into())?;
    Ok(line)
}

/// The person is under the new key from now on.
async fn moved(vendor: &mut Vendor, stated: &Stated) -> Tried {
    let (line, hello) = vendor.knocked(DIAL_MAX).await?;
    ensure(line.peer() == stated.key, || "it dialled with another key than it had stated".into())?;
    vendor.peer.their_key = stated.key;
    vendor.peer.theirs = stated.key.did();
    vendor.commitment = Some(stated.commitment);
    vendor.peer.answer(line, &hello).await
}

async fn rotated(subject: &mut Subject) -> Tried {
    let stated = stated(subject, true).await?;
    let vendor = subject.shared.as_mut().ok_or_else(|| Fault::Skipped("there is no vendor".into()))?;
    let sent = vendor.peer.queued;
    let code = vendor.peer.line()?.goodbye(sent, PATIENCE).await?;
    vendor.peer.hang_up();
    ensure_code(code, &[Code::ShuttingDown])?;
    moved(vendor, &stated).await
}

async fn lost(subject: &mut Subject) -> Tried {
    let stated = stated(subject, false).await?;
    let vendor = subject.shared.as_mut().ok_or_else(|| Fault::Skipped("there is no vendor".into()))?;
    // Stored, and the acknowledgement does not arrive.
    vendor.peer.stored = vendor.peer.taken;
    vendor.peer.hang_up();
    let old = vendor.peer.their_key;
    knocked_with(vendor, &old).await?.bye(Code::Rotated).await;
    moved(vendor, &stated).await
}

async fn refused(subject: &mut Subject) -> Tried {
    let stated = stated(subject, true).await?;
    let vendor = subject.shared.as_mut().ok_or_else(|| Fault::Skipped("there is no vendor".into()))?;
    let sent = vendor.peer.queued;
    vendor.peer.line()?.goodbye(sent, PATIENCE).await.map_err(Fault::on_the_way)?;
    vendor.peer.hang_up();
    knocked_with(vendor, &stated.key).await?.bye(Code::UnknownPeer).await;
    let old = vendor.peer.their_key;
    let (line, hello) = vendor.knocked(DIAL_MAX).await?;
    if line.peer() != old {
        return broken("it dialled again with the key that was refused");
    }
    vendor.peer.answer(line, &hello).await
}

impl Vendor {
    /// The commitment to the person's next key: of the last statement, or of the introduction.
    fn committed(&self) -> Tried<[u8; 32]> {
        if let Some(commitment) = self.commitment {
            return Ok(commitment);
        }
        let Some(message) = &self.introduction else { return broken("it has not introduced itself") };
        let said = Introduction::decode(&message.body);
        said.map(|said| said.next_key)
            .map_err(|code| Fault::Broken(format!("its introduction does not read: {code}")))
    }
}
