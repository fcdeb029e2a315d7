//! The whole query path without sockets: a packet in, a reply or nothing out.
//!
//! For: name servers, resolvers, the prover and tests alike; there is no second way to an answer.
//! Not for: sockets, clocks or random sources; `now` (UNIX seconds) and entropy are arguments (I7). What a name server
//! writes into a reply is in `compose`, a resolver in `recursor`.
//! Limits: one question a packet, class IN, opcode QUERY; no zone transfers; EDNS version 0.

use std::net::SocketAddr;

use wire::{Builder, CLASS_IN, Flags, Head, Key, Opt, Query, QueryError, Rcode, RrType, Subnet};
use zone::{Block, Chooser, Entropy, Facts};

use crate::compose::compose;
use crate::counters::Counters;
use crate::querylog::{Entry, QueryLog};
use crate::view::{View, ZoneCell};

/// The largest reply over UDP, in octets: what passes unfragmented nearly everywhere (DNS Flag Day 2020).
pub const UDP_REPLY: u16 = 1232;
/// The smallest limit of a UDP client, in octets (RFC 1035 §2.3.4, RFC 6891 §6.2.3).
const UDP_LEAST: u16 = 512;

/// Extended DNS errors that we send (RFC 8914 §4, RFC 9824 §9).
pub(crate) mod ede {
    pub(crate) const OTHER: u16 = 0;
    pub(crate) const RRSIGS_MISSING: u16 = 10;
    pub(crate) const NOT_AUTHORITATIVE: u16 = 20;
    pub(crate) const NOT_SUPPORTED: u16 = 21;
    pub(crate) const NO_REACHABLE_AUTHORITY: u16 = 22;
    pub(crate) const INVALID_QUERY_TYPE: u16 = 30;
}

/// How a query came, which decides how long its reply may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A datagram: the reply has to fit into the client's EDNS size, and into 1232 octets.
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

/// All that an answer depends on besides the query: none of it is read elsewhere (I7).
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The zones, and the resolver if there is one.
    pub view: &'a View,
    /// What choosing among record sets depends on.
    pub facts: &'a Facts,
    /// Where queries of logged zones are left.
    pub logging: Option<Logging<'a>>,
    /// UNIX seconds.
    pub now: u64,
    /// Where what happened is counted.
    pub counters: &'a Counters,
}

/// A query log and its clock.
#[derive(Clone, Copy)]
pub struct Logging<'a> {
    /// Where the queries of logged zones are left.
    pub log: &'a QueryLog,
    /// Milliseconds since the UNIX epoch, from the seconds that are told.
    pub clock: fn(u64) -> u64,
}

impl Logging<'_> {
    #[cold]
    fn put(self, cell: &ZoneCell, ask: &Ask<'_>, client: &Client, tcp: bool, reply: &[u8]) {
        // RFC 1035 §4.1.1: the low bits of the fourth octet; a zone's answer has no extended code.
        let rcode = Rcode(reply.get(3).map_or(0, |octet| u16::from(octet & 0x0f)));
        let from = (client.addr.ip(), tcp);
        let entry = Entry::new(cell.zone_id(), ask.query, rcode, from, (self.clock)(ask.now));
        if !self.log.put(entry) {
            ask.counters.query_log_dropped.increment();
        }
    }
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

/// A question that is understood, and what its reply depends on.
pub(crate) struct Ask<'a> {
    pub(crate) query: &'a Query<'a>,
    /// Octets that the reply may have.
    pub(crate) limit: usize,
    /// UNIX seconds.
    pub(crate) now: u64,
    /// Which record of an RRset comes first, modulo their number.
    pub(crate) turn: usize,
    /// What the choices among record sets begin with.
    seed: u64,
    facts: &'a Facts,
    pub(crate) counters: &'a Counters,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(
        query: &'a Query<'a>,
        transport: Transport,
        entropy: &mut Entropy,
        now: u64,
        (facts, counters): (&'a Facts, &'a Counters),
    ) -> Ask<'a> {
        let limit = match (transport, query.edns) {
            (Transport::Tcp, _) => usize::from(u16::MAX),
            (Transport::Udp, None) => usize::from(UDP_LEAST),
            // RFC 6891 §6.2.3: sizes below 512 count as 512.
            (Transport::Udp, Some(edns)) => usize::from(edns.udp_size.clamp(UDP_LEAST, UDP_REPLY)),
        };
        let seed = entropy.draw();
        // Only the spread counts, not the width of the number.
        Ask { query, limit, now, turn: seed as u32 as usize, seed, facts, counters }
    }

    /// What chooses among record sets; `client` is what is known of the client's address, if it counts.
    pub(crate) fn chooser(&self, client: Option<Block>) -> Chooser<'a> {
        Chooser::new(self.facts, client, self.seed)
    }

    /// Completes a reply: the OPT if the query had one, the header, the counters.
    pub(crate) fn finish(
        &self,
        mut builder: Builder<'_>,
        rcode: Rcode,
        co_bit: bool,
        scope: u8,
        ede: Option<(u16, &str)>,
    ) {
        builder.set_rcode(rcode);
        if self.query.edns.is_some() {
            let do_bit = self.query.wants_dnssec();
            let subnet = self.query.subnet().given();
            // RFC 7871 §7.1.2: who gives no bit of an address wants an answer for everybody.
            let subnet = subnet.map(|subnet| (subnet, if subnet.length() == 0 { 0 } else { scope }));
            builder.opt(&Opt { udp_size: UDP_REPLY, do_bit, co_bit, subnet, ede });
        }
        builder.finish();
        count(rcode, self.counters);
    }

    /// A reply without records.
    pub(crate) fn refuse(&self, flags: Flags, ede: Option<(u16, &str)>, out: &mut Vec<u8>) -> Reply {
        out.clear();
        let builder = Builder::reply(out, self.limit, self.query, flags);
        self.finish(builder, flags.rcode, false, 0, ede);
        Reply::Send
    }
}

