//! Datagram sockets in batches, and the readiness queue that a worker sleeps on.
//!
//! The only module of the project with `unsafe`: Linux' recvmmsg, sendmmsg, epoll and eventfd have no safe interface in
//! `std`. Nothing here knows DNS. Limits: 32 datagrams a batch, 4096 octets a query (a longer one is not seen at all),
//! Linux only. Every pointer handed to the kernel points into heap memory that the same object owns.
#![allow(unsafe_code)]

use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use socket2::{Domain, Protocol, SockAddr, Type};

/// Datagrams received or sent with one system call.
pub const BATCH: usize = 32;

/// The longest query that is looked at; a question with EDNS options stays far below it.
const QUERY_OCTETS: usize = 4096;

/// Receive and send buffers of a socket, in octets: about 10 ms of queries at a million a second.
const RECEIVE_BUFFER: usize = 4 << 20;
const SEND_BUFFER: usize = 2 << 20;

/// How long a full send buffer may hold up a batch before its rest is dropped, in milliseconds.
const SEND_PATIENCE_MS: i32 = 5;

/// One UDP socket of one worker.
#[derive(Debug)]
pub struct Socket {
    inner: UdpSocket,
    address: SocketAddr,
    any: bool,
}

impl Socket {
    /// Binds without blocking mode, with SO_REUSEPORT, so that each worker has a socket of its own at `address`.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = socket2::Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        socket.set_reuse_port(true)?;
        let any = address.ip().is_unspecified();
        match address {
            SocketAddr::V4(_) => {
                set_option(&socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_OMIT)?;
                if any {
                    set_option(&socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?;
                }
            }
            SocketAddr::V6(_) => {
                socket.set_only_v6(true)?;
                set_option(&socket, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_OMIT)?;
                if any {
                    set_option(&socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?;
                }
            }
        }
        // The forced form passes net.core.rmem_max, but needs CAP_NET_ADMIN; either may be refused without harm.
        let forced = libc::c_int::try_from(RECEIVE_BUFFER).unwrap_or(libc::c_int::MAX);
        if set_option(&socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, forced).is_err() {
            let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
        }
        let _ = socket.set_send_buffer_size(SEND_BUFFER);
        socket.bind(&SockAddr::from(address))?;
        let inner = UdpSocket::from(socket);
        let address = inner.local_addr()?;
        Ok(Self { inner, address, any })
    }

    /// The address it is bound to, with the port that the system chose if 0 was asked for.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends one late reply; what cannot be sent at once is dropped, as a network may do too.
    pub fn send_to(&self, message: &[u8], peer: SocketAddr, local: Option<IpAddr>) {
        let Some(local) = local else {
            let _ = self.inner.send_to(message, peer);
            return;
        };
        let mut name = Box::new(zeroed_name());
        let length = write_name(&mut name, peer);
        let mut control = Box::new(Control::EMPTY);
        let mut vector = libc::iovec {
            iov_base: message.as_ptr().cast_mut().cast::<libc::c_void>(),
            iov_len: message.len(),
        };
        // SAFETY: msghdr is a plain C struct for which all zeroes is a valid value.
        let mut header: libc::msghdr = unsafe { mem::zeroed() };
        header.msg_name = ptr::from_mut::<libc::sockaddr_storage>(&mut name).cast();
        header.msg_namelen = length;
        header.msg_iov = &raw mut vector;
        header.msg_iovlen = 1;
        set_source(&mut header, &mut control, local);
        // SAFETY: header points to name, control, vector and message, all alive until the call returns; sendmsg only
        // reads the message.
        let _ = unsafe { libc::sendmsg(self.inner.as_raw_fd(), &raw const header, libc::MSG_DONTWAIT) };
    }
}

fn set_option(
    socket: &impl AsRawFd,
    level: libc::c_int,
    option: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    let length = socket_length::<libc::c_int>();
    // SAFETY: the kernel reads `length` octets of the integer `value`, which lives on this frame.
    let result =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const value).cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The size of `T` in the type that the socket calls want.
fn socket_length<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(mem::size_of::<T>()).unwrap_or(0)
}

/// Room for one packet-information control message of either family.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; 64]);

impl Control {
    const EMPTY: Self = Self([0; 64]);
}

/// One received datagram.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'b> {
    /// The payload.
    pub packet: &'b [u8],
    /// Who sent it.
    pub peer: SocketAddr,
    /// The address it was sent to; known only where the socket listens on all addresses.
    pub local: Option<IpAddr>,
}

