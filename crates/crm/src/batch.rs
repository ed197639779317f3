//! Many small questions into few requests.
//!
//! Whoever asks while no batch is being gathered begins one; it goes out a moment later, or as soon as it is full.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::adapter::Failure;
use crate::reason::Reason;

/// How long a batch is gathered: a hub that delivers a burst starts its deliveries within this, and a person waits for a
/// whole exchange with the CRM anyway.
const GATHER: Duration = Duration::from_millis(4);

type Run<Q, A> =
    dyn Fn(Vec<Q>) -> Pin<Box<dyn Future<Output = Result<Vec<A>, Failure>> + Send>> + Send + Sync;

/// A batcher of one kind of question. Cheap to clone.
pub(crate) struct Batcher<Q, A> {
    items_max: usize,
    run: Arc<Run<Q, A>>,
    waiting: Arc<Mutex<Waiting<Q, A>>>,
}

struct Waiting<Q, A> {
    items: Vec<(Q, oneshot::Sender<Result<A, Failure>>)>,
    /// The batch that is being gathered; an earlier one's moment is not this one's.
    round: u64,
}

impl<Q: Send + 'static, A: Send + 'static> Batcher<Q, A> {
    /// Batches of so many at most, each answered by `run`, item by item.
    pub(crate) fn new(
        items_max: usize,
        run: impl Fn(Vec<Q>) -> Pin<Box<dyn Future<Output = Result<Vec<A>, Failure>> + Send>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let waiting = Waiting { items: Vec::new(), round: 0 };
        Self { items_max: items_max.max(1), run: Arc::new(run), waiting: Arc::new(Mutex::new(waiting)) }
    }

    /// The answer to one question.
    pub(crate) async fn ask(&self, question: Q) -> Result<A, Failure> {
        let (sender, receiver) = oneshot::channel();
        let (begun, full) = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.items.push((question, sender));
            let begun = (waiting.items.len() == 1).then_some(waiting.round);
            (begun, (waiting.items.len() >= self.items_max).then(|| waiting.take()))
        };
        // A task of its own: the one who asked first may give up, and the others wait for the same batch.
        if let Some(items) = full {
            tokio::spawn(answer(Arc::clone(&self.run), items));
        } else if let Some(round) = begun {
            let (run, waiting) = (Arc::clone(&self.run), Arc::clone(&self.waiting));
            tokio::spawn(async move {
                tokio::time::sleep(GATHER).await;
                let items = {
                    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                    if waiting.round == round { waiting.take() } else { return }
                };
                answer(run, items).await;
            });
        }
        receiver.await.unwrap_or(Err(lost()))
    }
}

impl<Q, A> Waiting<Q, A> {
    fn take(&mut self) -> Vec<(Q, oneshot::Sender<Result<A, Failure>>)> {
        self.round += 1;
        std::mem::take(&mut self.items)
    }
}

async fn answer<Q, A>(run: Arc<Run<Q, A>>, items: Vec<(Q, oneshot::Sender<Result<A, Failure>>)>) {
    let (questions, senders): (Vec<Q>, Vec<_>) = items.into_iter().unzip();
    match run(questions).await {
        Ok(answers) if answers.len() == senders.len() => {
            for (sender, answer) in senders.into_iter().zip(answers) {
                let _ = sender.send(Ok(answer));
            }
        }
        // Dropped senders are lost answers.
        Ok(_) => {}
        Err(failure) => {
            for sender in senders {
                let _ = sender.send(Err(failure.clone()));
            }
        }
    }
}

/// The batch came to no end, or not to as many answers as questions.
fn lost() -> Failure {
    Failure::Again { reason: Reason::Answer { object: "a batch".to_owned() }, after: None }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn doubling(items_max: usize, sizes: Arc<Mutex<Vec<usize>>>) -> Arc<Batcher<u32, u32>> {
        Arc::new(Batcher::new(items_max, move |items: Vec<u32>| {
            sizes.lock().unwrap().push(items.len());
            Box::pin(async move {
                if items.contains(&13) {
                    return Err(Failure::Again { reason: Reason::TooMany, after: None });
                }
                Ok(items.iter().map(|n| n * 2).collect())
            })
        }))
    }

    #[tokio::test]
    async fn many_questions_go_out_in_few_full_batches_and_each_gets_its_own_answer() {
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let batcher = doubling(50, Arc::clone(&sizes));
        let right = Arc::new(AtomicUsize::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        for n in 100..220_u32 {
            let (batcher, right) = (Arc::clone(&batcher), Arc::clone(&right));
            tasks.spawn(async move {
                if batcher.ask(n).await == Ok(n * 2) {
                    right.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        tasks.join_all().await;
        assert_eq!(right.load(Ordering::Relaxed), 120);
        let sizes = sizes.lock().unwrap();
        assert_eq!(sizes.iter().sum::<usize>(), 120);
        assert!(sizes.len() <= 6 && sizes.iter().all(|size| *size <= 50), "{sizes:?}");
    }

    #[tokio::test]
    async fn a_failure_is_everybodys_in_the_batch_and_the_next_one_works() {
        let batcher = doubling(50, Arc::default());
        let (a, b) = tokio::join!(batcher.ask(13), batcher.ask(1));
        assert!(a.is_err() && b == a);
        assert_eq!(batcher.ask(1).await, Ok(2));
    }

    #[tokio::test]
    async fn whoever_gives_up_takes_nobody_along() {
        let batcher = doubling(50, Arc::default());
        let first = tokio::spawn({
            let batcher = Arc::clone(&batcher);
            async move { batcher.ask(1).await }
        });
        tokio::task::yield_now().await;
        let second = tokio::spawn({
            let batcher = Arc::clone(&batcher);
            async move { batcher.ask(2).await }
        });
        tokio::task::yield_now().await;
        first.abort();
        assert_eq!(second.await.unwrap(), Ok(4));
    }
}
