//! The fast, borrowed parse of a request.
//!
//! For: the query path. One pass, no allocation; the question is borrowed from the packet.
//! Not for: replies and anything that needs all records; that is `message`.
//! Limits: one question (RFC 9619 §4), its name uncompressed; records besides the OPT are stepped over unread.

use crate::name::wire_len;
use crate::octets::Reader;
use crate::rrtype::RrType;
use crate::subnet::{self, Subnet};

/// The octets of a message header.
pub(crate) const HEADER: usize = 12;
const QR: u8 = 0x80;
const RD: u8 = 0x01;
const AD: u8 = 0x20;
const CD: u8 = 0x10;

/// A request whose question we understand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    /// To be repeated in the reply.
    pub id: u16,
    /// Always 0 (QUERY); others are `QueryError::NotImp`.
    pub opcode: u8,
    /// Recursion desired.
    pub rd: bool,
    /// Checking disabled (RFC 4035 §3.2.2).
    pub cd: bool,
    /// The client understands the AD bit (RFC 6840 §5.7).
    pub ad: bool,
    /// The name as sent: uncompressed wire octets, the case kept.
    pub qname: &'a [u8],
    /// The type asked for.
    pub qtype: RrType,
    /// The class asked for.
    pub qclass: u16,
    /// Name, type and class as sent, to be repeated in the reply.
    pub question: &'a [u8],
    /// The OPT record, if there is one.
    pub edns: Option<Edns>,
}

/// A query that outlives its packet, of which it keeps the question alone: at most 259 octets.
#[derive(Clone, Debug)]
pub struct KeptQuery {
    head: Head,
    ad: bool,
    question: Box<[u8]>,
    qtype: RrType,
    qclass: u16,
    edns: Option<Edns>,
}

impl KeptQuery {
    /// The query as it was parsed.
    pub fn as_query(&self) -> Query<'_> {
        let KeptQuery { head: Head { id, opcode, rd, cd }, ad, ref question, qtype, qclass, edns } = *self;
        // Type and class take the last four octets.
        let qname = question.split_last_chunk::<4>().map_or(&[][..], |(qname, _)| qname);
        Query { id, opcode, rd, cd, ad, qname, qtype, qclass, question, edns }
    }
}

/// The little that a reply without a question needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// To be repeated.
    pub id: u16,
    /// To be repeated.
    pub opcode: u8,
    /// To be repeated.
    pub rd: bool,
    /// To be repeated.
    pub cd: bool,
}

/// An OPT record (RFC 6891 §6.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edns {
    /// The largest UDP payload that the sender takes, in octets.
    pub udp_size: u16,
    /// 0 is the only version there is.
    pub version: u8,
    /// DNSSEC answer OK (RFC 3225 §3).
    pub do_bit: bool,
    /// Compact answers OK (RFC 9824 §5.1).
    pub co_bit: bool,
    /// The client's address, as far as a resolver tells it.
    pub subnet: Subnet,
}

/// Why a packet is not a request to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// Shorter than a header, or itself a reply: answering it could make a loop. Send nothing.
    #[error("not a request")]
    Drop,
    /// Answer FORMERR.
    #[error("the request is malformed")]
    FormErr(Head),
    /// Another opcode than QUERY. Answer NOTIMP.
    #[error("the opcode is not served")]
    NotImp(Head),
}

