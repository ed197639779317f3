//! A vendor that was written from the pages alone, in another language, beside the real node.

use freehold_tests::program::program;
use freehold_tests::vendor_peer::script;

/// 1. The node follows the peer's link and agrees; another's verifier accepts the receipt. 2. Changes arrive, others move
///    nothing; reads are answered or denied. 3. The peer is killed in mid-flow and gets the present value, once. 4. A
///    revocation while it is down is obeyed, and no file of it holds the value any more. All of it over TCP and QUIC.
#[test]
fn a_vendor_in_typescript_plays_the_whole_story_with_the_real_node() {
    let output = script("check.ts").arg(program()).output().expect("node starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.lines().filter(|line| line.starts_with("ok ")).count() >= 50, "{said}");
}
