//! The document that a vendor publishes.

use std::collections::BTreeMap;

use freehold_protocol::identity::{Did, PublicKey};
use serde_json::{Value, json};
use ssi::dids::document::DIDVerificationMethod;
use ssi::dids::{DIDBuf, DIDURLBuf, Document};

use crate::read::{MULTIADDR_SCHEME, SERVICE_TYPE};

/// The contexts of DID Core 1.0 and of Multikey, which the document's terms come from.
const CONTEXTS: [&str; 2] = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"];

/// The document of a vendor: `vendor_key` signs in its name, `replica_keys` are shown by its hub's replicas, and
/// `addresses` are the multiaddrs where they listen.
///
/// For a did:web this is the `did.json` to publish. Without replica keys the vendor's own key stands for the hub's
/// one process. A did:key's document follows from its key alone (the did:key method has nowhere to put more), so
/// the other arguments do not count there.
#[must_use]
pub fn document(
    did: &Did,
    vendor_key: &PublicKey,
    replica_keys: &[PublicKey],
    addresses: &[String],
) -> Value {
    let id = DIDBuf::from_string(did.as_str().to_owned())
        .expect("a did:key or did:web is a DID by DID Core's grammar");
    let mut published = Document::new(id);
    published.property_set.insert("@context".to_owned(), json!(CONTEXTS));
    if let Some(key) = did.key() {
        let url = add_key(&mut published, &key);
        published.verification_relationships.assertion_method.push(url.clone().into());
        published.verification_relationships.authentication.push(url.into());
    } else {
        let vendor = add_key(&mut published, vendor_key);
        published.verification_relationships.assertion_method.push(vendor.into());
        let own = std::slice::from_ref(vendor_key);
        for key in if replica_keys.is_empty() { own } else { replica_keys } {
            let url = add_key(&mut published, key);
            published.verification_relationships.authentication.push(url.into());
        }
        add_service(&mut published, addresses);
    }
    serde_json::to_value(&published).expect("a DID document is plain JSON")
}

/// Lists a key once, under its own multibase text: an id that a replaced key never inherits.
fn add_key(document: &mut Document, key: &PublicKey) -> DIDURLBuf {
    let text = key.to_multibase();
    let url =
        DIDURLBuf::from_string(format!("{}#{text}", document.id)).expect("base58 is a fragment by RFC 3986");
    if !document.verification_method.iter().any(|method| method.id == url) {
        let properties = BTreeMap::from([("publicKeyMultibase".to_owned(), Value::String(text))]);
        let (type_, controller) = ("Multikey".to_owned(), document.id.clone());
        document.verification_method.push(DIDVerificationMethod::new(
            url.clone(),
            type_,
            controller,
            properties,
        ));
    }
    url
}

fn add_service(document: &mut Document, addresses: &[String]) {
    let uris: Vec<String> = addresses.iter().map(|address| format!("{MULTIADDR_SCHEME}{address}")).collect();
    let endpoint = match uris.as_slice() {
        [] => return,
        [one] => json!(one),
        more => json!(more),
    };
    let service = json!({
        "id": format!("{}#hub", document.id),
        "type": SERVICE_TYPE,
        "serviceEndpoint": endpoint,
    });
    document
        .service
        .push(serde_json::from_value(service).expect("the three properties of a service are there"));
}
