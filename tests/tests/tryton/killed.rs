//! Tryton is killed in the middle of deliveries and comes back.

use std::time::Duration;

use super::*;

/// Customers whose changes are under way when the power goes.
const CUSTOMERS: u32 = 40;

/// 1. Forty customers are delivered at once. 2. Tryton is killed once some are in. 3. It comes back, and what was put off is
/// delivered again. 4. Every customer has one party with their number, and only one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crm_that_is_killed_in_the_middle_has_every_customer_once_in_the_end() {
    let mut tryton = Tryton::start().await;
    let connector = tryton.connector();
    let change = |n: u32| {
        fields(&[("name.full", "Ann Muster"), ("phone.mobile", &format!("+4179{:07}", 1_000_000 + n))])
    };
    let mut deliveries = tokio::task::JoinSet::new();
    for n in 0..CUSTOMERS {
        let (connector, customer, fields) = (connector.clone(), customer(n), change(n));
        deliveries.spawn(async move {
            (n, connector.deliver(Change::Update { customer: &customer, fields: &fields }).await)
        });
    }
    while tryton.requests("POST /crm/rest/model/party.party") < 5 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tryton.kill();
    let (mut put_off, mut in_before) = (Vec::new(), 0);
    while let Some(delivered) = deliveries.join_next().await {
        match delivered.unwrap() {
            (_, Delivery::Done { lines, .. }) => {
                assert!(lines.iter().all(|line| line.result == LineResult::Applied), "{lines:?}");
                in_before += 1;
            }
            (n, Delivery::Again { reason, .. }) => {
                assert!(matches!(reason, Reason::Fetch(_)), "{reason}");
                put_off.push(n);
            }
            (n, other) => panic!("{n}: {other:?}"),
        }
    }
    assert!(!put_off.is_empty(), "all {in_before} were in before the kill");

    tryton.restart();
    for n in put_off {
        all(&deliver(&connector, &mut customer(n), &change(n)).await, &LineResult::Applied);
    }
    let parties = tryton.records("party.party", json!([]), &["name"]).await;
    assert_eq!(parties.len(), CUSTOMERS as usize);
    for n in 0..CUSTOMERS {
        let party = party_of(&tryton, &customer(n).did).await;
        let wanted = ("mobile".to_owned(), format!("+4179{:07}", 1_000_000 + n));
        assert_eq!(mechanisms(&tryton, &party).await, [wanted]);
    }
}
