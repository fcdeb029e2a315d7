//! Views: which zones an address answers for.
//!
//! For: finding the zone of a name, and holding each zone's state so that it is swapped whole (I2).
//! Not for: who may share a view; the control plane decides that. Limits: a view is immutable; its zones' states are
//! swapped under it, and a query takes the state of a zone once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::{ArcSwap, Guard};
use dnssec::Signing;
use wire::{Key, RrType};
use zone::ZoneVersion;

use crate::recursor::Recursor;

/// Contents and signing of a zone, which change together.
pub struct ZoneState {
    /// The contents.
    pub version: ZoneVersion,
    /// How they are signed; `None` for an unsigned zone.
    pub signing: Option<Arc<Signing>>,
}

/// A zone's place, whose state changes.
pub struct ZoneCell {
    zone_id: Arc<str>,
    apex_key: Key,
    state: ArcSwap<ZoneState>,
    is_logged: AtomicBool,
}

impl ZoneCell {
    /// A place with its first state.
    pub fn new(zone_id: &str, state: Arc<ZoneState>) -> ZoneCell {
        ZoneCell {
            zone_id: zone_id.into(),
            apex_key: state.version.apex_key().clone(),
            state: ArcSwap::new(state),
            is_logged: AtomicBool::new(false),
        }
    }

    /// The zone's id.
    pub fn zone_id(&self) -> &Arc<str> {
        &self.zone_id
    }

    /// Are the queries that it covers logged?
    pub fn is_logged(&self) -> bool {
        self.is_logged.load(Ordering::Relaxed)
    }

    /// Begins or ends the logging of its queries.
    pub fn set_logged(&self, is_logged: bool) {
        self.is_logged.store(is_logged, Ordering::Relaxed);
    }

    /// The state now.
    pub fn load(&self) -> Guard<Arc<ZoneState>> {
        self.state.load()
    }

    /// The state now, to be kept for longer.
    pub fn load_full(&self) -> Arc<ZoneState> {
        self.state.load_full()
    }

    /// Swaps the state.
    pub fn store(&self, state: Arc<ZoneState>) {
        self.state.store(state);
    }
}

/// The zones that an address answers for, and the resolver behind them if it is one's view.
#[derive(Default)]
pub struct View {
    zones: HashMap<Key, Arc<ZoneCell>>,
    // The most labels that a zone's name has: longer ancestors of a name are not looked up.
    deepest: usize,
    recursor: Option<Arc<Recursor>>,
}

impl View {
    /// A view of name servers.
    pub fn authoritative(zones: impl IntoIterator<Item = Arc<ZoneCell>>) -> View {
        let zones: HashMap<Key, Arc<ZoneCell>> =
            zones.into_iter().map(|cell| (cell.apex_key.clone(), cell)).collect();
        let deepest = zones.keys().map(Key::label_count).max().unwrap_or(0);
        View { zones, deepest, recursor: None }
    }

    /// A view of a resolver, whose zones are private ones.
    pub fn resolver(zones: impl IntoIterator<Item = Arc<ZoneCell>>, recursor: Arc<Recursor>) -> View {
        View { recursor: Some(recursor), ..View::authoritative(zones) }
    }

    /// The resolver, if this is one's view.
    pub fn recursor(&self) -> Option<&Arc<Recursor>> {
        self.recursor.as_ref()
    }

    /// The zone that answers for a name: the most specific one, but for DS at an apex the one above, if it is here.
    pub fn covering(&self, key: &Key, qtype: RrType) -> Option<&Arc<ZoneCell>> {
        let above = key.label_count().saturating_sub(self.deepest);
        let mut found = key.ancestors().skip(above).filter_map(|name| self.zones.get(name));
        let nearest = found.next()?;
        // RFC 4035 §3.1.4.1: DS is in the parent's zone.
        if qtype == RrType::DS && nearest.apex_key == *key {
            return Some(found.next().unwrap_or(nearest));
        }
        Some(nearest)
    }
}
