//! serve
pub mod server;
pub mod sink;
mod tcp;
pub mod udp;
