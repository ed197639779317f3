//! Live reads: one question to a connected person's node, and its answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use freehold_mailbox::entropy;
use freehold_protocol::code::Code;
use freehold_protocol::id::MessageId;
use freehold_protocol::limits::{PATHS_MAX, READ_TIMEOUT};
use freehold_protocol::path::{Path, PathError};
use freehold_protocol::read::{ReadRequest, open_answer};
use freehold_store::WriteError;
use freehold_transport::Connection;
use serde_json::json;

use crate::ask::purpose_iri;
use crate::keys::Identity;
use crate::log::{self, New};
use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::view::ReadView;

/// Why a live read gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No such customer, or more than one whose id begins so.
    #[error(
        "there is no such customer, or more than one whose id begins so: `freehold hub customers` lists them; write more of the id"
    )]
    CustomerUnknown,
    /// A path is malformed.
    #[error("{0}")]
    Path(#[from] PathError),
    /// No path, or too many.
    #[error("name between 1 and {PATHS_MAX} paths")]
    Paths,
    /// The purpose is not in the vocabulary.
    #[error("purpose {0:?} is not in the vocabulary's list, such as serviceProvision")]
    Purpose(String),
    /// The person's node is offline.
    #[error("the person's node is not connected now: try again later, or use the values held")]
    NotConnected,
    /// Another replica has their session; nothing was asked.
    #[error("the person's node is connected to replica {0}: ask there")]
    Elsewhere(u32),
    /// No answer in time.
    #[error("the person's node did not answer in time: try again")]
    Timeout,
    /// The node said no.
    #[error("the person's node denied the read: {0}")]
    Denied(Code),
    /// The node's answer does not verify.
    #[error("the person's node sent an answer that cannot be used ({0})")]
    Answer(Code),
    /// The read could not be written down, so its values are not given out.
    #[error("{0}")]
    Store(String),
}

impl ReadError {
    /// The protocol's code for it, where it has one.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::NotConnected | Self::Elsewhere(_) => Some(Code::NotConnected),
            Self::Timeout => Some(Code::Timeout),
            Self::Denied(code) | Self::Answer(code) => Some(*code),
            Self::Store(_) => Some(Code::StorageFailed),
            _ => None,
        }
    }
}

/// Reads fields now, and writes down that it was done and what came of it.
pub(crate) async fn read(
    shared: &Arc<Shared>,
    known: Relationship,
    paths: &[String],
    purpose: &str,
) -> Result<ReadView, ReadError> {
    let purpose = purpose_iri(purpose).ok_or_else(|| ReadError::Purpose(purpose.to_owned()))?;
    let paths: BTreeSet<Path> = paths.iter().map(|path| Path::parse(path)).collect::<Result<_, _>>()?;
    if paths.is_empty() || paths.len() > PATHS_MAX {
        return Err(ReadError::Paths);
    }
    if !shared.sessions.is_open(&known.id) {
        let elsewhere = shared.whereabouts(&known.id).map_err(|error| ReadError::Store(error.to_string()))?;
        if let Some(number) = elsewhere {
            return Err(ReadError::Elsewhere(number));
        }
    }
    let id = MessageId::from_entropy(entropy());
    let request =
        ReadRequest { id, to: known.peer.clone(), paths: paths.clone(), purpose: purpose.to_owned() };
    let asked = match shared.sessions.speaking(&known.id) {
        None => Err(ReadError::NotConnected),
        Some((connection, identity)) => {
            let asking = tokio::time::timeout(READ_TIMEOUT, ask(&identity, &connection, &request));
            asking.await.unwrap_or(Err(ReadError::Timeout))
        }
    };
    let result = match &asked {
        Ok(_) => "answered",
        Err(error) => error.code().map_or("failed", Code::slug),
    };
    let names: Vec<&str> = paths.iter().map(Path::as_str).collect();
    let data = json!({"paths": names, "purpose": purpose, "result": result});
    let now = shared.now();
    let written = shared.store.write(move |txn| {
        let new = New {
            kind: log::READ,
            suffix: format!("read-{id}"),
            relationship: &known,
            grant: None,
            paths,
            owed: None,
            cause: None,
            data,
        };
        log::append(txn, new, now).map(|record| record.n)
    });
    let n = written.await.map_err(|error: WriteError<_>| ReadError::Store(error.to_string()))?;
    shared.stored(*n, log::READ);
    asked.map(|fields| ReadView { fields })
}

async fn ask(
    identity: &Identity,
    connection: &Connection,
    request: &ReadRequest,
) -> Result<BTreeMap<String, Option<String>>, ReadError> {
    let frames = connection.open_read().await.map_err(|_| ReadError::NotConnected)?;
    let (sender, mut receiver) = frames.split();
    let signed = request.sign(&identity.transport);
    sender.send(signed).await.map_err(|_| ReadError::NotConnected)?;
    let answer = receiver.recv().await.and_then(Result::ok).ok_or(ReadError::NotConnected)?;
    let answer = open_answer(&answer, &connection.peer(), &identity.did, request);
    let answer = answer.map_err(ReadError::Answer)?;
    match answer.denied {
        Some(code) => Err(ReadError::Denied(code)),
        None => {
            let fields = answer.fields.unwrap_or_default();
            Ok(fields.into_iter().map(|(path, value)| (path.to_string(), value)).collect())
        }
    }
}
