//! The program run again beside itself, so that a node's or a hub's memory and CPU can be told from the rest.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};

use clap::Subcommand;
use freehold_keystore::Seed;

use crate::world::{self, STREET, VALID};
use crate::{Failure, PATIENCE, within};

/// What a child does until its input ends.
#[derive(Subcommand)]
pub(crate) enum Child {
    /// A person's node: takes words and links, says `ready`.
    #[command(hide = true)]
    Node { home: PathBuf },
    /// A hub: says links and `ready`, and the number of updates at each line it gets.
    #[command(hide = true)]
    Hub { home: PathBuf, persons: usize },
}

impl Child {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        match self {
            Self::Node { home } => node(home).await,
            Self::Hub { home, persons } => hub(home, *persons).await,
        }
    }
}

/// Reads lines off the runtime's threads.
async fn line() -> Result<Option<String>, Failure> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|bytes| (bytes > 0).then(|| line.trim().to_owned()))
    });
    Ok(read.await??)
}

async fn node(home: &Path) -> Result<(), Failure> {
    let words = line().await?.ok_or("no words")?;
    let person = world::person(home, &Seed::from_words(&words)?).await?;
    while let Some(link) = line().await?.filter(|link| !link.is_empty()) {
        if person.info()?.fields == 0 {
            world::set(&person, STREET, "1 Long Street").await?;
        }
        world::accept(&person, &link).await?;
    }
    world::soon("all connections", || Ok(person.relationships()?.iter().all(|r| r.connected))).await?;
    println!("ready");
    while line().await?.is_some() {}
    person.stop().await;
    Ok(())
}

async fn hub(home: &Path, persons: usize) -> Result<(), Failure> {
    let hub = world::hub(home, &[STREET]).await?;
    for _ in 0..persons {
        println!("{}", hub.invite(None, None, VALID).await?.link);
    }
    println!("ready");
    while line().await?.is_some() {
        println!("{}", hub.stats().updates);
    }
    hub.stop().await;
    Ok(())
}

/// A child that runs.
pub(crate) struct Running {
    process: Process,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (input, output) = (process.stdin.take(), process.stdout.take().map(BufReader::new));
        Ok(Self { process, input, output })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn say(&mut self, line: &str) -> Result<(), Failure> {
        let input = self.input.as_mut().ok_or("the child's input is closed")?;
        writeln!(input, "{line}")?;
        Ok(input.flush()?)
    }

    /// The child's next line.
    pub(crate) async fn hear(&mut self) -> Result<String, Failure> {
        let mut output = self.output.take().ok_or("the child's output is closed")?;
        let reading = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            output.read_line(&mut line).map(|_| (line, output))
        });
        // A node that joins 100 hubs says nothing meanwhile.
        let (line, output) = tokio::time::timeout(4 * PATIENCE, reading)
            .await
            .map_err(|_| "a child process said nothing")???;
        self.output = Some(output);
        match line.trim() {
            "" => Err("a child process ended early".into()),
            said if said.starts_with("failed") => Err(format!("a child process {said}").into()),
            said => Ok(said.to_owned()),
        }
    }

    /// Lets it end in good order.
    pub(crate) async fn end(mut self) -> Result<(), Failure> {
        drop(self.input.take());
        within("a child's end", async {
            while self.process.try_wait()?.is_none() {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            Ok(())
        })
        .await?
    }
}

/// A child that was not ended in good order must not outlive the run.
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
