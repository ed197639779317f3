//! The person's data: fields by facet, and the form in which those that belong together are changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use freehold_person::view::{FieldView, FieldsAsk, SharingView};
use freehold_protocol::vocabulary::{Field, ValueType, Vocabulary, countries};
use maud::{Markup, html};
use serde_json::json;

use crate::Page;
use crate::frame::{Place, shown, told, trouble};
use crate::pages::{OrShown as _, Shown, Unshown, refused};
use crate::refusal::{Refusal, sentence};
use crate::say::{company, further, list};
use crate::sign_in::form_token;
use crate::tongue::Tongue;
use crate::visit::{Asked, Sent, Visit, escaped};

/// Fields on one page.
const SHOWN: usize = 200;

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new()
        .route("/data", get(all))
        .route("/data/of/{facet}", get(facet))
        .route("/data/edit/{group}", get(edit))
        .route("/data/check", post(check))
}

async fn all(visit: Visit, asked: Asked) -> Shown {
    listed(&visit, &asked, None)
}

async fn facet(visit: Visit, asked: Asked, Path(facet): Path<String>) -> Shown {
    listed(&visit, &asked, Some(facet))
}

fn listed(visit: &Visit, asked: &Asked, facet: Option<String>) -> Shown {
    let t = visit.tongue();
    let facets = visit.person.facets().or_shown(&visit.look)?;
    let ask =
        FieldsAsk { prefix: facet.clone(), after: asked.some("after").map(str::to_owned), limit: SHOWN };
    let page = visit.person.fields(&ask).or_shown(&visit.look)?;
    let paths: Vec<String> = page.fields.iter().map(|field| field.path.clone()).collect();
    let sharing = visit.person.sharing(&paths).or_shown(&visit.look)?;
    let here =
        facet.as_ref().map_or_else(|| "/data".to_owned(), |facet| format!("/data/of/{}", escaped(facet)));
    let next = page.next.as_deref().map(|after| asked.with(&here, "after", after));
    let mut groups: BTreeMap<&str, Vec<&FieldView>> = BTreeMap::new();
    for field in &page.fields {
        groups.entry(group_of(&field.path)).or_default().push(field);
    }
    let unused = unused_groups(&groups, facet.as_deref());
    let title = facet.as_deref().map_or_else(|| say!(t, "data"), |facet| t.facet(facet));
    let body = html! {
        h1 { (title) }
        p.lead { (say!(t, "data-lead")) }
        (told(visit, asked))
        nav.chips aria-label=(say!(t, "facets")) {
            a href="/data" aria-current=[facet.is_none().then_some("true")] { (say!(t, "all")) }
            @for one in &facets {
                a href={ "/data/of/" (escaped(&one.facet)) } aria-current=[(facet.as_ref() == Some(&one.facet)).then_some("true")] {
                    (t.facet(&one.facet)) " " span.count { (one.fields) }
                }
            }
        }
        div #fields data-live="fields grants" {
            @if groups.is_empty() { p.empty { (say!(t, "data-none")) } }
            @for (group, fields) in &groups { (card(t, group, fields, &sharing)) }
        }
        (further(t, ask.after.is_some().then_some(&*here), next.as_deref()))
        @if !unused.is_empty() && ask.after.is_none() {
            section.card aria-labelledby="add" {
                h2 #add { (say!(t, "data-add")) }
                ul.plain { @for group in unused { li { a href={ "/data/edit/" (escaped(group)) } { (group_name(t, group)) } } } }
            }
        }
        p { a.button.second href="/data/import" { (say!(t, "import")) } " "
            a.button.second href="/data/export.vcf" download { (say!(t, "export-vcard")) } " "
            a.button.second href="/data/export.json" download { (say!(t, "export-jscontact")) } }
    };
    Ok(shown(visit, &title, Place::Data, &body))
}

fn card(t: &Tongue, group: &str, fields: &[&FieldView], sharing: &[SharingView]) -> Markup {
    html! {
        section.card aria-label=(group_name(t, group)) {
            div.head {
                h2 { (group_name(t, group)) }
                a.button.second.small href={ "/data/edit/" (escaped(group)) } aria-label=(say!(t, "edit-what", what = group_name(t, group))) { (say!(t, "edit")) }
            }
            dl.fields {
                @for field in fields {
                    dt { a href={ "/data/field/" (escaped(&field.path)) } { (short_label(t, group, &field.path)) } }
                    dd {
                        span.value { (shown_value(t, &field.path, field.value.as_deref().unwrap_or_default())) }
                        (seen_by(t, &field.path, sharing))
                    }
                }
            }
        }
    }
}

