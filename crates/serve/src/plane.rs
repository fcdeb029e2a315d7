//! The data plane of one process: zones, views, facts, and the moment at which a new state is served.
//!
//! For: composing a zone version apart from what is served, proving it there (I10), and swapping it whole (I2).
//! Not for: sockets, or deciding what is published. Limits: one writer at a time; readers take the root once a batch and
//! never wait. Zone-signing keys are unsealed here and stay here (I6).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};
use dnssec::{DnssecError, Signing, SigningKey, Window};
use parking_lot::Mutex;
use wire::{Edit, Name, RrType};
use zeroize::Zeroizing;
use zone::{Cidr, Entropy, Facts, Health, ZoneError, ZoneVersion};

use crate::answer::{Client, Logging, Reply, ReplySink, Transport, World, answer};
use crate::cache::Entry;
use crate::counters::Counters;
use crate::flights::{Miss, MissQueue};
use crate::querylog::QueryLog;
use crate::recursor::{Recursor, ResolverSettings};
use crate::view::{View, ZoneCell, ZoneState};

/// Why something cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlaneError {
    /// The edit was made for another version than the one served.
    #[error("zone {zone_id} is at version {served:?}, but the edit is for {base}; hint: send a snapshot")]
    WrongBase {
        /// The zone.
        zone_id: Box<str>,
        /// The version served, if the zone is.
        served: Option<u64>,
        /// The version the edit wants.
        base: u64,
    },
    /// The zone's id is in use for another name.
    #[error("zone {zone_id} has another name than {apex}")]
    WrongApex {
        /// The zone.
        zone_id: Box<str>,
        /// The name given.
        apex: Name,
    },
    /// The contents cannot be answered.
    #[error("{0}")]
    Zone(#[from] ZoneError),
    /// The signing cannot be used.
    #[error("{0}")]
    Dnssec(#[from] DnssecError),
}

/// A zone-signing key as it travels.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// What `dnssec::seal` made of its PKCS#8.
    pub sealed: Box<[u8]>,
    /// What the seal is bound to.
    pub aad: Box<[u8]>,
    /// Its DNSKEY RDATA, which the opened key has to match.
    pub dnskey: Box<[u8]>,
}

/// Everything that signing a zone needs, as it travels.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningParts {
    /// The TTL of the DNSKEY RRset, in seconds.
    pub dnskey_ttl: u32,
    /// The DNSKEY RRset's RDATA.
    pub dnskeys: Vec<Box<[u8]>>,
    /// Signatures over it.
    pub windows: Vec<Window>,
    /// Active zone-signing keys; the first one signs.
    pub keys: Vec<SealedKey>,
}

/// What becomes of a zone's signing.
#[derive(Clone, PartialEq, Eq)]
pub enum SigningChange {
    /// As it is; unsigned if the zone is new.
    Keep,
    /// Unsigned.
    Unsigned,
    /// Signed with these.
    Set(SigningParts),
}

/// A composed state that is not served yet.
pub struct Candidate {
    zone_id: Box<str>,
    // The state it was made from, which has to be the one that is served still.
    base: Option<Arc<ZoneState>>,
    state: Arc<ZoneState>,
    view: View,
}

impl Candidate {
    /// The version that would be served.
    pub fn version(&self) -> u64 {
        self.state.version.version()
    }

    /// Answers as it would be answered once committed, under these facts; the same function as for clients.
    pub fn answer(&self, facts: &Facts, packet: &[u8], now: u64, asker: Asker) -> Option<Vec<u8>> {
        let counters = Counters::default();
        ask(&World { view: &self.view, facts, logging: None, now, counters: &counters }, packet, asker)
    }
}

/// Who asks without a socket.
#[derive(Clone, Copy, Debug)]
pub struct Asker {
    /// The address that it would ask from.
    pub client: IpAddr,
    /// As if over TCP?
    pub tcp: bool,
}

impl Asker {
    /// From this machine.
    pub fn local(tcp: bool) -> Asker {
        Asker { client: Ipv4Addr::LOCALHOST.into(), tcp }
    }
}

/// The views and the facts, as a batch of queries sees them.
#[derive(Clone, Default)]
pub struct Root {
    views: HashMap<Box<str>, Arc<View>>,
    facts: Arc<Facts>,
}

