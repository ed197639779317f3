//! `run` and `words`.

use std::path::Path;
use std::sync::Arc;

use freehold_api::person::SignIn;
use freehold_api::{ApiError, Client as Calls, Links, Socket, serve_person};
use freehold_outbound::{Client, Policy, Reach};
use freehold_page::{Listening, Page, PageConfig, PageError};
use freehold_resolver::{CachePolicy, Resolver};
use serde_json::json;

use super::keeper::HomeKeeper;
use crate::Outcome;
use crate::cli;
use crate::home::{self, Kind};
use crate::output::Out;
use crate::signals::Stop;
use crate::{local, passphrase};

/// Where the page listens when nobody says; another port if that one is taken.
const PAGE: &str = "127.0.0.1:4190";

/// Runs the node until it is told to stop. With no passphrase at hand it waits until somebody says it in the page.
pub(crate) async fn run(dir: &Path, args: &cli::Run, out: &Out) -> Outcome {
    home::check(dir, Kind::Person)?;
    let keeper = HomeKeeper::new(dir, args)?;
    let is_new = !home::is_made(dir);
    let passphrase = match passphrase::unattended(&args.passphrase)? {
        None if args.no_page && is_new => Some(passphrase::new(&args.passphrase)?),
        None if args.no_page => Some(passphrase::existing(&args.passphrase)?),
        given => given,
    };
    match passphrase {
        Some(passphrase) if is_new => {
            let (_, words) = keeper.make(passphrase).await?;
            show_words(&words, out, true);
        }
        Some(passphrase) => drop(keeper.unlock(passphrase).await?),
        None => {}
    }
    // From here on something runs; until now a signal just ended the process, however long it waited.
    let stop = Stop::install()?;
    let page = if args.no_page { None } else { Some(listen(dir, args, &keeper, out).await?) };
    let links = page.as_ref().map(|page| {
        let page = page.page();
        let links: Links = Arc::new(move || page.link().map_err(page_error));
        links
    });
    let served = serve(dir, &keeper, links, stop, out).await;
    if let Some(page) = page {
        page.stop().await;
    }
    served
}

/// Serves the home's commands from when it is open until the program is told to stop.
async fn serve(dir: &Path, keeper: &HomeKeeper, links: Option<Links>, stop: Stop, out: &Out) -> Outcome {
    let stop = stop.wait();
    tokio::pin!(stop);
    let person = tokio::select! {
        person = keeper.opened() => person,
        () = &mut stop => None,
    };
    let Some(person) = person else { return Ok(()) };
    let socket = match Socket::bind(dir) {
        Ok(socket) => socket,
        Err(error) => {
            person.stop().await;
            return Err(ApiError::new(error.code(), error));
        }
    };
    let ready = json!({ "event": "ready", "kind": "person", "home": dir, "socket": socket.path() });
    out.show(&ready, |_| format!("ready: {} (stop with Ctrl-C)", socket.path().display()));
    tracing::info!("the node runs");
    let (told, heard) = tokio::sync::oneshot::channel::<()>();
    let serving = serve_person(person.clone(), links, socket, async {
        let _ = heard.await;
    });
    tokio::pin!(serving);
    let served = tokio::select! {
        served = &mut serving => served,
        () = &mut stop => {
            let _ = told.send(());
            serving.await
        }
    };
    person.stop().await;
    tracing::info!("the node has stopped");
    served.map_err(|error| ApiError::new("internal", error))
}

/// Opens the page, and says where it is.
async fn listen(
    dir: &Path,
    args: &cli::Run,
    keeper: &Arc<HomeKeeper>,
    out: &Out,
) -> Result<Listening, ApiError> {
    let config = |listen: &str| PageConfig {
        listen: listen.to_owned(),
        anywhere: args.page_anywhere,
        url: args.page_url.clone(),
        home: dir.to_owned(),
    };
    let wanted = args.page.as_deref().unwrap_or(PAGE);
    let page = match Page::listen(keeper.clone(), &config(wanted)).await {
        // Nobody has asked for this port, and another home of this machine may have it.
        Err(PageError::Serve(_)) if args.page.is_none() => {
            Page::listen(keeper.clone(), &config("127.0.0.1:0")).await
        }
        listening => listening,
    };
    let page = page.map_err(page_error)?;
    // Whoever reads this signs in: it is for the one who has started the program, and for no journal.
    let read = out.is_terminal() || out.is_json() && std::env::var_os("JOURNAL_STREAM").is_none();
    let link = if read { Some(page.link().map_err(page_error)?) } else { None };
    let said = json!({ "event": "page", "address": page.address().to_string(), "link": link });
    out.show(&said, |_| match &link {
        Some(link) => format!("your page: {link}\nThis link lets its first visitor in, within an hour."),
        None => format!("your page: http://{}", page.address()),
    });
    Ok(page)
}

fn page_error(error: PageError) -> ApiError {
    let code = match error {
        PageError::Bind(_) | PageError::Site(_) => "usage",
        PageError::Serve(_) => "address-in-use",
        PageError::Entropy(_) => "internal",
    };
    ApiError::new(code, error)
}

/// Prints a link that signs in to the page, or opens it in the browser with a company's invitation.
pub(crate) async fn sign_in(client: &Calls, invitation: Option<&str>, out: &Out) -> Outcome {
    let mut answer = client.call(&SignIn {}).await?;
    let Some(invitation) = invitation else {
        out.show(&answer, |answer| answer.link.clone());
        return Ok(());
    };
    if !invitation.starts_with("freehold:") {
        return Err(ApiError::new("invitation", "an invitation begins with freehold:"));
    }
    answer.link = format!("{}?link={}", answer.link, freehold_page::escaped(invitation));
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let opened =
        std::process::Command::new(program).arg(&answer.link).stdin(std::process::Stdio::null()).status();
    if !opened.is_ok_and(|status| status.success()) {
        out.note("no browser could be started: open this yourself");
        out.show(&answer, |answer| answer.link.clone());
    }
    Ok(())
}

/// Shows the words of a home again.
pub(crate) fn words(dir: &Path, args: &cli::Passphrase, out: &Out) -> Outcome {
    home::check(dir, Kind::Person)?;
    let seed = home::open_seed(dir, &passphrase::existing(args)?, out)?;
    show_words(&seed.words(), out, false);
    Ok(())
}

/// Shows the 24 words; never, unasked, into a file or a journal, which others may read.
fn show_words(words: &str, out: &Out, first: bool) {
    // A script that asked for JSON reads them on purpose, unless its output is a journal.
    let read = out.is_terminal() || out.is_json() && std::env::var_os("JOURNAL_STREAM").is_none();
    if first && !read {
        out.note(
            "the home is made: see its 24 words with `freehold words`, write them down, and keep them safe",
        );
        return;
    }
    if out.is_json() {
        return out.json_line(&json!({ "event": "words", "words": words }));
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

/// What looks up vendors, as the command line says.
pub(super) fn resolver(args: &cli::Run) -> Result<Resolver, ApiError> {
    let extra_roots = args.trust_root.iter().map(|file| local::read(file)).collect::<Result<_, _>>()?;
    let reach = if args.allow_inward { Reach::Anywhere } else { Reach::PublicOnly };
    let client = Client::new(Policy { reach, extra_roots, ..Policy::public() })
        .map_err(|error| ApiError::new("usage", error))?;
    Ok(Resolver::new(client, CachePolicy::default()))
}
