//! Every company: who they are, and who holds what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use maud::html;

use crate::Page;
use crate::frame::{Place, shown, told};
use crate::pages::{OrShown as _, Shown, picture};
use crate::say::company;
use crate::visit::{Asked, Visit};

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new().route("/companies", get(page))
}

async fn page(visit: Visit, asked: Asked) -> Shown {
    let t = visit.tongue();
    let companies = visit.person.relationships().or_shown(&visit.look)?;
    let mut sees: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for grant in visit.person.grants().or_shown(&visit.look)? {
        if matches!(grant.status.as_str(), "standing" | "offered") {
            sees.entry(grant.vendor).or_default().extend(grant.paths);
        }
    }
    let title = say!(t, "companies");
    let none = BTreeSet::new();
    let body = html! {
        h1 { (title) }
        p.lead { (say!(t, "companies-lead")) }
        (told(&visit, &asked))
        p { a.button href="/connect" { (say!(t, "connect")) } }
        div #companies data-live="relationships grants delivery" {
            @if companies.is_empty() { p.empty { (say!(t, "companies-none")) } }
            ul.cards {
                @for one in &companies {
                    @let count = sees.get(&one.vendor).unwrap_or(&none).len();
                    li.card {
                        h2 { a href={ "/companies/" (one.id) } { (company(&one.vendor_name, &one.vendor)) } }
                        p { @if one.connected { span.tag.good { (say!(t, "connected")) } } @else { span.tag.plain { (say!(t, "away")) } } }
                        p.note { (say!(t, "sees-count", count = count)) }
                    }
                }
            }
            @if companies.len() > 1 { (picture::who_holds_what(t, &companies, &sees)) }
        }
    };
    Ok(shown(&visit, &title, Place::Companies, &body))
}
