//! Where a reply goes when it is not ready at once: the way back to one client, kept by the resolver's waiters.
//!
//! Not for ordinary replies, which the socket loops send themselves. Limits: a sink sends from any thread,
//! never blocks and never fails loudly; a client that went away, or a socket that was closed, simply gets nothing.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Weak};

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::UnboundedSender;

use crate::udp::Socket;

/// A reply on its way to a TCP client's writer; the permit is the connection's slot for one outstanding query.
pub(crate) struct TcpReply {
    pub(crate) message: Vec<u8>,
    pub(crate) _slot: Arc<OwnedSemaphorePermit>,
}

/// The way back to the client, borrowed for the length of one `answer` call; costs nothing until `sink` is called.
#[derive(Clone, Copy)]
pub struct ReplyTo<'a>(Route<'a>);

#[derive(Clone, Copy)]
enum Route<'a> {
    Udp { socket: &'a Arc<Socket>, local: Option<IpAddr> },
    Tcp { replies: &'a UnboundedSender<TcpReply>, slot: &'a Arc<OwnedSemaphorePermit> },
}

impl<'a> ReplyTo<'a> {
    /// `local` is the address the query came to, where the socket listens on all of them.
    pub(crate) const fn udp(socket: &'a Arc<Socket>, local: Option<IpAddr>) -> Self {
        ReplyTo(Route::Udp { socket, local })
    }

    pub(crate) const fn tcp(
        replies: &'a UnboundedSender<TcpReply>,
        slot: &'a Arc<OwnedSemaphorePermit>,
    ) -> Self {
        ReplyTo(Route::Tcp { replies, slot })
    }

    /// A handle that outlives the call and answers `peer` later.
    #[must_use]
    pub fn sink(&self, peer: SocketAddr) -> SocketSink {
        SocketSink(match self.0 {
            Route::Udp { socket, local } => Target::Udp { socket: Arc::downgrade(socket), peer, local },
            Route::Tcp { replies, slot } => Target::Tcp { replies: replies.clone(), slot: Arc::clone(slot) },
        })
    }
}

impl fmt::Debug for ReplyTo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyTo")
    }
}

/// Answers one client later.
pub struct SocketSink(Target);

enum Target {
    // Weak: a waiter may outlive its listener, and a socket that is still open but read by nobody would go on
    // swallowing its share of the queries to a SO_REUSEPORT address. While `send` runs the descriptor is kept open.
    Udp { socket: Weak<Socket>, peer: SocketAddr, local: Option<IpAddr> },
    Tcp { replies: UnboundedSender<TcpReply>, slot: Arc<OwnedSemaphorePermit> },
}

impl SocketSink {
    /// Sends `message` (without TCP's length prefix), or nothing if the client is gone.
    pub fn send(&self, message: &[u8]) {
        match &self.0 {
            Target::Udp { socket, peer, local } => {
                if let Some(socket) = socket.upgrade() {
                    socket.send_to(message, *peer, *local);
                }
            }
            Target::Tcp { replies, slot } => {
                // Refused only when the connection is gone.
                let _ = replies.send(TcpReply { message: message.to_vec(), _slot: Arc::clone(slot) });
            }
        }
    }
}

impl fmt::Debug for SocketSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SocketSink")
    }
}
