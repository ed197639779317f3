//! Signed messages in every form that is not the one.

use freehold_protocol::code::Code;
use freehold_protocol::cose::{self, Kind};
use serde_json::json;

use super::PAGE;
use crate::craft::{
    Cose, PERSON, STRANGER, byte_string, head, key, key_hex, malleable, mixed_order_r, protected, seed_hex,
    small_order_r, text_string,
};
use crate::vector::{Vector, hex};

/// `{"stored": 7}`; a payload is judged after the signature.
const PAYLOAD: [u8; 9] = [0xa1, 0x66, b's', b't', b'o', b'r', b'e', b'd', 7];

pub(super) fn vectors() -> Vec<Vector> {
    let kinds =
        [("message", Kind::Message), ("read-request", Kind::ReadRequest), ("read-answer", Kind::ReadAnswer)];
    let good = kinds.into_iter().map(|(name, kind)| {
        let signer = key(PERSON);
        let parts = Cose::new(kind, &signer.public(), PAYLOAD.to_vec());
        let signed = cose::sign(kind, &signer, PAYLOAD.to_vec());
        assert_eq!(signed, parts.sign(&signer), "the page's form");
        let mut steps = parts.steps(&signed[signed.len() - 64..]);
        steps["cose"] = hex(&signed).into();
        Vector::accept(
            PAGE,
            &format!("signed-{name}"),
            "encoding, rule 5",
            "A signed message of this media type.",
        )
        .input("cose", json!({"kind": kind.media_type(), "key": key_hex(PERSON), "seed": seed_hex(PERSON)}))
        .steps(steps)
    });
    good.chain(headers()).chain(forms()).chain(signatures()).collect()
}

fn refused(name: &str, code: Code, what: &str, bytes: &[u8]) -> Vector {
    Vector::reject(PAGE, name, code, "encoding, rule 5", what).input(
        "cose",
        json!({"kind": Kind::Message.media_type(), "key": key_hex(PERSON), "cose": hex(bytes)}),
    )
}

fn good() -> Cose {
    Cose::new(Kind::Message, &key(PERSON).public(), PAYLOAD.to_vec())
}

/// Protected headers that are signed well and are not the one that the verifier builds.
fn headers() -> Vec<Vector> {
    let person = key(PERSON).public();
    let typ = Kind::Message.media_type();
    let kid = [vec![4], byte_string(person.as_bytes())].concat();
    let alg = vec![1, 0x27];
    let type_member = [vec![16], text_string(typ)].concat();
    let crit = vec![2, 0x81, 16];
    let case = |name, what, header: Vec<u8>| {
        let parts = Cose { protected: header, ..good() };
        let signature = key(PERSON).sign(&parts.structure());
        refused(name, Code::WrongSigner, what, &parts.with(&signature)).steps(parts.steps(&signature))
    };
    vec![
        case(
            "wrong-algorithm",
            "ES256 is named. A verifier never takes the algorithm from the message.",
            protected(-7, person.as_bytes(), typ),
        ),
        case(
            "algorithm-missing",
            "No algorithm is named.",
            [head(5, 2), kid.clone(), type_member.clone()].concat(),
        ),
        case(
            "kid-of-another",
            "The key that is named is not the peer's, though the peer signed.",
            protected(-8, key(STRANGER).public().as_bytes(), typ),
        ),
        case("kid-missing", "No key is named.", [head(5, 2), alg.clone(), type_member.clone()].concat()),
        case(
            "wrong-typ",
            "A read's answer where a message is expected.",
            protected(-8, person.as_bytes(), Kind::ReadAnswer.media_type()),
        ),
        case("typ-missing", "No type is named.", [head(5, 2), alg.clone(), kid.clone()].concat()),
        case(
            "extra-header",
            "One header more, even a critical one.",
            [head(5, 4), alg.clone(), crit, kid.clone(), type_member.clone()].concat(),
        ),
        case(
            "header-order",
            "The members of the header in another order.",
            [head(5, 3), kid, alg, type_member].concat(),
        ),
    ]
}

/// The same content in another form.
fn forms() -> Vec<Vector> {
    let parts = good();
    let signature = key(PERSON).sign(&parts.structure());
    let signed = parts.with(&signature);
    let [header, payload, signed_by] = [&parts.protected[..], &parts.payload, &signature].map(byte_string);
    let kid = [head(5, 1), vec![4], byte_string(key(PERSON).public().as_bytes())].concat();
    let unprotected = Cose { unprotected: kid, ..parts.clone() };
    let long = [vec![0x84], header.clone(), vec![0xa0, 0x58, 9], parts.payload.clone(), signed_by.clone()];
    let list = |items: &[&[u8]]| [head(4, items.len()), items.concat()].concat();
    vec![
        refused(
            "unprotected-header-not-empty",
            Code::NotCanonical,
            "The unprotected header is the empty map.",
            &unprotected.with(&signature),
        ),
        refused(
            "tagged",
            Code::Malformed,
            "With the tag 18 of COSE_Sign1; the form is untagged.",
            &[vec![0xd2], signed.clone()].concat(),
        ),
        refused(
            "payload-detached",
            Code::Malformed,
            "The payload is never detached.",
            &list(&[&header, &[0xa0], &[0xf6], &signed_by]),
        ),
        refused(
            "payload-long-length",
            Code::NotCanonical,
            "The length of the payload in a byte more than it needs.",
            &long.concat(),
        ),
        refused(
            "list-of-three",
            Code::Malformed,
            "No payload at all.",
            &list(&[&header, &[0xa0], &signed_by]),
        ),
        refused(
            "list-of-five",
            Code::Malformed,
            "Something after the signature, inside the list.",
            &list(&[&header, &[0xa0], &payload, &signed_by, &[0xf6]]),
        ),
        refused(
            "cose-indefinite-list",
            Code::NotCanonical,
            "The list of indefinite length.",
            &[vec![0x9f], signed[1..].to_vec(), vec![0xff]].concat(),
        ),
        refused(
            "cose-trailing-bytes",
            Code::Malformed,
            "Something follows the list.",
            &[signed, vec![0]].concat(),
        ),
    ]
}

fn signatures() -> Vec<Vector> {
    let parts = good();
    let signature = key(PERSON).sign(&parts.structure());
    let case = |name, what, signature: &[u8]| {
        refused(name, Code::BadSignature, what, &parts.with(signature)).steps(parts.steps(signature))
    };
    let without = Cose { external: Vec::new(), ..parts.clone() };
    let other = Cose { payload: b"\xa1\x66stored\x08".to_vec(), ..parts.clone() };
    vec![
        case(
            "payload-changed",
            "The signature is over another payload.",
            &key(PERSON).sign(&other.structure()),
        ),
        case(
            "external-data-left-out",
            "Signed without the media type as external data.",
            &key(PERSON).sign(&without.structure()),
        ),
        case(
            "signed-by-another",
            "The peer's key is named, and another signed.",
            &key(STRANGER).sign(&parts.structure()),
        ),
        case("signature-of-63-bytes", "The last byte of the signature is missing.", &signature[..63]),
        case(
            "signature-malleable",
            "The group's order added to S: a second signature for the same message.",
            &malleable(signature),
        ),
        case("signature-small-order-r", "R of small order.", &small_order_r(1)),
        case(
            "signature-mixed-order-r",
            "R of mixed order: holds with the cofactor alone.",
            &mixed_order_r(PERSON, &parts.structure()),
        ),
    ]
}