impl Root {
    /// What choosing among record sets depends on.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// A view by its id.
    pub fn view(&self, view_id: &str) -> Option<&View> {
        self.views.get(view_id).map(|view| &**view)
    }
}

struct ViewPlan {
    zone_ids: Vec<Box<str>>,
    recursor: Option<Arc<Recursor>>,
}

#[derive(Default)]
struct Desk {
    zones: HashMap<Box<str>, Arc<ZoneCell>>,
    plans: HashMap<Box<str>, ViewPlan>,
    logged: HashSet<Box<str>>,
}

/// The data plane.
pub struct Plane {
    kek: Zeroizing<[u8; 32]>,
    root: ArcSwap<Root>,
    // The writer's: who holds it may swap the root.
    desk: Mutex<Desk>,
    generation: AtomicU64,
    misses: Arc<MissQueue>,
    shards: Mutex<Vec<Arc<Counters>>>,
    own: Arc<Counters>,
    named: Mutex<BTreeMap<String, u64>>,
    // Made when the first zone is logged.
    log: OnceLock<QueryLog>,
}

impl Plane {
    /// A plane without zones. `kek` opens the zone-signing keys.
    pub fn new(kek: [u8; 32]) -> Plane {
        let own = Arc::<Counters>::default();
        Plane {
            kek: Zeroizing::new(kek),
            root: ArcSwap::default(),
            desk: Mutex::default(),
            generation: AtomicU64::new(1),
            misses: Arc::default(),
            shards: Mutex::new(vec![Arc::clone(&own)]),
            own,
            named: Mutex::default(),
            log: OnceLock::new(),
        }
    }

    /// The views now; taken once a batch.
    pub fn load(&self) -> Guard<Arc<Root>> {
        self.root.load()
    }

    /// The views now, to be kept for longer.
    pub fn load_full(&self) -> Arc<Root> {
        self.root.load_full()
    }

    /// Composes a version without serving it.
    ///
    /// Shape:  `base` None starts from an empty zone, Some(v) from the version served, which must be v.
    /// Errors: `WrongBase`, `WrongApex`, `Zone`, `Dnssec`; nothing that is served changes.
    pub fn stage(
        &self,
        zone_id: &str,
        apex: &Name,
        base: Option<u64>,
        version: u64,
        edit: &Edit,
        signing: SigningChange,
    ) -> Result<Candidate, PlaneError> {
        let served = self.desk.lock().zones.get(zone_id).map(|cell| cell.load_full());
        self.check_apex(zone_id, apex, served.as_deref())?;
        let (before, base) = match base {
            None => (ZoneVersion::empty(apex), None),
            Some(base) => match &served {
                Some(state) if state.version.version() == base => {
                    (state.version.clone(), Some(Arc::clone(state)))
                }
                _ => return Err(wrong_base(zone_id, served.as_deref(), base)),
            },
        };
        let contents = before.apply(edit, version)?;
        if contents.soa().is_none() {
            return Err(ZoneError::NoSoa { apex: apex.clone() }.into());
        }
        let signing = match signing {
            SigningChange::Keep => served.as_ref().and_then(|state| state.signing.clone()),
            SigningChange::Unsigned => None,
            SigningChange::Set(parts) => Some(Arc::new(self.open(parts)?)),
        };
        let state = Arc::new(ZoneState { version: contents, signing });
        let view = View::authoritative([Arc::new(ZoneCell::new(zone_id, Arc::clone(&state)))]);
        Ok(Candidate { zone_id: zone_id.into(), base, state, view })
    }

    /// Serves a candidate from now on, whole.
    ///
    /// Errors: `WrongBase`, `WrongApex`, if the zone changed since it was staged.
    pub fn commit(&self, candidate: Candidate) -> Result<(), PlaneError> {
        let Candidate { zone_id, base, state, .. } = candidate;
        let mut desk = self.desk.lock();
        let Some(cell) = desk.zones.get(&zone_id) else {
            if let Some(base) = base {
                return Err(wrong_base(&zone_id, None, base.version.version()));
            }
            let cell = ZoneCell::new(&zone_id, state);
            cell.set_logged(desk.logged.contains(&zone_id));
            desk.zones.insert(zone_id.clone(), Arc::new(cell));
            self.rebuild(&desk, &zone_id);
            return Ok(());
        };
        let served = cell.load_full();
        self.check_apex(&zone_id, state.version.apex(), Some(&served))?;
        if let Some(base) = base.filter(|base| !Arc::ptr_eq(&served, base)) {
            return Err(wrong_base(&zone_id, Some(&served), base.version.version()));
        }
        cell.store(state);
        Ok(())
    }

