//! What a document must be, and what each kind must say.

use std::collections::BTreeSet;

use super::*;
use crate::data::tests::{grant, path, paths, person, request, vendor};
use crate::disclosure::Grant;
use crate::id::{ErasureId, GrantId, RevocationId};
use crate::intake::Revocation;
use crate::vocabulary::Vocabulary;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const LATER: Timestamp = Timestamp::from_millis(1_800_000_060_000);

/// A grant whose members were changed before its issuer signed it at a moment.
fn changed_at(change: impl FnOnce(&mut Map<String, Value>), at: Timestamp) -> Result<Grant, Code> {
    let mut map = grant(&["phone.mobile"], Some(LATER)).map();
    map.remove("proof");
    change(&mut map);
    let signed = proof::sign(map, &person(), &person().public().did(), at);
    Grant::read(crate::json::canonical(&Value::Object(signed)).as_bytes())
}

fn with(member: &str, value: Value) -> Result<Grant, Code> {
    changed_at(|map| drop(map.insert(member.to_owned(), value)), NOW)
}

#[test]
fn a_document_is_of_its_kind_in_its_context_by_its_issuer() {
    assert!(with("validFrom", json!(NOW.rfc3339())).is_ok());
    for kind in [
        json!(["VerifiableCredential", "FreeholdDataRequest"]),
        json!(["FreeholdGrant", "VerifiableCredential"]),
        json!(["VerifiableCredential"]),
        json!(["VerifiableCredential", "FreeholdGrant", "More"]),
    ] {
        assert_eq!(with("type", kind.clone()).err(), Some(Code::Malformed), "{kind}");
    }
    let contexts = json!(["https://www.w3.org/ns/credentials/v2"]);
    assert_eq!(with("@context", contexts).err(), Some(Code::Malformed));
    let issuer = json!(vendor().public().did());
    assert_eq!(with("issuer", issuer).err(), Some(Code::WrongSigner));
    assert_eq!(Grant::read(b"[]").err(), Some(Code::Malformed));
    let spaced = [b" ", grant(&["phone.mobile"], None).bytes()].concat();
    assert_eq!(Grant::read(&spaced).err(), Some(Code::NotCanonical));
}

#[test]
fn the_moments_of_a_document_are_whole_minutes_and_its_end_comes_after_its_beginning() {
    let between = |from: &str, until: &str| {
        let change = |map: &mut Map<String, Value>| {
            map.insert("validFrom".into(), json!(from));
            map.insert("validUntil".into(), json!(until));
        };
        changed_at(change, NOW).map(|document| (document.valid_from(), document.valid_until()))
    };
    let (from, until) = (NOW.rfc3339(), LATER.rfc3339());
    assert_eq!(between(&from, &until), Ok((NOW, Some(LATER))));
    assert_eq!(between(&from, &from), Err(Code::Malformed));
    assert_eq!(between(&until, &from), Err(Code::Malformed));
    let fine = Timestamp::from_millis(NOW.millis() + 1_000);
    assert_eq!(between(&fine.rfc3339(), &until), Err(Code::Malformed));
    assert_eq!(
        between(&from, &Timestamp::from_millis(LATER.millis() + 1_000).rfc3339()),
        Err(Code::Malformed)
    );
    assert!(changed_at(|_| {}, NOW).is_ok());
    assert_eq!(
        changed_at(|_| {}, fine).err(),
        Some(Code::Malformed),
        "when it was signed is told too finely"
    );
}

#[test]
fn a_document_holds_from_a_little_before_its_beginning_until_its_end() {
    let document = with("validFrom", json!(NOW.rfc3339())).unwrap();
    let skew = u64::try_from(CLOCK_SKEW_MAX.as_millis()).unwrap();
    let at = |millis: u64| document.check_time(Timestamp::from_millis(millis));
    assert_eq!(at(NOW.millis() - skew), Ok(()));
    assert_eq!(at(NOW.millis() - skew - 1), Err(Code::Malformed));
    assert_eq!(at(LATER.millis() - 1), Ok(()));
    assert_eq!(at(LATER.millis()), Err(Code::Expired));
}

