"""The rows of one upload in temporary tables: COPY in, block by block, so that everything after is set-based.

COPY is refused into a table with row-level security, so rows land in a temporary table first; it belongs to the
connection, is emptied with the transaction, and is seen by nobody else. What is there is checked while the next block
is read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from itertools import repeat
from typing import Any, Final

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.columns import columns_of
from service.contract.findings import Finding
from service.contract.model import Contract, Field, Part, Role
from service.returns.ahead import read_ahead
from service.returns.binary import NULL, copied, jsonb, texts, truths, whole
from service.returns.handed import handed_columns, handed_content
from service.returns.probes import FIRED_COLUMNS
from service.returns.readers import TypedBlock
from service.storage.database import raw

_MATCH_KEY: Final = 6
"""The place of the reference by which a row is matched, among the columns that every part has."""

SPAN_ROWS: Final = 2_000
"""So many rows at least are checked at once, and the next ones are read meanwhile."""
_GREATEST_SPAN: Final = 10_000

_COMMON: Final = (
    "create temp table if not exists staging_finding (idx integer, row integer not null, rule text not null, "
    "field text, value text, key text) on commit delete rows",
    "create temp table if not exists staging_held (idx integer, row integer not null, key text, text text not null) "
    "on commit delete rows",
    "create temp table if not exists staging_shape (shape integer not null, present text[] not null, "
    "absent jsonb not null) on commit delete rows",
    "create temp table if not exists staging_again (idx integer not null) on commit delete rows",
    "create temp table if not exists staging_lost (idx integer not null, lost bigint not null) on commit delete rows",
)

_COMMON_TABLES: Final = ("staging_finding", "staging_held", "staging_shape", "staging_again", "staging_lost")

_CHECKED: Final = (
    "idx integer not null, row integer not null, held boolean not null, has_text boolean not null, case_id uuid, "
    "digest bytea, current_digest bytea, base_digest bytea, "
    + ", ".join(f"fired{n} bigint not null" for n in range(FIRED_COLUMNS))
    + ", empties jsonb"
)


class Shape(Struct, frozen=True, kw_only=True):
    """What some staged rows have in common, on which the statement that checks them depends."""

    present: frozenset[str]
    """Fields that any of them has."""
    sometimes: frozenset[str] = frozenset()
    """Fields that some have and some do not: JSON objects with differing keys."""
    has_failed: bool = False
    """Whether any value could not be read."""


class Span(Struct, frozen=True, kw_only=True):
    """Rows that were staged one after another: ``first`` to ``last`` by their index."""

    first: int
    last: int
    shape: Shape


class Staged(Struct, frozen=True, kw_only=True):
    """What stands in the temporary tables after an upload was read to its end."""

    received: int
    unread: int
    """Rows that could not be read at all: they are in ``staging_held`` only."""
    shape: Shape
    has_former: bool
    left: int
    """Rows that say what was handed out and nothing else: they are in no table."""
    has_handed: bool
    """Whether it is known of any row what was handed out where it says something else."""
    has_findings: bool
    """Whether reading found anything: it is in ``staging_finding``."""
    notes: tuple[str, ...] = ()


class _Prepared(Struct):
    """A block on its way: the number of its first row among all, and its rows as COPY takes them."""

    block: TypedBlock
    first: int
    content: bytes

    @property
    def span(self) -> Span:
        """The rows of the block as those of a span."""
        block = self.block
        shape = Shape(present=frozenset(block.values), sometimes=block.sometimes, has_failed=bool(block.failed))
        return Span(first=self.first, last=self.first + len(block.rows) - 1, shape=shape)


class Tables(Struct, frozen=True):
    """The temporary tables of one part: rows as they were sent, as they were checked, and what was found in those that
    are not to stay: as ``checked``, without a field; and what sheets said when they were handed out."""

    sent: str
    checked: str
    marked: str
    handed: str


def tables_of(contract: Contract, part: Part) -> Tables:
    """Their names, which no other contract's rows share."""
    return Tables(*(f"{what}_{part.name}_{contract.hash[:12]}" for what in ("staging", "checked", "marked", "handed")))


