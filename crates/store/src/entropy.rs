//! The one source of random bytes of everything above the store.

use std::io;

/// Fills `bytes` from the operating system's entropy; in a simulation, from the story's seed.
///
/// # Errors
/// When the operating system has none to give.
pub fn fill(bytes: &mut [u8]) -> io::Result<()> {
    #[cfg(feature = "simulation")]
    if crate::simulation::fill(bytes) {
        return Ok(());
    }
    getrandom::fill(bytes).map_err(io::Error::other)
}