#[test]
fn a_document_is_named_by_the_hash_of_its_exact_bytes() {
    let document = grant(&["phone.mobile"], None);
    let digest = DocumentDigest::of(document.bytes());
    let multihash = [&[0x12, 0x20], &Sha256::digest(document.bytes())[..]].concat();
    let text = multibase::encode(multibase::Base::Base64Url, multihash);
    assert_eq!(format!("{digest:?}"), text);
    assert_eq!(document.digest(), digest);
    assert_eq!(document.reference(), Reference { id: document.id().clone(), digest_multibase: digest });
    let length = document.bytes().len();
    let shown = format!("{document:?}");
    assert_eq!(shown, format!("FreeholdGrant({:?} by {}, {length} bytes)", document.id(), document.issuer()));
    assert_eq!(document.signer_key(), person().public());
}

#[test]
fn a_countersignature_is_put_on_once_and_taken_off_again() {
    let document = grant(&["phone.mobile"], None);
    let did = vendor().public().did();
    let both = document.countersign(&vendor(), &did, NOW).unwrap();
    assert_eq!(both.signers().len(), 2);
    assert_eq!(both.without_countersignature(), Ok(document.bytes().to_vec()));
    assert_eq!(document.without_countersignature(), Err(Code::ReceiptMismatch));
    assert_eq!(both.countersign(&vendor(), &did, NOW).err(), Some(Code::Malformed));
    // What is no second signature of two is not taken off.
    for count in [1, 3] {
        let mut map = both.map();
        map.insert("proof".into(), json!(vec![document.map()["proof"].clone(); count]));
        let other = Grant::recall(crate::json::canonical(&Value::Object(map)).as_bytes()).unwrap();
        assert_eq!(other.without_countersignature(), Err(Code::ReceiptMismatch), "{count} proofs");
    }
}

/// By a clock that tells its dates late, a document begins earlier by as much.
#[test]
fn a_document_holds_by_dates_that_are_told_late() {
    let document = with("validFrom", json!(NOW.rfc3339())).unwrap();
    let early = u64::try_from((CLOCK_SKEW_MAX + DATE_LAG_MAX).as_millis()).unwrap();
    let at = |millis: u64| document.check_time_told(Timestamp::from_millis(millis));
    assert_eq!(at(NOW.millis() - early), Ok(()));
    assert_eq!(at(NOW.millis() - early - 1), Err(Code::Malformed));
    assert_eq!(at(LATER.millis() - 1), Ok(()));
    assert_eq!(at(LATER.millis()), Err(Code::Expired));
}

#[test]
fn what_was_stored_is_recalled_as_it_was_read() {
    let document = grant(&["phone.mobile"], None);
    let both = document.countersign(&vendor(), &vendor().public().did(), NOW).unwrap();
    for stored in [document, both] {
        assert_eq!(Grant::recall(stored.bytes()), Ok(stored.clone()));
        assert_eq!(DataRequest::recall(stored.bytes()).err(), Some(Code::Malformed));
    }
    let asked = request(&["phone.mobile"]);
    assert_eq!(Grant::recall(asked.bytes()).err(), Some(Code::Malformed));
    let mut unsigned = asked.map();
    for proof in [json!([]), Value::Null] {
        unsigned.insert("proof".into(), proof);
        let bytes = crate::json::canonical(&Value::Object(unsigned.clone()));
        assert_eq!(DataRequest::recall(bytes.as_bytes()).err(), Some(Code::Malformed));
    }
    unsigned.remove("proof");
    let bytes = crate::json::canonical(&Value::Object(unsigned));
    assert_eq!(DataRequest::recall(bytes.as_bytes()).err(), Some(Code::Malformed));
}

