//! What is checked before anything is written, and what the tables are.

use super::*;

#[test]
fn a_server_that_loses_what_it_has_committed_is_refused_unless_it_is_said_to_be_wanted() {
    let database = Database::new();
    database.sql("alter system set fsync = off");
    database.sql("select pg_reload_conf()");
    while database.sql("show fsync") != "off" {
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    let refused = database.connect().unwrap_err();
    assert!(refused.to_string().contains("fsync is off"), "{refused}");
    Postgres::connect(format!("{}?durability=unsafe", database.location).parse().unwrap()).unwrap();
}

#[test]
fn commits_are_on_disk_whatever_the_database_is_set_to() {
    let database = Database::new();
    database.sql(&format!(
        "alter database {} set synchronous_commit = off",
        database.location.rsplit('/').next().unwrap()
    ));
    assert_eq!(database.sql("show synchronous_commit"), "off");
    // It is set for each connection, and looked at again.
    let store = database.open();
    put(&store, 1, "durable").unwrap();
}

#[test]
fn tables_of_a_later_version_are_refused_and_not_touched() {
    let database = Database::new();
    drop(database.open());
    database.sql("update freehold.meta set value = '99' where name = 'schema'");
    let refused = database.connect().unwrap_err();
    assert_eq!(refused, DatabaseError::Newer { found: 99, supported: 1 });
}

#[test]
fn both_tables_are_partitioned_by_relationship_and_rows_lie_where_their_keys_say() {
    let database = Database::new();
    let store = database.open();
    (0..50).for_each(|number| put(&store, number, "value").unwrap());
    for table in ["records", "record_keys"] {
        let by = database.sql(&format!("select pg_get_partkeydef('freehold.{table}'::regclass)"));
        assert_eq!(by, "HASH (relationship)");
        let parts = database
            .sql(&format!("select count(distinct tableoid) from freehold.{table} where relationship <> ''"));
        assert!(parts.parse::<u32>().unwrap() > 8, "{table}: {parts} partitions hold 50 relationships");
    }
    let strayed = "select count(*) from freehold.records where relationship <> '' and relationship <> substr(key, 3, 8)";
    assert_eq!(database.sql(strayed), "0");
}

#[test]
fn the_database_sees_neither_values_nor_hidden_names() {
    let database = Database::new();
    let store = database.open();
    let written = store.write_blocking(|txn| {
        let key = Key::new(b'f').with(&txn.hidden(b"phone.mobile"));
        txn.put_erasable(key, "+15550100 plaintext");
        txn.put(Key::new(b'p'), "another plaintext");
        Ok::<_, ReadError>(())
    });
    written.unwrap();
    let all = database.sql("select encode(key, 'escape') || encode(value, 'escape') from freehold.records");
    assert!(all.len() > 100, "it shows the rows at all");
    for needle in ["plaintext", "+1555", "phone", "mobile"] {
        assert!(!all.contains(needle), "{needle}");
    }
}

/// 1. Tasks of a runtime read while others of it write. 2. All come to an end: a read that waits keeps nobody else from going on.
#[test]
fn reads_on_a_runtime_block_none_of_its_other_tasks() {
    let database = Database::new();
    let store = database.open();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let tasks = (0..64).map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..10_u64 {
                    let value = round.to_be_bytes();
                    let write = store.write(move |txn| {
                        txn.put_erasable(key(number), value);
                        Ok::<_, ReadError>(())
                    });
                    write.await.unwrap();
                    assert_eq!(store.get(&key(number)).unwrap().as_deref(), Some(&value[..]));
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        // Also its last handle may go on a runtime.
        drop(store);
    });
}
