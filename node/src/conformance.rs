//! `conformance`: a live peer that somebody else wrote, rule by rule.

use std::io::Write;
use std::sync::Arc;

use freehold_api::ApiError;
use freehold_conformance::{
    Drive, HubSubject, Note, Options, PersonSubject, Tell, Verdict, run_hub, run_person,
};
use freehold_transport::Address;
use serde_json::json;

use crate::Outcome;
use crate::cli::{Conformance, TestedRole};
use crate::output::{Out, table};

pub(crate) async fn run(args: Conformance, out: &Out) -> Outcome {
    let options = Options { slow: args.slow };
    let report = match args.role {
        TestedRole::Hub => {
            if args.peer.is_empty() && args.invite.is_none() {
                let text =
                    "give the hub's invitation links with --peer, or a command that prints one with --invite";
                return Err(ApiError::new("usage", text));
            }
            let hub = HubSubject { links: args.peer, once: args.once, invite: args.invite.map(Drive::Shell) };
            run_hub(hub, options, tell(out.is_json())).await
        }
        TestedRole::Person => {
            let listen = args.listen.iter().map(|text| Address::parse(text)).collect::<Result<_, _>>();
            let person = PersonSubject {
                listen: listen.map_err(|error| ApiError::new("usage", error))?,
                connect: args.connect.map(Drive::Shell),
                change: args.change.map(Drive::Shell),
                revoke: args.revoke.map(Drive::Shell),
                rotate: args.rotate.map(Drive::Shell),
            };
            run_person(person, options, tell(out.is_json())).await
        }
    };
    let summary = report.summary();
    if out.is_json() {
        out.json_line(&json!({ "summary": summary }));
    } else {
        out.line(table(["page", "rule", "", "name", "detail"], report.verdicts.iter().map(row)));
        out.line(format!(
            "\n{} rules hold, {} are broken, {} were not tried",
            summary.passed, summary.failed, summary.skipped
        ));
    }
    if report.is_conformant() {
        return Ok(());
    }
    Err(ApiError::new(
        "not-conformant",
        format!("{} rules are broken: the pages in specs/ say them", summary.failed),
    ))
}

/// Scripts are told of each rule when it was tried; people follow a link, and see the table at the end.
fn tell(is_json: bool) -> Tell {
    Arc::new(move |note| match note {
        Note::Link(link) => {
            let _ = writeln!(
                std::io::stderr().lock(),
                "Follow this link with the node under test, and grant everything:\n{link}"
            );
        }
        Note::Verdict(verdict) if is_json => Out::new(true).json_line(verdict),
        Note::Verdict(_) => {}
    })
}

fn row(verdict: &Verdict) -> [String; 5] {
    let detail = verdict.detail.clone().unwrap_or_default();
    [verdict.page.into(), verdict.rule.into(), verdict.result.to_string(), verdict.name.into(), detail]
}
