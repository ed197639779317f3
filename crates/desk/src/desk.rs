//! The desk: one listener over a running hub.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use freehold_hub::{HttpConfig, Hub};
use freehold_web::{Attempts, Bind, BindError, Scripts, ServeError, Sessions, Site, SiteError, layout};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::provider::{self, SignIn};
use crate::{api, ops, pages, sign_in};

/// What every request needs.
pub struct Desk {
    pub(crate) hub: Hub,
    pub(crate) site: Arc<Site>,
    pub(crate) sessions: Sessions,
    pub(crate) attempts: Attempts,
    /// The identity provider, where there is one.
    pub(crate) provider: Option<SignIn>,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The address cannot be used.
    #[error("[http] listen: {0}")]
    Bind(#[from] BindError),
    /// The URL cannot be used.
    #[error("[http] url: {0}")]
    Site(#[from] SiteError),
    /// The identity provider cannot be used.
    #[error("[http.oidc] {0}")]
    Oidc(String),
    /// It cannot listen.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// A desk that listens.
pub struct Listening {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Desk {
    /// Listens, and serves until [`Listening::stop`].
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn listen(hub: Hub, config: &HttpConfig) -> Result<Listening, DeskError> {
        let bind = Bind::parse(&config.listen, config.anywhere)?;
        // Before the port is known, so that a bad URL is told first.
        Site::new(&bind, config.url.as_deref())?;
        let provider = config.oidc.as_ref().map(SignIn::new).transpose()?;
        let (listener, bind) = freehold_web::listen(bind).await?;
        let site = Arc::new(Site::new(&bind, config.url.as_deref())?);
        let desk = Self {
            hub,
            site: Arc::clone(&site),
            sessions: Sessions::default(),
            attempts: Attempts::default(),
            provider,
        };
        let routes = freehold_web::guarded(site, Scripts::None, routes(Arc::new(desk)));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(freehold_web::serve(listener, routes, async {
            let _ = stopped.await;
        }));
        let address = bind.address();
        tracing::info!(%address, "the staff's page listens");
        Ok(Listening { address, stop, task })
    }
}

impl Listening {
    /// Where.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets requests under way end, and stops.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

fn routes(desk: Arc<Desk>) -> Router {
    Router::new()
        .merge(ops::routes())
        .merge(sign_in::routes())
        .merge(provider::routes())
        .merge(pages::routes())
        .nest("/api/v1", api::routes(&desk))
        .route(layout::STYLE_PATH, get(|| async { layout::style() }))
        .route(layout::ICON_PATH, get(|| async { layout::icon() }))
        .fallback(pages::not_found)
        .layer(from_fn_with_state(Arc::clone(&desk), counted))
        .with_state(desk)
}

async fn counted(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    desk.hub.count_request(response.status().as_u16());
    response
}
