//! Lists as they were answered lately. When a run comes, all who look at the list ask for it again in the same moment: for one of them
//! it is made, and the others get the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;

use super::reply;

/// How many answers are kept.
const MANY: usize = 64;
/// Bytes. A larger answer is made for each who asks: few do.
const LARGEST: usize = 128 << 10;

/// An answer, and what it is called.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) etag: String,
    pub(super) body: Bytes,
}

impl From<Vec<u8>> for Document {
    fn from(body: Vec<u8>) -> Self {
        Self { etag: reply::etag(&body), body: body.into() }
    }
}

/// What was answered since the runs changed last.
#[derive(Debug, Default)]
pub(super) struct Shown(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// What the runs were.
    state: String,
    /// The answers by their questions. Who makes one holds its lock.
    answers: HashMap<String, Arc<Mutex<Option<Document>>>>,
}

impl Shown {
    /// The answer to `question` where the runs are those of `state`; if nobody has asked that, it is what `make` makes.
    pub(super) fn answer<E>(
        &self,
        state: &str,
        question: String,
        make: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Document, E> {
        let place = {
            let mut kept = lock(&self.0);
            if kept.state != state || kept.answers.len() >= MANY {
                *kept = Kept { state: state.to_owned(), answers: HashMap::new() };
            }
            Arc::clone(kept.answers.entry(question).or_default())
        };
        let mut place = lock(&place);
        if let Some(document) = &*place {
            return Ok(document.clone());
        }
        let document = Document::from(make()?);
        *place = Some(document.clone()).filter(|document| document.body.len() <= LARGEST);
        Ok(document)
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn an_answer_is_made_once_for_each_state_of_the_runs() {
        let (shown, count) = (Shown::default(), Cell::new(0));
        let ask = |state: &str, question: &str| {
            let make = || {
                count.set(count.get() + 1);
                Ok::<_, ()>(format!("{state} {question}").into_bytes())
            };
            let document = shown.answer(state, question.to_owned(), make).unwrap();
            assert_eq!(document.body, format!("{state} {question}"));
            count.get()
        };
        assert_eq!([ask("1", "a"), ask("1", "a"), ask("1", "b"), ask("1", "a")], [1, 1, 2, 2]);
        assert_eq!([ask("2", "a"), ask("2", "a")], [3, 3]);
        for n in 0..3 * MANY {
            ask("2", &n.to_string());
        }
        assert!(lock(&shown.0).answers.len() <= MANY);
    }

    #[test]
    fn what_went_wrong_and_what_is_large_is_not_kept() {
        let shown = Shown::default();
        let ask = |result: Result<usize, ()>| {
            shown.answer("1", "a".to_owned(), || result.map(|len| vec![b'x'; len])).map(|document| document.body.len())
        };
        assert_eq!(ask(Err(())), Err(()));
        assert_eq!(ask(Ok(LARGEST + 1)), Ok(LARGEST + 1));
        assert_eq!(ask(Ok(5)), Ok(5));
        assert_eq!(ask(Ok(7)), Ok(5));
    }

    #[test]
    fn who_asks_for_the_same_at_once_waits_for_the_one_who_makes_it() {
        let (shown, count) = (Shown::default(), Mutex::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let make = || {
                        *lock(&count) += 1;
                        Ok::<_, ()>(b"it".to_vec())
                    };
                    assert_eq!(shown.answer("1", "a".to_owned(), make).unwrap().body, "it");
                });
            }
        });
        assert_eq!(*lock(&count), 1);
    }
}
