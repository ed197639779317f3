//! The program on a machine that fails it: a full disk, a slow one, a file system that turned read-only, a clock that goes back.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use freehold_api::person::{AuditVerify, Change, Get, Grants, History, Kept, Revoke, Set};
use freehold_api::{ApiError, hub};
use freehold_crash::device::{Device, Memory};
use freehold_crash::peer::{ASK, Peer};
use freehold_crash::story::{CUSTOMER, Story};
use freehold_crash::tracer::{self, Injection, Threads};
use freehold_crash::{rounds, seed, skipped, wait_until};

/// Room for two homes and the reserve of each.
const DISK_KIBIBYTES: u64 = 96 * 1024;
/// What a store keeps free.
const RESERVE_KIBIBYTES: u64 = 16 * 1024;
/// How much longer a slow disk takes for a sync.
const SLOW_SYNC: Duration = Duration::from_millis(333);
/// The library of the package faketime.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

fn set(peer: &Peer, value: &str) -> Result<(), ApiError> {
    let changes = vec![Change { path: "x.note".to_owned(), value: Some(value.to_owned()) }];
    peer.call(&Set { changes, source: None }).map(drop)
}

fn get(peer: &Peer) -> Option<String> {
    let fields = peer.must(&Get { path: Some("x.note".to_owned()), ..Get::default() });
    fields.into_iter().next().and_then(|field| field.value)
}

/// Takes all but so many KiB of a file system.
fn fill(folder: &Path, left_kibibytes: u64) -> PathBuf {
    let stats = rustix::fs::statvfs(folder).unwrap();
    let free = stats.f_bavail * stats.f_frsize / 1024;
    let path = folder.join("filler");
    let file = File::options().create(true).append(true).open(&path).unwrap();
    let had = file.metadata().unwrap().len();
    let more = free.saturating_sub(left_kibibytes) * 1024;
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), had, more.max(1)).unwrap();
    path
}

/// 1. The disk runs low: writing is refused with its code, reading goes on, and a person can still stop a vendor.
///    2. It is full to the last page: still nothing is lost. 3. Some is freed: work goes on.
#[test]
fn a_full_disk_refuses_writes_serves_reads_lets_a_person_stop_and_loses_nothing() {
    let memory = match Memory::make(DISK_KIBIBYTES) {
        Ok(memory) => memory,
        Err(why) => return skipped("a full disk", &why),
    };
    let beside = tempfile::tempdir().unwrap();
    let mut story = Story::begin(memory.path(), beside.path(), seed("full disk"));
    set(&story.node, "kept").unwrap();
    let filler = fill(memory.path(), RESERVE_KIBIBYTES - 2048);
    let refused = set(&story.node, "no room").unwrap_err();
    assert_eq!((refused.code.as_str(), refused.exit), ("disk-full", 13), "{refused}");
    assert_eq!(get(&story.node).as_deref(), Some("kept"));
    let grant = story.node.must(&Grants {}).remove(0);
    story.node.must(&Revoke { id: grant.id.clone(), paths: None });
    wait_until("the grant is revoked", || story.node.must(&Grants {})[0].status == "revoked");
    fill(memory.path(), 0);
    assert_eq!(set(&story.node, "no room").unwrap_err().code, "disk-full");
    assert_eq!(get(&story.node).as_deref(), Some("kept"));
    story.node.kill();
    story.hub.kill();
    // A start on a full disk says so, or serves; it loses nothing in either case.
    if let Err((status, said)) = story.node.try_start() {
        assert!(status.code() == Some(13) && said.contains("disk-full"), "{status}: {said}");
    }
    story.node.kill();
    fs::remove_file(filler).unwrap();
    story.node.start();
    story.hub.start();
    assert_eq!(get(&story.node).as_deref(), Some("kept"));
    assert_eq!(story.node.must(&Grants {})[0].status, "revoked");
    set(&story.node, "room").unwrap();
    assert_eq!(story.node.must(&AuditVerify {}).broken, None);
}

/// 1. The file system meets an error and turns read-only: writing fails with its code, reading goes on. 2. A start on it
///    fails with a code and changes nothing. 3. It is writable again: all that was acknowledged is there.
#[test]
fn a_file_system_that_turns_read_only_fails_writes_and_loses_nothing() {
    let mut device = match Device::make(192) {
        Ok(device) => device,
        Err(why) => return skipped("a read-only file system", &why),
    };
    let beside = tempfile::tempdir().unwrap();
    let mut story = Story::begin(&device.path(), beside.path(), seed("read-only"));
    set(&story.node, "kept").unwrap();
    device.fail();
    let refused = set(&story.node, "lost").unwrap_err();
    assert_eq!((refused.code.as_str(), refused.exit), ("store-failed", 14), "{refused}");
    let refused = set(&story.node, "lost, too").unwrap_err();
    assert_eq!((refused.code.as_str(), refused.exit), ("store-failed", 14), "{refused}");
    // The write that failed may be seen, and may be there later; those after it are not.
    let may_be_there = |peer: &Peer| matches!(get(peer).as_deref(), Some("kept" | "lost"));
    assert!(may_be_there(&story.node));
    assert!(story.hub.call(&hub::Invite::default()).is_err());
    story.node.kill();
    story.hub.kill();
    for options in ["ro", "ro,noload"] {
        device.mount_again(options);
        let (status, said) = story.node.try_start().unwrap_err();
        assert!([1, 14].contains(&status.code().unwrap()), "{status}: {said}");
        assert!(said.contains("home-unusable") || said.contains("store-failed"), "{said}");
    }
    device.mount_again("rw");
    story.node.start();
    story.hub.start();
    assert!(may_be_there(&story.node));
    set(&story.node, "again").unwrap();
    story.check();
}