class Staging:
    """Writes typed blocks into the temporary tables of one connection and keeps account of what came."""

    def __init__(self, tx: AsyncConnection, contract: Contract, part: Part) -> None:
        self._tx = tx
        self._part = part
        self._tables = tables_of(contract, part)
        self._fields: Sequence[Field] = part.fields
        self._names = ["idx", "row", "held", "shape", "empties", "failed", "match_key"]
        self._names += [column.name for column in columns_of(part.fields)]
        self._next = 0
        self._unread = 0
        self._shapes: dict[frozenset[str], int] = {}
        self._shapes_written = 0
        self._has_former = False
        self._has_failed = False
        self._has_findings = False
        self._left = 0
        self._has_handed = False
        self._notes: dict[str, None] = {}

    async def open(self) -> None:
        """Make the temporary tables where this connection has none yet, and keep every later plan sane: the planner
        knows nothing of them, and what it learns of an empty one does not hold for a full one."""
        columns = ", ".join(f"{column.name} {column.sql_type}" for column in columns_of(self._fields))
        sent = self._tables.sent
        statements = (
            "set local client_min_messages = error",
            "set local plan_cache_mode = force_custom_plan",
            f"create temp table if not exists {sent} (idx integer primary key, row integer not null, held boolean not "
            f"null, shape integer not null, empties jsonb, failed text[], match_key text, {columns}) "
            "on commit delete rows",
            f"create temp table if not exists {self._tables.checked} ({_CHECKED}, {columns}) on commit delete rows",
            f"create temp table if not exists {self._tables.marked} ({_CHECKED}) on commit delete rows",
            f"create temp table if not exists {self._tables.handed} (idx integer not null, names text[] not null, "
            f"empties jsonb, {columns}) on commit delete rows",
            *_COMMON,
        )
        await (await raw(self._tx)).execute(";".join(statements))

    async def clear(self) -> None:
        """Empty them, where something else of this transaction was or is to be checked too."""
        tables = self._tables
        names = (tables.sent, tables.checked, tables.marked, tables.handed, *_COMMON_TABLES)
        await (await raw(self._tx)).execute(f"truncate {', '.join(names)}")

    async def copy(
        self,
        blocks: Iterator[TypedBlock],
        check: Callable[[Span], Awaitable[None]] | None = None,
        *,
        least: int = SPAN_ROWS,
    ) -> None:
        """Read all blocks in a thread, so that the service goes on answering, and COPY each while the next is read.

        ``check`` is given what came since it was last, every ``least`` rows or more, and the rest at the end.
        """
        connection = await raw(self._tx)
        span: Span | None = None
        async with aclosing(read_ahead(lambda: self._prepare(blocks))) as ahead:
            async for prepared in ahead:
                if prepared.block.rows:
                    content = memoryview(prepared.content)  # bytes would be taken for the name of a file
                    await connection.copy_to_table(
                        self._tables.sent, source=content, columns=self._names, format="binary"
                    )
                await self._copy_handed(connection, prepared)
                await self._copy_findings(connection, prepared)
                if prepared.block.rows:
                    span = prepared.span if span is None else _joined(span, prepared.span)
                if check is not None and span is not None and _is_enough(span, least):
                    await self._write_shapes(connection)
                    await check(span)
                    span = None
        await self._write_shapes(connection)
        if check is not None and span is not None:
            await check(span)

    def _prepare(self, blocks: Iterator[TypedBlock]) -> _Prepared | None:
        """The next block as COPY takes it, and account kept of it."""
        block = next(blocks, None)
        if block is None:
            return None
        prepared = _Prepared(block, self._next, self._content(block))
        self._next += len(block.rows)
        self._left += block.left
        self._notes |= dict.fromkeys(block.notes)
        return prepared

    async def _write_shapes(self, connection: Any) -> None:
        """Write the distinct shapes of rows that are new since the last time."""
        new = list(self._shapes.items())[self._shapes_written :]
        self._shapes_written += len(new)
        if new:
            names = [field.name for field in self._fields]
            await connection.copy_records_to_table(
                "staging_shape",
                records=[(number, sorted(shape), _absent_json(names, shape)) for shape, number in new],
                columns=["shape", "present", "absent"],
            )

    def finish(self) -> Staged:
        """Say what came."""
        everywhere = frozenset.intersection(*self._shapes) if self._shapes else frozenset()
        somewhere = frozenset.union(*self._shapes) if self._shapes else frozenset()
        return Staged(
            received=self._next + self._unread + self._left,
            unread=self._unread,
            shape=Shape(present=somewhere, sometimes=somewhere - everywhere, has_failed=self._has_failed),
            has_former=self._has_former,
            left=self._left,
            has_handed=self._has_handed,
            has_findings=self._has_findings,
            notes=tuple(self._notes),
        )

    def _content(self, block: TypedBlock) -> bytes:
        """The rows of a block as COPY takes them."""
        count = len(block.rows)
        nothing = repeat(NULL)
        held = [index in block.held for index in range(count)] if block.held else repeat(False, count)
        columns: list[Iterable[bytes]] = [
            whole(range(self._next, self._next + count)),
            whole(block.rows),
            truths(held),
            whole(self._shape_column(block)),
            [NULL if empty is None else _json(empty) for empty in block.empties],
            self._failed_column(block),
            nothing,
        ]
        for field in self._fields:
            written = block.values.get(field.name)
            if written is None:
                columns += [nothing, nothing] if field.kind.is_range else [nothing]
                continue
            columns.append(written)
            if field.role is Role.KEY:
                columns[_MATCH_KEY] = written
            if field.role is Role.FORMER_KEY and not self._has_former:
                self._has_former = written.count(NULL) < count
        return copied(columns, len(self._names))

    def _failed_column(self, block: TypedBlock) -> list[bytes]:
        """The fields of each row that could not be read, so that no rule speaks of them."""
        column = [NULL] * len(block.rows)
        names: dict[int, tuple[str, ...]] = {}
        for name, indexes in block.failed.items():
            for index in indexes:
                names[index] = (*names.get(index, ()), name)
        written = {failed: texts(failed) for failed in set(names.values())}
        for index, failed in names.items():
            column[index] = written[failed]
        self._has_failed = self._has_failed or bool(block.failed)
        return column

    def _shape_column(self, block: TypedBlock) -> Iterable[int]:
        if block.shapes is None:
            return repeat(self._shape_number(frozenset(block.values)), len(block.rows))
        numbers = {shape: self._shape_number(shape) for shape in dict.fromkeys(block.shapes)}
        return map(numbers.__getitem__, block.shapes)

    def _shape_number(self, shape: frozenset[str]) -> int:
        return self._shapes.setdefault(shape, len(self._shapes))

    async def _copy_handed(self, connection: Any, prepared: _Prepared) -> None:
        handed = prepared.block.handed
        if handed is None:
            return
        self._has_handed = True
        content = memoryview(handed_content(self._part, handed, prepared.first))
        names = handed_columns(self._part)
        await connection.copy_to_table(self._tables.handed, source=content, columns=names, format="binary")

    async def _copy_findings(self, connection: Any, prepared: _Prepared) -> None:
        block, first = prepared.block, prepared.first
        index_of = {row: first + index for index, row in enumerate(block.rows)} if block.findings else {}
        findings = [_finding_record(finding, index_of.get(finding.row)) for finding in block.findings]
        held: list[tuple[Any, ...]] = []
        for index in sorted(block.held):
            key = block.keys[index] if block.keys is not None else None
            held.append((first + index, block.rows[index], key, block.originals[index]))
        for unread in block.unread:
            self._unread += 1
            held.append((None, unread.row, unread.key, unread.text))
            findings += [_finding_record(finding, None) for finding in unread.findings]
        if findings:
            self._has_findings = True
            await connection.copy_records_to_table(
                "staging_finding", records=findings, columns=["idx", "row", "rule", "field", "value", "key"]
            )
        if held:
            await connection.copy_records_to_table("staging_held", records=held, columns=["idx", "row", "key", "text"])


