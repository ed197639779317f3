//! Any target of `freehold-fuzz` under libFuzzer: `FREEHOLD_FUZZ_TARGET` names it.

#![no_main]

use std::sync::LazyLock;

use freehold_fuzz::{Target, target};
use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("FREEHOLD_FUZZ_TARGET").expect("FREEHOLD_FUZZ_TARGET names a target");
    target(&name).expect("FREEHOLD_FUZZ_TARGET names a target that there is")
});

fuzz_target!(|data: &[u8]| (TARGET.run)(data));
