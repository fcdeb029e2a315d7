"""Where a service can stand: its directory, address block, port, sockets, master key and certificate.

Everything that can be wrong at start is found here, before a process is forked: each is a StartFault of one
line. A block belongs to one service at a time: it is reserved by an abstract Unix socket, which the system
frees when the last process of the service is gone. Limits: Linux; the block's addresses must be on this
machine (loopback is).
"""

import errno
import fcntl
import ipaddress
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from seal53.base.clock import Clock
from seal53.base.errors import StartFault
from seal53.base.journal import Secret
from seal53.base.tls import server_context
from seal53.config import Place, Settings, Tls, api_of, block_of
from seal53.keystore.master import load_master_key

READY = "ready.json"
_UNIX_PATH_MOST = 107  # sun_path has 108 octets, the last one is zero
_WAIT_FOR_THE_DEAD_S = 2.0  # the children of a killed supervisor end a moment after it
_EPHEMERAL_PREFIX = "seal53-"


@dataclass(slots=True)
class Ground:
    """The place, and how to leave it. What keeps it ours stays open in every process of the service."""

    place: Place
    ready_files: list[Path]
    fell_back: bool
    leaving: ExitStack

    def leave(self) -> None:
        """Removes what an ended service must not leave behind, and lets others in. Not for a role."""
        self.leaving.close()


def take(settings: Settings, clock: Clock, sleep: Callable[[float], None]) -> Ground:
    """Claims directory, block, port and sockets. Raises StartFault."""
    leaving = ExitStack()
    try:
        return _take(settings, clock, sleep, leaving)
    except BaseException:
        leaving.close()
        raise


def _take(settings: Settings, clock: Clock, sleep: Callable[[float], None], leaving: ExitStack) -> Ground:
    patience = _Patience(clock, sleep)
    data = _directory(settings, leaving)
    leaving.callback(os.close, _lock(data, patience))
    ready_files = [data / READY]
    if settings.ready_file is not None:
        ready_files.append(Path(settings.ready_file))
    for ready_file in ready_files:
        _clear(ready_file)
        leaving.callback(ready_file.unlink, missing_ok=True)
    reserved, block, port = _block(settings, patience)
    leaving.callback(reserved.close)
    api_socket = _api_socket(settings)
    leaving.callback(api_socket.close)
    feed_path = _feed_path(data, leaving)
    feed_socket = _feed_socket(feed_path)
    leaving.callback(feed_socket.close)
    leaving.callback(feed_path.unlink, missing_ok=True)
    place = Place(
        data=data,
        block=block,
        port=port,
        api=api_socket.getsockname()[:2],
        api_socket=api_socket,
        feed_path=feed_path,
        feed_socket=feed_socket,
        token=Secret(secrets.token_bytes(32)),
        kek=load_master_key(data, given=settings.master_key),
        tls=_tls(settings, data, api_socket.getsockname()[0], clock),
    )
    return Ground(
        place=place,
        ready_files=ready_files,
        fell_back=port != settings.dns_port,
        leaving=leaving,
    )


