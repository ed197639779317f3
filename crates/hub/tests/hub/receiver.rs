//! A webhook receiver that answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use freehold_hub::WebhookConfig;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A status and a JSON body.
pub(crate) type Answer = (u16, String);

#[derive(Clone)]
pub(crate) struct Receiver {
    url: String,
    /// What it answers next; 204 when this is empty.
    pub(crate) answers: Arc<Mutex<VecDeque<Answer>>>,
    /// What it got, in order, whatever it answered.
    pub(crate) got: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    pub(crate) async fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(answers.into()));
        let receiver = Self { url, answers, got: Arc::default() };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.answer(stream).await;
            }
        });
        receiver
    }

    pub(crate) fn config(&self) -> WebhookConfig {
        WebhookConfig {
            url: self.url.clone(),
            secret: "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=".into(),
            allow_http: true,
            inward: true,
        }
    }

    pub(crate) fn types(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        got.iter().map(|event| event["type"].as_str().unwrap().replace("dev.freehold.", "")).collect()
    }

    async fn answer(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        assert!(head.contains("webhook-signature: v1,"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        self.got.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        let (status, body) = self.answers.lock().unwrap().pop_front().unwrap_or((204, String::new()));
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}