/// A request that is so many bytes long: the names of recipients fill it up.
fn request_of(bytes: usize) -> Result<DataRequest, Code> {
    let with = |recipients: Vec<String>| {
        let subject = RequestSubject { recipients, ..request(&["phone.mobile"]).subject().clone() };
        let issue = Issue {
            id: request(&["phone.mobile"]).id().clone(),
            issuer: vendor().public().did(),
            valid_from: NOW,
            valid_until: None,
            subject,
        };
        Document::issue(issue, &vendor())
    };
    let mut recipients = vec![String::new(); 100];
    let mut left = bytes - with(recipients.clone()).unwrap().bytes().len();
    for recipient in &mut recipients {
        let filled = left.min(crate::limits::TEXT_BYTES_MAX);
        *recipient = "r".repeat(filled);
        left -= filled;
    }
    with(recipients)
}

/// What one side may sign leaves room for the countersignature of the other.
#[test]
fn a_document_has_so_many_bytes_at_most_with_one_signature_and_with_two() {
    let longest = request_of(SIGNED_BYTES_MAX).unwrap();
    assert_eq!(longest.bytes().len(), SIGNED_BYTES_MAX);
    assert_eq!(request_of(SIGNED_BYTES_MAX + 1).err(), Some(Code::TooLarge));
    let did = person().public().did();
    let both = longest.countersign(&person(), &did, NOW).unwrap();
    assert!(both.bytes().len() <= COUNTERSIGNED_BYTES_MAX);
    let blank = vec![b' '; COUNTERSIGNED_BYTES_MAX + 1];
    assert_eq!(DataRequest::read(&blank).err(), Some(Code::TooLarge));
    assert_eq!(DataRequest::read(&blank[1..]).err(), Some(Code::NotCanonical));
}

#[test]
fn a_list_of_paths_has_each_once_and_some_but_not_too_many() {
    let many: Vec<Path> = (0..=crate::limits::PATHS_MAX).map(|n| path(&format!("x.field.n{n}"))).collect();
    assert_eq!(unique_paths(many[1..].iter()), Ok(()));
    assert_eq!(unique_paths(many.iter()), Err(Code::Malformed));
    assert_eq!(unique_paths([].iter()), Err(Code::Malformed));
    assert_eq!(unique_paths([&many[0], &many[1], &many[0]].into_iter()), Err(Code::Malformed));
}

#[test]
fn a_text_that_is_shown_is_bounded_and_hides_nothing() {
    let longest = "a".repeat(crate::limits::TEXT_BYTES_MAX);
    assert!(text_ok("") && text_ok("two words") && text_ok(&longest));
    assert!(!text_ok(&format!("{longest}a")) && !text_ok("right\u{202e}left") && !text_ok("a\u{0}"));
}

/// What a vendor is told of a request that was changed.
fn reviewed(change: impl FnOnce(&mut RequestSubject)) -> Option<String> {
    let mut subject = request(&["phone.mobile", "email.personal"]).subject().clone();
    change(&mut subject);
    let told = subject.review().err().map(|error| error.to_string());
    assert_eq!(subject.check(), if told.is_some() { Err(Code::Malformed) } else { Ok(()) });
    told
}

fn check_review(change: impl FnOnce(&mut RequestSubject), begins: Option<&str>) {
    let told = reviewed(change);
    match begins {
        None => assert_eq!(told, None),
        Some(begins) => {
            assert!(told.as_ref().is_some_and(|told| told.starts_with(begins)), "{told:?}, not {begins}")
        }
    }
}

