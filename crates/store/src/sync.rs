//! Locks, queues and threads: the machine's, or shuttle's, which tries the orders of their steps.

#[cfg(not(feature = "schedules"))]
pub(crate) use std::{
    sync::{Mutex, MutexGuard, mpsc},
    thread,
};

#[cfg(not(feature = "schedules"))]
pub(crate) use futures::executor::block_on;

#[cfg(feature = "schedules")]
pub(crate) use shuttle::{
    future::block_on,
    sync::{Mutex, MutexGuard},
    thread,
};

/// shuttle's bounded queue, whose receiver drops what is queued when it goes, as std's does.
#[cfg(feature = "schedules")]
pub(crate) mod mpsc {
    use std::time::Duration;

    use shuttle::sync::mpsc;
    pub(crate) use shuttle::sync::mpsc::{RecvError, RecvTimeoutError, SyncSender, TryRecvError};

    /// Receives in a thread.
    pub(crate) struct Receiver<T>(mpsc::Receiver<T>);

    /// A queue of so many.
    pub(crate) fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
        let (sender, receiver) = mpsc::sync_channel(bound);
        (sender, Receiver(receiver))
    }

    impl<T> Receiver<T> {
        pub(crate) fn recv(&self) -> Result<T, RecvError> {
            self.0.recv()
        }

        pub(crate) fn recv_timeout(&self, wait: Duration) -> Result<T, RecvTimeoutError> {
            self.0.recv_timeout(wait)
        }

        pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
            self.0.try_recv()
        }
    }

    impl<T> Drop for Receiver<T> {
        fn drop(&mut self) {
            // An order that has failed is at its end.
            while !std::thread::panicking() && self.0.try_recv().is_ok() {}
        }
    }
}
