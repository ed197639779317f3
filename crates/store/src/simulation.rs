//! What a simulation puts in the place of the machine: entropy from a seed, and disks in memory that lose power, fail and
//! fill up. Only with the feature `simulation`, and only on the thread that asked for it.

pub mod disk;

use std::cell::RefCell;

thread_local! {
    static ENTROPY: RefCell<Option<Random>> = const { RefCell::new(None) };
}

/// Numbers that follow from a seed (SplitMix64): for choices, never for keys of real people.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.number() % end }
    }

    /// True once in `of` times.
    pub fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }
}

/// From here on this thread's entropy follows from a seed; `None` gives the operating system's back.
pub fn seed_entropy(seed: Option<u64>) {
    ENTROPY.set(seed.map(Random::new));
}

/// Fills bytes on a thread whose entropy is seeded; false on any other.
pub(crate) fn fill(bytes: &mut [u8]) -> bool {
    ENTROPY.with_borrow_mut(|entropy| {
        let Some(random) = entropy else { return false };
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&random.number().to_le_bytes()[..chunk.len()]);
        }
        true
    })
}
