//! What a request says of the trace it belongs to (W3C Trace Context).

use std::future::Future;

/// The header.
pub(crate) const TRACEPARENT: &str = "traceparent";

tokio::task_local! {
    static PARENT: String;
}

/// Does something whose requests name this trace: each that the same task sends meanwhile. Requests outside of it name none.
pub async fn traced<T>(traceparent: String, work: impl Future<Output = T>) -> T {
    PARENT.scope(traceparent, work).await
}

/// The trace that the present request is to name.
pub(crate) fn present() -> Option<String> {
    PARENT.try_with(Clone::clone).ok()
}