#[test]
fn a_request_that_a_person_could_not_judge_is_refused_with_its_flaw() {
    let long = "a".repeat(crate::limits::TEXT_BYTES_MAX + 1);
    check_review(|_| {}, None);
    check_review(|s| s.fields.clear(), Some("list between"));
    check_review(|s| s.fields[0].path = path("phone.unknown"), Some("field phone.unknown: the vocabulary"));
    check_review(|s| s.fields[0].path = path("x.any.thing"), None);
    check_review(|s| s.fields[0].purposes.clear(), Some("field phone.mobile: name at least"));
    let purpose = "https://example.org/other";
    check_review(|s| s.fields[1].purposes = [purpose.into()].into(), Some("field email.personal: purpose"));
    // The vocabulary's own short name of a purpose is not the IRI that is signed.
    check_review(
        |s| s.fields[0].purposes = ["serviceProvision".into()].into(),
        Some("field phone.mobile: purpose"),
    );
    for reason in ["", "  ", "a\u{202e}b", &long] {
        check_review(|s| s.fields[0].reason = reason.into(), Some("field phone.mobile: give a reason"));
        check_review(|s| s.name = reason.into(), Some("name:"));
        check_review(|s| s.title = reason.into(), Some("title:"));
    }
    check_review(|s| s.legal_basis = "contract".into(), Some("legal basis"));
    check_review(|s| s.legal_basis = "https://example.org/x".into(), Some("legal basis"));
    check_review(|s| s.retention.duration = "two years".into(), Some("retention"));
    check_review(|s| s.retention.after.clone_from(&long), Some("retention"));
    check_review(|s| s.recipients = vec!["one".into(), long.clone()], Some("recipients"));
    check_review(|s| s.recipients = vec!["one".into(); 100], None);
    check_review(|s| s.recipients = vec!["one".into(); 101], Some("at most 100"));
    for page in ["https://a.example/p", "http://a.example"] {
        check_review(|s| s.policy = Some(page.into()), None);
    }
    for page in ["", "https://", "http://", "ftp://a.example", "https://a.example/a b", "https://a\u{202e}b"]
    {
        check_review(|s| s.policy = Some(page.into()), Some("policy"));
    }
}

#[test]
fn a_retention_is_a_duration_in_whole_years_months_weeks_and_days() {
    for good in ["P2Y", "P6M", "P30D", "P2W", "P1Y2M3W4D", "P1Y4D", "P99999D"] {
        check_review(|s| s.retention.duration = good.into(), None);
    }
    for bad in [
        "", "P", "2Y", "P2", "PY", "P2Y3", "P100000D", "P1D2Y", "P1Y1Y", "PT1H", "p2y", "P2Y ", "P-2Y", "P2H",
    ] {
        check_review(|s| s.retention.duration = bad.into(), Some("retention"));
    }
}

#[test]
fn a_grant_answers_its_request_and_nothing_else() {
    let asked = request(&["phone.mobile", "email.personal"]);
    let answer = |optional: &[&str]| GrantSubject::answering(&asked, &paths(optional));
    let scope =
        |subject: &GrantSubject| subject.scope.iter().map(|s| s.path.clone()).collect::<BTreeSet<_>>();
    assert_eq!(scope(&answer(&[])), paths(&["phone.mobile"]), "what is required is in it");
    assert_eq!(scope(&answer(&["email.personal"])), paths(&["phone.mobile", "email.personal"]));
    assert_eq!(answer(&[]).matches(&asked), Ok(()));
    let changed = |change: fn(&mut GrantSubject)| {
        let mut subject = answer(&["email.personal"]);
        change(&mut subject);
        subject.matches(&asked)
    };
    assert_eq!(changed(|_| {}), Ok(()));
    for change in [
        (|s| s.id = person().public().did()) as fn(&mut GrantSubject),
        |s| s.request = request(&["phone.mobile"]).reference(),
        |s| s.legal_basis.push('x'),
        |s| s.mode = Mode::Once,
        |s| s.retention.duration = "P3Y".into(),
        |s| s.recipients.push("somebody".into()),
        |s| drop(s.scope.remove(0)),
        |s| s.scope[1].path = path("phone.home"),
        |s| s.scope[1].purposes.extend(["https://w3id.org/dpv#Marketing".to_owned()]),
    ] {
        assert_eq!(changed(change), Err(Code::GrantMismatch));
    }
    assert_eq!(changed(|s| drop(s.scope.pop())), Ok(()), "what is optional may be left out");
    assert_eq!(asked.subject().field(&path("phone.mobile")).map(|f| f.required), Some(true));
    assert_eq!(asked.subject().field(&path("phone.home")), None);
}

