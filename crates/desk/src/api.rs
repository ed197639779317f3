//! The interface for programs: the same things as the pages, as JSON, with a token and the same roles.

mod customers;
mod events;
mod staff;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use freehold_hub::Role;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::access::Program;
use crate::refusal::Refusal;
use crate::{Desk, OPENAPI};

/// One thing a program may call.
struct Route {
    /// Its address below `/api/v1`.
    path: &'static str,
    /// Its method.
    #[cfg_attr(not(test), expect(dead_code, reason = "what the description is compared with"))]
    method: Method,
    /// The least role that may; `None` for everybody.
    role: Option<Role>,
    handler: fn() -> MethodRouter<Arc<Desk>>,
}

impl Route {
    fn new(
        method: Method,
        path: &'static str,
        role: impl Into<Option<Role>>,
        handler: fn() -> MethodRouter<Arc<Desk>>,
    ) -> Self {
        Self { path, method, role: role.into(), handler }
    }
}

/// An answer, or a `problem+json`.
type Answer = Result<Response, Refusal>;

/// What the query asks for.
struct Asked<T>(T);

/// What the address names.
struct Named<T>(T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Desk>> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Refusal> {
        let query = Query::<T>::from_request_parts(parts, desk).await;
        let Query(asked) = query.map_err(|_| wrong("the query"))?;
        Ok(Self(asked))
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Desk>> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Refusal> {
        let path = Path::<T>::from_request_parts(parts, desk).await;
        let Path(named) = path.map_err(|_| wrong("the address"))?;
        Ok(Self(named))
    }
}

/// How many are asked for, or as many as are shown when nobody says.
fn limit(asked: Option<u32>, listed: usize) -> usize {
    asked.map_or(listed, |asked| usize::try_from(asked).unwrap_or(usize::MAX))
}

fn wrong(what: &str) -> Refusal {
    Refusal::bad(format!("{what} cannot be read: /api/v1/openapi.json describes it"))
}

/// The routes, each behind the check of its role: no handler has one of its own to forget.
pub(crate) fn routes(desk: &Arc<Desk>) -> Router<Arc<Desk>> {
    all().into_iter().fold(Router::new(), |router, Route { path, role, handler, .. }| {
        let check = move |State(desk): State<Arc<Desk>>, request: Request, next: Next| async move {
            let (mut parts, body) = request.into_parts();
            if let Some(role) = role {
                let Program(visitor) = Program::from_request_parts(&mut parts, &desk).await?;
                visitor.may(role)?;
            }
            Ok::<_, Refusal>(next.run(Request::from_parts(parts, body)).await)
        };
        router.route(path, handler().route_layer(from_fn_with_state(Arc::clone(desk), check)))
    })
}

/// Everything a program may call. `openapi.json` describes exactly these.
fn all() -> Vec<Route> {
    use axum::routing::get;
    let mut all = vec![
        Route::new(Method::GET, "/openapi.json", None, || get(openapi)),
        Route::new(Method::GET, "/hub", Role::Viewer, || get(hub)),
        Route::new(Method::GET, "/value", Role::Viewer, || get(value)),
        Route::new(Method::GET, "/sinks", Role::Viewer, || get(sinks)),
        Route::new(Method::GET, "/requests", Role::Viewer, || get(requests)),
    ];
    all.extend(customers::all());
    all.extend(events::all());
    all.extend(staff::all());
    all
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], OPENAPI).into_response()
}

async fn hub(State(desk): State<Arc<Desk>>) -> Answer {
    Ok(axum::Json(
        json!({"info": desk.hub.info(), "stats": desk.hub.stats(), "ready": desk.hub.ready().await}),
    )
    .into_response())
}

async fn value(State(desk): State<Arc<Desk>>) -> Answer {
    Ok(axum::Json(desk.hub.value()).into_response())
}

async fn sinks(State(desk): State<Arc<Desk>>) -> Answer {
    Ok(axum::Json(desk.hub.sinks()).into_response())
}

async fn requests(State(desk): State<Arc<Desk>>) -> Answer {
    Ok(axum::Json(desk.hub.asks()).into_response())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    /// Method and path, with the role.
    type Described = BTreeMap<(String, String), String>;

    #[test]
    fn the_description_has_every_route_with_its_role_and_no_other() {
        let routes: Described = all()
            .into_iter()
            .map(|route| {
                let role = route.role.map_or("nobody", Role::name).to_owned();
                ((route.path.to_owned(), route.method.as_str().to_ascii_lowercase()), role)
            })
            .collect();
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let mut described = Described::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let role = operation["x-role"].as_str().unwrap().to_owned();
                described.insert((path.clone(), method.clone()), role);
                assert!(operation["operationId"].is_string() && operation["summary"].is_string(), "{path}");
                let named = path.matches('{').count();
                let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
                assert_eq!(parameters.iter().filter(|p| p["in"] == "path").count(), named, "{path}");
            }
        }
        assert_eq!(described, routes);
    }
}
