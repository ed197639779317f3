//! Streams and frames between two well-behaved peers.

use std::time::Duration;

use freehold_transport::{FRAME_BYTES_MAX, FRAME_QUEUE, FrameError, Frames, Limits, SendError, StreamError};

use crate::pair::{Pair, QUIC, TCP, soon};

/// Sends back what it gets, then ends.
async fn echo(frames: Frames) {
    let (sender, mut receiver) = frames.split();
    while let Some(frame) = receiver.recv().await {
        sender.send(frame.unwrap()).await.unwrap();
    }
    sender.finish().await.unwrap();
}

fn frame(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at * 31 + bytes) as u8).collect()
}

#[tokio::test]
async fn frames_of_every_size_come_back_whole_and_in_order() {
    for listen in [QUIC, TCP] {
        let pair = Pair::new(listen).await;
        let session = pair.node.open_session().await.unwrap();
        let echo = tokio::spawn(echo(soon(pair.hub.accept_session()).await.unwrap()));
        let (sender, mut receiver) = session.split();
        let sizes = [
            1,
            2,
            3,
            4,
            5,
            255,
            4095,
            4096,
            8191,
            8192,
            16_384,
            65_537,
            FRAME_BYTES_MAX - 1,
            FRAME_BYTES_MAX,
        ];
        let sending = async {
            for round in 0..3 {
                for size in sizes {
                    sender.send(frame(size + usize::from(round == 9))).await.unwrap();
                }
            }
            sender.finish().await.unwrap();
        };
        let receiving = async {
            for _ in 0..3 {
                for size in sizes {
                    assert!(receiver.recv().await.unwrap().unwrap() == frame(size), "{size} bytes");
                }
            }
            assert_eq!(receiver.recv().await, None);
            assert_eq!(receiver.recv().await, None);
        };
        soon(async { tokio::join!(sending, receiving) }).await;
        echo.await.unwrap();
    }
}

#[tokio::test]
async fn empty_and_oversize_frames_are_refused_by_the_sender() {
    let pair = Pair::new(TCP).await;
    let (sender, _receiver) = pair.node.open_session().await.unwrap().split();
    for bytes in [0, FRAME_BYTES_MAX + 1] {
        assert!(matches!(sender.try_send(vec![0; bytes]), Err(SendError::Length { bytes: b }) if b == bytes));
        assert!(
            matches!(sender.send(vec![0; bytes]).await, Err(SendError::Length { bytes: b }) if b == bytes)
        );
    }
    sender.send(vec![0]).await.unwrap();
}

#[tokio::test]
async fn a_connection_has_one_session_opened_by_the_dialler() {
    for listen in [QUIC, TCP] {
        let pair = Pair::new(listen).await;
        assert_eq!(pair.hub.open_session().await.unwrap_err(), StreamError::Refused);
        assert!(soon(pair.node.accept_session()).await.is_none());
        let _first = pair.node.open_session().await.unwrap();
        let _accepted = soon(pair.hub.accept_session()).await.unwrap();
        assert_eq!(pair.node.open_session().await.unwrap_err(), StreamError::Refused);
        assert!(soon(pair.hub.accept_session()).await.is_none());
    }
}

#[tokio::test]
async fn either_side_opens_reads() {
    for listen in [QUIC, TCP] {
        let pair = Pair::new(listen).await;
        for (asks, answers) in [(&pair.hub, &pair.node), (&pair.node, &pair.hub)] {
            let (sender, mut receiver) = asks.open_read().await.unwrap().split();
            let echo = tokio::spawn(echo(soon(answers.accept_read()).await.unwrap()));
            sender.send(b"phone.mobile?".to_vec()).await.unwrap();
            sender.finish().await.unwrap();
            assert_eq!(soon(receiver.recv()).await, Some(Ok(b"phone.mobile?".to_vec())));
            assert_eq!(soon(receiver.recv()).await, None);
            soon(echo).await.unwrap();
        }
    }
}

#[tokio::test]
async fn reads_beyond_the_limit_are_refused_until_one_ends() {
    let few = Limits { streams_max: 3, ..Limits::default() };
    for listen in [QUIC, TCP] {
        let pair = Pair::with(listen, few, Limits::default()).await;
        let mut open = Vec::new();
        let mut accepted = Vec::new();
        for _ in 0..3 {
            open.push(pair.node.open_read().await.unwrap());
            accepted.push(soon(pair.hub.accept_read()).await.unwrap());
        }
        for _ in 0..20 {
            assert_eq!(pair.node.open_read().await.unwrap_err(), StreamError::Refused);
        }
        accepted.pop();
        let _again = pair.node.open_read().await.unwrap();
        soon(pair.hub.accept_read()).await.unwrap();

        let pair = Pair::with(listen, Limits::default(), few).await;
        let _open = [pair.node.open_read().await, pair.node.open_read().await, pair.node.open_read().await];
        assert_eq!(pair.node.open_read().await.unwrap_err(), StreamError::TooMany);
    }
}

