"""Staged rows laid over what stood, and every rule run on them: the SQL of it, written for rows alike in shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from service.contract.model import Contract, Field, Part, Role
from service.returns.as_read import AsRead
from service.returns.current import current_rows
from service.returns.probes import (
    FIRED_COLUMNS,
    FORMER_IN_USE,
    IS_DUPLICATE,
    fired_columns,
    holding_masks,
    lacks,
    probes_of,
)
from service.returns.rows import Presence, column_names, digest_sql, listed, text_sql
from service.returns.staging import Shape, tables_of

IN_SPAN: Final = "s.idx between :first and :last"
AGAIN: Final = "s.idx in (select a.idx from staging_again a)"

_FRESH: Final = "cast(:fresh || to_hex(268435456 + m.idx) as uuid)"
"""The id of a case that nobody had before: one upload's all begin alike, and so lie side by side in every index."""


class Ground(Struct, frozen=True, kw_only=True):
    """What an upload is laid over: one return of one force, and how its rows are to be taken. Where no more is said,
    there is nothing, and a row is the whole case."""

    force: int
    return_id: Any
    merges: bool = False
    """Whether what a row does not send stays as it was (``changes``); otherwise a row is the whole case."""
    absent_is_not_provided: bool = False
    has_base: bool = False
    has_draft: bool = False
    over: int | None = None
    """The number of the line that a branch is laid over; None: the line's end."""
    read: AsRead | None = None
    """How the return's version reads what it is laid over; None where there is nothing."""

    @property
    def parameters(self) -> dict[str, Any]:
        return {"force": self.force, "return_id": self.return_id}

    @property
    def kind(self) -> tuple[bool | int | None, ...]:
        """All that a statement depends on: uploads alike in it run the same ones."""
        return self.merges, self.absent_is_not_provided, self.has_base, self.has_draft, self.over


