//! A real Tryton, as a process on a free port with a database of its own, and a client of its API beside the connector's.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use freehold_crm::{Connector, CrmConfig, Kind, Mapping};
use freehold_outbound::{Client, Method, Policy};
use multibase::Base;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::verifiers::{interop, python, run, target};

/// The administrator's name and password.
const ADMIN: (&str, &str) = ("admin", "admin");

/// How long a start may take on a busy machine.
const START_MAX: Duration = Duration::from_secs(60);

/// A Tryton that runs until it is dropped.
pub struct Tryton {
    home: TempDir,
    port: u16,
    process: Child,
    client: Client,
    /// The key of the REST interface that the connector has.
    key: String,
}

impl Tryton {
    /// Starts one with an empty database.
    ///
    /// # Panics
    /// When it cannot be installed or started.
    pub async fn start() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        fs::copy(template(), home.path().join("crm.sqlite")).expect("the template can be copied");
        let port = free_port();
        let config = format!(
            "[web]\nlisten = 127.0.0.1:{port}\n[database]\nuri = sqlite://\npath = {}\n",
            home.path().display()
        );
        fs::write(home.path().join("trytond.conf"), config).expect("a temporary file can be written");
        fs::write(home.path().join("password"), ADMIN.1).expect("a temporary file can be written");
        let process = spawn(&home);
        let client = Client::new(Policy::configured()).expect("a client needs nothing");
        let mut tryton = Self { home, port, process, client, key: String::new() };
        tryton.wait();
        let user =
            tryton.rpc("model.res.user.search", json!([[["login", "=", ADMIN.0]], {}])).await[0].clone();
        let application = json!([[{"user": user, "application": "rest"}], {}]);
        let made = tryton.rpc("model.res.user.application.create", application).await;
        let read = tryton.rpc("model.res.user.application.read", json!([made, ["key"], {}])).await;
        tryton.key = read[0]["key"].as_str().expect("a key is text").to_owned();
        tryton
    }

    /// Its address, with the database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/crm", self.port)
    }

    /// What the hub's configuration says of it: the key, and the user for the erasing wizard.
    #[must_use]
    pub fn config(&self) -> CrmConfig {
        CrmConfig {
            user: Some(ADMIN.0.to_owned()),
            password_file: Some(self.home.path().join("password")),
            allow_http: true,
            inward: true,
            ..CrmConfig::new(Kind::Tryton, &self.url(), Some(&self.key))
        }
    }

    /// A connector with the shipped mapping.
    ///
    /// # Panics
    /// When it cannot be opened.
    #[must_use]
    pub fn connector(&self) -> Connector {
        self.connector_with(&self.config(), Mapping::shipped(Kind::Tryton))
    }

    /// A connector with another mapping or configuration.
    ///
    /// # Panics
    /// When it cannot be opened.
    #[must_use]
    pub fn connector_with(&self, config: &CrmConfig, mapping: Mapping) -> Connector {
        let client = Client::new(config.policy()).expect("a client needs nothing");
        Connector::open(config, mapping, client).expect("the configuration is right")
    }

    /// What a call of its own API gives, as its own client calls it: a user with a password, not the connector's key.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn rpc(&self, method: &str, params: Value) -> Value {
        let body = json!({"id": 1, "method": method, "params": params}).to_string().into_bytes();
        let basic = format!("Basic {}", Base::Base64Pad.encode(format!("{}:{}", ADMIN.0, ADMIN.1)));
        let headers = [("content-type", "application/json"), ("authorization", basic.as_str())];
        let url = format!("{}/rpc/", self.url());
        let answer = self.client.send(Method::Post, &url, &headers, body).await.expect("Tryton answers");
        let mut value: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        assert!(value.get("result").is_some(), "{method}: {} {value}", answer.status);
        value["result"].take()
    }

    /// Records of a model with these fields, archived ones too.
    pub async fn records(&self, model: &str, domain: Value, fields: &[&str]) -> Vec<Value> {
        let params = json!([domain, 0, null, null, fields, {"active_test": false}]);
        let found = self.rpc(&format!("model.{model}.search_read"), params).await;
        found.as_array().cloned().unwrap_or_default()
    }

    /// Makes a record and gives its number.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn create(&self, model: &str, values: Value) -> i64 {
        self.rpc(&format!("model.{model}.create"), json!([[values], {}])).await[0].as_i64().expect("a number")
    }

    /// Changes a record.
    pub async fn write(&self, model: &str, id: i64, values: Value) {
        self.rpc(&format!("model.{model}.write"), json!([[id], values, {}])).await;
    }

    /// Ends it as a power cut would: `SIGKILL`.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(&mut self) {
        self.process.kill().expect("it can be killed");
        self.process.wait().expect("it has ended");
    }

    /// Starts it again after [`Tryton::kill`], over the same database at the same address.
    pub fn restart(&mut self) {
        self.process = spawn(&self.home);
        self.wait();
    }

    /// Lines of its log that say what was asked of it: `"PUT /crm/rest/…`.
    ///
    /// # Panics
    /// When the log cannot be read.
    #[must_use]
    pub fn requests(&self, beginning: &str) -> usize {
        let log = fs::read_to_string(self.home.path().join("log")).expect("the log can be read");
        log.matches(&format!("\"{beginning}")).count()
    }

    /// Waits until it listens.
    fn wait(&mut self) {
        let until = Instant::now() + START_MAX;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.process.try_wait().expect("it can be asked");
            let log = || fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
            assert!(ended.is_none() && Instant::now() < until, "Tryton does not start: {}", log());
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }
}

impl Drop for Tryton {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The empty database; made by the first test of a machine, which takes half a minute.
fn template() -> &'static PathBuf {
    static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let script = interop().join("tryton/template.py");
        let home = target().join("tryton-template");
        PathBuf::from(run(Command::new(python("tryton")).arg(script).arg(home), &[0]).trim())
    })
}

fn spawn(home: &TempDir) -> Child {
    let log = File::options().create(true).append(true).open(home.path().join("log"));
    let log = log.expect("a temporary file can be written");
    let trytond = python("tryton").with_file_name("trytond");
    Command::new(trytond)
        .args(["-v", "-c"])
        .arg(home.path().join("trytond.conf"))
        .args(["-d", "crm"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("trytond can be started")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has free ports");
    listener.local_addr().expect("it has an address").port()
}