/// Fills a stream whose receiver does not read, until the queue is full.
async fn fill(sender: &freehold_transport::FrameSender) -> usize {
    let mut sent = 0;
    loop {
        match sender.try_send(frame(FRAME_BYTES_MAX)) {
            Ok(()) => sent += 1,
            Err(SendError::Full(back)) => {
                assert_eq!(back.len(), FRAME_BYTES_MAX);
                // The writer may only not have come round to it.
                let ready = tokio::time::timeout(Duration::from_millis(300), sender.ready()).await;
                match ready {
                    Ok(ready) => ready.unwrap(),
                    Err(_) => return sent,
                }
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_slow_receiver_holds_the_sender_back_and_loses_nothing() {
    for listen in [QUIC, TCP] {
        let pair = Pair::new(listen).await;
        let (sender, _receiver) = pair.node.open_session().await.unwrap().split();
        let (_sender, mut receiver) = soon(pair.hub.accept_session()).await.unwrap().split();
        let sent = fill(&sender).await;
        assert!((FRAME_QUEUE..200).contains(&sent), "{sent} frames were taken");
        let finished = tokio::spawn(sender.finish());
        for _ in 0..sent {
            assert!(soon(receiver.recv()).await.unwrap().unwrap() == frame(FRAME_BYTES_MAX));
        }
        assert_eq!(soon(receiver.recv()).await, None);
        soon(finished).await.unwrap().unwrap();
    }
}

/// QUIC says that a connection is closed in a single packet, which a full socket may drop: then the hub's pings notice.
#[tokio::test]
async fn abort_forgets_queued_frames() {
    let watchful = Limits {
        liveness_interval: Duration::from_secs(2),
        liveness_timeout: Duration::from_secs(5),
        ..Limits::default()
    };
    for listen in [QUIC, TCP] {
        for connection in [true, false] {
            let pair = Pair::with(listen, watchful, Limits::default()).await;
            let (sender, mut own) = pair.node.open_session().await.unwrap().split();
            let (_sender, mut receiver) = soon(pair.hub.accept_session()).await.unwrap().split();
            let sent = fill(&sender).await;
            if connection {
                pair.node.abort();
                soon(pair.node.closed()).await;
            } else {
                sender.abort();
            }
            let mut got = 0;
            while let Some(Ok(_)) = soon(receiver.recv()).await {
                got += 1;
            }
            assert!(got + FRAME_QUEUE <= sent, "{got} of {sent} frames arrived");
            assert!(
                matches!(soon(sender.send(vec![1])).await, Err(SendError::Closed))
                    || sender.ready().await.is_err()
            );
            assert_eq!(soon(own.recv()).await, Some(Err(FrameError::Lost)));
        }
    }
}

#[tokio::test]
async fn abort_wakes_a_receiver_that_waits_on_a_quiet_stream() {
    for listen in [QUIC, TCP] {
        let pair = Pair::new(listen).await;
        let (sender, mut own) = pair.node.open_session().await.unwrap().split();
        let _hub = soon(pair.hub.accept_session()).await.unwrap();
        let waiting = tokio::spawn(async move { own.recv().await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        sender.abort();
        assert_eq!(soon(waiting).await.unwrap(), Some(Err(FrameError::Lost)));
    }
}

#[tokio::test]
async fn dropping_the_sender_forgets_queued_frames_and_leaves_the_receiver() {
    for listen in [QUIC, TCP] {
        let pair = Pair::new(listen).await;
        let (sender, mut own) = pair.node.open_session().await.unwrap().split();
        let (back, mut receiver) = soon(pair.hub.accept_session()).await.unwrap().split();
        let sent = fill(&sender).await;
        drop(sender);
        back.send(b"still here".to_vec()).await.unwrap();
        assert_eq!(soon(own.recv()).await, Some(Ok(b"still here".to_vec())));
        let mut got = 0;
        while let Some(Ok(_)) = soon(receiver.recv()).await {
            got += 1;
        }
        assert!(got + FRAME_QUEUE <= sent, "{got} of {sent} frames arrived");
    }
}

#[tokio::test]
async fn a_peer_that_takes_nothing_loses_the_stream() {
    let limits = Limits { frame_timeout: Duration::from_millis(300), ..Limits::default() };
    for listen in [QUIC, TCP] {
        let pair = Pair::with(listen, Limits::default(), limits).await;
        let (sender, mut own) = pair.node.open_session().await.unwrap().split();
        let _hub = soon(pair.hub.accept_session()).await.unwrap();
        let error = soon(async {
            loop {
                if let Err(error) = sender.send(frame(FRAME_BYTES_MAX)).await {
                    return error;
                }
            }
        })
        .await;
        assert!(matches!(error, SendError::Closed), "{error:?}");
        assert_eq!(soon(own.recv()).await, Some(Err(FrameError::Lost)));
    }
}

#[tokio::test]
async fn a_cancelled_recv_loses_nothing() {
    for listen in [QUIC, TCP] {
        let pair = Pair::new(listen).await;
        let (sender, _own) = pair.node.open_session().await.unwrap().split();
        let (_sender, mut receiver) = soon(pair.hub.accept_session()).await.unwrap().split();
        let sending = async {
            for size in 1..200 {
                sender.send(frame(size * 97)).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let receiving = async {
            let (mut size, mut cancelled) = (1, 0);
            while size < 200 {
                tokio::select! {
                    biased;
                    () = tokio::task::yield_now() => cancelled += 1,
                    got = receiver.recv() => {
                        assert!(got.unwrap().unwrap() == frame(size * 97));
                        size += 1;
                        continue;
                    }
                }
                tokio::task::yield_now().await;
            }
            assert!(cancelled > 0);
        };
        soon(async { tokio::join!(sending, receiving) }).await;
    }
}
