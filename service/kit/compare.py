"""What came of a file beside what must come of it, and the certificate of a whole run. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from service.kit.expected import Expected, RowFinding

_COUNTS: Final = ("received", "accepted", "held")
_TOTALS: Final = ("in_scope", "undetermined", "out_of_scope")
_REASONS: Final = ("attrition", "missing")


class Outcome(Struct, frozen=True, kw_only=True):
    """What a program said of a file. ``None`` is what it did not say, and what it is not held to."""

    findings: tuple[RowFinding, ...] = ()
    counts: Mapping[str, int] = {}
    """Received, accepted, held: those that it gave."""
    by_severity: Mapping[str, int] | None = None
    """Where it gave the number of its findings by severity, and not the findings."""
    tallies: Mapping[str, Mapping[str, Any]] | None = None
    """By scope edition: verdicts, and perhaps attrition and what is missing."""
    refused: str | None = None
    """The code with which it refused the file as a whole; empty where it gave none."""
    trouble: str | None = None
    """Why it said nothing."""
    status: int | None = None
    """Of a program that was started for the file: 1 says that rows are held."""


class Difference(Struct, frozen=True):
    """One thing that came otherwise than it must."""

    what: str
    expected: Any
    came: Any


class Failure(Struct, frozen=True):
    """One file of which something came otherwise."""

    example: str
    file: str
    about: str
    differences: tuple[Difference, ...]


class ByNotice(Struct, frozen=True):
    """One file of which something came otherwise than the published contract has it, and just as it is with the rule
    notices that hold where it was asked."""

    example: str
    file: str
    about: str
    notices: tuple[str, ...]
    differences: tuple[Difference, ...]


class NotRun(Struct, frozen=True):
    """An example that this program could not be asked about, and why."""

    example: str
    why: str


class Certificate(Struct, frozen=True, kw_only=True):
    """What a run of the kit came to. ``pack`` and ``contract`` are hashes of the examples and of the version.

    ``passed``, ``failed`` and ``noticed`` are numbers of files; a whole return is one."""

    contract_version: str
    contract: str
    pack: str
    program: str
    against: str
    at: str
    examples: int
    """Of how many examples something was run."""
    of: int
    """How many the kit has."""
    files: int
    passed: int
    failed: int
    noticed: int
    """Differing, and by a rule notice alone: neither passed nor failed."""
    failures: tuple[Failure, ...]
    by_notice: tuple[ByNotice, ...]
    not_run: tuple[NotRun, ...]

    @property
    def holds(self) -> bool:
        """Whether every file came as it must, by the contract and the notices that hold there."""
        return self.failed == 0


def differences(expected: Expected, came: Outcome) -> tuple[Difference, ...]:
    """Everything that came otherwise than it must."""
    if came.trouble is not None:
        return (Difference("answer", "an answer", came.trouble),)
    if expected.refused is not None or came.refused is not None:
        same = expected.refused is not None and came.refused in (expected.refused, "")
        return () if same else (Difference("refused", expected.refused, came.refused),)
    found = [
        Difference(name, getattr(expected, name), came.counts[name])
        for name in _COUNTS
        if name in came.counts and came.counts[name] != getattr(expected, name)
    ]
    if came.status is not None and came.status != int(expected.held > 0):
        found.append(Difference("exit status", int(expected.held > 0), came.status))
    if came.by_severity is None:
        asked = [item for item in came.findings if item.rule not in expected.not_asked]
        found += _of_findings(expected.findings, asked)
    elif (given := {name: count for name, count in came.by_severity.items() if count}) != expected.by_severity:
        found.append(Difference("findings", dict(expected.by_severity), given))
    for edition, tally in (came.tallies or {}).items():
        if edition in expected.tallies:
            found += _of_tally(edition, msgspec.to_builtins(expected.tallies[edition]), tally)
    return tuple(found)


def _of_findings(expected: Sequence[RowFinding], came: Sequence[RowFinding]) -> list[Difference]:
    wanted, given = Counter(expected), Counter(came)
    missing, more = sorted((wanted - given).elements()), sorted((given - wanted).elements())
    found = []
    if missing:
        found.append(Difference("findings that did not come", [_shown(item) for item in missing], []))
    if more:
        found.append(Difference("findings that must not come", [], [_shown(item) for item in more]))
    return found


def _of_tally(edition: str, expected: Mapping[str, Any], came: Mapping[str, Any]) -> list[Difference]:
    found = [
        Difference(f"{name} under {edition}", expected[name], came.get(name, 0))
        for name in _TOTALS
        if expected[name] != came.get(name, 0)
    ]
    for name in _REASONS:
        given = {key: count for key, count in came.get(name, expected[name]).items() if count}
        if given != expected[name]:
            found.append(Difference(f"{name} under {edition}", expected[name], given))
    return found


def _shown(item: RowFinding) -> str:
    """``row 2: V220 offence_to``."""
    return f"row {item.row}: {item.rule}{' ' + item.field if item.field else ''}"