class _Patience:
    """Tries again for a while, once for the whole start: a killed service may still be ending."""

    def __init__(self, clock: Clock, sleep: Callable[[float], None]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._until = clock.monotonic() + _WAIT_FOR_THE_DEAD_S

    def again(self) -> bool:
        if self._clock.monotonic() >= self._until:
            return False
        self._sleep(0.02)
        return True


def _directory(settings: Settings, leaving: ExitStack) -> Path:
    if settings.ephemeral:
        root = Path("/dev/shm")  # noqa: S108 - memory, where there is such a directory
        parent = (
            root if os.access(root, os.W_OK | os.X_OK, effective_ids=True) else Path(tempfile.gettempdir())
        )
        _sweep(parent)
        made = Path(tempfile.mkdtemp(prefix=_EPHEMERAL_PREFIX, dir=parent))
        leaving.callback(shutil.rmtree, made, ignore_errors=True)
        return made
    directory = Path(settings.data) if settings.data is not None else default_data()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as e:
        raise StartFault(f"the data directory {directory} cannot be made: {e.strerror}") from None
    return directory.resolve()


def default_data() -> Path:
    """Where a service keeps everything when no --data is given."""
    if os.geteuid() == 0:
        return Path("/var/lib/seal53")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "seal53"


def _sweep(parent: Path) -> None:
    """Removes what killed ephemeral services left: directories of ours whose lock nobody holds."""
    for left in parent.glob(f"{_EPHEMERAL_PREFIX}*/lock"):
        try:
            if left.stat().st_uid != os.geteuid():
                continue
            fd = os.open(left, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left.parent, ignore_errors=True)
        except OSError:
            continue
        finally:
            os.close(fd)


def _lock(data: Path, patience: _Patience) -> int:
    path = data / "lock"
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as e:
        raise StartFault(
            f"the data directory {data} is not writable: {e.strerror}", hint="choose another with --data"
        ) from None
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return fd
        except OSError:
            if not patience.again():
                os.close(fd)
                raise StartFault(f"another service runs on the data directory {data}") from None


def _clear(ready_file: Path) -> None:
    try:
        ready_file.unlink(missing_ok=True)
        writable = os.access(ready_file.parent, os.W_OK | os.X_OK, effective_ids=True)
    except OSError as e:
        raise StartFault(f"the ready file {ready_file} cannot be replaced: {e.strerror}") from None
    if not writable:
        raise StartFault(f"the ready file {ready_file} cannot be written: no writable directory")


def _block(settings: Settings, patience: _Patience) -> tuple[socket.socket, ipaddress.IPv4Network, int]:
    """The reserved block, and the port that the system allows on it."""
    fixed = block_of(settings)
    taken: StartFault | None = None
    busy = 0
    for block in [fixed] if fixed is not None else _free_blocks():
        reserved = _reserve(block, patience if fixed is not None else None)
        if reserved is None:
            taken = StartFault(
                f"another service uses the address block {block}", hint="choose another with --address-block"
            )
            continue
        try:
            return reserved, block, _port(block, settings, patience)
        except StartFault as fault:
            reserved.close()
            taken = fault
            busy += 1
            if busy == 3:  # a program that listens on every address
                break
    assert taken is not None
    raise taken


def _free_blocks() -> Iterator[ipaddress.IPv4Network]:
    """127.53.0.0/24 is the default of services that keep their data; the rest is for those that do not."""
    for third in range(1, 256):
        yield ipaddress.IPv4Network(f"127.53.{third}.0/24")


def _reserve(block: ipaddress.IPv4Network, patience: _Patience | None) -> socket.socket | None:
    while True:
        reserved = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            reserved.bind(f"\0seal53-{block}")
            return reserved
        except OSError:
            reserved.close()
            if patience is None or not patience.again():
                return None


def _port(block: ipaddress.IPv4Network, settings: Settings, patience: _Patience) -> int:
    for port in (settings.dns_port, settings.fallback_port):
        while (refused := probe(block, port)) is not None:
            address, error = refused
            if error == errno.EACCES:
                break
            if error == errno.EADDRINUSE and patience.again():
                continue
            what = "is taken" if error == errno.EADDRINUSE else f"cannot be used ({os.strerror(error)})"
            raise StartFault(
                f"port {port} on {address} {what}",
                hint="end the program that listens there, or choose another --address-block or --dns-port",
            )
        else:
            return port
    raise StartFault(f"this user may use neither port {settings.dns_port} nor port {settings.fallback_port}")


def probe(block: ipaddress.IPv4Network, port: int) -> tuple[str, int] | None:
    """(address, errno) of the first address of the block that cannot be bound, or None.

    Asked without SO_REUSEPORT, which would share a port with another program of this user unnoticed.
    """
    for address in block.hosts():
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as tried:
                if kind == socket.SOCK_STREAM:
                    # connections of an ended service in TIME_WAIT do not count, a listener does
                    tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    tried.bind((str(address), port))
                except OSError as e:
                    return str(address), e.errno or 0
    return None


def _api_socket(settings: Settings) -> socket.socket:
    host, port = api_of(settings)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle off only for sockets that say they are TCP: else each reply takes 40 ms
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(512)
    except OSError as e:
        listening.close()
        what = "is taken" if e.errno == errno.EADDRINUSE else f"cannot be used ({e.strerror})"
        raise StartFault(f"the API's port {port} on {host} {what}", hint="choose --api-listen") from None
    listening.setblocking(False)
    return listening


def _tls(settings: Settings, data: Path, host: str, clock: Clock) -> Tls | None:
    """The files of the certificate, which are known to load."""
    if settings.api_certificate is not None and settings.api_key is not None:
        tls = Tls(certificate=Path(settings.api_certificate).resolve(), key=Path(settings.api_key).resolve())
    elif settings.api_tls == "own":
        from seal53.keystore import authority  # not above: few have one, and X.509 takes a while to load

        own = authority.Authority(directory=data / authority.DIRECTORY, names=_api_names(host))
        authority.keep(own, clock.now())
        tls = Tls(certificate=own.certificate, key=own.key, ca=own.ca, names=own.names)
    else:
        return None
    try:
        server_context(tls.certificate, tls.key)
    except (OSError, ValueError) as e:
        why = e.strerror if isinstance(e, OSError) and e.strerror else str(e)
        raise StartFault(
            f"the certificate {tls.certificate} with the key {tls.key} cannot be used: {why}"
        ) from None
    return tls


def _api_names(host: str) -> tuple[str, ...]:
    """Whom our own certificate names: this host, and the address that the API listens on."""
    names = ["localhost", "127.0.0.1", "::1", socket.gethostname()]
    if ipaddress.ip_address(host).is_unspecified:
        try:
            found = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
        except OSError:  # nobody knows this host by its name
            found = []
        names += [str(address[0]) for *_, address in found if "%" not in str(address[0])]
    else:
        names.append(host)
    return tuple(dict.fromkeys(names))


def _feed_path(data: Path, leaving: ExitStack) -> Path:
    path = data / "feed.sock"
    if len(os.fsencode(path)) <= _UNIX_PATH_MOST:
        return path
    short = Path(tempfile.mkdtemp(prefix="seal53-run-", dir="/tmp"))
    leaving.callback(shutil.rmtree, short, ignore_errors=True)
    return short / "feed.sock"


def _feed_socket(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        listening.bind(str(path))
        path.chmod(0o600)
        listening.listen(64)
    except OSError as e:
        listening.close()
        raise StartFault(f"the feed's socket {path} cannot be made: {e.strerror}") from None
    listening.setblocking(False)
    return listening
