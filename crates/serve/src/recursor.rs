//! The resolver's half of the query path: private zones first, then the cache, else a miss for Python to find out.
//!
//! For: answering what is known at the speed of a name server. Not for: iterating or validating; `fill` brings what came
//! of that. Limits: private zones are unsigned and hold no delegations (Route 53 follows none there); what lies beyond
//! a private CNAME is a question of its own, so the cache never holds private data.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use smallvec::SmallVec;
use wire::{Builder, Flags, Full, Key, Name, Query, RRset, Rcode, RrType, Section, equal_wire};
use zone::{Cuts, End, Entropy, Facts, MAX_CHAIN, Served, Step};

use crate::answer::{Ask, Client, Origin, Reply, Transport, ede};
use crate::cache::{Cache, Entry, Kept, Question};
use crate::compose::explain;
use crate::counters::Counters;
use crate::flights::{Boarding, Flights, Landing, Miss, MissQueue, Waiter};
use crate::view::View;

/// What one resolver's cache may take, in octets. A default of ours; Unbound's is 4 + 4 MiB.
const CACHE_OCTETS: usize = 32 << 20;
/// How long after a flush an answer that nobody waits for is not kept: it may have been found out before.
const DISTRUST_FOR: Duration = Duration::from_secs(30);

/// The extended error of a private zone that cannot deny anything.
const NO_SOA: (u16, &str) = (ede::OTHER, "the private zone has no SOA");

/// How a resolver behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResolverSettings {
    /// AWS's habit: DO and CD are ignored, AD is never set, and no DNSSEC records go out with an answer.
    pub aws_profile: bool,
}

/// One resolver: its cache and those who wait.
pub struct Recursor {
    view_id: Arc<str>,
    settings: ResolverSettings,
    cache: Cache,
    flights: Flights,
    misses: Arc<MissQueue>,
    flushed_at: Mutex<Option<Instant>>,
    // The second in which late waiters were last looked for.
    swept_at: AtomicU64,
}

/// Why a resolver's reply is not complete.
enum Gap {
    Full,
    /// Nothing is known about this name.
    Unknown(SmallVec<[u8; 64]>),
    /// A private zone without SOA.
    NoSoa,
    /// A private zone has something, and what is not known.
    Withheld(zone::Unknown),
}

impl From<Full> for Gap {
    fn from(_: Full) -> Gap {
        Gap::Full
    }
}

/// What a client's DO, CD and AD come to.
#[derive(Clone, Copy)]
struct Wishes {
    dnssec: bool,
    cd: bool,
    co: bool,
    /// Set AD on what is secure.
    ad: bool,
}

impl Wishes {
    fn of(query: &Query<'_>, settings: ResolverSettings) -> Wishes {
        if settings.aws_profile {
            return Wishes { dnssec: false, cd: false, co: false, ad: false };
        }
        let dnssec = query.wants_dnssec();
        Wishes {
            dnssec,
            cd: query.cd,
            co: dnssec && query.edns.is_some_and(|edns| edns.co_bit),
            // RFC 6840 §5.7: AD in a query asks for AD, without DNSSEC records.
            ad: dnssec || query.ad,
        }
    }
}

impl Recursor {
    pub(crate) fn new(view_id: &str, settings: ResolverSettings, misses: Arc<MissQueue>) -> Recursor {
        Recursor {
            view_id: view_id.into(),
            settings,
            cache: Cache::new(CACHE_OCTETS),
            flights: Flights::default(),
            misses,
            flushed_at: Mutex::default(),
            swept_at: AtomicU64::new(0),
        }
    }

    pub(crate) fn settings(&self) -> ResolverSettings {
        self.settings
    }

    /// How many answers the cache holds, old ones included.
    pub fn cached(&self) -> usize {
        self.cache.len()
    }

