//! What has happened, told to pages that are open (server-sent events): that something changed, and where; never a value.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use freehold_person::What;
use tokio::sync::broadcast::error::RecvError;

use crate::Page;
use crate::visit::Visit;

/// Happenings that are told at once: a hundred lines that move are one reload.
const GATHER: Duration = Duration::from_millis(150);

/// How often a silent line is kept open.
const BEAT: Duration = Duration::from_secs(15);

pub(crate) fn routes() -> Router<Arc<Page>> {
    Router::new().route("/live", get(live))
}

async fn live(visit: Visit) -> Response {
    let mut happenings = visit.person.watch();
    let mut ending = visit.page.ending.clone();
    let (page, session) = (Arc::clone(&visit.page), visit.session.clone());
    let (tell, mut told) = tokio::sync::mpsc::channel::<Result<Event, Infallible>>(4);
    tokio::spawn(async move {
        loop {
            let mut kinds = std::collections::BTreeSet::new();
            tokio::select! {
                biased;
                _ = ending.wait_for(|ended| *ended) => return,
                () = tell.closed() => return,
                happened = happenings.recv() => match happened {
                    Ok(happening) => { kinds.insert(name(happening.what)); }
                    // Too much has happened to tell each: everything may be different.
                    Err(RecvError::Lagged(_)) => { kinds.insert("all"); }
                    Err(RecvError::Closed) => return,
                },
            }
            tokio::time::sleep(GATHER).await;
            while let Ok(happening) = happenings.try_recv() {
                kinds.insert(name(happening.what));
            }
            if !page.sessions.is_open(&session, std::time::Instant::now()) {
                return;
            }
            let kinds: Vec<&str> = kinds.into_iter().collect();
            if tell.send(Ok(Event::default().data(kinds.join(" ")))).await.is_err() {
                return;
            }
        }
    });
    let stream = futures::stream::poll_fn(move |cx| told.poll_recv(cx));
    Sse::new(stream).keep_alive(KeepAlive::new().interval(BEAT)).into_response()
}

/// As a page names it in `data-live`.
fn name(what: What) -> &'static str {
    match what {
        What::Fields => "fields",
        What::Requests => "requests",
        What::Grants => "grants",
        What::Delivery => "delivery",
        What::Audit => "audit",
        What::Relationships => "relationships",
        What::Settings => "settings",
    }
}