/// Preallocated room for a batch of queries and the headers of their replies.
pub struct Batch {
    octets: Box<[[u8; QUERY_OCTETS]; BATCH]>,
    names: Box<[libc::sockaddr_storage; BATCH]>,
    controls: Box<[Control; BATCH]>,
    vectors: Box<[libc::iovec; BATCH]>,
    headers: Box<[libc::mmsghdr; BATCH]>,
    // The address that each datagram came to; none where the socket has just one.
    locals: [Option<IpAddr>; BATCH],
    received: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

impl Batch {
    /// About 150 kB; made once by each worker.
    #[must_use]
    pub fn new() -> Self {
        // SAFETY: iovec and mmsghdr are plain C structs of integers and pointers; all zeroes is a valid value.
        let (vector, header): (libc::iovec, libc::mmsghdr) = unsafe { (mem::zeroed(), mem::zeroed()) };
        Self {
            octets: Box::new([[0; QUERY_OCTETS]; BATCH]),
            names: Box::new([zeroed_name(); BATCH]),
            controls: Box::new([Control::EMPTY; BATCH]),
            vectors: Box::new([vector; BATCH]),
            headers: Box::new([header; BATCH]),
            locals: [None; BATCH],
            received: 0,
        }
    }

    /// Takes what waits at `socket`, at most a batch; 0 if nothing waits. Never blocks.
    pub fn receive(&mut self, socket: &Socket) -> io::Result<usize> {
        self.received = 0;
        let slots = self
            .headers
            .iter_mut()
            .zip(self.vectors.iter_mut())
            .zip(self.octets.iter_mut())
            .zip(self.names.iter_mut())
            .zip(self.controls.iter_mut());
        for ((((header, vector), octets), name), control) in slots {
            vector.iov_base = octets.as_mut_ptr().cast();
            vector.iov_len = octets.len();
            let header = &mut header.msg_hdr;
            header.msg_name = ptr::from_mut(name).cast();
            header.msg_namelen = socket_length::<libc::sockaddr_storage>();
            header.msg_iov = vector;
            header.msg_iovlen = 1;
            header.msg_flags = 0;
            if socket.any {
                header.msg_control = control.0.as_mut_ptr().cast();
                header.msg_controllen = control.0.len() as _;
            } else {
                header.msg_control = ptr::null_mut();
                header.msg_controllen = 0;
            }
        }
        // SAFETY: the loop above has just pointed every header at boxed arrays of `self` with their true lengths; they
        // stay where they are for the call, and nothing else refers to them (`&mut self`).
        let count = unsafe {
            libc::recvmmsg(
                socket.inner.as_raw_fd(),
                self.headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                ptr::null_mut(),
            )
        };
        match usize::try_from(count) {
            Ok(count) => {
                self.received = count.min(BATCH);
                self.locals = [None; BATCH];
                if socket.any {
                    let headers = self.headers.iter().take(self.received);
                    for (local, header) in self.locals.iter_mut().zip(headers) {
                        *local = read_local(&header.msg_hdr);
                    }
                }
                Ok(self.received)
            }
            Err(_) => match io::Error::last_os_error() {
                error if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                    Ok(0)
                }
                error => Err(error),
            },
        }
    }

    /// The datagram in a slot of the batch last received; None where there is none that could be answered.
    #[must_use]
    pub fn datagram(&self, slot: usize) -> Option<Datagram<'_>> {
        if slot >= self.received {
            return None;
        }
        let header = self.headers.get(slot)?;
        let packet = self.octets.get(slot)?.get(..usize::try_from(header.msg_len).ok()?)?;
        let peer = read_name(self.names.get(slot)?)?;
        if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 || peer.port() == 0 {
            return None;
        }
        Some(Datagram { packet, peer, local: self.locals.get(slot).copied().flatten() })
    }

    /// Sends `replies` to the peers of the same slots; an empty reply sends nothing.
    pub fn send(&mut self, socket: &Socket, replies: &[Vec<u8>]) {
        let mut count = 0_usize;
        let mut vectors = self.vectors.iter_mut();
        let slots = replies.iter().zip(self.names.iter_mut()).zip(self.controls.iter_mut()).zip(self.locals);
        for (((reply, name), control), local) in slots.take(self.received) {
            if reply.is_empty() {
                continue;
            }
            let (Some(header), Some(vector)) = (self.headers.get_mut(count), vectors.next()) else {
                break;
            };
            vector.iov_base = reply.as_ptr().cast_mut().cast();
            vector.iov_len = reply.len();
            let header = &mut header.msg_hdr;
            header.msg_namelen = name_length(name);
            header.msg_name = ptr::from_mut(name).cast();
            header.msg_iov = vector;
            header.msg_iovlen = 1;
            header.msg_flags = 0;
            header.msg_control = ptr::null_mut();
            header.msg_controllen = 0;
            if let Some(local) = local {
                set_source(header, control, local);
            }
            count += 1;
        }
        self.received = 0;
        self.flush(socket, count);
    }

    fn flush(&mut self, socket: &Socket, count: usize) {
        let fd = socket.inner.as_raw_fd();
        let mut sent = 0_usize;
        let mut waited = false;
        while let Some(rest) = self.headers.get_mut(sent..count).filter(|rest| !rest.is_empty()) {
            // SAFETY: `send` pointed these headers at names and controls of `self` and at replies that its caller
            // borrows to it for the whole call; sendmmsg reads them and writes msg_len only.
            let result = unsafe {
                libc::sendmmsg(fd, rest.as_mut_ptr(), rest.len() as libc::c_uint, libc::MSG_DONTWAIT as _)
            };
            match usize::try_from(result) {
                Ok(done) => sent += done.max(1),
                Err(_) => match io::Error::last_os_error().kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock if !waited => {
                        waited = true;
                        wait_writable(fd);
                    }
                    io::ErrorKind::WouldBlock => return,
                    // The first of the rest cannot be sent (no route, forbidden by a filter): go on with the others.
                    _ => sent += 1,
                },
            }
        }
    }
}

