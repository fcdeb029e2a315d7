//! Counters of the query path: one shard a worker, summed when somebody asks.
//!
//! For: the bench, metrics and tests. Not for: logs; a counter has no labels but its name.
//! Limits: relaxed atomics, so a sum taken while queries run may miss the last few.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($name:ident: $doc:literal),+ $(,)?) => {
        /// What one worker counted. Only its worker adds, so the cache line stays where it is.
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub struct Counters {
            $(#[doc = $doc] pub $name: Counter,)+
        }

        impl Counters {
            /// Adds what another shard counted.
            pub fn absorb(&self, other: &Counters) {
                $(self.$name.add(other.$name.value());)+
            }

            /// Every counter with its name.
            pub fn values(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name.value())),+].into_iter()
            }
        }
    };
}

counters! {
    queries: "Packets that were looked at.",
    answers_noerror: "Replies with NOERROR.",
    answers_formerr: "Replies with FORMERR.",
    answers_servfail: "Replies with SERVFAIL.",
    answers_nxdomain: "Replies with NXDOMAIN.",
    answers_notimp: "Replies with NOTIMP.",
    answers_refused: "Replies with REFUSED.",
    answers_badvers: "Replies with BADVERS.",
    answers_other: "Replies with any other code.",
    signatures_made: "Signatures made while answering.",
    signatures_reused: "Cached signatures that were sent.",
    denials_sent: "Replies that hold an NSEC to deny something.",
    sign_failures: "Replies that became SERVFAIL because a signature or proof could not be made (I1).",
    truncated: "Replies with TC set.",
    dropped: "Packets that got no reply.",
    connections_refused: "TCP connections that were closed at once because too many were open.",
    panics: "Replies that a bug prevented; the worker went on.",
    cache_hits: "Resolver answers from the cache.",
    cache_misses: "Resolver questions that were queued or joined a queued one.",
    private_answers: "Resolver answers from private zones.",
    waiters_expired: "Waiting clients that were answered SERVFAIL because nothing came in time.",
    query_log_dropped: "Queries of logged zones that are missing in the log because too many waited to be written.",
    waiters_refused: "Clients that could not wait because too many did.",
}

/// One number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds `amount`.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// The number now.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
