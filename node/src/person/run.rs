//! `run` and `words`.

use std::path::Path;

use freehold_api::{ApiError, Socket, serve_person};
use freehold_keystore::Seed;
use freehold_link::system_clock;
use freehold_outbound::{Client, Policy, Reach};
use freehold_person::{Person, PersonConfig, StartError};
use freehold_resolver::{CachePolicy, Resolver};
use serde_json::json;

use crate::Outcome;
use crate::cli;
use crate::home::{self, Home, Kind};
use crate::output::Out;
use crate::signals::Stop;
use crate::{families, local, passphrase};

/// Runs the node until it is told to stop.
pub(crate) async fn run(dir: &Path, args: &cli::Run, out: &Out) -> Outcome {
    let home = Home::take(dir, Kind::Person, args.passphrase.passphrase_file.as_deref())?;
    let seed = if home.is_new()? {
        let seed = home.create(&passphrase::new(&args.passphrase)?)?;
        show_words(&seed, out, true);
        seed
    } else {
        home.open(&passphrase::existing(&args.passphrase)?, out)?
    };
    // From here on something runs; until now a signal just ended the process, however long it waited.
    let stop = Stop::install()?;
    let config = PersonConfig {
        resolver: resolver(args)?,
        limits: freehold_transport::Limits::default(),
        store: freehold_store::Options::default(),
        families: families::person(),
    };
    let person = Person::start(home.dir(), seed, config, system_clock()).await.map_err(start_error)?;
    let socket = match Socket::bind(home.dir()) {
        Ok(socket) => socket,
        Err(error) => {
            person.stop().await;
            return Err(ApiError::new(error.code(), error));
        }
    };
    let ready = json!({ "event": "ready", "kind": "person", "home": dir, "socket": socket.path() });
    out.show(&ready, |_| format!("ready: {} (stop with Ctrl-C)", socket.path().display()));
    tracing::info!("the node runs");
    let served = serve_person(person.clone(), socket, stop.wait()).await;
    person.stop().await;
    tracing::info!("the node has stopped");
    served.map_err(|error| ApiError::new("internal", error))
}

/// Shows the words of a home again.
pub(crate) fn words(dir: &Path, args: &cli::Passphrase, out: &Out) -> Outcome {
    home::check(dir, Kind::Person)?;
    let seed = home::open_seed(dir, &passphrase::existing(args)?, out)?;
    show_words(&seed, out, false);
    Ok(())
}

/// Shows the 24 words; never, unasked, into a file or a journal, which others may read.
fn show_words(seed: &Seed, out: &Out, first: bool) {
    // A script that asked for JSON reads them on purpose, unless its output is a journal.
    let read = out.is_terminal() || out.is_json() && std::env::var_os("JOURNAL_STREAM").is_none();
    if first && !read {
        out.note(
            "the home is made: see its 24 words with `freehold words`, write them down, and keep them safe",
        );
        return;
    }
    let words = seed.words();
    if out.is_json() {
        return out.json_line(&json!({ "event": "words", "words": words.as_str() }));
    }
    if first {
        out.line("These 24 words are your home. Write them on paper, now, and keep the paper safe:\n");
    }
    let words: Vec<&str> = words.split(' ').collect();
    for (row, line) in words.chunks(6).enumerate() {
        let numbered =
            line.iter().enumerate().map(|(at, word)| format!("{:>2} {word:<10}", row * 6 + at + 1));
        out.line(numbered.collect::<String>());
    }
    out.line("\nWith them and a backup everything can be restored, and whoever has them has everything.");
}

fn resolver(args: &cli::Run) -> Result<Resolver, ApiError> {
    let extra_roots = args.trust_root.iter().map(|file| local::read(file)).collect::<Result<_, _>>()?;
    let reach = if args.allow_inward { Reach::Anywhere } else { Reach::PublicOnly };
    let client = Client::new(Policy { reach, extra_roots, ..Policy::public() })
        .map_err(|error| ApiError::new("usage", error))?;
    Ok(Resolver::new(client, CachePolicy::default()))
}

fn start_error(error: StartError) -> ApiError {
    match &error {
        StartError::Store(source) => ApiError::new(home::store_code(source), error),
        StartError::Read(_) => ApiError::new("store-corrupt", error),
        StartError::Families(_) => ApiError::new("internal", error),
    }
}
