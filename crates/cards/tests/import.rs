//! Cards as other programs write them, and files that are none.

use std::path::PathBuf;

use freehold_cards::{CARD_BYTES_MAX, Import, ImportError, ImportOptions, export_vcard, import};
use freehold_protocol::path::Path;

const IPHONE: &[u8] = include_bytes!("cards/iphone.vcf");
const GOOGLE: &[u8] = include_bytes!("cards/google.vcf");
const NEXTCLOUD: &[u8] = include_bytes!("cards/nextcloud.vcf");
const JCARD: &[u8] = include_bytes!("cards/jcard.json");
const JSCONTACT: &[u8] = include_bytes!("cards/jscontact.json");

fn try_read(bytes: &[u8], country: Option<&str>, card: Option<usize>) -> Result<Import, ImportError> {
    import(bytes, &ImportOptions { default_country: country.map(str::to_owned), card })
}

fn read(bytes: &[u8], country: Option<&str>) -> Import {
    try_read(bytes, country, None).expect("the card is one")
}

/// The card holds exactly these fields, keeps exactly these properties and skips exactly those.
fn check(import: &Import, fields: &[&str], kept: &[&str], skipped: &[&str]) {
    let line = |path: &Path, value: &str| format!("{path}={value}");
    assert_eq!(import.fields.iter().map(|it| line(&it.path, &it.value)).collect::<Vec<_>>(), fields);
    assert_eq!(import.kept.iter().map(|it| line(&it.path, &it.value)).collect::<Vec<_>>(), kept);
    assert_eq!(import.skipped.iter().map(|it| it.what.as_str()).collect::<Vec<_>>(), skipped);
}

/// One field or kept property of an import.
fn value<'a>(import: &'a Import, path: &str) -> Option<&'a str> {
    let found = import.fields.iter().chain(&import.kept).find(|it| it.path.as_str() == path);
    found.map(|it| it.value.as_str())
}

#[test]
fn an_iphone_card_with_groups_labels_folds_and_a_photo() {
    check(
        &read(IPHONE, Some("DE")),
        &[
            "name.full=Dr. Zoë Müller",
            "name.prefix=Dr.",
            "name.given=Zoë",
            "name.family=Müller",
            "name.nick=Zo",
            "birth.date=1988-02-29",
            "phone.mobile=+491701234567",
            "phone.other=+4930901822",
            "phone.faxWork=+4930901821",
            "email.personal=zoe@example.org",
            "email.work=mueller@blumen.example",
            "address.home.street=Lindenstraße 5\nHinterhaus",
            "address.home.locality=Berlin",
            "address.home.postalCode=10115",
            "address.home.country=DE",
            "organization.name=Blumen GmbH",
            "organization.unit=Einkauf",
            "organization.title=Gärtnerin",
            "web.home=https://zoe.example/",
            "social.linkedin=https://www.linkedin.com/in/zoe",
            "im.xmpp=xmpp:zoe@example.org",
            "family.spouse=Sam Müller",
            "family.anniversary=2015-06-20",
        ],
        &[
            "x.vcard.NOTE=Likes long lines that are folded by the program that wrote them, as this one is",
            "x.vcard.X-ABADR=de",
            "x.vcard.X-ABLABEL=Gartenhaus",
        ],
        &["PHOTO"],
    );
}

#[test]
fn a_google_card_with_several_numbers_of_a_type_and_an_unknown_country() {
    check(
        &read(GOOGLE, None),
        &[
            "name.full=Ana García López",
            "name.given=Ana",
            "name.additional=María",
            "name.family=García López",
            "name.nick=Anita",
            "name.phoneticFamily=garsia",
            "phone.mobile=+34612345678",
            "phone.work=+34911234567",
            "phone.other=+34622345678",
            "email.personal=ana@example.es",
            "email.other=ana.old@example.es",
            "address.work.street=Calle Mayor 1",
            "address.work.locality=Madrid",
            "address.work.region=Madrid",
            "address.work.postalCode=28013",
            "web.home=https://ana.example.es/blog",
        ],
        &[
            "x.vcard.ADR-COUNTRY.WORK=Narnia",
            "x.vcard.BDAY=circa 1990",
            "x.vcard.CATEGORIES=myContacts,starred",
            "x.vcard.X-ABLABEL=Brother",
            "x.vcard.X-ABRELATEDNAMES=Luis",
        ],
        &["ADR;TYPE=WORK", "BDAY"],
    );
}

