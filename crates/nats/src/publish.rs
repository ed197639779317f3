//! Publishing: in order for each customer, many customers at once, acknowledged before it returns.

use std::collections::{BTreeSet, HashMap};

use async_nats::connection::State;
use async_nats::header::{HeaderMap, NATS_MESSAGE_ID};
use async_nats::jetstream::Context;
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use crate::config::{NatsConfig, OpenError};
use crate::{connection, stream as streams};

/// Customers served at once, and with them messages that wait for their acknowledgement.
const CUSTOMERS_MAX: usize = 256;

/// The last word of the type of an event with values.
const UPDATE: &str = "update";

/// The form of the body, which is what tells a structured `CloudEvent` from a binary one.
const CONTENT_TYPE: (&str, &str) = ("content-type", "application/cloudevents+json; charset=utf-8");

/// One event.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The event's id.
    pub id: String,
    /// The relationship's UUID.
    pub customer: String,
    /// The last word of the event's type, such as `update`.
    pub kind: String,
    /// The `CloudEvent` as JSON.
    pub body: Vec<u8>,
    /// The ids of updates of the same customer of which an erasure has left nothing: they are deleted from the stream.
    pub erases: BTreeSet<String>,
}

/// Shows no value.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Why events are not in the stream, or not known to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No server answers.
    #[error("NATS is away: {0}")]
    Away(String),
    /// A file of the configuration cannot be used.
    #[error("sinks.nats.{setting}: {reason}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// Why not.
        reason: String,
    },
    /// The stream cannot be used.
    #[error("the stream cannot be used: {0}")]
    Stream(String),
    /// A message was not acknowledged.
    #[error("event {id} is not acknowledged: {reason}")]
    NotAcknowledged {
        /// The event's id.
        id: String,
        /// Why not.
        reason: String,
    },
    /// What an erasure has emptied is not known to be deleted.
    #[error("what event {id} erases is not deleted: {reason}")]
    NotErased {
        /// The erasure's id.
        id: String,
        /// Why not.
        reason: String,
    },
}

/// A stream of one cluster.
pub struct JetStream {
    config: NatsConfig,
    context: Option<Context>,
    /// The stream, as long as nothing has failed.
    stream: Option<Stream>,
    /// Whether everything that was sent before is known to be in the stream, or not to be.
    settled: bool,
}

impl JetStream {
    /// A stream that is not connected yet.
    ///
    /// # Errors
    /// [`OpenError`] when the configuration cannot be used.
    pub fn new(config: NatsConfig) -> Result<Self, OpenError> {
        config.check()?;
        Ok(Self { config, context: None, stream: None, settled: false })
    }

    /// Connects where that is to be done, and makes or checks the stream.
    ///
    /// # Errors
    /// [`PublishError`]; a later call tries again.
    pub async fn ready(&mut self) -> Result<(), PublishError> {
        let context = match &self.context {
            Some(context) => context,
            None => {
                let client = connection::connect(&self.config).await?;
                self.context.insert(async_nats::jetstream::new(client))
            }
        };
        if context.client().connection_state() != State::Connected {
            // What is sent now would wait in memory, and be sent at a time that nobody knows.
            return Err(PublishError::Away("the connection is being made anew".to_owned()));
        }
        if self.stream.is_none() {
            self.stream = Some(streams::ready(context, &self.config).await?);
        }
        Ok(())
    }

    /// Puts messages into the stream. When it returns without an error, the stream has acknowledged each of them.
    ///
    /// After an error some may be there. They are then given again, with what follows them: those that the servers still remember
    /// they drop by their ids, and of older ones the stream itself is asked.
    ///
    /// # Errors
    /// [`PublishError`].
    pub async fn publish(&mut self, messages: &[Message]) -> Result<(), PublishError> {
        self.ready().await?;
        let (Some(context), Some(stream)) = (&self.context, &self.stream) else { return Ok(()) };
        let ask = !std::mem::replace(&mut self.settled, false);
        let sender = Sender { config: &self.config, context, stream, ask };
        let published = sender.publish(by_customer(messages)).await;
        self.settled = published.is_ok();
        if published.is_err() {
            self.stream = None;
        }
        published
    }
}

/// What sending a customer's messages takes.
struct Sender<'a> {
    config: &'a NatsConfig,
    context: &'a Context,
    stream: &'a Stream,
    /// Whether some of the messages may be in the stream already.
    ask: bool,
}

