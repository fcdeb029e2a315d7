"""What the demo prints: for people with rich, for machines as JSON lines."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

import dns.flags
import dns.message
import dns.rcode
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape


class Unexpected(Exception):
    """An expectation of the story did not hold."""


@dataclass(slots=True)
class Step:
    """One step as it happens.

    Shape: `lines` are (sign, text): ">" sent, "<" received, "=" expectation that held, "!" one that did not,
    " " remark.
    """

    number: int
    title: str
    lines: list[tuple[str, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    upstream: int = 0
    seconds: float = 0.0


class Show:
    """Prints steps and remembers whether everything held."""

    def __init__(self, *, machine: bool, out: TextIO) -> None:
        self._machine = machine
        self._console = Console(file=out, highlight=False, soft_wrap=True)
        self._out = out
        self.steps: list[Step] = []

    @property
    def failures(self) -> list[str]:
        return [f"step {step.number}: {text}" for step in self.steps for text in step.failures]

    @contextmanager
    def step(self, number: int, title: str, upstream: Callable[[], int]) -> Iterator[None]:
        """Counts the upstream queries and the time of what happens inside."""
        step = Step(number=number, title=title)
        self.steps.append(step)
        if not self._machine:
            self._console.print(f"\n[bold]{number}. {escape(title)}[/bold]")
        before, started = upstream(), time.monotonic()
        try:
            yield
        except (Unexpected, BotoCoreError, ClientError) as e:
            step.failures.append(str(e))
        finally:
            step.upstream, step.seconds = upstream() - before, time.monotonic() - started
            self._end(step)

    def end(self) -> None:
        """The last word: whether everything held."""
        if self._machine:
            self._write({"held": not self.failures, "failures": self.failures})
        elif self.failures:
            self._console.print(f"\n[bold red]{len(self.failures)} expectations did not hold[/bold red]")
        else:
            self._console.print("\n[bold green]everything held[/bold green]")

    def sent(self, text: str) -> None:
        self._line(">", text)

    def got(self, text: str) -> None:
        self._line("<", text)

    def say(self, text: str) -> None:
        self._line(" ", text)

    def expect(self, holds: bool, text: str) -> None:
        """Notes an expectation; one that does not hold makes the demo fail, and the story goes on."""
        self._line("=" if holds else "!", text)
        if not holds:
            self.steps[-1].failures.append(text)

    def message(
        self, message: dns.message.Message, sections: Sequence[str] = ("answer", "authority")
    ) -> None:
        """A reply as `dig +dnssec` prints it: status, flags, records."""
        flags = dns.flags.to_text(message.flags).lower()
        self.got(f";; status: {dns.rcode.to_text(message.rcode())}; flags: {flags}")
        for option in message.options:
            if option.otype == 15:  # RFC 8914 §2
                self.got(f"; {option.to_text()}")
        for name in sections:
            for rrset in getattr(message, name):
                for line in rrset.to_text().splitlines():
                    self.got(line)

    @contextmanager
    def wait(self, what: str) -> Iterator[None]:
        """Progress while something is waited for."""
        if self._machine:
            yield
        else:
            with self._console.status(what):
                yield

    def _line(self, sign: str, text: str) -> None:
        self.steps[-1].lines.append((sign, text))
        if self._machine:
            return
        style = {">": "cyan", "<": "white", "=": "green", "!": "bold red", " ": "dim"}[sign]
        mark = {">": "->", "<": "<-", "=": "ok", "!": "NOT SO:", " ": "  "}[sign]
        self._console.print(f"   [{style}]{mark} {escape(text)}[/{style}]")

    def _end(self, step: Step) -> None:
        if self._machine:
            self._write(
                {
                    "step": step.number,
                    "title": step.title,
                    "lines": [{"sign": sign, "text": text} for sign, text in step.lines],
                    "failures": step.failures,
                    "upstream_queries": step.upstream,
                    "seconds": round(step.seconds, 2),
                }
            )
            return
        for failure in step.failures:
            self._console.print(f"   [bold red]failed: {escape(failure)}[/bold red]")
        self._console.print(f"   [dim]{step.upstream} upstream queries, {step.seconds:.1f} s[/dim]")

    def _write(self, value: object) -> None:
        self._out.write(json.dumps(value) + "\n")
        self._out.flush()
