//! The full parse of a message: names decompressed, records grouped into RRsets.
//!
//! For: the resolver, Python, and tests; it owns what it returns.
//! Not for: the query path; that is `query`.
//! Limits: class IN, records of other classes are left out; octets after the message are ignored, as other resolvers
//! do. A truncated (TC) message may end inside a record: what is whole before that is given.

use std::collections::{HashMap, HashSet};

use crate::key::Key;
use crate::name::{MAX_NAME, Name};
use crate::octets::Reader;
use crate::query::{Edns, HEADER};
use crate::rrset::RRset;
use crate::rrtype::{CLASS_IN, RrType};

/// A parsed message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The message's number.
    pub id: u16,
    /// Is it a reply?
    pub qr: bool,
    /// 0 is QUERY.
    pub opcode: u8,
    /// Authoritative answer.
    pub aa: bool,
    /// Truncated.
    pub tc: bool,
    /// Recursion desired.
    pub rd: bool,
    /// Recursion available.
    pub ra: bool,
    /// Authentic data.
    pub ad: bool,
    /// Checking disabled.
    pub cd: bool,
    /// The extended response code: four bits of the header, eight of the OPT.
    pub rcode: u16,
    /// Name, type and class that were asked for.
    pub question: Option<(Name, RrType, u16)>,
    /// Grouped by owner and type, in the order of first appearance; the TTL is the smallest of the group.
    pub answer: Vec<RRset>,
    /// As `answer`.
    pub authority: Vec<RRset>,
    /// As `answer`, without the OPT.
    pub additional: Vec<RRset>,
    /// The OPT record.
    pub edns: Option<Edns>,
    /// Extended DNS errors: info code and extra text (RFC 8914 §2).
    pub edes: Vec<(u16, String)>,
}

/// Why some octets are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Shorter than a header, or it ends inside a record without TC.
    #[error("the message is truncated")]
    Truncated,
    /// More than one question.
    #[error("the message has more than one question")]
    Questions,
    /// A name with a reserved label type or more than 255 octets.
    #[error("the message holds a bad name")]
    BadName,
    /// A compression pointer that does not go backwards, or too many of them.
    #[error("the message holds a bad compression pointer")]
    BadPointer,
    /// RDATA that is not what its type says.
    #[error("the message holds malformed RDATA")]
    BadRdata,
    /// A second OPT, or one that is malformed or out of place.
    #[error("the message holds a malformed OPT record")]
    BadOpt,
}

impl Message {
    /// Parses a whole packet (without a TCP length prefix).
    pub fn parse(packet: &[u8]) -> Result<Message, ParseError> {
        let mut reader = Reader::new(packet);
        let (Some(id), Some([flags, flags2])) = (reader.u16(), reader.array::<2>()) else {
            return Err(ParseError::Truncated);
        };
        let mut counts = [0u16; 4];
        for count in &mut counts {
            *count = reader.u16().ok_or(ParseError::Truncated)?;
        }
        let [questions, records @ ..] = counts;
        let mut message = Message {
            id,
            qr: flags & 0x80 != 0,
            opcode: (flags >> 3) & 0x0f,
            aa: flags & 0x04 != 0,
            tc: flags & 0x02 != 0,
            rd: flags & 0x01 != 0,
            ra: flags2 & 0x80 != 0,
            ad: flags2 & 0x20 != 0,
            cd: flags2 & 0x10 != 0,
            rcode: u16::from(flags2 & 0x0f),
            ..Message::default()
        };
        let mut parser = Parser { packet, reader };
        match questions {
            0 => {}
            1 => message.question = Some(parser.question()?),
            _ => return Err(ParseError::Questions),
        }
        let [answers, authorities, additionals] = records;
        let result = message.parse_sections(&mut parser, [answers, authorities, additionals]);
        match result {
            // RFC 2181 §9: a truncated message may have been cut anywhere.
            Err(ParseError::Truncated) if message.tc => {}
            other => other?,
        }
        Ok(message)
    }

    fn parse_sections(&mut self, parser: &mut Parser<'_>, counts: [u16; 3]) -> Result<(), ParseError> {
        for (section, count) in counts.into_iter().enumerate() {
            let mut groups = Groups::default();
            let mut result = Ok(());
            for _ in 0..count {
                result = parser.record().and_then(|record| match record {
                    Record { rtype: RrType::OPT, .. } => self.set_opt(section, &record),
                    Record { class: CLASS_IN, .. } => {
                        groups.add(record);
                        Ok(())
                    }
                    _ => Ok(()),
                });
                if result.is_err() {
                    break;
                }
            }
            let rrsets = groups.finish();
            match section {
                0 => self.answer = rrsets,
                1 => self.authority = rrsets,
                _ => self.additional = rrsets,
            }
            result?;
        }
        Ok(())
    }