    /// Takes a zone out of all views.
    pub fn drop_zone(&self, zone_id: &str) {
        let mut desk = self.desk.lock();
        if desk.zones.remove(zone_id).is_some() {
            self.rebuild(&desk, zone_id);
        }
    }

    /// The version of a zone that is served.
    pub fn version(&self, zone_id: &str) -> Option<u64> {
        self.desk.lock().zones.get(zone_id).map(|cell| cell.load().version.version())
    }

    /// A zone's name, version, and all its contents as an encoded edit of puts.
    pub fn export(&self, zone_id: &str) -> Option<(Name, u64, Vec<u8>)> {
        let state = self.desk.lock().zones.get(zone_id)?.load_full();
        let zone = &state.version;
        Some((zone.apex().clone(), zone.version(), zone.export().encode()))
    }

    /// Makes or replaces a view of name servers. Zones that are not here yet join it when they are committed.
    pub fn set_view<Z: AsRef<str>>(&self, view_id: &str, zone_ids: &[Z]) {
        self.plan(view_id, zone_ids, |_| None);
    }

    /// Makes or replaces a resolver's view; with the settings unchanged its cache stays.
    pub fn set_resolver_view<Z: AsRef<str>>(
        &self,
        view_id: &str,
        zone_ids: &[Z],
        settings: ResolverSettings,
    ) {
        self.plan(view_id, zone_ids, |before| {
            let kept = before.filter(|recursor| recursor.settings() == settings);
            Some(kept.unwrap_or_else(|| Arc::new(Recursor::new(view_id, settings, Arc::clone(&self.misses)))))
        });
    }

    /// Ends a view.
    pub fn drop_view(&self, view_id: &str) {
        let mut desk = self.desk.lock();
        let plan = desk.plans.remove(view_id);
        self.swap(|root| _ = root.views.remove(view_id));
        drop(desk);
        if let Some(recursor) = plan.and_then(|plan| plan.recursor) {
            recursor.close(&self.own);
        }
    }

    /// Forgets a resolver's cache; what is being found out at this moment is found out again.
    pub fn flush(&self, view_id: &str) {
        if let Some(recursor) = self.load().view(view_id).and_then(View::recursor) {
            recursor.flush();
        }
    }

    /// Answers without a socket, as a view's clients are answered. A resolver's miss is queued and gives None.
    pub fn answer(&self, view_id: &str, packet: &[u8], now: u64, asker: Asker) -> Option<Vec<u8>> {
        let root = self.load();
        let logging = self.query_log().map(|log| Logging { log, clock: |now| now.saturating_mul(1000) });
        let world =
            World { view: root.view(view_id)?, facts: root.facts(), logging, now, counters: &self.own };
        ask(&world, packet, asker)
    }

    /// Answers from one zone, whatever views it is in; None if it is not here. Nothing of it is logged.
    pub fn answer_zone(&self, zone_id: &str, packet: &[u8], now: u64, asker: Asker) -> Option<Vec<u8>> {
        let cell = Arc::clone(self.desk.lock().zones.get(zone_id)?);
        let view = View::authoritative([cell]);
        let root = self.load();
        let world =
            World { view: &view, facts: root.facts(), logging: None, now, counters: &Counters::default() };
        ask(&world, packet, asker)
    }

    /// The status of every health check: true for healthy. What is not among them counts as healthy.
    pub fn set_health<S: Into<Box<str>>>(&self, statuses: impl IntoIterator<Item = (S, bool)>) {
        let health = Health::new(statuses);
        let _desk = self.desk.lock();
        self.swap(|root| root.facts = Arc::new(Facts { health, cidr: root.facts.cidr.clone() }));
    }

    /// All blocks of all collections.
    pub fn set_cidr(&self, cidr: Cidr) {
        let _desk = self.desk.lock();
        self.swap(|root| root.facts = Arc::new(Facts { health: root.facts.health.clone(), cidr }));
    }

