//! The data file is sound, and every type takes and refuses what its page says.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn check(path: &str, text: &str) -> Result<String, ValueError> {
    Vocabulary::standard().check(&Path::parse(path).unwrap(), text).map(Value::into_string)
}

fn check_lenient(path: &str, text: &str, country: Option<&str>) -> Result<String, ValueError> {
    let path = Path::parse(path).unwrap();
    Vocabulary::standard().check_with_country(&path, text, country).map(Value::into_string)
}

/// Pairs of input and normal form.
fn accepts(path: &str, cases: &[(&str, &str)]) {
    for (input, expected) in cases {
        assert_eq!(check(path, input).as_deref(), Ok(*expected), "{path}: {input:?}");
    }
}

fn refuses(path: &str, error: &ValueError, cases: &[&str]) {
    for input in cases {
        assert_eq!(check(path, input).as_ref(), Err(error), "{path}: {input:?}");
    }
}

#[test]
fn every_field_is_well_formed_and_listed_once() {
    let vocabulary = Vocabulary::standard();
    assert!((70..=120).contains(&vocabulary.fields().len()));
    let mut seen = BTreeSet::new();
    for field in vocabulary.fields() {
        assert!(seen.insert(field.path.clone()), "{} is listed twice", field.path);
        assert!(!field.path.is_free(), "{}", field.path);
        assert!(!field.label.is_empty());
        let category = field.dpv_pd.strip_prefix("pd:").unwrap();
        assert!(category.starts_with(|c: char| c.is_ascii_uppercase()) && category.is_ascii(), "{category}");
        assert_eq!(field.values.is_empty(), field.value_type != ValueType::Enum, "{}", field.path);
        assert_eq!(field.schemes.is_empty(), field.value_type != ValueType::Uri, "{}", field.path);
        let names = &field.names;
        let others = [&names.hubspot, &names.salesforce, &names.odoo, &names.espocrm, &names.tryton];
        for name in [&names.vcard, &names.jscontact, &names.html, &names.fhir].into_iter().chain(others) {
            let well_formed = |name: &String| !name.is_empty() && name.is_ascii() && name.trim() == name;
            assert!(name.as_ref().is_none_or(well_formed), "{}: {name:?}", field.path);
        }
    }
}

