//! What companies ask, and the person's answer, field by field.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use freehold_person::view::{AskedFieldView, RequestView};
use freehold_protocol::vocabulary::Vocabulary;
use maud::{Markup, html};

use crate::Page;
use crate::frame::{Place, shown, told, trouble};
use crate::pages::data::{self, Draft, shown_value};
use crate::pages::{OrShown as _, Shown};
use crate::refusal::Refusal;
use crate::say::{company, list, moment, state};
use crate::sign_in::form_token;
use crate::tongue::Tongue;
use crate::visit::{Asked, Sent, Visit};

/// Purposes that pass data on for money, by their short names.
const SALE: [&str; 2] = ["sellDataToThirdParties", "sellInsightsFromData"];

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new()
        .route("/requests", get(all))
        .route("/requests/{id}", get(page))
        .route("/requests/{id}/approve", post(approve))
        .route("/requests/{id}/decline", post(decline))
}

async fn all(visit: Visit, asked: Asked) -> Shown {
    let t = visit.tongue();
    let mut requests = visit.person.requests().or_shown(&visit.look)?;
    requests.reverse();
    let (open, answered): (Vec<_>, Vec<_>) =
        requests.into_iter().partition(|request| request.state == "open");
    let title = say!(t, "requests");
    let row = |request: &RequestView| {
        html! {
            li.card {
                h2 { a href={ "/requests/" (request.id) } { (request.title) } }
                p { strong { (company(&request.vendor_name, &request.vendor)) } " · " (moment(&request.received)) " · " (state(t, &request.state)) }
                p.note { (list(request.fields.iter().map(|field| t.field(&field.path)))) }
            }
        }
    };
    let body = html! {
        h1 { (title) }
        p.lead { (say!(t, "requests-lead")) }
        (told(&visit, &asked))
        p { a.button href="/connect" { (say!(t, "connect")) } }
        div #requests data-live="requests" {
            @if open.is_empty() { p.empty { (say!(t, "requests-none")) } }
            ul.cards { @for request in &open { (row(request)) } }
            @if !answered.is_empty() { h2 { (say!(t, "requests-answered")) } ul.cards { @for request in &answered { (row(request)) } } }
        }
    };
    Ok(shown(&visit, &title, Place::Requests, &body))
}

async fn page(visit: Visit, asked: Asked, Path(id): Path<String>) -> Shown {
    let request = visit.person.request(&id).or_shown(&visit.look)?;
    answering(&visit, &request, &Draft::default(), told(&visit, &asked))
}

fn is_sale(field: &AskedFieldView) -> bool {
    let sale = |label: &String| {
        Vocabulary::standard()
            .purposes()
            .iter()
            .any(|purpose| purpose.label == *label && SALE.contains(&purpose.name.as_str()))
    };
    field.purposes.iter().any(sale)
}

fn is_sensitive(path: &str) -> bool {
    let path = freehold_protocol::path::Path::parse(path).ok();
    path.and_then(|path| Vocabulary::standard().field(&path)).is_some_and(|field| field.sensitive)
}

fn answering(visit: &Visit, request: &RequestView, draft: &Draft, top: Markup) -> Shown {
    let t = visit.tongue();
    let name = company(&request.vendor_name, &request.vendor);
    let mut held = BTreeMap::new();
    for field in &request.fields {
        if let Some(value) = visit
            .person
            .get(Some(&field.path), None, false)
            .ok()
            .and_then(|found| found.into_iter().next()?.value)
        {
            held.insert(field.path.as_str(), value);
        }
    }
    let open = request.state == "open";
    let (required, optional): (Vec<_>, Vec<_>) = request.fields.iter().partition(|field| field.required);
    let forced_sale = required.iter().any(|field| is_sale(field));
    let body = html! {
        p.crumb { a href="/requests" { "← " (say!(t, "requests")) } }
        h1 { (request.title) }
        p.lead { (say!(t, "request-from", company = name)) " · " (moment(&request.received)) " · " (state(t, &request.state)) }
        (top)
        @if forced_sale { p.told.bad role="note" { (say!(t, "sale-required")) } }
        form method="post" action={ "/requests/" (request.id) "/approve" } data-checked="/data/check" {
            (form_token(&visit.session))
            section.card {
                h2 { (say!(t, "request-required")) }
                @if required.is_empty() { p.empty { (say!(t, "request-required-none")) } }
                @for field in required { (asked_field(t, field, held.get(field.path.as_str()), draft, open)) }
            }
            @if !optional.is_empty() {
                section.card {
                    h2 { (say!(t, "request-optional")) }
                    p.note { (say!(t, "request-optional-note")) }
                    @for field in optional { (asked_field(t, field, held.get(field.path.as_str()), draft, open)) }
                }
            }
            (terms(t, request))
            @if open {
                section.card {
                    h2 { (say!(t, "request-answer")) }
                    div.field {
                        label for="until" { (say!(t, "request-until")) }
                        input #until name="until" type="date" aria-describedby="until-note";
                        p.note #until-note { (say!(t, "request-until-note")) }
                    }
                    @if forced_sale {
                        div.checks { label { input type="checkbox" name="sale" value="yes"; (say!(t, "sale-agreed")) } }
                    }
                    button type="submit" { (say!(t, "approve")) }
                }
            }
        }
        @if open {
            form.card method="post" action={ "/requests/" (request.id) "/decline" } {
                (form_token(&visit.session))
                div.field {
                    label for="reason" { (say!(t, "decline-reason")) }
                    input #reason name="reason" maxlength="256" autocomplete="off" aria-describedby="reason-note";
                    p.note #reason-note { (say!(t, "decline-note", company = name)) }
                }
                button.danger type="submit" { (say!(t, "decline")) }
            }
        }
    };
    Ok(shown(visit, &request.title, Place::Requests, &body))
}

