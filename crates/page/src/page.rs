//! The page: one listener over a home.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use freehold_api::{ADDRESS, Guard, person_routes};
use freehold_web::{
    Attempts, Bind, BindError, Problem, Scripts, ServeError, Session, Sessions, Site, SiteError, Token,
    TokenDigest, layout,
};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::keeper::{Keeper, Stage};
use crate::pages::address_book::Fetched;
use crate::set_up::Unconfirmed;
use crate::{live, pages, set_up, sign_in};

/// Who is signed in: a home has one person.
pub(crate) const PERSON: &str = "person";

/// How long a link that signs in is good for.
pub(crate) const LINK_GOOD: std::time::Duration = std::time::Duration::from_secs(60 * 60);

/// Links that are good at once; the oldest makes room.
const LINKS_MAX: usize = 8;

/// Where and for whom the page is.
#[derive(Debug, Clone)]
pub struct PageConfig {
    /// Where to listen, such as `127.0.0.1:4190`.
    pub listen: String,
    /// Whether others than this machine may reach it there.
    pub anywhere: bool,
    /// Its public URL behind a proxy with TLS.
    pub url: Option<String>,
    /// The home, as a person reads it.
    pub home: PathBuf,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The address cannot be used.
    #[error("--page: {0}")]
    Bind(#[from] BindError),
    /// The URL cannot be used.
    #[error("--page-url: {0}")]
    Site(#[from] SiteError),
    /// It cannot listen.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// There is no entropy for a link.
    #[error("the system has no entropy to give ({0}): try again")]
    Entropy(std::io::Error),
}

/// What every request needs.
pub struct Page {
    pub(crate) keeper: Arc<dyn Keeper>,
    pub(crate) site: Arc<Site>,
    pub(crate) home: PathBuf,
    pub(crate) sessions: Sessions,
    pub(crate) attempts: Attempts,
    /// The words of a home that was just made, until they are confirmed.
    pub(crate) unconfirmed: Mutex<Option<Unconfirmed>>,
    /// Cards of an address book, until one is chosen.
    pub(crate) fetched: Mutex<Option<Fetched>>,
    /// Says when the page ends, to those who would wait for longer.
    pub(crate) ending: watch::Receiver<bool>,
    /// Counts wrong tokens of programs.
    guard: Arc<Guard>,
    /// The calls of programs, once the home is open.
    programs: OnceLock<Router>,
    links: Mutex<Vec<(TokenDigest, Instant)>>,
    address: SocketAddr,
}

/// A page that listens.
pub struct Listening {
    page: Arc<Page>,
    ending: watch::Sender<bool>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Page {
    /// Listens, and serves until [`Listening::stop`].
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn listen(keeper: Arc<dyn Keeper>, config: &PageConfig) -> Result<Listening, PageError> {
        let bind = Bind::parse(&config.listen, config.anywhere)?;
        // Before the port is known, so that a bad URL is told first.
        Site::new(&bind, config.url.as_deref())?;
        let (listener, bind) = freehold_web::listen(bind).await?;
        let site = Arc::new(Site::new(&bind, config.url.as_deref())?);
        let (ending, ended) = watch::channel(false);
        let page = Arc::new(Self {
            keeper,
            site: Arc::clone(&site),
            home: config.home.clone(),
            sessions: Sessions::default(),
            attempts: Attempts::default(),
            unconfirmed: Mutex::default(),
            fetched: Mutex::default(),
            ending: ended,
            guard: Arc::new(Guard::new(Arc::clone(&site))),
            programs: OnceLock::new(),
            links: Mutex::default(),
            address: bind.address(),
        });
        let routes = freehold_web::guarded(site, Scripts::Own, routes(Arc::clone(&page)));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(freehold_web::serve(listener, routes, async {
            let _ = stopped.await;
        }));
        tracing::info!(address = %page.address, "the person's page listens");
        Ok(Listening { page, ending, stop, task })
    }

    /// The session that a link stands for, once: the link is good for nobody after that.
    pub(crate) fn take_link(&self, token: &str) -> bool {
        let (digest, now) = (TokenDigest::of(token), Instant::now());
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|(_, made)| now.saturating_duration_since(*made) < LINK_GOOD);
        let before = links.len();
        links.retain(|(known, _)| *known != digest);
        links.len() < before
    }

    /// Begins a session of the person's.
    pub(crate) fn begin(&self) -> std::io::Result<Token> {
        self.sessions.begin(PERSON, Instant::now())
    }

    /// The session that a browser presents.
    pub(crate) fn session(&self, headers: &axum::http::HeaderMap) -> Option<Session> {
        let token = freehold_web::Cookie::Session.read(&self.site, headers)?;
        self.sessions.find(&token, Instant::now())
    }
}

impl Listening {
    /// Where.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.page.address
    }

    /// A link that lets its first visitor in, within an hour. Whoever started the program is the person.
    ///
    /// # Errors
    /// [`PageError::Entropy`].
    pub fn link(&self) -> Result<String, PageError> {
        self.page.link()
    }

    /// What gives links while the page listens.
    #[must_use]
    pub fn page(&self) -> Arc<Page> {
        Arc::clone(&self.page)
    }

    /// Lets requests under way end, and stops.
    pub async fn stop(self) {
        self.ending.send_replace(true);
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

impl Page {
    /// As [`Listening::link`].
    ///
    /// # Errors
    /// [`PageError::Entropy`].
    pub fn link(&self) -> Result<String, PageError> {
        let token = Token::generate().map_err(PageError::Entropy)?;
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() >= LINKS_MAX {
            links.remove(0);
        }
        links.push((token.digest(), Instant::now()));
        let origin = self.site.public_origin().unwrap_or_else(|| format!("http://{}", self.address));
        Ok(format!("{origin}/sign-in/{}", token.danger_text()))
    }
}

fn routes(page: Arc<Page>) -> Router {
    Router::new()
        .merge(set_up::routes())
        .merge(sign_in::routes())
        .merge(pages::routes())
        .merge(live::routes())
        .route(layout::STYLE_PATH, get(|| async { layout::style() }))
        .route(&format!("{ADDRESS}/{{*call}}"), any(programs))
        .route(layout::ICON_PATH, get(|| async { layout::icon() }))
        .fallback(pages::not_found)
        .with_state(page)
}

/// The calls of programs that have a token.
async fn programs(State(page): State<Arc<Page>>, request: Request) -> Response {
    let Stage::Open(person) = page.keeper.stage() else {
        let detail = "the home is locked: open the page and say the passphrase";
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-running", detail).into_response();
    };
    let routes = page
        .programs
        .get_or_init(|| Router::new().nest(ADDRESS, person_routes(person, Arc::clone(&page.guard))));
    match routes.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