    /// Answers a client, or makes it wait.
    #[expect(clippy::too_many_arguments, reason = "a waiter needs all that an answer depends on")]
    pub(crate) fn answer(
        &self,
        view: &View,
        ask: &Ask<'_>,
        key: Key,
        transport: Transport,
        client: &Client,
        origin: &Origin<'_>,
        out: &mut Vec<u8>,
    ) -> Reply {
        let unknown = match self.reply(view, ask, key, None, out) {
            Ok(reply) => return reply,
            Err(unknown) => unknown,
        };
        if !ask.query.rd {
            let why = Some((ede::NOT_AUTHORITATIVE, "not known here; hint: set RD to have it looked up"));
            return ask.refuse(resolver_flags(Rcode::REFUSED), why, out);
        }
        // Whoever drains the misses may hang; those who wait are not to hang with it.
        if self.swept_at.swap(ask.now, Ordering::Relaxed) != ask.now {
            self.expire(Instant::now(), ask.counters);
        }
        let waiter = || Waiter { query: ask.query.to_kept(), transport, client: *client, sink: origin() };
        let cd = Wishes::of(ask.query, self.settings).cd;
        match self.wait(&unknown, ask.query.qtype, cd, waiter, ask.now) {
            Boarding::Started | Boarding::Joined => {
                ask.counters.cache_misses.increment();
                out.clear();
                Reply::Pending
            }
            Boarding::Full => {
                ask.counters.waiters_refused.increment();
                ask.refuse(
                    resolver_flags(Rcode::SERVFAIL),
                    Some((ede::OTHER, "no more queries can wait here")),
                    out,
                )
            }
        }
    }

