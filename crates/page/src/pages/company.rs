//! One company: who they are and how that was checked, what they may see, what they asked for, what they did, and the end
//! of it.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use freehold_person::view::{
    GrantView, RelationshipDetailView, RequestView, ResumeView, RevocationView, TimelineView,
};
use maud::{Markup, html};

use crate::Page;
use crate::frame::{Place, shown, told};
use crate::pages::change::delivery;
use crate::pages::home::told_of;
use crate::pages::{OrShown as _, Shown, refused};
use crate::refusal::Refusal;
use crate::say::{Names, company, day, further, list, moment, short, state};
use crate::sign_in::form_token;
use crate::tongue::Tongue;
use crate::visit::{Asked, Sent, Visit, escaped};

/// Steps of the story on one page.
const STEPS: usize = 50;

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new()
        .route("/companies/{id}", get(page))
        .route("/companies/{id}/revoke", get(ask_revoke).post(revoke))
        .route("/companies/{id}/resume", post(resume))
        .route("/companies/{id}/rotate", post(rotate))
        .route("/companies/{id}/agreements/{grant}", get(agreement))
}

fn known(visit: &Visit, id: &str) -> Result<RelationshipDetailView, crate::pages::Unshown> {
    visit.person.relationship(id).or_shown(&visit.look)
}

async fn page(visit: Visit, asked: Asked, Path(id): Path<String>) -> Shown {
    let t = visit.tongue();
    let one = known(&visit, &id)?;
    let before = asked.some("before").and_then(|before| before.parse().ok());
    let timeline = visit.person.timeline(&one.id, before, STEPS).or_shown(&visit.look)?;
    let status = visit.person.status(None).or_shown(&visit.look)?;
    // What was stopped is told by receipts.
    let stands = |path: &String| one.grants.iter().any(|grant| grant.paths.contains(path));
    let of_company = status.vendors.into_iter().filter(|vendor| vendor.relationship == one.id);
    let lines: Vec<_> =
        of_company.flat_map(|vendor| vendor.lines).filter(|line| stands(&line.path)).collect();
    let names = Names::of(&visit.person).or_shown(&visit.look)?;
    let name = company(&one.vendor_name, &one.vendor).to_owned();
    let here = format!("/companies/{}", one.id);
    let next = (timeline.len() == STEPS).then(|| timeline.last().map(|step| step.entry.n)).flatten();
    let next = next.map(|n| asked.with(&here, "before", &n.to_string()));
    let body = html! {
        p.crumb { a href="/companies" { "← " (say!(t, "companies")) } }
        h1 { (name) }
        (told(&visit, &asked))
        div #company data-live="relationships grants requests delivery" {
            @if let Some(held) = &one.held_back { (held_back(&visit, &one, held)) }
            (who(t, &one))
            (sees(t, &one))
            @if !lines.is_empty() { section.card { h2 { (say!(t, "company-has")) } (delivery(t, &lines)) } }
            (asked_for(t, &one.requests))
            (ended(t, &one.grants))
        }
        section.card #timeline data-live="audit" aria-labelledby="story" {
            h2 #story { (say!(t, "company-story")) }
            (steps(t, &names, &timeline))
            (further(t, before.is_some().then_some(&*here), next.as_deref()))
        }
        section.card {
            h2 { (say!(t, "company-keys")) }
            p { (say!(t, "company-keys-why")) }
            dl { dt { (say!(t, "company-did")) } dd { code { (one.vendor) } } dt { (say!(t, "your-did")) } dd { code { (one.did) } } }
            form method="post" action={ (here) "/rotate" } { (form_token(&visit.session)) button.second type="submit" { (say!(t, "rotate")) } }
        }
    };
    Ok(shown(&visit, &name, Place::Companies, &body))
}

fn who(t: &Tongue, one: &RelationshipDetailView) -> Markup {
    html! {
        section.card {
            h2 { (say!(t, "company-who")) }
            p { @match (&one.checked.domain, &one.checked.fetched) {
                (Some(domain), Some(fetched)) => { (say!(t, "checked-domain", domain = domain.as_str())) " (" (moment(fetched)) ")" },
                (Some(domain), None) => (say!(t, "checked-domain", domain = domain.as_str())),
                (None, _) => (say!(t, "checked-link")),
            } }
            p {
                @if one.connected { span.tag.good { (say!(t, "connected")) } }
                @else { span.tag.plain { (say!(t, "away")) } @if let Some(last) = &one.last_connected { " " (say!(t, "last-connected")) " " (moment(last)) } }
                " · " (say!(t, "known-since")) " " (day(&one.created))
            }
            @if let Some(error) = one.last_error.as_ref().filter(|_| !one.connected) { p.note { q { (error) } } }
            @if one.waiting > 0 { p.note { (say!(t, "company-waiting", count = one.waiting)) } }
        }
    }
}