#[test]
fn a_nextcloud_card_of_version_4() {
    let import = read(NEXTCLOUD, None);
    check(
        &import,
        &[
            "name.full=Jean Dupont",
            "name.given=Jean",
            "name.family=Dupont",
            "gender.sex=male",
            "gender.identity=homme",
            "gender.pronouns=il",
            "birth.date=--07-14",
            "language.preferred=fr-FR",
            "language.second=en",
            "timezone.home=Europe/Paris",
            "phone.mobile=+33612345678",
            "phone.home=+33142685300",
            "email.personal=jean@example.fr",
            "address.home.street=1 rue de la Paix",
            "address.home.locality=Paris",
            "address.home.postalCode=75002",
            "address.home.country=FR",
            "address.home.poBox=12",
            "address.delivery.street=Rue Neuve 2",
            "address.delivery.locality=Bruxelles",
            "address.delivery.postalCode=1000",
            "address.delivery.country=BE",
            "social.mastodon=https://piaille.fr/@jean",
            "emergency.name=Marie Dupont",
        ],
        &["x.vcard.UID=3f1c2c1e-0000-4000-8000-000000000001", "x.vcard.X-SOCIALPROFILE.FACEBOOK=jean.dupont"],
        &["TEL;TYPE=CELL", "PHOTO"],
    );
    let mobile = import.fields.iter().find(|it| it.path.as_str() == "phone.mobile").unwrap();
    assert_eq!(mobile.from, "TEL;TYPE=CELL");
}

#[test]
fn a_jcard() {
    check(
        &read(JCARD, None),
        &[
            "name.full=Simon Perreault",
            "name.given=Simon",
            "name.family=Perreault",
            "name.suffix=ing. jr, M.Sc.",
            "gender.sex=male",
            "birth.date=--02-03",
            "language.preferred=fr",
            "phone.work=+14186569254",
            "email.work=simon.perreault@viagenie.ca",
            "address.work.street=2875 Laurier",
            "address.work.extra=Suite D2-630",
            "address.work.locality=Quebec",
            "address.work.region=QC",
            "address.work.postalCode=G1V 2M2",
            "address.work.country=CA",
            "organization.name=Viagenie; Montréal",
            "web.home=http://nomis80.org",
        ],
        &["x.vcard.NOTE=two\nlines; with, marks"],
        &[],
    );
}

#[test]
fn a_jscontact_card() {
    check(
        &read(JSCONTACT, None),
        &[
            "name.full=Vivian Stone",
            "name.given=Vivian",
            "name.family=Stone",
            "name.nick=Viv",
            "birth.date=1970-04-05",
            "language.preferred=en",
            "phone.mobile=+442079460958",
            "phone.home=+15555555555",
            "email.work=viv@example.com",
            "address.home.street=54321 Oak St",
            "address.home.locality=Reston",
            "address.home.region=VA",
            "address.home.postalCode=20190",
            "address.home.country=US",
            "organization.name=ABC, Inc.",
            "organization.unit=Garden",
            "organization.title=Botanist",
        ],
        &["x.vcard.UID=urn:uuid:22B2C7DF-9120-4969-8460-05956FE6B065"],
        &["PHOTO"],
    );
}

#[test]
fn a_number_without_country_code_is_kept_and_says_what_to_do() {
    let import = read(b"BEGIN:VCARD\nVERSION:3.0\nTEL;TYPE=HOME:030 901820\nEND:VCARD\n", None);
    check(&import, &[], &["x.vcard.TEL.HOME=030 901820"], &["TEL;TYPE=HOME"]);
    assert!(import.skipped[0].reason.contains("--country"));
    assert!(!format!("{import:?}").contains("901820"), "{import:?}");
}