    /// Keeps what was found out, and answers those who wait for it.
    #[expect(clippy::too_many_arguments, reason = "late answers depend on all that early ones do")]
    pub(crate) fn fill(
        &self,
        view: &View,
        qname: &Name,
        (qtype, cd): (RrType, bool),
        entry: Entry,
        now: u64,
        entropy: &mut Entropy,
        known: (&Facts, &Counters),
    ) {
        let question = Question::new(qname.as_wire(), qtype, cd);
        // Held until the entry is in the cache: a flush comes before or after all of that.
        let flushed_at = self.flushed_at.lock();
        let (waiters, kept_at) = match self.flights.land(&question) {
            Landing::Waiters(waiters, asked_at) => (waiters, asked_at),
            Landing::Again(miss) => {
                self.misses.push(miss);
                return;
            }
            Landing::Unknown => {
                if flushed_at.is_some_and(|at| at.elapsed() < DISTRUST_FOR) {
                    return;
                }
                (Vec::new(), now)
            }
        };
        let keeps = entry.ttl > 0 && !entry.transient;
        let kept = Arc::new(Kept { entry, kept_at });
        if keeps {
            self.cache.put(question.clone(), Arc::clone(&kept), kept_at);
        }
        drop(flushed_at);
        let mut out = Vec::with_capacity(1280);
        for waiter in waiters {
            self.answer_waiter(view, waiter, (&question, &kept), kept_at, entropy, known, &mut out);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a late answer depends on all that an early one does")]
    fn answer_waiter(
        &self,
        view: &View,
        waiter: Waiter,
        known: (&Question, &Arc<Kept>),
        now: u64,
        entropy: &mut Entropy,
        (facts, counters): (&Facts, &Counters),
        out: &mut Vec<u8>,
    ) {
        out.clear();
        let Waiter { query: kept_query, transport, client, sink } = waiter;
        let query = kept_query.as_query();
        let ask = Ask::new(&query, transport, entropy, now, (facts, counters));
        let key = Key::of_lowercase_wire(query.qname);
        match self.reply(view, &ask, key, Some(known), out) {
            Ok(_) => sink.send(out),
            // A private zone changed meanwhile and leads elsewhere now. If too many wait there, this one gets nothing.
            Err(unknown) => {
                let (qtype, cd) = (query.qtype, Wishes::of(&query, self.settings).cd);
                let waiter = || Waiter { query: kept_query.clone(), transport, client, sink };
                self.wait(&unknown, qtype, cd, waiter, now);
            }
        }
    }

    fn wait(
        &self,
        qname: &[u8],
        qtype: RrType,
        cd: bool,
        waiter: impl FnOnce() -> Waiter,
        now: u64,
    ) -> Boarding {
        let Ok(name) = Name::from_wire(qname) else { return Boarding::Full };
        let miss = || Miss { view_id: Arc::clone(&self.view_id), qname: name.to_lowercase(), qtype, cd };
        let (boarding, miss) = self.flights.board(&Question::new(qname, qtype, cd), miss, waiter, now);
        if let Some(miss) = miss {
            self.misses.push(miss);
        }
        boarding
    }

    /// Answers those whose question was waited for too long with SERVFAIL.
    pub(crate) fn expire(&self, now: Instant, counters: &Counters) {
        self.give_up(self.flights.expire(now), "no answer came in time", counters);
    }

    /// The resolver ends: nobody has to wait any longer.
    pub(crate) fn close(&self, counters: &Counters) {
        self.give_up(self.flights.close(), "this resolver is closed", counters);
    }

    /// Forgets what is cached; what is in flight is found out again.
    pub(crate) fn flush(&self) {
        let mut flushed_at = self.flushed_at.lock();
        *flushed_at = Some(Instant::now());
        self.flights.distrust();
        self.cache.clear();
    }

    /// Does somebody still wait for this?
    pub(crate) fn wants(&self, miss: &Miss) -> bool {
        self.flights.is_waited_for(&Question::new(miss.qname.as_wire(), miss.qtype, miss.cd))
    }

    fn give_up(&self, waiters: Vec<Waiter>, text: &str, counters: &Counters) {
        let mut out = Vec::new();
        let facts = Facts::default();
        for Waiter { query, transport, sink, .. } in waiters {
            let query = query.as_query();
            let ask = Ask::new(&query, transport, &mut Entropy::new(0), 0, (&facts, counters));
            let why = Some((ede::NO_REACHABLE_AUTHORITY, text));
            if ask.refuse(resolver_flags(Rcode::SERVFAIL), why, &mut out) == Reply::Send {
                counters.waiters_expired.increment();
                sink.send(&out);
            }
        }
    }

    /// The reply, if all of it is known; else the name that is not.
    fn reply(
        &self,
        view: &View,
        ask: &Ask<'_>,
        key: Key,
        known: Option<(&Question, &Arc<Kept>)>,
        out: &mut Vec<u8>,
    ) -> Result<Reply, SmallVec<[u8; 64]>> {
        let wishes = Wishes::of(ask.query, self.settings);
        let flags = resolver_flags(Rcode::NOERROR);
        let mut walk = Walk {
            ask,
            view,
            builder: Builder::reply(out, ask.limit, ask.query, flags),
            rcode: Rcode::NOERROR,
            has_private: false,
        };
        let mut found = None;
        let written = walk.write_private(key).and_then(|end| match end {
            PrivateEnd::Done => Ok(()),
            PrivateEnd::Public(name) => {
                let (kept, age) = self.find(&name, ask, wishes, known).ok_or(Gap::Unknown(name))?;
                walk.write_entry(&kept.entry, age, wishes)?;
                found = Some(kept);
                Ok(())
            }
        });
        match written {
            Ok(()) => {}
            Err(Gap::Full) => {
                walk.builder.truncate();
                ask.counters.truncated.increment();
            }
            Err(Gap::Unknown(name)) => {
                out.clear();
                return Err(name);
            }
            Err(Gap::NoSoa) => return Ok(ask.refuse(resolver_flags(Rcode::SERVFAIL), Some(NO_SOA), out)),
            Err(Gap::Withheld(unknown)) => {
                return Ok(ask.refuse(resolver_flags(Rcode::SERVFAIL), Some(explain(unknown)), out));
            }
        }
        let Walk { builder, rcode, has_private, .. } = walk;
        let entry = found.as_ref().map(|kept| &kept.entry);
        if has_private {
            ask.counters.private_answers.increment();
        }
        let ede = entry.and_then(|entry| entry.ede.as_ref()).map(|(code, text)| (*code, text.as_str()));
        ask.finish(builder, rcode, wishes.co, 0, ede);
        Ok(Reply::Send)
    }

    fn find(
        &self,
        qname: &[u8],
        ask: &Ask<'_>,
        wishes: Wishes,
        known: Option<(&Question, &Arc<Kept>)>,
    ) -> Option<(Arc<Kept>, u32)> {
        let question = Question::new(qname, ask.query.qtype, wishes.cd);
        if let Some((_, kept)) = known.filter(|(for_question, _)| **for_question == question) {
            return Some((Arc::clone(kept), 0));
        }
        let found = self.cache.get(&question, ask.now).or_else(|| {
            // What passed the check is as good for those who do not want one; a failed check is not.
            let checked = Question::new(qname, ask.query.qtype, false);
            self.cache
                .get(&checked, ask.now)
                .filter(|(kept, _)| wishes.cd && kept.entry.rcode != Rcode::SERVFAIL.0)
        })?;
        ask.counters.cache_hits.increment();
        Some(found)
    }

    /// An authoritative-style reply out of the private zone that covers a name; CNAMEs that lead out of this view's
    /// private zones end it.
    pub(crate) fn private_answer(
        &self,
        view: &View,
        qname: &Name,
        qtype: RrType,
        (facts, counters): (&Facts, &Counters),
    ) -> Option<Vec<u8>> {
        let packet = wire::build_query(0, qname, qtype, false, false, false, u16::MAX);
        let query = Query::parse(&packet).ok()?;
        let ask = Ask::new(&query, Transport::Tcp, &mut Entropy::new(0), 0, (facts, counters));
        view.covering(&qname.key(), qtype)?;
        let mut out = Vec::with_capacity(512);
        let flags = Flags { aa: true, ..Flags::default() };
        let builder = Builder::reply(&mut out, ask.limit, ask.query, flags);
        let mut walk = Walk { ask: &ask, view, builder, rcode: Rcode::NOERROR, has_private: false };
        let why = match walk.write_private(qname.key()) {
            Ok(_) => {
                let Walk { builder, rcode, .. } = walk;
                ask.finish(builder, rcode, false, 0, None);
                return Some(out);
            }
            Err(Gap::Withheld(unknown)) => explain(unknown),
            Err(Gap::NoSoa) => NO_SOA,
            Err(Gap::Full | Gap::Unknown(_)) => (ede::OTHER, "the private answer is too long"),
        };
        let _ = ask.refuse(Flags { rcode: Rcode::SERVFAIL, ..Flags::default() }, Some(why), &mut out);
        Some(out)
    }
}

fn resolver_flags(rcode: Rcode) -> Flags {
    // RFC 1035 §4.1.1: recursion is available; nothing here is authoritative.
    Flags { ra: true, rcode, ..Flags::default() }
}

enum PrivateEnd {
    /// The answer is complete.
    Done,
    /// The rest is about this name, which no private zone covers.
    Public(SmallVec<[u8; 64]>),
}

/// A resolver's reply in the making.
struct Walk<'a, 'b> {
    ask: &'a Ask<'a>,
    view: &'a View,
    builder: Builder<'b>,
    rcode: Rcode,
    has_private: bool,
}

impl Walk<'_, '_> {
    /// Writes what private zones say, following CNAMEs from one to the next.
    fn write_private(&mut self, key: Key) -> Result<PrivateEnd, Gap> {
        let qtype = self.ask.query.qtype;
        let mut key = key;
        // Route 53 developer guide, "Values specific for IP-based records": not in private zones.
        let mut chooser = self.ask.chooser(None);
        let mut seen: SmallVec<[SmallVec<[u8; 64]>; 4]> = SmallVec::new();
        let mut owner: SmallVec<[u8; 64]> = SmallVec::from_slice(self.ask.query.qname);
        while let Some(cell) = self.view.covering(&key, qtype) {
            self.has_private = true;
            let state = cell.load();
            match state.version.step(&owner, &key, qtype, Cuts::Ignored, &mut chooser) {
                Step::Chain(served, target) => {
                    self.put(&served)?;
                    let target: SmallVec<[u8; 64]> = SmallVec::from_slice(target);
                    seen.push(std::mem::replace(&mut owner, target));
                    key = Key::of_lowercase_wire(&owner);
                    // A loop is sent as far as it goes.
                    if seen.len() >= MAX_CHAIN || seen.iter().any(|earlier| equal_wire(earlier, &owner)) {
                        return Ok(PrivateEnd::Done);
                    }
                }
                Step::End(end) => {
                    match end {
                        End::Answer(served) => self.put(&served)?,
                        End::Unknown(unknown) => return Err(Gap::Withheld(unknown)),
                        // RFC 2308 §2: a negative answer brings the SOA. A private zone shadows the public one: what
                        // is not in it does not exist.
                        _ => {
                            let soa = state.version.soa().ok_or(Gap::NoSoa)?;
                            let (apex, ttl) = (state.version.apex().as_wire(), soa.negative_ttl());
                            for rdata in soa.records().iter() {
                                self.builder.record(Section::Authority, apex, RrType::SOA, ttl, rdata)?;
                            }
                            if matches!(end, End::NoName { .. }) {
                                self.rcode = Rcode::NXDOMAIN;
                            }
                        }
                    }
                    return Ok(PrivateEnd::Done);
                }
            }
        }
        Ok(PrivateEnd::Public(owner))
    }

    fn put(&mut self, served: &Served<'_>) -> Result<(), Full> {
        let Served { owner, rtype, records, .. } = served;
        self.builder.rrset(Section::Answer, owner, *rtype, records.ttl(), records.iter(), self.ask.turn)
    }

    /// Writes what was found out, `age` seconds ago.
    fn write_entry(&mut self, entry: &Entry, age: u32, wishes: Wishes) -> Result<(), Full> {
        self.rcode = Rcode(entry.rcode);
        if entry.nxname && matches!(self.rcode, Rcode::NOERROR | Rcode::NXDOMAIN) {
            // RFC 9824 §5: NXDOMAIN for who wants no proof; §5.1: and for who says that it takes it beside one.
            let restores = !wishes.dnssec || wishes.co;
            self.rcode = if restores { Rcode::NXDOMAIN } else { Rcode::NOERROR };
        }
        // RFC 4035 §3.2.3: AD only if all of answer and authority is authentic; what a private zone said is not.
        self.builder.set_ad(entry.secure && wishes.ad && !self.has_private);
        let qtype = self.ask.query.qtype;
        let sections = [
            (Section::Answer, &entry.answer),
            (Section::Authority, &entry.authority),
            (Section::Additional, &entry.additional),
        ];
        for (section, rrsets) in sections {
            for rrset in rrsets.iter().filter(|rrset| wishes.dnssec || !is_proof(rrset, section, qtype)) {
                match self.put_aged(section, rrset, entry.ttl, age) {
                    Ok(()) => {}
                    // RFC 2181 §9: what is additional may be left out.
                    Err(Full) if section == Section::Additional => return Ok(()),
                    Err(Full) => return Err(Full),
                }
            }
        }
        Ok(())
    }

    fn put_aged(&mut self, section: Section, rrset: &RRset, most: u32, age: u32) -> Result<(), Full> {
        // An answer that may not be kept has its records' own TTLs bounded by nothing but zero.
        let ttl = if most == 0 { 0 } else { rrset.ttl.min(most).saturating_sub(age) };
        let rdatas = rrset.rdatas.iter().map(|rdata| &**rdata);
        self.builder.rrset(section, rrset.owner.as_wire(), rrset.rtype, ttl, rdatas, self.ask.turn)
    }
}

/// Is this RRset there to prove another, and so not for a client without DO?
fn is_proof(rrset: &RRset, section: Section, qtype: RrType) -> bool {
    // RFC 4035 §3.2.1 MUST: strip authenticating RRs, MUST NOT: those that were asked for.
    let proves = matches!(rrset.rtype, RrType::RRSIG | RrType::NSEC | RrType::NSEC3);
    let asked = section == Section::Answer && (qtype == rrset.rtype || qtype == RrType::ANY);
    proves && !asked
}
