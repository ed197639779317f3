//! Pictures, drawn as SVG with a table that says the same: who reads how much over time, and who holds what.

use std::collections::{BTreeMap, BTreeSet};

use freehold_person::view::{AuditCountView, RelationshipView};
use freehold_protocol::time::Timestamp;
use maud::{Markup, html};

use crate::say::{Names, company};
use crate::tongue::Tongue;

/// Companies with a colour of their own; the others share one.
const COLOURS: usize = 5;

/// Height of the bars, in the picture's own units.
const HEIGHT: u64 = 120;

/// Width of a day.
const DAY: u64 = 20;

/// How often each company received or read something, day by day.
pub(crate) fn over_time(
    t: &Tongue,
    names: &Names,
    since: &str,
    days: u64,
    counts: &[AuditCountView],
) -> Markup {
    let start = Timestamp::parse(since).map(Timestamp::secs).unwrap_or_default();
    let days: Vec<String> = (0..days)
        .map(|day| {
            Timestamp::from_millis((start + day * 86_400) * 1_000).rfc3339().chars().take(10).collect()
        })
        .collect();
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    let mut by_day: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for count in counts.iter().filter(|count| count.event != "denied") {
        *totals.entry(&count.vendor).or_default() += count.count;
        *by_day.entry((&count.day, &count.vendor)).or_default() += count.count;
    }
    let mut vendors: Vec<(&str, u64)> = totals.into_iter().collect();
    vendors.sort_by_key(|(vendor, total)| (std::cmp::Reverse(*total), *vendor));
    let sum =
        |day: &str| by_day.iter().filter(|((of, _), _)| *of == day).map(|(_, count)| count).sum::<u64>();
    let most = days.iter().map(|day| sum(day)).max().unwrap_or_default().max(1);
    html! {
        h2 { (say!(t, "picture-time")) }
        @if vendors.is_empty() { p.empty { (say!(t, "picture-none")) } }
        @else {
            svg.chart role="img" viewBox={ "0 0 " (days.len() as u64 * DAY) " " (HEIGHT + 4) } preserveAspectRatio="none" aria-label=(say!(t, "picture-time-label", days = days.len())) {
                @for (x, day) in days.iter().enumerate() { (bar(x as u64 * DAY, day, &vendors, &by_day, most)) }
            }
            p.note.axis { span { (days.first().map_or("", String::as_str)) } span { (say!(t, "picture-most", count = most)) } span { (days.last().map_or("", String::as_str)) } }
            table {
                caption { (say!(t, "picture-caption", days = days.len())) }
                thead { tr { th scope="col" { (say!(t, "company")) } th.number scope="col" { (say!(t, "picture-times")) } } }
                tbody { @for (rank, (vendor, total)) in vendors.iter().enumerate() {
                    tr { th scope="row" { span.dot class={ "c" (rank.min(COLOURS)) } {} " " (names.name(vendor)) } td.number { (total) } }
                } }
            }
        }
    }
}

/// The bar of a day, one piece for each company.
fn bar(
    x: u64,
    day: &str,
    vendors: &[(&str, u64)],
    by_day: &BTreeMap<(&str, &str), u64>,
    most: u64,
) -> Markup {
    let mut top = HEIGHT;
    let mut pieces = Vec::new();
    for (rank, (vendor, _)) in vendors.iter().enumerate() {
        let Some(count) = by_day.get(&(day, *vendor)) else { continue };
        let height = (count * HEIGHT / most).max(1).min(top);
        top -= height;
        pieces.push((rank.min(COLOURS), top + 2, height));
    }
    html! { @for (colour, y, height) in pieces { rect class={ "c" (colour) } x=(x + 2) y=(y) width=(DAY - 4) height=(height) {} } }
}

/// Which company may see something of which facet.
pub(crate) fn who_holds_what(
    t: &Tongue,
    companies: &[RelationshipView],
    sees: &BTreeMap<String, BTreeSet<String>>,
) -> Markup {
    let facets: BTreeSet<&str> = sees.values().flatten().filter_map(|path| path.split('.').next()).collect();
    let count = |vendor: &str, facet: &str| {
        let of = |path: &&String| path.split('.').next() == Some(facet);
        sees.get(vendor).map_or(0, |paths| paths.iter().filter(of).count())
    };
    html! {
        section.card {
            h2 #holds { (say!(t, "picture-holds")) }
            @if facets.is_empty() { p.empty { (say!(t, "company-sees-nothing")) } }
            @else {
                div.scroll tabindex="0" role="region" aria-labelledby="holds" {
                    table.matrix {
                        thead { tr { th scope="col" { (say!(t, "company")) } @for facet in &facets { th scope="col" { (t.facet(facet)) } } } }
                        tbody { @for one in companies.iter().filter(|one| sees.contains_key(&one.vendor)) {
                            tr { th scope="row" { (company(&one.vendor_name, &one.vendor)) }
                                @for facet in &facets {
                                    @let held = count(&one.vendor, facet);
                                    td.number class=[(held > 0).then_some("held")] { @if held > 0 { (held) } @else { span.none { "–" } } }
                                }
                            }
                        } }
                    }
                }
            }
        }
    }
}
