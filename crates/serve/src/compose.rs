//! What a name server writes into a reply: the outcome of a lookup, section by section, each part with its proof.
//!
//! For: RFC 1034 §4.3.2 and RFC 4035 §3.1 from a typed outcome. Not for: finding (`zone`), signing (`sign`), or what a
//! resolver answers. Limits: minimal responses: no NS beside an answer; addresses of hosts only where there is room.
//! What is wanted signed and cannot be signed becomes SERVFAIL (I1).

use wire::{Builder, Flags, Full, Key, Rcode, RrType, Section, equal_wire};
use zone::{Block, Chooser, Denied, End, Outcome, Records, Referral, Served, Slot, Unknown, ZoneVersion};

use crate::answer::{Ask, Reply, ede};
use crate::sign::{Absent, Denial, MAX_SIGNED_TTL, Rrsig, SignError, Signer, deny};
use crate::view::ZoneState;

/// Among how many hosts of an RRset those are whose addresses come along as a courtesy. No standard says; a referral
/// with more is rare.
const MAX_HOSTS: usize = 16;

/// Why a reply is not complete.
pub(crate) enum Halt {
    /// It does not fit.
    Full,
    /// It cannot be signed.
    Unsigned(SignError),
    /// The zone has no SOA, so nothing can be denied.
    NoSoa,
    /// There is something, and what is not known.
    Unknown(Unknown),
}

impl From<Full> for Halt {
    fn from(_: Full) -> Halt {
        Halt::Full
    }
}

impl From<Unknown> for Halt {
    fn from(unknown: Unknown) -> Halt {
        Halt::Unknown(unknown)
    }
}

impl From<SignError> for Halt {
    fn from(error: SignError) -> Halt {
        Halt::Unsigned(error)
    }
}

/// Answers a question from the zone that covers it.
pub(crate) fn compose(
    ask: &Ask<'_>,
    state: &ZoneState,
    key: &Key,
    client: Block,
    out: &mut Vec<u8>,
) -> Reply {
    let zone = &state.version;
    let mut chooser = ask.chooser(Some(client));
    let outcome = zone.lookup(ask.query.qname, key, ask.query.qtype, &mut chooser);
    let signer =
        state.signing.as_deref().map(|signing| Signer::new(signing, zone.apex(), ask.now, ask.counters));
    let flags = Flags { aa: true, ..Flags::default() };
    let builder = Builder::reply(out, ask.limit, ask.query, flags);
    let mut composer = Composer {
        ask,
        zone,
        signer,
        // RFC 3225 §3: DNSSEC records only for those who ask for them.
        prover: signer.filter(|_| ask.query.wants_dnssec()),
        chooser,
        builder,
        rcode: Rcode::NOERROR,
    };
    match composer.write(&outcome) {
        Ok(()) => {}
        Err(Halt::Full) => {
            composer.builder.truncate();
            ask.counters.truncated.increment();
        }
        Err(Halt::Unsigned(error)) => {
            let code = if error == SignError::NoWindow { ede::RRSIGS_MISSING } else { ede::OTHER };
            ask.counters.sign_failures.increment();
            return fail(ask, code, "the answer could not be signed", out);
        }
        Err(Halt::NoSoa) => return fail(ask, ede::OTHER, "the zone has no SOA", out),
        Err(Halt::Unknown(unknown)) => {
            let (code, text) = explain(unknown);
            return fail(ask, code, text, out);
        }
    }
    let Composer { builder, rcode, prover, chooser, .. } = composer;
    // RFC 9824 §5.1: the flag is set in replies to queries that have it.
    let co_bit = prover.is_some() && ask.query.edns.is_some_and(|edns| edns.co_bit);
    ask.finish(builder, rcode, co_bit, chooser.scope(), None);
    Reply::Send
}

fn fail(ask: &Ask<'_>, code: u16, text: &str, out: &mut Vec<u8>) -> Reply {
    ask.refuse(Flags { rcode: Rcode::SERVFAIL, ..Flags::default() }, Some((code, text)), out)
}

