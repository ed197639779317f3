//! Live reads: one request and one answer on a stream of their own, never queued. Spec: `specs/data.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::Code;
use crate::cose::{self, Kind};
use crate::disclosure::Disclosure;
use crate::id::MessageId;
use crate::identity::{Did, PublicKey, SigningKey};
use crate::limits::{PATHS_MAX, TEXT_BYTES_MAX};
use crate::path::Path;

/// What a hub asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadRequest {
    /// Its id; the answer repeats it.
    pub id: MessageId,
    /// Who it is for: the person's DID in this relationship.
    pub to: Did,
    /// Which fields.
    pub paths: BTreeSet<Path>,
    /// For what: a DPV purpose of the vocabulary, as an IRI.
    pub purpose: String,
}

/// What the node answers: values, or the code that forbids them.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct ReadAnswer {
    /// The request's id.
    pub id: MessageId,
    /// Who it is for: the vendor's DID.
    pub to: Did,
    /// The values; absent when denied.
    #[serde(default, deserialize_with = "crate::optional::present")]
    pub fields: Option<BTreeMap<Path, Option<String>>>,
    /// Why not.
    #[serde(default, deserialize_with = "crate::optional::present")]
    pub denied: Option<Code>,
}

impl fmt::Debug for ReadAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReadAnswer({:?}, denied {:?})", self.id, self.denied)
    }
}

impl ReadRequest {
    /// Signs the request under the hub's session key.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> Vec<u8> {
        cose::sign(Kind::ReadRequest, key, crate::cbor::encode(self))
    }

    /// Verifies and bounds a request from `peer` to `own`.
    ///
    /// # Errors
    /// A code for the first thing that is wrong.
    pub fn open(bytes: &[u8], peer: &PublicKey, own: &Did) -> Result<Self, Code> {
        let payload = cose::verify(Kind::ReadRequest, peer, bytes)?;
        let request: Self = crate::cbor::decode(&payload)?;
        if request.to != *own {
            return Err(Code::WrongAudience);
        }
        if request.paths.len() > PATHS_MAX || request.purpose.len() > TEXT_BYTES_MAX {
            return Err(Code::TooLarge);
        }
        Ok(request)
    }
}

/// Signs an answer: only a disclosure gives values.
#[must_use]
pub fn sign_answer(id: MessageId, to: &Did, result: Result<Disclosure, Code>, key: &SigningKey) -> Vec<u8> {
    #[derive(Serialize)]
    struct Answer<'a> {
        id: MessageId,
        to: &'a Did,
        #[serde(skip_serializing_if = "Option::is_none")]
        fields: Option<BTreeMap<Path, Option<String>>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        denied: Option<Code>,
    }
    let (fields, denied) = match result {
        Ok(disclosure) => (Some(disclosure.into_parts().1), None),
        Err(code) => (None, Some(code)),
    };
    cose::sign(Kind::ReadAnswer, key, crate::cbor::encode(&Answer { id, to, fields, denied }))
}

/// Verifies an answer from `peer` to `own` for a request.
///
/// # Errors
/// A code for the first thing that is wrong; [`Code::Malformed`] when it answers another request or other paths.
pub fn open_answer(
    bytes: &[u8],
    peer: &PublicKey,
    own: &Did,
    request: &ReadRequest,
) -> Result<ReadAnswer, Code> {
    let payload = cose::verify(Kind::ReadAnswer, peer, bytes)?;
    let answer: ReadAnswer = crate::cbor::decode(&payload)?;
    if answer.to != *own {
        return Err(Code::WrongAudience);
    }
    let complete = match (&answer.fields, answer.denied) {
        (Some(fields), None) => fields.keys().eq(request.paths.iter()),
        (None, Some(_)) => true,
        _ => false,
    };
    if answer.id == request.id && complete { Ok(answer) } else { Err(Code::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::{paths, person, vendor};

    fn request(names: &[&str]) -> ReadRequest {
        let to = person().public().did();
        ReadRequest { id: MessageId::from_entropy([1; 16]), to, paths: paths(names), purpose: "p".into() }
    }

    /// Signed as a node would that lies.
    fn answer(id: u8, names: &[&str]) -> Vec<u8> {
        #[derive(Serialize)]
        struct Answer {
            id: MessageId,
            to: Did,
            fields: BTreeMap<Path, Option<String>>,
        }
        let fields = paths(names).into_iter().map(|path| (path, None)).collect();
        let said = Answer { id: MessageId::from_entropy([id; 16]), to: vendor().public().did(), fields };
        cose::sign(Kind::ReadAnswer, &person(), crate::cbor::encode(&said))
    }

    #[test]
    fn an_answer_has_its_requests_id_and_exactly_its_paths() {
        let asked = request(&["phone.mobile", "email.personal"]);
        let (peer, own) = (person().public(), vendor().public().did());
        let opened = |bytes: &[u8]| open_answer(bytes, &peer, &own, &asked).map(|_| ());
        assert_eq!(opened(&answer(1, &["phone.mobile", "email.personal"])), Ok(()));
        for wrong in [
            answer(2, &["phone.mobile", "email.personal"]),
            answer(1, &["phone.mobile"]),
            answer(1, &["phone.mobile", "email.personal", "phone.home"]),
        ] {
            assert_eq!(opened(&wrong), Err(Code::Malformed));
        }
        let denied = sign_answer(asked.id, &own, Err(Code::Revoked), &person());
        assert_eq!(open_answer(&denied, &peer, &own, &asked).map(|a| a.denied), Ok(Some(Code::Revoked)));
        assert_eq!(open_answer(&denied, &vendor().public(), &own, &asked).err(), Some(Code::WrongSigner));
    }

    #[test]
    fn a_request_opens_only_for_its_audience_from_its_sender() {
        let asked = request(&["phone.mobile"]);
        let (hub, own) = (vendor(), person().public().did());
        let bytes = asked.sign(&hub);
        assert_eq!(ReadRequest::open(&bytes, &hub.public(), &own), Ok(asked));
        let other = hub.public().did();
        assert_eq!(ReadRequest::open(&bytes, &hub.public(), &other), Err(Code::WrongAudience));
        assert_eq!(ReadRequest::open(&bytes, &person().public(), &own), Err(Code::WrongSigner));
    }

    #[test]
    fn a_request_names_so_many_paths_and_so_long_a_purpose_at_most() {
        let (hub, own) = (vendor(), person().public().did());
        let opened = |paths: usize, purpose: usize| {
            let names: Vec<String> = (0..paths).map(|n| format!("x.field.n{n}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let asked = ReadRequest { purpose: "p".repeat(purpose), ..request(&names) };
            ReadRequest::open(&asked.sign(&hub), &hub.public(), &own).map(|_| ())
        };
        assert_eq!(opened(PATHS_MAX, TEXT_BYTES_MAX), Ok(()));
        assert_eq!(opened(PATHS_MAX + 1, 1), Err(Code::TooLarge));
        assert_eq!(opened(1, TEXT_BYTES_MAX + 1), Err(Code::TooLarge));
    }

    #[test]
    fn an_answer_is_shown_without_its_values() {
        let fields = BTreeMap::from([(Path::parse("phone.mobile").unwrap(), Some("a value".to_owned()))]);
        let id = MessageId::from_entropy([1; 16]);
        let answer = ReadAnswer { id, to: vendor().public().did(), fields: Some(fields), denied: None };
        assert_eq!(format!("{answer:?}"), format!("ReadAnswer({id:?}, denied None)"));
    }
}