fn wait_writable(fd: RawFd) {
    let mut entry = libc::pollfd { fd, events: libc::POLLOUT, revents: 0 };
    // SAFETY: one pollfd, on this frame.
    unsafe { libc::poll(&raw mut entry, 1, SEND_PATIENCE_MS) };
}

fn zeroed_name() -> libc::sockaddr_storage {
    // SAFETY: sockaddr_storage is a plain C struct of integers; all zeroes is a valid value (AF_UNSPEC).
    unsafe { mem::zeroed() }
}

fn name_length(name: &libc::sockaddr_storage) -> libc::socklen_t {
    if libc::c_int::from(name.ss_family) == libc::AF_INET6 {
        socket_length::<libc::sockaddr_in6>()
    } else {
        socket_length::<libc::sockaddr_in>()
    }
}

fn read_name(name: &libc::sockaddr_storage) -> Option<SocketAddr> {
    let from = ptr::from_ref(name);
    match libc::c_int::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that this storage holds a sockaddr_in, and storage is larger and aligned for it.
            let name = unsafe { &*from.cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(name.sin_addr.s_addr));
            Some(SocketAddrV4::new(ip, u16::from_be(name.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: the same, for sockaddr_in6.
            let name = unsafe { &*from.cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(name.sin6_addr.s6_addr);
            let port = u16::from_be(name.sin6_port);
            Some(SocketAddrV6::new(ip, port, name.sin6_flowinfo, name.sin6_scope_id).into())
        }
        _ => None,
    }
}

fn write_name(name: &mut libc::sockaddr_storage, address: SocketAddr) -> libc::socklen_t {
    let to = ptr::from_mut(name);
    match address {
        SocketAddr::V4(address) => {
            // SAFETY: storage is larger than a sockaddr_in and aligned for it, and all zeroes is valid for both.
            let name = unsafe { &mut *to.cast::<libc::sockaddr_in>() };
            name.sin_family = libc::AF_INET as libc::sa_family_t;
            name.sin_port = address.port().to_be();
            name.sin_addr.s_addr = u32::from(*address.ip()).to_be();
        }
        SocketAddr::V6(address) => {
            // SAFETY: the same, for sockaddr_in6.
            let name = unsafe { &mut *to.cast::<libc::sockaddr_in6>() };
            name.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            name.sin6_port = address.port().to_be();
            name.sin6_flowinfo = address.flowinfo();
            name.sin6_scope_id = address.scope_id();
            name.sin6_addr.s6_addr = address.ip().octets();
        }
    }
    name_length(name)
}

/// The address a datagram came to, from the packet information that sockets on all addresses ask for. Called right
/// after `recvmmsg`, before anything else borrows the control messages.
fn read_local(header: &libc::msghdr) -> Option<IpAddr> {
    // SAFETY: header was filled by recvmmsg, so msg_control and msg_controllen describe control messages as the CMSG
    // macros expect them; the data is read unaligned, and only where level and type promise its layout.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(header);
        while let Some(control) = message.as_ref() {
            match (control.cmsg_level, control.cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = libc::CMSG_DATA(message).cast::<libc::in_pktinfo>().read_unaligned();
                    return Some(Ipv4Addr::from(u32::from_be(info.ipi_spec_dst.s_addr)).into());
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info = libc::CMSG_DATA(message).cast::<libc::in6_pktinfo>().read_unaligned();
                    return Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into());
                }
                _ => message = libc::CMSG_NXTHDR(header, message),
            }
        }
    }
    None
}