/// The extended error for what cannot be told.
pub(crate) fn explain(unknown: Unknown) -> (u16, &'static str) {
    match unknown {
        Unknown::Unresolved => (ede::NO_REACHABLE_AUTHORITY, "the alias target could not be looked up"),
        Unknown::Tangled => (ede::OTHER, "too many aliases to follow"),
    }
}

struct Composer<'a, 'b> {
    ask: &'a Ask<'a>,
    zone: &'a ZoneVersion,
    /// For a signed zone.
    signer: Option<Signer<'a>>,
    /// For a signed zone, if the client wants proofs.
    prover: Option<Signer<'a>>,
    chooser: Chooser<'a>,
    builder: Builder<'b>,
    rcode: Rcode,
}

impl<'a> Composer<'a, '_> {
    fn write(&mut self, outcome: &Outcome<'a>) -> Result<(), Halt> {
        for step in &outcome.chain {
            self.put(Section::Answer, step)?;
        }
        match &outcome.end {
            End::Answer(served) => {
                self.put(Section::Answer, served)?;
                self.put_hosts(served)
            }
            End::Referral(referral) => {
                // RFC 1034 §6.2.6: a referral is not authoritative; a CNAME before it is.
                self.builder.set_aa(!outcome.chain.is_empty());
                self.put_referral(referral)
            }
            End::NoData(denied) => self.put_no_data(outcome.owner, *denied),
            End::NoName { .. } => {
                // RFC 9824 §3.1 and §5.1: with a proof the response code stays NOERROR, unless the client says that
                // it takes NXDOMAIN beside it.
                if self.prover.is_none() || self.ask.query.edns.is_some_and(|edns| edns.co_bit) {
                    self.rcode = Rcode::NXDOMAIN;
                }
                match (self.ask.query.qtype, self.prover) {
                    (RrType::NSEC | RrType::RRSIG, Some(prover)) => {
                        self.put_made(prover, outcome.owner, Absent::Name)
                    }
                    _ => self.put_denial(outcome.owner, Absent::Name),
                }
            }
            End::Unknown(unknown) => Err((*unknown).into()),
            // RFC 1034 §4.3.2 step 3a: what the chain leads to, the client asks for elsewhere.
            End::OutOfZone | End::EndlessChain => Ok(()),
        }
    }

    /// An RRset with its signature.
    fn put(&mut self, section: Section, served: &Served<'_>) -> Result<(), Halt> {
        let ttl = self.ttl(served.records.ttl());
        self.put_records(section, served.owner, served.rtype, ttl, &served.records)?;
        if let Some(prover) = self.prover {
            let rrsig = prover.sign(served.owner, served.rtype, ttl, &served.records, served.slot)?;
            self.put_rrsig(section, served.owner, ttl, &rrsig)?;
        }
        Ok(())
    }

    fn put_records(
        &mut self,
        section: Section,
        owner: &[u8],
        rtype: RrType,
        ttl: u32,
        records: &Records,
    ) -> Result<(), Full> {
        self.builder.rrset(section, owner, rtype, ttl, records.iter(), self.ask.turn)
    }

    fn put_rrsig(&mut self, section: Section, owner: &[u8], ttl: u32, rrsig: &Rrsig) -> Result<(), Full> {
        // RFC 4034 §3: an RRSIG has the TTL of what it covers.
        self.builder.record(section, owner, RrType::RRSIG, ttl, rrsig.as_bytes())
    }

    fn ttl(&self, ttl: u32) -> u32 {
        if self.signer.is_some() { ttl.min(MAX_SIGNED_TTL) } else { ttl }
    }

    /// The name exists, the type does not, unless it is one that is made when asked for.
    fn put_no_data(&mut self, owner: &'a [u8], denied: Denied<'a>) -> Result<(), Halt> {
        let absent = match denied {
            Denied::Exists(node) | Denied::Cut(node) => Absent::Types(node),
            Denied::Wildcard(node) => Absent::WildcardTypes(node),
            Denied::EmptyNonTerminal => Absent::Data,
        };
        let Some(signer) = self.signer else { return self.put_denial(owner, absent) };
        match self.ask.query.qtype {
            RrType::DNSKEY if equal_wire(owner, self.zone.apex().as_wire()) => {
                self.put_dnskeys(signer, owner)
            }
            RrType::NSEC => self.put_made(signer, owner, absent),
            RrType::RRSIG => {
                let is_wildcard = matches!(denied, Denied::Wildcard(_));
                let any = match denied.node() {
                    Some(node) => self.zone.any_at(owner, node, is_wildcard, &mut self.chooser)?,
                    None => None,
                };
                let Some(served) = any else { return self.put_made(signer, owner, absent) };
                let ttl = self.ttl(served.records.ttl());
                let rrsig = signer.sign(owner, served.rtype, ttl, &served.records, served.slot)?;
                Ok(self.put_rrsig(Section::Answer, owner, ttl, &rrsig)?)
            }
            _ => self.put_denial(owner, absent),
        }
    }

    /// The DNSKEY RRset with the signatures made ahead of time.
    fn put_dnskeys(&mut self, signer: Signer<'a>, owner: &[u8]) -> Result<(), Halt> {
        let ttl = signer.dnskey_ttl();
        for dnskey in signer.dnskeys() {
            self.builder.record(Section::Answer, owner, RrType::DNSKEY, ttl, dnskey)?;
        }
        if self.prover.is_some() {
            for rrsig in signer.dnskey_rrsigs()? {
                self.builder.record(Section::Answer, owner, RrType::RRSIG, ttl, rrsig)?;
            }
        }
        Ok(())
    }

    /// The NSEC of a name as the answer, or for qtype RRSIG its signature. These types exist wherever a denial says so,
    /// so a denial of them would contradict itself.
    fn put_made(&mut self, signer: Signer<'a>, owner: &[u8], absent: Absent<'a>) -> Result<(), Halt> {
        let Denial { records, slot } = self.denial(owner, absent, None)?;
        let ttl = records.ttl();
        let wants_rrsig = self.ask.query.qtype == RrType::RRSIG;
        if !wants_rrsig {
            self.put_records(Section::Answer, owner, RrType::NSEC, ttl, &records)?;
        }
        if wants_rrsig || self.prover.is_some() {
            let rrsig = signer.sign(owner, RrType::NSEC, ttl, &records, slot)?;
            self.put_rrsig(Section::Answer, owner, ttl, &rrsig)?;
        }
        Ok(())
    }

    /// The SOA, and the proof that there is nothing.
    fn put_denial(&mut self, owner: &[u8], absent: Absent<'a>) -> Result<(), Halt> {
        let apex = self.zone.apex().as_wire();
        let soa = self.zone.soa().ok_or(Halt::NoSoa)?;
        // RFC 2308 §5; the signature is over the SOA's own TTL, and a lesser one may go out (RFC 4035 §2.2, §5.3.3).
        let ttl = self.ttl(soa.negative_ttl());
        self.put_records(Section::Authority, apex, RrType::SOA, ttl, soa.records())?;
        let Some(prover) = self.prover else { return Ok(()) };
        let own_ttl = self.ttl(soa.records().ttl());
        let rrsig = prover.sign(
            apex,
            RrType::SOA,
            own_ttl,
            soa.records(),
            soa.slot().map_or(Slot::None, Slot::One),
        )?;
        self.put_rrsig(Section::Authority, apex, ttl, &rrsig)?;
        self.put_nsec(prover, owner, absent, self.ask.query.qtype)
    }

    fn put_nsec(
        &mut self,
        prover: Signer<'a>,
        owner: &[u8],
        absent: Absent<'a>,
        denied: RrType,
    ) -> Result<(), Halt> {
        let Denial { records, slot } = self.denial(owner, absent, Some(denied))?;
        let ttl = records.ttl();
        self.put_records(Section::Authority, owner, RrType::NSEC, ttl, &records)?;
        let rrsig = prover.sign(owner, RrType::NSEC, ttl, &records, slot)?;
        self.put_rrsig(Section::Authority, owner, ttl, &rrsig)?;
        self.ask.counters.denials_sent.increment();
        Ok(())
    }

    fn denial(&self, owner: &[u8], absent: Absent<'a>, denied: Option<RrType>) -> Result<Denial<'a>, Halt> {
        // RFC 9077 §3: the lesser of the SOA's TTL and MINIMUM.
        let ttl = self.ttl(self.zone.soa().ok_or(Halt::NoSoa)?.negative_ttl());
        let is_apex = equal_wire(owner, self.zone.apex().as_wire());
        Ok(deny(self.zone, is_apex, owner, absent, denied, ttl)?)
    }

    fn put_referral(&mut self, referral: &Referral<'a>) -> Result<(), Halt> {
        let Referral { cut, ns, ds } = referral;
        let ns_ttl = self.ttl(ns.records.ttl());
        // RFC 4035 §3.1.1: the NS RRset of a cut is the child's and has no signature here.
        self.put_records(Section::Authority, ns.owner, RrType::NS, ns_ttl, &ns.records)?;
        if let Some(prover) = self.prover {
            match ds {
                Some(ds) => self.put(Section::Authority, ds)?,
                // RFC 4035 §3.1.4, RFC 9824 §3.4: the proof that there is no DS.
                None => self.put_nsec(prover, ns.owner, Absent::Types(cut), RrType::DS)?,
            }
        }
        let cut_key = cut.owner.key();
        for (place, host) in ns.records.iter().enumerate() {
            let must = Key::of_lowercase_wire(host).starts_with(&cut_key);
            if !must && place >= MAX_HOSTS {
                continue;
            }
            // RFC 9471 §3.1 MUST: in-domain glue that does not fit sets TC; other addresses may be left out.
            if !self.put_addresses(host, true)? && must {
                self.builder.set_tc();
                self.ask.counters.truncated.increment();
                return Ok(());
            }
        }
        Ok(())
    }

    /// Addresses of the hosts that an answer names, as far as they are here and fit.
    fn put_hosts(&mut self, served: &Served<'_>) -> Result<(), Halt> {
        let before = match served.rtype {
            RrType::NS => 0,
            RrType::MX => 2,
            RrType::SRV => 6,
            _ => return Ok(()),
        };
        for rdata in served.records.iter().take(MAX_HOSTS) {
            let Some(host) = rdata.get(before..) else { continue };
            if !self.put_addresses(host, false)? {
                break;
            }
        }
        Ok(())
    }

    /// The addresses of one host; says whether they fit. Glue has no signature, what is ours has one.
    fn put_addresses(&mut self, host: &[u8], with_glue: bool) -> Result<bool, Halt> {
        for rtype in [RrType::A, RrType::AAAA] {
            let Some(address) = self.zone.address(host, rtype, &mut self.chooser) else { continue };
            let before = self.builder.checkpoint();
            let written = match (address.is_glue, with_glue) {
                (true, false) => continue,
                (true, true) => {
                    let Served { owner, records, .. } = &address.served;
                    let ttl = self.ttl(records.ttl());
                    self.put_records(Section::Additional, owner, rtype, ttl, records).map_err(Halt::from)
                }
                // RFC 4035 §3.1.1: signed RRsets in the additional section bring their signatures.
                (false, _) => self.put(Section::Additional, &address.served),
            };
            match written {
                Ok(()) => {}
                Err(Halt::Full) => {
                    self.builder.rollback(before);
                    return Ok(false);
                }
                Err(other) => return Err(other),
            }
        }
        Ok(true)
    }
}
