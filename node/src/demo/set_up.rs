//! The vendor makes a hub, the person makes a node and imports a card; at the end both stop.

use freehold_api::{hub, person};
use freehold_hub::HubConfig;

use super::Checked;
use super::process::{Process, call};
use super::stage::{Stage, ensure, said};

/// A card as a phone exports it: a grouped address, several types, a folded line, a photograph.
const CARD: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//iPhone OS 18.1//EN\r\n\
    N:Lovell;Ada;Maria;;\r\nFN:Ada Maria Lovell\r\nNICKNAME:Ada\r\n\
    EMAIL;type=INTERNET;type=HOME;type=pref:ada.lovell@example.org\r\n\
    TEL;type=CELL;type=VOICE;type=pref:+44 7700 900123\r\n\
    item1.ADR;type=HOME;type=pref:;;12 Analytical Row;London;;NW1 6XE;United King\r\n dom\r\n\
    item1.X-ABADR:gb\r\nBDAY:1985-12-10\r\n\
    PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgICAgMCAgID\r\n AwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8M\r\n\
    REV:2026-01-12T09:30:00Z\r\nEND:VCARD\r\n";

/// What the shop asks for. A birthday is not among it.
const ASK: &str = r#"title = "Deliver your orders"
legal_basis = "contract"
mode = "continuous"
retention = { duration = "P2Y", after = "your last order" }
recipients = ["Example Parcel Ltd"]
policy = "https://shop.example/privacy"

[[field]]
path = "name.full"
required = true
reason = "to address the parcel"
purposes = ["deliveryOfGoods"]

[[field]]
path = "address.home.street"
required = true
reason = "to bring it to your door"
purposes = ["deliveryOfGoods"]

[[field]]
path = "address.home.locality"
required = true
reason = "to bring it to your door"
purposes = ["deliveryOfGoods"]

[[field]]
path = "address.home.postalCode"
required = true
reason = "to bring it to your door"
purposes = ["deliveryOfGoods"]

[[field]]
path = "phone.mobile"
reason = "to ask you when nobody opens"
purposes = ["deliveryOfGoods", "communicationForCustomerCare"]

[[field]]
path = "email.personal"
reason = "to tell you when the parcel comes"
purposes = ["communicationForCustomerCare"]
"#;

pub(super) async fn make_hub(stage: &mut Stage) -> Checked {
    let url = stage.receiver.url();
    let (quic, tcp) = ("/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0");
    let args =
        ["hub", "init", "--name", "Example Shop", "--listen", quic, "--listen", tcp, "--webhook", &url];
    let made = call(&stage.root, "hub", &args).await?;
    let secret =
        made.get("webhookSecret").and_then(|s| s.as_str()).ok_or("hub init gave no webhook secret")?;
    stage.receiver.share(secret);
    let process = Process::start(&stage.root, "hub", &["hub", "run"]).await?;
    let info = process.client.call(&hub::Info {}).await.map_err(said)?;
    stage.hub = Some(process);
    ensure(info.name == "Example Shop", || format!("the hub calls itself {}", info.name))?;
    ensure(!info.addresses.is_empty(), || "the hub listens nowhere".to_owned())?;
    keep_the_ports(stage, &info.addresses)?;
    Ok(format!("{} listens on {}", info.did, info.addresses.join(" and ")))
}

/// The hub is started again later, and must be where the link says.
fn keep_the_ports(stage: &Stage, addresses: &[String]) -> Result<(), String> {
    let file = stage.root.join("hub").join(freehold_hub::CONFIG_FILE);
    let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
    let mut config = HubConfig::from_toml(&text).map_err(|error| error.to_string())?;
    config.listen = addresses.to_vec();
    std::fs::write(&file, config.to_toml()).map_err(|error| error.to_string())
}

pub(super) async fn ask(stage: &mut Stage) -> Checked {
    let call = hub::Ask { toml: ASK.to_owned(), file: Some("ask.toml".to_owned()) };
    let ask = stage.hub()?.call(&call).await.map_err(said)?;
    ensure(ask.fields.len() == 6, || format!("the request has {} fields", ask.fields.len()))?;
    let wrong = hub::Ask { toml: ASK.replace("phone.mobile", "phone.mobil"), ..call };
    let refused = stage.hub()?.call(&wrong).await.err().ok_or("a wrong path was taken")?;
    Ok(format!("signed: {}\na misspelt one is refused: {}", ask.fields.join(", "), refused.message))
}

pub(super) async fn make_node(stage: &mut Stage) -> Checked {
    let process = Process::start(&stage.root, "node", &["run"]).await?;
    let words = process.printed.iter().find_map(|line| line.get("words")?.as_str());
    let words = words.map_or(0, |words| words.split(' ').count());
    ensure(words == 24, || format!("the first start showed {words} words"))?;
    let info = process.client.call(&person::Info {}).await.map_err(said)?;
    stage.node = Some(process);
    ensure(info.fields == 0, || "a new vault is not empty".to_owned())?;
    Ok("a home with its own seed, 24 words shown once, and an empty vault".to_owned())
}

pub(super) async fn import(stage: &mut Stage) -> Checked {
    let call = person::Import { card: CARD.as_bytes().to_vec(), dry_run: true, ..person::Import::default() };
    let preview = stage.node()?.call(&call).await.map_err(said)?;
    ensure(preview.change.is_none() && stage.fields().await?.is_empty(), || "a dry run wrote".to_owned())?;
    let imported = stage.node()?.call(&person::Import { dry_run: false, ..call }).await.map_err(said)?;
    let fields = stage.fields().await?;
    ensure(fields.iter().all(|f| f.verified == Some(true)), || "a signature does not verify".to_owned())?;
    for (path, value) in [
        ("name.full", "Ada Maria Lovell"),
        ("phone.mobile", "+447700900123"),
        ("address.home.postalCode", "NW1 6XE"),
        ("birth.date", "1985-12-10"),
    ] {
        let got = stage.value(path).await?;
        ensure(got == value, || format!("{path} is {got:?}"))?;
    }
    let (kept, skipped) = (imported.kept.len(), imported.skipped.len());
    Ok(format!(
        "{} fields in one change, each signed; {kept} kept as the card has them, {skipped} not taken",
        imported.fields.len()
    ))
}

pub(super) async fn stop(stage: &mut Stage) -> Checked {
    stage.end().await?;
    let left = ["node", "hub"].map(|home| stage.root.join(home).join(freehold_api::SOCKET_NAME).exists());
    ensure(left == [false, false], || "a socket was left behind".to_owned())?;
    Ok("SIGTERM: both ended with 0 and removed their sockets".to_owned())
}