/// Makes `local` the source address of what `header` sends; the interface is left to the routes.
fn set_source(header: &mut libc::msghdr, control: &mut Control, local: IpAddr) {
    *control = Control::EMPTY;
    header.msg_control = control.0.as_mut_ptr().cast();
    header.msg_controllen = control.0.len() as _;
    // SAFETY: control is 64 zeroed octets, aligned for cmsghdr, and has room for one header with either structure
    // (16 + 20 octets and padding); the data is written unaligned.
    unsafe {
        let message = libc::CMSG_FIRSTHDR(header);
        if message.is_null() {
            return;
        }
        let size = match local {
            IpAddr::V4(ip) => {
                (*message).cmsg_level = libc::IPPROTO_IP;
                (*message).cmsg_type = libc::IP_PKTINFO;
                let source = libc::in_addr { s_addr: u32::from(ip).to_be() };
                let info = libc::in_pktinfo {
                    ipi_ifindex: 0,
                    ipi_spec_dst: source,
                    ipi_addr: libc::in_addr { s_addr: 0 },
                };
                libc::CMSG_DATA(message).cast::<libc::in_pktinfo>().write_unaligned(info);
                socket_length::<libc::in_pktinfo>()
            }
            IpAddr::V6(ip) => {
                (*message).cmsg_level = libc::IPPROTO_IPV6;
                (*message).cmsg_type = libc::IPV6_PKTINFO;
                let source = libc::in6_addr { s6_addr: ip.octets() };
                let info = libc::in6_pktinfo { ipi6_addr: source, ipi6_ifindex: 0 };
                libc::CMSG_DATA(message).cast::<libc::in6_pktinfo>().write_unaligned(info);
                socket_length::<libc::in6_pktinfo>()
            }
        };
        (*message).cmsg_len = libc::CMSG_LEN(size) as _;
        header.msg_controllen = libc::CMSG_SPACE(size) as _;
    }
}

/// The token under which `Poll::wake` is reported; no socket has it.
pub const WAKE: u64 = u64::MAX;

/// A worker's readiness queue; sockets are added and removed from any thread while it waits.
#[derive(Debug)]
pub struct Poll {
    epoll: OwnedFd,
    event: OwnedFd,
}

impl Poll {
    /// An empty queue.
    pub fn new() -> io::Result<Self> {
        // SAFETY: both calls return a fresh descriptor or -1, which `own` sorts out; nobody else owns it.
        let (epoll, event) = unsafe {
            (
                own(libc::epoll_create1(libc::EPOLL_CLOEXEC))?,
                own(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK))?,
            )
        };
        let poll = Self { epoll, event };
        poll.control(libc::EPOLL_CTL_ADD, poll.event.as_raw_fd(), WAKE)?;
        Ok(poll)
    }

    /// Reports `token` whenever `socket` has something to read (level-triggered).
    pub fn add(&self, socket: &Socket, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, socket.inner.as_raw_fd(), token)
    }

    /// Stops reporting `socket`.
    pub fn remove(&self, socket: &Socket) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, socket.inner.as_raw_fd(), 0)
    }

    /// Ends the present or the next `wait`.
    pub fn wake(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: writes eight octets from this frame.
        unsafe { libc::write(self.event.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    /// Sleeps until a socket is readable or `wake` is called; replaces `tokens` by those that are ready.
    pub fn wait(&self, tokens: &mut Vec<u64>) -> io::Result<()> {
        tokens.clear();
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        // SAFETY: the kernel writes at most the given number of events into the array on this frame.
        let count = unsafe {
            libc::epoll_wait(self.epoll.as_raw_fd(), events.as_mut_ptr(), events.len() as libc::c_int, -1)
        };
        let Ok(count) = usize::try_from(count) else {
            return match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => Ok(()),
                error => Err(error),
            };
        };
        tokens.extend(events.iter().take(count).map(|event| event.u64));
        if tokens.contains(&WAKE) {
            let mut count = [0_u8; 8];
            // SAFETY: reads eight octets into this frame; the descriptor does not block.
            unsafe { libc::read(self.event.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
        }
        Ok(())
    }

    fn control(&self, operation: libc::c_int, fd: RawFd, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: token };
        // SAFETY: the event is read from this frame; the descriptors are open because their owners are borrowed.
        let result = unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), operation, fd, &raw mut event) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

/// # Safety
/// `fd` is -1 with `errno` set, or an open descriptor that nobody else owns.
unsafe fn own(fd: libc::c_int) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
#[path = "udp_tests.rs"]
mod tests;
