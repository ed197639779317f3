//! What happened: the log of everything that left, was asked, agreed and ended; filtered, pictured, checked, exported.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use freehold_person::view::{AuditAsk, AuditCountsAsk, AuditView};
use freehold_protocol::vocabulary::Vocabulary;
use maud::{Markup, html};

use crate::Page;
use crate::frame::{Place, shown};
use crate::pages::home::lines;
use crate::pages::{OrShown as _, Shown, picture};
use crate::say::{Names, days_ago, further};
use crate::tongue::Tongue;
use crate::visit::{Asked, Visit};

/// Lines on one page.
const SHOWN: usize = 100;

/// Lines read at once for a file.
const EXPORTED: usize = 10_000;

/// Days in the picture.
const DAYS: u64 = 30;

/// What can happen, as the log says it.
const EVENTS: [&str; 11] = [
    "requested",
    "declined",
    "granted",
    "released",
    "read",
    "denied",
    "revoked",
    "erased",
    "rotated",
    "message-sent",
    "message-received",
];

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new()
        .route("/activity", get(page))
        .route("/activity.csv", get(csv))
        .route("/activity.json", get(json))
}

fn ask(asked: &Asked, limit: usize) -> AuditAsk {
    let text = |name: &str| asked.some(name).map(str::to_owned);
    AuditAsk {
        vendor: text("company"),
        path: text("field"),
        purpose: text("purpose"),
        event: text("event"),
        since: text("since"),
        until: text("until"),
        before: asked.some("before").and_then(|before| before.parse().ok()),
        limit,
    }
}

async fn page(visit: Visit, asked: Asked) -> Shown {
    let t = visit.tongue();
    let ask = ask(&asked, SHOWN);
    let found = visit.person.find_audit(&ask).or_shown(&visit.look)?;
    let names = Names::of(&visit.person).or_shown(&visit.look)?;
    let since = days_ago(DAYS - 1).rfc3339();
    let counts = AuditCountsAsk { since: Some(since.clone()), until: None };
    let counts = visit.person.audit_counts(&counts).or_shown(&visit.look)?;
    let verdict =
        asked.some("verify").map(|_| visit.person.audit_verify()).transpose().or_shown(&visit.look)?;
    let next = found.next.map(|n| asked.with("/activity", "before", &n.to_string()));
    let title = say!(t, "activity");
    let body = html! {
        h1 { (title) }
        p.lead { (say!(t, "activity-lead")) }
        section.card #picture data-live="audit" { (picture::over_time(t, &names, &since, DAYS, &counts)) }
        (filters(t, &names, &asked))
        section.card #log data-live="audit" aria-label=(say!(t, "activity-log")) {
            @if found.entries.is_empty() { p.empty { (say!(t, "activity-none")) } }
            @else { (lines(t, &names, &found.entries)) }
        }
        (further(t, ask.before.is_some().then_some("/activity"), next.as_deref()))
        section.card {
            h2 { (say!(t, "activity-check")) }
            p { (say!(t, "activity-check-why")) }
            @if let Some(verdict) = &verdict {
                @match &verdict.broken {
                    None => p.told.good role="status" { (say!(t, "activity-whole", count = verdict.entries)) },
                    Some(broken) => p.told.bad role="alert" { (say!(t, "activity-broken")) " " (broken) },
                }
            }
            p {
                a.button.second href="/activity?verify=yes" { (say!(t, "activity-verify")) } " "
                a.button.second href=(asked.with("/activity.csv", "before", "")) download { "CSV" } " "
                a.button.second href=(asked.with("/activity.json", "before", "")) download { "JSON" }
            }
        }
    };
    Ok(shown(&visit, &title, Place::Activity, &body))
}

fn filters(t: &Tongue, names: &Names, asked: &Asked) -> Markup {
    let is = |name: &str, value: &str| asked.some(name) == Some(value);
    html! {
        form.card method="get" action="/activity" role="search" aria-label=(say!(t, "filter")) {
            div.row {
                div { label for="company" { (say!(t, "company")) }
                    select #company name="company" { option value="" { (say!(t, "all")) }
                        @for (did, name) in names.all() { option value=(did) selected[is("company", did)] { (name) } } } }
                div { label for="event" { (say!(t, "what-happened")) }
                    select #event name="event" { option value="" { (say!(t, "all")) }
                        @for event in EVENTS { option value=(event) selected[is("event", event)] { (t.word("did", event)) } } } }
                div { label for="field" { (say!(t, "field")) }
                    input #field name="field" list="fields" value=(asked.some("field").unwrap_or_default()) autocomplete="off" maxlength="256";
                    datalist #fields { @for field in Vocabulary::standard().fields() { option value=(field.path) { (t.field(field.path.as_str())) } } } }
                div { label for="purpose" { (say!(t, "purpose")) }
                    select #purpose name="purpose" { option value="" { (say!(t, "all")) }
                        @for purpose in Vocabulary::standard().purposes() { option value=(purpose.name) selected[is("purpose", &purpose.name)] { (t.purpose(&purpose.label)) } } } }
                div { label for="since" { (say!(t, "from-day")) } input #since name="since" type="date" value=(asked.some("since").unwrap_or_default()); }
                div { label for="until" { (say!(t, "to-day")) } input #until name="until" type="date" value=(asked.some("until").unwrap_or_default()); }
                button type="submit" { (say!(t, "filter")) }
            }
        }
    }
}

/// Every line that the filter lets through, oldest first.
fn exported(visit: &Visit, asked: &Asked) -> Result<Vec<AuditView>, crate::pages::Unshown> {
    let mut ask = ask(asked, EXPORTED);
    ask.before = None;
    let mut all = Vec::new();
    loop {
        let page = visit.person.find_audit(&ask).or_shown(&visit.look)?;
        all.extend(page.entries);
        match page.next {
            Some(next) => ask.before = Some(next),
            None => break,
        }
    }
    all.reverse();
    Ok(all)
}

async fn json(visit: Visit, asked: Asked) -> Shown {
    let all = exported(&visit, &asked)?;
    let text = serde_json::to_vec_pretty(&all).unwrap_or_default();
    Ok(file(text, "application/json", "activity.json"))
}

async fn csv(visit: Visit, asked: Asked) -> Shown {
    let all = exported(&visit, &asked)?;
    let names = Names::of(&visit.person).or_shown(&visit.look)?;
    let mut text = String::from("n,at,event,company,did,grant,fields,purpose,code,message\r\n");
    for entry in &all {
        let n = entry.n.to_string();
        let paths = entry.paths.join(" ");
        let cells = [
            n.as_str(),
            &entry.at,
            &entry.event,
            names.name(&entry.vendor),
            &entry.vendor,
            entry.grant.as_deref().unwrap_or_default(),
            &paths,
            entry.purpose.as_deref().unwrap_or_default(),
            entry.code.as_deref().unwrap_or_default(),
            entry.message.as_deref().unwrap_or_default(),
        ];
        text.push_str(&cells.map(cell).join(","));
        text.push_str("\r\n");
    }
    Ok(file(text.into_bytes(), "text/csv; charset=utf-8", "activity.csv"))
}

/// A cell (RFC 4180). What a spreadsheet would run as a formula is kept from that by a quote mark before it: names of
/// companies are theirs to choose.
fn cell(text: &str) -> String {
    let text =
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn file(bytes: Vec<u8>, kind: &'static str, name: &str) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    headers.extend(disposition.ok().map(|value| (header::CONTENT_DISPOSITION, value)));
    response
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_name_is_no_formula_and_no_second_cell() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("plain"), "plain");
    }
}
