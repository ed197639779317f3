//! Threads that read what is committed, for whoever asks.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use freehold_store::database::DatabaseError;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::connection::Connection;
use crate::postgres::Shared;

/// Connections for reading: two for each core of a small machine, so that one slow scan does not keep the others waiting.
const READERS: usize = 4;
/// Most questions that wait; whoever asks beyond them waits to be let in.
const QUEUE_MAX: usize = 256;

type Question = Box<dyn FnOnce(&mut Reader) + Send>;

/// The threads. They end when it is dropped.
pub(crate) struct Readers {
    queue: SyncSender<Question>,
}

impl Readers {
    pub(crate) fn start(shared: &Arc<Shared>) -> std::io::Result<Self> {
        let (queue, questions) = sync_channel(QUEUE_MAX);
        let questions = Arc::new(Mutex::new(questions));
        for _ in 0..READERS {
            let (shared, questions) = (Arc::clone(shared), Arc::clone(&questions));
            let reader = move || Reader { shared, connection: None }.run(&questions);
            thread::Builder::new().name("postgres-reader".to_owned()).spawn(reader)?;
        }
        Ok(Self { queue })
    }

    /// Asks on one of the threads and waits for the answer. On a runtime with several threads the others go on with its tasks.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        question: impl Fn(&mut Connection) -> Result<T, DatabaseError> + Send + 'static,
    ) -> Result<T, DatabaseError> {
        let gone = || DatabaseError::Failed("the readers have ended".into());
        let (reply, answer) = sync_channel(1);
        let question = Box::new(move |reader: &mut Reader| drop(reply.send(reader.ask(&question))));
        let wait = || {
            self.queue.send(question).map_err(|_| gone())?;
            answer.recv().map_err(|_| gone())?
        };
        match Handle::try_current() {
            Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => {
                tokio::task::block_in_place(wait)
            }
            _ => wait(),
        }
    }
}

struct Reader {
    shared: Arc<Shared>,
    connection: Option<Connection>,
}

impl Reader {
    fn run(mut self, questions: &Mutex<Receiver<Question>>) {
        loop {
            let question = questions.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(question) = question else { return };
            question(&mut self);
        }
    }

    /// A question that fails on a connection from before is asked once more: PostgreSQL may have been started anew.
    fn ask<T>(
        &mut self,
        question: &impl Fn(&mut Connection) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let reused = self.connection.is_some();
        match self.ask_once(question) {
            Err(DatabaseError::Away(_)) if reused => self.ask_once(question),
            answer => answer,
        }
    }

    fn ask_once<T>(
        &mut self,
        question: &impl Fn(&mut Connection) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let mut connection = match self.connection.take().filter(|connection| !connection.is_lost()) {
            Some(connection) => connection,
            None => self.shared.connect()?,
        };
        let answer = question(&mut connection);
        if !matches!(answer, Err(DatabaseError::Away(_))) {
            self.connection = Some(connection);
        }
        answer
    }
}
