//! The protocol's codecs and signatures against vectors that others published, and its credentials against
//! verifiers that others wrote. Without the vectors each test says that it was skipped.

#[path = "foreign_vectors/item.rs"]
mod item;

use freehold_protocol::identity::{KeyError, PublicKey, SigningKey};
use freehold_protocol::time::Timestamp;
use freehold_protocol::{cbor, cose, json, proof};
use freehold_tests::vectors::{Vectors, unhex};
use freehold_tests::verifiers;
use item::Item;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

fn key(hex: &str) -> Result<PublicKey, KeyError> {
    PublicKey::from_bytes(&unhex(hex).try_into().expect("a key has 32 bytes"))
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("not an object: {value}") };
    map
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}

/// Strict verification accepts case 3 alone: key and `R` of mixed order, the equation satisfied without the
/// cofactor, everything canonical. Keys are vetted as well, which refuses four cases before any signature is looked at.
#[test]
fn of_the_ed25519_edge_cases_only_the_one_that_every_verifier_accepts_passes() {
    enum Expected {
        SmallOrderKey,
        BadSignature,
        Valid,
    }
    use Expected::{BadSignature, SmallOrderKey, Valid};
    let table = [
        (SmallOrderKey, "key and R of small order, S = 0: valid for every message"),
        (SmallOrderKey, "key of small order: R was chosen for the message, no secret was needed"),
        (BadSignature, "R of small order"),
        (Valid, "key and R of mixed order, holds with and without the cofactor"),
        (BadSignature, "holds with the cofactor alone"),
        (BadSignature, "holds with the cofactor alone, unless the hash is multiplied first"),
        (BadSignature, "S above the group's order: a second signature for the same message"),
        (BadSignature, "S far above the group's order"),
        (BadSignature, "R not canonical, of small order, reduced before hashing"),
        (BadSignature, "R not canonical, of small order, hashed as it came"),
        (SmallOrderKey, "key of order 2 with the sign bit of its zero set, reduced before hashing"),
        (SmallOrderKey, "key of order 2 with the sign bit of its zero set, hashed as it came"),
    ];
    let Some(vectors) = Vectors::find("ed25519-speccheck") else { return };
    let cases = vectors.json("cases.json");
    let cases = cases.as_array().expect("a list of cases");
    assert_eq!(cases.len(), table.len());
    for (number, (case, (expected, why))) in cases.iter().zip(table).enumerate() {
        let verdict = key(text(&case["pub_key"]))
            .map(|key| key.verify(&unhex(text(&case["message"])), &unhex(text(&case["signature"]))).is_ok());
        let wanted = match expected {
            SmallOrderKey => Err(KeyError::SmallOrder),
            BadSignature => Ok(false),
            Valid => Ok(true),
        };
        assert_eq!(verdict, wanted, "case {number}: {why}");
    }
}

/// RFC 8785's own files. Two of them hold fractions, which no document of this protocol may hold: they are refused
/// when parsed, though the canonicalizer below writes them as the RFC does.
#[test]
fn json_is_canonicalized_as_rfc_8785_does_and_fractions_are_refused() {
    let Some(vectors) = Vectors::find("jcs-rfc8785") else { return };
    for name in vectors.names("input") {
        let input = vectors.text(&format!("input/{name}"));
        let expected = unhex(&vectors.text(&format!("outhex/{}", name.replace(".json", ".txt"))));
        let parsed = json::parse(&input);
        if ["structures.json", "values.json"].contains(&name.as_str()) {
            assert!(matches!(parsed, Err(json::JsonError::Number { .. })), "{name}: {parsed:?}");
        } else {
            let value = parsed.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(json::canonical(&value).as_bytes(), expected, "{name}");
            assert_eq!(json::parse_canonical(&expected), Ok(value), "{name}");
            let spaced = [expected.as_slice(), b" "].concat();
            assert_eq!(json::parse_canonical(&spaced), Err(json::JsonError::NotCanonical), "{name}");
        }
    }
}

/// RFC 8949 appendix A. DAG-CBOR takes what is in its strict subset and gives back the same bytes; the rest is
/// refused, each for one of the reasons below.
#[test]
fn cbor_takes_the_strict_subset_of_rfc_8949_and_refuses_the_rest() {
    let Some(vectors) = Vectors::find("cbor-rfc8949") else { return };
    let (mut taken, mut refused) = (0, 0);
    for case in vectors.json("appendix_a.json").as_array().expect("a list of cases") {
        let hex = text(&case["hex"]);
        let bytes = unhex(hex);
        let decoded = cbor::decode::<Item>(&bytes);
        if let Some(why) = outside_dag_cbor(hex, case["roundtrip"] == json!(true)) {
            assert!(decoded.is_err(), "{hex} was taken, although {why}: {decoded:?}");
            refused += 1;
        } else {
            let item = decoded.unwrap_or_else(|error| panic!("{hex}: {error}"));
            assert_eq!(cbor::encode(&item), bytes, "{hex} changed");
            if let Some(expected) = case.get("decoded") {
                assert!(item.is(expected), "{hex} is {item:?}, not {expected}");
            }
            taken += 1;
        }
    }
    assert_eq!((taken, refused), (39, 43), "of 82 cases");
}

