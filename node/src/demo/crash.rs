//! Either side is killed; nothing is lost and nothing comes twice.

use super::Checked;
use super::process::Process;
use super::stage::{Stage, WATCH, ensure};

pub(super) async fn kill_the_hub(stage: &mut Stage) -> Checked {
    let before = stage.last_event().await?;
    stage.hub.take().ok_or("the hub does not run")?.kill().await?;
    let mut change = String::new();
    let numbers = ["+447700900201", "+447700900202", "+447700900203"];
    for number in numbers {
        change = stage.set(&[("phone.mobile", number)]).await?.0;
    }
    stage.hub = Some(Process::start(&stage.root, "hub", &["hub", "run"]).await?);
    stage
        .until("the last number at the hub", async || {
            Ok(stage.held("phone.mobile").await?.filter(|held| held == numbers[2]))
        })
        .await?;
    stage.applied(&change).await?;
    tokio::time::sleep(WATCH).await;
    let came = stage.updates_of("phone.mobile", before).await?;
    ensure(came == [numbers[2]], || format!("{} updates of it came", came.len()))?;
    Ok("3 edits while it was down: the current value came once, and was applied".to_owned())
}

pub(super) async fn kill_the_node(stage: &mut Stage) -> Checked {
    let (before, email) = (stage.last_event().await?, "ada@lovell.example.org");
    let (change, _) = stage.set(&[("email.personal", email)]).await?;
    stage.node.take().ok_or("the node does not run")?.kill().await?;
    stage.node = Some(Process::start(&stage.root, "node", &["run"]).await?);
    let kept = stage.value("email.personal").await?;
    ensure(kept == email, || "the acknowledged change is lost".to_owned())?;
    stage
        .until("the address at the hub", async || {
            Ok(stage.held("email.personal").await?.filter(|held| held == email))
        })
        .await?;
    stage.applied(&change).await?;
    let came = stage.updates_of("email.personal", before).await?;
    ensure(came == [email], || format!("{} updates of it came", came.len()))?;
    Ok("killed right after a change was acknowledged: it is there, and came to the hub once".to_owned())
}