impl Sender<'_> {
    async fn publish(&self, parted: Vec<Vec<&Message>>) -> Result<(), PublishError> {
        let mut waiting = parted.into_iter();
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < CUSTOMERS_MAX
                && let Some(of_one) = waiting.next()
            {
                under_way.push(self.publish_in_order(of_one));
            }
            match under_way.next().await {
                Some(published) => published?,
                None => return Ok(()),
            }
        }
    }

    async fn publish_in_order(&self, messages: Vec<&Message>) -> Result<(), PublishError> {
        let mut rest = messages.as_slice();
        if self.ask
            && let Some(first) = messages.first()
            && let Some(last) = self.last_of(&first.customer).await?
            && let Some(there) = messages.iter().position(|message| message.id == last)
        {
            rest = &messages[there + 1..];
        }
        for message in rest {
            self.publish_one(message).await?;
        }
        // Also for one that is there already: whoever sent it may have died before this.
        for message in messages.iter().filter(|message| !message.erases.is_empty()) {
            self.erase(message).await?;
        }
        Ok(())
    }

    /// Deletes messages; the servers write over their bytes.
    async fn erase(&self, erasure: &Message) -> Result<(), PublishError> {
        let subject = format!("{}.{}.{UPDATE}", self.config.prefix, erasure.customer);
        let failed = |reason: String| PublishError::NotErased { id: erasure.id.clone(), reason };
        let mut seq = 1;
        loop {
            let next = self.stream.raw_message_builder().sequence(seq).next_by_subject(subject.as_str());
            let message = match next.send().await {
                Ok(message) => message,
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => return Ok(()),
                Err(error) => return Err(failed(error.to_string())),
            };
            let id = message.headers.get(NATS_MESSAGE_ID).map(|id| id.as_str().to_owned());
            if id.is_some_and(|id| erasure.erases.contains(&id)) {
                let deleted = self.stream.delete_message(message.sequence).await;
                deleted.map_err(|error| failed(error.to_string()))?;
            }
            seq = message.sequence + 1;
        }
    }

    async fn publish_one(&self, message: &Message) -> Result<(), PublishError> {
        let failed = |reason: String| PublishError::NotAcknowledged { id: message.id.clone(), reason };
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, message.id.as_str());
        headers.insert(CONTENT_TYPE.0, CONTENT_TYPE.1);
        let subject = format!("{}.{}.{}", self.config.prefix, message.customer, message.kind);
        let sent = self.context.publish_with_headers(subject, headers, message.body.clone().into()).await;
        let ack = sent.map_err(|error| failed(error.to_string()))?.await;
        let ack = ack.map_err(|error| failed(error.to_string()))?;
        if ack.stream == self.config.stream {
            return Ok(());
        }
        Err(failed(format!("another stream has taken it: {}", ack.stream)))
    }

    /// The id of a customer's last message, as the stream's leader knows it.
    async fn last_of(&self, customer: &str) -> Result<Option<String>, PublishError> {
        let subjects = format!("{}.{customer}.>", self.config.prefix);
        match self.stream.get_last_raw_message_by_subject(&subjects).await {
            Ok(message) => Ok(message.headers.get(NATS_MESSAGE_ID).map(|id| id.as_str().to_owned())),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(PublishError::Away(error.to_string())),
        }
    }
}

/// The messages of each customer, in their order.
fn by_customer(messages: &[Message]) -> Vec<Vec<&Message>> {
    let mut places = HashMap::new();
    let mut parted: Vec<Vec<&Message>> = Vec::new();
    for message in messages {
        let place = *places.entry(message.customer.as_str()).or_insert_with(|| {
            parted.push(Vec::new());
            parted.len() - 1
        });
        parted[place].push(message);
    }
    parted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_parted_by_customer_and_keep_their_order() {
        let message = |customer: &str, id: &str| Message {
            id: id.to_owned(),
            customer: customer.to_owned(),
            kind: "update".to_owned(),
            body: Vec::new(),
            erases: BTreeSet::new(),
        };
        let messages = [message("a", "1"), message("b", "2"), message("a", "3"), message("a", "4")];
        let parted = by_customer(&messages);
        let ids: Vec<Vec<&str>> =
            parted.iter().map(|of| of.iter().map(|m| m.id.as_str()).collect()).collect();
        assert_eq!(ids, [vec!["1", "3", "4"], vec!["2"]]);
    }
}
