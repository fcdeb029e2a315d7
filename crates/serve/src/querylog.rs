//! The query log: one line for each query that a logged zone covers, as Route 53 writes them.
//!
//! For: handing queries from the workers to whoever writes them down. A worker leaves an entry and goes on; the line is
//! made when it is taken. Not for: files. Limits: at most [`MAX_ENTRIES`] wait, what exceeds them is dropped and
//! counted; nothing is kept for zones that are not logged.
//! Source: Route 53 developer guide, "Logging DNS queries"; the place of the answering server is always `LOC1`.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use parking_lot::Mutex;
use smallvec::SmallVec;
use wire::{Query, Rcode, RrType};

/// How many entries wait at most: about a second of what one core answers.
pub const MAX_ENTRIES: usize = 1 << 16;
/// Where we answer. AWS has an airport's code and a number here.
const LOCATION: &str = "LOC1";

/// A query that was answered.
#[derive(Debug)]
pub(crate) struct Entry {
    zone_id: Arc<str>,
    at_ms: u64,
    qname: SmallVec<[u8; 48]>,
    qtype: RrType,
    rcode: Rcode,
    tcp: bool,
    client: IpAddr,
    subnet: Option<(IpAddr, u8)>,
}

impl Entry {
    /// `at_ms` in milliseconds since the UNIX epoch.
    pub(crate) fn new(
        zone_id: &Arc<str>,
        query: &Query<'_>,
        rcode: Rcode,
        (client, tcp): (IpAddr, bool),
        at_ms: u64,
    ) -> Entry {
        Entry {
            zone_id: Arc::clone(zone_id),
            at_ms,
            qname: SmallVec::from_slice(query.qname),
            qtype: query.qtype,
            rcode,
            tcp,
            client,
            subnet: query.subnet().given().and_then(|subnet| Some((subnet.address()?, subnet.length()))),
        }
    }

    fn line(&self) -> String {
        let mut line = String::with_capacity(128);
        let _ = write!(line, "1.0 {} {} ", Iso8601(self.at_ms), self.zone_id);
        write_name(&mut line, &self.qname);
        let protocol = if self.tcp { "TCP" } else { "UDP" };
        let _ = write!(line, " {} {} {protocol} {LOCATION} {} ", self.qtype, self.rcode, self.client);
        let _ = match self.subnet {
            Some((address, length)) => write!(line, "{address}/{length}"),
            None => write!(line, "-"),
        };
        line
    }
}

/// Entries on their way from the workers to who takes them.
pub struct QueryLog {
    entries: SyncSender<Box<Entry>>,
    taken: Mutex<Receiver<Box<Entry>>>,
}

impl Default for QueryLog {
    fn default() -> QueryLog {
        let (entries, taken) = sync_channel(MAX_ENTRIES);
        QueryLog { entries, taken: Mutex::new(taken) }
    }
}

impl QueryLog {
    /// Leaves an entry; says whether there was room.
    pub(crate) fn put(&self, entry: Entry) -> bool {
        self.entries.try_send(Box::new(entry)).is_ok()
    }

    /// Up to `most` lines with their zone's id, the oldest first; waits up to `timeout` for the first.
    pub fn take(&self, most: usize, timeout: Duration) -> Vec<(String, String)> {
        let taken = self.taken.lock();
        let first = match taken.recv_timeout(timeout) {
            Ok(entry) if most > 0 => entry,
            Ok(_) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Vec::new(),
        };
        let entries = std::iter::once(first).chain(taken.try_iter()).take(most);
        entries.map(|entry| (entry.zone_id.to_string(), entry.line())).collect()
    }
}

/// A name in Route 53's escape form, without the last dot: `\052.example.com`; the root is a dot. The case stays.
fn write_name(line: &mut String, wire: &[u8]) {
    let mut rest = wire;
    let mut is_first = true;
    while let Some((&len @ 1.., tail)) = rest.split_first() {
        if !is_first {
            line.push('.');
        }
        is_first = false;
        let (label, after) = tail.split_at_checked(len.into()).unwrap_or((tail, &[]));
        for octet in label {
            match octet {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => line.push(char::from(*octet)),
                _ => {
                    let _ = write!(line, "\\{octet:03o}");
                }
            }
        }
        rest = after;
    }
    if is_first {
        line.push('.');
    }
}

/// Milliseconds since the UNIX epoch as `2017-12-13T08:16:02.130Z`.
struct Iso8601(u64);

impl std::fmt::Display for Iso8601 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (seconds, milliseconds) = (self.0 / 1000, self.0 % 1000);
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        // A year that begins with March ends with the day that some have and others have not; an era is 400 years. Day 0
        // is 719,468 days after the first of such years.
        let day = days + 719_468;
        let (era, of_era) = (day / 146_097, day % 146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * march_month + 2) / 5 + 1;
        let (month, carry) = if march_month < 10 { (march_month + 3, 0) } else { (march_month - 9, 1) };
        let year = era * 400 + year_of_era + carry;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_513_152_962_130, "2017-12-13T08:16:02.130Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (1_735_689_599_001, "2024-12-31T23:59:59.001Z"),
        ];
        for (at_ms, text) in cases {
            assert_eq!(Iso8601(at_ms).to_string(), text);
        }
    }

    #[test]
    fn names_are_escaped_as_route_53_does() {
        let cases = [
            (&b"\0"[..], "."),
            (b"\x01*\x07eXample\x03com\0", "\\052.eXample.com"),
            (b"\x04_a-9\x03\x00.\xff\0", "_a-9.\\000\\056\\377"),
        ];
        for (wire, text) in cases {
            let mut line = String::new();
            write_name(&mut line, wire);
            assert_eq!(line, text);
        }
    }
}
