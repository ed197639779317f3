//! `specs/invitation.md`: links.

use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::invitation::{Invitation, LINK_PREFIX};
use multibase::Base;
use serde_json::{Value, json};

use crate::craft::{NOW, VENDOR, byte_string, did, head, text_string, time};
use crate::vector::{Vector, hex};

const PAGE: &str = "invitation";

pub(super) fn vectors() -> Vec<Vector> {
    [good(), bad_links(), bad_maps()].into_iter().flatten().collect()
}

/// The invitation of the page.
fn invitation() -> Invitation {
    Invitation {
        v: 1,
        did: did(VENDOR),
        addresses: vec!["/ip4/192.0.2.7/udp/4101/quic-v1".into()],
        token: std::array::from_fn(|place| place as u8),
        expires: time("2026-12-31T00:00:00Z"),
    }
}

fn said(invitation: &Invitation) -> Value {
    json!({
        "v": invitation.v,
        "did": invitation.did,
        "addresses": invitation.addresses,
        "token": hex(&invitation.token),
        "expires": invitation.expires.millis(),
    })
}

fn good() -> Vec<Vector> {
    let case = |name: &str, what: &str, invitation: Invitation| {
        let (bytes, link) = (cbor::encode(&invitation), invitation.to_link());
        Vector::accept(PAGE, name, "invitation, Data", what)
            .input("link", json!({"invitation": said(&invitation), "now": NOW}))
            .steps(json!({"cbor": hex(&bytes), "link": link}))
    };
    let web = freehold_protocol::identity::Did::parse("did:web:shop.example").expect("a DID");
    let around = format!(" \n{}\t", invitation().to_link());
    vec![
        case("link", "The link of the page.", invitation()),
        case(
            "link-without-address",
            "The document of a did:web lists the addresses.",
            Invitation { did: web, addresses: Vec::new(), ..invitation() },
        ),
        case(
            "link-of-8-addresses",
            "As many addresses as there may be.",
            Invitation { addresses: vec!["/ip4/192.0.2.7/tcp/4101".into(); 8], ..invitation() },
        ),
        Vector::accept(
            PAGE,
            "link-in-white-space",
            "invitation, rule 1",
            "White space around a link that was copied.",
        )
        .input("link", json!({"link": around, "now": NOW})),
    ]
}

fn refused(name: &str, code: impl Into<Option<Code>>, rule: &str, what: &str, link: &str) -> Vector {
    Vector::reject(PAGE, name, code, rule, what).input("link", json!({"link": link, "now": NOW}))
}

fn bad_links() -> Vec<Vector> {
    let link = invitation().to_link();
    let payload = link.strip_prefix(LINK_PREFIX).expect("a link has its prefix");
    let bytes = cbor::encode(&invitation());
    let base = |base: Base| format!("{LINK_PREFIX}{}", multibase::encode(base, &bytes));
    let rule = "invitation, rule 1";
    let case = |name: &str, what: &str, link: String| refused(name, None, rule, what, &link);
    let many = Invitation { addresses: vec!["/ip4/192.0.2.7/tcp/4101".into(); 9], ..invitation() };
    let long = Invitation { addresses: vec!["/dns4/".to_owned() + &"a".repeat(900)], ..invitation() };
    let newer = Invitation { v: 2, ..invitation() };
    let ended = Invitation { expires: time("2026-11-24T11:59:00Z"), ..invitation() };
    let ends_now = Invitation { expires: time(NOW), ..invitation() };
    vec![
        case("other-prefix", "Another kind of link.", format!("https://example.com/{payload}")),
        case(
            "prefix-in-upper-case",
            "The prefix is compared as it is.",
            link.replace("freehold:", "FREEHOLD:"),
        ),
        case("prefix-inside", "The prefix does not begin the text.", format!("see {link}")),
        case("other-base-base58", "base58btc.", base(Base::Base58Btc)),
        case("other-base-hex", "Hexadecimal.", base(Base::Base16Lower)),
        case("other-base-padded", "base64url with padding.", base(Base::Base64UrlPad)),
        case("other-base-base64", "base64 with `+` and `/`.", base(Base::Base64)),
        case("no-base", "Without the letter of the base.", format!("{LINK_PREFIX}{}", &payload[1..])),
        case("cut", "The end of the link is missing.", link[..link.len() - 4].to_owned()),
        case(
            "blank-inside",
            "A line break in the middle of the link.",
            format!("{}\n{}", &link[..60], &link[60..]),
        ),
        case("empty", "The prefix alone.", LINK_PREFIX.to_owned()),
        case("version-2", "A newer version, told apart from damage.", newer.to_link()),
        case("too-many-addresses", "Nine addresses.", many.to_link()),
        case("too-long", "More than 1,200 characters.", long.to_link()),
        refused(
            "expired",
            Code::InvitationExpired,
            "invitation, rule 4",
            "It ended a minute before the hub's noon.",
            &ended.to_link(),
        ),
        refused(
            "expires-now",
            Code::InvitationExpired,
            "invitation, rule 4",
            "It ends at the hub's very noon.",
            &ends_now.to_link(),
        ),
    ]
}

/// CBOR that is not the map of the page.
fn bad_maps() -> Vec<Vector> {
    let whole = || {
        vec![
            ("v", vec![1]),
            ("did", text_string(did(VENDOR).as_str())),
            ("token", byte_string(&[0; 16])),
            ("expires", vec![0x1b, 0, 0, 1, 0xa2, 0xc9, 0x65, 0x78, 0]),
            ("addresses", vec![0x80]),
        ]
    };
    let write = |members: Vec<(&str, Vec<u8>)>| {
        let inner: Vec<u8> =
            members.iter().flat_map(|(name, value)| [text_string(name), value.clone()].concat()).collect();
        [head(5, members.len()), inner].concat()
    };
    let with = |name: &str, value: Vec<u8>| {
        let members =
            whole().into_iter().map(|(known, old)| (known, if known == name { value.clone() } else { old }));
        write(members.collect())
    };
    let without = |name: &str| write(whole().into_iter().filter(|(known, _)| *known != name).collect());
    let case = |name: &str, what: &str, bytes: &[u8]| {
        let link = format!("{LINK_PREFIX}{}", multibase::encode(Base::Base64Url, bytes));
        refused(name, None, "invitation, rule 1", what, &link)
    };
    let mut unsorted = whole();
    unsorted.reverse();
    vec![
        case("map-version-0", "No such version.", &with("v", vec![0])),
        case("map-long-version", "1 in two bytes.", &with("v", vec![0x18, 1])),
        case("map-version-missing", "No version.", &without("v")),
        case("map-token-missing", "No token.", &without("token")),
        case("map-addresses-missing", "No list of addresses, not even an empty one.", &without("addresses")),
        case("map-token-of-15-bytes", "A token has 16 bytes.", &with("token", byte_string(&[0; 15]))),
        case("map-token-as-text", "A token is no text.", &with("token", text_string("0000000000000000"))),
        case(
            "map-did-of-small-order",
            "The DID is of a key of small order.",
            &with("did", text_string("did:key:z6MkeTG3bFFSLYVU7VqhgZxqr6YzpaGrQtFMh1uvqGy1vDnP")),
        ),
        case("map-unsorted", "Keys not in order.", &write(unsorted)),
        case("map-trailing-bytes", "Something follows the map.", &[write(whole()), vec![0]].concat()),
    ]
}
