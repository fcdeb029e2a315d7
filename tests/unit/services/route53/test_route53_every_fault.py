"""Every error that the service model of Route 53 knows is provoked by a test, or cannot be, for a reason."""

import re
from pathlib import Path

from botocore.session import Session

TESTS = Path(__file__).parents[3]
PROVOKE_NOTHING = (Path(__file__).name, "test_wire_exact.py")  # the latter raises every error by itself

NEVER = {
    "DelegationSetNotReusable": "a set that is not reusable has no id that a caller could know",
    "IncompatibleVersion": "there is one version of the API",
    "InsufficientCloudWatchLogsResourcePolicy": "a log group is a directory of the service itself",
    "NoSuchCloudWatchLogsLogGroup": "a log group is made when it is named first",
}
"""Errors that Seal53 never gives, with the reason; docs/divergences.md says the same to users."""


def _modelled() -> set[str]:
    model = Session().get_service_model("route53")
    shapes = (model.shape_for(name) for name in model.shape_names)
    return {shape.name for shape in shapes if shape.metadata.get("exception")}


def test_every_modelled_error_is_provoked_by_a_test_or_cannot_be() -> None:
    texts = [
        path.read_text()
        for kind in ("unit", "wire", "e2e")
        for path in (TESTS / kind).rglob("test_*.py")
        if path.name not in PROVOKE_NOTHING
    ]
    quoted = {word for text in texts for word in re.findall(r"[\"']([A-Z][A-Za-z]+)[\"']", text)}
    assert _modelled() - quoted == NEVER.keys()


def test_what_never_comes_is_written_where_users_look() -> None:
    divergences = (TESTS.parent / "docs" / "divergences.md").read_text()
    assert [error for error in NEVER if f"`{error}`" not in divergences] == []
