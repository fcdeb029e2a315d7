//! The workers: threads that sleep until queries come, take them in batches, and send the answers.
//!
//! It knows sockets, threads and the wall clock (read once a batch), and nothing about what a query means: that is the
//! `Service`. Limits: one UDP socket per address and worker, so the kernel spreads clients over workers; an address
//! belongs to one view; TCP is served by one thread of its own (`tcp`). Idle threads cost nothing.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use crate::sink::ReplyTo;
use crate::tcp;
use crate::udp::{BATCH, Batch, Poll, Socket};

/// Batches taken from one socket before the others of the worker get their turn.
const TURNS: usize = 8;

/// How often a port chosen by the system for TCP is tried for UDP too, before giving up.
const PORT_ATTEMPTS: usize = 16;

/// A reply never starts smaller than this; grown buffers are kept.
const REPLY_OCTETS: usize = 1280;

/// A query as the sockets saw it.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// The message, without TCP's length prefix.
    pub packet: &'a [u8],
    /// Who asks.
    pub peer: SocketAddr,
    /// True for TCP, where a reply may be 65535 octets long.
    pub tcp: bool,
    /// The way back, for an answer that is not ready yet.
    pub reply_to: ReplyTo<'a>,
    /// UNIX seconds.
    pub now: u64,
}

/// What the sockets ask for answers.
pub trait Service: Send + Sync + 'static {
    /// What one batch of queries sees, whatever is swapped meanwhile.
    type Snapshot;
    /// State of one thread that no other touches.
    type Seat: Send + 'static;

    /// Made once by each thread that answers.
    fn seat(&self) -> Self::Seat;

    /// Taken once a batch.
    fn snapshot(&self) -> Self::Snapshot;

    /// Puts the reply to `query` into the empty `reply`, or leaves it empty if nothing is to be sent now.
    fn answer(
        &self,
        seat: &mut Self::Seat,
        snapshot: &Self::Snapshot,
        view_id: &str,
        query: Incoming<'_>,
        reply: &mut Vec<u8>,
    );

    /// Counts an answer that panicked and became SERVFAIL.
    fn panicked(&self);

    /// Counts a connection that was refused because too many were open.
    fn refused_connection(&self);
}

/// UNIX seconds.
#[must_use]
pub fn unix_seconds() -> u64 {
    since_epoch().as_secs()
}

/// Milliseconds since the UNIX epoch.
#[must_use]
pub fn unix_milliseconds() -> u64 {
    u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX)
}

/// The one reading of the wall clock among the crates.
fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// `Service::answer`, with a panic turned into SERVFAIL: one bad packet must not take a worker with it.
pub(crate) fn answer_guarded<S: Service>(
    service: &S,
    seat: &mut S::Seat,
    snapshot: &S::Snapshot,
    view_id: &str,
    query: Incoming<'_>,
    reply: &mut Vec<u8>,
) {
    reply.clear();
    let outcome = catch_unwind(AssertUnwindSafe(|| service.answer(seat, snapshot, view_id, query, reply)));
    if outcome.is_err() {
        service.panicked();
        write_servfail(query.packet, reply);
    }
}

