//! The database of a store.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use freehold_store::database::{
    Batch, Bell, Claim, Database, DatabaseError, From, Hear, KeyRange, Others, Row, Rows,
};

use crate::batch::OpenBatch;
use crate::connection::{Connection, Lost, Notified};
use crate::location::Location;
use crate::presence::{self, Presence};
use crate::readers::Readers;
use crate::secrets::Secrets;
use crate::{migrations, rows};

/// Our advisory locks' first number: "free" in ASCII.
const LOCK_CLASS: i32 = 0x6672_6565;
/// Held by the process that has the store, or, as a shared lock, by each of those that share it.
const LOCK_OWNER: i32 = 1;
/// Held by the one batch that is open.
const LOCK_BATCH: i32 = 2;
/// Held by the process that brings the tables up.
const LOCK_TABLES: i32 = 3;
/// How long a process that has just ended may keep the store: PostgreSQL notices it when it next looks at the connection.
const OWNER_WAIT: Duration = Duration::from_secs(5);
/// After so many seconds of silence in a batch PostgreSQL ends it, where others wait for it: many times what its closures take, and
/// far less than the others wait.
const HANGS_SECS: u64 = 5;
const OWNER_PAUSE: Duration = Duration::from_millis(20);
/// After a failed connection, how long others fail without an attempt of their own.
const AWAY: Duration = Duration::from_millis(200);

/// A store's records in PostgreSQL. One process has it at a time, or several share it.
pub struct Postgres {
    shared: Arc<Shared>,
    readers: Readers,
    secrets: Secrets,
    /// With those who share it.
    presence: Option<Presence>,
}

/// What the threads share.
pub(crate) struct Shared {
    location: Location,
    /// Who this process is among those that share the database.
    pub(crate) name: String,
    is_shared: bool,
    /// The writer's connection while no batch is open. It holds the owner's lock.
    writer: Mutex<Option<Connection>>,
    /// The last attempt to connect that has failed.
    away: Mutex<Option<(Instant, DatabaseError)>>,
    /// Whether secrets were deleted of which the bytes are still there.
    pub(crate) has_dead_secrets: AtomicBool,
}

impl Postgres {
    /// Connects, checks that what is committed there is on a disk, takes the store for this process, and brings the tables up. It
    /// blocks meanwhile, on a thread of its own.
    ///
    /// # Errors
    /// [`DatabaseError`]; nothing was changed then, or whole steps of a migration.
    pub fn connect(location: Location) -> Result<Self, DatabaseError> {
        Self::connect_as(location, false)
    }

    /// As [`Postgres::connect`], and shares the store with others that do the same. PostgreSQL 14 or later.
    ///
    /// # Errors
    /// [`DatabaseError`]; nothing was changed then, or whole steps of a migration.
    pub fn share(location: Location) -> Result<Self, DatabaseError> {
        Self::connect_as(location, true)
    }

    fn connect_as(location: Location, is_shared: bool) -> Result<Self, DatabaseError> {
        let mut name = [0; 8];
        freehold_store::entropy::fill(&mut name).map_err(|error| DatabaseError::Failed(error.to_string()))?;
        let shared = Arc::new(Shared {
            location,
            name: format!("{:016x}", u64::from_be_bytes(name)),
            is_shared,
            writer: Mutex::default(),
            away: Mutex::default(),
            has_dead_secrets: AtomicBool::new(true),
        });
        let failed = |error: std::io::Error| DatabaseError::Failed(error.to_string());
        let opening = Arc::clone(&shared);
        let opened = thread::Builder::new().name("postgres-open".to_owned()).spawn(move || opening.open());
        let opened = opened.map_err(failed)?.join();
        opened.unwrap_or_else(|_| Err(DatabaseError::Failed("a fault of the program".into())))?;
        let readers = Readers::start(&shared).map_err(failed)?;
        let secrets = Secrets::start(&shared).map_err(failed)?;
        let presence = is_shared.then(|| Presence::start(&shared)).transpose().map_err(failed)?;
        Ok(Self { shared, readers, secrets, presence })
    }

