//! What is made from the command line itself: completions and man pages.

use std::path::Path;

use clap::CommandFactory;
use freehold_api::ApiError;

use crate::Outcome;
use crate::cli::Cli;
use crate::output::Out;

/// Prints the completions of a shell.
pub(crate) fn completions(shell: clap_complete::Shell, out: &Out) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "freehold", &mut text);
    out.raw(&String::from_utf8_lossy(&text));
    Ok(())
}

/// Writes a man page for each command.
pub(crate) fn man(dir: &Path, out: &Out) -> Outcome {
    std::fs::create_dir_all(dir)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
        .map_err(|error| ApiError::new("usage", format!("{} cannot be written ({error})", dir.display())))?;
    out.note(format!("the man pages are in {}", dir.display()));
    Ok(())
}
