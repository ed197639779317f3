//! When a node releases, and what.

use std::collections::BTreeMap;

use freehold_protocol::document::Mode;
use freehold_protocol::path::Path;

use super::{DIAL_MAX, FIELDS, GRANT_MAX, Subject};
use crate::peer::{PATIENCE, QUIET};
use crate::rule::{Fault, Rule, Tried, ensure, rule};

pub(super) fn rules() -> Vec<Rule<Subject>> {
    vec![
        rule!("data", "7", "a change of a granted field is released, and nothing else with it", change),
        rule!(
            "data",
            "8",
            "the next update waits for the acknowledgement of the one under way",
            one_at_a_time
        ),
        rule!(
            "data",
            "9",
            "an update that was not acknowledged is composed again, with present values",
            again
        ),
        rule!("data", "12", "under a grant for once nothing leaves twice", once),
    ]
}

/// The update that a change must bring.
fn only(value: &str) -> BTreeMap<Path, Option<String>> {
    Path::parse(FIELDS[0]).map(|path| (path, Some(value.to_owned()))).into_iter().collect()
}

fn ensure_only(fields: &BTreeMap<Path, Option<String>>, value: &str) -> Tried {
    let paths: Vec<&str> = fields.keys().map(Path::as_str).collect();
    ensure(*fields == only(value), || {
        format!("it told {paths:?}, changed was {} to another value", FIELDS[0])
    })
}

async fn change(subject: &mut Subject) -> Tried {
    subject.can_change()?;
    subject.agreed().await?;
    let value = subject.change().await?;
    let (vendor, _) = subject.agreed().await?;
    let (_, fields) = vendor.update(PATIENCE).await?;
    ensure_only(&fields, &value)
}

async fn one_at_a_time(subject: &mut Subject) -> Tried {
    subject.can_change()?;
    subject.agreed().await?.0.peer.acknowledges = false;
    let tried = second_waits(subject).await;
    if let Some(vendor) = &mut subject.shared {
        vendor.peer.acknowledges = true;
    }
    tried
}

async fn second_waits(subject: &mut Subject) -> Tried {
    let first = subject.change().await?;
    let (_, fields) = subject.agreed().await?.0.update(PATIENCE).await?;
    ensure_only(&fields, &first)?;
    let second = subject.change().await?;
    let (vendor, _) = subject.agreed().await?;
    vendor.peer.listen(QUIET).await?;
    vendor.ensure_no_values()?;
    vendor.peer.acknowledge().await?;
    let (_, fields) = vendor.update(PATIENCE).await?;
    vendor.peer.acknowledge().await?;
    ensure_only(&fields, &second)
}

async fn again(subject: &mut Subject) -> Tried {
    subject.can_change()?;
    subject.agreed().await?.0.peer.acknowledges = false;
    let tried = composed_again(subject).await;
    if let Some(vendor) = &mut subject.shared {
        vendor.peer.acknowledges = true;
    }
    tried
}

async fn composed_again(subject: &mut Subject) -> Tried {
    let first = subject.change().await?;
    let (vendor, _) = subject.agreed().await?;
    let (before, fields) = vendor.update(PATIENCE).await?;
    ensure_only(&fields, &first).map_err(Fault::on_the_way)?;
    vendor.peer.hang_up();
    let (line, hello) = vendor.knocked(DIAL_MAX).await?;
    // The hello is not answered before the value has changed again.
    let second = subject.change().await?;
    let Some(vendor) = &mut subject.shared else { return Ok(()) };
    vendor.peer.answer(line, &hello).await?;
    let (after, fields) = vendor.update(PATIENCE).await?;
    vendor.peer.acknowledge().await?;
    ensure(after.seq == before.seq && after.id == before.id, || {
        format!("message {} came after {} instead of it", after.seq, before.seq)
    })?;
    ensure_only(&fields, &second)
}

async fn once(subject: &mut Subject) -> Tried {
    subject.can_change()?;
    let (mut vendor, line) = subject.invited().await.map_err(Fault::on_the_way)?;
    vendor.begin_asking(line, Mode::Once).await.map_err(Fault::on_the_way)?;
    vendor.granted(GRANT_MAX).await.map_err(Fault::on_the_way)?;
    vendor.peer.listen(QUIET).await?;
    vendor.ensure_no_values().map_err(Fault::on_the_way)?;
    vendor.countersign().await.map_err(Fault::on_the_way)?;
    let (_, fields) = vendor.update(PATIENCE).await?;
    ensure(fields.len() == FIELDS.len(), || "its snapshot has not all granted fields".into())?;
    vendor.peer.listen(QUIET).await?;
    subject.change().await?;
    vendor.peer.listen(QUIET).await?;
    vendor.ensure_no_values()?;
    if subject.shared.is_some() {
        // The other vendor's grant is continuous.
        subject.agreed().await?.0.update(PATIENCE).await.map_err(Fault::on_the_way)?;
    }
    Ok(())
}
