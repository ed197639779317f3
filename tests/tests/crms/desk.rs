//! A hub's side: customers with what is held of them, and what the connector gave back.

use std::collections::{BTreeMap, BTreeSet};

use freehold_crm::{Change, Connector, CrmConfig, Customer, Delivery, Kind, Line, LineResult, Mapping};
use freehold_outbound::Client;

/// A connector with this configuration and the mapping that the program carries.
pub(crate) fn connector(config: &CrmConfig) -> Connector {
    let config = CrmConfig { allow_http: true, inward: true, ..config.clone() };
    let client = Client::new(config.policy()).unwrap();
    Connector::open(&config, Mapping::shipped(config.kind), client).unwrap()
}

/// A connector with a token.
pub(crate) fn with_token(kind: Kind, url: &str, token: &str) -> Connector {
    connector(&CrmConfig::new(kind, url, Some(token)))
}

/// The DID of the customer with this number; no two begin alike.
pub(crate) fn did(number: usize) -> String {
    format!("did:key:z6Mk{number:04}xvPnaQXPsHmG1zVKDkTjWvS4bEJqkUHGdZZAs")
}

/// One customer of the vendor.
pub(crate) struct Desk {
    pub(crate) connector: Connector,
    pub(crate) customer: Customer,
}

impl Desk {
    pub(crate) fn new(connector: &Connector, number: usize) -> Self {
        let customer = Customer { did: did(number), ..Customer::default() };
        Self { connector: connector.clone(), customer }
    }

    /// Delivers values; an empty text is none.
    pub(crate) async fn update(&mut self, fields: &[(&str, &str)]) -> Delivery {
        let some = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
        let fields: BTreeMap<String, Option<String>> =
            fields.iter().map(|(path, value)| ((*path).to_owned(), some(value))).collect();
        for (path, value) in &fields {
            match value {
                Some(value) => self.customer.held.insert(path.clone(), value.clone()),
                None => self.customer.held.remove(path),
            };
        }
        let delivery =
            self.connector.deliver(Change::Update { customer: &self.customer, fields: &fields }).await;
        self.keep(&delivery);
        delivery
    }

    /// Erases all that is held.
    pub(crate) async fn erase(&mut self) -> Delivery {
        let paths: BTreeSet<String> = std::mem::take(&mut self.customer.held).into_keys().collect();
        self.erase_again(&paths).await
    }

    /// Erases these paths, and nothing else is held.
    pub(crate) async fn erase_again(&mut self, paths: &BTreeSet<String>) -> Delivery {
        let change = Change::Erase { customer: &self.customer, paths, last: true };
        let delivery = self.connector.deliver(change).await;
        self.keep(&delivery);
        delivery
    }

    fn keep(&mut self, delivery: &Delivery) {
        if let Delivery::Done { memory, .. } = delivery {
            self.customer.memory = memory.clone();
        }
    }
}

/// The lines of a delivery that is done.
#[track_caller]
pub(crate) fn lines(delivery: &Delivery) -> &[Line] {
    match delivery {
        Delivery::Done { lines, .. } => lines,
        other => panic!("not done: {other:?}"),
    }
}

/// Checks that every path has the same result.
#[track_caller]
pub(crate) fn all(delivery: &Delivery, wanted: &LineResult) {
    for line in lines(delivery) {
        assert_eq!(&line.result, wanted, "{}: {:?}", line.path, line.detail);
    }
}

/// The result and the detail of one path.
#[track_caller]
pub(crate) fn of<'d>(delivery: &'d Delivery, path: &str) -> (&'d LineResult, &'d str) {
    let line = lines(delivery).iter().find(|line| line.path == path).unwrap();
    (&line.result, line.detail.as_deref().unwrap_or_default())
}

/// Checks that it is to be tried again, and gives the reason as a text with the wait in seconds.
#[track_caller]
pub(crate) fn again(delivery: &Delivery) -> (String, Option<u64>) {
    match delivery {
        Delivery::Again { reason, after } => (reason.to_string(), after.map(|after| after.as_secs())),
        other => panic!("not to be tried again: {other:?}"),
    }
}

/// What every person here gives.
pub(crate) const ANN: [(&str, &str); 5] = [
    ("name.given", "Ann"),
    ("name.family", "Muster"),
    ("phone.mobile", "+41791234567"),
    ("email.personal", "ann@example.org"),
    ("address.home.locality", "Bern"),
];
