"""Writes what an upload came to into the durable draft: one transaction, only rows that differ from the base.

The checked rows stand in temporary tables of the same transaction; the caller holds the force's lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import Contract, Field, Part, PartName, Role, Severity
from service.returns.check import Check, Checked
from service.returns.probes import any_mark, mark_of
from service.returns.raising import UNASKED
from service.returns.rows import known_sql, listed, text_sql

PART_NUMBER: Mapping[PartName, int] = {name: number for number, name in enumerate(PartName)}
"""How a part stands in stored findings: also the order in which they are listed."""

SEVERITY_NUMBER: Mapping[Severity, int] = {name: number for number, name in enumerate(Severity)}


INTO_FINDINGS: Final = (
    "insert into finding (force, return_id, part, row, rule, severity, field, value, key, case_id, held_n, bound, "
    "notice) "
)


def bound_sql(part: Part, values: str, alias: str = "c") -> str:
    """The digest that an answer is bound to: the values of the rule's fields, and for a row that is no case the whole
    row, because nothing else tells it from another with these values."""
    row = "" if Role.KEY in part.by_role else f" || coalesce(chr(31) || encode({alias}.digest, 'hex'), '')"
    return f"sha256(convert_to({values}{row}, 'UTF8'))"


class Present(Struct, frozen=True, kw_only=True):
    """Whether a return has any held row, any finding, any case that is or may be withdrawn."""

    held: bool
    findings: bool
    withdrawals: bool


_PRESENT = text(
    "select "
    + ", ".join(
        f"exists (select 1 from {table} where force = :force and return_id = :return_id) as {name}"
        for name, table in (("held", "held_row"), ("findings", "finding"), ("withdrawals", "draft_withdrawal"))
    )
)


class DraftWriter:
    """One upload's way into the draft. The steps are apart because a snapshot, a change and a whole part differ."""

    def __init__(self, tx: AsyncConnection, check: Check, checked: Checked) -> None:
        self.tx, self._check, self.checked = tx, check, checked
        self._part = check.part
        self._parameters = check.ground.parameters
        self.held_before = 0
        self._there = Present(held=True, findings=True, withdrawals=True)

    async def look(self) -> None:
        """See what the return has before anything is written, so that nothing is looked for that is not there."""
        row = (await self.tx.execute(_PRESENT, self._parameters)).one()
        self._there = Present(held=row.held, findings=row.findings, withdrawals=row.withdrawals)

    async def run(self, sql: str, **more: Any) -> int:
        """Run one statement with the return's parameters; the number of rows it touched."""
        return (await self.tx.execute(text(sql), {**self._parameters, **more})).rowcount

    async def write_cases(self, contract_version: str) -> None:
        """Put new and changed rows into the draft; a row that is again as the base has it leaves the draft.

        A row may be laid over its draft row, which therefore stays until the new one is written over it.
        """
        changed = "not c.held and c.digest is distinct from c.current_digest"
        columns, checked = self._check.columns, self._check.tables.checked
        over = ""
        if self._check.ground.has_draft:
            written = ("contract_version", "source_row", "digest", "empties", *columns)
            over = " on conflict (force, return_id, case_id) do update set "
            over += ", ".join(f"{name} = excluded.{name}" for name in written)
        await self.run(
            "insert into draft_case (force, return_id, case_id, contract_version, source_row, digest, empties, "
            f"{listed(columns)}) select :force, :return_id, c.case_id, :contract_version, c.row, c.digest, c.empties, "
            f"{listed(columns, 'c')} from {checked} c "
            f"where {changed} and c.digest is distinct from c.base_digest{over}",
            contract_version=contract_version,
        )
        if self._check.ground.has_draft:
            await self.run(  # what was rewritten in a newer version, and is sent again as it was
                f"update draft_case d set source_row = c.row from {checked} c where d.force = :force "
                f"and d.return_id = :return_id and d.{UNASKED} and d.case_id = c.case_id and not c.held"
            )
            await self.run(
                f"delete from draft_case d using {checked} c where d.force = :force and d.return_id = :return_id "
                f"and d.case_id = c.case_id and {changed} and c.digest = c.base_digest"
            )
        if self._there.withdrawals:
            await self.run(
                f"delete from draft_withdrawal w using {checked} c where w.force = :force "
                "and w.return_id = :return_id and w.case_id = c.case_id and (w.answer is null or not c.held)"
            )
        if self._there.findings:
            await drop_found_again(self.tx, self._check.contract, self._part, self._parameters)

    async def list_missing(self, missing: int) -> None:
        """After a snapshot: every case that stood and is not in it waits for the force's word (semantics 18)."""
        key = self._check.key
        if key is None:
            return
        if missing:
            await self.run(
                "insert into draft_withdrawal (force, return_id, case_id, source) select :force, :return_id, "
                f"cur.case_id, 'snapshot' from ({self._check.current()}) cur where {self._is_missing(key)} "
                "on conflict do nothing"
            )
        if not self._there.withdrawals:
            return
        await self.run(
            f"delete from draft_withdrawal w using ({self._check.current()}) cur, (select match_key as key from "
            f"{self._check.tables.sent} union select h.key from staging_held h where h.idx is null) sent "
            "where w.force = :force and w.return_id = :return_id and w.answer is null and cur.case_id = w.case_id "
            f"and cur.{key.name} = sent.key"
        )

    def _is_missing(self, key: Field) -> str:
        """Whether no row of the upload has the reference of the case ``cur``; one that could not be read may."""
        return (
            f"not exists (select 1 from {self._check.tables.sent} s where s.match_key = cur.{key.name}) "
            f"and not exists (select 1 from staging_held h where h.idx is null and h.key = cur.{key.name})"
        )

    async def count_missing(self) -> int:
        """How many cases of the return are not in the uploaded snapshot."""
        key = self._check.key
        if key is None or not (self._check.ground.has_base or self._check.ground.has_draft):
            return 0
        sql = f"select count(*) from ({self._check.current()}) cur where {self._is_missing(key)}"
        return int((await self.tx.execute(text(sql), self._parameters)).scalar_one())

    async def replace_held(self, *, whole: bool) -> None:
        """Hold the rows that were not accepted, with their text. Rows held before give way to the same case sent
        again, and, where the whole part was sent, altogether."""
        part = self._part.name
        if not self._there.held:
            pass
        elif whole:
            await self._let_go("true", part)
        else:  # one at a time: a subquery within an OR would be run again for every row
            key = self._check.key.name if self._check.key is not None else "match_key"
            sent = f"select {key} from {self._check.tables.sent} where {key} is not null"
            await self._let_go(f"h.key in ({sent})", part)
            await self._let_go("h.text in (select text from staging_held)", part)
        if not self.checked.held:
            return
        # a number is never given twice: who has it from a list read before must not reach another row by it
        highest = (
            "update case_return set held_last = held_last + (select count(*) from staging_held) where force = :force "
            "and id = :return_id returning held_last - (select count(*) from staging_held)"
        )
        self.held_before = (await self.tx.execute(text(highest), self._parameters)).scalar_one()
        await self.run(
            "insert into held_row (force, return_id, n, part, row, key, text) select :force, :return_id, "
            ":before + row_number() over (order by t.row, t.idx), :part, t.row, t.key, t.text from staging_held t",
            part=part,
            before=self.held_before,
        )

    async def _let_go(self, gone: str, part: PartName) -> None:
        """Take away held rows ``h`` of the part with their findings."""
        await self.run(
            "with gone as (delete from held_row h where h.force = :force and h.return_id = :return_id "
            f"and h.part = :part and {gone} returning h.n) delete from finding f using gone where f.force = :force "
            "and f.return_id = :return_id and f.held_n = gone.n",
            part=part,
        )

    async def replace_findings(self, *, whole: bool) -> None:
        """Store the findings of this upload in place of those of the same cases (or of the whole part).

        What says that knowledge was lost stays until it is there again: the next upload cannot see that it was.
        """
        number = PART_NUMBER[self._part.name]
        lost = self._check.contract.check.get((self._part.name, "knowledge_lost"))
        of_part = "f.force = :force and f.return_id = :return_id and f.part = :part and f.rule is distinct from :lost"
        parameters = {"part": number, "lost": None if lost is None else lost.id}
        if not self._there.findings:
            pass
        elif whole:
            await self.run(f"delete from finding f where {of_part}", **parameters)
        else:  # what was said of the file before, and of no row of it, goes with it
            nobody = "f.case_id is null and f.held_n is null"
            await self.run(f"delete from finding f where {of_part} and {nobody}", **parameters)
        if self._there.findings and not whole and (self._check.ground.has_draft or self._check.ground.has_base):
            await self.run(
                f"delete from finding f using {self._check.tables.checked} c where {of_part} and f.case_id = c.case_id "
                "and not c.held",
                **parameters,
            )
        if self.checked.has_read_findings:
            await self._store_reading_findings(number)
        if self.checked.fired:
            await self._store_rule_findings(number)
        for index, field in sorted(enumerate(self._part.fields), key=lambda pair: pair[1].name):  # as they are listed
            if self.checked.lost >> index & 1:
                await self._store_lost(number, index, field)

    async def _store_reading_findings(self, number: int) -> None:
        bound = bound_sql(self._part, "concat_ws('=', t.field, t.value)")
        rules = {rule.id: SEVERITY_NUMBER[rule.severity] for rule in self._check.contract.rules}
        await self.run(
            INTO_FINDINGS + "select :force, :return_id, :part, t.row, t.rule, coalesce((cast(:severities as jsonb) ->> "
            "t.rule)::smallint, 0), t.field, t.value, t.key, case when not coalesce(c.held, true) then c.case_id end, "
            f"h.n, {bound}, null from staging_finding t "
            f"left join {self._check.tables.checked} c on c.idx = t.idx left join held_row h on h.force = :force "
            "and h.return_id = :return_id and h.n > :before and h.row = t.row and coalesce(c.held, true)",
            part=number,
            before=self.held_before,
            severities=_json_text(rules),
        )

    async def _store_rule_findings(self, number: int) -> None:
        """One finding for each mark of a row. A row's marks are gone through by their number: a list of values a row
        would be made anew for each row."""
        key = f"m.{self._check.key.name}" if self._check.key is not None else "null::text"
        probes = [probe for _, probe in self.checked.fired]
        marks = " ".join(f"when {n} then {mark_of(index, 'm')}" for n, (index, _) in enumerate(self.checked.fired, 1))
        values = " ".join(f"when {n} then {probe.value}" for n, probe in enumerate(probes, 1))
        rules = ", ".join(f"'{probe.rule.id}'" for probe in probes)
        severities = ", ".join(str(SEVERITY_NUMBER[probe.rule.severity]) for probe in probes)
        fields = ", ".join(_quoted(probe.shown[0].name if probe.shown else None) for probe in probes)
        notices = ", ".join(_quoted(probe.rule.notice) for probe in probes)
        bound = bound_sql(self._part, "coalesce(m.value, '')", "m")
        await self.run(
            INTO_FINDINGS + f"select :force, :return_id, :part, m.row, (array[{rules}])[m.n], "
            f"(array[{severities}]::smallint[])[m.n], (array[{fields}])[m.n], m.value, {key}, "
            f"case when not m.held then m.case_id end, h.n, {bound}, (array[{notices}])[m.n] "
            f"from (select m.*, n.n, case n.n {values} end as value from {self._check.tables.checked} m "
            f"cross join generate_series(1, {len(probes)}) n (n) "
            f"where {any_mark('m')} and case n.n {marks} end offset 0) m "
            "left join held_row h on h.force = :force and h.return_id = :return_id and h.n > :before "
            "and h.row = m.row and m.held",
            part=number,
            before=self.held_before,
        )

    async def _store_lost(self, number: int, index: int, field: Field) -> None:
        rule = self._check.contract.check.get((self._part.name, "knowledge_lost"))
        key = self._part.by_role.get(Role.KEY)
        if rule is None or key is None:
            return
        await self.run(
            INTO_FINDINGS + "select :force, :return_id, :part, c.row, :rule, :severity, :field, "
            f"{text_sql(field, 'cur')}, c.{key.name}, c.case_id, null, "
            f"sha256(convert_to('{field.name}=' || {text_sql(field, 'cur')}, 'UTF8')), null "
            f"from staging_lost l join {self._check.tables.checked} c on c.idx = l.idx "
            f"join ({self._check.current()}) cur on cur.case_id = c.case_id where l.lost & {1 << index} <> 0",
            part=number,
            rule=rule.id,
            severity=SEVERITY_NUMBER[rule.severity],
            field=field.name,
        )


