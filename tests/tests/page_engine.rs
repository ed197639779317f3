//! What a person's engine offers a page: a screenful at a time, what needs the person, one relationship as a whole, what happens,
//! settings and backups that are made by themselves.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::BTreeSet;
use std::time::Duration;

use freehold_mailbox::Linked;
use freehold_person::view::{
    AttentionView, AuditAsk, AuditCountsAsk, BackupScheduleView, FieldsAsk, SettingsView,
};
use freehold_person::{Happening, Person, PersonError, What};
use freehold_protocol::family::Families;
use freehold_tests::engines::{EngineHome, addresses, meet, until};
use tokio::sync::broadcast::Receiver;

const NUMBER: &str = "+491701234567";

fn plain() -> Families<Linked> {
    Families::new()
}

async fn set(person: &Person, fields: &[(&str, Option<&str>)]) {
    let changes = fields.iter().map(|(path, value)| ((*path).to_owned(), value.map(str::to_owned)));
    person.set(changes.collect(), "test").await.unwrap();
}

/// Listens until each of these was told. Gives all that was told until then.
async fn told(listener: &mut Receiver<Happening>, wanted: &[What]) -> BTreeSet<String> {
    let mut missing: Vec<String> = wanted.iter().map(|what| format!("{what:?}")).collect();
    let mut told = BTreeSet::new();
    while !missing.is_empty() {
        let heard = tokio::time::timeout(Duration::from_secs(30), listener.recv()).await;
        let happening = heard.unwrap_or_else(|_| panic!("{missing:?} of {told:?}")).unwrap();
        let what = format!("{:?}", happening.what);
        missing.retain(|it| *it != what);
        told.insert(what);
    }
    told
}

/// 1. Values are set, changed, unset. 2. They are read by facet and by page; a value is checked without being written. 3. An
///    earlier one comes back as a new version; what was erased does not.
#[tokio::test]
async fn a_page_reads_checks_and_undoes() {
    let home = EngineHome::new();
    let person = home.person(plain).await;
    let mut listener = person.watch();
    set(&person, &[("phone.mobile", Some(NUMBER)), ("x.note", Some("one")), ("x.other", Some("two"))]).await;
    assert_eq!(listener.recv().await.unwrap(), Happening { what: What::Fields, relationship: None });
    let facets: Vec<(String, u64)> =
        person.facets().unwrap().into_iter().map(|it| (it.facet, it.fields)).collect();
    assert_eq!(facets, [("phone".to_owned(), 1), ("x".to_owned(), 2)]);
    assert_eq!(person.info().unwrap().fields, 3);
    let page = |after: Option<String>| person.fields(&FieldsAsk { prefix: None, after, limit: 2 }).unwrap();
    let first = page(None);
    assert_eq!(
        first.fields.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(),
        ["phone.mobile", "x.note"]
    );
    assert_eq!(
        first.fields[0].label.as_deref(),
        person.check("phone.mobile", NUMBER).unwrap().label.as_deref()
    );
    assert_eq!(first.next.as_deref(), Some("x.note"));
    let second = page(first.next);
    assert_eq!((second.fields.len(), second.next), (1, None));

    assert_eq!(person.check("phone.mobile", "+49 170 1234567").unwrap().value, NUMBER);
    assert!(matches!(person.check("phone.mobile", "twelve"), Err(PersonError::Field(_))));
    assert_eq!(person.history("phone.mobile").unwrap().len(), 1);

    set(&person, &[("x.note", Some("changed"))]).await;
    set(&person, &[("x.note", None)]).await;
    let undone = person.undo("x.note", 1).await.unwrap();
    assert_eq!(undone.paths, ["x.note"]);
    let versions: Vec<(u64, Option<String>, String)> =
        person.history("x.note").unwrap().into_iter().map(|it| (it.version, it.value, it.source)).collect();
    assert_eq!(versions[0], (4, Some("one".into()), "undo".into()));
    assert!(person.undo("x.note", 4).await.unwrap().change.is_empty(), "it has that value");
    person.erase(vec!["x.note".into()]).await.unwrap();
    let missing = person.undo("x.note", 1).await.unwrap_err();
    assert_eq!((missing.code(), missing.to_string().contains("no version 1")), ("not-found", true));
    person.stop().await;
}

