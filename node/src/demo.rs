//! The whole story on one machine: a hub and a node as processes of this very program, with real sockets and real
//! files, driven through the same client as the commands.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use freehold_api::ApiError;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::Outcome;
use crate::home::io_error;
use crate::output::Out;

mod agree;
mod crash;
mod process;
mod receiver;
mod revoke;
mod set_up;
mod stage;
mod update;

use stage::Stage;

/// What a step gives: what was checked, or what did not hold.
type Checked = Result<String, String>;

/// One step, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Step<'a> {
    name: &'a str,
    ok: bool,
    ms: u128,
    details: &'a str,
}

/// Plays the story; it fails with the first check that does not hold.
pub(crate) async fn run(home: Option<PathBuf>, out: &Out) -> Outcome {
    let kept = home.is_some();
    let temporary = match &home {
        Some(_) => None,
        None => Some(
            tempfile::Builder::new()
                .prefix("freehold-demo-")
                .tempdir()
                .map_err(|error| io_error(&std::env::temp_dir(), &error))?,
        ),
    };
    let root = match (home, &temporary) {
        (Some(home), _) => std::path::absolute(&home).map_err(|error| io_error(&home, &error))?,
        (None, Some(temporary)) => temporary.path().to_owned(),
        (None, None) => return Err(ApiError::new("internal", "there is no folder for the demo")),
    };
    if root.join("hub").exists() || root.join("node").exists() {
        let text = format!("{} holds an earlier demo: name another folder with --home", root.display());
        return Err(ApiError::new("home-exists", text));
    }
    let started = Instant::now();
    let bar = progress(out);
    let mut stage = Stage::new(root.clone(), bar.clone()).await?;
    let mut player = Player { out, bar, steps: 0 };
    let result = story(&mut player, &mut stage).await;
    let ended = stage.end().await;
    player.bar.finish_and_clear();
    match (result, ended) {
        (Ok(()), Ok(())) => {
            if !out.is_json() {
                let seconds = started.elapsed().as_secs_f64();
                out.line(format!("\nEvery check held: {} steps in {seconds:.1} s.", player.steps));
            }
            if kept {
                out.note(how_to_go_on(&root));
            }
            Ok(())
        }
        (Err(step), _) => Err(ApiError::new(
            "demo-failed",
            format!("the step \"{step}\" did not hold: {}", logs(&root, kept)),
        )),
        (_, Err(why)) => {
            Err(ApiError::new("demo-failed", format!("the processes did not stop in good order: {why}")))
        }
    }
}

/// The steps in order.
async fn story(player: &mut Player<'_>, stage: &mut Stage) -> Result<(), &'static str> {
    player.step("make a hub", set_up::make_hub(stage)).await?;
    player.step("ask for data", set_up::ask(stage)).await?;
    player.step("make a node", set_up::make_node(stage)).await?;
    player.step("import a card", set_up::import(stage)).await?;
    player.step("invite", agree::invite(stage)).await?;
    player.step("connect", agree::connect(stage)).await?;
    player.step("approve", agree::approve(stage)).await?;
    player.step("the snapshot arrives", agree::snapshot(stage)).await?;
    player.step("change the address once", update::change_the_address(stage)).await?;
    player.step("a field outside the grant moves nothing", update::outside_the_grant(stage)).await?;
    player.step("live read", update::live_read(stage)).await?;
    player.step("live read for another purpose is denied", update::live_read_denied(stage)).await?;
    player.step("the hub is killed, three edits arrive as one", crash::kill_the_hub(stage)).await?;
    player.step("the node is killed and loses nothing", crash::kill_the_node(stage)).await?;
    player.step("the grant is a credential signed by both", agree::credential(stage)).await?;
    player.step("revoke", revoke::revoke(stage)).await?;
    player.step("the vendor signs the erasure", revoke::erasure_receipt(stage)).await?;
    player.step("after the revocation nothing leaves", revoke::nothing_leaves(stage)).await?;
    player.step("the audit log is whole", revoke::audit(stage)).await?;
    player.step("stop in good order", set_up::stop(stage)).await
}

/// Prints the steps.
struct Player<'a> {
    out: &'a Out,
    bar: ProgressBar,
    steps: usize,
}

impl Player<'_> {
    async fn step(
        &mut self,
        name: &'static str,
        run: impl Future<Output = Checked>,
    ) -> Result<(), &'static str> {
        self.bar.set_message(name);
        let started = Instant::now();
        let result = run.await;
        let ms = started.elapsed().as_millis();
        let ok = result.is_ok();
        let details = result.unwrap_or_else(|why| why);
        self.steps += 1;
        self.bar.suspend(|| {
            let step = Step { name, ok, ms, details: &details };
            self.out.show(&step, |step| {
                let mark = if step.ok { "ok" } else { "FAILED" };
                format!("{mark:<6} {name}  ({ms} ms)\n       {}", step.details.replace('\n', "\n       "))
            });
        });
        if ok { Ok(()) } else { Err(name) }
    }
}

/// A line at the bottom of the terminal while something is waited for.
fn progress(out: &Out) -> ProgressBar {
    if out.is_json() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn logs(root: &Path, kept: bool) -> String {
    if kept {
        format!("read {0}/hub.log and {0}/node.log", root.display())
    } else {
        "repeat it with --home DIR and read the logs there".to_owned()
    }
}

fn how_to_go_on(root: &Path) -> String {
    let root = root.display();
    format!(
        "\nThe homes are kept. Go on with\n  freehold --home {root}/hub hub run --passphrase-file {root}/passphrase\n  \
         freehold --home {root}/node run --passphrase-file {root}/passphrase\n  freehold --home {root}/node grants"
    )
}
