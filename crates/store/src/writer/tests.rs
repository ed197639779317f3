//! What the writer puts off, and for how long at most; what it has ready before it is asked.

use std::collections::BTreeSet;
use std::path::Path;

use tokio::sync::Semaphore;

use super::*;
use crate::key::Key;
use crate::open;
use crate::place::Place;
use crate::record_keys::SLOT_BYTES;
use crate::seal::HomeKey;
use crate::store::Options;

fn writer(dir: &Path) -> Writer {
    let opened = open::open(&Place::of(dir), &HomeKey::new([7; 32]), Options::default(), None, |disk| disk);
    opened.unwrap().1
}

/// Writes so many records, over those that an earlier call wrote.
fn write(writer: &mut Writer, count: u64) {
    let mut txn = Txn::new(Arc::clone(&writer.records));
    (0..count).for_each(|number| txn.put_erasable(Key::new(b'k').with_u64(number), "v"));
    assert!(matches!(writer.apply(txn), Ok(true)));
}

/// Puts an entry on the list of keys to destroy.
fn list(writer: &Writer, number: u64, bytes: &[u8]) {
    let key = [&DESTRUCTION_PREFIX[..], &number.to_be_bytes()].concat();
    let mut batch = Batch::default();
    batch.insert(&key, writer.records.sealer.seal(&key, bytes).unwrap());
    writer.records.tree.apply(batch).unwrap();
}

/// The slots of each entry on the list.
fn listed(writer: &Writer) -> Vec<Vec<Slot>> {
    let entries = writer.records.tree.range(prefix_range_stored(DESTRUCTION_PREFIX.to_vec()));
    let slots = |(key, raw): (crate::tree::Bytes, crate::tree::Raw)| {
        let bytes = writer.records.sealer.open(&key, &raw).unwrap();
        bytes.as_chunks::<8>().0.iter().map(|slot| Slot::from_be_bytes(*slot)).collect()
    };
    entries.map(|entry| slots(entry.unwrap())).collect()
}

#[test]
fn keys_to_be_destroyed_wait_until_they_are_old_or_many() {
    let now = Instant::now();
    let young = now + Duration::from_secs(3600);
    let old = now.checked_sub(DESTRUCTION_DELAY).unwrap();
    let waiting = |slots: usize, oldest: Instant| Destructions {
        slots: vec![1; slots],
        oldest: Some(oldest),
        ..Destructions::default()
    };
    assert_eq!((Destructions::default().wait(), Destructions::default().due()), (None, false));
    assert_eq!((waiting(1, young).wait(), waiting(1, young).due()), (Some(DESTRUCTION_DELAY), false));
    assert_eq!((waiting(1, old).wait(), waiting(1, old).due()), (Some(Duration::ZERO), true));
    assert!(!waiting(DESTRUCTIONS_WAITING_MAX - 1, young).due());
    assert!(waiting(DESTRUCTIONS_WAITING_MAX, young).due());
}

#[test]
fn the_writer_looks_after_keys_that_wait_unless_it_may_not_write() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path());
    assert_eq!(writer.wait(), None, "no key waits");
    writer.destructions.oldest = Some(Instant::now() + Duration::from_secs(3600));
    assert_eq!(writer.wait(), Some(DESTRUCTION_DELAY));
    writer.poisoned = true;
    assert_eq!(writer.wait(), None);
}

/// However many records a batch replaces, each of their keys is on the list until it is destroyed.
#[test]
fn the_keys_of_more_records_than_an_entry_holds_are_all_on_the_list() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path());
    let many = ENTRY_SLOTS_MAX as u64 + 1;
    write(&mut writer, 1);
    write(&mut writer, 1);
    write(&mut writer, many);
    assert_eq!(listed(&writer).iter().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
    write(&mut writer, many);
    let entries = listed(&writer);
    assert_eq!(entries.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, ENTRY_SLOTS_MAX, 1]);
    let slots: BTreeSet<Slot> = entries.into_iter().flatten().collect();
    assert_eq!(slots, (1..=many + 2).collect());
    writer.destroy().unwrap();
    assert!(listed(&writer).is_empty());
}

