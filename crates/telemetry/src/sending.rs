//! The exporter's requests, by the one HTTP client.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use freehold_outbound::Client;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;
use zeroize::Zeroizing;

/// Sends from whichever thread: the requests themselves are tasks of the program's runtime.
pub(crate) struct Sending {
    client: Client,
    token: Option<Arc<Zeroizing<String>>>,
    runtime: Handle,
}

impl Sending {
    pub(crate) fn new(client: Client, token: Option<Arc<Zeroizing<String>>>) -> Self {
        Self { client, token, runtime: Handle::current() }
    }
}

#[async_trait]
impl HttpClient for Sending {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, token) = (self.client.clone(), self.token.clone());
        let sent = self.runtime.spawn(async move {
            let (head, body) = request.into_parts();
            let bearer = token.map(|token| Zeroizing::new(format!("Bearer {}", token.as_str())));
            let mut headers: Vec<(&str, &str)> = head
                .headers
                .iter()
                .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
                .collect();
            headers.extend(bearer.as_ref().map(|bearer| ("authorization", bearer.as_str())));
            client.post(&head.uri.to_string(), &headers, body.to_vec()).await
        });
        let answer = sent.await??;
        Ok(Response::builder().status(answer.status).body(answer.body.into())?)
    }
}

impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sending(…)")
    }
}