fn sees(t: &Tongue, one: &RelationshipDetailView) -> Markup {
    let standing: Vec<&GrantView> = one
        .grants
        .iter()
        .filter(|grant| {
            !grant.paths.is_empty() && matches!(grant.status.as_str(), "standing" | "offered" | "used")
        })
        .collect();
    html! {
        section.card {
            h2 { (say!(t, "company-sees")) }
            @if standing.is_empty() { p.empty { (say!(t, "company-sees-nothing")) } }
            @for grant in standing {
                p {
                    (state(t, &grant.status)) " "
                    (say!(t, "agreed-on")) " " (day(&grant.given))
                    @if let Some(until) = &grant.until { ", " (say!(t, "until")) " " (day(until)) }
                    @if grant.countersigned.is_some() { ", " (say!(t, "countersigned")) }
                }
                table.stack {
                    thead { tr { th scope="col" { (say!(t, "field")) } th scope="col" { (say!(t, "for-what")) } th scope="col" { (say!(t, "stop")) } } }
                    tbody { @for path in &grant.paths {
                        tr {
                            td { a href={ "/data/field/" (escaped(path)) } { (t.field(path)) } }
                            td data-label=(say!(t, "for-what")) { (list(grant.purposes.get(path).into_iter().flatten().map(|purpose| t.purpose(purpose)))) }
                            td { a href={ "/companies/" (one.id) "/revoke?grant=" (escaped(&grant.id)) "&path=" (escaped(path)) } aria-label=(say!(t, "stop-field", field = t.field(path))) { (say!(t, "stop-this")) } }
                        }
                    } }
                }
                p {
                    a.button.second href={ "/companies/" (one.id) "/agreements/" (escaped(&grant.id)) } download { (say!(t, "agreement-download")) } " "
                    a.button.danger href={ "/companies/" (one.id) "/revoke?grant=" (escaped(&grant.id)) } { (say!(t, "stop-all")) }
                }
            }
        }
    }
}

fn asked_for(t: &Tongue, requests: &[RequestView]) -> Markup {
    html! {
        @if !requests.is_empty() {
            section.card {
                h2 { (say!(t, "company-asked")) }
                table.stack {
                    thead { tr { th scope="col" { (say!(t, "request")) } th scope="col" { (say!(t, "answer-was")) } th scope="col" { (say!(t, "not-given")) } } }
                    tbody { @for request in requests {
                        @let refused = list(request.fields.iter().filter(|field| field.given == Some(false)).map(|field| t.field(&field.path)));
                        tr {
                            td { a href={ "/requests/" (request.id) } { (request.title) } " · " (day(&request.received)) }
                            td data-label=(say!(t, "answer-was")) { (state(t, &request.state)) }
                            td data-label=(say!(t, "not-given")) { @if refused.is_empty() { "–" } @else { (refused) } }
                        }
                    } }
                }
            }
        }
    }
}

/// What has ended, and what the company says it has done about it.
fn ended(t: &Tongue, grants: &[GrantView]) -> Markup {
    let revocations: Vec<&RevocationView> = grants.iter().flat_map(|grant| &grant.revocations).collect();
    html! {
        @if !revocations.is_empty() {
            section.card #receipts {
                h2 { (say!(t, "company-ended")) }
                p.note { (say!(t, "revoke-truth")) }
                @for revocation in revocations {
                    h3 { (say!(t, "stopped-on")) " " (day(&revocation.at)) ": " (list(revocation.paths.iter().map(|path| t.field(path)))) }
                    @match &revocation.erasure {
                        Some(lines) => {
                            p { strong { (say!(t, "receipt-there")) } @if let Some(at) = &revocation.erased_at { " " (moment(at)) } }
                            ul { @for line in lines { li {
                                (t.field(&line.path)) ": " (state(t, &line.result))
                                @if let Some(exception) = &line.exception { " (" (t.word("exception", exception)) ")" }
                                @if let Some(until) = &line.until { " " (say!(t, "until")) " " (day(until)) }
                            } } }
                        },
                        None => p {
                            strong { (say!(t, "receipt-missing")) } " "
                            @if revocation.delivered { (say!(t, "receipt-delivered")) } @else { (say!(t, "receipt-undelivered")) }
                            @if let Some(secs) = revocation.silent_for_secs { " " (say!(t, "receipt-silent", span = t.ago(secs))) }
                        },
                    }
                }
            }
        }
    }
}

