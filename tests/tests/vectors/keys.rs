//! Keys, DIDs and signatures.

use freehold_keystore::Seed;
use freehold_protocol::code::Code;
use freehold_protocol::connect::commitment;
use freehold_protocol::identity::{Did, PublicKey, SigningKey};
use freehold_protocol::proof::Method;
use freehold_tests::replay::{self, hex as bytes, signing_key, text, unhex_32};
use serde_json::json;

use crate::case::{Case, Verdict, hex, plain};

pub(crate) fn seed(case: &mut Case) -> Verdict {
    let public = signing_key(&case.input(), "seed").public();
    case.same_bytes("publicKey", public.as_bytes());
    case.same("multibase", public.to_multibase());
    case.same("did", public.did().as_str());
    case.same("method", Method::new(&public.did(), &public).url);
    case.same_bytes("peerId", &[b"\x00\x24\x08\x01\x12\x20".as_slice(), public.as_bytes()].concat());
    case.same_bytes("commitment", &commitment(&public));
    assert_eq!(PublicKey::from_multibase(&public.to_multibase()), Ok(public));
    plain(Did::parse(public.did().as_str()))
}

/// The keys of a home, by the words that its seed is written with.
pub(crate) fn derivation(case: &mut Case) -> Verdict {
    let input = case.input();
    let home = Seed::from_words(text(&input, "words")).expect("24 words");
    let key = |info: &str| -> SigningKey {
        let parts: Vec<&str> = info.split('/').collect();
        let number = |place: usize| parts[place].parse::<u64>().expect("a number");
        let generation = |place: usize| u32::try_from(number(place)).expect("a generation");
        match parts[2] {
            "relationship" => home.relationship_key(number(3), generation(4)),
            "vault-signing" => home.vault_signing_key(),
            "vendor" => home.vendor_key(generation(3)),
            "replica" => home.replica_key(number(3)),
            other => panic!("no key is called {other}"),
        }
    };
    let said = case.step("keys").expect("keys");
    let keys: serde_json::Map<_, _> = said
        .as_object()
        .expect("keys by their info")
        .keys()
        .map(|info| {
            let key = key(info);
            let parts = json!({"seed": hex(&*key.danger_seed()), "publicKey": hex(key.public().as_bytes())});
            (info.clone(), parts)
        })
        .collect();
    case.same("keys", keys);
    case.same_bytes("vault", home.vault_key().as_slice());
    Ok(())
}

pub(crate) fn key(case: &mut Case) -> Verdict {
    plain(PublicKey::from_bytes(&unhex_32(&case.input(), "key")))
}

pub(crate) fn multibase(case: &mut Case) -> Verdict {
    plain(PublicKey::from_multibase(text(&case.input(), "text")))
}

pub(crate) fn did(case: &mut Case) -> Verdict {
    plain(Did::parse(text(&case.input(), "text")))
}

pub(crate) fn signature(case: &mut Case) -> Verdict {
    let input = case.input();
    let verified = replay::key(&input, "key").verify(&bytes(&input, "message"), &bytes(&input, "signature"));
    verified.map_err(|_| Some(Code::BadSignature))
}
