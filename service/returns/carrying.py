"""Puts what a branch corrected into the open return on top of the main line, in one action (semantics 15).

A correction is a column that the branch has otherwise than its base, a case that it has anew, or one that it took out.
It is carried where the open return still has what the base had. What the later returns changed themselves is never
written over: it is told, and the force decides.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import Field, PartName, Role
from service.errors import Conflict
from service.returns.as_read import as_read, rows_sql
from service.returns.cases import case_fields, shown_values, values_of
from service.returns.changes import change_draft
from service.returns.context import Actor, Context
from service.returns.current import current_rows
from service.returns.model import AnyReturn, Open, Sealed
from service.returns.parts import OWN
from service.returns.raising import is_older
from service.returns.rows import column_names
from service.returns.spool import spool
from service.returns.store import return_by_id, returns_of
from service.returns.upload import Target, Upload, upload

MOST: Final = 1 << 30
"""A file of corrections is no longer than this."""


class Why(StrEnum):
    """Why a correction is not carried: the later returns changed the same, do not hold the case, or have its reference
    for another one."""

    CHANGED_SINCE = "changed_since"
    NOT_HELD = "not_held"
    REFERENCE_TAKEN = "reference_taken"


class Left(Struct, frozen=True, kw_only=True):
    """A case of which a correction is not carried. ``fields``: which ones; none where it is the case as a whole."""

    case_id: UUID
    key: str
    fields: tuple[str, ...]
    why: Why


class Corrections(Struct, frozen=True, kw_only=True):
    """What of a sealed branch is offered for the open return ``into``, if there is one. ``rows`` are changes by column,
    ``gone`` the cases to be taken out; ``parts`` were sent whole for the branch, and are not carried."""

    of: Sealed
    into: Open | None
    rows: Sequence[Mapping[str, Any]]
    gone: Sequence[UUID]
    left: Sequence[Left]
    parts: tuple[PartName, ...]

    @property
    def cases(self) -> int:
        """In how many cases something is to be carried."""
        return len(self.rows) + len(self.gone)


class Carried(Struct, frozen=True, kw_only=True):
    """What was carried, the return that has it now, and what became of its rows."""

    corrections: Corrections
    item: Open
    upload: Upload | None


async def corrections_of(context: Context, item: AnyReturn) -> Corrections:
    """What a sealed branch offers as things stand now. Conflict for a return that is none."""
    if not isinstance(item, Sealed) or item.branch_of is None:
        raise Conflict(
            f"This return for {item.period} is no sealed correction of an older month.",
            "Corrections are offered of a month that was sealed when a later one was sealed already.",
            code="not-a-branch",
        )
    async with context.db.force(item.force) as tx:
        parts = await _own_parts(tx, item)
        on_top = (each for each in await returns_of(tx, item.force) if isinstance(each, Open) and _is_on_top(each))
        into = next(on_top, None)
        if into is None:
            return Corrections(of=item, into=None, rows=(), gone=(), left=(), parts=parts)
        _check_version(context, item, into)
        return await _compared(context, tx, item, into, parts)


def _is_on_top(item: Open) -> bool:
    return item.laid_over is None


def _check_version(context: Context, item: Sealed, into: Open) -> None:
    if is_older(context.library, into.contract_version, item.contract_version):
        raise Conflict(
            f"The open return for {into.period} is written in contract version {into.contract_version}, and these "
            f"corrections in {item.contract_version}, which is newer.",
            f"Bring the open return into {item.contract_version} first.",
            code="older-contract",
        )


async def carry(context: Context, actor: Actor, item: AnyReturn) -> Carried:
    """Put the corrections of a sealed branch into the open return, by column as ``changes`` do (semantics 17).

    What is carried is not offered any more: the same again changes nothing, and finishes what was begun.
    """
    found = await corrections_of(context, item)
    into, answer = found.into, None
    if into is None:
        raise Conflict(
            "No return is open that these corrections could go into.",
            "Open the return of the next month, or a correction of the newest sealed one, and ask again.",
            code="nothing-open",
        )
    if found.rows:
        with await spool(_lines(found.rows), MOST) as body:
            target = Target(item=into, known_at=found.of.line)
            answer = await upload(context, actor, target, PartName.CASE, body, "application/x-ndjson")
    if found.gone:
        await _take_out(context, actor, into, found)
    async with context.db.force(into.force) as tx:
        moved = await return_by_id(tx, into.force, into.id)
    if not isinstance(moved, Open):
        raise Conflict("The corrections were carried, and the return was sealed or withdrawn since.", code="not-open")
    return Carried(corrections=found, item=moved, upload=answer)


async def _lines(rows: Sequence[Mapping[str, Any]]) -> AsyncIterator[bytes]:
    for row in rows:
        yield json.dumps(row).encode() + b"\n"


async def _own_parts(tx: AsyncConnection, item: Sealed) -> tuple[PartName, ...]:
    columns = ", ".join(OWN.values())
    row = (
        await tx.execute(
            text(f"select {columns} from case_return where force = :force and id = :id"),
            {"force": item.force, "id": item.id},
        )
    ).one()
    return tuple(part for part, is_own in zip(OWN, row, strict=True) if is_own)


async def _compared(
    context: Context, tx: AsyncConnection, item: Sealed, into: Open, parts: tuple[PartName, ...]
) -> Corrections:
    stocks = await _stocks(context, tx, item, into)
    rows: list[Mapping[str, Any]] = []
    left: list[Left] = []
    for case_id in stocks.after:
        row = stocks.changes(case_id)
        rows += [row.sent] if row.sent else []
        left += row.left
    gone = [case_id for case_id in stocks.before if case_id not in stocks.after and case_id in stocks.now]
    kept = [case_id for case_id in gone if stocks.said("now", case_id) != stocks.said("before", case_id)]
    left += [Left(case_id=one, key=stocks.key_of(one), fields=(), why=Why.CHANGED_SINCE) for one in kept]
    return Corrections(
        of=item, into=into, rows=rows, gone=[one for one in gone if one not in kept], left=left, parts=parts
    )


class _Changes(Struct, frozen=True):
    sent: Mapping[str, Any]
    left: Sequence[Left]


class _Stocks:
    """The cases that a branch changed: as its base had them, as it has them, as the open return has them. ``taken``:
    references of other cases of the open return."""

    def __init__(
        self,
        fields: Sequence[Field],
        roles: Mapping[Role, Field],
        stocks: tuple[Mapping[UUID, Row[Any]], Mapping[UUID, Row[Any]], Mapping[UUID, Row[Any]]],
        taken: frozenset[str],
    ) -> None:
        self.before, self.after, self.now = stocks
        self._fields, self._taken = fields, taken
        self._key, former = roles[Role.KEY].name, roles.get(Role.FORMER_KEY)
        self._former = None if former is None else former.name

    def said(self, which: str, case_id: UUID) -> Mapping[str, tuple[Any, str | None]]:
        """What a row says of each field, and why it says nothing."""
        row = getattr(self, which)[case_id]
        empties = row.empties or {}
        shown = shown_values(self._fields, values_of(self._fields, row))
        return {name: (value, empties.get(name)) for name, value in shown.items()}

    def key_of(self, case_id: UUID) -> str:
        """The reference as the open return has it, else the branch, else its base."""
        row = next(stock[case_id] for stock in (self.now, self.after, self.before) if case_id in stock)
        return str(getattr(row, self._key))

    def changes(self, case_id: UUID) -> _Changes:
        """What is to be sent of a case that the branch has anew or otherwise, and what is left."""
        after = self.said("after", case_id)
        key = self.key_of(case_id)
        if case_id not in self.now:
            if case_id in self.before:
                return _Changes({}, [Left(case_id=case_id, key=key, fields=(), why=Why.NOT_HELD)])
            if key in self._taken:
                return _Changes({}, [Left(case_id=case_id, key=key, fields=(), why=Why.REFERENCE_TAKEN)])
            return _Changes(_sent(after, after), ())
        now = self.said("now", case_id)
        before = self.said("before", case_id) if case_id in self.before else {}
        changed = [name for name in after if after[name] != before.get(name) and after[name] != now[name]]
        own = [name for name in changed if name not in before or now[name] != before[name]]
        if self._key in changed and (self._key in own or str(after[self._key][0]) in self._taken):
            own = list(dict.fromkeys([*own, self._key, *([self._former] if self._former in changed else [])]))
        names = [name for name in changed if name not in own]
        left = [Left(case_id=case_id, key=key, fields=tuple(own), why=Why.CHANGED_SINCE)] if own else []
        if not names:
            return _Changes({}, left)
        if self._key not in names:
            return _Changes({self._key: key, **_sent(after, names)}, left)
        named = {self._former: key} if self._former is not None else {}
        return _Changes({**_sent(after, names), **named}, left)


def _sent(said: Mapping[str, tuple[Any, str | None]], names: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Values as they are sent: what is empty with its reason, else as not known."""
    return {name: said[name][1] or "" if said[name][0] is None else said[name][0] for name in names}


