//! What the programs that measure share: samples, the machine's own limits, what is asked of the system, and the table.

pub mod floor;
pub mod machine;
pub mod report;
pub mod sample;

use std::time::Duration;

/// Why a measurement was not made.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Longest wait for anything that should take milliseconds.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for what should happen at once, but not for ever.
///
/// # Errors
/// When it did not happen.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::time::timeout(PATIENCE, future)
        .await
        .map_err(|_| format!("{what} did not happen within {} s", PATIENCE.as_secs()).into())
}
