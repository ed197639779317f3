//! The stream: made where it is missing, checked where it is there.

use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType, Stream};
use async_nats::jetstream::{Context, ErrorCode};

use crate::config::NatsConfig;
use crate::publish::PublishError;

/// What the servers' own tools show of the stream.
const DESCRIPTION: &str = "what persons grant, change and withdraw, from a Freehold hub";

/// The stream, with what the configuration asks for; what is less than that in one that somebody else has made is told.
pub(crate) async fn ready(context: &Context, config: &NatsConfig) -> Result<Stream, PublishError> {
    match context.get_stream(&config.stream).await {
        Ok(stream) => {
            check(&stream.cached_info().config, config)?;
            Ok(stream)
        }
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(told) if told.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                make(context, config).await
            }
            GetStreamErrorKind::JetStream(told) => Err(PublishError::Stream(told.to_string())),
            kind => Err(PublishError::Away(kind.to_string())),
        },
    }
}

async fn make(context: &Context, config: &NatsConfig) -> Result<Stream, PublishError> {
    let wanted = Config {
        name: config.stream.clone(),
        description: Some(DESCRIPTION.to_owned()),
        subjects: vec![subjects(config)],
        storage: StorageType::File,
        num_replicas: config.replicas(),
        duplicate_window: config.duplicate_window(),
        max_age: config.keep(),
        discard: DiscardPolicy::Old,
        allow_direct: true,
        ..Config::default()
    };
    let made = context.create_stream(wanted).await;
    made.map_err(|error| PublishError::Stream(error.to_string()))?;
    tracing::info!(stream = config.stream, replicas = config.replicas(), "the stream was made");
    let stream = context.get_stream(&config.stream).await;
    stream.map_err(|error| PublishError::Away(error.to_string()))
}

/// Refuses a stream in which events would be lost; tells what is otherwise different.
fn check(found: &Config, config: &NatsConfig) -> Result<(), PublishError> {
    let subjects = subjects(config);
    let refused = |reason: String| Err(PublishError::Stream(format!("{}: {reason}", config.stream)));
    if !found.subjects.iter().any(|subject| *subject == subjects || subject == ">") {
        return refused(format!(
            "it does not take {subjects}: add that to its subjects, or name another stream"
        ));
    }
    if found.storage != StorageType::File {
        return refused("it is in memory, where events are lost: give it storage in files".to_owned());
    }
    if found.deny_delete {
        return refused("it lets nothing be deleted, and an erasure has to".to_owned());
    }
    if found.no_ack || found.sealed {
        return refused("it acknowledges nothing".to_owned());
    }
    for (what, found, wanted) in [
        ("replicas", found.num_replicas as u64, config.replicas() as u64),
        (
            "seconds of the duplicate window",
            found.duplicate_window.as_secs(),
            config.duplicate_window().as_secs(),
        ),
        ("seconds that messages are kept", found.max_age.as_secs(), config.keep().as_secs()),
    ] {
        if found != wanted {
            tracing::warn!(
                stream = config.stream,
                what,
                found,
                wanted,
                "the stream differs from hub.toml: it is left as it is"
            );
        }
    }
    Ok(())
}

fn subjects(config: &NatsConfig) -> String {
    format!("{}.>", config.prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Config {
        Config { subjects: vec!["freehold.>".into()], ..Config::default() }
    }

    fn verdict(found: &Config) -> String {
        let config = NatsConfig::new(&["nats://127.0.0.1:4222"]);
        check(found, &config).map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn a_stream_that_would_lose_events_is_refused_and_the_reason_told() {
        assert_eq!(verdict(&good()), "");
        // Fewer replicas or a shorter window are the vendor's business.
        assert_eq!(verdict(&Config { num_replicas: 5, ..good() }), "");
        assert!(verdict(&Config { subjects: vec!["crm.>".into()], ..good() }).contains("freehold.>"));
        assert!(verdict(&Config { storage: StorageType::Memory, ..good() }).contains("memory"));
        assert!(verdict(&Config { deny_delete: true, ..good() }).contains("deleted"));
        assert!(verdict(&Config { no_ack: true, ..good() }).contains("acknowledges nothing"));
    }
}
