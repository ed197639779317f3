//! Calling the process that has a home.

use std::io::Read;
use std::path::Path;

use freehold_api::{ApiError, BODY_BYTES_MAX, Client, ConnectError};

use crate::home::{self, Kind};

/// The client of a home, if it is of this kind and something runs on it.
pub(crate) async fn client(dir: &Path, kind: Kind) -> Result<Client, ApiError> {
    home::check(dir, kind)?;
    Client::connect(dir).await.map_err(|error| match (&error, kind) {
        (ConnectError::NotRunning(dir), Kind::Person) => not_running("your node", dir, "run"),
        (ConnectError::NotRunning(dir), Kind::Hub) => not_running("the hub", dir, "hub run"),
        _ => ApiError::new(error.code(), error),
    })
}

fn not_running(what: &str, dir: &Path, command: &str) -> ApiError {
    let dir = dir.display();
    ApiError::new(
        "not-running",
        format!("{what} is not running: start it with `freehold --home {dir} {command}`"),
    )
}

/// Reads a file, or standard input for `-`, as far as a call can carry it.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, ApiError> {
    read_up_to(file, BODY_BYTES_MAX)
}

/// Reads a file, or standard input for `-`; one byte more than `bytes_max` if there are more, so that whoever takes it can
/// refuse it.
pub(crate) fn read_up_to(file: &Path, bytes_max: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    let limit = bytes_max as u64 + 1;
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(|error| {
        ApiError::new("usage", format!("{} cannot be read ({error}): check the path", file.display()))
    })?;
    Ok(bytes)
}
