"""Texts with wildcards and variables, as policies have them: `*` any characters, `?` one, `${aws:username}`.

A pattern is prepared once: wildcards and the marks of variables become noncharacters, so that what a variable
stands for is matched literally, whatever it holds. Not for: regular expressions.
Source: IAM user guide, "IAM policy elements: Variables and tags".
"""

import re
from collections.abc import Callable
from functools import lru_cache

_STAR, _ANY, _OPEN, _CLOSE = RESERVED = "\ufdd0\ufdd1\ufdd2\ufdd3"
_WRITTEN = re.compile(r"\$\{([^{}]*)\}")
_PREPARED = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_LITERAL = frozenset("*?$")  # ${*} is a star
_WILD = str.maketrans({"*": _STAR, "?": _ANY})

Lookup = Callable[[str], str | None]
"""A condition key in lower case -> its one value; None: it has none, or several."""


def prepared(text: str, *, variables: bool, wildcards: bool = True) -> str:
    """A pattern for `filled` and `like`. Without `variables` or `wildcards` these are plain text.

    Raises: ValueError, when the text holds one of the characters that patterns use themselves.
    """
    if any(character in text for character in RESERVED):
        raise ValueError("a noncharacter")
    wild = _WILD if wildcards else {}
    if not variables or "${" not in text:
        return text.translate(wild)
    made = []
    for number, part in enumerate(_WRITTEN.split(text)):
        if number % 2 == 0:
            made.append(part.translate(wild))
        else:
            made.append(part if part in _LITERAL else f"{_OPEN}{part.strip().lower()}{_CLOSE}")
    return "".join(made)


def filled(pattern: str, lookup: Lookup) -> str | None:
    """With every variable's value in its place; None when one of them has none."""
    if _OPEN not in pattern:
        return pattern
    whole = True

    def value(found: re.Match[str]) -> str:
        nonlocal whole
        text = lookup(found[1])
        if text is None or any(character in text for character in RESERVED):
            whole = False
            return ""
        return text

    made = _PREPARED.sub(value, pattern)
    return made if whole else None


def like(pattern: str, text: str) -> bool:
    """In time len(pattern) * len(text) at most, whatever the pattern."""
    if pattern == _STAR:
        return True
    if _ANY in pattern:
        return _compiled(pattern).fullmatch(text) is not None
    if _STAR not in pattern:
        return pattern == text
    # Not compiled: an identity's policies may hold ten thousand patterns, and a batch a thousand names.
    first, *middle, last = pattern.split(_STAR)
    at, end = len(first), len(text) - len(last)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for part in middle:  # each where it comes first
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


@lru_cache(maxsize=16384)  # all of an identity's: ten policies of 6144 characters
def _compiled(pattern: str) -> re.Pattern[str]:
    """What lies between two stars is taken where it comes first, and not tried anew: an atomic group each."""
    first, *rest = (re.escape(part).replace(_ANY, ".") for part in pattern.split(_STAR))
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    between = "".join(f"(?>.*?{part})" for part in middle if part)
    return re.compile(f"{first}{between}.*{last}", re.DOTALL)


def arn_like(pattern: str, arn: str) -> bool:
    """Each of the six parts by itself: no wildcard reaches over a colon, unlike in `like`."""
    patterns, parts = pattern.split(":", 5), arn.split(":", 5)
    return len(patterns) == len(parts) == 6 and all(map(like, patterns, parts))