    /// Logs the queries that these zones cover, now or once they are here, and no others.
    pub fn set_query_logs<Z: AsRef<str>>(&self, zone_ids: &[Z]) {
        let mut desk = self.desk.lock();
        desk.logged = zone_ids.iter().map(|zone_id| zone_id.as_ref().into()).collect();
        if !desk.logged.is_empty() {
            self.log.get_or_init(QueryLog::default);
        }
        for (zone_id, cell) in &desk.zones {
            cell.set_logged(desk.logged.contains(zone_id));
        }
    }

    /// Up to `most` lines of the query log, each with its zone's id; waits up to `timeout` for the first.
    pub fn take_query_log(&self, most: usize, timeout: Duration) -> Vec<(String, String)> {
        self.log.get_or_init(QueryLog::default).take(most, timeout)
    }

    /// The query log, once a zone was logged.
    pub(crate) fn query_log(&self) -> Option<&QueryLog> {
        self.log.get()
    }

    /// What the private zone of a resolver's view says about a name, as an authoritative reply; None if none covers it.
    ///
    /// CNAMEs are followed through private zones; where they lead out, the reply ends with the last CNAME.
    pub fn private_answer(&self, view_id: &str, qname: &Name, qtype: RrType) -> Option<Vec<u8>> {
        let root = self.load();
        let view = root.view(view_id)?;
        view.recursor()?.private_answer(view, qname, qtype, (root.facts(), &self.own))
    }

    /// Up to `max` questions to find out; waits up to `timeout` for the first. Also sees to it that nobody waits forever,
    /// so whoever drains the misses calls it at least once a second.
    pub fn take_misses(&self, max: usize, timeout: Duration) -> Vec<Miss> {
        self.expire_waiters(Instant::now());
        let mut misses = self.misses.take(max, timeout);
        let root = self.load();
        let wanted = |miss: &Miss| {
            let recursor = root.view(&miss.view_id).and_then(View::recursor);
            recursor.is_some_and(|recursor| recursor.wants(miss))
        };
        misses.retain(wanted);
        misses
    }

    /// Answers all who waited too long at `now` with SERVFAIL.
    pub fn expire_waiters(&self, now: Instant) {
        for recursor in self.load().views.values().filter_map(|view| view.recursor()) {
            recursor.expire(now, &self.own);
        }
    }

    /// Keeps what was found out about a question and answers those who wait. `now` in UNIX seconds.
    pub fn fill(&self, view_id: &str, qname: &Name, qtype: RrType, cd: bool, entry: Entry, now: u64) {
        let root = self.load();
        if let Some((view, recursor)) = root.view(view_id).and_then(|view| Some((view, view.recursor()?))) {
            let mut entropy = Entropy::new(now);
            let known = (root.facts(), &*self.own);
            recursor.fill(view, qname, (qtype, cd), entry, now, &mut entropy, known);
        }
    }

    /// A new shard of counters, for one worker.
    pub fn shard(&self) -> Arc<Counters> {
        let shard = Arc::<Counters>::default();
        let mut shards = self.shards.lock();
        // Workers come and go with `Server`: what they counted stays, their shards do not.
        shards.retain(|shard| {
            let is_used = Arc::strong_count(shard) > 1;
            if !is_used {
                self.own.absorb(shard);
            }
            is_used
        });
        shards.push(Arc::clone(&shard));
        shard
    }

    /// The counters for rare events that belong to no worker.
    pub fn own_counters(&self) -> &Counters {
        &self.own
    }

    /// Adds to a counter that others keep, such as `upstream`.
    pub fn add_counter(&self, name: &str, amount: u64) {
        *self.named.lock().entry(name.to_owned()).or_default() += amount;
    }

    /// All counters, summed over the shards.
    pub fn counters(&self) -> Vec<(String, u64)> {
        let mut sums = self.named.lock().clone();
        for shard in self.shards.lock().iter() {
            for (name, value) in shard.values() {
                *sums.entry(name.to_owned()).or_default() += value;
            }
        }
        sums.into_iter().collect()
    }

