//! `hub customers`.

use freehold_api::Client;
use freehold_api::hub::Customers;
use freehold_hub::view::CustomerView;

use crate::Outcome;
use crate::output::{Out, cell, short, table};

pub(super) async fn customers(client: &Client, customer: Option<String>, out: &Out) -> Outcome {
    let one = customer.is_some();
    let customers = client.call(&Customers { customer }).await?;
    match customers.first() {
        Some(customer) if one => out.show(customer, details),
        _ => out.show(&customers, |customers| list(customers)),
    }
    Ok(())
}

fn list(customers: &[CustomerView]) -> String {
    if customers.is_empty() {
        return "no customer yet: invite one with `freehold hub invite --customer REF`".to_owned();
    }
    let row = |c: &CustomerView| {
        let connected = match (c.connected, c.moved) {
            (true, _) => "connected",
            (false, false) => "at an older key",
            (false, true) => "-",
        };
        [
            cell(&c.customer),
            short(&c.id),
            connected.to_owned(),
            c.fields.values().flatten().count().to_string(),
            cell(&c.last_update),
            c.since.clone(),
        ]
    };
    table(
        ["customer", "id", "", "fields", "last update", "since"],
        customers.iter().map(row).collect::<Vec<_>>(),
    )
}

fn details(customer: &CustomerView) -> String {
    let mut parts = vec![format!(
        "Customer     {}\nId           {}\nDID          {}\nKnows you as {}\nConnected    {}\nSince        {}\nLast update  {}",
        cell(&customer.customer),
        customer.id,
        customer.did,
        customer.vendor,
        if customer.connected { "now" } else { "no" },
        customer.since,
        cell(&customer.last_update),
    )];
    if !customer.grants.is_empty() {
        let rows = customer.grants.iter().map(|g| [short(&g.id), g.status.clone(), g.paths.join(", ")]);
        parts.push(table(["grant", "status", "fields"], rows.collect::<Vec<_>>()));
    }
    if !customer.fields.is_empty() {
        let rows = customer.fields.iter().map(|(path, value)| [path.clone(), cell(value)]);
        parts.push(table(["field", "value"], rows.collect::<Vec<_>>()));
    }
    parts.join("\n\n")
}