fn outside_dag_cbor(hex: &str, shortest: bool) -> Option<&'static str> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| hex.starts_with(prefix));
    if !shortest {
        Some("its lengths are indefinite, or it is a float that is no number")
    } else if starts(&["f9", "fa"]) {
        Some("floats have 64 bits")
    } else if starts(&["f7", "f0", "f8"]) {
        Some("true, false and null are the only simple values")
    } else if starts(&["c", "d"]) {
        Some("42 is the only tag")
    } else if starts(&["a201020304"]) {
        Some("keys are texts")
    } else {
        None
    }
}

/// The `Sig_structure` of RFC 9052 section 4.4 for COSE_Sign1, written out by hand.
fn sig_structure(protected: &[u8], external: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x84, 0x6a];
    bytes.extend_from_slice(b"Signature1");
    for part in [protected, external, payload] {
        bytes.extend(head(0x40, part.len()));
        bytes.extend_from_slice(part);
    }
    bytes
}

fn head(major: u8, length: usize) -> Vec<u8> {
    match u8::try_from(length).expect("short parts") {
        small @ 0..24 => vec![major | small],
        more => vec![major | 24, more],
    }
}

/// Takes a byte string off the front.
fn byte_string<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    let (length, start) = match bytes[0] {
        0x58 => (usize::from(bytes[1]), 2),
        short => (usize::from(short - 0x40), 1),
    };
    let part = &bytes[start..start + length];
    *bytes = &bytes[start + length..];
    part
}

#[test]
fn what_cose_signs_is_the_structure_of_rfc_9052() {
    let Some(vectors) = Vectors::find("cose-examples") else { return };
    let case = vectors.json("eddsa-examples/eddsa-sig-01.json");
    let output = unhex(text(&case["output"]["cbor"]));
    let to_be_signed = unhex(text(&case["intermediates"]["ToBeSign_hex"]));
    let payload = text(&case["input"]["plaintext"]).as_bytes();
    assert_eq!(sig_structure(&unhex("A201270300"), b"", payload), to_be_signed);
    let signer = &case["input"]["sign0"]["key"];
    let foreign = key(text(&signer["x_hex"])).unwrap();
    assert_eq!(foreign.verify(&to_be_signed, &output[output.len() - 64..]), Ok(()));

    // The same key, in this protocol's form: signing the hand-made structure gives the signature inside.
    let own = SigningKey::from_seed(&unhex(text(&signer["d_hex"])).try_into().unwrap());
    assert_eq!(own.public(), foreign);
    let kind = cose::Kind::Message;
    let signed = cose::sign(kind, &own, payload.to_vec());
    let mut rest = signed.strip_prefix(&[0x84]).expect("an array of four, untagged");
    let protected = byte_string(&mut rest);
    rest = rest.strip_prefix(&[0xa0]).expect("an empty unprotected header");
    assert_eq!(byte_string(&mut rest), payload);
    let structure = sig_structure(protected, kind.media_type().as_bytes(), payload);
    assert_eq!(byte_string(&mut rest), own.sign(&structure));
    assert!(rest.is_empty());
}

/// The working group's examples, good and bad: other algorithms, headers, tags, no type. The protocol builds the one
/// header it takes, so each is refused under the very key that signed it.
#[test]
fn every_foreign_cose_message_is_refused_whatever_header_it_chose() {
    let Some(vectors) = Vectors::find("cose-examples") else { return };
    let signer = vectors.json("eddsa-examples/eddsa-sig-01.json");
    let signer = key(text(&signer["input"]["sign0"]["key"]["x_hex"])).unwrap();
    for folder in ["eddsa-examples", "sign1-tests"] {
        for name in vectors.names(folder) {
            let case = vectors.json(&format!("{folder}/{name}"));
            let bytes = unhex(text(&case["output"]["cbor"]));
            let untagged = bytes.strip_prefix(&[0xd2]).unwrap_or(&bytes);
            for kind in [
                cose::Kind::Message,
                cose::Kind::ReadRequest,
                cose::Kind::ReadAnswer,
                cose::Kind::FieldVersion,
            ] {
                for form in [bytes.as_slice(), untagged] {
                    assert!(cose::verify(kind, &signer, form).is_err(), "{name} as {kind:?}");
                }
            }
        }
    }
}

