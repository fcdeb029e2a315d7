//! Batches, addresses and readiness over loopback.

use super::*;
use std::time::Duration;

fn client() -> UdpSocket {
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    client
}

fn receive(batch: &mut Batch, poll: &Poll, socket: &Socket) -> usize {
    let mut tokens = Vec::new();
    poll.wait(&mut tokens).unwrap();
    assert_eq!(tokens, [7]);
    batch.receive(socket).unwrap()
}

#[test]
fn a_batch_goes_back_to_its_senders() {
    let socket = Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let poll = Poll::new().unwrap();
    poll.add(&socket, 7).unwrap();
    let clients: Vec<UdpSocket> = (0..5).map(|_| client()).collect();
    for (number, client) in clients.iter().enumerate() {
        client.send_to(&[u8::try_from(number).unwrap(); 20], socket.address()).unwrap();
    }
    let mut batch = Batch::new();
    let mut replies = vec![Vec::new(); BATCH];
    let count = receive(&mut batch, &poll, &socket);
    assert_eq!(count, 5);
    for (slot, reply) in replies.iter_mut().enumerate().take(count) {
        let datagram = batch.datagram(slot).unwrap();
        assert_eq!(datagram.local, None);
        if datagram.packet[0] != 2 {
            reply.extend_from_slice(&datagram.packet[..10]);
        }
    }
    batch.send(&socket, &replies);
    let mut octets = [0; 64];
    for (number, client) in clients.iter().enumerate().filter(|(number, _)| *number != 2) {
        let (length, from) = client.recv_from(&mut octets).unwrap();
        assert_eq!((length, from), (10, socket.address()));
        assert_eq!(usize::from(octets[0]), number);
    }
    clients[2].set_nonblocking(true).unwrap();
    assert!(clients[2].recv_from(&mut octets).is_err());
    assert_eq!(batch.receive(&socket).unwrap(), 0);
    assert!(batch.datagram(0).is_none());
}

#[test]
fn replies_leave_from_the_address_that_was_asked() {
    let socket = Socket::bind("0.0.0.0:0".parse().unwrap()).unwrap();
    let poll = Poll::new().unwrap();
    poll.add(&socket, 7).unwrap();
    let client = client();
    let asked: SocketAddr = (Ipv4Addr::new(127, 0, 0, 77), socket.address().port()).into();
    client.send_to(b"hello", asked).unwrap();
    let mut batch = Batch::new();
    assert_eq!(receive(&mut batch, &poll, &socket), 1);
    let local = batch.datagram(0).unwrap().local;
    assert_eq!(local, Some(asked.ip()));
    batch.send(&socket, &[b"at once".to_vec()]);
    socket.send_to(b"late", client.local_addr().unwrap(), local);
    let mut octets = [0; 64];
    assert_eq!(client.recv_from(&mut octets).unwrap(), (7, asked));
    assert_eq!(client.recv_from(&mut octets).unwrap(), (4, asked));
}

#[test]
fn overlong_datagrams_are_not_seen() {
    let socket = Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let poll = Poll::new().unwrap();
    poll.add(&socket, 7).unwrap();
    client().send_to(&[0; QUERY_OCTETS + 1], socket.address()).unwrap();
    let mut batch = Batch::new();
    assert_eq!(receive(&mut batch, &poll, &socket), 1);
    assert!(batch.datagram(0).is_none());
}

#[test]
fn a_wait_ends_by_waking_and_a_removed_socket_is_silent() {
    let socket = Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let poll = Poll::new().unwrap();
    poll.add(&socket, 7).unwrap();
    poll.remove(&socket).unwrap();
    client().send_to(b"x", socket.address()).unwrap();
    poll.wake();
    let mut tokens = Vec::new();
    poll.wait(&mut tokens).unwrap();
    assert_eq!(tokens, [WAKE]);
}

#[test]
fn names_survive_the_way_through_the_kernel_form() {
    for text in ["192.0.2.1:53", "[2001:db8::1]:5353", "[fe80::1%3]:53"] {
        let address: SocketAddr = text.parse().unwrap();
        let mut name = zeroed_name();
        write_name(&mut name, address);
        assert_eq!(read_name(&name), Some(address));
    }
}
