//! The database that a hub keeps its store in.

use std::path::Path;
use std::sync::Arc;

use freehold_api::ApiError;
use freehold_hub::{HubConfig, StoreLocation};
use freehold_postgres::{Location, Postgres};
use freehold_store::database::Database;
use zeroize::Zeroizing;

use crate::cli::StoreArgs;
use crate::home::{database_code, io_error};

/// The password, where neither the location nor a file has it: the variable of PostgreSQL's own programs.
const PASSWORD_VARIABLE: &str = "PGPASSWORD";

/// Takes what was typed over what is configured.
pub(super) fn configure(config: &mut HubConfig, args: &StoreArgs) -> Result<(), ApiError> {
    if let Some(url) = &args.store {
        // A mistake is told before anything is made.
        location(url)?;
        config.store = Some(StoreLocation::new(url));
        config.store_password_file = match &args.store_password_file {
            Some(file) => Some(std::path::absolute(file).map_err(|error| io_error(file, &error))?),
            None => None,
        };
    }
    Ok(())
}

/// Reaches the database, if one is configured.
pub(super) fn connect(home: &Path, config: &HubConfig) -> Result<Option<Arc<dyn Database>>, ApiError> {
    let Some(store) = &config.store else { return Ok(None) };
    let mut location = location(store.danger_text())?;
    if let Some(password) = password(home, config)? {
        location = location.with_password(&password);
    }
    let connected = match config.replica {
        Some(_) => Postgres::share(location),
        None => Postgres::connect(location),
    };
    let postgres = connected.map_err(|error| ApiError::new(database_code(&error), error))?;
    Ok(Some(Arc::new(postgres)))
}

fn location(url: &str) -> Result<Location, ApiError> {
    url.parse().map_err(|error| ApiError::new("usage", format!("store: {error}")))
}

fn password(home: &Path, config: &HubConfig) -> Result<Option<Zeroizing<String>>, ApiError> {
    let Some(file) = &config.store_password_file else {
        return Ok(std::env::var(PASSWORD_VARIABLE).ok().map(Zeroizing::new));
    };
    let file = home.join(file);
    let text = std::fs::read_to_string(&file).map(Zeroizing::new).map_err(|error| {
        ApiError::new(
            "usage",
            format!("the database's password cannot be read from {} ({error})", file.display()),
        )
    })?;
    Ok(Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())))
}