/// Who can see a field, in a line.
pub(crate) fn seen_by(t: &Tongue, path: &str, sharing: &[SharingView]) -> Markup {
    let with = sharing.iter().find(|one| one.path == path).map_or(&[][..], |one| &one.with);
    let names: BTreeSet<&str> = with.iter().map(|one| company(&one.vendor_name, &one.vendor)).collect();
    html! {
        span.seen {
            @match names.len() {
                0 => (say!(t, "seen-by-nobody")),
                1..=3 => (say!(t, "seen-by", companies = list(&names))),
                count => (say!(t, "seen-by-many", count = count)),
            }
        }
    }
}

/// What belongs together: a facet, and of addresses each by itself.
pub(crate) fn group_of(path: &str) -> &str {
    let mut dots = path.match_indices('.').map(|(at, _)| at);
    let first = dots.next().unwrap_or(path.len());
    let second = dots.next();
    match second {
        Some(second) if &path[..first] == "address" => &path[..second],
        _ => &path[..first],
    }
}

/// What a group is called.
pub(crate) fn group_name(t: &Tongue, group: &str) -> String {
    t.find(&format!("group-{}", group.replace('.', "-")), None).unwrap_or_else(|| t.facet(group))
}

/// What a field is called where its group is named already: "Town" under "Home address".
fn short_label(t: &Tongue, group: &str, path: &str) -> String {
    let part =
        path.strip_prefix(group).and_then(|rest| rest.strip_prefix('.')).filter(|_| group.contains('.'));
    part.and_then(|part| t.find(&format!("part-{part}"), None)).unwrap_or_else(|| t.field(path))
}

/// Groups of the vocabulary that hold nothing yet.
fn unused_groups<'a>(used: &BTreeMap<&'a str, Vec<&'a FieldView>>, facet: Option<&str>) -> Vec<&'static str> {
    let mut groups: Vec<&'static str> = Vec::new();
    for field in Vocabulary::standard().fields() {
        let group = group_of(field.path.as_str());
        let fits = facet.is_none_or(|facet| group.split('.').next() == Some(facet));
        if fits && !used.contains_key(group) && !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

/// A value as a person reads it.
pub(crate) fn shown_value(t: &Tongue, path: &str, value: &str) -> Markup {
    let known = known(path);
    html! {
        @match known.map(|field| field.value_type) {
            Some(ValueType::Country) => span data-country=(value) { (freehold_protocol::vocabulary::country_name(value).unwrap_or(value)) },
            Some(ValueType::Boolean) => (t.word("boolean", value)),
            Some(ValueType::Enum) => (t.word(&format!("value-{}", path.replace('.', "-")), value)),
            Some(ValueType::Lines) => span.multi { (value) },
            _ => (value),
        }
    }
}

fn known(path: &str) -> Option<&'static Field> {
    let path = freehold_protocol::path::Path::parse(path).ok()?;
    Vocabulary::standard().field(&path)
}

/// Fields of a form, and what is wrong with them.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) values: BTreeMap<String, String>,
    pub(crate) wrong: BTreeMap<String, String>,
}

async fn edit(visit: Visit, Path(group): Path<String>) -> Shown {
    form(&visit, &group, &Draft::default(), None)
}

/// The form of a group.
pub(crate) fn form(visit: &Visit, group: &str, draft: &Draft, said: Option<&str>) -> Shown {
    let t = visit.tongue();
    let ask = FieldsAsk { prefix: Some(group.to_owned()), after: None, limit: SHOWN };
    let held = visit.person.fields(&ask).or_shown(&visit.look)?.fields;
    let held: BTreeMap<String, String> =
        held.into_iter().filter_map(|field| Some((field.path, field.value?))).collect();
    let mut paths: Vec<String> = Vocabulary::standard()
        .fields()
        .iter()
        .map(|field| field.path.as_str())
        .filter(|path| group_of(path) == group)
        .map(str::to_owned)
        .collect();
    for path in held.keys().chain(draft.values.keys()) {
        if group_of(path) == group && !paths.contains(path) {
            paths.push(path.clone());
        }
    }
    if paths.is_empty() {
        return Err(refused(visit, &Refusal::not_found()));
    }
    let sharing = visit.person.sharing(&paths).or_shown(&visit.look)?;
    let title = group_name(t, group);
    let body = html! {
        p.crumb { a href="/data" { "← " (say!(t, "data")) } }
        h1 { (title) }
        (trouble(said))
        form.card method="post" action="/changes/preview" data-checked="/data/check" {
            (form_token(&visit.session))
            input type="hidden" name="group" value=(group);
            @for path in &paths {
                @let value = draft.values.get(path).or_else(|| held.get(path)).map_or("", String::as_str);
                (input(t, group, path, value, draft.wrong.get(path).map(String::as_str), &sharing))
            }
            button type="submit" { (say!(t, "save")) }
            " " a.button.second href="/data" { (say!(t, "cancel")) }
            p.note { (say!(t, "save-note")) }
        }
    };
    Ok(shown(visit, &title, Place::Data, &body))
}

