//! From a document's text to the keys and addresses in it.

use std::collections::BTreeSet;

use freehold_protocol::identity::{Did, KeyError, PublicKey};
use freehold_protocol::json;
use freehold_protocol::time::Timestamp;
use multibase::Base;
use serde_json::Value;
use ssi::dids::Document;
use ssi::dids::document::service::Endpoint;
use ssi::dids::document::verification_method::ValueOrReference;
use ssi::dids::document::{DIDVerificationMethod, Service};

use crate::error::{Malformed, Mismatch, ResolveError};

/// Largest document, in bytes: a hub with a hundred replicas needs a third of it.
pub const DOCUMENT_BYTES_MAX: usize = 64 * 1024;

/// The type of the service that lists a hub's addresses.
pub const SERVICE_TYPE: &str = "FreeholdHub";

/// Most keys in a document, and most entries of one relationship: one key per replica, and replicas are tens.
const KEYS_MAX: usize = 128;

/// Most services in a document; businesses list their other protocols there.
const SERVICES_MAX: usize = 64;

/// Most addresses of a hub: two transports and two address families for each of thirty-two replicas.
const ADDRESSES_MAX: usize = 128;

/// Longest address, in bytes: a host name of 253 with its transports.
const ADDRESS_BYTES_MAX: usize = 320;

/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// Longest multibase text that can be an Ed25519 key (48 characters); longer ones are other key types.
const MULTIBASE_CHARS_MAX: usize = 64;

/// The multicodec prefix of Ed25519 public keys.
const MULTICODEC_ED25519_PUB: [u8; 2] = [0xed, 0x01];

/// The scheme that makes a URI of a multiaddr, as DID Core 1.0 section 5.4 wants of a service endpoint.
pub(crate) const MULTIADDR_SCHEME: &str = "multiaddr:";

/// What a DID's document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedDid {
    /// The DID.
    pub did: Did,
    /// Keys that may sign documents in its name (`assertionMethod`); at least one.
    pub assertion_keys: Vec<VerificationKey>,
    /// Keys that its hub's replicas show in the transport's handshake (`authentication`).
    pub transport_keys: Vec<PublicKey>,
    /// Where its hub listens, as multiaddrs. The document's owner chose them; they were not checked further.
    pub addresses: Vec<String>,
    /// What its hub calls itself: free text that proves nothing.
    pub name: Option<String>,
    /// When the document was read.
    pub read: Timestamp,
}

/// A key with the id that proofs name as their `verificationMethod`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationKey {
    /// The DID URL, such as `did:web:example.com#key-1`.
    pub id: String,
    /// The key.
    pub key: PublicKey,
}

impl ResolvedDid {
    /// Reads the document of a DID as its host gave it (`specs/identity.md`, rule 7). `now` decides which keys have
    /// expired.
    ///
    /// # Errors
    /// [`ResolveError::Mismatch`], [`ResolveError::Malformed`] or [`ResolveError::NoKeys`].
    pub fn read(did: &Did, document: &[u8], now: Timestamp) -> Result<Self, ResolveError> {
        read(did, document, now).map_err(|error| error.of(did))
    }

    /// When the document was fetched from its host; `None` of a DID that is the key itself.
    #[must_use]
    pub fn fetched(&self) -> Option<Timestamp> {
        self.did.web_id().map(|_| self.read)
    }

    /// Whether this key may sign documents in the DID's name.
    #[must_use]
    pub fn may_assert(&self, key: &PublicKey) -> bool {
        self.assertion_keys.iter().any(|entry| entry.key == *key)
    }
}

/// Why a document was put aside, before the DID is named.
enum ReadError {
    Mismatch(Mismatch),
    Malformed(Malformed),
    NoKeys,
}

impl ReadError {
    fn of(self, did: &Did) -> ResolveError {
        let did = did.clone();
        match self {
            Self::Mismatch(what) => ResolveError::Mismatch { did, what },
            Self::Malformed(what) => ResolveError::Malformed { did, what },
            Self::NoKeys => ResolveError::NoKeys { did },
        }
    }
}

impl From<Mismatch> for ReadError {
    fn from(what: Mismatch) -> Self {
        Self::Mismatch(what)
    }
}

impl From<Malformed> for ReadError {
    fn from(what: Malformed) -> Self {
        Self::Malformed(what)
    }
}

