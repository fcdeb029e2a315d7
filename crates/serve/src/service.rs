//! The plane as what the sockets ask.
//!
//! For: joining `server` and `plane`. Not for: anything else; both know nothing of each other.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use zone::Entropy;

use crate::answer::{Client, Logging, Reply, ReplySink, Transport, World, answer};
use crate::counters::Counters;
use crate::plane::{Plane, Root};
use crate::server::{Incoming, Service, unix_milliseconds};
use crate::sink::SocketSink;

impl ReplySink for SocketSink {
    fn send(&self, message: &[u8]) {
        SocketSink::send(self, message);
    }
}

/// What one worker has for itself.
pub struct Seat {
    entropy: Entropy,
    counters: Arc<Counters>,
}

impl Service for Plane {
    type Snapshot = Arc<Root>;
    type Seat = Seat;

    fn seat(&self) -> Seat {
        // The standard library's hasher is the one source of randomness at hand; it only spreads load.
        let seed = RandomState::new().build_hasher().finish();
        Seat { entropy: Entropy::new(seed), counters: self.shard() }
    }

    fn snapshot(&self) -> Arc<Root> {
        self.load_full()
    }

    fn answer(
        &self,
        seat: &mut Seat,
        snapshot: &Arc<Root>,
        view_id: &str,
        query: Incoming<'_>,
        reply: &mut Vec<u8>,
    ) {
        let Some(view) = snapshot.view(view_id) else {
            // A socket without its view: it is being closed.
            seat.counters.dropped.increment();
            return;
        };
        let Incoming { packet, peer, tcp, reply_to, now } = query;
        let transport = if tcp { Transport::Tcp } else { Transport::Udp };
        let origin = || -> Box<dyn ReplySink> { Box::new(reply_to.sink(peer)) };
        let client = Client { addr: peer };
        let Seat { entropy, counters } = seat;
        let logging = self.query_log().map(|log| Logging { log, clock: |_| unix_milliseconds() });
        let world = World { view, facts: snapshot.facts(), logging, now, counters };
        match answer(&world, packet, transport, &client, &origin, entropy, reply) {
            Reply::Send => {}
            Reply::Drop | Reply::Pending => reply.clear(),
        }
    }

    fn panicked(&self) {
        self.own_counters().panics.increment();
    }

    fn refused_connection(&self) {
        self.own_counters().connections_refused.increment();
    }
}
