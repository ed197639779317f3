//! What the CRM has of the customers, and what it would get.

use std::sync::Arc;

use freehold_crm::{Connector, Preview};
use freehold_mailbox::record::list;
use freehold_store::{ReadError, WriteError};
use futures::StreamExt as _;

use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::sinks::crm;
use crate::tables;
use crate::view::{CrmView, MatchPlan, MatchView};

/// Previews at once: a CRM counts its calls, and a preview is not urgent.
const AT_ONCE: usize = 4;

/// Customers in one transaction.
const BATCH: usize = 256;

/// Why there is no match.
#[derive(Debug, thiserror::Error)]
pub enum MatchError {
    /// There is no CRM.
    #[error("no CRM is configured: add [crm] to hub.toml and start the hub again")]
    NoCrm,
    /// No such customer.
    #[error("there is no such customer: `freehold hub customers` lists them")]
    CustomerUnknown,
    /// The CRM did not answer.
    #[error("{0}")]
    Crm(String),
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

/// The customers that are meant: one, or all of whom something is held.
fn meant(shared: &Shared, customer: Option<&str>) -> Result<Vec<Relationship>, MatchError> {
    let store = |error: ReadError| MatchError::Store(error.to_string());
    match customer {
        Some(text) => {
            let known = shared.meant(text).map_err(store)?.ok_or(MatchError::CustomerUnknown)?;
            Ok(vec![known])
        }
        None => {
            let mut all: Vec<Relationship> = list(&shared.store, &tables::relationships()).map_err(store)?;
            all.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
            Ok(all)
        }
    }
}

/// What a match would do, customer by customer. Nothing is written.
pub(crate) async fn preview(
    shared: &Arc<Shared>,
    connector: Option<&Connector>,
    customer: Option<&str>,
) -> Result<Vec<MatchView>, MatchError> {
    let connector = connector.ok_or(MatchError::NoCrm)?;
    let all = meant(shared, customer)?;
    let previews = futures::stream::iter(all).map(|known| one(shared, connector, known)).buffered(AT_ONCE);
    let previews: Vec<Result<Option<MatchView>, MatchError>> = previews.collect().await;
    previews.into_iter().filter_map(Result::transpose).collect()
}

async fn one(
    shared: &Arc<Shared>,
    connector: &Connector,
    known: Relationship,
) -> Result<Option<MatchView>, MatchError> {
    let store = |error: ReadError| MatchError::Store(error.to_string());
    let held = crm::held(shared, &known).map_err(store)?;
    if held.is_empty() {
        return Ok(None);
    }
    let customer = crm::customer(shared, &known, &held).map_err(store)?;
    let preview = connector.preview(&customer, &held).await;
    let preview = preview.map_err(|error| MatchError::Crm(error.to_string()))?;
    Ok(Some(view(known, preview)))
}

fn view(known: Relationship, preview: Preview) -> MatchView {
    let mut view = MatchView {
        customer: known.customer,
        did: known.peer.to_string(),
        plan: MatchPlan::Create,
        records: Vec::new(),
        paths: Vec::new(),
        conflicts: Vec::new(),
        unmapped: Vec::new(),
        why: None,
    };
    match preview {
        Preview::Create { paths, unmapped } => (view.paths, view.unmapped) = (paths, unmapped),
        Preview::Update { record, differ, conflicts, unmapped } => {
            view.plan = MatchPlan::Link;
            view.records = vec![record];
            (view.paths, view.conflicts, view.unmapped) = (differ, conflicts, unmapped);
        }
        Preview::Linked { record, differ, conflicts, unmapped } => {
            view.plan = if differ.is_empty() { MatchPlan::Same } else { MatchPlan::Update };
            view.records = vec![record];
            (view.paths, view.conflicts, view.unmapped) = (differ, conflicts, unmapped);
        }
        Preview::NoRecord => view.plan = MatchPlan::NoRecord,
        Preview::Duplicates { records, sentence } => {
            view.plan = MatchPlan::Duplicate;
            (view.records, view.why) = (records, Some(sentence));
        }
    }
    view
}

/// Has the CRM brought to what is held; gives of how many customers. They are events like others: delivered in order, again
/// when the CRM is away, and given up like them.
pub(crate) async fn apply(
    shared: &Arc<Shared>,
    connector: Option<&Connector>,
    customer: Option<&str>,
) -> Result<usize, MatchError> {
    connector.ok_or(MatchError::NoCrm)?;
    let all = meant(shared, customer)?;
    let now = shared.now();
    let mut queued = 0;
    for some in all.chunks(BATCH) {
        let (some, writing) = (some.to_vec(), Arc::clone(shared));
        let written = shared.store.write(move |txn| {
            let mut last = None;
            let mut count = 0;
            for known in &some {
                if !crm::held(&writing, known)?.is_empty() {
                    last = Some(crm::queue(txn, known, now)?);
                    count += 1;
                }
            }
            Ok::<_, ReadError>((last, count))
        });
        let store = |error: WriteError<ReadError>| MatchError::Store(error.to_string());
        let (last, count) = written.await.map_err(store)?.into_inner();
        queued += count;
        if let Some(last) = last {
            shared.announce(last);
        }
    }
    Ok(queued)
}

/// Whether the CRM is reachable, takes the token, and has what the mapping names.
pub(crate) async fn check(connector: Option<&Connector>) -> Result<CrmView, MatchError> {
    let connector = connector.ok_or(MatchError::NoCrm)?;
    let health = connector.check().await.map_err(|error| MatchError::Crm(error.to_string()))?;
    Ok(CrmView { system: health.system, version: health.version, missing: health.missing })
}
