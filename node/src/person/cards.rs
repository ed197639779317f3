//! `import` and `export`.

use std::path::Path;

use freehold_api::person::{Export, Import};
use freehold_api::{ApiError, Client};
use freehold_person::view::{ImportFieldView, ImportView};

use crate::Outcome;
use crate::cli::{self, CardFormat};
use crate::local;
use crate::output::{Out, cell, short, table};
use crate::person::address_book;

pub(super) async fn import(client: &Client, args: cli::Import, out: &Out) -> Outcome {
    let (card, index) = if args.carddav.is_some() {
        match address_book::card(&args, out).await? {
            Some(card) => (card, None),
            None => return Ok(()),
        }
    } else {
        let file = args.file.as_deref().unwrap_or(Path::new("-"));
        (local::read(file)?, args.card.as_deref().map(number).transpose()?)
    };
    let dry_run = args.dry_run;
    let call = Import { card, default_country: args.country, index, dry_run };
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

/// Which card of a file.
fn number(card: &str) -> Result<usize, ApiError> {
    card.parse().map_err(|_| ApiError::new("usage", "--card is the number of a card of the file, from 1"))
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