fn steps(t: &Tongue, names: &Names, timeline: &[TimelineView]) -> Markup {
    html! {
        @if timeline.is_empty() { p.empty { (say!(t, "lately-nothing")) } }
        ol.lines { @for step in timeline { li { (moment(&step.entry.at)) " " span { (told_of(t, names, &step.entry)) } } } }
    }
}

fn held_back(visit: &Visit, one: &RelationshipDetailView, held: &ResumeView) -> Markup {
    let t = visit.tongue();
    html! {
        section.card.attention {
            h2 { (say!(t, "held-title")) }
            p { (say!(t, "need-held-why")) }
            p { (t.word("held", &held.state)) @if let Some(missed) = held.missed { " " (say!(t, "held-missed", count = missed)) } }
            ul { @for grant in &held.grants { li {
                (list(grant.paths.iter().map(|path| t.field(path))))
                @if grant.vendor_holds == Some(false) { " – " (say!(t, "held-unknown")) }
            } } }
            form method="post" action={ "/companies/" (one.id) "/resume" } {
                (form_token(&visit.session))
                button type="submit" { (if held.state == "suspected" { say!(t, "held-ask") } else { say!(t, "held-go") }) }
            }
        }
    }
}

async fn ask_revoke(visit: Visit, asked: Asked, Path(id): Path<String>) -> Shown {
    let t = visit.tongue();
    let one = known(&visit, &id)?;
    let paths = asked.all("path");
    let grant = asked.some("grant").and_then(|id| one.grants.iter().find(|grant| grant.id == id));
    let grant = grant.ok_or_else(|| refused(&visit, &Refusal::not_found()))?;
    let name = company(&one.vendor_name, &one.vendor);
    let title = say!(t, "revoke-title", company = name);
    let ending: Vec<&String> =
        grant.paths.iter().filter(|path| paths.is_empty() || paths.contains(path)).collect();
    let body = html! {
        p.crumb { a href={ "/companies/" (one.id) } { "← " (name) } }
        h1 { (title) }
        section.card {
            p { strong { (say!(t, "revoke-what")) } " " (list(ending.iter().map(|path| t.field(path)))) }
            ul {
                li { (say!(t, "revoke-now", company = name)) }
                li { (say!(t, "revoke-asked", company = name)) }
                li { (say!(t, "revoke-truth")) }
            }
            form method="post" action={ "/companies/" (one.id) "/revoke" } {
                (form_token(&visit.session))
                input type="hidden" name="grant" value=(grant.id);
                @for path in &paths { input type="hidden" name="path" value=(path); }
                button.danger type="submit" { (say!(t, "revoke-go")) }
                " " a.button.second href={ "/companies/" (one.id) } { (say!(t, "cancel")) }
            }
        }
    };
    Ok(shown(&visit, &title, Place::Companies, &body))
}

async fn revoke(Path(id): Path<String>, sent: Sent) -> Shown {
    let visit = &sent.visit;
    let one = known(visit, &id)?;
    let grant = sent.fields.one("grant");
    if !one.grants.iter().any(|known| known.id == grant) {
        return Err(refused(visit, &Refusal::not_found()));
    }
    let paths = Some(sent.fields.all("path")).filter(|paths| !paths.is_empty());
    visit.person.revoke(grant, paths).await.or_shown(&visit.look)?;
    Ok(Redirect::to(&format!("/companies/{}?told=revoked", one.id)).into_response())
}

async fn resume(Path(id): Path<String>, sent: Sent) -> Shown {
    let visit = &sent.visit;
    let one = known(visit, &id)?;
    visit.person.resume(Some(&one.id)).await.or_shown(&visit.look)?;
    Ok(Redirect::to(&format!("/companies/{}?told=resumed", one.id)).into_response())
}

async fn rotate(Path(id): Path<String>, sent: Sent) -> Shown {
    let visit = &sent.visit;
    let one = known(visit, &id)?;
    visit.person.rotate(Some(&one.id)).await.or_shown(&visit.look)?;
    Ok(Redirect::to(&format!("/companies/{}?told=rotated", one.id)).into_response())
}

/// The agreement with both signatures, byte for byte.
async fn agreement(visit: Visit, Path((id, grant)): Path<(String, String)>) -> Shown {
    let one = known(&visit, &id)?;
    if !one.grants.iter().any(|known| known.id == grant) {
        return Err(refused(&visit, &Refusal::not_found()));
    }
    let credential = visit.person.credential(&grant).or_shown(&visit.look)?;
    let mut response = credential.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/vc+ld+json"));
    let name = format!("attachment; filename=\"agreement-{}.json\"", short(&grant));
    headers.extend(HeaderValue::from_str(&name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));
    Ok(response)
}