/// Every sync of a process takes so much longer from now on.
fn slow(peer: &Peer, log: &Path) -> Child {
    let fault = format!("delay_exit={}", SLOW_SYNC.as_micros());
    let injection = Injection { calls: "fdatasync,fsync", fault: &fault, threads: Threads::All };
    let process = peer.id().unwrap().as_raw_nonzero().get();
    injection.attach(process.unsigned_abs(), None, log)
}

/// 1. Every sync of both disks takes a third of a second more. 2. Everything is answered all the same. 3. Both are killed at any
///    moment of it, and start again on disks that are quick: all that was acknowledged is there.
#[test]
fn a_slow_disk_makes_everything_late_and_loses_nothing() {
    if let Err(why) = tracer::available() {
        return skipped("slow disks", &why);
    }
    let dir = tempfile::tempdir().unwrap();
    let mut story = Story::begin(dir.path(), dir.path(), seed("slow disks"));
    for round in 0..rounds(2, 40) {
        let logs = ["node", "hub"].map(|of| dir.path().join(format!("{of}-{round}.trace")));
        let tracers = [slow(&story.node, &logs[0]), slow(&story.hub, &logs[1])];
        wait_until("the disks are slow", || {
            let _ = story.set();
            logs.iter().all(|log| fs::read_to_string(log).is_ok_and(|log| log.contains("(DELAYED)")))
        });
        for _ in 0..12 {
            story.act().expect("an answer");
        }
        story.node.kill();
        story.hub.kill();
        for mut tracer in tracers {
            tracer.wait().unwrap();
        }
        story.node.start();
        story.hub.start();
    }
    story.settle();
}

/// A node whose clock a file sets, such as `-400d`.
fn clock(peer: &mut Peer, offset: &Path) {
    peer.environment = [
        ("LD_PRELOAD", FAKETIME.to_owned()),
        ("FAKETIME_TIMESTAMP_FILE", offset.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
}

/// 1. The node's clock is set back by more than a year while it works. 2. What is set then is the newest, reaches the
///    vendor, and is in the log, whose chain holds. 3. So it is after a restart in the past, and when the clock is right again.
#[test]
fn a_clock_that_goes_back_loses_nothing_and_the_newest_stays_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let Some((mut story, offset)) = clocked(dir.path(), "a clock that goes back") else { return };
    for (days, restart) in [("-400d", false), ("-400d", true), ("+0d", false), ("-1d", true), ("+0d", true)] {
        fs::write(&offset, days).unwrap();
        if restart {
            story.node.kill();
            story.node.start();
        }
        let value = format!("{days} {restart}");
        set(&story.node, &value).unwrap();
        assert_eq!(get(&story.node).as_deref(), Some(value.as_str()));
        let history = story.node.must(&History { path: "x.note".to_owned() });
        assert_eq!(history[0].value.as_deref(), Some(value.as_str()), "{days}");
        assert!(history.windows(2).all(|pair| pair[0].version > pair[1].version), "{days}");
        for _ in 0..8 {
            story.set().unwrap();
        }
        story.arrive();
    }
    story.settle();
    let history = story.node.must(&History { path: "x.note".to_owned() });
    let dates: Vec<String> = history.into_iter().map(|field| field.at).collect();
    assert!(!dates.is_sorted_by(|newer, older| newer >= older), "the clock never went back: {dates:?}");
}

/// 1. The clock is back; the person stops a vendor, and the vendor asks for something new. 2. The stop holds, is answered by
///    the vendor's receipt, and still holds when the clock is right. 3. The request, which begins in the future of that
///    clock, is kept with its code, not dropped.
#[test]
fn a_person_whose_clock_is_back_can_stop_a_vendor_and_loses_no_message() {
    let dir = tempfile::tempdir().unwrap();
    let Some((mut story, offset)) = clocked(dir.path(), "stopping while the clock is back") else { return };
    fs::write(&offset, "-400d").unwrap();
    let grant = story.node.must(&Grants {}).remove(0).id;
    story.node.must(&Revoke { id: grant, paths: None });
    story.hub.must(&hub::Ask { toml: ASK.to_owned(), file: None });
    story.hub.must(&hub::AskCustomer { customer: CUSTOMER.to_owned(), ask: None });
    let stopped = |story: &Story| {
        let grant = story.node.must(&Grants {}).remove(0);
        grant.status == "revoked" && grant.revocations.iter().all(|revocation| revocation.erasure.is_some())
    };
    wait_until("the vendor's receipt", || stopped(&story));
    let kept = |story: &Story| story.node.must(&Kept {}).iter().map(|of| of.messages.len()).sum::<usize>();
    wait_until("the request is kept", || kept(&story) == 1);
    for days in ["-400d", "+0d"] {
        fs::write(&offset, days).unwrap();
        story.node.kill();
        story.node.start();
        assert!(stopped(&story) && kept(&story) == 1, "{days}");
        story.set().unwrap();
        story.arrive();
    }
}

/// A story whose node has the clock that a file sets; `None` where that cannot be.
fn clocked(dir: &Path, what: &str) -> Option<(Story, PathBuf)> {
    if !Path::new(FAKETIME).exists() {
        skipped(what, "libfaketime is missing: install the package faketime");
        return None;
    }
    let offset = dir.join("offset");
    fs::write(&offset, "+0d").unwrap();
    let mut story = Story::begin(dir, dir, seed(what));
    story.node.kill();
    clock(&mut story.node, &offset);
    story.node.start();
    story.settle();
    Some((story, offset))
}
