"""What a branch has otherwise than the main line had it, beside what an open return has (semantics 15).

A month that was corrected more than once is one branch, from where it left the main line. An open return that has what
an earlier revision of it had, has that from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import Field, PartName, Role
from service.returns.as_read import as_read, rows_sql
from service.returns.cases import case_fields, shown_values, values_of
from service.returns.context import Context
from service.returns.current import current_rows
from service.returns.model import AnyReturn, Open, Sealed
from service.returns.rows import column_names

_Stock: TypeAlias = Mapping[UUID, Row[Any]]
_Said: TypeAlias = Mapping[str, tuple[Any, str | None]]


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


class Line(Struct, frozen=True):
    """A branch from where it left the main line: its revisions, the newest first, and the number that it began with (0:
    nothing)."""

    revisions: Sequence[Sealed]
    root: int

    @property
    def numbers(self) -> list[int]:
        """Of the stocks of its revisions."""
        return [each.line for each in self.revisions]


def _base(item: Sealed, by_id: Mapping[UUID, AnyReturn]) -> AnyReturn | None:
    return None if item.base_id is None else by_id.get(item.base_id)


def line_of(item: Sealed, items: Sequence[AnyReturn]) -> Line:
    by_id = {each.id: each for each in items}
    revisions = [item]
    while (base := _base(revisions[-1], by_id)) is not None:
        if not isinstance(base, Sealed) or base.branch_of is None or base.period != item.period:
            break
        revisions.append(base)
    line = None if base is None or isinstance(base, Open) else base.line
    return Line(revisions, line or 0)


async def touched(tx: AsyncConnection, line: Line) -> list[UUID]:
    """The cases that any revision of the branch has otherwise than the one before it."""
    found = await tx.execute(
        text(
            "select case_id from case_version where force = :force and (line_from = any(:numbers) "
            "or line_to = any(:numbers)) group by case_id order by min(line_from), case_id"
        ),
        {"force": line.revisions[0].force, "numbers": line.numbers},
    )
    return list(found.scalars())


async def otherwise(tx: AsyncConnection, line: Line, ids: Sequence[UUID]) -> int:
    """How many of these cases the branch has otherwise than the main line had them."""
    held = "select case_id, digest from case_version v where v.force = :force and v.case_id = any(:ids) and "
    found = await tx.execute(
        text(
            f"select count(*) from ({held} {_at(':root')}) b full join ({held} {_at(':number')}) a using (case_id) "
            "where a.digest is distinct from b.digest"
        ),
        {"force": line.revisions[0].force, "ids": ids, "root": line.root, "number": line.numbers[0]},
    )
    return int(found.scalar_one())


def _at(number: str) -> str:
    """Whether a version ``v`` holds at a number of the line."""
    return f"v.line_from <= {number} and v.line_to > {number}"


class Changes(Struct, frozen=True):
    sent: Mapping[str, Any]
    left: Sequence[Left]


class Stocks:
    """The cases that a branch changed: as the main line had them and then each revision of the branch but its newest
    (``earlier``), as that has them (``after``), and as the open return has them (``now``). ``returned``: those which
    the branch alone had at first, and a later return too; ``taken``: references of other cases of the open return."""

    def __init__(
        self,
        fields: Sequence[Field],
        roles: Mapping[Role, Field],
        stocks: tuple[Sequence[_Stock], _Stock, _Stock],
        returned: frozenset[UUID],
        taken: frozenset[str],
    ) -> None:
        self._earlier, self.after, self.now = stocks
        self._fields, self._returned, self._taken = fields, returned, taken
        self._key, former = roles[Role.KEY].name, roles.get(Role.FORMER_KEY)
        self._former = None if former is None else former.name

    def _said(self, stock: _Stock, case_id: UUID) -> _Said:
        """What a row says of each field, and why it says nothing; nothing where there is none."""
        row = stock.get(case_id)
        if row is None:
            return {}
        empties = row.empties or {}
        shown = shown_values(self._fields, values_of(self._fields, row))
        return {name: (value, empties.get(name)) for name, value in shown.items()}

    def _was(self, case_id: UUID) -> list[_Said]:
        """What was said of a case until the newest revision, that of the main line first."""
        return [self._said(stock, case_id) for stock in self._earlier]

    def gone(self, ids: Sequence[UUID]) -> tuple[list[UUID], list[UUID]]:
        """Of what the branch took out and the open return holds: what that changed itself, and what it did not."""
        out = [one for one in ids if one not in self.after and one in self.now]
        alike = {one: self._said(self.now, one) in self._was(one) for one in out}
        return [one for one in out if not alike[one]], [one for one in out if alike[one]]

    def key_of(self, case_id: UUID) -> str:
        """The reference as the open return has it, else the branch, else what was before."""
        row = next(stock[case_id] for stock in (self.now, self.after, *self._earlier) if case_id in stock)
        return str(getattr(row, self._key))

    def changes(self, case_id: UUID) -> Changes:
        """What is to be sent of a case that the branch has anew or otherwise, and what is left."""
        after, was = self._said(self.after, case_id), self._was(case_id)
        key = self.key_of(case_id)
        if case_id not in self.now:
            if after == was[0]:  # corrected, and taken back by a later revision
                return Changes({}, ())
            if was[0] or case_id in self._returned:
                return Changes({}, [Left(case_id=case_id, key=key, fields=(), why=Why.NOT_HELD)])
            if key in self._taken:
                return Changes({}, [Left(case_id=case_id, key=key, fields=(), why=Why.REFERENCE_TAKEN)])
            return Changes(_sent(after, after), ())
        now = self._said(self.now, case_id)
        changed = [
            name for name in after if after[name] != now[name] and any(each.get(name) != after[name] for each in was)
        ]
        own = [name for name in changed if all(each.get(name) != now[name] for each in was)]
        if self._key in changed and (self._key in own or str(after[self._key][0]) in self._taken):
            own = list(dict.fromkeys([*own, self._key, *([self._former] if self._former in changed else [])]))
        names = [name for name in changed if name not in own]
        left = [Left(case_id=case_id, key=key, fields=tuple(own), why=Why.CHANGED_SINCE)] if own else []
        if not names:
            return Changes({}, left)
        if self._key not in names:
            return Changes({self._key: key, **_sent(after, names)}, left)
        named = {self._former: key} if self._former is not None else {}
        return Changes({**_sent(after, names), **named}, left)


def _sent(said: Mapping[str, tuple[Any, str | None]], names: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Values as they are sent: what is empty with its reason, else as not known."""
    return {name: said[name][1] or "" if said[name][0] is None else said[name][0] for name in names}


