//! What is left of an erased record in PostgreSQL's files.

use super::*;
use crate::server::files;

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// How many files of tables hold these bytes.
fn holding(database: &Database, needle: &[u8]) -> usize {
    database.sql("checkpoint");
    let tables = files(&database.server.data().join("base"));
    tables.iter().filter(|path| contains(&std::fs::read(path).unwrap_or_default(), needle)).count()
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// 1. A record is erased, another overwritten. 2. Their rows are gone when that is acknowledged. 3. Once the table of secrets was
///    rewritten, no file of a table holds the secrets, and whatever is left of the ciphertext cannot be opened.
#[test]
fn the_secret_of_an_erased_record_is_in_no_table_file_once_the_table_was_rewritten() {
    let database = Database::new();
    let postgres = Arc::new(database.connect().unwrap());
    let store = database.open_in(Arc::clone(&postgres));
    for number in 0..100 {
        put(&store, number, format!("value {number}")).unwrap();
    }
    let secret = |number: u64| {
        let of = "select encode(secret, 'hex') from freehold.record_keys where relationship = '\\x";
        bytes(&database.sql(&format!("{of}{number:016x}'")))
    };
    let (erased, replaced, kept) = (secret(1), secret(2), secret(3));
    assert_eq!((erased.len(), holding(&database, &erased)), (32, 1));
    let erase = store.write_blocking(|txn| {
        txn.erase(&key(1));
        Ok::<_, ReadError>(())
    });
    erase.unwrap();
    put(&store, 2, "another").unwrap();
    assert!(secret(1).is_empty());
    assert_ne!(secret(2), replaced);
    assert_eq!(
        database.sql("select count(*) from freehold.records where relationship = '\\x0000000000000001'"),
        "0"
    );
    postgres.forget_dead_secrets().unwrap();
    assert_eq!((holding(&database, &erased), holding(&database, &replaced)), (0, 0));
    assert_eq!(holding(&database, &kept), 1, "the search finds what is there");
    assert_eq!(store.get(&key(3)).unwrap().as_deref(), Some(&b"value 3"[..]));
    assert_eq!(store.get(&key(1)).unwrap(), None);
}
