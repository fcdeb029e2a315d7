//! Questions that a resolver is finding out, and the clients that wait for them.
//!
//! For: asking once however many clients ask; the queue that Python drains. Not for: what is done with the answer.
//! Limits: 1024 questions in flight a view, 64 waiters a question, 10 s a question, whenever a waiter joined: what is not
//! found out by then is asked anew by the next client. Waiting is measured with the monotonic clock, as it has nothing
//! to do with the time that answers depend on.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use wire::{KeptQuery, Name, RrType};

use crate::answer::{Client, ReplySink, Transport};
use crate::cache::Question;

/// The most questions in flight in one view. No standard says; Unbound's num-queries-per-thread is 1024 or more.
pub const MAX_FLIGHTS: usize = 1024;
/// The most clients that wait for one question.
pub const MAX_WAITERS: usize = 64;
/// How long a question is waited for before its clients get SERVFAIL.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The most misses that are queued in a process.
const MAX_QUEUED: usize = 64 * MAX_FLIGHTS;

/// A question that the cache could not answer, to be found out. One for each distinct question in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// The resolver's view.
    pub view_id: Arc<str>,
    /// The name.
    pub qname: Name,
    /// The type.
    pub qtype: RrType,
    /// Checking disabled: the client validates by itself (RFC 4035 §3.2.2).
    pub cd: bool,
}

/// Misses of all views, in the order they came.
#[derive(Default)]
pub(crate) struct MissQueue {
    queue: Mutex<VecDeque<Miss>>,
    filled: Condvar,
}

impl MissQueue {
    pub(crate) fn push(&self, miss: Miss) {
        let mut queue = self.queue.lock();
        // Only where nobody drains it: what is oldest is not waited for any more.
        if queue.len() >= MAX_QUEUED {
            queue.pop_front();
        }
        queue.push_back(miss);
        drop(queue);
        self.filled.notify_one();
    }

    /// Up to `max` misses; waits up to `timeout` for the first.
    pub(crate) fn take(&self, max: usize, timeout: Duration) -> Vec<Miss> {
        let mut queue = self.queue.lock();
        if queue.is_empty() {
            self.filled.wait_for(&mut queue, timeout);
        }
        let count = queue.len().min(max);
        queue.drain(..count).collect()
    }
}

/// A client that waits, with what is needed to answer it. Small, as tens of thousands may wait.
pub(crate) struct Waiter {
    pub(crate) query: KeptQuery,
    pub(crate) transport: Transport,
    pub(crate) client: Client,
    pub(crate) sink: Box<dyn ReplySink>,
}

struct Flight {
    miss: Miss,
    waiters: Vec<Waiter>,
    since: Instant,
    // The moment in UNIX seconds at which the question was last asked: an answer's TTL counts from there.
    asked_at: u64,
    // The cache was flushed meanwhile: what comes back was found out under other rules.
    is_stale: bool,
}

/// What became of a question that was put among the flights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Boarding {
    /// New: somebody has to find it out.
    Started,
    /// It is being found out already.
    Joined,
    /// Too many wait, or the resolver is closed.
    Full,
}

/// What a landed flight brings.
pub(crate) enum Landing {
    /// Clients to answer, and when the question was asked.
    Waiters(Vec<Waiter>, u64),
    /// It has to be found out again.
    Again(Miss),
    /// Nobody asked, or not lately.
    Unknown,
}

/// What is in flight; `None` once the resolver is closed.
pub(crate) struct Flights(Mutex<Option<HashMap<Question, Flight>>>);

impl Default for Flights {
    fn default() -> Flights {
        Flights(Mutex::new(Some(HashMap::new())))
    }
}

impl Flights {
    pub(crate) fn board(
        &self,
        question: &Question,
        miss: impl FnOnce() -> Miss,
        waiter: impl FnOnce() -> Waiter,
        now: u64,
    ) -> (Boarding, Option<Miss>) {
        let mut flights = self.0.lock();
        // A worker may still see the view of a resolver that was just closed.
        let Some(flights) = flights.as_mut() else { return (Boarding::Full, None) };
        if let Some(flight) = flights.get_mut(question) {
            if flight.waiters.len() >= MAX_WAITERS {
                return (Boarding::Full, None);
            }
            flight.waiters.push(waiter());
            flight.asked_at = flight.asked_at.max(now);
            return (Boarding::Joined, None);
        }
        if flights.len() >= MAX_FLIGHTS {
            return (Boarding::Full, None);
        }
        let miss = miss();
        let flight = Flight {
            miss: miss.clone(),
            waiters: vec![waiter()],
            since: Instant::now(),
            asked_at: now,
            is_stale: false,
        };
        flights.insert(question.clone(), flight);
        (Boarding::Started, Some(miss))
    }

    pub(crate) fn land(&self, question: &Question) -> Landing {
        let mut flights = self.0.lock();
        let Some(flights) = flights.as_mut() else { return Landing::Unknown };
        match flights.get_mut(question) {
            None => Landing::Unknown,
            Some(flight) if flight.is_stale => {
                flight.is_stale = false;
                Landing::Again(flight.miss.clone())
            }
            Some(_) => match flights.remove(question) {
                Some(flight) => Landing::Waiters(flight.waiters, flight.asked_at),
                None => Landing::Unknown,
            },
        }
    }

    /// Whatever is in flight has to be found out again.
    pub(crate) fn distrust(&self) {
        self.0.lock().iter_mut().flat_map(HashMap::values_mut).for_each(|flight| flight.is_stale = true);
    }

    /// Takes out the questions that were waited for too long, with all their waiters.
    pub(crate) fn expire(&self, now: Instant) -> Vec<Waiter> {
        let mut expired = Vec::new();
        let mut flights = self.0.lock();
        let Some(flights) = flights.as_mut() else { return expired };
        flights.retain(|_, flight| {
            let is_late = now.saturating_duration_since(flight.since) >= PATIENCE;
            if is_late {
                expired.append(&mut flight.waiters);
            }
            !is_late
        });
        expired
    }

    /// Takes out everything, and lets nobody in any more.
    pub(crate) fn close(&self) -> Vec<Waiter> {
        let flights = self.0.lock().take();
        flights.into_iter().flat_map(HashMap::into_values).flat_map(|flight| flight.waiters).collect()
    }

    pub(crate) fn is_waited_for(&self, question: &Question) -> bool {
        self.0.lock().as_ref().is_some_and(|flights| flights.contains_key(question))
    }
}
