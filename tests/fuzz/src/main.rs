//! `cargo run -p freehold-fuzz -- DIR`: writes the seeds of every target, one folder each, for a fuzzer to begin with.
//! With `--list` it prints the targets' names.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Parser;
use freehold_fuzz::{TARGETS, seeds};

#[derive(Parser)]
#[command(about = "Writes what a fuzzer begins with")]
struct Arguments {
    /// Where: one folder for each target
    folder: Option<PathBuf>,
    /// Print the names of the targets
    #[arg(long)]
    list: bool,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    if arguments.list {
        for target in TARGETS {
            writeln!(io::stdout(), "{}", target.name)?;
        }
    }
    let Some(folder) = arguments.folder else { return Ok(()) };
    for target in TARGETS {
        let place = folder.join(target.name);
        fs::create_dir_all(&place)?;
        for (n, seed) in seeds(target).iter().enumerate() {
            fs::write(place.join(format!("seed-{n:04}")), seed)?;
        }
    }
    Ok(())
}