#[test]
fn a_list_of_keys_to_destroy_names_whole_numbers_of_keys_that_were_used() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path());
    write(&mut writer, 2);
    let unused = writer.head.next_slot;
    list(&writer, 7, &(unused - 1).to_be_bytes());
    writer.recall_destructions().unwrap();
    assert_eq!(
        (writer.destructions.slots.as_slice(), writer.destructions.entry_next),
        (&[unused - 1][..], 8)
    );
    for damaged in [&unused.to_be_bytes()[..], &[0; 7], &[0; 9]] {
        list(&writer, 7, damaged);
        assert!(matches!(writer.recall_destructions(), Err(ReadError::Corrupt)), "{damaged:?}");
    }
}

#[test]
fn secrets_of_half_a_block_of_records_are_ready_before_they_are_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path());
    let ready = |writer: &Writer| writer.slots_ready - writer.head.next_slot;
    let at_first = ready(&writer);
    assert!((SLOT_BLOCK..2 * SLOT_BLOCK).contains(&at_first));
    write(&mut writer, at_first - SLOT_BLOCK / 2);
    writer.housekeep();
    assert_eq!(ready(&writer), SLOT_BLOCK / 2, "as many are enough");
    write(&mut writer, 1);
    writer.housekeep();
    assert!((SLOT_BLOCK..2 * SLOT_BLOCK).contains(&ready(&writer)));
    let bytes = std::fs::metadata(dir.path().join("record-keys")).unwrap().len();
    assert_eq!(bytes, writer.slots_ready * SLOT_BYTES as u64);
    // More at once than are ready.
    let many = ready(&writer) + 1;
    write(&mut writer, many);
    assert!((SLOT_BLOCK..2 * SLOT_BLOCK).contains(&ready(&writer)));
    assert!(!writer.poisoned);
}

#[test]
fn the_witness_is_made_durable_after_so_many_commits_and_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path());
    let made = writer.witnessed;
    writer.head.commit += WITNESS_COMMITS - 1;
    writer.tell_witness();
    writer.housekeep();
    assert_eq!(writer.witnessed, made, "not for each of them");
    writer.head.commit += 1;
    writer.tell_witness();
    writer.housekeep();
    assert_eq!(writer.witnessed, made + WITNESS_COMMITS);
    writer.head.commit += 1;
    writer.tell_witness();
    writer.housekeep();
    assert_eq!(writer.witnessed, made + WITNESS_COMMITS, "and then not again for as many");
    writer.finish().unwrap();
    assert_eq!(writer.witnessed, made + WITNESS_COMMITS + 1);
}

#[test]
fn no_more_secrets_are_made_than_a_write_asks_for() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path());
    let ready = writer.slots_ready;
    write(&mut writer, 5);
    write(&mut writer, ready - 6);
    assert_eq!((writer.head.next_slot, writer.slots_ready), (ready, ready));
    write(&mut writer, 1);
    assert!(writer.slots_ready > ready);
}

/// The witness lies on a disk that cannot make anything durable.
#[test]
fn a_witness_that_cannot_be_made_durable_ends_acknowledging() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path());
    writer.witness = Witness::broken();
    writer.head.commit += WITNESS_COMMITS;
    writer.housekeep();
    assert!(matches!(writer.admit(Urgency::Urgent), Err(Failure::Poisoned)));
    assert!(matches!(writer.destroy(), Err(Failure::Poisoned)));
}

/// A disk with so many free bytes.
struct Fixed(Arc<dyn Disk>, u64);

impl Disk for Fixed {
    fn sync_log(&self) -> io::Result<()> {
        self.0.sync_log()
    }

    fn sync_record_keys(&self) -> io::Result<()> {
        self.0.sync_record_keys()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(self.1)
    }

    fn forget_cached(&self) {
        self.0.forget_cached();
    }
}

#[test]
fn a_write_needs_the_reserve_and_an_urgent_one_half_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path());
    writer.reserve_bytes = 1_000;
    let real = Arc::clone(&writer.disk);
    let mut admits = |urgency, free| {
        writer.disk = Arc::new(Fixed(Arc::clone(&real), free));
        writer.admit(urgency)
    };
    for (urgency, least) in [(Urgency::Normal, 1_000), (Urgency::Urgent, 500)] {
        assert!(admits(urgency, least).is_ok());
        assert!(matches!(admits(urgency, least - 1), Err(Failure::DiskFull)), "{urgency:?}");
    }
}