    fn set_opt(&mut self, section: usize, record: &Record) -> Result<(), ParseError> {
        // RFC 6891 §6.1.1: one OPT, in the additional section, at the root.
        if section != 2 || self.edns.is_some() || !record.owner.is_root() {
            return Err(ParseError::BadOpt);
        }
        let edns = Edns::parse(record.class, record.ttl, &record.rdata).ok_or(ParseError::BadOpt)?;
        let [high, ..] = record.ttl.to_be_bytes();
        self.rcode |= u16::from(high) << 4;
        self.edns = Some(edns);
        let mut options = Reader::new(&record.rdata);
        while let (Some(code), Some(len)) = (options.u16(), options.u16()) {
            let Some(data) = options.take(usize::from(len)) else { break };
            if let (15, Some((info, text))) = (code, data.split_first_chunk::<2>()) {
                // RFC 8914 §2: UTF-8, perhaps ended by NUL; shown, never decided upon.
                let text = String::from_utf8_lossy(text);
                self.edes.push((u16::from_be_bytes(*info), text.trim_end_matches('\0').to_owned()));
            }
        }
        Ok(())
    }
}

struct Record {
    owner: Name,
    rtype: RrType,
    class: u16,
    ttl: u32,
    rdata: Box<[u8]>,
}

struct Parser<'a> {
    packet: &'a [u8],
    reader: Reader<'a>,
}

// No name needs more pointers than it has labels; one that does is built to cost us time.
const MAX_POINTERS: usize = 127;

impl Parser<'_> {
    fn question(&mut self) -> Result<(Name, RrType, u16), ParseError> {
        let name = self.name()?;
        let rtype = self.reader.u16().ok_or(ParseError::Truncated)?;
        let class = self.reader.u16().ok_or(ParseError::Truncated)?;
        Ok((name, RrType(rtype), class))
    }

    fn record(&mut self) -> Result<Record, ParseError> {
        let owner = self.name()?;
        let rtype = RrType(self.reader.u16().ok_or(ParseError::Truncated)?);
        let class = self.reader.u16().ok_or(ParseError::Truncated)?;
        let ttl = self.reader.u32().ok_or(ParseError::Truncated)?;
        let len = usize::from(self.reader.u16().ok_or(ParseError::Truncated)?);
        let start = self.reader.position();
        let octets = self.reader.take(len).ok_or(ParseError::Truncated)?;
        let rdata = if class == CLASS_IN { self.rdata(rtype, start, octets)? } else { octets.into() };
        // RFC 2181 §8: a TTL with the top bit set counts as zero. An OPT's is no TTL.
        let ttl = if rtype != RrType::OPT && ttl > i32::MAX as u32 { 0 } else { ttl };
        Ok(Record { owner, rtype, class, ttl, rdata })
    }

    /// RDATA with its names decompressed. `start` is where `octets` stand in the packet.
    fn rdata(&self, rtype: RrType, start: usize, octets: &[u8]) -> Result<Box<[u8]>, ParseError> {
        // RFC 3597 §4: the types of RFC 1035 may be compressed; RP, AFSDB, RT, SIG, PX, NXT, NAPTR, SRV are
        // decompressed too, since old senders did. KX and DNAME are read for the check of their names.
        // (Octets before the names, names, octets after them; None: any number.)
        let (before, names, after) = match rtype {
            RrType::NS
            | RrType::CNAME
            | RrType::PTR
            | RrType::MB
            | RrType::MD
            | RrType::MF
            | RrType::MG
            | RrType::MR
            | RrType::DNAME => (0, 1, Some(0)),
            RrType::MX | RrType::AFSDB | RrType::RT | RrType::KX => (2, 1, Some(0)),
            RrType::MINFO | RrType::RP => (0, 2, Some(0)),
            RrType::PX => (2, 2, Some(0)),
            RrType::SRV => (6, 1, Some(0)),
            RrType::SOA => (0, 2, Some(20)),
            RrType::SIG => (18, 1, None),
            RrType::NXT => (0, 1, None),
            RrType::NAPTR => (naptr_head(octets).ok_or(ParseError::BadRdata)?, 1, Some(0)),
            RrType::A if octets.len() != 4 => return Err(ParseError::BadRdata),
            RrType::AAAA if octets.len() != 16 => return Err(ParseError::BadRdata),
            _ => return Ok(octets.into()),
        };
        let mut rdata = octets.get(..before).ok_or(ParseError::BadRdata)?.to_vec();
        let mut at = start + before;
        let end = start + octets.len();
        for _ in 0..names {
            let mut name = NameBuf::default();
            at = read_name(self.packet, at, &mut name)?;
            rdata.extend_from_slice(name.as_slice());
        }
        // A name must not reach beyond its RDATA.
        let rest = self.packet.get(at..end).ok_or(ParseError::BadRdata)?;
        if after.is_some_and(|after| rest.len() != after) {
            return Err(ParseError::BadRdata);
        }
        rdata.extend_from_slice(rest);
        if rdata.len() > usize::from(u16::MAX) {
            return Err(ParseError::BadRdata);
        }
        Ok(rdata.into_boxed_slice())
    }

    fn name(&mut self) -> Result<Name, ParseError> {
        let mut name = NameBuf::default();
        let start = self.reader.position();
        let end = read_name(self.packet, start, &mut name)?;
        self.reader.take(end - start).ok_or(ParseError::Truncated)?;
        Name::from_wire(name.as_slice()).map_err(|_| ParseError::BadName)
    }
}