async def discard_draft(tx: AsyncConnection, force: int, return_id: UUID) -> None:
    """Take away what an open return held that was never sealed: cases, answers to a snapshot, held rows with their
    text, findings. The caller holds the force's lock, and the return is to be withdrawn in the same transaction."""
    for table in ("draft_case", "draft_withdrawal", "finding", "held_row", "judged_stock"):
        await tx.execute(
            text(f"delete from {table} where force = :force and return_id = :return_id"),
            {"force": force, "return_id": return_id},
        )


async def drop_found_again(tx: AsyncConnection, contract: Contract, part: Part, parameters: Mapping[str, Any]) -> None:
    """Knowledge that is there again, or that the base does not have either, is no longer lost: its finding goes."""
    rule = contract.check.get((part.name, "knowledge_lost"))
    if rule is None:
        return
    known = " ".join(f"when '{field.name}' then {known_sql(field, 'd')}" for field in part.fields)
    await tx.execute(
        text(
            "delete from finding f where f.force = :force and f.return_id = :return_id and f.rule = :rule "
            "and not exists (select 1 from draft_case d where d.force = :force and d.return_id = :return_id "
            f"and d.case_id = f.case_id and not case f.field {known} end)"
        ),
        {**parameters, "rule": rule.id},
    )


def _quoted(name: str | None) -> str:
    return "null::text" if name is None else f"'{name}'"


def _json_text(numbers: Mapping[str, int]) -> str:
    return "{" + ", ".join(f'"{name}": {number}' for name, number in numbers.items()) + "}"