/// Reads a document that claims to be the DID's.
fn read(did: &Did, bytes: &[u8], now: Timestamp) -> Result<ResolvedDid, ReadError> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(Malformed::TooLarge.into());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Malformed::Shape)?;
    // ssi keeps the last of two equal keys; the strict scan refuses them first.
    json::parse(text).map_err(Malformed::Json)?;
    let document = Document::from_json(text).map_err(|_| Malformed::Shape)?.into_document();
    if document.id.as_str() != did.as_str() {
        return Err(Mismatch::Id.into());
    }
    check_methods(did, &document)?;
    let relations = &document.verification_relationships;
    let assertion_keys = keys(did, &document, "assertionMethod", &relations.assertion_method, now)?;
    let transport = keys(did, &document, "authentication", &relations.authentication, now)?;
    if assertion_keys.is_empty() {
        return Err(ReadError::NoKeys);
    }
    let mut transport_keys = Vec::new();
    for VerificationKey { key, .. } in transport {
        if !transport_keys.contains(&key) {
            transport_keys.push(key);
        }
    }
    let (addresses, name) = hub(&document.service)?;
    Ok(ResolvedDid { did: did.clone(), assertion_keys, transport_keys, addresses, name, read: now })
}

fn limit(property: &'static str, got: usize, max: usize) -> Result<(), Malformed> {
    if got > max { Err(Malformed::TooMany { property, max }) } else { Ok(()) }
}

/// Every listed key belongs to this DID, has an id of its own, and no secret beside it.
fn check_methods(did: &Did, document: &Document) -> Result<(), ReadError> {
    limit("verificationMethod", document.verification_method.len(), KEYS_MAX)?;
    let mut ids = BTreeSet::new();
    for method in &document.verification_method {
        check_method(did, method)?;
        if !ids.insert(method.id.as_str()) {
            return Err(Malformed::Ambiguous.into());
        }
    }
    Ok(())
}

fn check_method(did: &Did, method: &DIDVerificationMethod) -> Result<(), ReadError> {
    if method.controller.as_str() != did.as_str() {
        return Err(Mismatch::Controller.into());
    }
    if method.id.as_str().strip_prefix(did.as_str()).is_none_or(|rest| !rest.starts_with('#')) {
        return Err(Mismatch::KeyId.into());
    }
    let has = |name: &str| method.properties.contains_key(name);
    let secret_in_jwk = method.properties.get("publicKeyJwk").is_some_and(|jwk| jwk.get("d").is_some());
    if has("secretKeyMultibase") || has("secretKeyJwk") || has("privateKeyJwk") || secret_in_jwk {
        return Err(Malformed::SecretKey.into());
    }
    Ok(())
}

/// The usable Ed25519 keys of one relationship, in the document's order.
fn keys(
    did: &Did,
    document: &Document,
    property: &'static str,
    relation: &[ValueOrReference],
    now: Timestamp,
) -> Result<Vec<VerificationKey>, ReadError> {
    limit(property, relation.len(), KEYS_MAX)?;
    let mut found: Vec<VerificationKey> = Vec::new();
    for entry in relation {
        let method = match entry {
            ValueOrReference::Value(method) => {
                check_method(did, method)?;
                if document.verification_method.iter().any(|other| other.id == method.id && other != method) {
                    return Err(Malformed::Ambiguous.into());
                }
                method
            }
            ValueOrReference::Reference(reference) => {
                let id = reference.resolve(&document.id);
                let listed = document.verification_method.iter().find(|m| m.id.as_str() == id.as_str());
                listed.ok_or(Malformed::Reference)?
            }
        };
        let Some(key) = key_of(method, now)? else { continue };
        let id = method.id.as_str();
        match found.iter().find(|other| other.id == id) {
            Some(other) if other.key != key => return Err(Malformed::Ambiguous.into()),
            Some(_) => {}
            None => found.push(VerificationKey { id: id.to_owned(), key }),
        }
    }
    Ok(found)
}

