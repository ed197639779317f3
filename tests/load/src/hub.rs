//! The hub that is measured: the real engine in a process of its own, so that its time and memory can be told from the rest.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use freehold_hub::{Hub, HubConfig};
use freehold_keystore::Seed;
use freehold_link::system_clock;
use freehold_postgres::Postgres;
use freehold_protocol::family::Families;
use freehold_protocol::invitation::Invitation;
use freehold_store::database::Database;
use freehold_tests::bench::{Failure, machine};
use freehold_transport::Address;

use crate::node::FIELD;
use crate::session::Target;

/// How long invitations hold: longer than any run.
const VALID: Duration = Duration::from_secs(24 * 60 * 60);

/// Invitations that are made at once, to share the store's batches.
const INVITATIONS: usize = 256;

/// Longest wait for a line: a hub that opens a large store says nothing meanwhile.
const PATIENCE: Duration = Duration::from_secs(300);

/// The words of the hub's seed in its home. Real homes have no such file.
const WORDS: &str = "words.txt";

/// A hub that runs.
pub struct HubProcess {
    process: Child,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
}

/// Makes a home: what a hub begins with.
///
/// # Errors
/// When the disk does not take it.
pub fn make_home(home: &Path, configuration: &str) -> Result<(), Failure> {
    std::fs::create_dir_all(home)?;
    std::fs::write(home.join("hub.toml"), configuration)?;
    std::fs::write(home.join(WORDS), Seed::generate()?.words().as_bytes())?;
    Ok(())
}

impl HubProcess {
    /// Starts the hub of a home, and waits until it listens.
    ///
    /// # Errors
    /// When it does not.
    pub async fn start(home: &Path) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("hub-process").arg(home).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let (input, output) = (process.stdin.take(), process.stdout.take().map(BufReader::new));
        let mut hub = Self { process, input, output };
        match hub.hear().await?.as_str() {
            "ready" => Ok(hub),
            other => Err(format!("the hub does not start: {other}").into()),
        }
    }

    /// Makes invitations.
    ///
    /// # Errors
    /// When it ends instead.
    pub async fn invite(&mut self, count: usize) -> Result<Vec<Invitation>, Failure> {
        self.say(&count.to_string())?;
        let mut made = Vec::with_capacity(count);
        for _ in 0..count {
            made.push(Invitation::parse(&self.hear().await?)?);
        }
        Ok(made)
    }

    /// Its CPU seconds so far.
    ///
    /// # Errors
    /// When it is gone.
    pub fn cpu_secs(&self) -> Result<f64, Failure> {
        machine::cpu_secs(self.process.id())
    }

    /// Megabytes that it holds.
    ///
    /// # Errors
    /// When it is gone.
    pub fn resident_mb(&self) -> Result<f64, Failure> {
        machine::resident_mb(self.process.id())
    }

    /// Ends it in good order.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(mut self) -> Result<(), Failure> {
        drop(self.input.take());
        let ending = async {
            while self.process.try_wait()?.is_none() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok::<_, Failure>(())
        };
        tokio::time::timeout(PATIENCE, ending).await.map_err(|_| "the hub did not end")?
    }

    /// Ends it at once, as a loss of power would.
    pub fn kill(self) {
        drop(self);
    }

    fn say(&mut self, line: &str) -> Result<(), Failure> {
        let input = self.input.as_mut().ok_or("the hub's input is closed")?;
        writeln!(input, "{line}")?;
        Ok(input.flush()?)
    }

    async fn hear(&mut self) -> Result<String, Failure> {
        let mut output = self.output.take().ok_or("the hub's output is closed")?;
        let reading = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            output.read_line(&mut line).map(|_| (line, output))
        });
        let (line, output) =
            tokio::time::timeout(PATIENCE, reading).await.map_err(|_| "the hub said nothing")???;
        self.output = Some(output);
        match line.trim() {
            "" => Err("the hub has ended early".into()),
            said => Ok(said.to_owned()),
        }
    }
}

impl Drop for HubProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where nodes dial the hub of an invitation: by QUIC, or by TCP, at one of the addresses of `networks`.
///
/// # Errors
/// When it listens on none.
pub fn target(invitation: &Invitation, quic: bool, network: &str) -> Result<Target, Failure> {
    let is_meant = |text: &&String| text.contains("/quic-v1") == quic;
    let found = invitation.addresses.iter().find(is_meant).ok_or("the hub does not listen there")?;
    let mut parts: Vec<&str> = found.split('/').collect();
    if let Some(ip) = parts.get_mut(2) {
        *ip = network;
    }
    let address = Address::parse(&parts.join("/"))?;
    Ok(Target { addresses: vec![address], did: invitation.did.clone() })
}

/// The hub's own process: says `ready`, then as many links as each line it reads asks for.
///
/// # Errors
/// Why it does not run.
#[expect(clippy::print_stdout, reason = "it answers whoever has started it")]
pub async fn serve(home: PathBuf) -> Result<(), Failure> {
    let config = HubConfig::from_toml(&std::fs::read_to_string(home.join("hub.toml"))?)?;
    let seed = Seed::from_words(&std::fs::read_to_string(home.join(WORDS))?)?;
    let database = match &config.store {
        None => None,
        Some(store) => {
            let database = Postgres::connect(store.danger_text().parse()?)?;
            Some(Arc::new(database) as Arc<dyn Database>)
        }
    };
    let hub = Hub::start_in(database, &home, &seed, config, Families::new(), system_clock()).await?;
    if hub.asks().is_empty() {
        hub.ask(&ask(), "ask.toml").await?;
    }
    println!("ready");
    while let Some(wanted) = line().await? {
        let mut left: usize = wanted.parse()?;
        while left > 0 {
            let count = left.min(INVITATIONS);
            let mut making = tokio::task::JoinSet::new();
            for _ in 0..count {
                let hub = hub.clone();
                making.spawn(async move { hub.invite(None, None, VALID).await });
            }
            while let Some(made) = making.join_next().await {
                println!("{}", made??.link);
            }
            left -= count;
        }
    }
    hub.stop().await;
    Ok(())
}

fn ask() -> String {
    format!(
        "title = \"Delivery\"\nlegal_basis = \"contract\"\nmode = \"continuous\"\n\
         retention = {{ duration = \"P2Y\", after = \"end of contract\" }}\n\n\
         [[field]]\npath = \"{FIELD}\"\nrequired = true\nreason = \"to deliver\"\n\
         purposes = [\"ServiceProvision\"]\n"
    )
}

async fn line() -> Result<Option<String>, Failure> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|bytes| (bytes > 0).then(|| line.trim().to_owned()))
    });
    Ok(read.await??)
}