    /// Rewrites the table of secrets now, so that its files hold no deleted one any more. It happens by itself within a minute or
    /// so of a deletion; PostgreSQL's log and its copies are another matter.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn forget_dead_secrets(&self) -> Result<(), DatabaseError> {
        self.secrets.forget_now()
    }
}

impl Shared {
    fn open(&self) -> Result<(), DatabaseError> {
        let mut writer = self.connect_writer(OWNER_WAIT)?;
        if !self.location.danger_unsafe {
            check_durable(&mut writer)?;
        }
        // Others may begin at the same moment.
        writer.run(&format!("select pg_advisory_lock({LOCK_CLASS}, {LOCK_TABLES})"))?;
        let are_older = self.is_shared && migrations::are_older(&mut writer)?;
        if are_older {
            // Those who run write as the older tables want it.
            take(&mut writer, "pg_try_advisory_lock", OWNER_WAIT)?;
        }
        migrations::bring_up(&mut writer)?;
        if are_older {
            // Its share of the lock stays.
            writer.run(&format!("select pg_advisory_unlock({LOCK_CLASS}, {LOCK_OWNER})"))?;
        }
        writer.run(&format!("select pg_advisory_unlock({LOCK_CLASS}, {LOCK_TABLES})"))?;
        *self.writer() = Some(writer);
        Ok(())
    }

    /// What is told to those who share the database.
    pub(crate) fn payloads(&self, bells: &[Bell]) -> Vec<String> {
        if self.is_shared { presence::payloads(&self.name, bells) } else { Vec::new() }
    }

    /// A connection that hears what others notify.
    pub(crate) fn connect_listening(&self, notified: Notified) -> Result<Connection, DatabaseError> {
        Connection::open_listening(&self.location, notified)
    }