async def _stocks(context: Context, tx: AsyncConnection, item: Sealed, into: Open) -> _Stocks:
    read = as_read(context.library, into.contract_version)
    fields = case_fields(context, into)
    roles = context.library.contracts[into.contract_version].parts[PartName.CASE].by_role
    names, key = column_names(fields), roles[Role.KEY].name
    begun = rows_sql(read, names, "case_version", "v.force = :force and v.line_from = :line", ("case_id",))
    ended = rows_sql(read, names, "case_version", "v.force = :force and v.line_to = :line", ("case_id",))
    before, after = await _rows(tx, ended, item), await _rows(tx, begun, item)
    current = current_rows(names, into.laid_over, read, without_withdrawn=True)
    ids = list(before.keys() | after.keys())
    given = {"force": into.force, "return_id": into.id, "ids": ids}
    found = await tx.execute(text(f"select * from ({current}) cur where cur.case_id = any(:ids)"), given)
    now = {row.case_id: row for row in found}
    keys = [str(getattr(row, key)) for row in after.values()]
    held = current_rows((key,), into.laid_over, read, without_withdrawn=True)
    borne = await tx.execute(
        text(f"select cur.case_id, cur.{key} as key from ({held}) cur where cur.{key} = any(:keys)"),
        {"force": into.force, "return_id": into.id, "keys": keys},
    )
    taken = frozenset(
        row.key for row in borne if row.case_id not in after or str(getattr(after[row.case_id], key)) != row.key
    )
    return _Stocks(fields, roles, (before, after, now), taken)


