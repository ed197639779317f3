//! Stores and tables of earlier versions, brought up; and those of later ones, refused.

use super::*;
use crate::format::{self, FORMAT_VERSION};
use crate::place::Place;
use crate::seal::Sealer;
use crate::{OpenError, Progress, Schema, Step};

/// How many records the tables hold.
const RECORDS: u64 = 10;
/// How many of them the second step moves at a time.
const AT_A_TIME: usize = 3;

/// In version 1 the values are in table `k`; in version 2 each begins with `2:`; in version 3 they are in table `m`.
static STEPS: [Step; 2] = [
    |txn, _| {
        let all: Vec<_> = txn.scan(&Key::new(b'k')).collect::<Result<_, _>>()?;
        for (key, value) in all {
            txn.put_erasable(key, [b"2:", value.as_slice()].concat());
        }
        Ok(Progress::Done)
    },
    |txn, place| {
        let table = Key::new(b'k');
        let after = place.map_or_else(|| table.clone(), |place| Key::from_bytes(place.to_vec()));
        let some: Vec<_> = txn.scan_after(&table, &after).take(AT_A_TIME).collect::<Result<_, _>>()?;
        for (key, value) in &some {
            txn.erase(key);
            txn.put_erasable(Key::new(b'm').with(key.after(&table).unwrap()), value.clone());
        }
        Ok(match some.last() {
            Some((last, _)) if some.len() == AT_A_TIME => Progress::Again(last.as_bytes().to_vec()),
            _ => Progress::Done,
        })
    },
];

/// The program whose tables are of this version.
fn schema(version: usize) -> Schema {
    Schema { name: "test", steps: &STEPS[..version - 1] }
}

fn open_with(dir: &Path, version: usize) -> Result<Store, OpenError> {
    Store::open_with(dir, &HomeKey::new(HOME), Options::default(), &schema(version))
}

/// The tables of a version, whole.
fn tables(version: usize) -> Vec<(Key, Vec<u8>)> {
    let (table, begin) = [(b'k', ""), (b'k', "2:"), (b'm', "2:")][version - 1];
    let record = |n| (Key::new(table).with_u64(n), format!("{begin}value {n}").into_bytes());
    (0..RECORDS).map(record).collect()
}

fn held(store: &Store) -> Vec<(Key, Vec<u8>)> {
    let mut all = all(store).unwrap();
    all.retain(|(key, _)| key.as_bytes() != [0]);
    all
}

/// Fills the tables of version 1.
fn fill(txn: &mut Txn) -> Result<(), Infallible> {
    for (key, value) in tables(1) {
        txn.put_erasable(key, value);
    }
    Ok(())
}

/// Makes the store one of format 1: that is how it was before its tables said their version.
fn make_old(dir: &Path) {
    let sealer = Sealer::new(&HomeKey::new(HOME));
    format::write(&Place::of(dir), sealer.check_value(), 1).unwrap();
}

fn format_of(dir: &Path) -> u32 {
    format::check(&Place::of(dir), Sealer::new(&HomeKey::new(HOME)).check_value()).unwrap().unwrap()
}

fn old_store(dir: &Path) {
    let store = open(dir);
    store.write_blocking(fill).unwrap();
    store.close_blocking().unwrap();
    make_old(dir);
}

#[test]
fn a_store_of_format_1_is_brought_up_with_all_that_was_in_it() {
    for version in 1..=3 {
        let dir = tempfile::tempdir().unwrap();
        old_store(dir.path());
        let store = open_with(dir.path(), version).unwrap();
        assert_eq!(held(&store), tables(version), "version {version}");
        assert_eq!(format_of(dir.path()), FORMAT_VERSION);
        put(&store, 99, "and it goes on");
        drop(store);
        assert_eq!(held(&open_with(dir.path(), version).unwrap()).len() as u64, RECORDS + 1);
    }
    // Also where nobody says whose tables they are.
    let dir = tempfile::tempdir().unwrap();
    old_store(dir.path());
    drop(open(dir.path()));
    assert_eq!(format_of(dir.path()), FORMAT_VERSION);
    assert_eq!(held(&open_with(dir.path(), 3).unwrap()), tables(3));
}

/// What `specs/versions.md` says of the way back by hand: the file of before is there, and with it the store is one of format 1,
/// with all that was written meanwhile.
#[test]
fn the_format_file_of_before_is_kept_and_leads_back() {
    let dir = tempfile::tempdir().unwrap();
    let (now, kept) = (dir.path().join("format"), dir.path().join("format.1"));
    old_store(dir.path());
    let before = std::fs::read(&now).unwrap();
    let store = open_with(dir.path(), 1).unwrap();
    put(&store, 99, "later");
    store.close_blocking().unwrap();
    assert_ne!(std::fs::read(&now).unwrap(), before);
    assert_eq!(std::fs::read(&kept).unwrap(), before);

    std::fs::copy(&kept, &now).unwrap();
    assert_eq!(format_of(dir.path()), 1);
    let again = open_with(dir.path(), 1).unwrap();
    assert_eq!(held(&again).len() as u64, RECORDS + 1);
    assert_eq!(std::fs::read(&kept).unwrap(), before);
    // A store that was never of an earlier format has none.
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    assert!(!dir.path().join("format.1").exists() && !dir.path().join("format.2").exists());
}

#[test]
fn a_new_store_has_the_tables_of_today_and_no_step_is_made() {
    fn never(_: &mut Txn, _: Option<&[u8]>) -> Result<Progress, ReadError> {
        panic!("there is nothing to bring up")
    }
    const TODAY: Schema = Schema { name: "test", steps: &[never] };
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        drop(Store::open_with(dir.path(), &HomeKey::new(HOME), Options::default(), &TODAY).unwrap());
    }
    assert!(matches!(open_with(dir.path(), 1), Err(OpenError::NewerTables { found: 2, supported: 1, .. })));
}