#[test]
fn a_grant_has_a_purpose_for_each_of_its_paths() {
    let mut subject = grant(&["phone.mobile", "email.personal"], None).subject().clone();
    assert_eq!(subject.check(), Ok(()));
    subject.scope[1].purposes.clear();
    assert_eq!(subject.check(), Err(Code::Malformed));
    subject.scope.clear();
    assert_eq!(subject.check(), Err(Code::Malformed));
}

#[test]
fn an_erasure_receipt_says_why_what_is_not_erased_is_kept() {
    let exception = Vocabulary::standard().erasure_exceptions()[0].iri.clone();
    let check = |result: ErasureResult, exception: Option<&str>, until: Option<&str>| {
        let line = ErasureLine {
            path: path("phone.mobile"),
            result,
            exception: exception.map(str::to_owned),
            until: until.map(str::to_owned),
        };
        let revocation = revocation(&["phone.mobile"]);
        let subject = ErasureSubject {
            id: person().public().did(),
            revocation: revocation.reference(),
            results: vec![line],
        };
        let issue = Issue {
            id: ErasureId::from_entropy([5; 16]),
            issuer: vendor().public().did(),
            valid_from: NOW,
            valid_until: None,
            subject,
        };
        Document::issue(issue, &vendor()).map(|_| ())
    };
    let end = NOW.rfc3339();
    assert_eq!(check(ErasureResult::Erased, None, None), Ok(()));
    assert_eq!(check(ErasureResult::Erased, Some(&exception), None), Err(Code::Malformed));
    for kept in [ErasureResult::Kept, ErasureResult::Restricted] {
        assert_eq!(check(kept, Some(&exception), Some(&end)), Ok(()));
        assert_eq!(check(kept, Some(&exception), None), Ok(()));
        assert_eq!(check(kept, None, Some(&end)), Err(Code::Malformed));
        assert_eq!(check(kept, Some("https://example.org/x"), None), Err(Code::Malformed));
        assert_eq!(check(kept, Some(&exception), Some("2027")), Err(Code::Malformed));
    }
}

fn revocation(names: &[&str]) -> Revocation {
    let subject = RevocationSubject {
        id: vendor().public().did(),
        grant: Reference {
            id: GrantId::from_entropy([2; 16]),
            digest_multibase: DocumentDigest::of(b"a grant"),
        },
        paths: paths(names).into_iter().collect(),
        whole: false,
        last_sequence: 1,
    };
    let issue = Issue {
        id: RevocationId::from_entropy([3; 16]),
        issuer: person().public().did(),
        valid_from: NOW,
        valid_until: None,
        subject,
    };
    Document::issue(issue, &person()).unwrap()
}

#[test]
fn a_revocation_names_each_of_its_paths_once() {
    let mut subject = revocation(&["phone.mobile"]).subject().clone();
    assert_eq!(subject.check(), Ok(()));
    subject.paths.push(path("phone.mobile"));
    assert_eq!(subject.check(), Err(Code::Malformed));
    subject.paths.clear();
    assert_eq!(subject.check(), Err(Code::Malformed));
}

#[test]
fn a_rotation_is_of_a_key_and_commits_to_the_next_in_one_spelling() {
    let commitment = [7; 32];
    let spelled = |base| multibase::encode(base, commitment);
    let subject =
        |id: Did, next_key: String| RotationSubject { id, next_key, vendor: vendor().public().did() };
    let own = person().public().did();
    let good = subject(own.clone(), spelled(multibase::Base::Base64Url));
    assert_eq!((good.check(), good.next_commitment()), (Ok(()), Some(commitment)));
    let web = Did::parse("did:web:example.com").unwrap();
    assert_eq!(subject(web, good.next_key.clone()).check(), Err(Code::Malformed));
    for other in [
        spelled(multibase::Base::Base58Btc),
        multibase::encode(multibase::Base::Base64Url, [7; 31]),
        format!("{}=", good.next_key),
        String::new(),
    ] {
        let bad = subject(own.clone(), other);
        assert_eq!((bad.check(), bad.next_commitment()), (Err(Code::Malformed), None), "{}", bad.next_key);
    }
}
