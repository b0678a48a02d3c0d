"""Whatever number stands behind one that was not provided: what a bridge says exactly without it is so.

The same returns are sealed twice: as they are, and with some number in place of each that is not provided, another in
each return. What the one bridge has as exact, the other has too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from service.contract.model import PartName
from service.picture.bridge import Bridge
from service.returns.context import Context
from service.returns.lifecycle import withdraw_return
from service.storage.position import latest
from service.tally.count import Years
from service.tally.moves import Cause
from service.terms.calendar import Period
from tests.support.bridges import Point, bridge_between
from tests.support.postgres import Server
from tests.support.returns import LEAD, a_case, a_service, explained, opened, sealed, sent

FORCES = ("kent", "essex")
SCOPES = ("2025-11-wide", "2026-02-referral")
CELLS = (
    {"nfa_date": "2013", "victim_count": "2", "suspect_count": "3"},  # in, and undetermined under the other
    {"nfa_date": "2013", "victim_count": "1", "suspect_count": "3"},  # in, and out
    {"nfa_date": "2013", "victim_count": "2", "suspect_count": "1"},  # out
    {"nfa_date": "2010", "victim_count": "2", "suspect_count": "3"},  # undetermined
    {"nfa_date": "2010", "victim_count": "1", "suspect_count": "3"},  # undetermined, and out
)
ALIKE = {
    "offence_code": "19D",
    "setting": "organised",
    "youngest_victim_age": "13",
    "outcome": "16",
    "nfa_by": "police",
}


class Cell(Struct, frozen=True):
    """One that is reported: its number, or what stands behind it."""

    number: int | None
    behind: int


class Month(Struct, frozen=True):
    """One return of one force: the years that it reports by case, what of both; and whether it is taken back."""

    force: str
    covers: tuple[int, ...]
    suspects: tuple[str, ...]
    cells: tuple[Cell | None, ...]
    back: bool


numbers = st.one_of(st.none(), st.integers(0, 5))
cells = st.one_of(st.none(), st.builds(Cell, numbers, st.integers(0, 5)))
months = st.builds(
    Month,
    st.sampled_from(FORCES),
    st.sampled_from([(2014,), (2014,), (2013, 2014), (2010, 2014), ()]),
    st.lists(st.sampled_from(["3", "1", "1+"]), min_size=1, max_size=3).map(tuple),
    st.tuples(*[cells for _ in CELLS]),
    st.sampled_from([False, False, False, True]),
)


async def _report(context: Context, month: Month, period: Period, *, filled: bool) -> list[int]:
    """The positions that one month comes to."""
    item = await opened(context, month.force, str(period), case_years=Years(listed=month.covers, unknown=False))
    rows = [a_case(f"C/{n}", suspect_count=each, suspects_not_recorded="") for n, each in enumerate(month.suspects)]
    await sent(context, item, rows)
    said = [
        {**ALIKE, **cell, "cases": _number(each, filled=filled)}
        for cell, each in zip(CELLS, month.cells, strict=True)
        if each is not None
    ]
    # a part that is not sent is that of the return before
    await sent(context, item, said or [{**ALIKE, "nfa_date": "2012", "cases": "0"}], part=PartName.AGGREGATE)
    await explained(context, item)
    done = await sealed(context, item)
    if not month.back:
        return [done.sealed_position]
    await withdraw_return(context, LEAD, done.force, done.id, "Taken back.")
    async with context.db.national() as tx:
        return [done.sealed_position, (await latest(tx)).position]


def _number(cell: Cell, *, filled: bool) -> str:
    if cell.number is not None:
        return str(cell.number)
    return str(cell.behind) if filled else "not_provided"


def _most(item: Bridge) -> Mapping[tuple[Cause, str | None], int | None]:
    return {(part.cause, part.rule): part.delta.most for part in item.parts}


def _check(item: Bridge, behind: Bridge) -> None:
    """What is exact in the one is what the other says, which has every number."""
    without, known = _most(item), _most(behind)
    exact = without.keys() - {key for key, most in without.items() if most is None}
    left_open = {key[0] for key in without.keys() - exact}
    for key in exact | known.keys():
        if key[0] not in left_open:
            assert without.get(key, 0) == known.get(key, 0), key
    ends = [(item.opening.most, behind.opening.most), (item.closing.most, behind.closing.most)]
    assert all(mine in (None, theirs) for mine, theirs in ends)
    if left_open and None not in (item.opening.most, item.closing.most):
        assert len(left_open) > 1, "one alone would be known by the others"


def _check_nation(item: Bridge) -> None:
    """A part of the nation is open where, and only where, the same part of one force is."""
    of_forces = {key for each in item.forces.values() for key, most in _most(each).items() if most is None}
    assert {key for key, most in _most(item).items() if most is None} == of_forces


async def _bridges(
    server: Server, template: str, history: Sequence[Month], places: tuple[Point, Point], *, filled: bool
) -> Bridge:
    async with server.copy_of(template) as made:
        context = await a_service(made.db, datetime(2030, 6, 1, 9, tzinfo=UTC))
        periods = dict.fromkeys(FORCES, Period(2025, 11))
        positions: list[int] = []
        for month in history:
            positions += await _report(context, month, periods[month.force], filled=filled)
            periods[month.force] = periods[month.force].plus(1)
        (begin, first), (end, last) = places
        return await bridge_between(context, (positions[begin], first), (positions[end], last))


@given(st.lists(months, min_size=2, max_size=5), st.data())
@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
async def test_what_a_bridge_has_as_exact_is_so_whatever_the_numbers_are_that_were_not_provided(
    server: Server, template: str, history: list[Month], data: st.DataObject
) -> None:
    count = sum(1 + month.back for month in history)
    begin, end = sorted(data.draw(st.integers(0, count - 1)) for _ in range(2))
    places = [(place, data.draw(st.sampled_from(SCOPES))) for place in (begin, end)]
    item, behind = [
        await _bridges(server, template, history, (places[0], places[1]), filled=filled) for filled in (False, True)
    ]
    _check(item, behind)
    for force, each in item.forces.items():
        _check(each, behind.forces[force])
    _check_nation(item)
