//! A hub with all that stands behind it.

use std::path::{Path, PathBuf};

use freehold_crash::sinks::cluster::Cluster;
use freehold_tests::bench::Failure;
use freehold_tests::engines::free_addresses;
use freehold_tests::postgres;

use crate::hub::{HubProcess, make_home};
use crate::outlet::Outlet;
use crate::plan::Setup;
use crate::processes;

/// PostgreSQL as somebody sets it up who has customers: a cache for the tables, and checkpoints minutes apart.
const POSTGRES_SETTINGS: &str = "-c shared_buffers=512MB -c max_wal_size=4GB";

/// The database of the hub.
pub const DATABASE: &str = "hub";

/// The hub's file of JSON lines.
const LINES: &str = "events.jsonl";

/// Servers and a home.
pub struct Setting {
    /// The database server, if the store is in one.
    pub server: Option<postgres::Server>,
    /// A port of the cluster, if events go there.
    pub nats: Option<u16>,
    home: PathBuf,
    _cluster: Option<Cluster>,
}

impl Setting {
    /// Starts what a hub needs, and makes its home; `further` is added to its configuration.
    ///
    /// # Errors
    /// When something does not start.
    pub fn make(dir: &Path, setup: Setup, is_apart: bool, further: &str) -> Result<Self, Failure> {
        let home = dir.join("home");
        std::fs::create_dir_all(dir)?;
        let announce = free_addresses();
        let everywhere = |address: &String| address.replace("/127.0.0.1/", "/0.0.0.0/");
        // In a namespace of its own it is dialled at many addresses.
        let listen: Vec<String> =
            if is_apart { announce.iter().map(everywhere).collect() } else { announce.clone() };
        let mut configuration =
            format!("name = \"Load\"\nlisten = {listen:?}\nannounce = {announce:?}\nlog = \"warn\"\n");
        let (mut server, mut cluster) = (None, None);
        let mut sink = format!("[sinks]\njsonl = \"{LINES}\"\n");
        if setup == Setup::Postgres {
            let started = postgres::Server::start_with(POSTGRES_SETTINGS);
            configuration.push_str(&format!("store = \"{}\"\n", started.database(DATABASE)));
            server = Some(started);
            let folder = dir.join("nats");
            std::fs::create_dir_all(&folder)?;
            if let Ok(started) = Cluster::start(&folder) {
                sink = started.section();
                cluster = Some(started);
            }
        }
        configuration.push_str(&sink);
        configuration.push_str(further);
        make_home(&home, &configuration)?;
        let port = |cluster: &Cluster| {
            let section = cluster.section();
            let after = section.split("127.0.0.1:").nth(1)?;
            after.split('"').next()?.parse().ok()
        };
        Ok(Self { server, nats: cluster.as_ref().and_then(port), home, _cluster: cluster })
    }

    /// Starts the hub.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(&self) -> Result<HubProcess, Failure> {
        HubProcess::start(&self.home).await
    }

    /// Listens to what comes out, for the nodes of these DIDs.
    ///
    /// # Errors
    /// When the sink cannot be read.
    pub async fn outlet(&self, nodes: std::collections::HashMap<String, usize>) -> Result<Outlet, Failure> {
        match self.nats {
            Some(port) => Outlet::subjects(port, nodes).await,
            None => Outlet::lines(&self.home.join(LINES), nodes).await,
        }
    }

    /// The name of the sink.
    #[must_use]
    pub fn sink(&self) -> &'static str {
        if self.nats.is_some() { "NATS JetStream, three servers" } else { "JSON lines" }
    }

    /// CPU seconds of the database and of the cluster.
    ///
    /// # Errors
    /// When the database is gone.
    pub fn servers_cpu_secs(&self) -> Result<(f64, f64), Failure> {
        let database = match &self.server {
            None => 0.0,
            Some(server) => processes::with_children_cpu_secs(postmaster(server)?)?,
        };
        Ok((database, processes::named_cpu_secs("nats-server")))
    }

    /// Rows that the database has written since it was made, as far as it has counted.
    #[must_use]
    pub fn rows_written(&self) -> Option<f64> {
        let rows = "select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables where schemaname = 'freehold'";
        self.server.as_ref()?.sql(DATABASE, rows).parse().ok()
    }

    /// Megabytes of the hub's store.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn store_mb(&self) -> Result<f64, Failure> {
        let bytes = match &self.server {
            Some(server) => server.sql(DATABASE, "select pg_database_size(current_database())").parse()?,
            None => {
                let files = postgres::files(&self.home.join("store"));
                files
                    .iter()
                    .filter_map(|file| std::fs::metadata(file).ok())
                    .map(|file| file.len())
                    .sum::<u64>()
            }
        };
        Ok(bytes as f64 / 1e6)
    }
}

fn postmaster(server: &postgres::Server) -> Result<u32, Failure> {
    let text = std::fs::read_to_string(server.data().join("postmaster.pid"))?;
    Ok(text.lines().next().ok_or("PostgreSQL does not run")?.parse()?)
}