#[test]
fn the_w3c_credential_is_reproduced_with_every_value_on_the_way() {
    let Some(vectors) = Vectors::find("w3c-eddsa-jcs-2022") else { return };
    let unsigned = json::parse(&vectors.text("unsigned.json")).unwrap();
    let options = json::parse(&vectors.text("proofConfigJCS.json")).unwrap();
    let hash = |value: &Value| Sha256::digest(json::canonical(value)).to_vec();
    assert_eq!(json::canonical(&unsigned), vectors.text("canonDocJCS.txt"));
    assert_eq!(json::canonical(&options), vectors.text("proofCanonJCS.txt"));
    assert_eq!(hash(&unsigned), unhex(&vectors.text("docHashJCS.txt")));
    assert_eq!(hash(&options), unhex(&vectors.text("proofHashJCS.txt")));
    let combined = unhex(&vectors.text("combinedHashJCS.txt"));
    assert_eq!([hash(&options), hash(&unsigned)].concat(), combined);

    let pair = vectors.json("keyPair.json");
    let (_, secret) = multibase::decode(text(&pair["privateKeyMultibase"])).unwrap();
    let secret = secret.strip_prefix(&[0x80, 0x26]).expect("the multicodec of an Ed25519 secret key");
    let signer = SigningKey::from_seed(secret.try_into().unwrap());
    assert_eq!(signer.public().to_multibase(), text(&pair["publicKeyMultibase"]));
    assert_eq!(signer.sign(&combined).to_vec(), unhex(&vectors.text("sigHexJCS.txt")));

    let created = Timestamp::parse(text(&options["created"])).unwrap();
    let signed = proof::sign(object(unsigned), &signer, &signer.public().did(), created);
    let published = object(json::parse(&vectors.text("signedJCS.json")).unwrap());
    assert_eq!(signed, published);
    assert_eq!(text(&signed["proof"]["proofValue"]), vectors.text("sigBTC58JCS.txt"));
    let signers = proof::verify(&published).unwrap();
    assert_eq!(signers.iter().map(|s| s.key).collect::<Vec<_>>(), [signer.public()]);
}

/// The protocol and both foreign verifiers say the same of a document.
fn check(document: &Map<String, Value>, expected: bool, what: &str) {
    assert_eq!(proof::verify(document).is_ok(), expected, "the protocol: {what}");
    for verdict in verifiers::verify(&Value::Object(document.clone()).to_string()) {
        assert_eq!(verdict.verified, expected, "{}: {what}: {}", verdict.library, verdict.detail);
    }
}

/// Changes one field, the proof's value, its key and its purpose, and removes the proof: each must be refused.
fn check_tampered(document: &Map<String, Value>, field: &str) {
    let stranger = SigningKey::from_seed(&[99; 32]).public();
    let stranger_method = format!("{}#{}", stranger.did(), stranger.to_multibase());
    let last_proof = |document: &mut Map<String, Value>, member: &str, value: Value| {
        let proof = document.get_mut("proof").expect("a signed document");
        let proof = match proof {
            Value::Array(set) => set.last_mut().expect("a proof in the set"),
            one => one,
        };
        proof[member] = value;
    };
    let tampered = |what: &str, change: &dyn Fn(&mut Map<String, Value>)| {
        let mut copy = document.clone();
        change(&mut copy);
        assert_ne!(&copy, document, "{what} changes nothing");
        check(&copy, false, what);
    };
    let other = proof::sign(
        object(json!({"a": 1})),
        &SigningKey::from_seed(&[98; 32]),
        &stranger.did(),
        Timestamp::default(),
    );
    tampered("a changed field", &|d| _ = d.insert(field.to_owned(), json!("changed")));
    tampered("an added field", &|d| _ = d.insert("added".to_owned(), json!(true)));
    tampered("another proof value", &|d| last_proof(d, "proofValue", other["proof"]["proofValue"].clone()));
    tampered("a swapped key", &|d| last_proof(d, "verificationMethod", json!(stranger_method)));
    tampered("a changed date", &|d| last_proof(d, "created", json!("2023-02-24T23:36:39Z")));
    tampered("another purpose", &|d| last_proof(d, "proofPurpose", json!("authentication")));
    tampered("no proof", &|d| _ = d.remove("proof"));
}

#[test]
fn foreign_verifiers_accept_the_w3c_credential_and_refuse_its_tampered_copies() {
    let Some(vectors) = Vectors::find("w3c-eddsa-jcs-2022") else { return };
    let published = object(vectors.json("signedJCS.json"));
    check(&published, true, "as published");
    check_tampered(&published, "name");
}

/// Needs no vectors: the credential is this protocol's own, countersigned as a receipt is.
#[test]
fn foreign_verifiers_accept_a_countersigned_credential_and_refuse_its_tampered_copies() {
    let (person, vendor) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
    let created = Timestamp::parse("2026-01-31T12:00:00Z").unwrap();
    let credential = object(json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": person.public().did(),
        "validFrom": "2026-01-31T12:00:00Z",
        "credentialSubject": {"id": vendor.public().did(), "paths": ["phone.mobile", "x.größe"], "sequence": 7},
    }));
    let granted = proof::sign(credential, &person, &person.public().did(), created);
    check(&granted, true, "one proof");
    let receipt = proof::sign(granted, &vendor, &vendor.public().did(), created);
    check(&receipt, true, "a proof set");
    let methods: Vec<String> =
        [&person, &vendor].map(|k| format!("{}#{}", k.public().did(), k.public().to_multibase())).into();
    for verdict in verifiers::verify(&Value::Object(receipt.clone()).to_string()) {
        assert_eq!(verdict.detail, methods.join(" "), "{} names who signed", verdict.library);
    }
    check_tampered(&receipt, "validFrom");
}