/// The control of a field.
pub(crate) fn input(
    t: &Tongue,
    group: &str,
    path: &str,
    value: &str,
    wrong: Option<&str>,
    sharing: &[SharingView],
) -> Markup {
    let id = format!("f-{}", path.replace('.', "-"));
    let (note, name) = (format!("{id}-note"), format!("value:{path}"));
    let field = known(path);
    let kind = field.map_or(ValueType::Text, |field| field.value_type);
    let complete = field.and_then(|field| field.names.html.as_deref()).unwrap_or("off");
    html! {
        div.field {
            label for=(id) { (short_label(t, group, path)) @if field.is_some_and(|field| field.sensitive) { " " span.tag.warn { (say!(t, "sensitive")) } } }
            @match kind {
                ValueType::Lines => textarea id=(id) name=(name) rows="3" maxlength="4096" autocomplete=(complete) aria-describedby=(note) data-path=(path) { (value) },
                ValueType::Country => select id=(id) name=(name) autocomplete=(complete) aria-describedby=(note) {
                    option value="" { "–" }
                    @for (code, english) in countries() { option value=(code) selected[code == value] data-country=(code) { (english) } }
                },
                ValueType::Boolean => select id=(id) name=(name) aria-describedby=(note) {
                    option value="" { "–" }
                    @for choice in ["true", "false"] { option value=(choice) selected[choice == value] { (t.word("boolean", choice)) } }
                },
                ValueType::Enum => select id=(id) name=(name) aria-describedby=(note) {
                    option value="" { "–" }
                    @for choice in field.map_or(&[][..], |field| &field.values) {
                        option value=(choice) selected[choice == value] { (t.word(&format!("value-{}", path.replace('.', "-")), choice)) }
                    }
                },
                kind => input id=(id) name=(name) type=(control(kind)) value=(value) maxlength="4096" autocomplete=(complete) placeholder=[hint(t, kind)] aria-describedby=(note) aria-invalid=[wrong.map(|_| "true")] data-path=(path);,
            }
            p.note id=(note) aria-live="polite" class=[wrong.map(|_| "wrong")] {
                @match wrong { Some(wrong) => (wrong), None => (seen_by(t, path, sharing)) }
            }
        }
    }
}

fn control(kind: ValueType) -> &'static str {
    match kind {
        ValueType::Phone => "tel",
        ValueType::Email => "email",
        ValueType::Date => "date",
        _ => "text",
    }
}

fn hint(t: &Tongue, kind: ValueType) -> Option<String> {
    match kind {
        ValueType::Phone => Some(say!(t, "hint-phone")),
        ValueType::PartialDate => Some(say!(t, "hint-date")),
        ValueType::Language => Some(say!(t, "hint-language")),
        ValueType::Timezone => Some(say!(t, "hint-timezone")),
        ValueType::Uri => Some(say!(t, "hint-uri")),
        _ => None,
    }
}

/// A value while it is typed: whether it would be taken, and as what.
async fn check(sent: Sent) -> Response {
    let (path, value) = (sent.fields.one("path"), sent.fields.one("value").trim());
    if value.is_empty() {
        return Json(json!({ "ok": true, "text": "" })).into_response();
    }
    let t = sent.visit.tongue();
    match sent.visit.person.check(path, value) {
        Ok(check) if check.value == value => Json(json!({ "ok": true, "text": "" })).into_response(),
        Ok(check) => {
            Json(json!({ "ok": true, "text": say!(t, "kept-as", value = check.value) })).into_response()
        }
        Err(error) => {
            let text = wrong_value(t, &error);
            (StatusCode::OK, Json(json!({ "ok": false, "text": text }))).into_response()
        }
    }
}

/// What is wrong with a value.
pub(crate) fn wrong_value(t: &Tongue, error: &freehold_person::PersonError) -> String {
    let said = sentence(&error.to_string());
    if t.tag == "en" { said } else { format!("{} {said}", say!(t, "value-not-taken")) }
}

/// A field and its new value; absent to empty it.
pub(crate) type Change = (String, Option<String>);

/// What of a form is different from what is held: the changes, or the form again with what is wrong.
pub(crate) fn changes(visit: &Visit, sent: &crate::visit::Fields) -> Result<(Vec<Change>, Draft), Unshown> {
    let (mut changes, mut draft) = (Vec::new(), Draft::default());
    for (path, given) in sent.under("value:") {
        let given = given.replace("\r\n", "\n");
        let given = given.trim();
        draft.values.insert(path.to_owned(), given.to_owned());
        let held =
            visit.person.get(Some(path), None, false).ok().and_then(|found| found.into_iter().next()?.value);
        if given.is_empty() {
            if held.is_some() {
                changes.push((path.to_owned(), None));
            }
            continue;
        }
        match visit.person.check(path, given) {
            Ok(check) if Some(&check.value) == held.as_ref() => {}
            Ok(check) => changes.push((path.to_owned(), Some(check.value))),
            Err(error) => {
                draft.wrong.insert(path.to_owned(), wrong_value(visit.tongue(), &error));
            }
        }
    }
    Ok((changes, draft))
}
