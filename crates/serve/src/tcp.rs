//! DNS over TCP (RFC 7766): one thread, one task a connection, replies in the order in which they become ready.
//!
//! Limits: 1024 connections, 64 a client (an IPv4 address or an IPv6 /64), 64 outstanding queries a connection, 10 s
//! for the next query to arrive in full and 10 s for a reply to leave. A client that reads slowly stops being read.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener as StdListener};
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc as std_mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;
use socket2::{Domain, Protocol, SockAddr, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::server::{Incoming, Service, answer_guarded, unix_seconds};
use crate::sink::{ReplyTo, TcpReply};

const CONNECTIONS: usize = 1024;
const CONNECTIONS_PER_CLIENT: usize = 64;
const OUTSTANDING: usize = 64;
const BACKLOG: i32 = 256;

/// The longest that closing a listener is waited for.
const CLOSING: Duration = Duration::from_millis(400);

/// RFC 7766 §6.2.3: idle connections may be closed after a time of the server's choice; "a few seconds" is the advice.
const IDLE_S: u64 = 10;
const WRITE_S: u64 = 10;
/// Late answers are given up by the resolver after 10 s; a client that closed its half may wait for them that long.
const LATE_S: u64 = 11;

/// Binds a listening socket that no other socket shares.
pub(crate) fn bind(address: SocketAddr) -> io::Result<StdListener> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    // Passes over connections of an earlier server in TIME_WAIT, not over another listener.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&SockAddr::from(address))?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

enum Command {
    Listen {
        listener: StdListener,
        view_id: Arc<str>,
        closed: oneshot::Receiver<()>,
        gone: std_mpsc::Sender<()>,
    },
    Stop,
}

/// A listener from outside: dropping `keep` ends it and its connections, `gone` disconnects when that is done.
struct Open {
    keep: oneshot::Sender<()>,
    gone: std_mpsc::Receiver<()>,
}

/// The TCP thread, from outside.
pub(crate) struct Handle {
    commands: UnboundedSender<Command>,
    open: Mutex<HashMap<SocketAddr, Open>>,
    thread: Option<JoinHandle<()>>,
}

impl Handle {
    pub(crate) fn start<S: Service>(service: Arc<S>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (commands, received) = mpsc::unbounded_channel();
        let thread = thread::Builder::new()
            .name("seal53-tcp".to_owned())
            .spawn(move || runtime.block_on(run(service, received)))?;
        Ok(Self { commands, open: Mutex::default(), thread: Some(thread) })
    }

    pub(crate) fn listen(
        &self,
        address: SocketAddr,
        listener: StdListener,
        view_id: Arc<str>,
    ) -> io::Result<()> {
        let (keep, closed) = oneshot::channel();
        let (alive, gone) = std_mpsc::channel();
        self.commands
            .send(Command::Listen { listener, view_id, closed, gone: alive })
            .map_err(|_| io::Error::other("the TCP thread has ended"))?;
        self.open.lock().insert(address, Open { keep, gone });
        Ok(())
    }

    /// Returns when the listener is closed, so that the address can be bound again.
    pub(crate) fn unlisten(&self, address: SocketAddr) {
        let open = self.open.lock().remove(&address);
        if let Some(Open { keep, gone }) = open {
            drop(keep);
            let _ = gone.recv_timeout(CLOSING);
        }
    }

    pub(crate) fn stop(&mut self) {
        let _ = self.commands.send(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Serves until told to stop; the runtime that ran it then drops whatever is still open.
async fn run<S: Service>(service: Arc<S>, mut commands: UnboundedReceiver<Command>) {
    let census = Arc::new(Census::default());
    let seat = Arc::new(Mutex::new(service.seat()));
    while let Some(Command::Listen { listener, view_id, closed, gone }) = commands.recv().await {
        let desk = Desk { service: Arc::clone(&service), seat: Arc::clone(&seat), view_id };
        let census = Arc::clone(&census);
        tokio::spawn(async move {
            // Dropped after the listener, which is declared later.
            let _gone = gone;
            let Ok(listener) = TcpListener::from_std(listener) else { return };
            // The connections live in a set inside the accepting future and end with it.
            tokio::select! {
                _ = closed => {}
                () = accept(&listener, &desk, &census) => {}
            }
        });
    }
}

/// What a connection needs in order to answer.
struct Desk<S: Service> {
    service: Arc<S>,
    /// The thread's; never locked across an await, so nobody ever waits for it.
    seat: Arc<Mutex<S::Seat>>,
    view_id: Arc<str>,
}

impl<S: Service> Clone for Desk<S> {
    fn clone(&self) -> Self {
        let Self { service, seat, view_id } = self;
        Self { service: Arc::clone(service), seat: Arc::clone(seat), view_id: Arc::clone(view_id) }
    }
}

impl<S: Service> Desk<S> {
    fn answer(&self, query: Incoming<'_>, reply: &mut Vec<u8>) {
        let snapshot = self.service.snapshot();
        answer_guarded(&*self.service, &mut self.seat.lock(), &snapshot, &self.view_id, query, reply);
    }
}

async fn accept<S: Service>(listener: &TcpListener, desk: &Desk<S>, census: &Arc<Census>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => match Census::enter(census, peer.ip()) {
                    Some(place) => {
                        let desk = desk.clone();
                        connections.spawn(async move {
                            converse(&desk, stream, peer).await;
                            drop(place);
                        });
                    }
                    None => desk.service.refused_connection(),
                },
                // Out of descriptors or memory: the client stays in the backlog until some are free again.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
}

/// How many connections are open, in all and for each client.
#[derive(Default)]
struct Census(Mutex<(usize, HashMap<IpAddr, usize>)>);

impl Census {
    fn enter(census: &Arc<Self>, ip: IpAddr) -> Option<Place> {
        let client = match ip {
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from(u128::from(ip) >> 64 << 64)),
            IpAddr::V4(_) => ip,
        };
        let mut held = census.0.lock();
        let (total, clients) = &mut *held;
        let of_client = clients.get(&client).copied().unwrap_or(0);
        if *total >= CONNECTIONS || of_client >= CONNECTIONS_PER_CLIENT {
            return None;
        }
        *total += 1;
        clients.insert(client, of_client + 1);
        drop(held);
        Some(Place { census: Arc::clone(census), client })
    }
}

/// One connection's place in the census.
struct Place {
    census: Arc<Census>,
    client: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.census.0.lock();
        let (total, clients) = &mut *held;
        *total = total.saturating_sub(1);
        if let Some(of_client) = clients.get_mut(&self.client) {
            *of_client = of_client.saturating_sub(1);
            if *of_client == 0 {
                clients.remove(&self.client);
            }
        }
    }
}

async fn converse<S: Service>(desk: &Desk<S>, stream: TcpStream, peer: SocketAddr) {
    let _ = stream.set_nodelay(true);
    let (input, output) = stream.into_split();
    let (replies, ready) = mpsc::unbounded_channel();
    let mut asking = pin!(read_queries(desk, input, peer, replies));
    let mut telling = pin!(write_replies(output, ready));
    tokio::select! {
        // All senders are in the reader and in late answers, so the writer ends first only when writing failed.
        () = &mut telling => return,
        () = &mut asking => {}
    }
    let _ = timeout(Duration::from_secs(LATE_S), telling).await;
}

async fn read_queries<S: Service>(
    desk: &Desk<S>,
    input: OwnedReadHalf,
    peer: SocketAddr,
    replies: UnboundedSender<TcpReply>,
) {
    let mut input = BufReader::with_capacity(2048, input);
    let slots = Arc::new(Semaphore::new(OUTSTANDING));
    let mut packet = Vec::new();
    loop {
        // A client that does not take its replies gets no further query read.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        match within(IDLE_S, read_message(&mut input, &mut packet)).await {
            Some(Ok(())) => {}
            Some(Err(_)) | None => return,
        }
        let slot = Arc::new(slot);
        let mut message = Vec::new();
        let reply_to = ReplyTo::tcp(&replies, &slot);
        let query = Incoming { packet: &packet, peer, tcp: true, reply_to, now: unix_seconds() };
        desk.answer(query, &mut message);
        if !message.is_empty() && replies.send(TcpReply { message, _slot: slot }).is_err() {
            return;
        }
        // One long message must not make a connection hold its size for good.
        packet.clear();
        packet.shrink_to(2048);
    }
}

async fn within<F: Future>(seconds: u64, future: F) -> Option<F::Output> {
    timeout(Duration::from_secs(seconds), future).await.ok()
}

/// RFC 1035 §4.2.2: two octets of length, then the message.
async fn read_message(input: &mut BufReader<OwnedReadHalf>, packet: &mut Vec<u8>) -> io::Result<()> {
    let length = input.read_u16().await?;
    packet.clear();
    // Grows with what arrives, not with what is announced.
    let read = input.take(u64::from(length)).read_to_end(packet).await?;
    if read == usize::from(length) { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

async fn write_replies(mut output: OwnedWriteHalf, mut ready: UnboundedReceiver<TcpReply>) {
    let mut framed = Vec::new();
    while let Some(reply) = ready.recv().await {
        let Ok(length) = u16::try_from(reply.message.len()) else { return };
        // RFC 7766 §8: length and message in one write.
        framed.extend_from_slice(&length.to_be_bytes());
        framed.extend_from_slice(&reply.message);
        match within(WRITE_S, output.write_all(&framed)).await {
            Some(Ok(())) => {
                framed.clear();
                framed.shrink_to(4096);
            }
            Some(Err(_)) | None => return,
        }
    }
}
