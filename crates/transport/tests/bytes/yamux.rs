//! Frames of Yamux that no peer should send.

use std::io;
use std::time::Duration;

use freehold_transport::Limits;

use super::peer::{RawYamux, Target, is_hung_up_on};

const DATA: u8 = 0;
const WINDOW: u8 = 1;
const PING: u8 = 2;
const GO_AWAY: u8 = 3;

const SYN: u16 = 1;
const ACK: u16 = 2;
const RST: u16 = 8;

/// How long a stranger has here.
const STRANGER: Duration = Duration::from_secs(1);

/// Sends what a case sends and looks what became of the endpoint, for a peer that is welcome and for a stranger. Yamux itself may
/// say go away and stay; a stranger is hung up on whatever it says.
async fn check(name: &'static str, send: fn(&mut RawYamux) -> io::Result<()>) {
    let mut target = Target::new(Limits { stranger_timeout: STRANGER, ..Limits::default() }).await;
    for (welcome, seed) in [(true, 60), (false, 61)] {
        let port = target.port(false);
        let connecting = tokio::task::spawn_blocking(move || RawYamux::connect(port, seed));
        let connection = target.taken(welcome).await;
        let mut raw = connecting.await.unwrap();
        if welcome {
            // The word travels through the connection's task.
            let closed = connection.closed();
            assert!(tokio::time::timeout(Duration::from_millis(50), closed).await.is_err());
        }
        let sent = tokio::task::spawn_blocking(move || {
            // The endpoint may hang up before all is written.
            let _ = send(&mut raw).and_then(|()| raw.flush());
            raw
        });
        let mut raw = sent.await.unwrap();
        target.stands(name).await;
        if !welcome {
            let hung_up = tokio::task::spawn_blocking(move || is_hung_up_on(&mut raw.below));
            assert!(hung_up.await.unwrap(), "{name}");
        }
    }
}

/// GHSA-4w32-2493-32g7, CVE-2026-31814.
#[tokio::test]
async fn credit_that_overflows_a_window_harms_nobody() {
    check("credit beyond 32 bits", |raw| {
        raw.frame(WINDOW, SYN, 1, u32::MAX, &[])?;
        for _ in 0..1_000 {
            raw.frame(WINDOW, 0, 1, u32::MAX, &[])?;
        }
        Ok(())
    })
    .await;
}

/// GHSA-vxx9-2994-q338, CVE-2026-32314.
#[tokio::test]
async fn a_frame_past_the_window_harms_nobody() {
    check("a first frame past the window", |raw| {
        let length = 256 * 1_024 + 1;
        raw.frame(DATA, SYN, 1, length, &vec![7; usize::try_from(length).unwrap()])
    })
    .await;
    check("a later frame past the window", |raw| {
        raw.frame(DATA, SYN, 1, 4, &[1; 4])?;
        let length = 256 * 1_024;
        raw.frame(DATA, 0, 1, length, &vec![7; usize::try_from(length).unwrap()])
    })
    .await;
}

#[tokio::test]
async fn a_length_that_never_comes_allocates_nothing() {
    for length in [1 << 24, u32::MAX] {
        let mut target = Target::new(Limits::default()).await;
        let port = target.port(false);
        let connecting = tokio::task::spawn_blocking(move || RawYamux::connect(port, 62));
        let _connection = target.taken(true).await;
        let mut raw = connecting.await.unwrap();
        let held = tokio::task::spawn_blocking(move || {
            let _ = raw.frame(DATA, SYN, 1, length, &[]).and_then(|()| raw.flush());
            raw
        });
        let _held = held.await.unwrap();
        target.stands("a length that never comes").await;
    }
}

/// As the rapid resets of HTTP/2: each stream costs the sender two frames, and nobody anything afterwards.
#[tokio::test]
async fn streams_opened_and_reset_at_once_leave_nothing() {
    check("streams opened and reset", |raw| {
        for number in 0..50_000 {
            raw.frame(WINDOW, SYN, 1 + 2 * number, 0, &[])?;
            raw.frame(WINDOW, RST, 1 + 2 * number, 0, &[])?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn more_streams_than_are_allowed_harm_nobody() {
    check("streams without end", |raw| {
        for number in 0..20_000 {
            raw.frame(DATA, SYN, 1 + 2 * number, 8, &[0x13; 8])?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn frames_of_no_stream_harm_nobody() {
    check("data on a stream that was never opened", |raw| {
        for number in 0..5_000 {
            raw.frame(DATA, 0, 9_999 + 2 * number, 4, &[1; 4])?;
            raw.frame(WINDOW, ACK, 2 + 2 * number, 77, &[])?;
            raw.frame(DATA, RST, 4 + 2 * number, 0, &[])?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_stream_of_the_wrong_side_or_opened_twice_harms_nobody() {
    check("streams of the other side", |raw| {
        for number in 0..2_000 {
            raw.frame(DATA, SYN, 2 * number, 1, &[1])?;
        }
        Ok(())
    })
    .await;
    check("a stream that is opened again", |raw| {
        for _ in 0..2_000 {
            raw.frame(DATA, SYN, 1, 1, &[1])?;
        }
        Ok(())
    })
    .await;
}

/// GHSA-3999-5ffv-wp2r, CVE-2024-32984: answers that nobody takes must not pile up.
#[tokio::test]
async fn pings_whose_answers_nobody_takes_pile_up_nowhere() {
    check("pings without end", |raw| {
        for number in 0..500_000 {
            raw.frame(PING, SYN, 0, number, &[])?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_is_no_frame_harms_nobody() {
    check("another version", |raw| raw.bytes(&[9, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0])).await;
    check("an unknown type", |raw| raw.frame(77, 0, 1, 0, &[])).await;
    check("every bit", |raw| raw.bytes(&[0xff; 4_096])).await;
    check("a goodbye", |raw| raw.frame(GO_AWAY, 0, 0, 0, &[])).await;
}