/// The Ed25519 key of a method; `None` for other key types and for keys that are revoked or expired.
fn key_of(method: &DIDVerificationMethod, now: Timestamp) -> Result<Option<PublicKey>, Malformed> {
    let multibase = method.properties.get("publicKeyMultibase");
    let jwk = method.properties.get("publicKeyJwk");
    let key = match method.type_.as_str() {
        // Controlled Identifiers 1.0 section 2.2.2; the older suite writes the same text.
        "Multikey" | "Ed25519VerificationKey2020" => {
            if jwk.is_some() {
                return Err(Malformed::Ambiguous);
            }
            let text = multibase.and_then(Value::as_str).ok_or(Malformed::Key(KeyError::Encoding))?;
            multikey(text)?
        }
        // Controlled Identifiers 1.0 section 2.2.3; RFC 8037 for the key.
        "JsonWebKey" | "JsonWebKey2020" => {
            if multibase.is_some() {
                return Err(Malformed::Ambiguous);
            }
            json_web_key(jwk.ok_or(Malformed::Key(KeyError::Encoding))?)?
        }
        _ => None,
    };
    Ok(key.filter(|_| is_current(method, now)))
}

/// "revoked" and "expires" of Controlled Identifiers 1.0 section 2.2. A time that cannot be read ends the key:
/// its owner did mean to limit it.
fn is_current(method: &DIDVerificationMethod, now: Timestamp) -> bool {
    let is_ahead =
        |value: &Value| value.as_str().and_then(|text| Timestamp::parse(text).ok()).is_some_and(|t| now < t);
    ["revoked", "expires"].iter().all(|name| method.properties.get(*name).is_none_or(is_ahead))
}

fn multikey(text: &str) -> Result<Option<PublicKey>, Malformed> {
    if text.len() > MULTIBASE_CHARS_MAX {
        return Ok(None);
    }
    let (_, bytes) = multibase::decode(text).map_err(|_| Malformed::Key(KeyError::Encoding))?;
    if !bytes.starts_with(&MULTICODEC_ED25519_PUB) {
        return Ok(None);
    }
    PublicKey::from_multibase(text).map(Some).map_err(Malformed::Key)
}

/// An OKP key of RFC 8037. Read by hand, since ssi's JWK takes more than one spelling of the same key.
fn json_web_key(jwk: &Value) -> Result<Option<PublicKey>, Malformed> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    if text("kty") != Some("OKP") || text("crv") != Some("Ed25519") {
        return Ok(None);
    }
    let x = text("x").filter(|x| x.len() <= MULTIBASE_CHARS_MAX).ok_or(Malformed::Key(KeyError::Encoding))?;
    // The decoder refuses padding and spare bits that are not zero: one key, one spelling.
    let bytes = Base::Base64Url.decode(x).map_err(|_| Malformed::Key(KeyError::Encoding))?;
    let raw: [u8; 32] = bytes.try_into().map_err(|_| Malformed::Key(KeyError::Encoding))?;
    PublicKey::from_bytes(&raw).map(Some).map_err(Malformed::Key)
}

/// Addresses and name of the hub, from all services of its type.
fn hub(services: &[Service]) -> Result<(Vec<String>, Option<String>), Malformed> {
    limit("service", services.len(), SERVICES_MAX)?;
    let mut addresses = Vec::new();
    let mut name = None;
    for service in services.iter().filter(|service| service.type_.any(|t| t == SERVICE_TYPE)) {
        for endpoint in service.service_endpoint.iter().flatten() {
            let text = match endpoint {
                Endpoint::Uri(uri) => uri.as_str(),
                // A multiaddr without a scheme is no URI, and ssi hands it over like this.
                Endpoint::Map(Value::String(text)) => text.as_str(),
                Endpoint::Map(_) => return Err(Malformed::Service),
            };
            let address = text.strip_prefix(MULTIADDR_SCHEME).unwrap_or(text);
            let is_plain = address.bytes().all(|b| b.is_ascii_graphic());
            if !address.starts_with('/') || address.len() > ADDRESS_BYTES_MAX || !is_plain {
                return Err(Malformed::Service);
            }
            if !addresses.iter().any(|known| known == address) {
                addresses.push(address.to_owned());
            }
            limit("serviceEndpoint", addresses.len(), ADDRESSES_MAX)?;
        }
        if let Some(text) = service.property_set.get("name") {
            let text = text.as_str().ok_or(Malformed::Service)?;
            if text.is_empty() || text.len() > NAME_BYTES_MAX || text.chars().any(char::is_control) {
                return Err(Malformed::Service);
            }
            name.get_or_insert_with(|| text.to_owned());
        }
    }
    Ok((addresses, name))
}
