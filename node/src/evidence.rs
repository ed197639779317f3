//! `evidence verify`: checking evidence that a hub gave, with nothing but the file.

use std::path::Path;

use freehold_api::ApiError;
use freehold_hub::{Finding, verify_evidence};

use crate::Outcome;
use crate::cli::EvidenceCommand;
use crate::output::{Out, table};

pub(crate) fn run(command: &EvidenceCommand, out: &Out) -> Outcome {
    let EvidenceCommand::Verify { file } = command;
    verify(file, out)
}

fn verify(file: &Path, out: &Out) -> Outcome {
    let archive = std::fs::read(file).map_err(|error| {
        ApiError::new("usage", format!("{} cannot be read ({error}): check the path", file.display()))
    })?;
    let report = verify_evidence(&archive);
    out.show(&report, |report| {
        let row =
            |f: &Finding| [if f.ok { "holds" } else { "WRONG" }.to_owned(), f.file.clone(), f.detail.clone()];
        let findings = table(["", "file", "what it is"], report.findings.iter().map(row).collect::<Vec<_>>());
        let vendor = report.vendor.as_deref().unwrap_or("nobody");
        let by_word = match report.by_word.as_slice() {
            [] => String::new(),
            dids => format!("\nby the vendor's word alone, with no statement here: {}", dids.join(", ")),
        };
        format!(
            "vouched for by {vendor}\nabout          {}\nevents told of {}{by_word}\n\n{findings}",
            report.person.join(", "),
            report.events
        )
    });
    if report.ok {
        return Ok(());
    }
    let wrong = report.findings.iter().filter(|finding| !finding.ok).count();
    Err(ApiError::new(
        "bad-signature",
        format!("the evidence does not hold: {wrong} of {} files are wrong", report.findings.len()),
    ))
}
