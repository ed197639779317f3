//! One thing that was done.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{Span as _, SpanKind, Status, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracer;

/// One thing that was done, in a trace. Its texts are words of the program: what may be anything is a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span<'a> {
    /// What.
    pub name: &'static str,
    /// Whose child it is (W3C Trace Context).
    pub traceparent: &'a str,
    /// When it began.
    pub began: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// Words about it, by their names.
    pub words: &'a [(&'static str, &'static str)],
    /// Numbers about it, by their names.
    pub numbers: &'a [(&'static str, i64)],
    /// Whether it did not come to what it was for.
    pub failed: bool,
}

impl Span<'_> {
    pub(crate) fn give(&self, tracer: &SdkTracer) {
        let carrier = HashMap::from([("traceparent".to_owned(), self.traceparent.to_owned())]);
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
        let words = self.words.iter().map(|(name, word)| KeyValue::new(*name, *word));
        let numbers = self.numbers.iter().map(|(name, number)| KeyValue::new(*name, *number));
        let built = tracer
            .span_builder(self.name)
            .with_kind(SpanKind::Internal)
            .with_start_time(self.began)
            .with_attributes(words.chain(numbers).collect::<Vec<_>>());
        let mut span = built.start_with_context(tracer, &parent);
        if self.failed {
            span.set_status(Status::error(""));
        }
        span.end_with_timestamp(self.began + self.took);
    }
}