class Overlay:
    """The statements for rows of one shape. ``has_duplicates`` and ``has_former``: whether a row may stand twice in the
    file, or name a former reference; what asks for either needs the file to have been read to its end."""

    def __init__(
        self,
        contract: Contract,
        part: Part,
        shape: Shape,
        ground: Ground,
        *,
        has_duplicates: bool = False,
        has_former: bool = False,
    ) -> None:
        self.part, self.shape, self.ground = part, shape, ground
        self.tables = tables_of(contract, part)
        self.columns = column_names(part.fields)
        self.key = part.by_role.get(Role.KEY)
        self._has_duplicates, self._has_former = has_duplicates, has_former
        self._presence = Presence(part.fields, shape.present, shape.sometimes)
        self._probes = probes_of(contract, part)

    @property
    def overlays(self) -> bool:
        """Whether there is anything that a row could be laid over."""
        return self.key is not None and (self.ground.has_base or self.ground.has_draft)

    def current(
        self, columns: Sequence[str], *, without_withdrawn: bool = False, with_base_digest: bool = False
    ) -> str:
        """The return's rows as they stood before this upload."""
        return current_rows(
            columns,
            self.ground.over,
            self.ground.read,
            with_draft=self.ground.has_draft,
            without_withdrawn=without_withdrawn,
            with_base_digest=with_base_digest,
        )

    def merged(self, extra: Sequence[str] = (), joins: str = "", which: str = "true") -> str:
        """The rows as they are to stand: sent values over what was there. ``extra`` columns may read s and cur, and
        what ``joins`` brings."""
        if self.ground.merges and self.overlays:
            merged = self._presence.merged_columns()
            values = [f"{merged[name]} as {name}" for name in self.columns]
            empties = self._presence.merged_empties()
            needs_shape = self._presence.is_mixed
            stood = [name for name in self.columns if "cur." in merged[name]]
        else:
            values = [f"s.{name}" for name in self.columns]
            needs_shape = self.ground.absent_is_not_provided and not self._presence.is_whole
            empties = f"nullif({_WITH_ABSENT if needs_shape else 's.empties'}, '{{}}')"
            stood = []
        overlay, before = (
            "",
            ("null::uuid as current_id", "null::bytea as current_digest", "null::bytea as base_digest"),
        )
        if self.overlays and self.key is not None:
            current = self.current(tuple(dict.fromkeys((self.key.name, *stood))), with_base_digest=True)
            overlay = f" left join ({current}) cur on cur.{self.key.name} = s.match_key"
            before = ("cur.case_id as current_id", "cur.digest as current_digest", "cur.base_digest")
        shape = " join staging_shape shape on shape.shape = s.shape" if needs_shape else ""
        chosen = ", ".join(["s.idx", "s.row", "s.held", "s.failed", *before, *values, f"{empties} as empties", *extra])
        return f"select {chosen} from {self.tables.sent} s{joins}{overlay}{shape} where {which}"

    def checked(self, which: str, *, keeps_rows: bool = True) -> str:
        """Lay the rows over what stood, run every rule in one pass, and keep what came of it. Parameters besides the
        return's: ``fresh``, and what ``which`` asks for. Without ``keeps_rows`` only what the rules found is kept:
        rows with nothing to be compared with need neither digest nor a second copy, where they are not to stay."""
        flags, joins = self.flags()
        named = [flag.rpartition(" as ")[2] for flag in flags]
        fired = fired_columns(self._probes, named, has_failed=self.shape.has_failed)
        masks = holding_masks(self._probes)
        holds = " or ".join(["m.held", *(f"m.fired{n} & {mask} <> 0" for n, mask in enumerate(masks) if mask)])
        marks = ", ".join(f"({sql}) as fired{n}" for n, sql in enumerate(fired))
        names = listed([f"fired{n}" for n in range(FIRED_COLUMNS)])
        found = listed([f"fired{n}" for n in range(FIRED_COLUMNS)], "m")
        case_id = f"coalesce(m.current_id, case when not ({holds}) then {_FRESH} end)"
        if self.key is None:  # a cell or a team is no case: words on it are kept by what it says
            case_id = "null::uuid"
        kept = "m.*" if keeps_rows else "m.idx, m.row, m.held"
        rows = f"from (select {kept}, {marks} from ({self.merged(flags, joins, which)}) m offset 0) m"
        if not keeps_rows:
            return (
                f"insert into {self.tables.marked} (idx, row, held, has_text, {names}) "
                f"select m.idx, m.row, ({holds}), m.held, {found} {rows}"
            )
        return (
            f"insert into {self.tables.checked} (idx, row, held, has_text, case_id, digest, current_digest, "
            f"base_digest, {names}, empties, {listed(self.columns)}) "
            f"select m.idx, m.row, ({holds}), m.held, {case_id}, "
            f"case when not ({holds}) then {digest_sql(self.part.fields, 'm')} end, m.current_digest, m.base_digest, "
            f"{found}, m.empties, {listed(self.columns, 'm')} "
            f"{rows}"
        )

    def duplicates(self) -> str:
        """What stands twice in one upload: references, or (cells) all dimensions. Column ``key``."""
        if self.key is not None and self._has_former:
            # a row bears its own reference, and that of the case which it is under its former one
            borne = " union ".join(
                f"select s.{name} as key, s.idx from {self.tables.sent} s where s.{name} is not null"
                for name in ("match_key", self.key.name)
            )
            return f"select b.key from ({borne}) b group by 1 having count(*) > 1"
        if self.key is not None:
            key, rows = "s.match_key", "s.match_key is not null"
        else:
            key, rows = self._cell_key("s"), "not s.held"
        return f"select {key} as key from {self.tables.sent} s where {rows} group by 1 having count(*) > 1"

    def to_check_again(self) -> str:
        """The rows whose check needed the whole file: those that may stand twice, or that name a former reference."""
        asks = []
        if self._has_duplicates:
            asks += [f"{key} in ({self.duplicates()})" for key in self._may_stand_twice()]
        if self._has_former:
            asks.append(f"s.{self.part.by_role[Role.FORMER_KEY].name} is not null")
        return f"insert into staging_again select s.idx from {self.tables.sent} s where {' or '.join(asks) or 'false'}"

    def _may_stand_twice(self) -> list[str]:
        """What of a row ``s`` is looked for among ``duplicates``."""
        if self.key is None:
            return [self._cell_key("s")]
        return ["s.match_key", *([f"s.{self.key.name}"] if self._has_former else [])]

    def _cell_key(self, alias: str) -> str:
        """What makes a cell or a team's row the same as another: everything but numbers that are counts of it."""
        fields = [field for field in self.part.fields if field.dimension or field.required]
        items = ", ".join(f"coalesce({text_sql(field, alias)}, '')" for field in fields) or "''"
        return f"concat_ws(chr(31), {items})"

    def match_former(self) -> str:
        """A row with a new reference whose former one is held, and not sent too, is that case under its new name."""
        former = self.part.by_role[Role.FORMER_KEY].name
        key = self.key.name if self.key is not None else ""
        current, sent = self.current((key,)), self.tables.sent
        return (
            f"update {sent} s set match_key = s.{former} where s.{former} is not null "
            f"and not exists (select 1 from ({current}) cur where cur.{key} = s.{key}) "
            f"and exists (select 1 from ({current}) cur where cur.{key} = s.{former}) "
            f"and not exists (select 1 from {sent} o where o.{key} = s.{former})"
        )

    def flags(self) -> tuple[list[str], str]:
        """Columns about a row among the others, and the joins they need."""
        flags = [f"({unsent}) as {lacks(field)}" for field, unsent in self._lacking()]
        joins = ""
        if self._has_duplicates:
            keys = list(enumerate(self._may_stand_twice()))
            flags.append(f"({' or '.join(f'twice{n}.key is not null' for n, _ in keys)}) as {IS_DUPLICATE}")
            for n, key in keys:
                joins += f" left join ({self.duplicates()}) twice{n} on twice{n}.key = {key}"
        if self._has_former and self.key is not None:
            former, key = self.part.by_role[Role.FORMER_KEY].name, self.key.name
            current = self.current((key,), without_withdrawn=True)
            # joins and no subqueries: within an OR those would be run again for every row
            joins += (
                f" left join (select o.{key} as key, count(*) as rows, min(o.idx) as idx from {self.tables.sent} o "
                f"where o.{key} is not null group by 1) sent on sent.key = s.{former} "
                f"left join (select distinct cur.{key} as key from ({current}) cur) bearer "
                f"on bearer.key = s.{former} and s.match_key <> s.{former}"
            )
            flags.append(
                "(sent.key is not null and (sent.rows > 1 or sent.idx <> s.idx) or bearer.key is not null) "
                f"as {FORMER_IN_USE}"
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


_WITH_ABSENT: Final = "coalesce(s.empties, '{}') || shape.absent"
