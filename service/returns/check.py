"""Checks staged rows, set-based: finds the case of each row, lays the row over what stood, runs every rule in one pass.

Rows are checked a span at a time while the next are read; what needs the whole file (a reference that stands twice, a
former one) is found at its end, and the rows that it concerns are checked again. The outcome stands in a temporary
table, one row a staged row that could be read; the counts come back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import uuid4

from msgspec import Struct
from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import Contract, Part, Role, Severity
from service.returns.overlay import AGAIN, IN_SPAN, Ground, Overlay
from service.returns.probes import FIRED_COLUMNS, Probe, any_mark, fired_among, mark_of, probes_of
from service.returns.rows import known_sql
from service.returns.staging import Shape, Span, Staged, tables_of
from service.storage.remembered import Statements
from service.telemetry.spans import traced

_STATEMENTS: Final = Statements()


class Checked(Struct, frozen=True, kw_only=True):
    """The counts of one upload, and the probes that fired on any row of it."""

    received: int
    accepted: int
    new: int
    changed: int
    unchanged: int
    left: int
    """Those of ``unchanged`` that say what was handed out, and so say nothing."""
    held: int
    held_by_rule: int
    """Those of ``held`` of which the reader has not kept the text."""
    findings: dict[str, int]
    """By rule."""
    has_read_findings: bool
    """Whether any of them is of reading."""
    fired: tuple[tuple[int, Probe], ...]
    lost: int
    """Union of the marks of fields whose known value went (bit: the field's index in the part)."""

    def by_severity(self, contract: Contract) -> dict[Severity, int]:
        """The findings of each severity."""
        counts = dict.fromkeys(Severity, 0)
        for rule, count in self.findings.items():
            counts[contract.rule[rule].severity] += count
        return counts


class Check:
    """One check of one upload: ``span`` for what was staged since the last time, then ``finish``."""

    def __init__(
        self, tx: AsyncConnection, contract: Contract, part: Part, ground: Ground, *, is_dry: bool = False
    ) -> None:
        """``is_dry``: nothing of the rows is to stay, only what is found in them."""
        self.tx, self.contract, self.part, self.ground = tx, contract, part, ground
        self.key = part.by_role.get(Role.KEY)
        self.tables = tables_of(contract, part)
        self.columns = self._overlay(Shape(present=frozenset())).columns
        self._probes = probes_of(contract, part)
        self._keeps_rows = not is_dry or ground.has_base or ground.has_draft
        self._found_in = self.tables.checked if self._keeps_rows else self.tables.marked
        self._parameters = {**ground.parameters, "fresh": _fresh_ids()}

    @traced("validate")
    async def span(self, span: Span) -> None:
        """Check some rows by themselves, while the rest of the file is read."""
        await self._run(
            ("span", span.shape, self._keeps_rows),
            lambda: self._overlay(span.shape).checked(IN_SPAN, keeps_rows=self._keeps_rows),
            first=span.first,
            last=span.last,
        )

    async def finish(self, staged: Staged) -> Checked:
        """Check again what needed the whole file, and count."""
        has_former = staged.has_former and self.key is not None
        overlay = self._overlay(staged.shape, has_former=has_former)
        if has_former:
            await self.tx.execute(text(overlay.match_former()), self._parameters)
        # now that two rows that were the same case are seen to be
        has_duplicates = (await self.tx.exec_driver_sql(f"select exists ({overlay.duplicates()})")).scalar_one()
        if has_former or has_duplicates:
            await self._check_again(self._overlay(staged.shape, has_duplicates=has_duplicates, has_former=has_former))
        return await self._count(staged)

    def current(self) -> str:
        """The return's rows as they stood before this upload, with every column."""
        return self._overlay(Shape(present=frozenset())).current(self.columns)

    def _overlay(self, shape: Shape, *, has_duplicates: bool = False, has_former: bool = False) -> Overlay:
        return Overlay(
            self.contract, self.part, shape, self.ground, has_duplicates=has_duplicates, has_former=has_former
        )

    async def _run(self, key: tuple[Any, ...], sql: Callable[[], str], **more: Any) -> CursorResult[Any]:
        statement = _STATEMENTS.get((self.tables, self.contract.judging, self.ground.kind, *key), sql)
        return await self.tx.execute(statement, {**self._parameters, **more})

    async def _check_again(self, overlay: Overlay) -> None:
        for statement in (
            overlay.to_check_again(),
            f"delete from {self._found_in} c using staging_again a where a.idx = c.idx",
            overlay.checked(AGAIN, keeps_rows=self._keeps_rows),
        ):
            await self.tx.execute(text(statement), self._parameters)

    async def _count(self, staged: Staged) -> Checked:
        unions = ", ".join(f"coalesce(bit_or(fired{n}), 0) as fired{n}" for n in range(FIRED_COLUMNS))
        row = (
            await self._run(
                ("count", self._keeps_rows),
                lambda: (
                    "select count(*) filter (where not held) as accepted, count(*) filter (where held) as held, "
                    "count(*) filter (where held and not has_text) as held_by_rule, "
                    "count(*) filter (where not held and current_digest is null) as added, "
                    # a case that this draft withdrew and that is sent again comes back, whatever it says
                    "count(*) filter (where not held and digest = current_digest and w.case_id is null) as unchanged, "
                    f"{unions} from {self._found_in} c left join draft_withdrawal w "
                    "on w.force = :force and w.return_id = :return_id and w.case_id = c.case_id "
                    "and w.answer = 'withdraw'"
                ),
            )
        ).one()
        fired = tuple(fired_among(self._probes, {n: getattr(row, f"fired{n}") for n in range(FIRED_COLUMNS)}))
        lost, of_lost = await self._find_lost() if row.accepted > row.added + row.unchanged else (0, 0)
        findings = await self._count_findings(staged, fired)
        rule = self.contract.check.get((self.part.name, "knowledge_lost"))
        if of_lost and rule is not None:
            findings[rule.id] += of_lost
        return Checked(
            received=staged.received,
            accepted=row.accepted + staged.left,
            new=row.added,
            changed=row.accepted - row.added - row.unchanged,
            unchanged=row.unchanged + staged.left,
            left=staged.left,
            held=row.held + staged.unread,
            held_by_rule=row.held_by_rule,
            findings=findings,
            has_read_findings=staged.has_findings,
            fired=fired,
            lost=lost,
        )

    async def _find_lost(self) -> tuple[int, int]:
        """Mark in ``staging_lost`` the fields that are empty where something known stood; the union of the marks, and
        how many there are. Only a row that changed can have lost anything."""
        row = (await self._run(("lost",), self._lost_sql)).one()
        return row.lost, row.found

    def _lost_sql(self) -> str:
        bits = [
            f"case when {known_sql(field, 'cur')} and not {known_sql(field, 'c')} then {1 << index}::bigint else 0 end"
            for index, field in enumerate(self.part.fields)
            if field.role is not Role.KEY
        ]
        return (
            f"with found as (select c.idx, {' | '.join(bits) or '0::bigint'} as lost from {self.tables.checked} c "
            f"join ({self.current()}) cur on cur.case_id = c.case_id "
            "where not c.held and c.digest <> c.current_digest), "
            "kept as (insert into staging_lost select idx, lost from found where lost <> 0 returning lost) "
            "select coalesce(bit_or(lost), 0) as lost, coalesce(sum(bit_count(lost::bit(64))), 0)::bigint as found "
            "from kept"
        )

    async def _count_findings(self, staged: Staged, fired: Sequence[tuple[int, Probe]]) -> Counter[str]:
        counts: Counter[str] = Counter()
        if staged.has_findings:
            for row in await self.tx.exec_driver_sql("select rule, count(*) as n from staging_finding group by rule"):
                counts[row.rule] += row.n
        if fired:
            counted = ", ".join(f"count(*) filter (where {mark_of(index)})" for index, _ in fired)
            sql = f"select {counted} from {self._found_in} c where {any_mark('c')}"
            totals = (await self.tx.exec_driver_sql(sql)).one()
            for (_, probe), count in zip(fired, totals, strict=True):
                counts[probe.rule.id] += count
        return counts


def _fresh_ids() -> str:
    """The beginning of the ids of an upload's new cases: 24 digits of a UUID of version 8 (RFC 9562), of which all but
    the version and the variant are drawn by lot. The last 8 count the rows."""
    drawn = uuid4().hex
    return f"{drawn[:12]}8{drawn[13:24]}"
