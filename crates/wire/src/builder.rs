//! Writes a reply into a buffer that the caller owns and reuses.
//!
//! For: the query path and the resolver's questions. Names are compressed (RFC 1035 §4.1.4): owners, and the names
//! in the RDATA of the RFC 1035 types (RFC 3597 §4: no others).
//! Not for: deciding what goes into a reply.
//! Limits: a message never grows beyond its limit: what does not fit is taken back and reported as `Full`.
//! At most 32 places to point to are remembered; names after that are compressed against those.

use crate::name::{Name, Suffixes, equal_wire, wire_len};
use crate::query::{HEADER, Head, Query};
use crate::rrtype::{CLASS_IN, Rcode, RrType};
use crate::subnet::{self, ClientSubnet};

/// The section of a message (RFC 1035 §4.1). Records are written in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Answers.
    Answer,
    /// SOA, NS and proofs.
    Authority,
    /// Addresses, and the OPT.
    Additional,
}

/// The flags of a reply that the query does not decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Authoritative answer.
    pub aa: bool,
    /// Recursion available.
    pub ra: bool,
    /// Authentic data.
    pub ad: bool,
    /// The response code; above 15 it needs an OPT.
    pub rcode: Rcode,
}

/// The record does not fit below the limit; nothing of it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is full")]
pub struct Full;

/// The OPT of a reply.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opt<'a> {
    /// The largest UDP payload that we take, in octets.
    pub udp_size: u16,
    /// Copied from the query (RFC 3225 §3).
    pub do_bit: bool,
    /// Compact answers OK (RFC 9824 §5.1).
    pub co_bit: bool,
    /// The query's client subnet, with how many bits of it the answer depends on (RFC 7871 §7.2.1).
    pub subnet: Option<(&'a ClientSubnet, u8)>,
    /// An extended DNS error: info code and extra text (RFC 8914 §2).
    pub ede: Option<(u16, &'a str)>,
}

/// Where a message stood, to go back to.
#[derive(Clone, Copy, Debug)]
pub struct Checkpoint {
    len: usize,
    counts: [u16; 3],
    targets: usize,
}

/// A reply in the making. `finish` completes it; dropped before that it leaves a header without counts.
#[derive(Debug)]
pub struct Builder<'b> {
    buf: &'b mut Vec<u8>,
    base: usize,
    limit: usize,
    // Octets below the limit that only the OPT may use.
    reserved: usize,
    flags: Flags,
    tc: bool,
    questions: u16,
    counts: [u16; 3],
    targets: Targets,
    after_question: Checkpoint,
}

// Fixed octets of an OPT, and of any record after its owner.
const OPT_LEN: usize = 11;
const QNAME_POINTER: [u8; 2] = [0xc0, 0x0c];

