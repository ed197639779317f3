//! `hub run`.

use std::path::{Path, PathBuf};

use freehold_api::{ApiError, Socket, serve_hub};
use freehold_desk::{Desk, DeskError, Listening};
use freehold_hub::{ConfigError, HttpConfig, Hub, HubConfig, StartError};
use freehold_link::system_clock;
use serde_json::json;

use crate::Outcome;
use crate::cli::HubRun;
use crate::home::{Home, Kind, database_code, io_error, store_code};
use crate::hub::{database, telemetry};
use crate::logging;
use crate::output::Out;
use crate::passphrase;
use crate::signals::{Reload, Stop};

/// Runs the hub until it is told to stop.
pub(super) async fn run(dir: &Path, args: &HubRun, logs: bool, out: &Out) -> Outcome {
    crate::home::check(dir, Kind::Hub)?;
    let settings = Settings { dir: dir.to_owned(), args: args.clone(), logs };
    let config = settings.read()?;
    settings.log(&config).map_err(|text| ApiError::new("usage", text))?;
    let home = Home::take(dir, Kind::Hub, None)?;
    let seed = home.open(&passphrase::existing(&args.passphrase)?, out)?;
    // From here on something runs; until now a signal just ended the process, however long it waited.
    let (stop, reload) = (Stop::install()?, Reload::install()?);
    let exporter = telemetry::exporter(home.dir(), &config)?;
    let database = database::connect(home.dir(), &config)?;
    let families = crate::families::hub();
    let started = Hub::start_in(database, home.dir(), &seed, config.clone(), families, system_clock());
    let hub = started.await.map_err(start_error)?;
    drop(seed);
    if let Some(exporter) = &exporter {
        telemetry::follow(&hub, exporter);
    }
    hub.on_reload(config.clone(), move || settings.read_again());
    let (socket, desk) = match serve_at(&home, &hub, config.http.as_ref()).await {
        Ok(served) => served,
        Err(error) => {
            hub.stop().await;
            return Err(error);
        }
    };
    let info = hub.info();
    let page = desk.as_ref().map(|desk| format!("http://{}/", desk.address()));
    let ready = json!({
        "event": "ready", "kind": "hub", "home": dir, "socket": socket.path(), "did": info.did,
        "addresses": info.addresses, "page": page,
    });
    out.show(&ready, |_| {
        let addresses: String = info.addresses.iter().map(|a| format!("  {a}\n")).collect();
        let socket = socket.path().display();
        let page = page.map(|page| format!("the staff's page: {page}\n")).unwrap_or_default();
        format!(
            "{} is {}\nreached at\n{addresses}{page}ready: {socket} (stop with Ctrl-C)",
            info.name, info.did
        )
    });
    tracing::info!("the hub runs");
    let reloading = tokio::spawn(reload.each(hub.clone()));
    let draining = hub.clone();
    let stopped = async move {
        tokio::select! {
            () = stop.wait() => {}
            () = draining.drained() => {}
        }
    };
    let served = serve_hub(hub.clone(), socket, stopped).await;
    reloading.abort();
    if let Some(desk) = desk {
        desk.stop().await;
    }
    hub.stop().await;
    if let Some(exporter) = exporter {
        exporter.stop().await;
    }
    tracing::info!("the hub has stopped");
    served.map_err(|error| ApiError::new("internal", error))
}

/// The local socket, and the staff's page where there is to be one.
async fn serve_at(
    home: &Home,
    hub: &Hub,
    http: Option<&HttpConfig>,
) -> Result<(Socket, Option<Listening>), ApiError> {
    let socket = Socket::bind(home.dir()).map_err(|error| ApiError::new(error.code(), error))?;
    let desk = match http {
        Some(http) => {
            let http = http.clone().in_folder(home.dir());
            Some(Desk::listen(hub.clone(), &http).await.map_err(desk_error)?)
        }
        None => None,
    };
    Ok((socket, desk))
}

/// Where the settings come from: `hub.toml`, the environment, and the command line.
struct Settings {
    dir: PathBuf,
    args: HubRun,
    /// Whether the command line says what to log.
    logs: bool,
}

impl Settings {
    fn read(&self) -> Result<HubConfig, ApiError> {
        let dir = &self.dir;
        let text =
            std::fs::read_to_string(dir.join(freehold_hub::CONFIG_FILE)).map_err(|error| {
                match error.kind() {
                    std::io::ErrorKind::NotFound => {
                        let text = format!(
                            "{} is no hub's home: make it with `freehold --home {0} hub init`",
                            dir.display()
                        );
                        ApiError::new("not-a-home", text)
                    }
                    _ => io_error(dir, &error),
                }
            })?;
        // What is no text is no setting of ours.
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let read = HubConfig::from_toml_and_environment(&text, variables);
        let mut config = read.map_err(|error| match &error {
            ConfigError::Newer { .. } => ApiError::new("home-newer", error),
            _ => ApiError::new("usage", error),
        })?;
        database::configure(&mut config, &self.args.store)?;
        config.replica = self.args.replica.or(config.replica);
        for (given, configured) in
            [(&self.args.listen, &mut config.listen), (&self.args.announce, &mut config.announce)]
        {
            if !given.is_empty() {
                configured.clone_from(given);
            }
        }
        if let Some(listen) = &self.args.http {
            config.http.get_or_insert_with(|| HttpConfig::new(listen)).listen.clone_from(listen);
        }
        Ok(config)
    }

    fn log(&self, config: &HubConfig) -> Result<(), String> {
        if self.logs { Ok(()) } else { logging::change(config.log.as_deref()) }
    }

    /// The settings as they are now; what is logged follows them at once.
    fn read_again(&self) -> Result<HubConfig, String> {
        let config = self.read().map_err(|error| error.message)?;
        self.log(&config)?;
        Ok(config)
    }
}

fn desk_error(error: DeskError) -> ApiError {
    let code = match &error {
        DeskError::Bind(_) | DeskError::Site(_) | DeskError::Oidc(_) => "usage",
        DeskError::Serve(_) => "cannot-listen",
    };
    ApiError::new(code, error)
}

fn start_error(error: StartError) -> ApiError {
    let code = match &error {
        StartError::Config(_)
        | StartError::Did(_)
        | StartError::Webhook(_)
        | StartError::Crm(_)
        | StartError::TwoStores(_)
        | StartError::Replica(_) => "usage",
        StartError::Store(source) => store_code(source),
        StartError::Read(freehold_store::ReadError::Database(source)) => database_code(source),
        StartError::Read(_) => "store-corrupt",
        StartError::Listen(_) => "cannot-listen",
        StartError::Families(_) => "internal",
    };
    ApiError::new(code, error)
}
