//! The whole query path without sockets: a packet in, a reply or nothing out.
//!
//! For: name servers, resolvers, the prover and tests alike; there is no second way to an answer.
//! Not for: sockets, clocks or random sources; `now` (UNIX seconds) and entropy are arguments (I7).
//! Limits: one question a packet, class IN, opcode QUERY; no zone transfers.

use std::net::SocketAddr;

use crate::counters::Counters;
use crate::view::View;

/// How a query came, which decides how long its reply may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A datagram: the reply has to fit into the client's EDNS size, 1232 octets at most.
    Udp,
    /// A stream: 65535 octets.
    Tcp,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// The address the query came from.
    pub addr: SocketAddr,
}

/// What became of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Reply {
    /// The reply stands in the buffer.
    Send,
    /// Nothing is sent; the buffer is empty.
    Drop,
    /// A resolver's miss: queued, and answered later through its sink. The buffer is empty.
    Pending,
}

/// The way back to a client whose answer is not known yet.
pub trait ReplySink: Send {
    /// Sends the reply, without TCP's length prefix; a client that went away is nobody's error.
    fn send(&self, message: &[u8]);
}

/// Makes the way back; called only when a query has to wait.
pub type Origin<'a> = dyn Fn() -> Box<dyn ReplySink> + 'a;

/// A small generator that spreads load over the records of an RRset; not for anything secret.
#[derive(Clone, Debug)]
pub struct Entropy(u64);

impl Entropy {
    /// Starts from a seed; the same seed gives the same numbers.
    #[must_use]
    pub const fn new(seed: u64) -> Entropy {
        Entropy(seed)
    }

    /// The next number (SplitMix64).
    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Answers `packet` into `out`, which is emptied first.
#[allow(clippy::too_many_arguments)]
pub fn answer(
    view: &View,
    packet: &[u8],
    transport: Transport,
    client: &Client,
    origin: &Origin<'_>,
    entropy: &mut Entropy,
    now: u64,
    out: &mut Vec<u8>,
    counters: &Counters,
) -> Reply {
    let _ = (view, packet, transport, client, origin, entropy, now, counters);
    out.clear();
    Reply::Drop
}