struct NameBuf {
    octets: [u8; MAX_NAME],
    len: usize,
}

impl Default for NameBuf {
    fn default() -> NameBuf {
        NameBuf { octets: [0; MAX_NAME], len: 0 }
    }
}

impl NameBuf {
    fn as_slice(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, octets: &[u8]) -> Result<(), ParseError> {
        let end = self.len + octets.len();
        self.octets.get_mut(self.len..end).ok_or(ParseError::BadName)?.copy_from_slice(octets);
        self.len = end;
        Ok(())
    }
}

/// Reads the name at `start`, following pointers. Gives where the octets after it begin.
fn read_name(packet: &[u8], start: usize, name: &mut NameBuf) -> Result<usize, ParseError> {
    let mut at = start;
    // RFC 1035 §4.1.4: a pointer goes to a prior occurrence, so each has to lead before all that was read.
    let mut lowest = start;
    let mut end = None;
    let mut pointers = 0;
    loop {
        let len = *packet.get(at).ok_or(ParseError::Truncated)?;
        match len {
            0 => {
                name.push(&[0])?;
                return Ok(end.unwrap_or(at + 1));
            }
            1..=0x3f => {
                let next = at + 1 + usize::from(len);
                name.push(packet.get(at..next).ok_or(ParseError::Truncated)?)?;
                at = next;
            }
            0xc0.. => {
                let low = *packet.get(at + 1).ok_or(ParseError::Truncated)?;
                let target = usize::from(u16::from_be_bytes([len & 0x3f, low]));
                pointers += 1;
                if target >= lowest || target < HEADER || pointers > MAX_POINTERS {
                    return Err(ParseError::BadPointer);
                }
                end.get_or_insert(at + 2);
                lowest = target;
                at = target;
            }
            _ => return Err(ParseError::BadName),
        }
    }
}

/// Octets of a NAPTR before its name: two numbers and three strings (RFC 3403 §4.1).
fn naptr_head(octets: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(octets);
    reader.take(4)?;
    for _ in 0..3 {
        let len = reader.u8()?;
        reader.take(usize::from(len))?;
    }
    Some(reader.position())
}

/// Collects records of one section.
#[derive(Default)]
struct Groups {
    rrsets: Vec<RRset>,
    // Only once there are so many that a search from the start would cost.
    index: HashMap<(Key, RrType), usize>,
}

const FEW: usize = 16;

impl Groups {
    fn add(&mut self, record: Record) {
        let Record { owner, rtype, ttl, rdata, .. } = record;
        let found = if self.rrsets.len() < FEW {
            self.rrsets.iter().position(|rrset| rrset.rtype == rtype && rrset.owner == owner)
        } else {
            if self.index.is_empty() {
                let keys = self.rrsets.iter().map(|rrset| (rrset.owner.key(), rrset.rtype));
                self.index = keys.zip(0..).collect();
            }
            self.index.get(&(owner.key(), rtype)).copied()
        };
        if let Some(rrset) = found.and_then(|at| self.rrsets.get_mut(at)) {
            // RFC 2181 §5.2: differing TTLs in an RRset count as the lowest.
            rrset.ttl = rrset.ttl.min(ttl);
            rrset.rdatas.push(rdata);
            return;
        }
        if !self.index.is_empty() {
            self.index.insert((owner.key(), rtype), self.rrsets.len());
        }
        self.rrsets.push(RRset { owner, rtype, ttl, rdatas: vec![rdata] });
    }

    fn finish(mut self) -> Vec<RRset> {
        for rrset in self.rrsets.iter_mut().filter(|rrset| rrset.rdatas.len() > 1) {
            // RFC 2181 §5: an RRset has no two equal records.
            let seen: HashSet<&[u8]> = rrset.rdatas.iter().map(|rdata| &**rdata).collect();
            if seen.len() != rrset.rdatas.len() {
                let mut seen = HashSet::new();
                rrset.rdatas.retain(|rdata| seen.insert(rdata.clone()));
            }
        }
        self.rrsets
    }
}
