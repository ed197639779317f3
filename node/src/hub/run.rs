//! `hub run`.

use std::path::Path;

use freehold_api::{ApiError, Socket, serve_hub};
use freehold_hub::{ConfigError, Hub, HubConfig, StartError};
use freehold_link::system_clock;
use serde_json::json;

use crate::Outcome;
use crate::cli::HubRun;
use crate::home::{Home, Kind, database_code, io_error, store_code};
use crate::hub::database;
use crate::output::Out;
use crate::passphrase;
use crate::signals::Stop;

/// Runs the hub until it is told to stop.
pub(super) async fn run(dir: &Path, args: &HubRun, out: &Out) -> Outcome {
    let file = dir.join(freehold_hub::CONFIG_FILE);
    crate::home::check(dir, Kind::Hub)?;
    let text = std::fs::read_to_string(&file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            let text =
                format!("{} is no hub's home: make it with `freehold --home {0} hub init`", dir.display());
            ApiError::new("not-a-home", text)
        }
        _ => io_error(dir, &error),
    })?;
    let mut config = HubConfig::from_toml(&text).map_err(|error| match &error {
        ConfigError::Newer { .. } => ApiError::new("home-newer", error),
        _ => ApiError::new("usage", error),
    })?;
    database::configure(&mut config, &args.store)?;
    let home = Home::take(dir, Kind::Hub, None)?;
    let seed = home.open(&passphrase::existing(&args.passphrase)?, out)?;
    // From here on something runs; until now a signal just ended the process, however long it waited.
    let stop = Stop::install()?;
    let database = database::connect(home.dir(), &config)?;
    let started = Hub::start_in(database, home.dir(), &seed, config, crate::families::hub(), system_clock());
    let hub = started.await.map_err(start_error)?;
    drop(seed);
    let socket = match Socket::bind(home.dir()) {
        Ok(socket) => socket,
        Err(error) => {
            hub.stop().await;
            return Err(ApiError::new(error.code(), error));
        }
    };
    let info = hub.info();
    let ready = json!({
        "event": "ready", "kind": "hub", "home": dir, "socket": socket.path(), "did": info.did,
        "addresses": info.addresses,
    });
    out.show(&ready, |_| {
        let addresses: String = info.addresses.iter().map(|a| format!("  {a}\n")).collect();
        let socket = socket.path().display();
        format!("{} is {}\nreached at\n{addresses}ready: {socket} (stop with Ctrl-C)", info.name, info.did)
    });
    tracing::info!("the hub runs");
    let served = serve_hub(hub.clone(), socket, stop.wait()).await;
    hub.stop().await;
    tracing::info!("the hub has stopped");
    served.map_err(|error| ApiError::new("internal", error))
}

fn start_error(error: StartError) -> ApiError {
    let code = match &error {
        StartError::Config(_)
        | StartError::Did(_)
        | StartError::Webhook(_)
        | StartError::Crm(_)
        | StartError::TwoStores(_) => "usage",
        StartError::Store(source) => store_code(source),
        StartError::Read(freehold_store::ReadError::Database(source)) => database_code(source),
        StartError::Read(_) => "store-corrupt",
        StartError::Listen(_) => "cannot-listen",
        StartError::Families(_) => "internal",
    };
    ApiError::new(code, error)
}