/// SERVFAIL from the header alone, as nothing else of the packet is trusted; a response or a fragment gets none.
fn write_servfail(packet: &[u8], reply: &mut Vec<u8>) {
    reply.clear();
    let Some(&[id_high, id_low, flags, ..]) = packet.first_chunk::<12>() else { return };
    if flags & 0x80 == 0 {
        // QR set, opcode and RD as asked (RFC 1035 §4.1.1), RCODE 2, no sections.
        reply.extend_from_slice(&[id_high, id_low, 0x80 | (flags & 0x79), 2, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
}

/// A socket and the view that answers on it.
struct Endpoint {
    socket: Arc<Socket>,
    view_id: Arc<str>,
}

/// What a worker and the threads that change its sockets share.
struct Desk {
    poll: Poll,
    endpoints: Mutex<HashMap<u64, Arc<Endpoint>>>,
    stop: AtomicBool,
}

impl Desk {
    fn run<S: Service>(&self, service: &S) {
        let mut seat = service.seat();
        let mut batch = Batch::new();
        let mut replies: Vec<Vec<u8>> = (0..BATCH).map(|_| Vec::with_capacity(REPLY_OCTETS)).collect();
        let mut tokens = Vec::with_capacity(64);
        while self.poll.wait(&mut tokens).is_ok() {
            if self.stop.load(Ordering::Acquire) {
                return;
            }
            for token in &tokens {
                let endpoint = self.endpoints.lock().get(token).cloned();
                if let Some(endpoint) = endpoint {
                    serve(service, &mut seat, &endpoint, &mut batch, &mut replies);
                }
            }
        }
    }
}

fn serve<S: Service>(
    service: &S,
    seat: &mut S::Seat,
    endpoint: &Endpoint,
    batch: &mut Batch,
    replies: &mut [Vec<u8>],
) {
    for _ in 0..TURNS {
        // An error belongs to one datagram (or to a socket that is being closed); what waits is reported again.
        let Ok(count @ 1..) = batch.receive(&endpoint.socket) else { return };
        let now = unix_seconds();
        let snapshot = service.snapshot();
        for (slot, reply) in replies.iter_mut().enumerate().take(count) {
            reply.clear();
            if let Some(datagram) = batch.datagram(slot) {
                let reply_to = ReplyTo::udp(&endpoint.socket, datagram.local);
                let query =
                    Incoming { packet: datagram.packet, peer: datagram.peer, tcp: false, reply_to, now };
                answer_guarded(service, seat, &snapshot, &endpoint.view_id, query, reply);
            }
        }
        drop(snapshot);
        batch.send(&endpoint.socket, replies);
        if count < BATCH {
            return;
        }
    }
}

/// The running sockets and threads; ends them when it is dropped.
pub struct Server {
    workers: Vec<(Arc<Desk>, Option<JoinHandle<()>>)>,
    tcp: tcp::Handle,
    tokens: AtomicU64,
    /// The token of each address in every worker.
    listeners: Mutex<HashMap<SocketAddr, u64>>,
}

impl Server {
    /// Starts the threads, without a socket yet; `workers` 0 means one for each core.
    pub fn start<S: Service>(service: Arc<S>, workers: usize) -> io::Result<Self> {
        let workers = match workers {
            0 => thread::available_parallelism().map_or(1, std::num::NonZero::get),
            some => some,
        };
        let mut server = Self {
            workers: Vec::with_capacity(workers),
            tcp: tcp::Handle::start(Arc::clone(&service))?,
            tokens: AtomicU64::new(0),
            listeners: Mutex::new(HashMap::new()),
        };
        for number in 0..workers {
            let desk = Arc::new(Desk {
                poll: Poll::new()?,
                endpoints: Mutex::default(),
                stop: AtomicBool::new(false),
            });
            let (inside, service) = (Arc::clone(&desk), Arc::clone(&service));
            let thread = thread::Builder::new()
                .name(format!("seal53-udp-{number}"))
                .spawn(move || inside.run(&*service))?;
            server.workers.push((desk, Some(thread)));
        }
        Ok(server)
    }

    /// Answers at `address` over UDP and TCP from the view; port 0 lets the system choose. Returns the bound address.
    ///
    /// Errors: `AddrInUse` if anyone listens there already; whatever the system says. On error nothing stays open.
    pub fn listen(&self, address: SocketAddr, view_id: &str) -> io::Result<SocketAddr> {
        let mut listeners = self.listeners.lock();
        if listeners.contains_key(&address) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        // The TCP socket is exclusive and bound first: SO_REUSEPORT alone would share the address with a forgotten
        // process of the same user, which would then answer a part of the queries.
        let (listener, sockets) = self.bind(address)?;
        let bound = listener.local_addr()?;
        let token = self.tokens.fetch_add(1, Ordering::Relaxed);
        let view_id: Arc<str> = view_id.into();
        listeners.insert(bound, token);
        let joined = self
            .workers
            .iter()
            .zip(sockets)
            .try_for_each(|((desk, _), socket)| {
                let endpoint = Arc::new(Endpoint { socket: Arc::new(socket), view_id: Arc::clone(&view_id) });
                desk.endpoints.lock().insert(token, Arc::clone(&endpoint));
                desk.poll.add(&endpoint.socket, token)
            })
            .and_then(|()| self.tcp.listen(bound, listener, view_id));
        if let Err(error) = joined {
            self.close(bound, token);
            listeners.remove(&bound);
            return Err(error);
        }
        Ok(bound)
    }

    fn bind(&self, address: SocketAddr) -> io::Result<(std::net::TcpListener, Vec<Socket>)> {
        let mut attempt = 0;
        loop {
            let listener = tcp::bind(address)?;
            let bound = listener.local_addr()?;
            match self.workers.iter().map(|_| Socket::bind(bound)).collect() {
                Ok(sockets) => return Ok((listener, sockets)),
                Err(error) if address.port() != 0 || attempt == PORT_ATTEMPTS => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    /// Stops answering at `address`: its sockets and connections are closed. Nothing happens if nobody listens there.
    pub fn unlisten(&self, address: SocketAddr) {
        let mut listeners = self.listeners.lock();
        if let Some(token) = listeners.remove(&address) {
            self.close(address, token);
        }
    }

    fn close(&self, address: SocketAddr, token: u64) {
        for (desk, _) in &self.workers {
            let endpoint = desk.endpoints.lock().remove(&token);
            if let Some(endpoint) = endpoint {
                // Already gone from the queue if adding it had failed.
                let _ = desk.poll.remove(&endpoint.socket);
            }
        }
        self.tcp.unlisten(address);
    }

    /// The addresses that are answered at present.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.lock().keys().copied().collect()
    }

    /// Ends all threads and closes all sockets; returns when that is done, within half a second.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for (desk, _) in &self.workers {
            desk.stop.store(true, Ordering::Release);
            desk.poll.wake();
        }
        self.tcp.stop();
        for (desk, thread) in &mut self.workers {
            if let Some(thread) = thread.take() {
                // Only a panic outside of answering could have ended it with an error; there is nothing left to save.
                let _ = thread.join();
            }
            desk.endpoints.lock().clear();
        }
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