/// A job of a closure whose answer nobody waits for.
fn job(closure: impl FnOnce(&mut Txn) + Send + 'static) -> Box<dyn Job> {
    let closure = move |txn: &mut Txn| {
        closure(txn);
        Ok::<_, ReadError>(())
    };
    Box::new(Work { closure, reply: oneshot::channel().0 })
}

/// A key that is destroyed at once is one that somebody waits for; the others wait for more of them, or for their time.
#[test]
fn an_erasure_destroys_its_key_in_its_group_and_a_deletion_later() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path());
    let (_sender, queue) = crate::sync::mpsc::sync_channel::<Message>(1);
    let key = |number| Key::new(b'k').with_u64(number);
    write(&mut writer, 2);
    assert!(writer.destructions.oldest.is_none(), "nothing was replaced");
    // Its time does not come within the test.
    writer.destructions.oldest = Some(Instant::now() + Duration::from_secs(3600));
    writer.run_group(job(move |txn| txn.delete(&key(0))), Urgency::Normal, &queue);
    assert_eq!(listed(&writer), [[1]]);
    writer.run_group(job(move |txn| txn.erase(&key(1))), Urgency::Normal, &queue);
    assert!(listed(&writer).is_empty() && writer.destructions.oldest.is_none());
    write(&mut writer, 1);
    write(&mut writer, 1);
    assert!(writer.destructions.oldest.is_some(), "a key waits");
}

#[test]
fn a_group_has_so_many_jobs_at_most_and_secrets_are_ready_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path());
    let (sender, queue) = crate::sync::mpsc::sync_channel::<Message>(2 * GROUP_JOBS_MAX);
    let room = Arc::new(Semaphore::new(2 * GROUP_JOBS_MAX));
    let put = |number: u64| job(move |txn| txn.put_erasable(Key::new(b'k').with_u64(number), "v"));
    for number in 1..=GROUP_JOBS_MAX as u64 {
        let permit = Arc::clone(&room).try_acquire_owned().unwrap();
        assert!(sender.send(Message::Write(put(number), Urgency::Normal, permit)).is_ok());
    }
    let ready = writer.slots_ready - writer.head.next_slot;
    write(&mut writer, ready - GROUP_JOBS_MAX as u64);
    assert!(writer.run_group(put(0), Urgency::Normal, &queue).is_none());
    assert!(queue.try_recv().is_ok() && queue.try_recv().is_err(), "one is left for the next group");
    assert!(writer.slots_ready - writer.head.next_slot >= SLOT_BLOCK / 2);
}

/// One that erases waits as the others do, and counts as one of them.
#[test]
fn jobs_that_erase_count_in_a_group_as_the_others_do() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path());
    let (sender, queue) = crate::sync::mpsc::sync_channel::<Message>(2 * GROUP_JOBS_MAX);
    let room = Arc::new(Semaphore::new(2 * GROUP_JOBS_MAX));
    let erase = |number: u64| job(move |txn| txn.erase(&Key::new(b'k').with_u64(number)));
    let put = |number: u64| job(move |txn| txn.put(Key::new(b'k').with_u64(number), "v"));
    for number in 1..=GROUP_JOBS_MAX as u64 {
        let permit = Arc::clone(&room).try_acquire_owned().unwrap();
        let job = if number % 4 == 0 { erase(number) } else { put(number) };
        assert!(sender.send(Message::Write(job, Urgency::Normal, permit)).is_ok());
    }
    assert!(writer.run_group(put(0), Urgency::Normal, &queue).is_none());
    assert!(queue.try_recv().is_ok() && queue.try_recv().is_err(), "one is left for the next group");
}

#[test]
fn a_close_that_waits_behind_writes_is_answered_after_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path());
    let (sender, queue) = crate::sync::mpsc::sync_channel::<Message>(2);
    let (reply, mut closed) = oneshot::channel();
    let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    assert!(sender.send(Message::Close(reply, permit)).is_ok());
    let put = job(|txn| txn.put(Key::new(b'k'), "v"));
    let closing = writer.run_group(put, Urgency::Normal, &queue).unwrap();
    assert!(closed.try_recv().is_err(), "it is not closed yet");
    closing.send(Ok(())).unwrap();
    assert!(matches!(closed.try_recv(), Ok(Ok(()))));
}