async def _rows(tx: AsyncConnection, sql: str, item: Sealed) -> dict[UUID, Row[Any]]:
    return {row.case_id: row for row in await tx.execute(text(sql), {"force": item.force, "line": item.line})}


async def _take_out(context: Context, actor: Actor, into: Open, found: Corrections) -> None:
    """Withdraw what the branch withdrew, with its reasons, where it is still held."""
    async with context.db.force(into.force) as tx, change_draft(context, tx, actor, into, None) as change:
        current = current_rows((), change.item.laid_over, as_read(context.library, change.item.contract_version))
        done = await tx.execute(
            text(
                "insert into draft_withdrawal (force, return_id, case_id, source, answer, reason, words) "
                "select w.force, :return_id, w.case_id, 'deletion', 'withdraw', w.reason, w.words "
                f"from draft_withdrawal w join ({current}) cur on cur.case_id = w.case_id where w.force = :force "
                "and w.return_id = :branch and w.answer = 'withdraw' and w.case_id = any(:ids) "
                "on conflict (force, return_id, case_id) do update set answer = 'withdraw', reason = excluded.reason, "
                "words = excluded.words"
            ),
            {"force": into.force, "return_id": into.id, "branch": found.of.id, "ids": list(found.gone)},
        )
        if done.rowcount:
            change.done("corrections_carried", {"withdrawn": done.rowcount})