    fn writer(&self) -> MutexGuard<'_, Option<Connection>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new connection, unless one has just failed.
    pub(crate) fn connect(&self) -> Result<Connection, DatabaseError> {
        let away = || self.away.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, error)) = &*away()
            && at.elapsed() < AWAY
        {
            return Err(error.clone());
        }
        let opened = Connection::open(&self.location);
        *away() = opened.as_ref().err().map(|error| (Instant::now(), error.clone()));
        opened
    }

    /// A new connection for the writer, which has the store, or its share of it, as long as it lives. Another may have it a moment
    /// longer than it is used.
    fn connect_writer(&self, wait_max: Duration) -> Result<Connection, DatabaseError> {
        let mut connection = self.connect()?;
        let lock = if self.is_shared { "pg_try_advisory_lock_shared" } else { "pg_try_advisory_lock" };
        take(&mut connection, lock, wait_max)?;
        if self.is_shared {
            // The others wait for a batch, also for one whose process hangs.
            connection.run(&format!("set idle_in_transaction_session_timeout = '{HANGS_SECS}s'"))?;
        }
        Ok(connection)
    }

    /// The writer's connection with a transaction that has the batches' lock.
    fn begin(&self) -> Result<Connection, DatabaseError> {
        let begin = format!("begin; select pg_advisory_xact_lock({LOCK_CLASS}, {LOCK_BATCH})");
        let before = self.writer().take();
        if let Some(mut connection) = before.filter(|connection| !connection.is_lost()) {
            match connection.run(&begin) {
                Ok(()) => return Ok(connection),
                Err(DatabaseError::Away(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let mut connection = self.connect_writer(OWNER_WAIT)?;
        connection.run(&begin)?;
        tracing::info!("there is a new connection to the database for writing");
        Ok(connection)
    }

    /// Keeps the writer's connection for the next batch. Its transaction has ended.
    pub(crate) fn keep(&self, connection: Connection) {
        *self.writer() = Some(connection);
    }
}

/// Takes the owner's lock in one of its two ways.
fn take(connection: &mut Connection, lock: &str, wait_max: Duration) -> Result<(), DatabaseError> {
    let began = Instant::now();
    let owner = connection.statement(&format!("select {lock}($1, $2)"))?;
    loop {
        let owns = connection
            .ask(async |client| client.query_one(&owner, &[&LOCK_CLASS, &LOCK_OWNER]).await)
            .map_err(Lost::told)?;
        if owns.try_get::<_, bool>(0).unwrap_or(false) {
            return Ok(());
        }
        if began.elapsed() > wait_max {
            return Err(DatabaseError::InUse);
        }
        thread::park_timeout(OWNER_PAUSE);
    }
}

/// Refuses a server that says "committed" before it is on a disk.
fn check_durable(connection: &mut Connection) -> Result<(), DatabaseError> {
    let asked = connection.ask(async |client| {
        client
            .query_one(
                "select current_setting('fsync'), current_setting('synchronous_commit'), pg_is_in_recovery()",
                &[],
            )
            .await
    });
    let row = asked.map_err(Lost::told)?;
    let text = |column| row.try_get::<_, String>(column).unwrap_or_default();
    let refuse = |why: &str| Err(DatabaseError::Failed(why.to_owned()));
    if text(0) != "on" {
        return refuse("fsync is off, so that it loses what it has committed");
    }
    if text(1) == "off" {
        return refuse("synchronous_commit cannot be set, so that it loses what it has committed");
    }
    if row.try_get::<_, bool>(2).unwrap_or(true) {
        return refuse("it is a standby: name the primary");
    }
    Ok(())
}

impl Database for Postgres {
    fn committed(&self) -> Box<dyn Rows + '_> {
        Box::new(Reading(&self.readers))
    }

    fn begin(&self) -> Result<Box<dyn Batch>, DatabaseError> {
        let connection = self.shared.begin()?;
        Ok(Box::new(OpenBatch::new(Arc::clone(&self.shared), connection)))
    }

    fn others(&self) -> Option<&dyn Others> {
        self.presence.is_some().then_some(self)
    }
}

impl Others for Postgres {
    fn claim(&self, name: &str) -> Box<dyn Claim> {
        match &self.presence {
            Some(presence) => presence.claim(name),
            // Who has the database alone has every name.
            None => Box::new(Alone),
        }
    }

    fn claimed(&self, names: &[String]) -> Result<Vec<bool>, DatabaseError> {
        let names = names.to_vec();
        self.readers
            .ask(move |connection| names.iter().map(|name| presence::is_taken(connection, name)).collect())
    }

    fn listen(&self, hear: Hear) {
        if let Some(presence) = &self.presence {
            presence.listen(hear);
        }
    }
}

/// Holds a name that nobody else can.
struct Alone;

impl Claim for Alone {
    fn is_held(&self) -> bool {
        true
    }
}

/// Reading through the readers' threads.
struct Reading<'a>(&'a Readers);

impl Rows for Reading<'_> {
    fn row(&mut self, part: &[u8], key: &[u8]) -> Result<Option<Row>, DatabaseError> {
        let (part, key) = (part.to_vec(), key.to_vec());
        self.0.ask(move |connection| rows::row(connection, &part, &key))
    }

    fn rows(&mut self, keys: &[(Vec<u8>, Vec<u8>)]) -> Result<Vec<Row>, DatabaseError> {
        let keys = keys.to_vec();
        self.0.ask(move |connection| rows::rows(connection, &keys))
    }

    fn page(
        &mut self,
        part: Option<&[u8]>,
        range: &KeyRange,
        from: From,
        rows_max: usize,
    ) -> Result<Vec<Row>, DatabaseError> {
        let (part, range) = (part.map(<[u8]>::to_vec), range.clone());
        self.0.ask(move |connection| rows::page(connection, part.as_deref(), &range, from, rows_max))
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Postgres(…)")
    }
}
