"""Checks staged rows, set-based: finds the case of each row, lays the row over what stood, runs every rule in one pass.

The outcome stands in ``staging_checked`` (one row a staged row that could be read); the counts come back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import Contract, Field, Part, Role, Severity
from service.returns.current import current_rows
from service.returns.probes import Probe, fired_among, fired_columns, holding_masks, mark_of, probes_of
from service.returns.rows import Presence, column_names, digest_sql, known_sql, listed, text_sql
from service.returns.staging import FIRED_COLUMNS, Staged


class Ground(Struct, frozen=True, kw_only=True):
    """What an upload is laid over: one return of one force, and how its rows are to be taken."""

    force: int
    return_id: Any
    merges: bool
    """Whether what a row does not send stays as it was (``changes``); otherwise a row is the whole case."""
    absent_is_not_provided: bool
    has_base: bool
    has_draft: bool

    @property
    def parameters(self) -> dict[str, Any]:
        return {"force": self.force, "return_id": self.return_id}


class Checked(Struct, frozen=True, kw_only=True):
    """The counts of one upload, and the probes that fired on any row of it."""

    received: int
    accepted: int
    new: int
    changed: int
    unchanged: int
    held: int
    findings: dict[str, int]
    """By rule."""
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
    """One check of one upload. Make it, ``run`` it; its SQL pieces are used again when the draft is written."""

    def __init__(self, contract: Contract, part: Part, staged: Staged, ground: Ground) -> None:
        self.contract, self.part, self.staged, self.ground = contract, part, staged, ground
        self.columns = column_names(part.fields)
        self.key = part.by_role.get(Role.KEY)
        self._presence = Presence(part.fields, staged.present, staged.sometimes)
        self.probes: tuple[Probe, ...] = ()
        self._has_duplicates = False

    @property
    def _overlays(self) -> bool:
        """Whether there is anything that a row could be laid over."""
        return self.key is not None and (self.ground.has_base or self.ground.has_draft)

    def current(self, *, without_withdrawn: bool = False) -> str:
        """The return's rows as they stood before this upload."""
        return current_rows(self.columns, with_draft=self.ground.has_draft, without_withdrawn=without_withdrawn)

    def merged(self, extra: Sequence[str] = (), joins: str = "", *, fence: bool = False) -> str:
        """The rows as they are to stand: sent values over what was there. ``extra`` columns may read s and cur, and
        what ``joins`` brings."""
        shape = " join staging_shape shape on shape.shape = s.shape"
        merges = self.ground.merges and self._overlays
        if merges:
            merged = self._presence.merged_columns()
            values = [f"{merged[name]} as {name}" for name in self.columns]
            empties = self._presence.merged_empties()
            join_shape = shape if self._presence.is_mixed else ""
        else:
            values = [f"s.{name}" for name in self.columns]
            lacks_some = self.ground.absent_is_not_provided and (
                self.staged.sometimes or len(self.staged.present) < len(self.part.fields)
            )
            empties = "coalesce(s.empties, '{}') || shape.absent" if lacks_some else "s.empties"
            empties = f"nullif({empties}, '{{}}')"
            join_shape = shape if lacks_some else ""
        before = (
            ["cur.case_id as current_id", "cur.digest as current_digest", "cur.base_digest"]
            if self._overlays
            else ["null::uuid as current_id", "null::bytea as current_digest", "null::bytea as base_digest"]
        )
        overlay = (
            f" left join ({self.current()}) cur on cur.{self.key.name} = s.match_key"
            if self._overlays and self.key is not None
            else ""
        )
        chosen = ", ".join(["s.idx", "s.row", "s.held", "s.failed", *before, *values, f"{empties} as empties", *extra])
        rows = f"select {chosen} from {self.staged.table} s{joins}{overlay}{join_shape}"
        return f"{rows} offset 0" if fence else rows

    async def run(self, tx: AsyncConnection) -> Checked:
        """Match, merge and test every staged row, and count."""
        if self.staged.has_former and self.key is not None:
            await self._match_former(tx)
        await self._find_duplicates(tx)  # now that two rows that were the same case are seen to be
        self.probes = probes_of(
            self.contract,
            self.part,
            has_duplicates=self._has_duplicates,
            has_former=self.staged.has_former,
            has_failed=self.staged.has_failed,
            lacking=[field for field, _ in self._lacking()],
        )
        await tx.execute(text(self._checked_sql()), self.ground.parameters)
        return await self._count(tx)

    async def _find_duplicates(self, tx: AsyncConnection) -> None:
        """Rows that stand twice in one upload: by reference, or (cells) by all dimensions."""
        self._has_duplicates = bool((await tx.exec_driver_sql(f"select exists ({self._duplicates()})")).scalar_one())

    def _duplicates(self) -> str:
        if self.key is not None:
            key, rows = "s.match_key", "s.match_key is not null"
        else:
            key, rows = self._cell_key("s"), "not s.held"
        return f"select {key} as key from {self.staged.table} s where {rows} group by 1 having count(*) > 1"

    def _cell_key(self, alias: str) -> str:
        """What makes a cell or a team's row the same as another: everything but numbers that are counts of it."""
        fields = [field for field in self.part.fields if field.dimension or field.required]
        items = ", ".join(f"coalesce({text_sql(field, alias)}, '')" for field in fields) or "''"
        return f"concat_ws(chr(31), {items})"

    async def _match_former(self, tx: AsyncConnection) -> None:
        """A row with a new reference whose former one is held, and not sent too, is that case under its new name."""
        former = self.part.by_role[Role.FORMER_KEY].name
        key = self.key.name if self.key is not None else ""
        current = self.current()
        await tx.execute(
            text(
                f"update {self.staged.table} s set match_key = s.{former} where s.{former} is not null "
                f"and not exists (select 1 from ({current}) cur where cur.{key} = s.{key}) "
                f"and exists (select 1 from ({current}) cur where cur.{key} = s.{former}) "
                f"and not exists (select 1 from {self.staged.table} o where o.{key} = s.{former})"
            ),
            self.ground.parameters,
        )

    def _checked_sql(self) -> str:
        fired = fired_columns(self.probes)
        marks = listed([f"fired{n}" for n in range(FIRED_COLUMNS)], "m")
        masks = holding_masks(self.probes)
        holds = " or ".join(["m.held", *(f"m.fired{n} & {mask} <> 0" for n, mask in enumerate(masks) if mask)])
        names = ", ".join(f"fired{n}" for n in range(FIRED_COLUMNS))
        flags, joins = self.flags()
        inner = self.merged([f"{self._lost_sql()} as lost", *flags], joins, fence=True)
        marked = ", ".join(f"({sql}) as fired{n}" for n, sql in enumerate(fired))
        case_id = f"coalesce(m.current_id, case when not ({holds}) then gen_random_uuid() end)"
        if self.key is None:  # a cell or a team is no case: words on it are kept by what it says
            case_id = "null::uuid"
        return (
            f"insert into staging_checked (idx, case_id, digest, current_digest, base_digest, held, lost, {names}) "
            f"select m.idx, {case_id}, "
            f"case when not ({holds}) then {digest_sql(self.part.fields, 'm')} end, m.current_digest, m.base_digest, "
            f"({holds}), case when ({holds}) then 0 else m.lost end, {marks} "
            f"from (select m.*, {marked} from ({inner}) m offset 0) m"
        )

    def flags(self) -> tuple[list[str], str]:
        """Columns about a row among the others, and the joins they need."""
        flags = [f"({unsent}) as lacks_{field.name}" for field, unsent in self._lacking()]
        joins = ""
        if self._has_duplicates:
            on = "s.match_key" if self.key is not None else self._cell_key("s")
            flags.append("(twice.key is not null) as is_duplicate")
            joins += f" left join ({self._duplicates()}) twice on twice.key = {on}"
        if self.staged.has_former and self.key is not None:
            former, key = self.part.by_role[Role.FORMER_KEY].name, self.key.name
            current = self.current(without_withdrawn=True)
            # joins and no subqueries: within an OR those would be run again for every row
            joins += (
                f" left join (select o.{key} as key, count(*) as rows, min(o.idx) as idx from {self.staged.table} o "
                f"where o.{key} is not null group by 1) sent on sent.key = s.{former} "
                f"left join (select distinct cur.{key} as key from ({current}) cur) bearer "
                f"on bearer.key = s.{former} and s.match_key <> s.{former}"
            )
            flags.append(
                "(sent.key is not null and (sent.rows > 1 or sent.idx <> s.idx) or bearer.key is not null) "
                "as former_in_use"
            )
        return flags, joins

    def _lacking(self) -> list[tuple[Field, str]]:
        """Required fields that not every row sends, each with the SQL condition that a row does not. (A part without
        a key is always whole: there the reader itself asks for them.)"""
        if self.key is None:
            return []
        required = [field for field in self.part.fields if field.required and field.role is not Role.KEY]
        unsent = [(field, self._presence.unsent_sql(field)) for field in required]
        return [(field, condition) for field, condition in unsent if condition is not None]

    def _lost_sql(self) -> str:
        """Marks of fields that are empty where something known stood: sent so, or not sent where a row is the whole
        case."""
        if not self._overlays:
            return "0::bigint"
        bits = []
        for index, field in enumerate(self.part.fields):
            if field.role is not Role.KEY and (field.name in self.staged.present or not self.ground.merges):
                bits.append(
                    f"case when {known_sql(field, 'cur')} and not {known_sql(field, 's')}"
                    f"{self._only_where_sent(field)} then {1 << index}::bigint else 0 end"
                )
        return " | ".join(bits) if bits else "0::bigint"

    def _only_where_sent(self, field: Field) -> str:
        unsent = self._presence.unsent_sql(field) if self.ground.merges else None
        return "" if unsent is None else f" and not {unsent}"

    async def _count(self, tx: AsyncConnection) -> Checked:
        unions = ", ".join(f"coalesce(bit_or(fired{n}), 0) as fired{n}" for n in range(FIRED_COLUMNS))
        row = (
            await tx.execute(
                text(
                    "select count(*) filter (where not held) as accepted, count(*) filter (where held) as held, "
                    "count(*) filter (where not held and current_digest is null) as added, "
                    # a case that this draft withdrew and that is sent again comes back, whatever it says
                    "count(*) filter (where not held and digest = current_digest and w.case_id is null) as unchanged, "
                    f"coalesce(bit_or(lost), 0) as lost, {unions} from staging_checked c left join draft_withdrawal w "
                    "on w.force = :force and w.return_id = :return_id and w.case_id = c.case_id "
                    "and w.answer = 'withdraw'"
                ),
                self.ground.parameters,
            )
        ).one()
        fired = tuple(fired_among(self.probes, {n: getattr(row, f"fired{n}") for n in range(FIRED_COLUMNS)}))
        return Checked(
            received=self.staged.received,
            accepted=row.accepted,
            new=row.added,
            changed=row.accepted - row.added - row.unchanged,
            unchanged=row.unchanged,
            held=row.held + self.staged.unread,
            findings=await self._count_findings(tx, fired, row.lost),
            fired=fired,
            lost=row.lost,
        )

    async def _count_findings(
        self, tx: AsyncConnection, fired: Sequence[tuple[int, Probe]], lost: int
    ) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for row in await tx.exec_driver_sql("select rule, count(*) as n from staging_finding group by rule"):
            counts[row.rule] += row.n
        if fired:
            counted = ", ".join(f"count(*) filter (where {mark_of(index)})" for index, _ in fired)
            totals = (await tx.exec_driver_sql(f"select {counted} from staging_checked c")).one()
            for (_, probe), count in zip(fired, totals, strict=True):
                counts[probe.rule.id] += count
        rule = self.contract.check.get((self.part.name, "knowledge_lost"))
        if lost and rule is not None:
            bits = "select coalesce(sum(bit_count(lost::bit(64))), 0)::bigint from staging_checked"
            counts[rule.id] += (await tx.exec_driver_sql(bits)).scalar_one()
        return counts
