"""A scope edition simulated over a million stored cases: both verdicts, what moves, near misses, cost to each force.

The peer is that of ``scope``: the barest three-valued count by verdict, of one edition, over the same cases in a plain
table in which every value is exact. Ours is the whole answer, as a page or the API asks for it.

Rows that are alike are grouped once, so it matters how many are alike: of a multiplied country few are not, and of one
whose stages, settings and dates are drawn by lot hardly two are. Both are measured.
"""

from __future__ import annotations

import time
from typing import Final

from benchmarks.country import a_country
from benchmarks.harness import Bound, Figure, by_turns_async, ratio
from benchmarks.scope import barest, make_exact
from benchmarks.stage import a_database, a_server, plain_connection
from service.picture.simulate.answer import Asked, simulate
from service.returns.context import Actor

_CASES: Final = 1_000_000
_EDITION, _AGAINST = "2026-02-referral", "2025-11-wide"


async def measure(pairs: int, scale: float) -> list[Figure]:
    """Figures of this benchmark."""
    return [
        await _simulated(pairs, scale, drawn=False, kind="many of them alike"),
        await _simulated(pairs, scale, drawn=True, kind="hardly two of them alike"),
    ]


async def _simulated(pairs: int, scale: float, *, drawn: bool, kind: str) -> Figure:
    asked = Asked(edition=_EDITION, against=_AGAINST, rules_off=("contact",))
    async with a_server() as server, a_database(server) as database:
        country = await a_country(database, int(_CASES * scale), drawn=drawn)
        async with plain_connection(database) as plain:
            await make_exact(plain, country.context)
            count = barest(country.context)

            async def ours() -> float:
                began = time.perf_counter()
                found = await simulate(country.context, Actor("benchmark", "Benchmark"), asked)
                assert found.simulation.counted.cases
                return time.perf_counter() - began

            async def peer() -> float:
                began = time.perf_counter()
                await plain.fetch(count)
                return time.perf_counter() - began

            turns = await by_turns_async(ours, peer, pairs)
    what = (
        f"one scope edition simulated beside another over {country.cases:,} stored cases, {kind}, flips, near misses, "
        "cost : barest three-valued count(*) by verdict over exact columns, of one"
    )
    return ratio(what, Bound(most=5), turns)
