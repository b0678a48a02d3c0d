"""A year of a country, sealed: every force seals twelve returns through the front door, and its cases are multiplied.

What is multiplied is the stored case versions, each with the numbers of the line for which it holds, so that a copy has
the history of its case. Stage, setting and date of every copy are drawn by lot, so that hardly two cases are alike:
that is the dearest data for whoever counts by them. Nothing is judged of it yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

import asyncpg
from msgspec import Struct

from benchmarks.lot import by_lot
from benchmarks.stage import plain_connection
from service.contract.model import PartName, Role
from service.demo.sheet import write_csv
from service.demo.single import sample
from service.register.columns import OPEN_END, stored_case_columns
from service.returns.context import Context
from service.storage.position import latest
from service.terms.calendar import Period
from tests.support.postgres import TestDatabase
from tests.support.returns import a_case, a_service, explained, opened, published, reported, sealed, sent

PERIODS: Final = 12
_FIRST: Final = Period(2025, 11)
_NOW: Final = datetime(2026, 11, 20, 9, tzinfo=UTC)
_EACH: Final = 220
"""Cases that each force really sends; all else is multiplied from them."""
_CHANGED: Final = 4
"""How many of them change in each period: two of a hundred."""
_CHANGING: Final = "changing/"
_NAMES: Final = [f"{_CHANGING}{number}" for number in range(_CHANGED * (PERIODS - 1))]
JUDGED: Final = ("shared_version", "transition", "flip", "tally_margin", "tally")
"""What judging keeps, what hangs on the others first."""


class History(Struct, frozen=True, kw_only=True):
    """A country that has reported for a year: how many returns and versions there are, and cases at its end."""

    context: Context
    returns: int
    versions: int
    cases: int
    opening: int
    """The position at which every force had sealed its first return."""


async def a_history(database: TestDatabase, cases: int) -> History:
    """Every force has sealed twelve returns; at their end they hold ``cases`` cases (rounded to whole copies)."""
    context = await a_service(database.db, _NOW)
    forces = published().terms["2025-11"].forces()
    copies = max(1, round(cases / (_EACH * len(forces))))
    for force in forces:
        await _first(context, force)
    async with context.db.national() as tx:
        opening = (await latest(tx)).position
    for step in range(1, PERIODS):
        some = _NAMES[(step - 1) * _CHANGED : step * _CHANGED]
        for force in forces:
            await reported(context, force, str(_FIRST.plus(step)), _changed(some))
    async with plain_connection(database) as admin:  # row-level security holds for everybody else
        await _multiply(admin, context, copies)
        for table in (*JUDGED, "judged_stock"):
            await admin.execute(f"delete from {table}")
        await admin.execute("vacuum full analyze")
        returns = await admin.fetchval("select count(*) from case_return where line is not null")
        versions = await admin.fetchval("select count(*) from case_version")
        held = await admin.fetchval(f"select count(*) from case_version where line_to = {OPEN_END}")
    return History(context=context, returns=returns, versions=versions, cases=held, opening=opening)


async def _first(context: Context, force: str) -> None:
    """The first return of a force."""
    rows = sample(context.library, force, date(2025, 12, 3), number=_EACH - len(_NAMES))
    plain = [a_case(name) for name in _NAMES]
    item = await opened(context, force, str(_FIRST))
    columns = tuple(dict.fromkeys((*rows.fields, *plain[0])))
    blank = dict.fromkeys(columns, "")
    await sent(context, item, write_csv([blank | row for row in (*rows.rows, *plain)], columns))
    await explained(context, item)
    await sealed(context, item)


def _changed(names: Iterable[str]) -> list[dict[str, str]]:
    """One is settled, one goes out, one is known better and one goes on."""
    changes = (
        {"suspect_count": "2", "suspects_not_recorded": "2"},
        {"outcome": "1", "nfa_by": ""},
        {"nfa_date": "2014-03-07"},
        {"setting": "institutional"},
    )
    return [a_case(name, **change) for name, change in zip(names, changes, strict=True)]


async def _multiply(admin: asyncpg.Connection, context: Context, copies: int) -> None:
    """Every stored version, ``copies`` times in all; a copy's versions are of one case."""
    contract = context.library.contracts["2025.1"]
    key = contract.parts[PartName.CASE].by_role[Role.KEY].name
    columns = stored_case_columns(context.library)
    lot = by_lot(contract)
    copied = {name: f"v.{name}" for name in ("line_to", "contract_version", "digest", "empties", "end_reason")}
    for name in columns:
        copied[name] = (
            f"case when v.{key} like '{_CHANGING}%' then v.{name} else {lot[name]} end" if name in lot else f"v.{name}"
        )
    for name in (key, contract.parts[PartName.CASE].by_role[Role.SHARED_REF].name):
        copied[name] = f"v.{name} || '/' || n"
    await admin.execute(
        f"insert into case_version (force, case_id, line_from, {', '.join(copied)}) "
        f"select v.force, md5(v.case_id::text || n)::uuid, v.line_from, {', '.join(copied.values())} "
        f"from case_version v, generate_series(2, {copies}) n order by v.force"
    )