/// 1. A person meets a vendor: the request needs them. 2. They agree: who sees what is shown, and each thing that happened was
///    told. 3. They revoke while the vendor is off: it is silent. 4. It is back and answers. The story has all of it.
#[tokio::test]
async fn what_needs_the_person_and_the_story_of_a_relationship() {
    let (home, hub_home) = (EngineHome::new(), EngineHome::new());
    let person = home.person(plain).await;
    let hub = hub_home.hub(plain, None).await;
    set(&person, &[("phone.mobile", Some(NUMBER))]).await;
    let mut listener = person.watch();
    let request = meet(&person, &hub).await;
    let attention = person.attention().unwrap();
    assert_eq!(attention.requests.iter().map(|it| &it.id).collect::<Vec<_>>(), [&request.id]);
    assert_eq!(attention.requests[0].fields[0].given, None);
    told(&mut listener, &[What::Requests, What::Relationships, What::Audit, What::Delivery]).await;

    let mut listener = person.watch();
    let grant = person.approve(&request.id, None, None).await.unwrap();
    let id = person.relationships().unwrap()[0].id.clone();
    let applied = || {
        let lines = person.status(None).unwrap().vendors.into_iter().flat_map(|it| it.lines);
        lines.into_iter().any(|line| line.stored_at.is_some()).then_some(())
    };
    until("the value is on the vendor's disk", applied).await;
    let agreed = told(&mut listener, &[What::Requests, What::Grants, What::Delivery, What::Audit]).await;
    assert!(!agreed.contains("Fields"));
    let sharing = person.sharing(&["phone.mobile".into(), "email.personal".into()]).unwrap();
    assert_eq!(sharing[0].with.len(), 1);
    assert_eq!((&sharing[0].with[0].grant, &sharing[0].with[0].vendor_name), (&grant.id, &"Acme".to_owned()));
    assert_eq!(sharing[0].with[0].purposes, grant.purposes["phone.mobile"]);
    assert!(sharing[1].with.is_empty());
    let detail = person.relationship(&id).unwrap();
    assert_eq!((detail.vendor_name.as_str(), detail.checked.method.as_str()), ("Acme", "did:key"));
    assert_eq!(detail.requests[0].fields[0].given, Some(true));
    assert_eq!((detail.grants.len(), detail.kept, detail.held_back), (1, 0, None));
    assert!(detail.connected && detail.last_connected.is_some());
    assert!(person.attention().unwrap().requests.is_empty());

    let listen = addresses(&hub);
    hub.stop().await;
    let revoked = person.revoke(&grant.id, None).await.unwrap();
    assert!(person.sharing(&["phone.mobile".into()]).unwrap()[0].with.is_empty());
    home.pass(Duration::from_secs(3_600));
    let silent = person.attention().unwrap().silent;
    assert_eq!(silent.iter().map(|it| &it.revocation).collect::<Vec<_>>(), [&revoked.revocation]);
    assert!(silent[0].silent_for_secs >= 3_600 && silent[0].paths == ["phone.mobile"]);
    let unreached = || {
        let failed = person.attention().unwrap().failed;
        failed.into_iter().find(|it| it.state == "unreached" && it.relationship == id)
    };
    assert!(until("the failure is noted", unreached).await.detail.is_some());

    let hub = hub_home.hub(plain, Some(listen)).await;
    let answered = || person.attention().unwrap().silent.is_empty().then_some(());
    until("the vendor answers", answered).await;
    let events = |page: Vec<freehold_person::view::TimelineView>| -> Vec<String> {
        page.into_iter().map(|step| step.entry.event).collect()
    };
    let story = person.timeline(&id, None, 100).unwrap();
    assert_eq!(story[0].entry.event, "erased");
    assert_eq!(
        (&story[0].revocation, &story[1].revocation),
        (&Some(revoked.revocation.clone()), &Some(revoked.revocation))
    );
    assert!(story[0].erasure.as_ref().is_some_and(|lines| lines[0].path == "phone.mobile"));
    assert_eq!(events(story.clone()), ["erased", "revoked", "released", "granted", "requested"]);
    let rest = person.timeline(&id, Some(story[1].entry.n), 2).unwrap();
    assert_eq!(events(rest), ["released", "granted"]);

    let found = |ask: AuditAsk| -> Vec<String> {
        person.find_audit(&ask).unwrap().entries.into_iter().map(|it| it.event).collect()
    };
    let ask = AuditAsk { vendor: Some(id.clone()), event: Some("released".into()), ..AuditAsk::default() };
    assert_eq!(found(ask.clone()), ["released"]);
    assert!(found(AuditAsk { path: Some("x.other".into()), ..ask.clone() }).is_empty());
    assert!(found(AuditAsk { until: Some("2020-01-31".into()), ..ask }).is_empty());
    let counts = person.audit_counts(&AuditCountsAsk::default()).unwrap();
    assert_eq!((counts.len(), counts[0].event.as_str(), counts[0].count), (1, "released", 1));
    assert_eq!((counts[0].vendor_name.as_str(), counts[0].day.len()), ("Acme", 10));
    person.stop().await;
    hub.stop().await;
}

