//! Nanoseconds per answer, without sockets: `cargo bench -p seal53-serve [-- PART-OF-A-CASE'S-NAME]`.
//!
//! For: seeing where the query path spends its time. Not for: comparisons with other servers; `make bench` makes those.
//! Limits: one thread, a zone of 100,000 names, the median of a few rounds.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use serve::{Client, Counters, Entropy, ReplySink, Transport, World, answer};
use support::{NOW, ask_for, signed_plane};
use wire::RrType;

const NAMES: usize = 100_000;

fn main() {
    let mut contents = String::from(
        "@ 900 SOA ns hm 1 7200 900 1209600 300\n@ 900 NS ns\nns 60 A 192.0.2.1\n*.w 60 A 192.0.2.1\n",
    );
    for n in 0..NAMES {
        contents.push_str(&format!("host{n} 300 A 192.0.2.{}\n", n % 256));
    }
    let (plane, _) = signed_plane("example.test.", &contents);
    let numbers = || {
        let mut entropy = Entropy::new(1);
        (0..20_000).map(move |_| usize::try_from(entropy.draw() % NAMES as u64).unwrap())
    };
    let packets = |name: &dyn Fn(usize) -> String, qtype, with_do: bool| -> Vec<Vec<u8>> {
        numbers()
            .map(|n| {
                let qname = name(n);
                let question = ask_for(&qname, qtype);
                if with_do { question.with_do().packet() } else { question.packet() }
            })
            .collect()
    };
    let host = |n: usize| format!("host{n}.example.test.");
    let runs = [
        ("positive, plain", packets(&host, RrType::A, false), 9),
        ("positive, signed", packets(&host, RrType::A, true), 9),
        ("no data, signed", packets(&host, RrType::TXT, true), 9),
        ("no name, plain", packets(&|n| format!("x{n}.example.test."), RrType::A, false), 9),
        ("no name, signed", packets(&|n| format!("x{n}.example.test."), RrType::A, true), 3),
        ("wildcard, signed", packets(&|n| format!("x{n}.w.example.test."), RrType::A, true), 3),
    ];
    let client = Client { addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 53)) };
    let origin = || -> Box<dyn ReplySink> { unreachable!() };
    let counters = Counters::default();
    let mut entropy = Entropy::new(2);
    let mut out = Vec::with_capacity(2048);
    let root = plane.load();
    let view = root.view("v").unwrap();
    let world = World { view, facts: root.facts(), logging: None, now: NOW, counters: &counters };
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    for (what, packets, rounds) in runs.into_iter().filter(|(what, ..)| what.contains(&wanted)) {
        let mut times: Vec<u128> = (0..=rounds)
            .map(|_| {
                let start = Instant::now();
                for packet in &packets {
                    let _ = black_box(answer(
                        &world,
                        packet,
                        Transport::Udp,
                        &client,
                        &origin,
                        &mut entropy,
                        &mut out,
                    ));
                }
                start.elapsed().as_nanos() / packets.len() as u128
            })
            .collect();
        times.remove(0);
        times.sort_unstable();
        println!("{what:18} {:6} ns, {} octets", times[times.len() / 2], out.len());
    }
}
