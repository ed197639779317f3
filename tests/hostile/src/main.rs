//! `cargo xtask hostile`: attacks a hub and a node, and prints what honest peers felt of it.

use std::io::{self, Write as _};

use clap::Parser;
use freehold_hostile::{attack_hub, attack_node, raise_descriptors};

#[derive(Parser)]
#[command(about = "Attacks the program with hostile peers, and measures what honest ones feel")]
struct Arguments {
    /// Strangers who attack a hub; 0 leaves it out
    #[arg(long, default_value_t = 10_000)]
    hub: u64,
    /// Hostile vendors of a node; 0 leaves it out
    #[arg(long, default_value_t = 500)]
    node: u64,
    /// Honest changes that are measured, before and under attack
    #[arg(long, default_value_t = 1_000)]
    changes: usize,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let mut out = io::stdout();
    writeln!(out, "{} descriptors for each process", raise_descriptors())?;
    if arguments.hub > 0 {
        let folder = tempfile::tempdir()?;
        writeln!(out, "{}", attack_hub(folder.path(), arguments.hub, arguments.changes))?;
    }
    if arguments.node > 0 {
        let folder = tempfile::tempdir()?;
        writeln!(out, "{}", attack_node(folder.path(), arguments.node, arguments.changes))?;
    }
    Ok(())
}