    fn open(&self, parts: SigningParts) -> Result<Signing, DnssecError> {
        let SigningParts { dnskey_ttl, dnskeys, windows, keys } = parts;
        let keys = keys
            .iter()
            .map(|SealedKey { sealed, aad, dnskey }| {
                let flags = dnskey.first_chunk::<2>().map(|flags| u16::from_be_bytes(*flags));
                let flags = flags.ok_or(DnssecError::BadDnskey)?;
                let pkcs8 = dnssec::unseal(&self.kek, aad, sealed)?;
                let key = SigningKey::from_pkcs8(&pkcs8, flags)?;
                if key.dnskey_rdata() != &**dnskey {
                    return Err(DnssecError::BadSigning("a sealed key is not the one of its DNSKEY"));
                }
                Ok(key)
            })
            .collect::<Result<Vec<_>, DnssecError>>()?;
        // Never the same twice, so a signature made with other keys is never taken from a slot.
        let generation = self.generation.fetch_add(1, Ordering::Relaxed);
        Signing::new(dnskey_ttl, dnskeys, windows, keys, generation)
    }

    fn check_apex(&self, zone_id: &str, apex: &Name, served: Option<&ZoneState>) -> Result<(), PlaneError> {
        match served {
            Some(state) if state.version.apex() != apex => {
                Err(PlaneError::WrongApex { zone_id: zone_id.into(), apex: apex.clone() })
            }
            _ => Ok(()),
        }
    }

    fn plan<Z: AsRef<str>>(
        &self,
        view_id: &str,
        zone_ids: &[Z],
        recursor: impl FnOnce(Option<Arc<Recursor>>) -> Option<Arc<Recursor>>,
    ) {
        let mut desk = self.desk.lock();
        let before = desk.plans.remove(view_id).and_then(|plan| plan.recursor);
        let plan = ViewPlan {
            zone_ids: zone_ids.iter().map(|zone_id| zone_id.as_ref().into()).collect(),
            recursor: recursor(before.clone()),
        };
        let ended = before
            .filter(|before| !plan.recursor.as_ref().is_some_and(|recursor| Arc::ptr_eq(recursor, before)));
        let view = Arc::new(build(&plan, &desk.zones));
        desk.plans.insert(view_id.into(), plan);
        self.swap(|root| _ = root.views.insert(view_id.into(), view));
        drop(desk);
        if let Some(recursor) = ended {
            recursor.close(&self.own);
        }
    }

    /// A zone came or went: builds the views that name it anew.
    fn rebuild(&self, desk: &Desk, zone_id: &str) {
        let named = |plan: &ViewPlan| plan.zone_ids.iter().any(|listed| &**listed == zone_id);
        self.swap(|root| {
            for (view_id, plan) in desk.plans.iter().filter(|(_, plan)| named(plan)) {
                root.views.insert(view_id.clone(), Arc::new(build(plan, &desk.zones)));
            }
        });
    }

    /// Swaps the root for a changed one; only who holds the desk may.
    fn swap(&self, change: impl FnOnce(&mut Root)) {
        let mut root = Root::clone(&self.root.load());
        change(&mut root);
        self.root.store(Arc::new(root));
    }
}

fn build(plan: &ViewPlan, zones: &HashMap<Box<str>, Arc<ZoneCell>>) -> View {
    let cells = plan.zone_ids.iter().filter_map(|zone_id| zones.get(zone_id).cloned());
    match &plan.recursor {
        Some(recursor) => View::resolver(cells, Arc::clone(recursor)),
        None => View::authoritative(cells),
    }
}

fn wrong_base(zone_id: &str, served: Option<&ZoneState>, base: u64) -> PlaneError {
    PlaneError::WrongBase {
        zone_id: zone_id.into(),
        served: served.map(|state| state.version.version()),
        base,
    }
}

/// Nobody: the asker does not wait.
struct Nobody;

impl ReplySink for Nobody {
    fn send(&self, _message: &[u8]) {}
}

fn ask(world: &World<'_>, packet: &[u8], asker: Asker) -> Option<Vec<u8>> {
    let transport = if asker.tcp { Transport::Tcp } else { Transport::Udp };
    let client = Client { addr: SocketAddr::new(asker.client, 0) };
    let origin = || -> Box<dyn ReplySink> { Box::new(Nobody) };
    let mut out = Vec::with_capacity(512);
    // Asked in process, the same question with the same id at the same time gets the same answer.
    let id = packet.first_chunk::<2>().map_or(0, |id| u16::from_be_bytes(*id));
    let mut entropy = Entropy::new(world.now.rotate_left(16) ^ u64::from(id));
    match answer(world, packet, transport, &client, &origin, &mut entropy, &mut out) {
        Reply::Send => Some(out),
        Reply::Drop | Reply::Pending => None,
    }
}
