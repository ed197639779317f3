//! A cluster of three NATS servers with JetStream.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::sinks::free_ports;
use crate::sinks::wire::{Stored, Wire};
use crate::wait_until;

/// The server's program, if it is not in the path; `cargo xtask test` gives it.
const SERVER_VARIABLE: &str = "FREEHOLD_NATS_SERVER";
const NODES: usize = 3;

/// The servers.
pub struct Cluster {
    program: PathBuf,
    dir: PathBuf,
    ports: Vec<u16>,
    running: Vec<Option<Child>>,
}

impl Cluster {
    /// Starts three servers in a folder.
    ///
    /// # Errors
    /// Why this machine cannot.
    ///
    /// # Panics
    /// When they do not find each other.
    pub fn start(dir: &Path) -> Result<Self, String> {
        let program = std::env::var_os(SERVER_VARIABLE).map_or_else(|| "nats-server".into(), PathBuf::from);
        if Command::new(&program).arg("--version").output().is_err() {
            return Err(format!("there is no nats-server: name one in {SERVER_VARIABLE}"));
        }
        let ports = free_ports(2 * NODES);
        let (ports, routes) = ports.split_at(NODES);
        let list =
            routes.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect::<Vec<_>>().join(", ");
        for (node, (port, route)) in ports.iter().zip(routes).enumerate() {
            let store = dir.join(format!("n{node}"));
            fs::create_dir_all(&store).map_err(|error| error.to_string())?;
            let text = format!(
                "server_name: n{node}\nlisten: 127.0.0.1:{port}\njetstream {{ store_dir: {:?} }}\n\
                 cluster {{ name: tests, listen: 127.0.0.1:{route}, routes: [{list}]\n\
                 no_advertise: true }}\n",
                store.display().to_string()
            );
            fs::write(dir.join(format!("n{node}.conf")), text).map_err(|error| error.to_string())?;
        }
        let running = (0..NODES).map(|_| None).collect();
        let mut cluster = Self { program, dir: dir.to_owned(), ports: ports.to_vec(), running };
        (0..NODES).for_each(|node| cluster.run(node));
        Ok(cluster)
    }

    /// The section of `hub.toml` for it.
    #[must_use]
    pub fn section(&self) -> String {
        Self::section_of(&self.ports)
    }

    /// The section for servers that are reached at these ports.
    #[must_use]
    pub fn section_of(ports: &[u16]) -> String {
        let servers: Vec<String> = ports.iter().map(|port| format!("\"nats://127.0.0.1:{port}\"")).collect();
        format!("[sinks.nats]\nservers = [{}]\n", servers.join(", "))
    }

    /// Starts a server that does not run.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn run(&mut self, node: usize) {
        if self.running[node].is_some() {
            return;
        }
        let log = File::options().append(true).create(true).open(self.dir.join(format!("n{node}.log")));
        let log = log.expect("a log");
        let mut command = Command::new(&self.program);
        command.arg("-c").arg(self.dir.join(format!("n{node}.conf")));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.running[node] = Some(command.spawn().expect("the server starts"));
    }

    /// Starts every server that does not run.
    pub fn run_all(&mut self) {
        (0..NODES).for_each(|node| self.run(node));
    }

    /// Kills a server at once.
    pub fn kill(&mut self, node: usize) {
        if let Some(mut child) = self.running[node].take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Kills all of them at once.
    pub fn kill_all(&mut self) {
        for child in self.running.iter_mut().flatten() {
            let _ = child.kill();
        }
        (0..NODES).for_each(|node| self.kill(node));
    }

    /// Where its servers listen.
    #[must_use]
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// The server that leads a stream, if one does.
    #[must_use]
    pub fn leader(&self, stream: &str) -> Option<usize> {
        self.ports.iter().zip(&self.running).filter(|(_, running)| running.is_some()).find_map(|(port, _)| {
            let info = Wire::connect(*port).ok()?.ask(&format!("STREAM.INFO.{stream}"), &json!({})).ok()?;
            info["cluster"]["leader"].as_str()?.strip_prefix('n')?.parse().ok()
        })
    }

    /// What a stream has of a key, such as `num_replicas`, in its configuration.
    #[must_use]
    pub fn setting(&self, stream: &str, key: &str) -> Option<u64> {
        let mut wire = Wire::connect(*self.ports.first()?).ok()?;
        wire.ask(&format!("STREAM.INFO.{stream}"), &json!({})).ok()?["config"][key].as_u64()
    }

    /// Deletes a stream, as somebody might by mistake.
    ///
    /// # Panics
    /// When the cluster does not.
    pub fn forget(&self, stream: &str) {
        wait_until("the stream is deleted", || {
            let ask = |port: &u16| {
                let mut wire = Wire::connect(*port).ok()?;
                wire.ask(&format!("STREAM.DELETE.{stream}"), &json!({})).ok()?["success"].as_bool()
            };
            self.ports.iter().find_map(ask) == Some(true)
        });
    }

    /// Every message of a stream, in order.
    ///
    /// # Panics
    /// When the cluster does not give them.
    #[must_use]
    pub fn messages(&self, stream: &str) -> Vec<Stored> {
        let mut stored = None;
        wait_until("the stream can be read", || {
            let read = |port: &u16| Wire::connect(*port).and_then(|mut wire| wire.messages(stream)).ok();
            stored = self.ports.iter().find_map(read);
            stored.is_some()
        });
        stored.unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill_all();
    }
}
