//! Threads that may block. Each kind of work has a few of its own, which stay: what a thread has open (see
//! [`super::project`]) is there for the next question.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// The threads for one kind of work. They start when they are needed, and end when this is dropped.
#[derive(Debug)]
pub(super) struct Workers {
    shared: Arc<Shared>,
    /// How many threads there are at most.
    most: usize,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// What wakes each of the threads.
    threads: Vec<Arc<Condvar>>,
    /// The threads that have nothing to do. The one that worked last is the first to go on: what it has open is warm.
    idle: Vec<usize>,
    closed: bool,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let queue = self.lock();
        f.debug_struct("Shared").field("waiting", &queue.jobs.len()).field("threads", &queue.threads.len()).finish()
    }
}

impl Workers {
    /// At most so many threads.
    pub(super) fn new(most: usize) -> Self {
        Self { shared: Arc::default(), most }
    }

    /// Does `work` when its turn comes. None if it panicked, or no thread could be had for it.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.submit(Box::new(move || {
            // Nobody waits any more.
            if !answer.is_closed() {
                let _ = answer.send(work());
            }
        }));
        answered.await.ok()
    }

    fn submit(&self, job: Job) {
        let mut queue = self.shared.lock();
        queue.jobs.push_back(job);
        if let Some(thread) = queue.idle.pop() {
            return queue.threads[thread].notify_one();
        }
        if queue.threads.len() == self.most {
            return;
        }
        let (shared, wake, number) = (Arc::clone(&self.shared), Arc::new(Condvar::new()), queue.threads.len());
        queue.threads.push(Arc::clone(&wake));
        let work = move || shared.work(number, &wake);
        if let Err(err) = std::thread::Builder::new().name("studio-work".into()).spawn(work) {
            queue.threads.pop();
            if queue.threads.is_empty() {
                // Nobody would ever do it.
                queue.jobs.clear();
            }
            tracing::debug!(%err, "no more threads");
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.closed = true;
        queue.threads.iter().for_each(|wake| wake.notify_one());
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the thread `number` does.
    fn work(&self, number: usize, wake: &Condvar) {
        let mut queue = self.lock();
        while !queue.closed {
            if let Some(job) = queue.jobs.pop_front() {
                drop(queue);
                // Who asked finds that there is no answer.
                let _ = catch_unwind(AssertUnwindSafe(job));
                queue = self.lock();
                continue;
            }
            queue.idle.push(number);
            // Whoever has work takes the number away.
            let waits = |queue: &mut Queue| !queue.closed && queue.idle.contains(&number);
            queue = wake.wait_while(queue, waits).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    #[test]
    fn all_is_done_by_a_few_threads() {
        let workers = Workers::new(3);
        let sum = block(async {
            let all = (0..100_u64).map(|n| workers.run(move || n));
            let mut sum = 0;
            for one in all.map(Box::pin) {
                sum += one.await.unwrap();
            }
            sum
        });
        assert_eq!(sum, 4950);
        assert!((1..=3).contains(&workers.shared.lock().threads.len()));
    }

    #[test]
    fn as_many_at_once_as_there_are_threads() {
        let workers = Workers::new(2);
        let both = Arc::new(std::sync::Barrier::new(2));
        let meet = || {
            let both = Arc::clone(&both);
            // One alone would wait for ever.
            workers.run(move || both.wait())
        };
        let (one, other) = block(async { tokio::join!(meet(), meet()) });
        assert!(one.is_some() && other.is_some());
    }

    #[test]
    fn a_panic_is_no_answer_and_the_thread_goes_on() {
        let workers = Workers::new(1);
        assert_eq!(block(workers.run(|| -> u8 { panic!("as planned") })), None);
        assert_eq!(block(workers.run(|| 7)), Some(7));
    }
}