impl<'a> Query<'a> {
    /// Parses a whole packet (without a TCP length prefix).
    pub fn parse(packet: &'a [u8]) -> Result<Query<'a>, QueryError> {
        let mut reader = Reader::new(packet);
        let (Some(id), Some([flags, flags2]), Some(counts)) =
            (reader.u16(), reader.array::<2>(), reader.array::<8>())
        else {
            return Err(QueryError::Drop);
        };
        if flags & QR != 0 {
            return Err(QueryError::Drop);
        }
        let head = Head { id, opcode: (flags >> 3) & 0x0f, rd: flags & RD != 0, cd: flags2 & CD != 0 };
        if head.opcode != 0 {
            return Err(QueryError::NotImp(head));
        }
        let [qd0, qd1, an0, an1, ns0, ns1, ar0, ar1] = counts;
        // RFC 9619 §4: a QUERY with a QDCOUNT other than 1 is a format error (0 would be legal only to be refused).
        if (qd0, qd1) != (0, 1) {
            return Err(QueryError::FormErr(head));
        }
        let passed = u32::from(u16::from_be_bytes([an0, an1])) + u32::from(u16::from_be_bytes([ns0, ns1]));
        let additional = u16::from_be_bytes([ar0, ar1]);
        Query::parse_body(&mut reader, head, flags2 & AD != 0, passed, additional)
            .ok_or(QueryError::FormErr(head))
    }

    fn parse_body(
        reader: &mut Reader<'a>,
        head: Head,
        ad: bool,
        passed: u32,
        additional: u16,
    ) -> Option<Query<'a>> {
        let body = reader.rest();
        // Nothing precedes the first name that a pointer could point to, so it has to be whole.
        let qname = reader.take(wire_len(body).ok()?)?;
        let qtype = RrType(reader.u16()?);
        let qclass = reader.u16()?;
        let question = body.get(..qname.len() + 4)?;
        let mut edns = None;
        for _ in 0..passed {
            if read_record(reader)?.rtype == RrType::OPT {
                return None;
            }
        }
        for _ in 0..additional {
            let record = read_record(reader)?;
            if record.rtype == RrType::OPT {
                // RFC 6891 §6.1.1: more than one OPT is a FORMERR; §6.1.2: its owner is the root.
                if edns.is_some() || !record.at_root {
                    return None;
                }
                edns = Some(Edns::parse(record.class, record.ttl, record.rdata)?);
            }
        }
        if !reader.is_empty() {
            return None;
        }
        let Head { id, opcode, rd, cd } = head;
        Some(Query { id, opcode, rd, cd, ad, qname, qtype, qclass, question, edns })
    }

    /// The head, for a reply that leaves the question out.
    pub fn head(&self) -> Head {
        Head { id: self.id, opcode: self.opcode, rd: self.rd, cd: self.cd }
    }

    /// The same query, without the packet.
    pub fn to_kept(&self) -> KeptQuery {
        let Query { ad, question, qtype, qclass, edns, .. } = *self;
        KeptQuery { head: self.head(), ad, question: question.into(), qtype, qclass, edns }
    }

    /// What the query has of the client subnet option.
    pub fn subnet(&self) -> &Subnet {
        self.edns.as_ref().map_or(&Subnet::Absent, |edns| &edns.subnet)
    }

    /// Forgets that option, for servers that do not read it.
    pub fn forget_subnet(&mut self) {
        if let Some(edns) = &mut self.edns {
            edns.subnet = Subnet::Absent;
        }
    }

    /// Does the client want DNSSEC records (RFC 3225 §3)?
    pub fn wants_dnssec(&self) -> bool {
        self.edns.is_some_and(|edns| edns.do_bit)
    }
}

struct Record<'a> {
    at_root: bool,
    rtype: RrType,
    class: u16,
    ttl: u32,
    rdata: &'a [u8],
}

fn read_record<'a>(reader: &mut Reader<'a>) -> Option<Record<'a>> {
    let start = reader.position();
    skip_name(reader)?;
    let at_root = reader.position() == start + 1;
    let rtype = RrType(reader.u16()?);
    let class = reader.u16()?;
    let ttl = reader.u32()?;
    let len = reader.u16()?;
    Some(Record { at_root, rtype, class, ttl, rdata: reader.take(usize::from(len))? })
}

/// Steps over a name that may end in a pointer, without following it.
fn skip_name(reader: &mut Reader<'_>) -> Option<()> {
    let start = reader.position();
    loop {
        match reader.u8()? {
            0 => return Some(()),
            len @ 1..=0x3f => reader.take(usize::from(len))?,
            0xc0.. => return reader.u8().map(|_| ()),
            _ => return None,
        };
        if reader.position() - start >= crate::name::MAX_NAME {
            return None;
        }
    }
}

impl Edns {
    /// Reads an OPT from its class, TTL and RDATA; `None` if an option is malformed.
    pub(crate) fn parse(class: u16, ttl: u32, rdata: &[u8]) -> Option<Edns> {
        let [_, version, flags, _] = ttl.to_be_bytes();
        let (do_bit, co_bit) = (flags & 0x80 != 0, flags & 0x40 != 0);
        let mut edns = Edns { udp_size: class, version, do_bit, co_bit, subnet: Subnet::Absent };
        // RFC 6891 §6.1.3: what follows is version 0's; of any other version just the number counts.
        if version != 0 {
            return Some(edns);
        }
        // RFC 6891 §6.1.2: options that we do not know are ignored, but for that they have to be whole.
        let mut options = Reader::new(rdata);
        while !options.is_empty() {
            let code = options.u16()?;
            let len = options.u16()?;
            let data = options.take(usize::from(len))?;
            if code == subnet::OPTION {
                edns.subnet = edns.subnet.read(data);
            }
        }
        Some(edns)
    }
}
