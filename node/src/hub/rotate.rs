//! `hub rotate`.

use freehold_api::Client;
use freehold_api::hub::{RetireKeys, RotateVendor};
use freehold_hub::view::{RetireView, RotationView};

use crate::Outcome;
use crate::cli::Rotate;
use crate::output::Out;

pub(super) async fn rotate(client: &Client, args: Rotate, out: &Out) -> Outcome {
    if args.retire {
        let retired = client.call(&RetireKeys { yes: args.yes }).await?;
        out.show(&retired, retired_text);
    } else {
        let call = RotateVendor { listen: args.listen, announce: args.announce };
        let rotated = client.call(&call).await?;
        out.show(&rotated, rotated_text);
    }
    Ok(())
}

fn rotated_text(rotated: &RotationView) -> String {
    format!(
        "you were  {}\nyou are   {}\nat        {}\n\n{} to move when they next connect: `freehold hub stats` shows how many are left.\n\
         Whoever has moved dials these addresses alone: see that they can be reached from outside.\n\
         The hub goes on under the old key until `freehold hub rotate --retire`.",
        rotated.before,
        rotated.after,
        rotated.addresses.join("\n          "),
        customers(rotated.customers),
    )
}

fn retired_text(retired: &RetireView) -> String {
    let lost = match (retired.customers, retired.links) {
        (0, 0) => "everybody has moved".to_owned(),
        (lost, links) => format!("{} given up, {links} open links void", customers(lost)),
    };
    format!("no longer served  {}\n{lost}", retired.retired.join("\n                  "))
}

fn customers(count: usize) -> String {
    if count == 1 { "1 customer".to_owned() } else { format!("{count} customers") }
}