/// Answers `packet` into `out`, which is emptied first.
///
/// Shape:  one DNS message without TCP's length prefix, in and out; the reply is at most as long as the transport and
///         the client's EDNS size allow. `origin` is called only if a resolver has to go and ask.
pub fn answer(
    world: &World<'_>,
    packet: &[u8],
    transport: Transport,
    client: &Client,
    origin: &Origin<'_>,
    entropy: &mut Entropy,
    out: &mut Vec<u8>,
) -> Reply {
    out.clear();
    let World { view, facts, logging, now, counters } = *world;
    counters.queries.increment();
    let mut query = match Query::parse(packet) {
        Ok(query) => query,
        Err(QueryError::FormErr(head)) => return head_only(out, head, Rcode::FORMERR, counters),
        Err(QueryError::NotImp(head)) => return head_only(out, head, Rcode::NOTIMP, counters),
        Err(_) => {
            counters.dropped.increment();
            return Reply::Drop;
        }
    };
    let recursor = view.recursor();
    if recursor.is_some() {
        // What a resolver finds out, it finds out for all of its clients.
        query.forget_subnet();
    }
    let ask = Ask::new(&query, transport, entropy, now, (facts, counters));
    let flags = |rcode| Flags { rcode, ra: recursor.is_some(), ..Flags::default() };
    if let Some((rcode, error)) = fault(&query) {
        return ask.refuse(flags(rcode), error, out);
    }
    let key = Key::of_lowercase_wire(query.qname);
    if let Some(recursor) = recursor {
        return recursor.answer(view, &ask, key, transport, client, origin, out);
    }
    let Some(cell) = view.covering(&key, query.qtype) else {
        return ask.refuse(flags(Rcode::REFUSED), Some((ede::NOT_AUTHORITATIVE, "")), out);
    };
    let reply = compose(&ask, &cell.load(), &key, known_of(&query, client), out);
    if let Some(logging) = logging.filter(|_| cell.is_logged()) {
        logging.put(cell, &ask, client, transport == Transport::Tcp, out);
    }
    reply
}

/// What is known of the address of whoever the answer is for.
fn known_of(query: &Query<'_>, client: &Client) -> Block {
    // RFC 7871 §7.1.2: without a bit of it, that is the resolver.
    let told = query.subnet().given().filter(|subnet| subnet.length() > 0);
    let told = told.and_then(|subnet| Some(Block::new(subnet.address()?, subnet.length())));
    told.unwrap_or_else(|| Block::of(client.addr.ip()))
}

/// What no view answers.
fn fault(query: &Query<'_>) -> Option<(Rcode, Option<(u16, &'static str)>)> {
    // RFC 6891 §6.1.3: a version that we do not implement.
    if query.edns.is_some_and(|edns| edns.version > 0) {
        return Some((Rcode::BADVERS, None));
    }
    if *query.subnet() == Subnet::Malformed {
        // RFC 7871 §6: too few or too many octets, or bits beyond the prefix.
        return Some((Rcode::FORMERR, Some((ede::OTHER, "the client subnet is malformed"))));
    }
    match query.qtype {
        _ if query.qclass != CLASS_IN => {
            Some((Rcode::REFUSED, Some((ede::NOT_AUTHORITATIVE, "only class IN is served"))))
        }
        RrType::ANY => None,
        RrType::AXFR | RrType::IXFR => {
            Some((Rcode::REFUSED, Some((ede::NOT_SUPPORTED, "no zone transfers"))))
        }
        // RFC 9824 §3.5 MUST for NXNAME; no other meta type is a question either.
        qtype if qtype.is_meta() => Some((Rcode::FORMERR, Some((ede::INVALID_QUERY_TYPE, "")))),
        _ => None,
    }
}

fn head_only(out: &mut Vec<u8>, head: Head, rcode: Rcode, counters: &Counters) -> Reply {
    Builder::head_only(out, head, rcode);
    count(rcode, counters);
    Reply::Send
}

fn count(rcode: Rcode, counters: &Counters) {
    let counter = match rcode {
        Rcode::NOERROR => &counters.answers_noerror,
        Rcode::FORMERR => &counters.answers_formerr,
        Rcode::SERVFAIL => &counters.answers_servfail,
        Rcode::NXDOMAIN => &counters.answers_nxdomain,
        Rcode::NOTIMP => &counters.answers_notimp,
        Rcode::REFUSED => &counters.answers_refused,
        Rcode::BADVERS => &counters.answers_badvers,
        _ => &counters.answers_other,
    };
    counter.increment();
}
