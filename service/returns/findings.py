"""Lists the findings of a return, with their words and their answers, in order: part, row, rule, field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.canonical import SEPARATOR, canonical_text, from_stored
from service.contract.findings import Finding, finding_id, says, shown
from service.contract.model import Contract, PartName, Severity
from service.criteria.vocabulary import OPEN_NUMBER
from service.returns.answers import NO_CASE, UNANSWERED
from service.returns.draft import PART_NUMBER, SEVERITY_NUMBER
from service.returns.model import AnyReturn

_PARTS = {number: name for name, number in PART_NUMBER.items()}
_SEVERITIES = {number: name for name, number in SEVERITY_NUMBER.items()}

_FROM_ROW = frozenset({None, "sum_exceeds", "sum_differs", "knowledge_lost"})
"""Checks (None: conditions) whose stored value was written by the database in canonical form; others as it was sent."""


class Cursor(Struct, frozen=True, array_like=True):
    """Where a page ended; its numbers are bounded as the store's are."""

    part: Annotated[int, Meta(ge=-1, le=32_767)]
    row: Annotated[int, Meta(ge=-1, le=2_147_483_647)]
    rule: str
    id: Annotated[int, Meta(ge=-1, le=(1 << 63) - 1)]


class ListedFinding(Struct, frozen=True, kw_only=True):
    """A finding as it is shown, with the case's opaque id where there is one, the held row's number, and the answer."""

    document: dict[str, Any]
    case_id: UUID | None
    held: int | None
    answer: str | None
    id: str | None
    """What names it in a sheet that is sent back with answers; None where words cannot answer it."""


async def list_findings(
    tx: AsyncConnection,
    contract: Contract,
    item: AnyReturn,
    *,
    severity: Severity | None = None,
    rule: str | None = None,
    waiting: bool = False,
    held: Sequence[int] | None = None,
    held_after: int | None = None,
    after: Cursor | None = None,
    limit: int = 200,
) -> tuple[list[ListedFinding], Cursor | None]:
    """A page of findings, and where to go on. ``waiting``: only those that still wait for words. ``held``: only of
    held rows with these numbers, ``held_after``: only of those with a greater number."""
    start = after or Cursor(-1, -1, "", -1)
    rows = (
        await tx.execute(
            text(
                "select f.id, f.part, f.row, f.rule, f.severity, f.field, f.value, f.key, f.case_id, f.held_n, "
                "f.notice, a.words "
                "from finding f left join answer a on a.force = f.force and a.rule = f.rule and a.bound = f.bound "
                f"and a.case_id = coalesce(f.case_id, '{NO_CASE}') and f.severity >= 2 and f.held_n is null "
                "where f.force = :force and f.return_id = :id "
                "and (cast(:severity as smallint) is null or f.severity = :severity) "
                "and (cast(:rule as text) is null or f.rule = :rule) "
                f"and (not :waiting or {UNANSWERED}) "
                "and (cast(:held as integer[]) is null or f.held_n = any(:held)) "
                "and (cast(:held_after as integer) is null or f.held_n > :held_after) "
                'and (f.part, f.row, f.rule collate "C", f.id) > (:part, :row, :after_rule, :after_id) '
                'order by f.part, f.row, f.rule collate "C", f.id limit :limit'
            ),
            {
                "force": item.force,
                "id": item.id,
                "severity": None if severity is None else SEVERITY_NUMBER[severity],
                "rule": rule,
                "waiting": waiting,
                "held": None if held is None else list(held),
                "held_after": held_after,
                "part": start.part,
                "row": start.row,
                "after_rule": start.rule,
                "after_id": start.id,
                "limit": limit + 1,
            },
        )
    ).all()
    page = rows[:limit]
    listed = [
        ListedFinding(
            document=shown(contract, found),
            case_id=row.case_id,
            held=row.held_n,
            answer=row.words,
            id=finding_id(found),
        )
        for row, found in ((row, finding_of(contract, row)) for row in page)
    ]
    last = page[-1] if len(rows) > limit else None
    return listed, None if last is None else Cursor(last.part, last.row, last.rule, last.id)


async def count_findings(tx: AsyncConnection, item: AnyReturn) -> dict[str, dict[str, int]]:
    """By severity: how many findings there are, and how many still wait for words."""
    rows = await tx.execute(
        text(
            f"select f.severity, count(*) as total, count(*) filter (where {UNANSWERED}) as unanswered from finding f "
            "where f.force = :force and f.return_id = :id group by f.severity"
        ),
        {"force": item.force, "id": item.id},
    )
    counts = {severity.value: {"total": 0, "unanswered": 0} for severity in Severity}
    for row in rows:
        counts[_SEVERITIES[row.severity].value] = {"total": row.total, "unanswered": row.unanswered}
    return counts


class RuleCount(Struct, frozen=True, kw_only=True):
    """How often one rule was not met, and how many of these still wait for words. ``newest`` moves on when another
    finding of the rule is made: with ``total`` it tells whether the findings are those that somebody saw."""

    rule: str
    severity: Severity
    total: int
    waiting: int
    newest: int
    notice: str | None
    """The rule notice that gave it its severity, where one did."""
    says: str | None
    """The very words where the finding is about the whole return: there is one, and it speaks of no row."""


async def count_by_rule(
    tx: AsyncConnection, contract: Contract, item: AnyReturn, rule: str | None = None
) -> list[RuleCount]:
    """Every rule that was not met (or the one asked for), those that hold rows first, then the most frequent."""
    rows = await tx.execute(
        text(
            f"select f.rule, f.severity, count(*) as total, count(*) filter (where {UNANSWERED}) as waiting, "
            "max(f.id) as newest, min(f.part) as part, min(f.row) as row, min(f.key) as key, min(f.field) as field, "
            "min(f.value) as value, min(f.notice) as notice "
            "from finding f where f.force = :force and f.return_id = :id "
            "and (cast(:rule as text) is null or f.rule = :rule) "
            'group by f.rule, f.severity order by f.severity, total desc, f.rule collate "C"'
        ),
        {"force": item.force, "id": item.id, "rule": rule},
    )
    return [
        RuleCount(
            rule=row.rule,
            severity=_SEVERITIES[row.severity],
            total=row.total,
            waiting=row.waiting,
            newest=row.newest,
            notice=row.notice,
            says=says(contract, finding_of(contract, row)) if _PARTS[row.part] is PartName.RETURN else None,
        )
        for row in rows
    ]


def finding_of(contract: Contract, row: Any) -> Finding:
    """A stored finding, with its values as people write them."""
    part = _PARTS[row.part]
    rule = contract.rule[row.rule]
    value = row.value
    if value is not None and rule.check in _FROM_ROW:
        names = (row.field,) if rule.check == "knowledge_lost" else rule.fields or (row.field,)
        texts = value.split(SEPARATOR)
        value = SEPARATOR.join(_readable(contract, part, name, text) for name, text in zip(names, texts, strict=False))
    return Finding(part, row.row, row.rule, _SEVERITIES[row.severity], row.field, value, row.key, row.notice)


def _readable(contract: Contract, part: PartName, name: str, stored: str) -> str:
    """A value as people write it, from its stored canonical form; a measure of the whole return is a number."""
    if stored == "":
        return ""
    if part is PartName.RETURN:
        low, _, high = stored.partition("/")
        return low if low == high else f"{low}+" if high == str(OPEN_NUMBER) else f"{low}-{high}"
    field = contract.parts[part].shown[name]
    return canonical_text(field, from_stored(field, stored))