fn asked_field(
    t: &Tongue,
    field: &AskedFieldView,
    value: Option<&String>,
    draft: &Draft,
    open: bool,
) -> Markup {
    let (sale, sensitive) = (is_sale(field), is_sensitive(&field.path));
    let id = format!("g-{}", field.path.replace('.', "-"));
    html! {
        div.asked {
            @if open && !field.required {
                div.checks { label { input id=(id) type="checkbox" name="only" value=(field.path) checked[value.is_some() && !sale && !sensitive] disabled[value.is_none()]; strong { (t.field(&field.path)) } } }
            } @else { p { strong { (t.field(&field.path)) } @if let Some(given) = field.given { " " (if given { state(t, "granted") } else { state(t, "declined") }) } } }
            @match value {
                Some(value) => p { (say!(t, "would-go")) " " span.value { (shown_value(t, &field.path, value)) } },
                None if open && field.required => { p.note { (say!(t, "missing")) } (data::input(t, data::group_of(&field.path), &field.path, draft.values.get(&field.path).map_or("", String::as_str), draft.wrong.get(&field.path).map(String::as_str), &[])) },
                None => p.note { (say!(t, "you-have-none")) },
            }
            @if !field.reason.is_empty() { p { (say!(t, "they-say")) " " q { (field.reason) } } }
            ul { @for purpose in &field.purposes { li { (t.purpose(purpose)) @if let Some(sentence) = t.purpose_sentence(purpose) { ": " (sentence) } } } }
            @if sensitive { p.told.bad { (say!(t, "warn-sensitive")) } }
            @if sale { p.told.bad { (say!(t, "warn-sale")) } }
        }
    }
}

fn terms(t: &Tongue, request: &RequestView) -> Markup {
    html! {
        section.card {
            h2 { (say!(t, "request-terms")) }
            dl {
                dt { (say!(t, "term-basis")) } dd { (t.legal_basis(&request.legal_basis)) }
                dt { (say!(t, "term-mode")) } dd { (t.word("mode", &request.mode)) }
                dt { (say!(t, "term-kept")) } dd { (say!(t, "kept-for", span = t.duration(&request.retention).into_owned(), after = request.retention_after.as_str())) }
                dt { (say!(t, "term-others")) } dd { @if request.recipients.is_empty() { (say!(t, "nobody")) } @else { (list(&request.recipients)) } }
                @if let Some(policy) = &request.policy { dt { (say!(t, "term-policy")) } dd { a href=(policy) rel="noreferrer noopener" { (policy) } } }
            }
        }
    }
}

async fn approve(Path(id): Path<String>, sent: Sent) -> Shown {
    let visit = &sent.visit;
    let t = visit.tongue();
    let request = visit.person.request(&id).or_shown(&visit.look)?;
    let (mut changes, draft) = data::changes(visit, &sent.fields)?;
    if !draft.wrong.is_empty() {
        return answering(visit, &request, &draft, trouble(Some(&say!(t, "form-wrong"))));
    }
    let sale = request.fields.iter().any(|field| field.required && is_sale(field));
    if sale && sent.fields.one("sale") != "yes" {
        return answering(visit, &request, &draft, trouble(Some(&say!(t, "sale-refused"))));
    }
    // Only what this request asks for and the vault lacks is written with the answer.
    let lacking = request.fields.iter().filter(|field| !field.present);
    let asked: BTreeSet<&str> = lacking.map(|field| field.path.as_str()).collect();
    changes.retain(|(path, value)| asked.contains(path.as_str()) && value.is_some());
    if !changes.is_empty() {
        visit.person.set(changes, "page").await.or_shown(&visit.look)?;
    }
    let approved = visit.person.approve(&id, Some(sent.fields.all("only")), sent.fields.some("until")).await;
    match approved {
        Ok(grant) => {
            let relationship = visit
                .person
                .relationships()
                .or_shown(&visit.look)?
                .into_iter()
                .find(|one| one.vendor == grant.vendor);
            let to =
                relationship.map_or_else(|| "/companies".to_owned(), |one| format!("/companies/{}", one.id));
            Ok(Redirect::to(&format!("{to}?told=approved")).into_response())
        }
        Err(error) => {
            let said = Refusal::from(error).sentence(&visit.look);
            answering(visit, &request, &draft, trouble(Some(&said)))
        }
    }
}

async fn decline(Path(id): Path<String>, sent: Sent) -> Shown {
    let reason = sent.fields.some("reason");
    sent.visit.person.decline(&id, reason.as_deref()).await.or_shown(&sent.visit.look)?;
    Ok(Redirect::to("/requests?told=declined").into_response())
}
