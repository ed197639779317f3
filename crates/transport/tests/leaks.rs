//! Nothing stays behind: alone in its file, since it counts the whole process.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]

#[path = "network/pair.rs"]
mod pair;

use std::time::Duration;

use freehold_transport::{Endpoint, Limits, dial};

use pair::{QUIC, TCP, address, key, soon};

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// Waits until both counts are back where they were.
async fn settle(files: usize, alive: usize) {
    soon(async {
        while open_files() > files || tasks() > alive {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_connections_leave_no_task_and_no_socket() {
    for listen in [QUIC, TCP] {
        let (files, alive) = (open_files(), tasks());
        let (endpoint, mut incoming) =
            Endpoint::listen(&key(1), &[address(listen)], Limits::default()).await.unwrap();
        let (listening_files, listening_tasks) = (open_files(), tasks());
        let mut kept = Vec::new();
        for seed in 100..200 {
            let node =
                dial(&key(seed), &endpoint.addresses(), &[key(1).public()], Limits::default()).await.unwrap();
            let hub = soon(incoming.recv()).await.unwrap();
            let session = node.open_session().await.unwrap().split();
            let accepted = soon(hub.accept_session()).await.unwrap().split();
            session.0.send(vec![1; 1000]).await.unwrap();
            kept.push((node, hub, session, accepted));
        }
        assert!(open_files() > listening_files && tasks() > listening_tasks + 100);
        drop(kept);
        settle(listening_files, listening_tasks).await;
        // A dial that fails leaves nothing either.
        let limits = Limits { dial_timeout: Duration::from_millis(50), ..Limits::default() };
        let nobody = [address("/ip4/127.0.0.1/udp/9/quic-v1"), address("/ip4/127.0.0.1/tcp/9")];
        for _ in 0..5 {
            assert!(dial(&key(2), &nobody, &[key(1).public()], limits).await.is_err());
        }
        settle(listening_files, listening_tasks).await;
        endpoint.close().await;
        settle(files, alive).await;
    }
}
