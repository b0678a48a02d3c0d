"""What must come of each file of an example: its rows, its findings, and what it counts to under every scope edition.

Nothing is judged here. A row is held where a finding that was written beside it is of a rule that holds rows; all else
is adding up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from service.contract.model import Part, PartName, Role
from service.kit.content import content_of
from service.kit.model import HEADED, MEDIA, Example, Find, Kit, Raw, Row
from service.kit.read import numbered
from service.scope.edition import Edition
from service.scope.verdict import Judgement, Verdict


class RowFinding(Struct, frozen=True, order=True):
    """A finding of one row of one file, numbered as the file is: a heading is row 1."""

    row: int
    rule: str
    field: str = ""


class Count(Struct, frozen=True, kw_only=True):
    """Weights under one scope edition. ``open``: rows that do not say how many, and are not out of scope."""

    in_scope: int
    undetermined: int
    out_of_scope: int
    open: int
    attrition: Mapping[str, int]
    missing: Mapping[str, int]


class Expected(Struct, frozen=True, kw_only=True):
    """What must come of one file. ``refused``: the code of what refuses it as a whole, and then nothing else counts."""

    received: int
    accepted: int
    held: int
    findings: tuple[RowFinding, ...]
    by_severity: Mapping[str, int]
    """The number of those that a row has by itself: what an upload is answered with. Zeros are left out."""
    not_asked: tuple[str, ...]
    """Rules of which nothing is said here, whatever they find."""
    tallies: Mapping[str, Count]
    refused: str | None = None


class File(Struct, frozen=True, kw_only=True):
    """One file of an example."""

    example: Example
    ending: str
    content: bytes
    expected: Expected
    previous: bytes | None = None
    """The file that was sent and sealed in the period before, where the example builds on one."""

    @property
    def media(self) -> str:
        """Its media type."""
        return MEDIA[self.ending]

    @property
    def name(self) -> str:
        """Its path in the kit."""
        return f"{self.example.name}/{self.example.part}.{self.ending}"


def files_of(kit: Kit, example: Example, endings: Iterable[str] = tuple(MEDIA)) -> Iterator[File]:
    """The files of an example, one a medium."""
    content, wanted = example.content, tuple(endings)
    if isinstance(content, Raw):
        if content.ending in wanted:
            expected = _of_raw(kit, content)
            yield File(example=example, ending=content.ending, content=content.content, expected=expected)
        return
    part = kit.contract.parts[example.part]
    rows = tuple(numbered(content.rows))
    values = [row.values for row in rows]
    for ending in content.endings:
        if ending in wanted:
            yield File(
                example=example,
                ending=ending,
                content=content_of(part, values, ending),
                expected=_of_rows(kit, example, rows, content.heading, ending),
                previous=_listed(kit, example, example.previous, ending),
            )


def before_of(kit: Kit, example: Example, ending: str) -> bytes | None:
    """The file of what the return already holds, where an example is about that."""
    return _listed(kit, example, example.before, ending)


def _listed(kit: Kit, example: Example, rows: tuple[Row, ...], ending: str) -> bytes | None:
    if not rows:
        return None
    return content_of(kit.contract.parts[example.part], [row.values for row in numbered(rows)], ending)


def _of_rows(kit: Kit, example: Example, rows: tuple[Row, ...], heading: tuple[Find, ...], ending: str) -> Expected:
    part = kit.contract.parts[example.part]
    first = 2 if ending in HEADED else 1
    found = [RowFinding(1, item.rule, item.field) for item in heading if ending in HEADED]
    accepted = []
    for number, row in enumerate(rows, first):
        found += [RowFinding(number, item.rule, item.field) for item in row.finds]
        if not _is_held(kit, row.finds):
            accepted.append(row)
    return Expected(
        received=len(rows),
        accepted=len(accepted),
        held=len(rows) - len(accepted),
        findings=tuple(sorted(found)),
        by_severity=_by_severity(kit, found),
        not_asked=() if example.compares else _comparing(kit, part.name),
        tallies=_tallies(kit, part, [(row.verdicts, _weight(part, row)) for row in accepted]),
    )


def _of_raw(kit: Kit, content: Raw) -> Expected:
    found = [RowFinding(row, item.rule, item.field) for row, item in content.finds]
    return Expected(
        received=content.received,
        accepted=len(content.accepted),
        held=content.received - len(content.accepted),
        findings=tuple(sorted(found)),
        by_severity=_by_severity(kit, found),
        not_asked=_comparing(kit, PartName.CASE),
        tallies=_tallies(kit, kit.contract.parts[PartName.CASE], [(verdicts, 1) for verdicts in content.accepted]),
        refused=content.refused,
    )


def _by_severity(kit: Kit, found: Iterable[RowFinding]) -> Mapping[str, int]:
    rules = (kit.contract.rule[item.rule] for item in found)
    return Counter(rule.severity.value for rule in rules if not rule.compares)


def _comparing(kit: Kit, part: PartName) -> tuple[str, ...]:
    return tuple(rule.id for rule in kit.contract.comparing(part))


def _is_held(kit: Kit, finds: tuple[Find, ...]) -> bool:
    return any(kit.contract.rule[item.rule].severity.holds for item in finds)


def _weight(part: Part, row: Row) -> int | None:
    """How many cases a row stands for; None where it does not say."""
    field = part.by_role.get(Role.WEIGHT)
    if field is None:
        return 1
    text = row.values.get(field.name, "")
    return int(text) if text.isdigit() else None


def _tallies(kit: Kit, part: Part, rows: list[tuple[Mapping[str, Judgement], int | None]]) -> dict[str, Count]:
    """Under each edition under which every row has a judgement; workforce rows are no cases and count nowhere."""
    if Role.STAGE not in part.by_role:
        return {}
    editions = {name: edition for name, edition in kit.editions.items() if all(name in row for row, _ in rows)}
    return {name: _count(edition, [(row[name], weight) for row, weight in rows]) for name, edition in editions.items()}


def _count(edition: Edition, rows: list[tuple[Judgement, int | None]]) -> Count:
    totals: Counter[Verdict] = Counter()
    attrition, missing = Counter[str](), Counter[str]()
    is_open = 0
    for judgement, weight in rows:
        if weight is None:
            is_open += judgement.verdict is not Verdict.OUT_OF_SCOPE
            continue
        totals[judgement.verdict] += weight
        if judgement.rule is not None:
            attrition[judgement.rule] += weight
        missing.update(dict.fromkeys(judgement.missing, weight))
    return Count(
        in_scope=totals[Verdict.IN_SCOPE],
        undetermined=totals[Verdict.UNDETERMINED],
        out_of_scope=totals[Verdict.OUT_OF_SCOPE],
        open=is_open,
        attrition={rule: attrition[rule] for rule in edition.rule_ids if attrition[rule]},
        missing={name: missing[name] for name in edition.definition.attributes if missing[name]},
    )


def as_document(kit: Kit, file: File) -> dict[str, Any]:
    """What must come of a file, as it stands in the kit."""
    expected = file.expected
    if expected.refused is not None:
        return {"file": file.name.rsplit("/", 1)[-1], "media": file.media, "refused": expected.refused}
    return {
        "file": file.name.rsplit("/", 1)[-1],
        "media": file.media,
        "received": expected.received,
        "accepted": expected.accepted,
        "held": expected.held,
        "findings": [
            {
                "row": item.row,
                "rule": item.rule,
                "severity": kit.contract.rule[item.rule].severity.value,
                "field": item.field or None,
            }
            for item in expected.findings
        ],
        "not_asked": expected.not_asked,
        "tallies": expected.tallies,
    }