#[test]
fn what_a_later_program_wrote_is_refused_and_not_changed() {
    let dir = tempfile::tempdir().unwrap();
    old_store(dir.path());
    drop(open_with(dir.path(), 2).unwrap());
    let refused = open_with(dir.path(), 1).unwrap_err();
    assert!(matches!(refused, OpenError::NewerTables { name: "test", found: 2, supported: 1 }), "{refused}");
    assert!(refused.to_string().contains("install a newer version"), "{refused}");
    assert_eq!(held(&open_with(dir.path(), 2).unwrap()), tables(2));
    let other = Schema { name: "other", steps: &[] };
    let refused = Store::open_with(dir.path(), &HomeKey::new(HOME), Options::default(), &other).unwrap_err();
    assert!(matches!(refused, OpenError::Corrupt("its tables are of another kind")), "{refused}");
    let sealer = Sealer::new(&HomeKey::new(HOME));
    format::write(&Place::of(dir.path()), sealer.check_value(), FORMAT_VERSION + 1).unwrap();
    let refused = open_with(dir.path(), 2).unwrap_err();
    assert!(
        matches!(refused, OpenError::NewerFormat { found, .. } if found == FORMAT_VERSION + 1),
        "{refused}"
    );
}

/// After a cut: each program, the oldest first, finds its own tables whole, or is told that they are a later one's; the newest
/// always opens them.
async fn judge(dir: &Path) -> Result<(), String> {
    let format = format_of(dir);
    for version in 1..=3 {
        match open_with(dir, version) {
            Ok(store) => {
                let whole = held(&store) == tables(version);
                store.close().await.map_err(|error| format!("version {version}: {error}"))?;
                if !whole {
                    return Err(format!("the tables of version {version} are not whole"));
                }
            }
            Err(OpenError::NewerTables { found, .. }) if found as usize > version && version < 3 => {
                if format == 1 {
                    return Err(format!("tables of version {found} in a store of format 1"));
                }
            }
            Err(error) => return Err(format!("version {version}: {error}")),
        }
    }
    Ok(())
}

#[test]
fn a_migration_whose_sync_fails_leaves_the_old_tables_or_the_new_ones_and_opens_again() {
    let mut failed = 0;
    for sync in 0.. {
        let dir = tempfile::tempdir().unwrap();
        old_store(dir.path());
        let faults = Arc::new(Faults::default());
        let of_disk = Arc::clone(&faults);
        faults.fail_log_at.store(sync, SeqCst);
        let opened =
            Store::open_on(dir.path(), &HomeKey::new(HOME), Options::default(), Some(&schema(3)), |files| {
                Arc::new(FaultyDisk { files, faults: of_disk })
            });
        let survived = opened.is_ok();
        drop(opened);
        futures::executor::block_on(judge(dir.path())).unwrap_or_else(|why| panic!("sync {sync}: {why}"));
        if survived {
            break;
        }
        failed += 1;
    }
    // Opening, saying the first version, its name, the first step, and four parts of the second.
    assert!(failed >= 6, "only {failed} syncs could fail");
}

#[test]
fn a_migration_on_a_full_disk_says_so_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    old_store(dir.path());
    let options = Options { reserve_bytes: u64::MAX, ..Options::default() };
    let refused = Store::open_with(dir.path(), &HomeKey::new(HOME), options, &schema(3)).unwrap_err();
    assert!(
        matches!(&refused, OpenError::Io(error) if error.kind() == io::ErrorKind::StorageFull),
        "{refused}"
    );
    assert_eq!(format_of(dir.path()), 1);
    assert_eq!(held(&open_with(dir.path(), 3).unwrap()), tables(3));
}

/// The same on a disk that loses power: at each operation of a migration.
#[cfg(feature = "simulation")]
mod cuts {
    use super::*;
    use crate::simulation::disk::{Crash, Fault, SimulatedDisk};

    /// More operations than a migration has.
    const OPERATIONS: u64 = 150;

    #[tokio::test]
    async fn a_migration_that_is_cut_at_any_operation_leaves_the_old_tables_or_the_new_ones_and_opens_again()
    {
        let dir = Path::new("/simulated/migration");
        let mut cut = 0;
        for (fault, crash) in [
            (Fault::PowerCut, Crash::PowerCut),
            (Fault::PowerCut, Crash::Killed),
            (Fault::Failure, Crash::PowerCut),
        ] {
            for operation in 0..OPERATIONS {
                SimulatedDisk::unmount_all();
                let disk = SimulatedDisk::new(operation);
                disk.mount(dir);
                let store = open(dir);
                store.write(fill).await.unwrap();
                store.close().await.unwrap();
                make_old(dir);
                disk.restart(Crash::PowerCut);
                disk.plan(operation, fault);
                let opened = open_with(dir, 3);
                let survived = opened.is_ok();
                cut += u64::from(!survived);
                drop(opened);
                // The writer's task ends with its last handle.
                tokio::task::yield_now().await;
                disk.restart(crash);
                let what = format!("{fault:?} at operation {operation}, then {crash:?}");
                judge(dir).await.unwrap_or_else(|why| panic!("{what}: {why}"));
                assert!(
                    survived || operation + 1 < OPERATIONS,
                    "a migration has more operations than are tried"
                );
            }
        }
        SimulatedDisk::unmount_all();
        assert!(cut > 60, "only {cut} were cut");
    }
}