#[test]
fn quoted_printable_charsets_and_byte_order_marks_are_read() {
    let old = "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;Zo=EB\r\n\
               ORG;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Blumen =C3=A4=\r\n=C3=B6\r\nEND:VCARD\r\n";
    let import = read(old.as_bytes(), None);
    assert_eq!(value(&import, "name.family"), Some("Müller"));
    assert_eq!(value(&import, "name.given"), Some("Zoë"));
    assert_eq!(value(&import, "organization.name"), Some("Blumen äö"));

    let latin = b"BEGIN:VCARD\nVERSION:3.0\nFN:Zo\xeb \x80\nEND:VCARD\n";
    let import = read(latin, None);
    assert_eq!(value(&import, "name.full"), Some("Zoë €"));
    assert!(import.skipped[0].reason.contains("Windows-1252"));

    let text = "BEGIN:VCARD\nVERSION:3.0\nFN:Zoë\nEND:VCARD\n";
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let utf8: Vec<u8> = [0xef, 0xbb, 0xbf].into_iter().chain(text.bytes()).collect();
    for bytes in [utf16, utf8] {
        assert_eq!(value(&read(&bytes, None), "name.full"), Some("Zoë"));
    }
}

#[test]
fn dates_in_every_form_in_use() {
    for (version, property, expected) in [
        ("2.1", "BDAY:19800322", "1980-03-22"),
        ("3.0", "BDAY;VALUE=date:1980-03-22", "1980-03-22"),
        ("3.0", "BDAY:1980-03-22T00:00:00Z", "1980-03-22"),
        ("4.0", "BDAY:1980-03-22", "1980-03-22"),
        ("4.0", "item1.BDAY:19800322", "1980-03-22"),
        ("4.0", "BDAY;VALUE=date-and-or-time:--0322", "--03-22"),
        ("3.0", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-03-22", "--03-22"),
    ] {
        let card = format!("BEGIN:VCARD\nVERSION:{version}\n{property}\nEND:VCARD\n");
        assert_eq!(value(&read(card.as_bytes(), None), "birth.date"), Some(expected), "{property}");
    }
}

#[test]
fn no_picture_and_no_other_file_is_imported_from_any_format() {
    let data = "/9j/4AAQSkZJRg==";
    for property in [
        format!("PHOTO;ENCODING=b;TYPE=JPEG:{data}"),
        format!("PHOTO;BASE64:\n  {data}\n"),
        format!("PHOTO;ENCODING=BASE64;JPEG:{data}\n\n"),
        format!("PHOTO:data:image/jpeg;base64\\,{data}"),
        format!("LOGO;VALUE=uri:data:image/jpeg;base64,{data}"),
        format!("KEY;ENCODING=b:{data}"),
        "PHOTO;VALUE=uri:https://example.org/jo.jpg".to_owned(),
    ] {
        let card = format!("BEGIN:VCARD\nVERSION:3.0\nFN:Jo\n{property}\nEND:VCARD\n");
        let import = read(card.as_bytes(), None);
        check(&import, &["name.full=Jo"], &[], &[property.split([';', ':']).next().unwrap()]);
    }
}

#[test]
fn what_is_no_single_whole_card_is_refused_with_what_to_do() {
    let two = b"BEGIN:VCARD\nFN:A\nEND:VCARD\nBEGIN:VCARD\nFN:B\nEND:VCARD\n";
    assert_eq!(try_read(two, None, None), Err(ImportError::SeveralCards { count: 2 }));
    assert_eq!(value(&try_read(two, None, Some(2)).unwrap(), "name.full"), Some("B"));
    assert_eq!(try_read(two, None, Some(3)), Err(ImportError::NoSuchCard { got: 3, count: 2 }));
    assert_eq!(try_read(two, None, Some(0)), Err(ImportError::NoSuchCard { got: 0, count: 2 }));

    let cut = b"\n\nBEGIN:VCARD\nVERSION:3.0\nFN:Jo\nEND:VCA";
    assert_eq!(try_read(cut, None, None), Err(ImportError::Truncated { line: 3 }));
    let twice = b"BEGIN:VCARD\nFN:A\nBEGIN:VCARD\nFN:B\nEND:VCARD\n";
    assert_eq!(try_read(twice, None, None), Err(ImportError::Truncated { line: 1 }));

    for none in [
        &b""[..],
        b"hello",
        b"%PDF-1.7",
        b"{}",
        b"[]",
        b"[1]",
        b"BEGIN:VCALENDAR\nEND:VCALENDAR\n",
        b"[\"vcard\"]",
    ] {
        assert_eq!(try_read(none, None, None), Err(ImportError::NotACard), "{none:?}");
    }
    assert_eq!(try_read(b"{\n\"@type\": \"Card\",", None, None), Err(ImportError::Json { line: 2 }));
    let large = vec![b' '; CARD_BYTES_MAX + 1];
    assert_eq!(try_read(&large, None, None), Err(ImportError::TooLarge { got: CARD_BYTES_MAX + 1 }));
    assert_eq!(try_read(GOOGLE, Some("Germany"), None), Err(ImportError::Country));
    let many = format!("BEGIN:VCARD\n{}END:VCARD\n", "X-A:b\n".repeat(10_001));
    assert_eq!(try_read(many.as_bytes(), None, None), Err(ImportError::TooManyProperties { got: 10_001 }));
}

#[test]
fn several_jcards_and_jscontact_cards_in_one_file_are_counted_too() {
    let one = std::str::from_utf8(JCARD).unwrap();
    let other = std::str::from_utf8(JSCONTACT).unwrap();
    let both = format!("[{one},{other}]");
    assert_eq!(try_read(both.as_bytes(), None, None), Err(ImportError::SeveralCards { count: 2 }));
    assert_eq!(try_read(both.as_bytes(), None, Some(1)), try_read(JCARD, None, None));
    assert_eq!(try_read(both.as_bytes(), None, Some(2)), try_read(JSCONTACT, None, None));
}

#[test]
fn kept_properties_go_back_to_where_they_came_from() {
    let kept = |path: &str, value: &str| (Path::parse(path).unwrap(), value.to_owned());
    let fields = [
        kept("x.vcard.CATEGORIES", "friends,starred"),
        kept("x.vcard.NOTE", "two\nlines; with, marks"),
        kept("x.vcard.TEL.HOME_VOICE", "030 901820"),
        kept("x.vcard.TEL.HOME_VOICE.2", "030 901821"),
        kept("x.vcard.X-ABLABEL", "Gartenhaus"),
        kept("x.my_own.thing", "1;2"),
    ];
    let card = export_vcard(&fields);
    assert!(card.contains("\r\nNOTE:two\\nlines\\; with\\, marks\r\n"), "{card}");
    assert!(card.contains("\r\nTEL;TYPE=HOME,VOICE:030 901821\r\n"), "{card}");
    assert!(card.contains("\r\nCATEGORIES:friends,starred\r\n"), "{card}");
    let import = read(card.as_bytes(), None);
    let mut got: Vec<(Path, String)> = import.kept.into_iter().map(|it| (it.path, it.value)).collect();
    let mut expected = fields.to_vec();
    got.sort();
    expected.sort();
    assert_eq!(got, expected);
}

#[test]
fn an_exported_vcard_is_one_that_others_read() {
    let field = |path: &str, value: &str| (Path::parse(path).unwrap(), value.to_owned());
    let card = export_vcard(&[
        field("name.given", "Zoë"),
        field("name.family", "Müller"),
        field("address.delivery.street", "Lindenstraße 5"),
        field("address.delivery.country", "DE"),
        field("phone.workMobile", "+491701234567"),
        field("birth.date", "--02-29"),
        field("gender.sex", "female"),
    ]);
    for line in [
        "BEGIN:VCARD",
        "VERSION:4.0",
        "FN;DERIVED=TRUE:Zoë Müller",
        "N:Müller;Zoë;;;",
        "ADR;TYPE=DELIVERY;CC=DE:;;Lindenstraße 5;;;;Germany",
        "TEL;TYPE=CELL,WORK:+491701234567",
        "BDAY:--0229",
        "GENDER:F",
        "END:VCARD",
    ] {
        assert!(card.split("\r\n").any(|it| it == line), "{line} is not in\n{card}");
    }
    assert!(!export_vcard(&[field("x.a", "b\r\nEND:VCARD\u{0}")]).contains("\nEND:VCARD\u{0}"));
}

/// The folder of cards that other programs wrote, where there is one.
fn foreign() -> Option<PathBuf> {
    let named = std::env::var_os("FREEHOLD_FOREIGN_VECTORS").map(PathBuf::from);
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors"));
    Some(named.unwrap_or_else(beside).join("vcards")).filter(|folder| folder.is_dir())
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that had nothing to read says so")]
fn cards_that_other_programs_wrote() {
    let Some(folder) = foreign() else {
        eprintln!("skipped: no foreign cards; set FREEHOLD_FOREIGN_VECTORS to their folder");
        return;
    };
    let card = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let has = |import: &Import, expected: &[(&str, &str)]| {
        for (path, text) in expected {
            assert_eq!(value(import, path), Some(*text), "{path}");
        }
        assert!(import.fields.iter().all(|field| !field.value.contains("/9j/")));
        assert!(import.kept.iter().all(|field| !field.value.contains("/9j/")));
    };

    let android = card("John_Doe_ANDROID.vcf");
    assert_eq!(try_read(&android, None, None), Err(ImportError::SeveralCards { count: 6 }));
    let fourth = try_read(&android, Some("ES"), Some(4)).unwrap();
    has(
        &fourth,
        &[
            ("x.vcard.TEL.CELL", "123456"),
            ("x.vcard.TEL.CELL.2", "3456789"),
            ("x.vcard.CATEGORIES", "My Contacts"),
        ],
    );
    let fifth = try_read(&android, None, Some(5)).unwrap();
    has(&fifth, &[("email.work", "bob@company.com"), ("web.home", "http://www.company.com")]);
    assert!(fifth.skipped.iter().any(|it| it.what == "PHOTO"));
    assert!(try_read(&android, None, Some(6)).is_ok());

    let gmail = read(&card("John_Doe_GMAIL.vcf"), Some("CA"));
    has(
        &gmail,
        &[
            ("name.additional", "Richter, James"),
            ("name.phoneticGiven", "Jon"),
            ("phone.mobile", "+19055551234"),
            ("email.personal", "john.doe@ibm.com"),
            ("birth.date", "1980-03-22"),
            ("web.work", "http://www.ibm.com"),
            ("family.anniversary", "1975-03-01"),
            ("family.spouse", "Jenny"),
        ],
    );
    let mac = read(&card("John_Doe_MAC_ADDRESS_BOOK.vcf"), Some("US"));
    has(
        &mac,
        &[
            ("phone.faxHome", "+19058881234"),
            ("phone.faxWork", "+19059991234"),
            ("phone.pager", "+19051111234"),
            ("address.work.street", "Street4\nBuilding 6\nFloor 8"),
            ("address.work.country", "US"),
            ("organization.unit", "Accounting"),
            ("family.spouse", "Jenny"),
            ("web.home", "http://www.ibm.com"),
        ],
    );
    let outlook = read(&card("John_Doe_MS_OUTLOOK.vcf"), Some("US"));
    has(
        &outlook,
        &[
            ("birth.date", "1980-03-22"),
            ("family.anniversary", "2011-01-13"),
            ("address.home.street", "Silicon Alley 5"),
            ("address.work.locality", "Albaney"),
            ("organization.role", "Counting Money"),
            ("x.vcard.LABEL.HOME", "Silicon Alley 5,\nNew York, New York  12345"),
        ],
    );
    assert_eq!(mac.skipped.len() + outlook.skipped.len(), 2);
    let rfc6350 = read(&card("rfc6350-example.vcf"), None);
    has(
        &rfc6350,
        &[
            ("birth.date", "--02-03"),
            ("family.anniversary", "2009-08-08"),
            ("language.second", "en"),
            ("phone.work", "+14186569254"),
            ("phone.workMobile", "+14182626501"),
            ("address.work.extra", "Suite D2-630"),
            ("x.vcard.TZ", "-0500"),
        ],
    );
}
