//! The example family `note/1` in processes of their own, which are killed as a power cut would.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use freehold_api::{ApiError, Call, Client, Socket, hub, person, serve_hub, serve_person};
use freehold_example_note as note;
use freehold_hub::view::MessageView;
use freehold_protocol::cbor;
use freehold_protocol::family::Families;
use freehold_tests::engines::{ASK, EngineHome};

/// Tells the test's own program to be a node or a hub, and on which home.
const ROLE: &str = "FREEHOLD_NOTE_ROLE";
const HOME: &str = "FREEHOLD_NOTE_HOME";
const LISTEN: &str = "FREEHOLD_NOTE_LISTEN";

/// How long a call may go unanswered while a process starts.
const PATIENCE: Duration = Duration::from_secs(60);

/// A node or a hub that knows the family, as a process.
struct Process {
    role: &'static str,
    home: EngineHome,
    listen: String,
    child: Option<Child>,
}

impl Process {
    async fn start(role: &'static str) -> Self {
        // A port that is free now, and that the hub may have again after it was killed.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut process =
            Self { role, home: EngineHome::new(), listen: format!("/ip4/127.0.0.1/tcp/{port}"), child: None };
        process.again().await;
        process
    }

    async fn again(&mut self) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "a_process_of_its_own"]).stdin(Stdio::null()).stdout(Stdio::null());
        command.env(ROLE, self.role).env(HOME, self.home.path()).env(LISTEN, &self.listen);
        self.home.write_words();
        self.child = Some(command.spawn().unwrap());
        match self.role {
            "hub" => drop(self.until(|| hub::Info {}, |_| true).await),
            _ => drop(self.until(|| person::Info {}, |_| true).await),
        }
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    async fn call<C: Call>(&self, call: &C) -> Result<C::Answer, ApiError> {
        let client = Client::connect(self.home.path()).await;
        client.map_err(|error| ApiError::new(error.code(), error))?.call(call).await
    }

    /// Calls until it is answered as wanted.
    async fn until<C: Call>(&self, call: impl Fn() -> C, wanted: impl Fn(&C::Answer) -> bool) -> C::Answer {
        let calls = async {
            loop {
                match self.call(&call()).await {
                    Ok(answer) if wanted(&answer) => return answer,
                    _ => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, calls).await.unwrap_or_else(|_| panic!("{} {}", self.role, C::NAME))
    }

    /// So many messages, once they are there.
    async fn messages(&self, count: usize) -> Vec<MessageView> {
        if self.role == "hub" {
            let enough = |all: &Vec<_>| {
                all.first().is_some_and(|of: &freehold_hub::view::MessagesOfView| of.messages.len() >= count)
            };
            self.until(hub::Messages::default, enough).await.remove(0).messages
        } else {
            let enough = |all: &Vec<_>| {
                all.first()
                    .is_some_and(|of: &freehold_person::view::MessagesOfView| of.messages.len() >= count)
            };
            self.until(person::Messages::default, enough).await.remove(0).messages
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// No test of its own: what the test below starts and kills.
#[test]
fn a_process_of_its_own() {
    let (Ok(role), Ok(home), Ok(listen)) = (std::env::var(ROLE), std::env::var(HOME), std::env::var(LISTEN))
    else {
        return;
    };
    let home = EngineHome::of(std::path::Path::new(&home));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let socket = Socket::bind(home.path()).unwrap();
        let forever = std::future::pending::<()>();
        if role == "hub" {
            let hub = home.hub(|| Families::new().with(note::Vendor), Some(vec![listen])).await;
            serve_hub(hub, socket, forever).await.unwrap();
        } else {
            let person = home.person(|| Families::new().with(note::Person)).await;
            serve_person(person, None, socket, forever).await.unwrap();
        }
    });
}

/// 1. A note is left and an answer given, and at once one side is killed, then the other, then both. 2. Every note and
/// every answer is there, once, in order, and the person's log has each.
#[tokio::test(flavor = "multi_thread")]
async fn notes_and_answers_arrive_once_through_kills() {
    const ROUNDS: usize = 9;
    let (mut vendor, mut owner) = (Process::start("hub").await, Process::start("person").await);
    vendor.call(&hub::Ask { toml: ASK.into(), file: None }).await.unwrap();
    let invite = hub::Invite { customer: Some("C-17".into()), ..hub::Invite::default() };
    let link = vendor.call(&invite).await.unwrap().link;
    let met = owner.call(&person::Connect { link }).await.unwrap();
    let mut left: Vec<String> = Vec::new();
    for round in 0..ROUNDS {
        let body = cbor::encode(&note::Note { text: format!("note {round}") });
        let (customer, kind) = ("C-17".to_owned(), note::NOTE.to_owned());
        let sent = vendor.call(&hub::SendMessage { customer, kind, thread: None, body }).await.unwrap();
        left.push(sent.id);
        if round > 0 {
            let (vendor, kind) = (met.vendor.clone(), note::SEEN.to_owned());
            let (thread, body) = (Some(left[round - 1].clone()), cbor::encode(&note::Seen {}));
            owner.call(&person::SendMessage { vendor, kind, thread, body }).await.unwrap();
        }
        for (process, hit) in [(&mut vendor, round % 3 != 0), (&mut owner, round % 3 != 1)] {
            if hit {
                process.kill();
                process.again().await;
            }
        }
        owner.messages(round + 1).await;
    }
    let came: Vec<(String, Option<String>)> =
        owner.messages(ROUNDS).await.into_iter().map(|message| (message.id, message.code)).collect();
    let heard: Vec<(Option<String>, Option<String>)> =
        vendor.messages(ROUNDS - 1).await.into_iter().map(|message| (message.thread, message.code)).collect();
    assert_eq!(came, left.iter().map(|id| (id.clone(), None)).collect::<Vec<_>>());
    assert_eq!(heard, left[..ROUNDS - 1].iter().map(|id| (Some(id.clone()), None)).collect::<Vec<_>>());
    let log = owner.call(&person::Audit { from: Some(1), limit: Some(1_000) }).await.unwrap();
    let of = |event: &str| log.iter().filter(|entry| entry.event == event).count();
    assert_eq!((of("message-received"), of("message-sent")), (ROUNDS, ROUNDS - 1));
    assert_eq!(owner.call(&person::AuditVerify {}).await.unwrap().broken, None);
}
