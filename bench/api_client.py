"""A client of Route 53's API that costs little itself: requests are made as text and signed by botocore.

For: the same calls to Seal53 and to moto's server, and a question to every name server. Not for: anything
that boto3 does for its users. Limits: one connection, no second attempt.
"""

import http.client
import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.processes import BenchFault
from seal53.core import Message, Name, build_query

REGION = "us-east-1"
TTL = 60
_XMLNS = "https://route53.amazonaws.com/doc/2013-04-01/"
_TIMEOUT_S = 120.0
_ANSWER_S = 1.0
_INSYNC_S = 300.0
_A = 1

Change = tuple[str, str, str]
"""Action, name, IPv4 address of an A record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    id: str
    name: str
    hosts: tuple[str, ...]


class Client:
    """Calls one endpoint. Every method raises BenchFault for an answer that is not a success."""

    def __init__(self, url: str, access_key_id: str, secret_access_key: str) -> None:
        self._url = url
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_TIMEOUT_S)
        self._auth = SigV4Auth(Credentials(access_key_id, secret_access_key), "route53", REGION)

    def create_zone(self, name: str) -> Zone:
        body = (
            f'<CreateHostedZoneRequest xmlns="{_XMLNS}"><Name>{name}</Name>'
            f"<CallerReference>{name}</CallerReference></CreateHostedZoneRequest>"
        )
        reply = self._call("POST", "/2013-04-01/hostedzone", body.encode())
        hosts = re.findall(r"<NameServer>(.*?)</NameServer>", reply)
        return Zone(id=_one(r"<Id>/hostedzone/(.*?)</Id>", reply), name=name, hosts=tuple(hosts))

    def change(self, zone_id: str, changes: Sequence[Change]) -> str:
        """One batch; gives the change's id."""
        items = "".join(
            f"<Change><Action>{action}</Action><ResourceRecordSet><Name>{name}</Name><Type>A</Type>"
            f"<TTL>{TTL}</TTL><ResourceRecords><ResourceRecord><Value>{value}</Value></ResourceRecord>"
            "</ResourceRecords></ResourceRecordSet></Change>"
            for action, name, value in changes
        )
        body = (
            f'<ChangeResourceRecordSetsRequest xmlns="{_XMLNS}"><ChangeBatch><Changes>{items}</Changes>'
            "</ChangeBatch></ChangeResourceRecordSetsRequest>"
        )
        reply = self._call("POST", f"/2013-04-01/hostedzone/{zone_id}/rrset/", body.encode())
        return _one(r"<Id>/change/(.*?)</Id>", reply)

    def wait_insync(self, change_id: str) -> None:
        until = time.monotonic() + _INSYNC_S
        while "<Status>INSYNC</Status>" not in self._call("GET", f"/2013-04-01/change/{change_id}"):
            if time.monotonic() > until:
                raise BenchFault(f"a change was still PENDING after {_INSYNC_S:.0f} s")
            time.sleep(0.01)

    def page(self, zone_id: str, start: str | None = None) -> int:
        """A page of 300 record sets from a name on; how many it had."""
        query = "maxitems=300" if start is None else f"maxitems=300&name={start}"
        reply = self._call("GET", f"/2013-04-01/hostedzone/{zone_id}/rrset?{query}")
        return reply.count("<ResourceRecordSet>")

    def zones(self, marker: str | None = None) -> tuple[int, str | None]:
        """A page of 100 hosted zones: how many, and where the next one begins."""
        query = "maxitems=100" if marker is None else f"maxitems=100&marker={marker}"
        reply = self._call("GET", f"/2013-04-01/hostedzone?{query}")
        following = re.search(r"<NextMarker>(.*?)</NextMarker>", reply)
        return reply.count("<HostedZone>"), following.group(1) if following else None

    def _call(self, method: str, path: str, body: bytes = b"") -> str:
        request = AWSRequest(method=method, url=self._url + path, data=body)
        self._auth.add_auth(request)
        prepared = request.prepare()
        try:
            self._connection.request(method, path, body=body, headers=dict(prepared.headers))
            reply = self._connection.getresponse()
            text = reply.read().decode()
        except (OSError, http.client.HTTPException) as e:
            self._connection.close()
            raise BenchFault(f"{method} {path}: {e!r}") from None
        if reply.status != 200 and reply.status != 201:
            raise BenchFault(f"{method} {path}: {reply.status} {text[:300]}")
        return text


class Asker:
    """Asks name servers over UDP."""

    def __init__(self, addresses: Sequence[tuple[str, int]]) -> None:
        self._addresses = addresses
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(_ANSWER_S)
        self._id = 0

    def __enter__(self) -> "Asker":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def wait(self, name: str, value: str, within_s: float = 60.0) -> None:
        """Until every name server answers with this address. Raises BenchFault."""
        owner, wanted = Name.parse(name), socket.inet_aton(value)
        until = time.monotonic() + within_s
        for address in self._addresses:
            while not self._answers(address, owner, wanted):
                if time.monotonic() > until:
                    raise BenchFault(f"{address[0]} did not answer {name} with {value} in {within_s:.0f} s")

    def _answers(self, address: tuple[str, int], owner: Name, wanted: bytes) -> bool:
        self._id = (self._id + 1) & 0xFFFF
        try:
            self._socket.sendto(build_query(self._id, owner, _A, do=False), address)
            while True:
                reply = Message.parse(self._socket.recv(4096))
                if reply.id == self._id:
                    return any(wanted in rrset.rdatas for rrset in reply.answer)
        except OSError:  # nobody there yet
            time.sleep(0.01)
            return False


def _one(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise BenchFault(f"an answer without {pattern}: {text[:300]}")
    return found.group(1)