async def stocks_of(context: Context, tx: AsyncConnection, line: Line, into: Open, ids: Sequence[UUID]) -> Stocks:
    read = as_read(context.library, into.contract_version)
    fields = case_fields(context, into)
    roles = context.library.contracts[into.contract_version].parts[PartName.CASE].by_role
    names, key = column_names(fields), roles[Role.KEY].name
    where = f"v.force = :force and v.case_id = any(:ids) and {_at(':number')}"
    stored = rows_sql(read, names, "case_version", where, ("case_id",))

    async def at(number: int) -> _Stock:
        found = await tx.execute(text(stored), {"force": into.force, "ids": ids, "number": number})
        return {row.case_id: row for row in found}

    newest, *others = line.numbers
    earlier, after = [await at(number) for number in (line.root, *others)], await at(newest)
    current = current_rows(names, into.laid_over, read, without_withdrawn=True)
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
    returned = await _returned(tx, line, [one for one in after if one not in now and one not in earlier[0]])
    return Stocks(fields, roles, (earlier, after, now), returned, taken)


async def _returned(tx: AsyncConnection, line: Line, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Of these cases of a branch, those that the main line held since: they were carried, and are held no more."""
    if not ids:
        return frozenset()
    found = await tx.execute(
        text(
            "select distinct v.case_id from case_version v join case_return r on r.force = v.force "
            f"and {_at('r.line')} where v.force = :force and v.case_id = any(:ids) and r.branch_of is null "
            "and r.line > :first"
        ),
        {"force": line.revisions[0].force, "ids": ids, "first": line.numbers[-1]},
    )
    return frozenset(found.scalars())