impl<'b> Builder<'b> {
    /// Starts the reply to `query` at the end of `buf`: header and question, which count towards `limit`.
    ///
    /// `limit` is in octets. If the query has an OPT, room for ours is kept free.
    pub fn reply(buf: &'b mut Vec<u8>, limit: usize, query: &Query<'_>, flags: Flags) -> Builder<'b> {
        let mut builder = Builder::start(buf, limit, query.head(), flags);
        let reserved = query.edns.as_ref().map_or(0, |edns| OPT_LEN + edns.subnet.reply_len());
        if HEADER + query.question.len() + reserved <= builder.limit {
            builder.reserved = reserved;
            builder.buf.extend_from_slice(query.question);
            builder.questions = 1;
            builder.targets.add_suffixes(query.qname, HEADER);
        }
        builder.after_question = builder.checkpoint();
        builder
    }

    /// Writes a whole reply of just a header, for a request without a question that we understand.
    pub fn head_only(buf: &mut Vec<u8>, head: Head, rcode: Rcode) -> usize {
        Builder::start(buf, HEADER, head, Flags { rcode, ..Flags::default() }).finish()
    }

    fn start(buf: &'b mut Vec<u8>, limit: usize, head: Head, flags: Flags) -> Builder<'b> {
        let base = buf.len();
        let [id0, id1] = head.id.to_be_bytes();
        // RFC 4035 §3.1.6, §3.2.2: CD is copied into the reply.
        let octet2 = 0x80 | ((head.opcode & 0x0f) << 3) | u8::from(head.rd);
        let octet3 = u8::from(head.cd) << 4;
        buf.extend_from_slice(&[id0, id1, octet2, octet3, 0, 0, 0, 0, 0, 0, 0, 0]);
        let after_question = Checkpoint { len: base + HEADER, counts: [0; 3], targets: 0 };
        Builder {
            buf,
            base,
            limit: limit.clamp(HEADER, usize::from(u16::MAX)),
            reserved: 0,
            flags,
            tc: false,
            questions: 0,
            counts: [0; 3],
            targets: Targets::default(),
            after_question,
        }
    }

    /// Sets the response code.
    pub fn set_rcode(&mut self, rcode: Rcode) {
        self.flags.rcode = rcode;
    }

    /// Sets or clears the AD bit.
    pub fn set_ad(&mut self, ad: bool) {
        self.flags.ad = ad;
    }

    /// Sets or clears the AA bit.
    pub fn set_aa(&mut self, aa: bool) {
        self.flags.aa = aa;
    }

    /// Octets written so far; never 0, as there is a header.
    #[expect(clippy::len_without_is_empty, reason = "it would always say no")]
    pub fn len(&self) -> usize {
        self.buf.len() - self.base
    }

    /// Where the message stands.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { len: self.buf.len(), counts: self.counts, targets: self.targets.len }
    }

    /// Takes back everything after `checkpoint`, which is this message's.
    pub fn rollback(&mut self, checkpoint: Checkpoint) {
        self.buf.truncate(checkpoint.len);
        self.counts = checkpoint.counts;
        self.targets.len = checkpoint.targets;
    }

    /// Takes back everything after the question and sets TC (RFC 2181 §9). The OPT is still to come.
    pub fn truncate(&mut self) {
        self.rollback(self.after_question);
        self.tc = true;
    }

    /// Sets TC and keeps what there is.
    pub fn set_tc(&mut self) {
        self.tc = true;
    }

    /// Writes one record of class IN. `owner` is an uncompressed wire name, `rdata` uncompressed wire octets.
    pub fn record(
        &mut self,
        section: Section,
        owner: &[u8],
        rtype: RrType,
        ttl: u32,
        rdata: &[u8],
    ) -> Result<(), Full> {
        let before = self.checkpoint();
        // Even compressed, nothing is shorter than its owner's pointer or root, the fixed part and opaque RDATA.
        if self.buf.len() - self.base + 11 > self.limit.saturating_sub(self.reserved) {
            return Err(Full);
        }
        self.put_name(owner);
        let [t0, t1] = rtype.0.to_be_bytes();
        let [c0, c1] = CLASS_IN.to_be_bytes();
        let [s0, s1, s2, s3] = ttl.to_be_bytes();
        self.buf.extend_from_slice(&[t0, t1, c0, c1, s0, s1, s2, s3, 0, 0]);
        let start = self.buf.len();
        self.put_rdata(rtype, rdata);
        let fits = self.len() + self.reserved <= self.limit;
        let len = u16::try_from(self.buf.len() - start);
        match (fits, len, self.count(section).and_then(|count| count.checked_add(1))) {
            (true, Ok(len), Some(count)) => {
                self.patch(start - 2, len.to_be_bytes());
                if let Some(slot) = self.counts.get_mut(section as usize) {
                    *slot = count;
                }
                Ok(())
            }
            _ => {
                self.rollback(before);
                Err(Full)
            }
        }
    }

    /// Writes all records of an RRset, or none, beginning with the one at `first` modulo their number, then around.
    pub fn rrset<'r>(
        &mut self,
        section: Section,
        owner: &[u8],
        rtype: RrType,
        ttl: u32,
        rdatas: impl Iterator<Item = &'r [u8]> + Clone,
        first: usize,
    ) -> Result<(), Full> {
        let before = self.checkpoint();
        let count = rdatas.clone().count();
        let skip = first.checked_rem(count).unwrap_or(0);
        for rdata in rdatas.cycle().skip(skip).take(count) {
            if let Err(full) = self.record(section, owner, rtype, ttl, rdata) {
                self.rollback(before);
                return Err(full);
            }
        }
        Ok(())
    }

    /// Writes the OPT, once and after all other records; it also carries the high bits of the response code. Of an EDE
    /// that does not fit the text is left out first.
    pub fn opt(&mut self, opt: &Opt<'_>) {
        self.reserved = 0;
        if self.len() + OPT_LEN > self.limit {
            return;
        }
        let [u0, u1] = opt.udp_size.to_be_bytes();
        let high = u8::try_from(self.flags.rcode.0 >> 4).unwrap_or(u8::MAX);
        let flags = (u8::from(opt.do_bit) << 7) | (u8::from(opt.co_bit) << 6);
        // RFC 6891 §6.1.2, §6.1.3: root, type 41, UDP size, extended RCODE, version 0, flags, RDLENGTH.
        self.buf.extend_from_slice(&[0, 0, 41, u0, u1, high, 0, flags, 0, 0, 0]);
        let start = self.buf.len();
        if let Some((subnet, scope)) = opt.subnet {
            let (head, address) = subnet.reply(scope);
            self.put_option(subnet::OPTION, &[&head, address]);
        }
        if let Some((code, text)) = opt.ede {
            let code = code.to_be_bytes();
            if !self.put_option(15, &[&code, text.as_bytes()]) {
                self.put_option(15, &[&code]);
            }
        }
        // put_option keeps the sum below the limit, which is below 65536.
        let len = u16::try_from(self.buf.len() - start).unwrap_or(0);
        self.patch(start - 2, len.to_be_bytes());
        let [_, _, additional] = &mut self.counts;
        *additional = additional.saturating_add(1);
    }

    /// Completes the header. Gives the message's length in octets.
    pub fn finish(self) -> usize {
        let Builder { buf, base, flags, tc, questions, counts, .. } = self;
        if let Some(header) = buf.get_mut(base..).and_then(|message| message.first_chunk_mut::<HEADER>()) {
            let [_, _, octet2, octet3, tail @ ..] = header;
            *octet2 |= (u8::from(flags.aa) << 2) | (u8::from(tc) << 1);
            *octet3 |= (u8::from(flags.ra) << 7) | (u8::from(flags.ad) << 5) | (flags.rcode.0 & 0x0f) as u8;
            let [an, ns, ar] = counts;
            for (slot, octet) in
                tail.iter_mut().zip([questions, an, ns, ar].into_iter().flat_map(u16::to_be_bytes))
            {
                *slot = octet;
            }
        }
        buf.len() - base
    }

    fn count(&self, section: Section) -> Option<u16> {
        self.counts.get(section as usize).copied()
    }

    fn patch(&mut self, at: usize, octets: [u8; 2]) {
        if let Some(slot) = self.buf.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<2>()) {
            *slot = octets;
        }
    }

    fn put_option(&mut self, code: u16, parts: &[&[u8]]) -> bool {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let Ok(len16) = u16::try_from(len) else { return false };
        if self.len() + 4 + len > self.limit {
            return false;
        }
        self.buf.extend_from_slice(&code.to_be_bytes());
        self.buf.extend_from_slice(&len16.to_be_bytes());
        for part in parts {
            self.buf.extend_from_slice(part);
        }
        true
    }

    fn put_name(&mut self, name: &[u8]) {
        let message = self.buf.get(self.base..).unwrap_or_default();
        // The common case: the owner is the name that was asked for, at offset 12.
        if self.questions == 1 && name.len() > 1 && is_qname(message, name) {
            self.buf.extend_from_slice(&QNAME_POINTER);
            return;
        }
        let start = message.len();
        let mut at = 0;
        for suffix in Suffixes(name) {
            // A pointer to a root label would be longer than the label.
            if suffix.len() <= 1 {
                break;
            }
            let message = self.buf.get(self.base..).unwrap_or_default();
            if let Some(target) = self.targets.find(message, suffix) {
                self.targets.add_some(name, start, at);
                self.buf.extend_from_slice(name.get(..at).unwrap_or_default());
                self.buf.extend_from_slice(&(0xc000 | target).to_be_bytes());
                return;
            }
            at = name.len() - suffix.len() + 1 + usize::from(suffix.first().copied().unwrap_or(0));
        }
        self.targets.add_some(name, start, at);
        self.buf.extend_from_slice(name);
    }

    fn put_rdata(&mut self, rtype: RrType, rdata: &[u8]) {
        // RFC 3597 §4: only the types of RFC 1035 §3.3 may have compressed names.
        let (before, names) = match rtype {
            RrType::NS
            | RrType::CNAME
            | RrType::PTR
            | RrType::MB
            | RrType::MD
            | RrType::MF
            | RrType::MG
            | RrType::MR => (0, 1),
            RrType::MX => (2, 1),
            RrType::SOA | RrType::MINFO => (0, 2),
            _ => (0, 0),
        };
        let Some((fixed, mut rest)) = rdata.split_at_checked(before) else {
            self.buf.extend_from_slice(rdata);
            return;
        };
        self.buf.extend_from_slice(fixed);
        for _ in 0..names {
            let Some((name, after)) = wire_len(rest).ok().and_then(|len| rest.split_at_checked(len)) else {
                break;
            };
            self.put_name(name);
            rest = after;
        }
        self.buf.extend_from_slice(rest);
    }
}

