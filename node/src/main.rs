//! The program `freehold`: the command line, the homes, and the wiring of a person's node and a vendor's hub.
//!
//! Reading order: `cli` (what can be typed), `home` (what lies on the disk), `person` and `hub` (one module per
//! group of commands), `demo` (the whole story on one machine), `output` (what is printed).

use std::process::ExitCode;

use clap::Parser;
use freehold_api::ApiError;

mod cli;
mod conformance;
mod demo;
mod evidence;
mod families;
mod files;
mod home;
mod hub;
mod local;
mod logging;
mod message;
mod output;
mod passphrase;
mod person;
mod secrecy;
mod signals;
mod words;

use cli::{Cli, Command};
use output::Out;

/// What a command gives: nothing, or the error it ends with.
type Outcome = Result<(), ApiError>;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let out = Out::new(cli.globals.json);
    let serves = matches!(&cli.command, Command::Run(_) | Command::Hub { command: cli::HubCommand::Run(_) });
    let result = match logging::start(&cli.globals, serves) {
        Ok(()) => {
            // Before any key is read; after the log can say what the system does not allow.
            secrecy::begin();
            dispatch(cli, &out).await
        }
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            out.failed(&error);
            ExitCode::from(error.exit)
        }
    }
}

async fn dispatch(cli: Cli, out: &Out) -> Outcome {
    match cli.command {
        Command::Hub { command } => {
            let logs = cli.globals.log.is_some();
            hub::dispatch(&home::hub_dir(cli.globals.home)?, command, logs, out).await
        }
        Command::Conformance(args) => conformance::run(args, out).await,
        Command::Evidence { command } => evidence::run(&command, out),
        Command::Demo => demo::run(cli.globals.home, out).await,
        Command::Completions { shell } => files::completions(shell, out),
        Command::Man { dir } => files::man(&dir, out),
        command => person::dispatch(&home::person_dir(cli.globals.home)?, command, out).await,
    }
}
