//! `import` and `export`.

use std::path::Path;

use freehold_api::Client;
use freehold_api::person::{Export, Import};
use freehold_person::view::{ImportFieldView, ImportView};

use crate::Outcome;
use crate::cli::CardFormat;
use crate::local;
use crate::output::{Out, cell, short, table};

pub(super) async fn import(
    client: &Client,
    file: &Path,
    dry_run: bool,
    country: Option<String>,
    card: Option<usize>,
    out: &Out,
) -> Outcome {
    let call = Import { card: local::read(file)?, default_country: country, index: card, dry_run };
    let imported = client.call(&call).await?;
    out.show(&imported, |imported| text(imported, dry_run));
    Ok(())
}

pub(super) async fn export(client: &Client, format: CardFormat, out: &Out) -> Outcome {
    let format = match format {
        CardFormat::Vcard => "vcard",
        CardFormat::Jscontact => "jscontact",
    };
    let exported = client.call(&Export { format: format.to_owned() }).await?;
    out.raw(&exported.card);
    if !exported.card.ends_with('\n') {
        out.raw("\n");
    }
    Ok(())
}

fn text(imported: &ImportView, dry_run: bool) -> String {
    let mut parts = Vec::new();
    let rows = |fields: &[ImportFieldView]| {
        let row = |f: &ImportFieldView| {
            [f.action.clone(), f.path.clone(), f.value.clone(), cell(&f.current), f.from.clone()]
        };
        table(["", "field", "value", "now", "from"], fields.iter().map(row).collect::<Vec<_>>())
    };
    if !imported.fields.is_empty() {
        parts.push(rows(&imported.fields));
    }
    if !imported.kept.is_empty() {
        parts.push(format!(
            "Without a path of the vocabulary, kept as the card has it:\n{}",
            rows(&imported.kept)
        ));
    }
    if !imported.skipped.is_empty() {
        let lines = imported.skipped.iter().map(|s| format!("  {}: {}\n", s.what, s.reason));
        parts.push(format!("Not taken:\n{}", lines.collect::<String>().trim_end()));
    }
    parts.push(match &imported.change {
        Some(change) => format!("written as one change: freehold status --change {}", short(change)),
        None if dry_run => "nothing was written: repeat it without --dry-run".to_owned(),
        None => "nothing changed: the values were there already".to_owned(),
    });
    parts.join("\n\n")
}
