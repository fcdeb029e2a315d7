"""What tests of operations share: no parent, ids that are the same in each run, how refusals are read."""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from seal53.base.errors import Fault
from seal53.base.ids import Ids
from seal53.core import Name
from seal53.services.context import DelegationSeen, Limits, Services
from seal53.services.faults import AwsFault, render
from seal53.store import Store, accounts

LIMITS = Limits(name_server_pattern="ns-{n}.set-{set}.seal53.", address_block="127.53.0.0/24")


class NoParent:
    def delegation(self, name: Name) -> DelegationSeen:
        raise AssertionError("the parent is not asked here")


def steady_entropy() -> Callable[[int], bytes]:
    """Octets that are the same in each run."""
    counter = itertools.count()
    return lambda n: hashlib.shake_128(next(counter).to_bytes(8)).digest(n)


@contextmanager
def services_of(where: Path, *accounts_: str, now: int) -> Iterator[Services]:
    """Operations on a real database with these accounts and nothing else."""
    store = Store(where / "store.db")
    store.open()
    with store.write() as tx:
        for account_id in accounts_:
            accounts.create(tx, id=account_id, name=account_id, now=now)
    yield Services(store=store, kek=bytes(32), ids=Ids(steady_entropy()), probe=NoParent(), limits=LIMITS)
    store.close()


def refused(code: str, call: Any, *args: Any, **request: Any) -> str:
    """The message with which a call is refused; it must have this code and be one line."""
    with pytest.raises(AwsFault) as fault:
        call(*args, **request)
    assert fault.value.error == code, fault.value
    assert "\n" not in fault.value.message
    return fault.value.message


def refusal(call: Any, *args: Any, **request: Any) -> tuple[str, str]:
    """Code and message of the AWS error that a call's fault becomes."""
    with pytest.raises(Fault) as fault:
        call(*args, **request)
    rendered = render(fault.value)
    assert rendered is not None
    return rendered[:2]
