//! Documents in plain words.

use std::collections::BTreeMap;

use freehold_mailbox::Mailbox;
use freehold_protocol::disclosure::GrantStatus;
use freehold_protocol::document::Mode;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;
use freehold_store::Store;
use freehold_vault::agreements::{RequestState, StoredGrant, StoredRequest, StoredRevocation};
use freehold_vault::{agreements, fields, relationships};

use crate::error::PersonError;
use crate::values::label;
use crate::view::{AskedFieldView, ErasureLineView, GrantView, RequestView, RevocationView};

pub(crate) fn mode(mode: Mode) -> String {
    match mode {
        Mode::Once => "once".into(),
        Mode::Continuous => "continuous".into(),
    }
}

pub(crate) fn purposes<'a>(iris: impl Iterator<Item = &'a String>) -> Vec<String> {
    let vocabulary = Vocabulary::standard();
    iris.map(|iri| vocabulary.purpose(iri).map_or_else(|| iri.clone(), |p| p.label.clone())).collect()
}

pub(crate) fn request(store: &Store, stored: &StoredRequest) -> Result<RequestView, PersonError> {
    let request = stored.read()?;
    let asked = request.subject();
    let granted = match &stored.state {
        RequestState::Granted(id) => agreements::grant(store, id)?.map(|stored| stored.read()).transpose()?,
        _ => None,
    };
    let given = |path: &Path| match &stored.state {
        RequestState::Open => None,
        _ => Some(granted.iter().flat_map(|grant| &grant.subject().scope).any(|item| item.path == *path)),
    };
    let mut shown = Vec::new();
    for field in &asked.fields {
        let current = fields::current(store, &field.path)?;
        shown.push(AskedFieldView {
            label: label(&field.path).unwrap_or_else(|| field.path.to_string()),
            path: field.path.to_string(),
            required: field.required,
            reason: field.reason.clone(),
            purposes: purposes(field.purposes.iter()),
            present: current.is_some_and(|version| version.value.is_some()),
            given: given(&field.path),
        });
    }
    let (state, grant) = match &stored.state {
        RequestState::Open => ("open", None),
        RequestState::Granted(grant) => ("granted", Some(grant.to_string())),
        RequestState::Declined => ("declined", None),
    };
    let basis = Vocabulary::standard().legal_basis(&asked.legal_basis);
    Ok(RequestView {
        id: request.id().to_string(),
        vendor: request.issuer().to_string(),
        vendor_name: asked.name.clone(),
        title: asked.title.clone(),
        fields: shown,
        legal_basis: basis.map_or_else(|| asked.legal_basis.clone(), |basis| basis.label.clone()),
        mode: mode(asked.mode),
        retention: asked.retention.duration.clone(),
        retention_after: asked.retention.after.clone(),
        recipients: asked.recipients.clone(),
        policy: asked.policy.clone(),
        received: stored.received.rfc3339(),
        state: state.to_owned(),
        grant,
    })
}

pub(crate) fn grant(store: &Store, stored: &StoredGrant, now: Timestamp) -> Result<GrantView, PersonError> {
    let grant = stored.read()?;
    let relationship = relationships::get(store, &stored.relationship)?;
    let said = grant.subject();
    let status = match stored.state.status {
        GrantStatus::Offered => "offered",
        GrantStatus::Standing if grant.valid_until().is_some_and(|until| now >= until) => "expired",
        GrantStatus::Standing => "standing",
        GrantStatus::Used => "used",
        GrantStatus::Revoked => "revoked",
        GrantStatus::Refused => "refused",
        GrantStatus::Held => "held",
    };
    let left = said.scope.iter().map(|item| &item.path).filter(|path| !stored.state.revoked.contains(path));
    let delivered = Mailbox::new(&stored.relationship).cursors(store)?.delivered;
    let revocations =
        stored.revocations.iter().map(|r| revocation(r, delivered, now)).collect::<Result<Vec<_>, _>>()?;
    let by_path: BTreeMap<String, Vec<String>> =
        said.scope.iter().map(|item| (item.path.to_string(), purposes(item.purposes.iter()))).collect();
    Ok(GrantView {
        id: grant.id().to_string(),
        vendor: said.id.to_string(),
        vendor_name: relationship.and_then(|r| r.vendor_name).unwrap_or_default(),
        status: status.to_owned(),
        paths: left.map(Path::to_string).collect(),
        revoked: stored.state.revoked.iter().map(Path::to_string).collect(),
        purposes: by_path,
        mode: mode(said.mode),
        until: grant.valid_until().map(Timestamp::rfc3339),
        given: stored.given.rfc3339(),
        countersigned: stored.standing_since.map(Timestamp::rfc3339),
        revocations,
    })
}

fn revocation(
    stored: &StoredRevocation,
    delivered: u64,
    now: Timestamp,
) -> Result<RevocationView, PersonError> {
    let document = stored.read()?;
    let erasure = stored.read_erasure()?;
    let erasure = erasure.map(|receipt| receipt.subject().results.iter().map(erasure_line).collect());
    let silent = stored.erasure.is_none().then(|| now.secs().saturating_sub(stored.at.secs()));
    Ok(RevocationView {
        id: document.id().to_string(),
        at: stored.at.rfc3339(),
        paths: document.subject().paths.iter().map(Path::to_string).collect(),
        delivered: stored.seq <= delivered,
        erasure,
        erased_at: stored.erasure.as_ref().map(|(_, at)| at.rfc3339()),
        silent_for_secs: silent,
    })
}

pub(crate) fn erasure_line(line: &freehold_protocol::document::ErasureLine) -> ErasureLineView {
    use freehold_protocol::document::ErasureResult;
    let result = match line.result {
        ErasureResult::Erased => "erased",
        ErasureResult::Restricted => "restricted",
        ErasureResult::Kept => "kept",
    };
    ErasureLineView {
        path: line.path.to_string(),
        result: result.to_owned(),
        exception: line.exception.clone(),
        until: line.until.clone(),
    }
}