def _joined(before: Span, after: Span) -> Span:
    """Two spans that follow each other as one."""
    one, other = before.shape, after.shape
    shape = Shape(
        present=one.present | other.present,
        sometimes=one.sometimes | other.sometimes | (one.present ^ other.present),
        has_failed=one.has_failed or other.has_failed,
    )
    return Span(first=before.first, last=after.last, shape=shape)


def _is_enough(span: Span, least: int) -> bool:
    """Whether to check now: a long file in longer spans, because each costs a plan."""
    return span.last - span.first + 1 >= max(least, min(_GREATEST_SPAN, span.first // 4))


def _finding_record(finding: Finding, index: int | None) -> tuple[Any, ...]:
    return (index, finding.row, finding.rule, finding.field, finding.value, finding.key)


_EMPTY_TEXTS: dict[tuple[tuple[str, str], ...], bytes] = {}


def _json(empties: dict[str, str]) -> bytes:
    """The stored form of a row's kinds of empty; few distinct ones, so they are kept."""
    key = tuple(sorted(empties.items()))
    text = _EMPTY_TEXTS.get(key)
    if text is None:
        if len(_EMPTY_TEXTS) > 10_000:
            _EMPTY_TEXTS.clear()
        text = jsonb("{" + ", ".join(f'"{name}": "{kind}"' for name, kind in key) + "}")
        _EMPTY_TEXTS[key] = text
    return text


def _absent_json(names: Sequence[str], shape: frozenset[str]) -> str:
    return "{" + ", ".join(f'"{name}": "not_provided"' for name in names if name not in shape) + "}"