/// Is `name` the question's name, which stands whole at offset 12?
fn is_qname(message: &[u8], name: &[u8]) -> bool {
    message
        .get(HEADER..HEADER + name.len())
        // The root label at the end makes sure that the question's name is not longer.
        .is_some_and(|qname| equal_wire(qname, name))
}

/// Where names stand whole in the message, or up to a pointer.
#[derive(Debug, Default)]
struct Targets {
    places: [Target; 32],
    len: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Target {
    // From the start of the message; below 0x4000.
    offset: u16,
    // Octets of the name when uncompressed: a cheap first comparison.
    name_len: u16,
}

impl Targets {
    /// Remembers every suffix of `name`, which is about to stand at `start`.
    fn add_suffixes(&mut self, name: &[u8], start: usize) {
        self.add_some(name, start, name.len().saturating_sub(1));
    }

    /// Remembers the suffixes of `name` that begin before its octet `end`.
    fn add_some(&mut self, name: &[u8], start: usize, end: usize) {
        for suffix in Suffixes(name) {
            let at = name.len() - suffix.len();
            // RFC 1035 §4.1.4: a pointer has 14 bits.
            if at >= end || suffix.len() <= 1 || start + at >= 0x4000 {
                return;
            }
            let Some(place) = self.places.get_mut(self.len) else { return };
            let (Ok(offset), Ok(name_len)) = (u16::try_from(start + at), u16::try_from(suffix.len())) else {
                return;
            };
            *place = Target { offset, name_len };
            self.len += 1;
        }
    }

