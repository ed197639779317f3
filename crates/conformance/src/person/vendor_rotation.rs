//! How a node follows a vendor that takes its next key.

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{VENDOR_ROTATION, VendorMoves};
use freehold_protocol::document::VendorRotation;
use freehold_protocol::id::RotationId;
use freehold_protocol::identity::SigningKey;
use freehold_protocol::limits::ADDRESSES_MAX;
use freehold_protocol::message::Message;

use super::{Subject, Vendor};
use crate::peer::{PATIENCE, now};
use crate::rule::{Fault, Rule, Tried, ensure, ensure_code, rule};
use crate::sample::{entropy, seed};

pub(super) fn rules() -> Vec<Rule<Subject>> {
    vec![
        rule!("identity", "19", "a vendor's rotation by somebody else: problem 201", by_another),
        rule!(
            "identity",
            "19",
            "a vendor's rotation to a key that was not committed to: problem 208",
            not_committed
        ),
        rule!("identity", "20", "a vendor's rotation: 304, and the new key at its new addresses", followed),
    ]
}

/// Says that the vendor moves from one key to another.
async fn say(vendor: &mut Vendor, [old, new]: [&SigningKey; 2], addresses: Vec<String>) -> Tried<Message> {
    let after = SigningKey::from_seed(&seed()).public();
    let statement = VendorRotation::state(RotationId::from_entropy(entropy()), [old, new], &after, now());
    let statement = statement.map_err(|code| Fault::Skipped(format!("it cannot be stated: {code}")))?;
    let said = VendorMoves { document: statement.bytes().to_vec(), addresses };
    vendor.peer.say(VENDOR_ROTATION, None, cbor::encode(&said)).await
}

/// Where nobody listens: a node that dials it has taken what it must refuse.
fn nowhere() -> Vec<String> {
    vec!["/ip4/127.0.0.1/tcp/1".to_owned()]
}

async fn by_another(subject: &mut Subject) -> Tried {
    let vendor = subject.met().await?;
    let (other, next) = (SigningKey::from_seed(&seed()), vendor.peer.next.clone());
    let said = say(vendor, [&other, &next], nowhere()).await?;
    ensure_code(vendor.peer.problem(&said).await?, &[Code::WrongSigner])
}

async fn not_committed(subject: &mut Subject) -> Tried {
    let vendor = subject.met().await?;
    let (present, other) = (vendor.peer.key.clone(), SigningKey::from_seed(&seed()));
    let said = say(vendor, [&present, &other], nowhere()).await?;
    ensure_code(vendor.peer.problem(&said).await?, &[Code::NotCommitted])
}

async fn followed(subject: &mut Subject) -> Tried {
    let next = subject.met().await?.peer.next.clone();
    let (endpoint, incoming, mut addresses) = subject.listen_under(&next).await?;
    addresses.truncate(ADDRESSES_MAX);
    let vendor = subject.met().await?;
    let present = vendor.peer.key.clone();
    let said = say(vendor, [&present, &next], addresses).await?;
    let code = vendor.peer.line()?.goodbye(said.seq, PATIENCE).await?;
    vendor.peer.hang_up();
    ensure_code(code, &[Code::ShuttingDown])?;
    (vendor.peer.own, vendor.peer.key) = (next.public().did(), next);
    (vendor.incoming, vendor._endpoint) = (incoming, endpoint);
    let hello = vendor.again().await?;
    ensure(hello.stored == said.seq, || "its hello does not acknowledge the rotation".into())
}
