//! Durable writes a second of a store in a folder, or in PostgreSQL:
//! `cargo run --release -p freehold-postgres --example throughput -- postgres://… [writers] [seconds]`.

#![allow(clippy::print_stdout, reason = "it is a program")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use freehold_postgres::Postgres;
use freehold_store::{HomeKey, Key, Options, ReadError, Store};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let place = arguments.first().ok_or("name a folder or a postgres://…")?;
    let number =
        |at: usize, otherwise| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let (writers, seconds): (u64, u64) = (number(1, 64), number(2, 5));
    let (home, options) = (HomeKey::new([7; 32]), Options::default());
    let store = if place.starts_with("postgres") {
        let postgres = Postgres::connect(place.parse()?)?;
        Store::open_in(Arc::new(postgres), |tag| (tag == b'k').then_some(1..9), &home, options, None)?
    } else {
        Store::open(place.as_ref(), &home, options)?
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (written, waited) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let began = Instant::now();
    let until = began + Duration::from_secs(seconds);
    runtime.block_on(async {
        let tasks: Vec<_> = (0..writers)
            .map(|writer| {
                let (store, written, waited) = (store.clone(), Arc::clone(&written), Arc::clone(&waited));
                tokio::spawn(async move {
                    let mut record = 0;
                    while Instant::now() < until {
                        record += 1;
                        let asked = Instant::now();
                        let write = store.write(move |txn| {
                            // As a message is taken in: a cursor is read and moved, a value is written.
                            let cursor = Key::new(b'k').with_u64(writer);
                            let before = txn.get(&cursor)?.map_or(0, |bytes| bytes.len());
                            txn.put(cursor, vec![0; 16 + before % 2]);
                            txn.put_erasable(Key::new(b'k').with_u64(writer).with_u64(record), vec![0; 200]);
                            Ok::<_, ReadError>(())
                        });
                        if write.await.is_ok() {
                            written.fetch_add(1, Relaxed);
                            waited.fetch_add(
                                u64::try_from(asked.elapsed().as_micros()).unwrap_or_default(),
                                Relaxed,
                            );
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await?;
        }
        Ok::<_, tokio::task::JoinError>(())
    })?;
    let (written, waited) = (written.load(Relaxed).max(1), waited.load(Relaxed));
    println!(
        "{writers} writers: {:.0} durable writes a second, {:.2} ms each",
        written as f64 / began.elapsed().as_secs_f64(),
        waited as f64 / written as f64 / 1000.0
    );
    Ok(())
}
