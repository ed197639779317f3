//! Handshakes that go wrong on purpose: multistream-select and Noise.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use freehold_transport::Limits;

use super::peer::{RawYamux, Target, is_hung_up_on, named, socket};

/// A handshake that goes on for ever is cut after this.
const HANDSHAKE: Duration = Duration::from_millis(800);

/// Sends bytes on a fresh socket, again and again until the endpoint hangs up, which it must.
async fn check(name: &'static str, first: Vec<u8>, again: Vec<u8>) {
    let mut target = Target::new(Limits { handshake_timeout: HANDSHAKE, ..Limits::default() }).await;
    let port = target.port(false);
    let hung_up = tokio::task::spawn_blocking(move || {
        let mut socket = socket(port);
        let _ = socket.write_all(&first);
        if !again.is_empty() {
            let mut reading = socket.try_clone().unwrap();
            // Answers are taken, so that only the endpoint's own limits end it.
            let reader =
                std::thread::spawn(move || while matches!(reading.read(&mut [0; 65_536]), Ok(1..)) {});
            while socket.write_all(&again).is_ok() {}
            reader.join().unwrap();
        }
        is_hung_up_on(&mut socket)
    });
    assert!(hung_up.await.unwrap(), "{name}");
    target.stands(name).await;
}

#[tokio::test]
async fn a_negotiation_without_end_is_cut() {
    let begin = named("/multistream/1.0.0");
    check("names without end", begin.clone(), named("/x/1").repeat(64)).await;
    check("lists without end", begin.clone(), named("ls").repeat(64)).await;
    check("empty names", begin.clone(), [1, b'\n'].repeat(64)).await;
    check("silence", begin.clone(), Vec::new()).await;
    check("half a name", [begin, vec![200, b'/']].concat(), Vec::new()).await;
}

#[tokio::test]
async fn names_that_are_none_are_refused() {
    let begin = named("/multistream/1.0.0");
    for (name, bytes) in [
        ("a length of three bytes", vec![0xff, 0xff, 0x7f]),
        ("a length without end", vec![0xff; 64]),
        ("a length of nothing", vec![0; 64]),
        ("no name", [vec![64], vec![0xff; 64]].concat()),
    ] {
        check(name, [begin.clone(), bytes].concat(), Vec::new()).await;
    }
    check("another protocol's greeting", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), Vec::new()).await;
    check("a TLS hello", [vec![0x16, 3, 1, 0xff, 0xff], vec![0; 4_096]].concat(), Vec::new()).await;
}

#[tokio::test]
async fn noise_that_is_too_large_or_nonsense_is_refused() {
    let begin = [named("/multistream/1.0.0"), named("/noise")].concat();
    let message = |length: u16, body: Vec<u8>| [begin.clone(), length.to_be_bytes().to_vec(), body].concat();
    check("a first message of 64 KiB", message(u16::MAX, vec![7; 65_535]), Vec::new()).await;
    check("an empty first message", message(0, Vec::new()), Vec::new()).await;
    check("a short key", message(31, vec![7; 31]), Vec::new()).await;
    check("a key of zeros", message(32, vec![0; 32]), Vec::new()).await;
    // After the key, a second message that is as large as can be and decrypts to nothing.
    let second = [vec![0xff, 0xff], vec![9; 65_535]].concat();
    check("a last message of 64 KiB", [message(32, vec![9; 32]), second].concat(), Vec::new()).await;
    check("messages without end", message(32, vec![9; 32]), [0, 1, 5].repeat(1_000)).await;
}

/// Below an established Noise: a frame that nobody has encrypted.
#[tokio::test]
async fn a_forged_frame_ends_an_established_connection() {
    let mut target = Target::new(Limits::default()).await;
    for forged in
        [vec![0xff; 65_537], vec![0, 0], vec![0, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]]
    {
        let port = target.port(false);
        let connecting = tokio::task::spawn_blocking(move || RawYamux::connect(port, 64));
        let connection = target.taken(true).await;
        let mut raw = connecting.await.unwrap();
        let hung_up = tokio::task::spawn_blocking(move || {
            let _ = raw.below.write_all(&forged);
            is_hung_up_on(&mut raw.below)
        });
        assert!(hung_up.await.unwrap());
        crate::pair::soon(connection.closed()).await;
        target.stands("a forged frame").await;
    }
}