    fn find(&self, message: &[u8], name: &[u8]) -> Option<u16> {
        self.places
            .iter()
            .take(self.len)
            .find(|place| {
                usize::from(place.name_len) == name.len()
                    && stands_at(message, usize::from(place.offset), name)
            })
            .map(|place| place.offset)
    }
}

/// Does `name` stand at `offset` of the message, which we wrote ourselves, so pointers go backwards?
fn stands_at(message: &[u8], mut offset: usize, mut name: &[u8]) -> bool {
    while let Some((&len, rest)) = name.split_first() {
        let mut here = message.get(offset..).unwrap_or_default();
        while let [high, low, ..] = here {
            if *high < 0xc0 {
                break;
            }
            let target = usize::from(u16::from_be_bytes([high & 0x3f, *low]));
            if target >= offset {
                return false;
            }
            offset = target;
            here = message.get(offset..).unwrap_or_default();
        }
        let whole = 1 + usize::from(len);
        let (Some(ours), Some(theirs)) = (name.get(..whole), here.get(..whole)) else { return false };
        if !ours.eq_ignore_ascii_case(theirs) {
            return false;
        }
        offset += whole;
        name = rest.get(usize::from(len)..).unwrap_or_default();
    }
    true
}

/// A question to send to a server. EDNS is always on (RFC 6891 §6.2.5 lets the caller fall back by itself).
pub fn build_query(
    id: u16,
    qname: &Name,
    qtype: RrType,
    rd: bool,
    cd: bool,
    do_bit: bool,
    udp_size: u16,
) -> Vec<u8> {
    let mut query = Vec::with_capacity(HEADER + qname.as_wire().len() + 4 + OPT_LEN);
    query.extend_from_slice(&id.to_be_bytes());
    query.extend_from_slice(&[u8::from(rd), u8::from(cd) << 4, 0, 1, 0, 0, 0, 0, 0, 1]);
    query.extend_from_slice(qname.as_wire());
    query.extend_from_slice(&qtype.0.to_be_bytes());
    query.extend_from_slice(&CLASS_IN.to_be_bytes());
    let [u0, u1] = udp_size.to_be_bytes();
    query.extend_from_slice(&[0, 0, 41, u0, u1, 0, 0, u8::from(do_bit) << 7, 0, 0, 0]);
    query
}
