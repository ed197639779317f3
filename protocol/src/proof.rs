//! Data Integrity proofs of the suite `eddsa-jcs-2022` (W3C vc-di-eddsa section 3.3).
//!
//! The document's `@context` is copied into the proof and hashed with it, as W3C's own vector does. A
//! countersignature is a second proof over the same document (a proof set), so both sides keep identical bytes.
//! `ssi` does not carry this suite; this follows the W3C text and reproduces its vector.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::code::Code;
use crate::identity::{Did, PublicKey, SigningKey};
use crate::json::canonical;
use crate::time::Timestamp;

/// Most proofs on one document: the issuer's and a countersignature.
pub const PROOFS_MAX: usize = 2;

/// The members of a proof, less its value.
const MEMBERS: [&str; 6] =
    ["@context", "type", "cryptosuite", "created", "verificationMethod", "proofPurpose"];

/// Whether a text is a moment of a document: RFC 3339 in UTC, seconds 00. A finer one would help to match a person.
pub(crate) fn is_whole_minute(text: &str) -> bool {
    text.len() == 20 && text.ends_with(":00Z") && Timestamp::parse(text).is_ok()
}

/// The verification method a key signs under: `did#fragment`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// The DID whose document lists the key.
    pub did: Did,
    /// The whole DID URL.
    pub url: String,
}

impl Method {
    /// The method of a key under a DID: did:key repeats the key in the fragment; did:web lists keys under it too.
    #[must_use]
    pub fn new(did: &Did, key: &PublicKey) -> Self {
        Self { did: did.clone(), url: format!("{did}#{}", key.to_multibase()) }
    }

    /// Parses a DID URL whose fragment is the multibase key.
    #[must_use]
    pub fn parse(url: &str) -> Option<(Self, PublicKey)> {
        let (did, fragment) = url.split_once('#')?;
        let did = Did::parse(did).ok()?;
        let key = PublicKey::from_multibase(fragment).ok()?;
        if did.key().is_some_and(|own| own != key) {
            return None;
        }
        Some((Self { did, url: url.to_owned() }, key))
    }
}

/// One proof that verified: who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The DID and method named in the proof.
    pub method: Method,
    /// The key that verified. For a did:web the caller must still find it in the DID's document.
    pub key: PublicKey,
    /// When, as the proof says.
    pub created: String,
}

/// Adds a proof by `key` to a document; an existing proof becomes the first of a set.
///
/// # Panics
/// Never for a JSON object; the caller builds the document.
#[must_use]
pub fn sign(
    mut document: Map<String, Value>,
    key: &SigningKey,
    did: &Did,
    created: Timestamp,
) -> Map<String, Value> {
    let earlier = document.remove("proof");
    let mut proof = Map::new();
    if let Some(context) = document.get("@context") {
        proof.insert("@context".into(), context.clone());
    }
    proof.insert("type".into(), json!("DataIntegrityProof"));
    proof.insert("cryptosuite".into(), json!("eddsa-jcs-2022"));
    proof.insert("created".into(), json!(created.rfc3339()));
    proof.insert("verificationMethod".into(), json!(Method::new(did, &key.public()).url));
    proof.insert("proofPurpose".into(), json!("assertionMethod"));
    let signature = key.sign(&hash_data(&document, &proof));
    proof.insert("proofValue".into(), json!(multibase::encode(multibase::Base::Base58Btc, signature)));
    let proof = Value::Object(proof);
    let proofs = match earlier {
        None => proof,
        Some(Value::Array(mut set)) => {
            set.push(proof);
            Value::Array(set)
        }
        Some(one) => Value::Array(vec![one, proof]),
    };
    document.insert("proof".into(), proofs);
    document
}

/// Verifies every proof of a document, in order.
///
/// The caller checks that the signers are who they must be: a proof alone says nothing about the issuer.
///
/// # Errors
/// [`Code::Malformed`] without a well-formed proof, [`Code::WrongSigner`] for a method that names no key of the
/// form this protocol uses, [`Code::BadSignature`].
pub fn verify(document: &Map<String, Value>) -> Result<Vec<Signer>, Code> {
    let mut document = document.clone();
    let proofs = match document.remove("proof") {
        Some(Value::Array(set)) if (1..=PROOFS_MAX).contains(&set.len()) => set,
        Some(one @ Value::Object(_)) => vec![one],
        _ => return Err(Code::Malformed),
    };
    proofs.into_iter().map(|proof| verify_one(&document, proof)).collect()
}

/// Who signed a document that was verified before: the methods of its proofs, in order.
///
/// # Errors
/// [`Code::Malformed`] without a proof, [`Code::WrongSigner`] as [`verify`].
pub(crate) fn signers(document: &Map<String, Value>) -> Result<Vec<Signer>, Code> {
    let proofs = match document.get("proof") {
        Some(Value::Array(set)) => set.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => return Err(Code::Malformed),
    };
    let signer = |proof: &Value| {
        let url = proof.get("verificationMethod").and_then(Value::as_str).ok_or(Code::Malformed)?;
        let (method, key) = Method::parse(url).ok_or(Code::WrongSigner)?;
        let created = proof.get("created").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Signer { method, key, created })
    };
    proofs.iter().map(signer).collect()
}

