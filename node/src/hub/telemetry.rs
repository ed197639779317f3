//! The hub's traces, where a collector is named.

use std::path::Path;

use freehold_api::ApiError;
use freehold_hub::{Done, Hub, HubConfig};
use freehold_outbound::{Client, Policy};
use freehold_telemetry::{Exporter, Span};
use zeroize::Zeroizing;

/// How the vendor's telemetry calls the hub.
const SERVICE: &str = "freehold-hub";

/// Makes the exporter, if there is to be one. Nothing is sent before there is something to send.
pub(super) fn exporter(home: &Path, config: &HubConfig) -> Result<Option<Exporter>, ApiError> {
    let Some(config) = config.telemetry.clone().map(|config| config.in_folder(home)) else { return Ok(None) };
    let failed = |text: String| ApiError::new("usage", format!("[telemetry] {text}"));
    let read = |setting: &str, path: &Path| {
        std::fs::read(path).map_err(|error| failed(format!("{setting}: {error}")))
    };
    let roots = config.ca_file.as_deref().map(|path| read("ca_file", path)).transpose()?;
    let token = config.token_file.as_deref().map(|path| read("token_file", path).map(Zeroizing::new));
    let token =
        token.transpose()?.map(|bytes| Zeroizing::new(String::from_utf8_lossy(&bytes).trim().to_owned()));
    let policy = Policy { extra_roots: roots.into_iter().collect(), ..Policy::configured() };
    let client = Client::new(policy).map_err(|error| failed(format!("ca_file: {error}")))?;
    let exporter = Exporter::start(&config.otlp, client, token, SERVICE);
    exporter.map(Some).map_err(|error| failed(format!("otlp: {error}")))
}

/// Everything that the hub does with an event from now on is a span.
pub(super) fn follow(hub: &Hub, exporter: &Exporter) {
    let exporter = exporter.clone();
    hub.observe(move |done: &Done| {
        let mut words = vec![("event.type", done.kind)];
        words.extend(done.sink.map(|sink| ("sink", sink)));
        exporter.take(&Span {
            name: done.name,
            traceparent: &done.traceparent,
            began: done.began,
            took: done.took,
            words: &words,
            numbers: &[("event.n", i64::try_from(done.event).unwrap_or(i64::MAX))],
            failed: done.failed,
        });
    });
}
