//! A few lines of the NATS protocol, for a look into a stream that owes nothing to the library which fills it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use multibase::Base;
use serde_json::{Value, json};

/// Longest wait for an answer of a cluster that may be without a leader.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
const INBOX: &str = "_INBOX.look";

/// A connection.
pub struct Wire {
    read: BufReader<TcpStream>,
    write: TcpStream,
}

/// A message of a stream.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its subject.
    pub subject: String,
    /// Its `Nats-Msg-Id`.
    pub id: String,
    /// Its body.
    pub body: Value,
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    /// When there is no server, or another one.
    pub fn connect(port: u16) -> io::Result<Self> {
        let write = TcpStream::connect(("127.0.0.1", port))?;
        write.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        let mut wire = Self { read: BufReader::new(write.try_clone()?), write };
        wire.line()?;
        let hello = json!({"verbose": false, "headers": true, "no_responders": true});
        write!(wire.write, "CONNECT {hello}\r\nSUB {INBOX} 1\r\nPING\r\n")?;
        while wire.line()? != "PONG" {}
        Ok(wire)
    }

    /// Asks JetStream.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn ask(&mut self, what: &str, question: &Value) -> io::Result<Value> {
        let question = question.to_string();
        write!(self.write, "PUB $JS.API.{what} {INBOX} {}\r\n{question}\r\n", question.len())?;
        loop {
            let line = self.line()?;
            let words: Vec<&str> = line.split(' ').collect();
            let length = words.last().and_then(|length| length.parse::<usize>().ok()).unwrap_or_default();
            match words.first().copied() {
                Some("PING") => write!(self.write, "PONG\r\n")?,
                Some("MSG") => {
                    let mut body = vec![0; length + 2];
                    self.read.read_exact(&mut body)?;
                    return serde_json::from_slice(&body[..length]).map_err(io::Error::other);
                }
                Some("HMSG") => return Err(io::Error::other("nobody answers")),
                _ => {}
            }
        }
    }

    /// Every message of a stream, in order.
    ///
    /// # Errors
    /// When a server does not answer.
    pub fn messages(&mut self, stream: &str) -> io::Result<Vec<Stored>> {
        let state = self.ask(&format!("STREAM.INFO.{stream}"), &json!({}))?["state"].take();
        let numbers = |key: &str| state[key].as_u64().ok_or_else(|| io::Error::other("no state"));
        let mut stored = Vec::new();
        for seq in numbers("first_seq")?..=numbers("last_seq")? {
            let answer = self.ask(&format!("STREAM.MSG.GET.{stream}"), &json!({"seq": seq}))?;
            let Some(subject) = answer["message"]["subject"].as_str() else { continue };
            let part = |key: &str| decoded(&answer["message"][key]);
            let headers = String::from_utf8_lossy(&part("hdrs")).into_owned();
            let id = headers.lines().find_map(|line| line.strip_prefix("Nats-Msg-Id: ")).unwrap_or_default();
            let body = serde_json::from_slice(&part("data")).map_err(io::Error::other)?;
            stored.push(Stored { subject: subject.to_owned(), id: id.to_owned(), body });
        }
        Ok(stored)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.read.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

fn decoded(value: &Value) -> Vec<u8> {
    Base::Base64Pad.decode(value.as_str().unwrap_or_default()).unwrap_or_default()
}
