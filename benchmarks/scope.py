"""One scope edition over a million stored cases: ranges, sets of codes, every tally of every force.

The peer is the barest thing that gives three verdicts: one ``count(*)`` by verdict over the same cases in a plain table
in which every value is exact, every code a small integer, nothing is a range or a set, and nothing is asked but the
verdict.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Final

import asyncpg

from benchmarks.country import Country, a_country, judged
from benchmarks.harness import Bound, Figure, by_turns_async, ratio
from benchmarks.stage import a_database, a_server, plain_connection
from service.contract.columns import columns_of
from service.contract.model import Contract, Field, PartName
from service.criteria.vocabulary import FieldType
from service.register.columns import OPEN_END
from service.returns.context import Context
from service.returns.model import Sealed
from service.scope.edition import Edition

_EDITION: Final = "2025-11-wide"
_CASES: Final = 1_000_000
_AT_ONCE: Final = 2
"""Forces judged at a time: the peer's plan takes both cores as well."""


async def measure(pairs: int, scale: float) -> list[Figure]:
    """Figures of this benchmark."""
    async with a_server() as server, a_database(server) as database:
        country = await a_country(database, int(_CASES * scale))
        edition = country.context.editions[_EDITION]
        async with plain_connection(database) as plain:
            await make_exact(plain, country.context)
            count = barest(country.context)

            async def ours() -> float:
                began = time.perf_counter()
                waiting = iter(country.returns)
                async with asyncio.TaskGroup() as group:
                    for _ in range(_AT_ONCE):
                        group.create_task(_judge_all(country, waiting, edition))
                return time.perf_counter() - began

            async def peer() -> float:
                began = time.perf_counter()
                await plain.fetch(count)
                return time.perf_counter() - began

            turns = await by_turns_async(ours, peer, pairs)
    what = (
        f"one scope edition over {country.cases:,} stored cases, ranges and all tallies : barest three-valued "
        "count(*) by verdict over exact columns"
    )
    return [ratio(what, Bound(most=3, aim=2), turns)]


async def _judge_all(country: Country, waiting: Iterator[Sealed], edition: Edition) -> None:
    async with country.context.db.judge() as tx:
        for item in waiting:
            await judged(tx, country.context, item, edition)


async def make_exact(plain: asyncpg.Connection, context: Context) -> None:
    """The cases that stand, with every field exact: a range, or a set of codes, that is not a single value is null."""
    contract = context.library.contracts["2025.1"]
    columns = ", ".join(_exact(field) for field in contract.parts[PartName.CASE].fields)
    await plain.execute(
        f"create table exact_case as select force, case_id, {columns} from case_version where line_to = {OPEN_END}"
    )
    await plain.execute("alter table exact_case add primary key (force, case_id)")
    await plain.execute("vacuum analyze exact_case")


def _exact(field: Field) -> str:
    columns = columns_of([field])
    if field.kind.is_range:
        low, high = columns
        return f"case when {low.name} = {high.name} then {low.name} end as {field.name}"
    if field.kind.is_mask:
        return f"case when bit_count({field.name}::bit(64)) = 1 then log(2, {field.name})::smallint end as {field.name}"
    return field.name


def barest(context: Context) -> str:
    """The wide definition, written by hand over exact columns."""
    contract = context.library.contracts["2025.1"]
    sets = {name: _ordinals(contract, name) for name in ("child_offences", "sexual_offences", "nfa_outcomes")}
    deciders = _field(contract, "nfa_by").codes
    police, cps = (deciders.index(code) for code in ("police", "cps"))
    condition = (
        f"(offence_code in ({sets['child_offences']}) or (offence_code in ({sets['sexual_offences']}) "
        "and youngest_victim_age < 18)) and suspect_count >= 2 and victim_count >= 1 "
        f"and outcome in ({sets['nfa_outcomes']}) and nfa_by in ({police}, {cps}) "
        "and nfa_date between '2010-11-01' and '2025-10-31'"
    )
    return f"select {condition} as verdict, count(*) from exact_case group by 1"


def _field(contract: Contract, name: str) -> FieldType:
    return contract.parts[PartName.CASE].vocabulary.fields[name]


def _ordinals(contract: Contract, named: str) -> str:
    found = contract.parts[PartName.CASE].vocabulary.sets[named]
    codes = next(
        field.codes for field in contract.parts[PartName.CASE].vocabulary.fields.values() if field.list == found.list
    )
    return ", ".join(str(codes.index(code)) for code in found.codes)
