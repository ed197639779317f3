//! Live reads: authorised, audited, answered, in the task that owns the relationship.

use freehold_protocol::audit::{AuditEvent, AuditRecord};
use freehold_protocol::code::Code;
use freehold_protocol::disclosure::{Ask, Disclosure, GrantState, GrantStatus, authorize};
use freehold_protocol::id::RelationshipId;
use freehold_protocol::identity::Did;
use freehold_protocol::read::ReadRequest;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;
use freehold_store::Txn;
use freehold_store::planted::{self, Bug};
use freehold_vault::{agreements, audit, fields};

fn storage<E>(_: E) -> Code {
    Code::StorageFailed
}

/// How telling a denial is: the vendor hears the most specific one of its grants.
fn rank(code: Code) -> u8 {
    match code {
        Code::WrongPurpose => 5,
        Code::Revoked => 4,
        Code::Expired => 3,
        Code::Used => 2,
        Code::NotInScope => 1,
        _ => 0,
    }
}

/// Most paths of a denied read that are written down: what is not granted is the vendor's own text, and the log only
/// grows.
const DENIED_PATHS_MAX: usize = 32;

/// Decides a read and writes it down, either way. The inner result is the answer.
pub(crate) fn decide(
    txn: &mut Txn,
    relationship: &RelationshipId,
    vendor: &Did,
    request: &ReadRequest,
    now: Timestamp,
) -> Result<Result<Disclosure, Code>, Code> {
    let mut denied = Code::NoGrant;
    let mut found = None;
    for stored in agreements::grants_of(txn, relationship).map_err(storage)? {
        let grant = stored.read().map_err(storage)?;
        let state =
            if planted::is_on(Bug::ServedAfterRevoke) { forgetful(&stored.state) } else { stored.state };
        match authorize(&grant, &state, Ask::Read(&request.purpose), &request.paths, now) {
            Ok(permit) => {
                found = Some((grant.id().clone(), permit));
                break;
            }
            Err(code) if rank(code) >= rank(denied) => denied = code,
            Err(_) => {}
        }
    }
    // What is written down is bounded and of the vocabulary, whatever the vendor wrote.
    let purpose =
        Vocabulary::standard().purpose(&request.purpose).map_or("unknown", |p| p.iri.as_str()).to_owned();
    let record = |grant, paths, event| AuditRecord { at: now, vendor: vendor.clone(), grant, paths, event };
    match found {
        Some((grant, permit)) => {
            let disclosure = permit.fill(|path| {
                Ok::<_, Code>(fields::current(txn, path).map_err(storage)?.and_then(|version| version.value))
            })?;
            if !planted::is_on(Bug::ReadNotAudited) {
                audit::append(txn, record(Some(grant), request.paths.clone(), AuditEvent::Read { purpose }))
                    .map_err(storage)?;
            }
            Ok(Ok(disclosure))
        }
        None => {
            let paths = request.paths.iter().take(DENIED_PATHS_MAX).cloned().collect();
            audit::append(txn, record(None, paths, AuditEvent::Denied { purpose, code: denied }))
                .map_err(storage)?;
            Ok(Err(denied))
        }
    }
}

/// A planted fault's idea of a grant: nothing of it was ever revoked.
fn forgetful(state: &GrantState) -> GrantState {
    let status = if state.status == GrantStatus::Revoked { GrantStatus::Standing } else { state.status };
    GrantState { status, revoked: Default::default(), ..state.clone() }
}
