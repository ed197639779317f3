//! Spans for a collector of the vendor's: OpenTelemetry, by OTLP over HTTP with protobuf.
//!
//! [`Exporter::start`] keeps spans in batches, bounded, and sends them; what a collector does not take in time is dropped, and nothing
//! waits for it. A [`Span`] is what was done, in which trace, from when to when, and by words of the program's own: it has no place for
//! anything that a person has said.
//!
//! What it leaves out: figures, which are at `/metrics`, and the log; and what the environment says of OpenTelemetry, except its limits.
//!
//! Reading order: [`Exporter`], [`Span`], [`TelemetryError`].

mod sending;
mod span;

use std::sync::Arc;
use std::time::Duration;

use freehold_outbound::{Client, FetchError};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use zeroize::Zeroizing;

pub use span::Span;

use sending::Sending;

/// Where traces go, after the collector's address.
const TRACES: &str = "/v1/traces";

/// How long the last spans may take when the program ends.
const STOP: Duration = Duration::from_secs(3);

/// Why nothing is exported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TelemetryError {
    /// The collector's address cannot be used.
    #[error("the collector's address cannot be used: {0}")]
    Address(#[from] FetchError),
    /// The exporter cannot be made.
    #[error("the exporter cannot be made: {0}")]
    Exporter(String),
}

/// What sends spans. Clones share it.
#[derive(Clone)]
pub struct Exporter {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Exporter {
    /// Begins to export to a collector such as `http://127.0.0.1:4318`. Requests are tasks of the present runtime; `token` goes along as
    /// a bearer token.
    ///
    /// # Errors
    /// [`TelemetryError`].
    ///
    /// # Panics
    /// Outside of a runtime.
    pub fn start(
        collector: &str,
        client: Client,
        token: Option<Zeroizing<String>>,
        service: &'static str,
    ) -> Result<Self, TelemetryError> {
        let url = format!("{}{TRACES}", collector.strip_suffix('/').unwrap_or(collector));
        client.check(&url)?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sending::new(client, token.map(Arc::new)))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(url)
            .build()
            .map_err(|error| TelemetryError::Exporter(error.to_string()))?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
            // Nothing of the machine or the process.
            .with_resource(Resource::builder_empty().with_service_name(service).build())
            .build();
        let tracer = provider.tracer("freehold");
        Ok(Self { provider, tracer })
    }

    /// Takes a span; it is sent with others.
    pub fn take(&self, span: &Span<'_>) {
        span.give(&self.tracer);
    }

    /// Sends what there is, and ends.
    pub async fn stop(self) {
        let ended = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(STOP)).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exporter(…)")
    }
}