#[test]
fn every_type_in_use_has_its_form_described() {
    let source: serde_json::Value = serde_json::from_str(SOURCE).unwrap();
    let described: BTreeSet<&str> =
        source["types"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    let used: BTreeSet<&str> =
        source["fields"].as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(described, used);
}

#[test]
fn no_two_fields_share_a_vcard_name() {
    let mut seen = BTreeSet::new();
    for field in Vocabulary::standard().fields() {
        let Some(name) = &field.names.vcard else { continue };
        assert!(seen.insert(name) || field.path.as_str() == "language.second", "{name}");
    }
}

#[test]
fn terms_are_found_by_name_and_iri_and_listed_once() {
    let vocabulary = Vocabulary::standard();
    let mut seen = BTreeSet::new();
    for purpose in vocabulary.purposes() {
        assert!(seen.insert(&purpose.name));
        assert_eq!(vocabulary.purpose(&purpose.iri).map(|it| &it.name), Some(&purpose.name));
        assert!(purpose.iri.to_lowercase().ends_with(&format!("#{}", purpose.name.to_lowercase())));
        assert!(purpose.sentence.starts_with("To ") && purpose.sentence.ends_with('.'));
    }
    assert_eq!(vocabulary.purpose("serviceProvision").unwrap().iri, "https://w3id.org/dpv#ServiceProvision");
    assert!(vocabulary.purpose("ServiceProvision ").is_none());
    for basis in vocabulary.legal_bases() {
        for name in [&basis.name, &basis.iri, &basis.gdpr] {
            assert_eq!(vocabulary.legal_basis(name).map(|it| &it.name), Some(&basis.name));
        }
    }
    assert!(vocabulary.legal_basis("consent").is_some() && vocabulary.legal_basis("").is_none());
    for reason in vocabulary.erasure_exceptions() {
        assert_eq!(vocabulary.erasure_exception(&reason.iri).map(|it| &it.name), Some(&reason.name));
    }
    assert!(vocabulary.erasure_exception("legalClaims").is_some());
}

#[test]
fn an_unknown_path_is_refused_with_the_nearest_known_one() {
    for (path, expected) in [
        ("phone.mobil", Some("phone.mobile")),
        ("phone.mobilephone", Some("phone.mobile")),
        ("address.delivery.postcode", Some("address.delivery.postalCode")),
        ("mail.work", Some("email.work")),
        ("quux.frobnicate", None),
    ] {
        let path = Path::parse(path).unwrap();
        let error = Vocabulary::standard().check(&path, "1").unwrap_err();
        let nearest = expected.map(|it| Path::parse(it).unwrap());
        assert_eq!(error, ValueError::UnknownPath { path, nearest });
        assert!(error.to_string().contains(expected.unwrap_or("own fields begin with x.")));
    }
}

#[test]
fn free_paths_keep_any_printable_text() {
    accepts("x.note", &[(" two\nlines\t", " two\nlines\t"), ("=1+1", "=1+1")]);
    refuses("x.note", &ValueError::ControlCharacter, &["a\0", "\u{1b}[2J", "a\u{202e}b"]);
    refuses("x.note", &ValueError::Empty, &["", " \n"]);
    let long = "a".repeat(VALUE_BYTES_MAX + 1);
    refuses("x.note", &ValueError::TooLong { got: long.len() }, &[&long]);
    assert!(check("x.note", &long[1..]).is_ok());
}

#[test]
fn text_and_lines() {
    accepts("name.given", &[(" Zoë ", "Zoë"), ("Anna \u{a0}  Maria", "Anna Maria"), ("مريم", "مريم")]);
    refuses("name.given", &ValueError::LineBreak, &["a\nb", "a\r\nb"]);
    refuses("name.given", &ValueError::ControlCharacter, &["a\tb", "a\u{7f}", "a\u{202e}b"]);
    refuses("name.given", &ValueError::Empty, &["", "  ", "\n"]);
    accepts(
        "address.home.street",
        &[("Street 4\r\n Building 6\r\rFloor 8\n", "Street 4\nBuilding 6\nFloor 8")],
    );
    refuses("address.home.street", &ValueError::ControlCharacter, &["a\u{0}b"]);
    assert_eq!(check_lenient("name.given", "a\r\nb", None).as_deref(), Ok("a, b"));
}

#[test]
fn phones_become_e164() {
    accepts(
        "phone.mobile",
        &[
            ("+49 170 1234567", "+491701234567"),
            ("+49 (0)30 / 901820", "+4930901820"),
            ("+1 418-656-9254", "+14186569254"),
            ("+39 06 698 12345", "+390669812345"),
            ("+44 20 7946 0958", "+442079460958"),
        ],
    );
    refuses("phone.mobile", &ValueError::PhoneCountryMissing, &["0170 1234567", "905-555-1234", "112"]);
    refuses("phone.mobile", &ValueError::PhoneExtension, &["+1-418-656-9254;ext=102", "+14186569254 x102"]);
    refuses(
        "phone.mobile",
        &ValueError::Phone,
        &[
            "+",
            "+49",
            "+49 1",
            "+999 123456",
            "+1 800 FLOWERS",
            "++491701234567",
            "+49170123456789012345",
            "call me",
        ],
    );
    assert_eq!(check_lenient("phone.home", "0170 1234567", Some("DE")).as_deref(), Ok("+491701234567"));
    assert_eq!(check_lenient("phone.home", "905-555-1234", Some("ca")).as_deref(), Ok("+19055551234"));
    assert_eq!(check_lenient("phone.home", "tel:+49-170-1234567", None).as_deref(), Ok("+491701234567"));
    assert_eq!(check_lenient("phone.home", "0170 1234567", None), Err(ValueError::PhoneCountryMissing));
    assert_eq!(check_lenient("phone.home", "0170 1234567", Some("QQ")), Err(ValueError::Country));
}

#[test]
fn emails() {
    accepts(
        "email.work",
        &[
            ("Jo.Doe+tag@Example.COM", "Jo.Doe+tag@example.com"),
            ("o'neill@xn--bcher-kva.example", "o'neill@xn--bcher-kva.example"),
        ],
    );
    let long = format!("{}@example.com", "a".repeat(65));
    refuses(
        "email.work",
        &ValueError::Email,
        &[
            "a",
            "@b.c",
            "a@",
            "a@b",
            "a@b..c",
            "a.@b.c",
            ".a@b.c",
            "a..b@c.d",
            "a b@c.d",
            "a@-b.c",
            "a@b.c.",
            "a@[1.2.3.4]",
            "a@1.2.3.4",
            "\"a\"@b.c",
            "a@b@c.d",
            "ä@b.c",
            "Jo <a@b.c>",
            &long,
        ],
    );
}

/// To the byte.
#[test]
fn the_longest_of_a_kind_is_a_value_and_one_byte_more_is_none() {
    let check = |path: &str, error: &ValueError, longest: &str, too_long: &str| {
        accepts(path, &[(longest, longest)]);
        refuses(path, error, &[too_long]);
    };
    let local = |bytes: usize| format!("{}@example.com", "a".repeat(bytes));
    check("email.work", &ValueError::Email, &local(64), &local(65));
    let label = |bytes: usize| format!("a@{}.example", "b".repeat(bytes));
    check("email.work", &ValueError::Email, &label(63), &label(64));
    let whole = |bytes: usize| {
        format!("{0}@{1}.{1}.{2}.com", "a".repeat(64), "b".repeat(63), "c".repeat(bytes - 197))
    };
    check("email.work", &ValueError::Email, &whole(254), &whole(255));
    check("address.home.postalCode", &ValueError::PostalCode, &"1".repeat(16), &"1".repeat(17));
    check("organization.vatId", &ValueError::Identifier, &"1".repeat(64), &"1".repeat(65));
    let tag = |bytes: usize| format!("de-x{}-{}", "-abcdefgh".repeat(6), "a".repeat(bytes - 59));
    check("language.preferred", &ValueError::Language, &tag(64), &tag(65));
}

#[test]
fn dates() {
    accepts("id.passportExpiry", &[("2028-02-29", "2028-02-29"), ("0001-01-01", "0001-01-01")]);
    refuses(
        "id.passportExpiry",
        &ValueError::Date,
        &[
            "2027-02-29",
            "2028-13-01",
            "28-02-29",
            "2028-2-29",
            "20280229",
            "--02-03",
            "0000-01-01",
            "2028-02-29T00:00",
            "-001-01-01",
            "+028-01-01",
        ],
    );
    accepts("birth.date", &[("1980-03-22", "1980-03-22"), ("--02-29", "--02-29"), ("--12-01", "--12-01")]);
    refuses(
        "birth.date",
        &ValueError::PartialDate,
        &["--02-30", "--2-3", "-02-03", "1980", "--0203", "tomorrow"],
    );
    for (input, expected) in
        [("19800322", "1980-03-22"), ("--0203", "--02-03"), ("1980-03-22T00:00:00Z", "1980-03-22")]
    {
        assert_eq!(check_lenient("birth.date", input, None).as_deref(), Ok(expected));
    }
}

#[test]
fn countries() {
    accepts("address.home.country", &[("DE", "DE"), ("ch", "CH")]);
    refuses("address.home.country", &ValueError::Country, &["Germany", "DEU", "QQ", "D", "UK"]);
    for (input, expected) in [
        ("deu", "DE"),
        ("Germany", "DE"),
        ("ÖSTERREICH", "AT"),
        ("United States of America", "US"),
        ("U.S.A.", "US"),
        ("UK", "GB"),
    ] {
        assert_eq!(check_lenient("address.home.country", input, None).as_deref(), Ok(expected), "{input}");
    }
    assert_eq!(check_lenient("address.home.country", "Narnia", None), Err(ValueError::Country));
    assert_eq!(country_name("DE"), Some("Germany"));
    assert_eq!(country_name("de"), None);
}

#[test]
fn languages_and_time_zones() {
    accepts("language.preferred", &[("de", "de"), ("PT-br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW")]);
    refuses(
        "language.preferred",
        &ValueError::Language,
        &["xx-YY-ZZ", "german", "qq", "de_DE", "de-", "english language"],
    );
    assert_eq!(check_lenient("language.preferred", "de_DE", None).as_deref(), Ok("de-DE"));
    accepts(
        "timezone.home",
        &[("Europe/Berlin", "Europe/Berlin"), ("europe/berlin", "Europe/Berlin"), ("utc", "UTC")],
    );
    refuses(
        "timezone.home",
        &ValueError::Timezone,
        &["Berlin", "+02:00", "CEST", "Europe/Berlin\nUTC", "Europe"],
    );
}

#[test]
fn uris_with_the_schemes_of_their_field() {
    accepts("web.home", &[("HTTPS://Example.com/%C3%A4?q=1#x", "https://Example.com/%C3%A4?q=1#x")]);
    refuses(
        "web.home",
        &ValueError::Uri,
        &[
            "example.com",
            "https://",
            "https:///x",
            "https:x",
            "https://a b",
            "https://a/%zz",
            "https://ä.example",
            "1http://a.b",
        ],
    );
    let schemes = ValueError::UriScheme { expected: vec!["http".to_owned(), "https".to_owned()] };
    refuses("web.home", &schemes, &["javascript:alert(1)", "file:///etc/passwd"]);
    accepts("im.xmpp", &[("xmpp:jo@example.com", "xmpp:jo@example.com")]);
    assert_eq!(
        check_lenient("web.home", "www.example.com/x", None).as_deref(),
        Ok("http://www.example.com/x")
    );
}

#[test]
fn accounts_codes_and_choices() {
    accepts(
        "payment.iban",
        &[("de89 3704 0044 0532 0130 00", "DE89370400440532013000"), ("NO9386011117947", "NO9386011117947")],
    );
    refuses(
        "payment.iban",
        &ValueError::Iban,
        &[
            "DE88370400440532013000",
            "QQ89370400440532013000",
            "DE89",
            "DEXX370400440532013000",
            "äää89370400440532013",
        ],
    );
    accepts("payment.bic", &[("deutdeff", "DEUTDEFF"), ("DEUTDEFF500", "DEUTDEFF500")]);
    refuses("payment.bic", &ValueError::Bic, &["DEUTQQFF", "DEUTDEFF5", "DEUT-EFF", "ääDEää"]);
    accepts("address.home.postalCode", &[("h0h  0h0", "H0H 0H0"), ("10115", "10115")]);
    refuses("address.home.postalCode", &ValueError::PostalCode, &["10115;", "12345678901234567", "１０１"]);
    accepts("id.tax", &[("12/345/67890", "12/345/67890")]);
    refuses("id.tax", &ValueError::Identifier, &["a_b", "n\u{20ac}"]);
    accepts("preference.marketing", &[("TRUE", "true"), ("false", "false")]);
    refuses("preference.marketing", &ValueError::Boolean, &["yes", "1"]);
    accepts("preference.channel", &[("Email", "email")]);
    assert!(matches!(check("preference.channel", "fax"), Err(ValueError::Enum { .. })));
}

#[test]
fn neither_errors_nor_debug_repeat_a_value() {
    for field in Vocabulary::standard().fields() {
        let secret = "secret\u{1}value;x123";
        let error = Vocabulary::standard().check(&field.path, secret).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{}", field.path);
    }
    let value = Vocabulary::standard().check(&Path::parse("name.given").unwrap(), "Zoë").unwrap();
    assert_eq!(format!("{value:?}"), "Value(4 bytes)");
}

proptest! {
    #[test]
    fn check_never_panics_and_is_idempotent(n in 0..Vocabulary::standard().fields().len(), text in "\\PC*|.*|[+0-9 ()/.-]{1,20}|[0-9-]{1,12}|[A-Za-z0-9-]{1,20}|[a-z.]{1,8}@[a-z.-]{1,8}|https?:[!-~]{1,20}") {
        let vocabulary = Vocabulary::standard();
        let path = &vocabulary.fields()[n].path;
        for country in [None, Some("DE"), Some("IT"), Some("AR")] {
            if let Ok(value) = vocabulary.check_with_country(path, &text, country) {
                prop_assert_eq!(vocabulary.check(path, value.as_str()), Ok(value.clone()));
            }
        }
        if let Ok(value) = vocabulary.check(path, &text) {
            prop_assert_eq!(vocabulary.check(path, value.as_str()), Ok(value.clone()));
        }
    }

    #[test]
    fn any_phone_number_is_checked_without_panic_and_stays_itself(text in "\\+[0-9]{1,3}[0-9 ()-]{3,16}") {
        let vocabulary = Vocabulary::standard();
        let path = Path::parse("phone.mobile").unwrap();
        if let Ok(value) = vocabulary.check(&path, &text) {
            prop_assert_eq!(vocabulary.check(&path, value.as_str()), Ok(value.clone()));
        }
    }
}
