"""Many cases, sealed: each force seals a small return through the front door, and its cases are then multiplied.

What is multiplied is the stored case versions; the tallies of the returns are computed again from them by the service's
own judging, so that everything that a picture reads is what it would be had all these cases been sent.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import asyncpg
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.lot import by_lot
from benchmarks.stage import plain_connection
from service.contract.model import PartName, Role
from service.demo.sheet import write_csv
from service.demo.single import sample
from service.register.columns import stored_case_columns, stored_types
from service.returns.context import Context
from service.returns.current import sealed_rows
from service.returns.model import Sealed
from service.returns.stock import stock_sources
from service.scope.edition import Edition
from service.scope.store import Standing, live_editions
from service.tally.count import judge, tally_of
from service.tally.model import Tally
from service.tally.store import store_tallies
from tests.support.postgres import TestDatabase
from tests.support.returns import a_service, explained, opened, published, sealed, sent

_EACH: Final = 220
"""Cases that each force really sends; all else is multiplied from them."""
_DAY: Final = date(2026, 3, 3)


class Country(Struct, frozen=True, kw_only=True):
    """A country that has reported: its returns, one a force, and how many cases there are in all."""

    context: Context
    returns: tuple[Sealed, ...]
    cases: int


async def a_country(database: TestDatabase, cases: int, *, drawn: bool = False) -> Country:
    """Every force has sealed one return; together they hold ``cases`` cases (rounded to whole copies). ``drawn``:
    hardly two of them are alike."""
    context = await a_service(database.db)
    forces = published().terms["2025-11"].forces()
    copies = max(1, round(cases / (_EACH * len(forces))))
    returns = []
    for force in forces:
        rows = sample(context.library, force, _DAY, number=_EACH)
        item = await opened(context, force)
        await sent(context, item, write_csv(rows.rows, rows.fields))
        await explained(context, item)
        returns.append(await sealed(context, item))
    async with plain_connection(database) as admin:  # row-level security holds for everybody else
        await _multiply(admin, context, copies, drawn=drawn)
        total = await admin.fetchval("select count(*) from case_version")
        for table in ("shared_version", "tally_margin", "tally"):
            await admin.execute(f"delete from {table}")
        await admin.execute("vacuum analyze")
    for standing in await _live(context):
        for each in returns:
            await _tallied(context, each, standing)
    return Country(context=context, returns=tuple(returns), cases=total)


async def _live(context: Context) -> tuple[Standing, ...]:
    async with context.db.app() as tx:
        return await live_editions(tx, context.editions, _DAY)


async def _tallied(context: Context, item: Sealed, standing: Standing) -> None:
    """Keep the tally of the return as it stands after its cases were multiplied."""
    async with context.db.judge() as tx:
        tally = await judged(tx, context, item, standing.edition)
    async with context.db.force(item.force) as tx:
        await store_tallies(
            tx,
            force=item.force,
            return_id=item.id,
            origin="judged",
            position=item.sealed_position,
            tallies={standing.id: tally},
        )


async def judged(tx: AsyncConnection, context: Context, item: Sealed, edition: Edition) -> Tally:
    """The tally of one sealed return, from its stored cases and cells."""
    types = stored_types(context.library, PartName.CASE)
    contract = context.library.contracts[item.contract_version]
    sources = stock_sources(context, contract, sealed_rows(tuple(types)))
    parameters = {"force": item.force, "return_id": item.id, "line": item.line}
    return tally_of(await judge(tx, context.library, edition, sources, item.years, types, parameters))


async def _multiply(admin: asyncpg.Connection, context: Context, copies: int, *, drawn: bool) -> None:
    """Every stored case, ``copies`` times in all."""
    contract = context.library.contracts["2025.1"]
    key = contract.parts[PartName.CASE].by_role[Role.KEY].name
    values = {name: f"v.{name}" for name in stored_case_columns(context.library)}
    values |= {key: f"v.{key} || '/' || n", **(by_lot(contract) if drawn else {})}
    await admin.execute(
        f"insert into case_version (force, case_id, line_from, contract_version, digest, empties, {', '.join(values)}) "
        "select v.force, gen_random_uuid(), v.line_from, v.contract_version, v.digest, v.empties, "
        f"{', '.join(values.values())} from case_version v, generate_series(2, {copies}) n order by v.force"
    )
