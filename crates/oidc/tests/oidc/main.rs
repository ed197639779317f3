//! A client against a provider that lies, over real HTTP and with real signatures.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod liar;

use freehold_oidc::{Answer, Begun, OidcError, Person, Provider, Settings, TokenError};
use freehold_outbound::{Client, FetchError, Policy};
use jsonwebtoken::{Algorithm, Header, encode};
use liar::{CLIENT, Key, Liar, REDIRECT, now, parameter};
use multibase::Base;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

fn answer(begun: &Begun) -> Answer {
    Answer { state: parameter(begun, "state"), code: Some("c0de".to_owned().into()), ..Answer::default() }
}

/// One attempt, whose token is made of the honest claims.
async fn attempt(
    liar: &Liar,
    provider: &Provider,
    make: impl FnOnce(Value) -> String,
) -> Result<Person, OidcError> {
    let begun = provider.begin(REDIRECT).await?;
    liar.gives(&make(liar.claims(&begun)));
    let answer = answer(&begun);
    provider.finish(begun.pending, &answer, now()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_an_honest_token_is_about_is_vouched_for_and_the_code_is_bound_to_the_attempt() {
    let key = Key::new("k1");
    let liar = Liar::start(&key);
    let provider = liar.provider();
    let begun = provider.begin(REDIRECT).await.unwrap();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", REDIRECT),
        ("scope", "openid profile"),
        ("code_challenge_method", "S256"),
        ("tenant", "1"),
    ] {
        assert_eq!(parameter(&begun, name), value, "{name}");
    }
    liar.gives(&key.sign(&liar.claims(&begun)));
    let (answer, challenge) = (answer(&begun), parameter(&begun, "code_challenge"));
    let person = provider.finish(begun.pending, &answer, now()).await.unwrap();
    assert_eq!((person.issuer.as_str(), person.subject.as_str()), (liar.url.as_str(), "person-1"));
    assert_eq!(
        (person.name.as_deref(), person.roles.as_slice()),
        (Some("ada"), &["crm-admins".to_owned()][..])
    );
    let said = liar.said.lock().unwrap();
    let (_, authorization, form) =
        said.heard.iter().find(|(line, ..)| line.starts_with("POST /token")).unwrap();
    let basic = Base::Base64Pad.encode("desk:s3cr3t+%26+more");
    assert_eq!(authorization, &format!("Basic {basic}"));
    let field = |name: &str| {
        let pairs = url::form_urlencoded::parse(form.as_bytes());
        pairs
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    assert_eq!((field("code").as_str(), field("redirect_uri").as_str()), ("c0de", REDIRECT));
    assert_eq!(Base::Base64Url.encode(Sha256::digest(field("code_verifier").as_bytes())), challenge);
    assert!(!form.contains("s3cr3t"));
}

/// How a token is made of honest claims.
type Make<'a> = Box<dyn FnOnce(Value) -> String + 'a>;

/// Every token that somebody could try, and what is said of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_proves_nothing_lets_nobody_in() {
    let (key, other) = (Key::new("k1"), Key::new("k1"));
    let liar = Liar::start(&key);
    let provider = liar.provider();
    let with = |name: &'static str, value: Value| {
        let key = &key;
        move |mut claims: Value| {
            claims[name] = value;
            key.sign(&claims)
        }
    };
    let unsigned = |alg: &str, claims: &Value| {
        let part = |value: &Value| Base::Base64Url.encode(value.to_string());
        format!("{}.{}.", part(&json!({"alg": alg, "kid": "k1"})), part(claims))
    };
    let attempts: Vec<(&str, TokenError, Make<'_>)> = vec![
        ("unsigned", TokenError::Algorithm, Box::new(|claims| unsigned("none", &claims))),
        ("unsigned, shouted", TokenError::Algorithm, Box::new(|claims| unsigned("NONE", &claims))),
        ("no signature", TokenError::Signature, Box::new(|claims| unsigned("ES256", &claims))),
        (
            "signed with what everybody has",
            TokenError::Algorithm,
            Box::new(|claims| {
                let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
                encode(&header, &claims, &key.as_secret()).unwrap()
            }),
        ),
        ("signed by somebody else", TokenError::Signature, Box::new(|claims| other.sign(&claims))),
        ("under a key that there is not", TokenError::Key, Box::new(|claims| Key::new("k2").sign(&claims))),
        ("of another attempt", TokenError::Nonce, Box::new(with("nonce", json!("other")))),
        ("of no attempt", TokenError::Nonce, Box::new(with("nonce", Value::Null))),
        ("for another client", TokenError::Audience, Box::new(with("aud", json!("crm")))),
        ("for another client as well", TokenError::Audience, Box::new(with("aud", json!([CLIENT, "crm"])))),
        ("of another party", TokenError::Audience, Box::new(with("azp", json!("crm")))),
        ("of another issuer", TokenError::Issuer, Box::new(with("iss", json!("https://evil.example")))),
        ("of yesterday", TokenError::Expired, Box::new(with("exp", json!(now() - 86_400)))),
        ("without an end", TokenError::Expired, Box::new(with("exp", Value::Null))),
        ("of tomorrow", TokenError::Early, Box::new(with("iat", json!(now() + 86_400)))),
        ("about nobody", TokenError::Subject, Box::new(with("sub", json!("")))),
        ("no token", TokenError::Form, Box::new(|_| "token".to_owned())),
    ];
    for (what, expected, make) in attempts {
        assert_eq!(attempt(&liar, &provider, make).await, Err(OidcError::Token(expected)), "{what}");
    }
    assert!(attempt(&liar, &provider, |claims| key.sign(&claims)).await.is_ok(), "and it was not the test");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_another_attempt_is_refused_before_the_provider_is_asked() {
    let key = Key::new("k1");
    let liar = Liar::start(&key);
    let provider = liar.provider();
    let [one, two] = [provider.begin(REDIRECT).await.unwrap(), provider.begin(REDIRECT).await.unwrap()];
    liar.gives(&key.sign(&liar.claims(&one)));
    let foreign = answer(&two);
    let refused = |answer: Answer| {
        let (provider, pending) = (&provider, one.pending.clone());
        async move { provider.finish(pending, &answer, now()).await.unwrap_err() }
    };
    assert_eq!(refused(foreign).await, OidcError::State);
    assert_eq!(refused(Answer { code: None, ..answer(&one) }).await, OidcError::State);
    let issuer = Some("https://evil.example".to_owned());
    assert_eq!(refused(Answer { issuer, ..answer(&one) }).await, OidcError::OtherIssuer);
    let said = |error: &str| Answer { error: Some(error.to_owned()), ..answer(&one) };
    assert_eq!(refused(said("access_denied")).await, OidcError::Denied("access_denied".to_owned()));
    assert_eq!(refused(said("<script>")).await, OidcError::Denied("error".to_owned()));
    assert_eq!(liar.heard("POST /token"), 0);
    // A provider that says it names itself in each answer is not believed where it does not.
    let careful = Liar::start(&key);
    let names = ("authorization_response_iss_parameter_supported", json!(true));
    careful.said.lock().unwrap().configuration.extend([names]);
    let made = attempt(&careful, &careful.provider(), |claims| key.sign(&claims)).await;
    assert_eq!(made, Err(OidcError::OtherIssuer));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_the_provider_does_not_take_lets_nobody_in() {
    let key = Key::new("k1");
    let liar = Liar::start(&key);
    let provider = liar.provider();
    for (status, body, expected) in [
        (400, json!({"error": "invalid_grant", "error_description": "used"}), "invalid_grant"),
        (500, json!("down"), "status 500"),
    ] {
        let begun = provider.begin(REDIRECT).await.unwrap();
        liar.said.lock().unwrap().token = (status, body);
        let answer = answer(&begun);
        let refused = provider.finish(begun.pending, &answer, now()).await;
        assert_eq!(refused, Err(OidcError::Code(expected.to_owned())));
    }
}

/// 1. The provider signs with another key: it is fetched at once. 2. Whoever sends tokens with made-up keys does not make the hub ask
///    again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_of_the_provider_is_found_and_made_up_ones_ask_for_nothing() {
    let (key, next) = (Key::new("k1"), Key::new("k2"));
    let liar = Liar::start(&key);
    let provider = liar.provider();
    assert!(attempt(&liar, &provider, |claims| key.sign(&claims)).await.is_ok());
    liar.said.lock().unwrap().keys.push(next.public());
    assert!(attempt(&liar, &provider, |claims| next.sign(&claims)).await.is_ok());
    assert_eq!(liar.heard("GET /keys"), 2);
    for _ in 0..3 {
        let made = attempt(&liar, &provider, |claims| Key::new("made-up").sign(&claims)).await;
        assert_eq!(made, Err(OidcError::Token(TokenError::Key)));
    }
    assert_eq!(liar.heard("GET /keys"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_token_leaves_out_is_asked_for_and_belongs_to_the_same_person() {
    let key = Key::new("k1");
    let liar = Liar::start(&key);
    let provider = liar.provider();
    let bare = |mut claims: Value| {
        claims["preferred_username"].take();
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        key.sign(&claims)
    };
    let info =
        |subject: &str| json!({"sub": subject, "preferred_username": "ada.l", "groups": ["everything"]});
    liar.said.lock().unwrap().user_info = info("person-1");
    let person = attempt(&liar, &provider, bare).await.unwrap();
    // What was signed stands over what was not.
    assert_eq!(
        (person.name.as_deref(), person.roles.as_slice()),
        (Some("ada.l"), &["crm-admins".to_owned()][..])
    );
    liar.said.lock().unwrap().user_info = info("person-2");
    let refused = attempt(&liar, &provider, bare).await.unwrap_err();
    assert!(matches!(refused, OidcError::Document { document: "user info", .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_is_another_or_inside_where_it_must_not_be_is_not_used() {
    let key = Key::new("k1");
    let liar = Liar::start(&key);
    liar.said.lock().unwrap().configuration.insert("issuer", json!("https://id.example"));
    let refused = liar.provider().begin(REDIRECT).await.unwrap_err();
    assert!(matches!(refused, OidcError::Document { document: "configuration", .. }), "{refused}");
    let settings = |issuer: &str| Settings {
        issuer: issuer.to_owned(),
        client_id: CLIENT.to_owned(),
        client_secret: None,
        scopes: Vec::new(),
        name_claim: "sub".to_owned(),
        role_claim: None,
    };
    let public = |issuer: &str| Provider::new(settings(issuer), Client::new(Policy::public()).unwrap());
    assert!(matches!(public(&liar.url), Err(OidcError::Away(FetchError::Plain { .. }))));
    assert!(matches!(public("https://192.168.1.7/"), Err(OidcError::Away(FetchError::Inward { .. }))));
    assert!(public("https://id.example").is_ok());
}
