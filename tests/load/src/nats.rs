//! A few words of the NATS protocol: a subscription, and how fast a stream acknowledges.

use std::time::{Duration, Instant};

use freehold_tests::bench::Failure;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// Longest wait for an answer of a cluster that may be without a leader.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// How long a stream without a leader is left alone.
const LEADER_PAUSE: Duration = Duration::from_millis(50);

/// Where answers come.
const INBOX: &str = "_INBOX.load";

/// Bytes of a message whose publishing is measured: an event of one field.
const MESSAGE_BYTES: usize = 600;

/// Messages under way at a time: as many as a batch of events has.
const UNDER_WAY: usize = 256;

/// The stream whose publishing is measured.
const STREAM: &str = "LOAD";

/// A connection to a server.
pub struct Client {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
}

impl Client {
    /// Connects to a server on this machine.
    ///
    /// # Errors
    /// When there is none.
    pub async fn connect(port: u16) -> Result<Self, Failure> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let (read, write) = stream.into_split();
        let mut client = Self { read: BufReader::new(read), write };
        client.line().await?;
        let hello = json!({"verbose": false, "headers": true, "no_responders": true});
        client.say(&format!("CONNECT {hello}\r\nPING\r\n")).await?;
        while client.line().await? != "PONG" {}
        Ok(client)
    }

    /// Subscribes.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn subscribe(&mut self, subject: &str) -> Result<(), Failure> {
        self.say(&format!("SUB {subject} 1\r\nPING\r\n")).await?;
        while self.line().await? != "PONG" {}
        Ok(())
    }

    /// The body of the next message.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn next(&mut self) -> Result<Vec<u8>, Failure> {
        loop {
            let line = self.line().await?;
            let words: Vec<&str> = line.split(' ').collect();
            let number = |at: usize| words.iter().rev().nth(at).and_then(|word| word.parse::<usize>().ok());
            match words.first().copied() {
                Some("PING") => self.say("PONG\r\n").await?,
                Some(kind @ ("MSG" | "HMSG")) => {
                    let length = number(0).ok_or("a message without a length")?;
                    let headers = if kind == "HMSG" { number(1).unwrap_or_default() } else { 0 };
                    let mut body = vec![0; length + 2];
                    self.read.read_exact(&mut body).await?;
                    body.truncate(length);
                    return Ok(body.split_off(headers));
                }
                _ => {}
            }
        }
    }

    /// Messages a second that a stream of so many copies acknowledges.
    ///
    /// # Errors
    /// When it does not.
    pub async fn publish_rate(&mut self, copies: usize, count: usize) -> Result<f64, Failure> {
        self.subscribe(INBOX).await?;
        let stream =
            json!({"name": STREAM, "subjects": ["load.>"], "num_replicas": copies, "storage": "file"});
        self.ask(&format!("$JS.API.STREAM.CREATE.{STREAM}"), &stream).await?;
        self.wait_for_leader().await?;
        let body = "x".repeat(MESSAGE_BYTES);
        let (mut sent, mut acked, began) = (0, 0, Instant::now());
        while acked < count {
            let mut batch = String::new();
            while sent < count && sent - acked < UNDER_WAY {
                batch.push_str(&format!("PUB load.{sent} {INBOX} {MESSAGE_BYTES}\r\n{body}\r\n"));
                sent += 1;
            }
            self.say(&batch).await?;
            self.answer().await?;
            acked += 1;
        }
        let rate = count as f64 / began.elapsed().as_secs_f64();
        self.ask(&format!("$JS.API.STREAM.DELETE.{STREAM}"), &json!({})).await?;
        Ok(rate)
    }

    /// A stream of several copies has no leader in its first moments: nobody answers what is published then.
    async fn wait_for_leader(&mut self) -> Result<(), Failure> {
        let since = Instant::now();
        while let Err(error) = self.ask("load.first", &json!({})).await {
            if since.elapsed() > ANSWER_MAX {
                return Err(error);
            }
            tokio::time::sleep(LEADER_PAUSE).await;
        }
        Ok(())
    }

    async fn ask(&mut self, subject: &str, question: &Value) -> Result<Value, Failure> {
        let question = question.to_string();
        self.say(&format!("PUB {subject} {INBOX} {}\r\n{question}\r\n", question.len())).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Value, Failure> {
        let body =
            tokio::time::timeout(ANSWER_MAX, self.next()).await.map_err(|_| "NATS does not answer")??;
        let answer: Value = serde_json::from_slice(&body).map_err(|_| "nobody serves JetStream")?;
        match &answer["error"]["description"] {
            Value::String(error) => Err(error.clone().into()),
            _ => Ok(answer),
        }
    }

    async fn say(&mut self, words: &str) -> Result<(), Failure> {
        Ok(self.write.write_all(words.as_bytes()).await?)
    }

    async fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        if self.read.read_line(&mut line).await? == 0 {
            return Err("the NATS server has hung up".into());
        }
        Ok(line.trim_end().to_owned())
    }
}
