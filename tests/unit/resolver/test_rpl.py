"""Replay scenarios of a validating resolver, played against the machine; skipped where they are not at hand.

Left out: what needs NSEC3, and the scenarios below, each with its reason.
"""

import os
from pathlib import Path

import pytest
import rpl

BESIDE = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "rpl"
DATA = Path(os.environ.get("SEAL53_RPL", BESIDE))

LEFT_OUT = {
    "val_any_cap": "Unbound caps the number of RRsets in an ANY answer; RFC 8482 leaves it open",
    "val_canon_short_px": "the reply is raw octets",
    "val_cnametonsec": "takes a denial of DS from another reply; no server answers the query",
    "val_dnameqtype": "expects DNAMEs to be answered from the cache; no server answers the queries",
    "val_dnameqtype_qmin": "expects DNAMEs to be answered from the cache; no server answers the queries",
    "val_dnametoolong": "Unbound never sets AD with YXDOMAIN; the DNAME validates (RFC 6672 §5.3)",
    "val_negcache_nta": "a negative trust anchor, which we do not have",
    "val_negcache_ttl_prefetch": "aggressive use of NSEC and prefetch, which we do not have",
    "val_noadwhennodo": "AD for clients without DO is the data plane's",
    "val_referglue": "expects a cached referral to be given to a client",
    "val_ta_algo_missing": "all algorithms must sign; by RFC 6840 §5.11 one valid path suffices",
}


def scenarios() -> list[Path]:
    found = sorted(DATA.glob("*.rpl")) if DATA.is_dir() else []
    return [p for p in found if p.stem not in LEFT_OUT and "nsec3" not in p.read_text().lower()]


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no replay scenarios in {DATA}")
def test_the_selection_is_large():
    assert len(scenarios()) >= 50


@pytest.mark.parametrize("path", scenarios(), ids=lambda p: p.stem)
def test_scenario(path):
    assert rpl.Player(rpl.read(path)).play() == []