/// A person says no, and why; a reason that cannot be sent is refused, and the request stays open.
#[tokio::test]
async fn the_vendor_is_told_why_a_request_was_declined() {
    let (home, hub_home) = (EngineHome::new(), EngineHome::new());
    let person = home.person(plain).await;
    let hub = hub_home.hub(plain, None).await;
    let request = meet(&person, &hub).await;
    let long = "r".repeat(1_025);
    for bad in ["two\nlines", &long] {
        assert!(matches!(person.decline(&request.id, Some(bad)).await, Err(PersonError::Reason)), "{bad:?}");
    }
    let declined = person.decline(&request.id, Some(" I am moving abroad ")).await.unwrap();
    assert_eq!((declined.state.as_str(), declined.fields[0].given), ("declined", Some(false)));
    let told = || {
        let events = hub.events(0, 100).into_iter().map(|event| event.cloudevent);
        { events }.find(|event| event["type"] == "dev.freehold.decline")
    };
    let event = until("the vendor hears of it", told).await;
    assert_eq!(event["data"]["reason"], "I am moving abroad");
    person.stop().await;
    hub.stop().await;
}

/// 1. A schedule is chosen: the first backup is made at once. 2. Something changes; time passes: the next one is made. 3. The
///    folder is taken away: the failure needs the person, and is over when a backup is made again.
#[tokio::test]
async fn backups_are_made_by_themselves_and_a_failure_is_told() {
    let (home, elsewhere) = (EngineHome::new(), tempfile::tempdir().unwrap());
    let dir = elsewhere.path().join("backup");
    let person = home.person(plain).await;
    set(&person, &[("x.note", Some("one"))]).await;
    let before = person.attention().unwrap();
    assert_eq!((before.backup_age_secs, before.changes_since_backup), (None, true));
    assert_eq!(person.settings().unwrap(), SettingsView::default());
    let schedule = |dir: &std::path::Path| SettingsView {
        name: Some("home".into()),
        language: Some("de".into()),
        appearance: "dark".into(),
        words_confirmed: true,
        backup: Some(BackupScheduleView {
            dir: dir.display().to_string(),
            every_hours: 24,
            recipients: Vec::new(),
        }),
    };
    let chosen = schedule(&dir);
    person.set_settings(chosen.clone()).await.unwrap();
    assert_eq!(person.settings().unwrap(), chosen);
    let made = until("the first backup is made", || person.last_backup()).await;
    assert_eq!((made.number, made.dir.as_str()), (0, dir.display().to_string().as_str()));
    let is_quiet =
        |it: &AttentionView| it.backup_age_secs.is_some_and(|age| age < 60) && !it.changes_since_backup;
    assert!(is_quiet(&person.attention().unwrap()));

    home.pass(Duration::from_secs(60));
    set(&person, &[("x.note", Some("two"))]).await;
    assert!(person.attention().unwrap().changes_since_backup);
    home.pass(Duration::from_secs(24 * 60 * 60));
    // The task looks at the clock when the settings are written.
    person.set_settings(chosen.clone()).await.unwrap();
    until("the next backup is made", || person.last_backup().filter(|last| last.number == 1)).await;

    let file = elsewhere.path().join("no folder");
    std::fs::write(&file, "a file").unwrap();
    person.set_settings(schedule(&file)).await.unwrap();
    let failed = until("the failure is told", || person.attention().unwrap().last_backup_error).await;
    assert!(failed.contains("no folder"), "{failed}");
    person.set_settings(chosen).await.unwrap();
    until("it is over", || person.attention().unwrap().last_backup_error.is_none().then_some(())).await;
    person.stop().await;
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_and_tokens_are_known_by_their_digest() {
    let home = EngineHome::new();
    let person = home.person(plain).await;
    let backup = |dir: &str, every_hours, recipients: &[&str]| {
        let recipients = recipients.iter().map(|it| (*it).to_owned()).collect();
        Some(BackupScheduleView { dir: dir.into(), every_hours, recipients })
    };
    let good = SettingsView::default;
    for bad in [
        SettingsView { name: Some(String::new()), ..good() },
        SettingsView { name: Some("n".repeat(65)), ..good() },
        SettingsView { language: Some("fr".into()), ..good() },
        SettingsView { appearance: "pink".into(), ..good() },
        SettingsView { backup: backup("relative", 24, &[]), ..good() },
        SettingsView { backup: backup("/tmp/backup", 0, &[]), ..good() },
        SettingsView { backup: backup("/tmp/backup", 24, &["age1wrong"]), ..good() },
    ] {
        assert!(person.set_settings(bad.clone()).await.is_err(), "{bad:?}");
    }
    assert_eq!(person.settings().unwrap(), good());

    let mut listener = person.watch();
    let added = person.add_token("script", [7; 32], vec!["fields:read".into()], None).await.unwrap();
    assert_eq!(told(&mut listener, &[What::Settings]).await, BTreeSet::from(["Settings".to_owned()]));
    assert_eq!(person.token(&[7; 32]).unwrap(), Some(added.clone()));
    assert_eq!(person.tokens().unwrap(), [added]);
    let again = person.add_token("script", [8; 32], vec!["fields:read".into()], None).await.unwrap_err();
    assert_eq!(again.code(), "not-possible-now");
    person.remove_token("script").await.unwrap();
    assert!(matches!(person.remove_token("script").await, Err(PersonError::NoToken)));
    assert_eq!(person.token(&[7; 32]).unwrap(), None);
    person.stop().await;
}
