//! The sockets over loopback, with a service that echoes.

use super::*;
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use crate::sink::SocketSink;

/// Echoes with QR set; says its view when asked for 'v', panics at 'p', drops 'd', answers 'l' only when `release` is called.
#[derive(Default)]
struct Echo {
    late: Mutex<Vec<(SocketSink, Vec<u8>)>>,
    panics: AtomicUsize,
    refused: AtomicUsize,
}

impl Echo {
    fn release(&self) -> usize {
        let waiting = std::mem::take(&mut *self.late.lock());
        let count = waiting.len();
        for (sink, reply) in waiting {
            sink.send(&reply);
        }
        count
    }
}

impl Service for Echo {
    type Snapshot = ();
    type Seat = ();

    fn seat(&self) {}

    fn snapshot(&self) {}

    fn answer(&self, _: &mut (), (): &(), view_id: &str, query: Incoming<'_>, reply: &mut Vec<u8>) {
        assert!(query.now > 1_700_000_000);
        let mut echo = query.packet.to_vec();
        if let Some(flags) = echo.get_mut(2) {
            *flags |= 0x80;
        }
        match query.packet.get(12) {
            Some(b'p') => panic!("as ordered"),
            Some(b'd') => {}
            Some(b'v') => reply.extend_from_slice(view_id.as_bytes()),
            Some(b'l') => self.late.lock().push((query.reply_to.sink(query.peer), echo)),
            _ => reply.extend_from_slice(&echo),
        }
    }

    fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    fn refused_connection(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}

fn start() -> (Arc<Echo>, Server) {
    let echo = Arc::new(Echo::default());
    let server = Server::start(Arc::clone(&echo), 2).unwrap();
    (echo, server)
}

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn query(id: u16, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; 12];
    packet[..2].copy_from_slice(&id.to_be_bytes());
    packet[2] = 1;
    packet.extend_from_slice(body);
    packet
}

fn udp_to(address: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket.connect(address).unwrap();
    socket
}

fn ask(socket: &UdpSocket, packet: &[u8]) -> Vec<u8> {
    socket.send(packet).unwrap();
    let mut octets = vec![0; 65535];
    let length = socket.recv(&mut octets).unwrap();
    octets.truncate(length);
    octets
}

fn tcp_to(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream
}

fn write(stream: &mut TcpStream, packet: &[u8]) {
    stream.write_all(&u16::try_from(packet.len()).unwrap().to_be_bytes()).unwrap();
    stream.write_all(packet).unwrap();
}

fn read(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut packet = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut packet).unwrap();
    packet
}

fn until(mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(5), "nothing happened");
        thread::yield_now();
    }
}

#[test]
fn both_transports_answer_from_the_view_of_the_address() {
    let (_, server) = start();
    for view in ["one", "two"] {
        let address = server.listen(any_port(), view).unwrap();
        assert_eq!(ask(&udp_to(address), &query(1, b"v")), view.as_bytes());
        let mut stream = tcp_to(address);
        write(&mut stream, &query(1, b"v"));
        assert_eq!(read(&mut stream), view.as_bytes());
    }
    assert_eq!(server.addresses().len(), 2);
}

#[test]
fn many_clients_spread_over_the_workers_get_their_own_replies() {
    let (_, server) = start();
    let address = server.listen(any_port(), "v").unwrap();
    let clients: Vec<UdpSocket> = (0..40).map(|_| udp_to(address)).collect();
    for (id, client) in (0_u16..).zip(&clients) {
        for round in 0..3 {
            client.send(&query(id * 10 + round, b"x")).unwrap();
        }
    }
    let mut octets = [0; 64];
    for (id, client) in (0_u16..).zip(&clients) {
        let mut seen: Vec<u16> = (0..3)
            .map(|_| {
                assert_eq!(client.recv(&mut octets).unwrap(), 13);
                u16::from_be_bytes([octets[0], octets[1]])
            })
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, [id * 10, id * 10 + 1, id * 10 + 2]);
    }
}

