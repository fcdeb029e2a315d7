//! Signatures and denials, made per answer from the lookup's outcome, never from a finished message.
//!
//! For: every RRSIG and NSEC that leaves a name server, but for those over DNSKEY, which are made ahead of time.
//! Not for: writing messages. Limits: compact denial (RFC 9824) only. A failure is an error, never a missing signature
//! (I1).

use std::sync::Arc;

use arc_swap::Guard;
use dnssec::denial::compact;
use dnssec::{DnssecError, Signing};
use smallvec::SmallVec;
use wire::{Name, NameError, RrType};
use zone::{Node, Records, Signature, Slot, ZoneVersion, follows_cname};

use crate::counters::Counters;

/// The largest TTL served from a signed zone, in seconds (Route 53 serves a week at most while signing).
pub const MAX_SIGNED_TTL: u32 = 604_800;
/// How long before now a signature begins, and how far beyond the TTL it reaches, in seconds (architecture, "Online
/// signing").
const MARGIN: u64 = 3600;

/// Why something could not be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// No key that signs.
    #[error("the zone has no signing key")]
    NoKey,
    /// No window of signatures over DNSKEY is valid now.
    #[error("no signature over DNSKEY is valid now")]
    NoWindow,
    /// The owner is no name, which no lookup gives.
    #[error("{0}")]
    BadOwner(#[from] NameError),
    /// The signing itself failed.
    #[error("{0}")]
    Failed(#[from] DnssecError),
}

/// RRSIG RDATA, cached or new.
pub enum Rrsig {
    /// From a slot.
    Cached(Guard<Option<Arc<Signature>>>),
    /// Made for this answer.
    Fresh(Vec<u8>),
}

impl Rrsig {
    /// The RDATA.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Rrsig::Cached(signature) => signature.as_ref().map_or(&[], |signature| &signature.rrsig),
            Rrsig::Fresh(rdata) => rdata,
        }
    }
}

/// A denial: an NSEC's RDATA and the place of its signature.
pub struct Denial<'a> {
    /// One NSEC.
    pub records: Arc<Records>,
    /// `None` for names that have no node, and for clients with a denial of their own: those are signed each time.
    pub slot: Slot<'a>,
}

/// Signs for one answer.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    signing: &'a Signing,
    apex: &'a Name,
    now: u64,
    counters: &'a Counters,
}

impl<'a> Signer<'a> {
    /// A signer for a zone at a moment, in UNIX seconds.
    pub fn new(signing: &'a Signing, apex: &'a Name, now: u64, counters: &'a Counters) -> Signer<'a> {
        Signer { signing, apex, now, counters }
    }

    /// A signature over records at `owner` with `ttl`, from the slot if it holds a good one.
    pub fn sign(
        &self,
        owner: &[u8],
        rtype: RrType,
        ttl: u32,
        records: &Arc<Records>,
        slot: Slot<'_>,
    ) -> Result<Rrsig, SignError> {
        let slot = slot.of(records);
        if let Some(slot) = slot {
            let cached = slot.load();
            let generation = self.signing.generation;
            if cached.as_ref().is_some_and(|cached| cached.is_good(records, ttl, generation, self.now)) {
                self.counters.signatures_reused.increment();
                return Ok(Rrsig::Cached(cached));
            }
        }
        let expiration = self.now.saturating_add(MARGIN + u64::from(ttl));
        let key = self.signing.signing_key().ok_or(SignError::NoKey)?;
        let rdatas: Vec<&[u8]> = records.iter().collect();
        // RRSIG times are UNIX seconds modulo 2^32 (RFC 4034 §3.1.5).
        let rrsig = key.sign_rrset(
            &Name::from_wire(owner)?,
            rtype,
            ttl,
            &rdatas,
            self.apex,
            self.now.saturating_sub(MARGIN) as u32,
            expiration as u32,
        )?;
        self.counters.signatures_made.increment();
        if let Some(slot) = slot {
            slot.store(Arc::new(Signature {
                records: Arc::clone(records),
                ttl,
                rrsig: SmallVec::from_slice(&rrsig),
                made_at: self.now,
                expiration,
                generation: self.signing.generation,
            }));
        }
        Ok(Rrsig::Fresh(rrsig))
    }

    /// The DNSKEY RRset's RDATA.
    pub fn dnskeys(&self) -> &'a [Box<[u8]>] {
        &self.signing.dnskeys
    }

    /// The DNSKEY RRset's TTL, in seconds.
    pub fn dnskey_ttl(&self) -> u32 {
        self.signing.dnskey_ttl
    }

    /// Signatures over the DNSKEY RRset, one for each key-signing key.
    pub fn dnskey_rrsigs(&self) -> Result<&'a [Box<[u8]>], SignError> {
        Ok(&self.signing.window(self.now).ok_or(SignError::NoWindow)?.rrsigs)
    }
}

/// The denial at a name: what exists there, or that nothing does. `asked` is the type that this client does not get;
/// `None` shows what exists for any client.
pub fn deny<'a>(
    zone: &ZoneVersion,
    is_signed_apex: bool,
    owner: &[u8],
    what: Absent<'a>,
    asked: Option<RrType>,
    ttl: u32,
) -> Result<Denial<'a>, SignError> {
    let (mut types, mut slot) = match what {
        // RFC 9824 §3.1: NXNAME says that the name does not exist.
        Absent::Name => ([RrType::NXNAME].into_iter().collect(), Slot::None),
        // RFC 9824 §3.2: an empty non-terminal has RRSIG and NSEC only.
        Absent::Data => (zone::Types::new(), Slot::None),
        Absent::Types(node) => (zone.types_of(node), Slot::One(&node.denial)),
        Absent::WildcardTypes(node) => (zone.types_of(node), Slot::None),
    };
    if let Some(asked) = asked {
        let before = types.len();
        types.retain(|rtype| !is_denied(*rtype, asked));
        if types.len() < before {
            slot = Slot::None;
        }
    }
    if is_signed_apex {
        types.push(RrType::DNSKEY);
    }
    // In lower case, so that the cached signature does not depend on how the name was asked for.
    let owner = Name::from_wire(owner)?.to_lowercase();
    let records = Arc::new(Records::new(ttl, [compact::nsec_rdata(&owner, zone.apex(), &types)]));
    Ok(Denial { records, slot })
}

/// Does a denial of the type asked for deny this one? It does where the name has it for other clients.
fn is_denied(rtype: RrType, asked: RrType) -> bool {
    // NXNAME says that the name does not exist, which denies all types already.
    let any = asked == RrType::ANY && rtype != RrType::NXNAME;
    // RFC 6840 §4.3: a denial of any type that a CNAME would be followed for denies the CNAME.
    rtype == asked || any || (rtype == RrType::CNAME && follows_cname(asked))
}

/// What is denied at a name.
#[derive(Clone, Copy)]
pub enum Absent<'a> {
    /// The name itself.
    Name,
    /// Any data at it; names below have some.
    Data,
    /// All types but the node's.
    Types(&'a Node),
    /// All types but those of the wildcard that stands for the name (RFC 9824 §3.3).
    WildcardTypes(&'a Node),
}
