//! The ordered index of a zone: names in canonical order, cheap to clone, copied only where it changes.
//!
//! For: a version that shares nearly all of its memory with the one before. Not for: what the names mean.
//! Limits: `Tree` is imbl's B+ tree; another structure has to keep the order of keys.

use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;
use wire::Key;

use crate::node::Node;

/// What a zone version needs of its index.
pub trait Index: Clone + Default + Send + Sync {
    /// The node of a key.
    fn get(&self, key: &[u8]) -> Option<&Arc<Node>>;
    /// The nearest key before an absent key.
    fn before(&self, key: &[u8]) -> Option<&Key>;
    /// The nearest key after an absent key.
    fn after(&self, key: &[u8]) -> Option<&Key>;
    /// The node of a key, to be changed.
    fn get_mut(&mut self, key: &[u8]) -> Option<&mut Arc<Node>>;
    /// Adds or replaces a node.
    fn insert(&mut self, key: Key, node: Arc<Node>);
    /// Takes a node away.
    fn remove(&mut self, key: &[u8]);
    /// How many names have data.
    fn len(&self) -> usize;
    /// No name at all?
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// All nodes in canonical order.
    fn nodes(&self) -> impl Iterator<Item = &Arc<Node>>;
}

/// The index in use.
#[derive(Clone, Debug, Default)]
pub struct Tree(OrdMap<Key, Arc<Node>>);

impl Index for Tree {
    fn get(&self, key: &[u8]) -> Option<&Arc<Node>> {
        self.0.get(key)
    }

    fn before(&self, key: &[u8]) -> Option<&Key> {
        let range = (Bound::Unbounded, Bound::Excluded(key));
        self.0.range::<_, [u8]>(range).next_back().map(|(key, _)| key)
    }

    fn after(&self, key: &[u8]) -> Option<&Key> {
        let range = (Bound::Excluded(key), Bound::Unbounded);
        self.0.range::<_, [u8]>(range).next().map(|(key, _)| key)
    }

    fn get_mut(&mut self, key: &[u8]) -> Option<&mut Arc<Node>> {
        self.0.get_mut(key)
    }

    fn insert(&mut self, key: Key, node: Arc<Node>) {
        self.0.insert(key, node);
    }

    fn remove(&mut self, key: &[u8]) {
        self.0.remove(key);
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.0.values()
    }
}