#[test]
fn a_panic_becomes_servfail_and_the_worker_lives() {
    let (echo, server) = start();
    let address = server.listen(any_port(), "v").unwrap();
    let client = udp_to(address);
    let reply = ask(&client, &query(0x1234, b"p"));
    assert_eq!(reply, [0x12, 0x34, 0x81, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut stream = tcp_to(address);
    write(&mut stream, &query(0x1234, b"p"));
    assert_eq!(read(&mut stream), reply);
    assert_eq!(echo.panics.load(Ordering::Relaxed), 2);
    assert_eq!(ask(&client, &query(7, b"x"))[..2], [0, 7]);
    write(&mut stream, &query(8, b"x"));
    assert_eq!(read(&mut stream)[..2], [0, 8]);
}

#[test]
fn a_response_is_not_answered_even_by_a_panic() {
    let mut reply = vec![1];
    let mut response = query(1, b"p");
    response[2] |= 0x80;
    write_servfail(&response, &mut reply);
    assert!(reply.is_empty());
    write_servfail(&[0; 11], &mut reply);
    assert!(reply.is_empty());
}

#[test]
fn late_answers_find_their_client() {
    let (echo, server) = start();
    let address = server.listen(any_port(), "v").unwrap();
    let client = udp_to(address);
    client.send(&query(1, b"l")).unwrap();
    let mut stream = tcp_to(address);
    write(&mut stream, &query(2, b"l"));
    // RFC 7766 §7: a reply that is ready does not wait for an earlier one.
    write(&mut stream, &query(3, b"x"));
    assert_eq!(read(&mut stream)[..2], [0, 3]);
    until(|| echo.late.lock().len() == 2);
    // A client that closed its half is still told.
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(echo.release(), 2);
    let mut octets = [0; 64];
    assert_eq!(client.recv(&mut octets).unwrap(), 13);
    assert_eq!(octets[..3], [0, 1, 0x81]);
    assert_eq!(read(&mut stream)[..2], [0, 2]);
    assert_eq!(stream.read(&mut octets).unwrap(), 0, "closed once nothing is owed");
}

#[test]
fn a_late_answer_to_a_closed_address_goes_nowhere() {
    let (echo, server) = start();
    let address = server.listen(any_port(), "v").unwrap();
    let client = udp_to(address);
    client.send(&query(1, b"l")).unwrap();
    until(|| echo.late.lock().len() == 1);
    server.unlisten(address);
    let again = server.listen(address, "again").unwrap();
    assert_eq!(again, address);
    assert_eq!(echo.release(), 1);
    // Whichever worker the kernel chooses, it is one that reads: no old socket is left in the group.
    for _ in 0..20 {
        assert_eq!(ask(&udp_to(address), &query(2, b"v")), b"again");
    }
}

#[test]
fn dropped_queries_hold_nothing_up_and_long_messages_pass() {
    let (_, server) = start();
    let mut stream = tcp_to(server.listen(any_port(), "v").unwrap());
    let long = query(9, &vec![b'x'; 65_535 - 12]);
    for _ in 0..200 {
        write(&mut stream, &query(1, b"d"));
    }
    write(&mut stream, &long);
    let reply = read(&mut stream);
    assert_eq!(reply.len(), 65_535);
    assert_eq!(reply[..2], [0, 9]);
}

#[test]
fn a_client_that_does_not_read_stalls_only_itself() {
    let (_, server) = start();
    let address = server.listen(any_port(), "v").unwrap();
    let mut greedy = tcp_to(address);
    greedy.set_nonblocking(true).unwrap();
    let long = query(1, &vec![b'x'; 60_000]);
    let mut framed = u16::try_from(long.len()).unwrap().to_be_bytes().to_vec();
    framed.extend_from_slice(&long);
    // Until the socket buffers of both directions and the 64 outstanding replies are full.
    let start = Instant::now();
    let mut blocked_since = None;
    while blocked_since.is_none_or(|since: Instant| since.elapsed() < Duration::from_millis(20)) {
        assert!(start.elapsed() < Duration::from_secs(5));
        match greedy.write(&framed) {
            Ok(written) => {
                assert!(written > 0);
                blocked_since = None;
            }
            Err(_) => blocked_since = blocked_since.or_else(|| Some(Instant::now())),
        }
    }
    let mut stream = tcp_to(address);
    write(&mut stream, &query(2, b"x"));
    assert_eq!(read(&mut stream)[..2], [0, 2]);
}

#[test]
fn a_client_has_at_most_64_connections() {
    let (echo, server) = start();
    let address = server.listen(any_port(), "v").unwrap();
    let mut held: Vec<TcpStream> = (0..64).map(|_| tcp_to(address)).collect();
    for stream in &mut held {
        write(stream, &query(1, b"x"));
        read(stream);
    }
    let mut one_more = tcp_to(address);
    assert!(matches!(one_more.read(&mut [0; 1]), Ok(0) | Err(_)));
    assert_eq!(echo.refused.load(Ordering::Relaxed), 1);
    held.clear();
    until(|| {
        let mut stream = tcp_to(address);
        let mut framed = vec![0, 13];
        framed.extend_from_slice(&query(1, b"x"));
        stream.write_all(&framed).is_ok() && stream.read_exact(&mut [0; 15]).is_ok()
    });
}

#[test]
fn an_address_belongs_to_one_listener() {
    let (_, server) = start();
    let address = server.listen(any_port(), "v").unwrap();
    assert_eq!(server.listen(address, "w").unwrap_err().kind(), io::ErrorKind::AddrInUse);
    let (_, other) = start();
    assert_eq!(other.listen(address, "w").unwrap_err().kind(), io::ErrorKind::AddrInUse);
    server.unlisten(address);
    until(|| other.listen(address, "w").is_ok());
    assert_eq!(ask(&udp_to(address), &query(1, b"v")), b"w");
}

#[test]
fn connections_end_with_their_address() {
    let (_, server) = start();
    let address = server.listen(any_port(), "v").unwrap();
    let mut stream = tcp_to(address);
    write(&mut stream, &query(1, b"x"));
    read(&mut stream);
    server.unlisten(address);
    assert!(matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_)));
    assert!(server.addresses().is_empty());
}

#[test]
fn stopping_is_quick_and_leaves_nothing_open() {
    let (echo, server) = start();
    let address = server.listen(any_port(), "v").unwrap();
    let mut stream = tcp_to(address);
    write(&mut stream, &query(1, b"l"));
    until(|| echo.late.lock().len() == 1);
    let start = Instant::now();
    server.stop();
    assert!(start.elapsed() < Duration::from_millis(500));
    assert_eq!(echo.release(), 1);
    assert!(matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_)));
    let rebound = Socket::bind(address).unwrap();
    assert_eq!(rebound.address(), address);
    assert_eq!(Arc::strong_count(&echo), 1);
}
