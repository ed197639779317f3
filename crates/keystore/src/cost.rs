//! What guessing a passphrase costs.

use serde::{Deserialize, Serialize};

/// Most memory that a file may ask for, in KiB: 1 GiB, what a small home server still has.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
/// Least memory in KiB that Argon2 takes with one lane.
const MEMORY_KIB_MIN: u32 = 8;
/// Most passes that a file may ask for: with the most memory, under a minute.
const PASSES_MAX: u32 = 16;
/// Most lanes that a file may ask for.
const LANES_MAX: u32 = 4;

/// Parameters of Argon2id (RFC 9106). They are stored in the file and bounded when it is read, so that a hostile
/// file cannot ask for terabytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// 64 MiB, 3 passes, 1 lane: the second recommendation of RFC 9106 section 4 with one lane, a fraction of a
    /// second on a home server.
    #[must_use]
    pub fn interactive() -> Self {
        Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 }
    }

    /// At least what another one costs, in each of the three.
    #[must_use]
    pub fn at_least(self, other: Self) -> Self {
        Self {
            memory_kib: self.memory_kib.max(other.memory_kib),
            passes: self.passes.max(other.passes),
            lanes: self.lanes.max(other.lanes),
        }
    }

    /// Next to nothing: a passphrase under it is guessed at millions a second. For tests alone.
    #[must_use]
    pub fn danger_fast_for_tests() -> Self {
        Self { memory_kib: MEMORY_KIB_MIN, passes: 1, lanes: 1 }
    }

    /// The parameters for the cipher's key, or `None` if they are out of bounds.
    pub(crate) fn params(self) -> Option<argon2::Params> {
        let bounded = (MEMORY_KIB_MIN..=MEMORY_KIB_MAX).contains(&self.memory_kib)
            && (1..=PASSES_MAX).contains(&self.passes)
            && (1..=LANES_MAX).contains(&self.lanes);
        bounded
            .then(|| argon2::Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok())
            .flatten()
    }
}

impl Default for Cost {
    fn default() -> Self {
        Self::interactive()
    }
}