fn verify_one(document: &Map<String, Value>, proof: Value) -> Result<Signer, Code> {
    let Value::Object(mut proof) = proof else { return Err(Code::Malformed) };
    let Some(Value::String(value)) = proof.remove("proofValue") else { return Err(Code::Malformed) };
    // "has exactly this form": a member that this suite does not know might change what the signature means.
    if proof.len() != MEMBERS.len() || !MEMBERS.iter().all(|name| proof.contains_key(*name)) {
        return Err(Code::Malformed);
    }
    let text = |name: &str| proof.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    if text("type") != "DataIntegrityProof" || text("cryptosuite") != "eddsa-jcs-2022" {
        return Err(Code::Malformed);
    }
    if text("proofPurpose") != "assertionMethod" || proof.get("@context") != document.get("@context") {
        return Err(Code::Malformed);
    }
    let (method, key) = Method::parse(&text("verificationMethod")).ok_or(Code::WrongSigner)?;
    let (base, signature) = multibase::decode(&value).map_err(|_| Code::Malformed)?;
    if base != multibase::Base::Base58Btc || value.len() > 100 {
        return Err(Code::Malformed);
    }
    key.verify(&hash_data(document, &proof), &signature).map_err(|_| Code::BadSignature)?;
    Ok(Signer { method, key, created: text("created") })
}

/// SHA-256 of the canonical proof options, then SHA-256 of the canonical document (section 3.3.4).
fn hash_data(document: &Map<String, Value>, options: &Map<String, Value>) -> [u8; 64] {
    let hash = |map: &Map<String, Value>| Sha256::digest(canonical(&Value::Object(map.clone())).as_bytes());
    let mut data = [0; 64];
    data[..32].copy_from_slice(&hash(options));
    data[32..].copy_from_slice(&hash(document));
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Map<String, Value> {
        let Value::Object(map) = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "a": 1}) else {
            unreachable!()
        };
        map
    }

    #[test]
    fn a_countersigned_document_verifies_for_both_and_not_when_changed() {
        let (one, two) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let at = Timestamp::from_millis(1_800_000_000_000);
        let signed = sign(document(), &one, &one.public().did(), at);
        let both = sign(signed.clone(), &two, &two.public().did(), at);
        let signers = verify(&both).unwrap();
        assert_eq!(signers.iter().map(|s| s.key).collect::<Vec<_>>(), [one.public(), two.public()]);
        assert_eq!(both["proof"][0], signed["proof"]);
        let mut changed = both.clone();
        changed.insert("a".into(), json!(2));
        assert_eq!(verify(&changed), Err(Code::BadSignature));
        let mut purpose = signed;
        purpose["proof"]["proofPurpose"] = json!("authentication");
        assert_eq!(verify(&purpose), Err(Code::Malformed));
    }

    #[test]
    fn a_moment_of_a_document_is_a_whole_minute_in_utc() {
        assert!(is_whole_minute("2027-01-15T08:00:00Z"));
        for other in [
            "2027-01-15T08:00:01Z",
            "2027-01-15T08:00:00.000:00Z",
            "2027-01-15T08:00:00+00:00",
            "02027-01-15T08:00:00Z",
            "2027-13-15T08:00:00Z",
            "not a moment but:00Z",
            "2027-01-15 08:00:00Z ",
        ] {
            assert!(!is_whole_minute(other), "{other}");
        }
    }

    /// A document with one proof, whose members are changed.
    fn verified(change: impl FnOnce(&mut Map<String, Value>)) -> Result<usize, Code> {
        let key = SigningKey::from_seed(&[1; 32]);
        let mut signed = sign(document(), &key, &key.public().did(), Timestamp::default());
        change(signed["proof"].as_object_mut().unwrap());
        verify(&signed).map(|signers| signers.len())
    }

    #[test]
    fn a_proof_has_exactly_its_members_with_their_values() {
        assert_eq!(verified(|_| {}), Ok(1));
        for member in MEMBERS {
            assert!(verified(|proof| drop(proof.remove(member))).is_err(), "without {member}");
        }
        assert_eq!(verified(|proof| drop(proof.insert("nonce".into(), json!("x")))), Err(Code::Malformed));
        let exchanged = |proof: &mut Map<String, Value>| {
            proof.remove("created");
            proof.insert("nonce".into(), json!("x"));
        };
        assert_eq!(verified(exchanged), Err(Code::Malformed));
        for (member, other) in [
            ("type", json!("Ed25519Signature2020")),
            ("cryptosuite", json!("eddsa-rdfc-2022")),
            ("proofPurpose", json!("authentication")),
            ("@context", json!(["https://example.org/other"])),
        ] {
            let change = |proof: &mut Map<String, Value>| drop(proof.insert(member.into(), other));
            assert_eq!(verified(change), Err(Code::Malformed), "another {member}");
        }
    }

    #[test]
    fn a_proofs_value_is_a_short_text_in_base58() {
        let with = |value: String| verified(|proof| drop(proof.insert("proofValue".into(), json!(value))));
        let hex = multibase::encode(multibase::Base::Base16Lower, [1; 64]);
        assert_eq!(with(hex), Err(Code::Malformed));
        assert_eq!(with("not multibase".into()), Err(Code::Malformed));
        // As long as it may be, and of no signature.
        assert_eq!(with(format!("z{}", "2".repeat(99))), Err(Code::BadSignature));
        assert_eq!(with(format!("z{}", "2".repeat(100))), Err(Code::Malformed));
    }

    #[test]
    fn a_document_has_one_proof_or_two() {
        let key = SigningKey::from_seed(&[1; 32]);
        let mut signed = document();
        assert_eq!(verify(&signed), Err(Code::Malformed));
        signed.insert("proof".into(), json!([]));
        assert_eq!(verify(&signed), Err(Code::Malformed));
        let mut signed = document();
        for proofs in 1..=3 {
            signed = sign(signed, &key, &key.public().did(), Timestamp::default());
            let found = verify(&signed).map(|signers| signers.len());
            assert_eq!(found, if proofs <= PROOFS_MAX { Ok(proofs) } else { Err(Code::Malformed) });
        }
    }
}
