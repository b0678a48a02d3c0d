"""Whatever several forces say of the cases that they share: a bridge explains the national figure to the last case.

A reference is said by one force or by several; they agree who leads it, or do not; a case comes, goes, is handed over
and comes back. Some of it is confirmed, some of it one-sided, and all of it changes from month to month.
"""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from service.picture.bridge_export import Told, as_document
from service.returns.context import Context
from service.returns.following import under
from service.tally.moves import Cause
from service.terms.adopt import adopt
from service.terms.calendar import Period
from tests.support.bridges import adds_up, explained, sum_of, told_between
from tests.support.histories import FORCES, Word, all_reported, is_right, shared_cases, words
from tests.support.postgres import Server
from tests.support.returns import a_case, a_service, published

SCOPES = ("2025-11-wide", "2026-02-referral")


class Month(Struct, frozen=True):
    """One return of one force: all that it holds, a word on each reference that it holds at all."""

    force: str
    words: dict[str, Word]
    own: str


months = st.builds(
    Month,
    st.sampled_from(["kent", "kent", "kent", "essex", "essex", "essex", "surrey"]),
    words(),
    st.sampled_from(["1", "3", ""]),
)


async def _report(context: Context, month: Month, period: Period) -> int:
    """Seal one return of everything that the force holds; the position."""
    own = a_case("OWN", suspect_count=month.own, suspects_not_recorded=month.own)
    rows = [own, *shared_cases(month.force, month.words)]
    return (await all_reported(context, month.force, period, rows)).sealed_position


@given(st.lists(months, min_size=4, max_size=8), st.data())
@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
async def test_the_parts_of_a_bridge_make_up_the_difference_whoever_leads_what(
    server: Server, template: str, history: list[Month], data: st.DataObject
) -> None:
    async with server.copy_of(template) as made:
        context = await a_service(made.db, datetime(2030, 6, 1, 9, tzinfo=UTC))
        periods = dict.fromkeys(FORCES, Period(2025, 11))
        positions = []
        for month in history:
            positions.append(await _report(context, month, periods[month.force]))
            periods[month.force] = periods[month.force].plus(1)
        between = data.draw(st.sampled_from(positions))
        # from where one force had reported, and nothing could be confirmed, to the end
        places = (positions[0], between, positions[-1])
        await adds_up(context, [(position, data.draw(st.sampled_from(SCOPES))) for position in places])
        await explained(context, (positions[-1], SCOPES[0]), (positions[-1], SCOPES[1]))
        await is_right(context, len(history))


LEFT, HEIR = "kent", "essex"


async def _merged(context: Context, until: Period) -> Context:
    """The service under terms by which one force left after a month, and another follows it."""
    terms = context.terms
    leaves = [
        replace(item, until=until, successor=HEIR) if item.force == LEFT else item for item in terms.participation
    ]
    merged = replace(terms, edition="2030-05", hash="0" * 64, participation=tuple(leaves))
    await adopt(context.db, published(), merged, context.now())
    return under(context, merged)


def _check_taken_over(told: Told, force: int) -> None:
    """What is told of the force that left, and of the one that took it over, are parts of what moved."""
    document = as_document(told, by_force=True)
    moved = sum(each.went.in_scope + each.came.in_scope for each in document.taken_over)
    assert sum(part.taken_over for each in document.forces or () for part in each.parts) == moved
    for each in document.forces or ():
        for part in each.parts:
            assert abs(part.taken_over) <= abs(part.in_scope)
            assert part.taken_over in (0, part.in_scope) or part.cause is Cause.NEWLY_IDENTIFIED
    for one in told.taken_over:
        assert one.took == (force,)
        assert sum_of(told.bridge.forces[force]).in_scope <= one.went.in_scope <= 0 <= one.brought.in_scope


@given(
    st.lists(months, min_size=1, max_size=5),
    st.lists(months.filter(lambda month: month.force != LEFT), min_size=1, max_size=3),
    st.data(),
)
@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
async def test_the_parts_make_up_the_difference_where_one_force_takes_another_over(
    server: Server, template: str, history: list[Month], since: list[Month], data: st.DataObject
) -> None:
    async with server.copy_of(template) as made:
        context = await a_service(made.db, datetime(2030, 6, 1, 9, tzinfo=UTC))
        periods = dict.fromkeys(FORCES, Period(2025, 11))
        positions = []
        for month in [data.draw(months.filter(lambda month: month.force == LEFT)), *history]:
            positions.append(await _report(context, month, periods[month.force]))
            periods[month.force] = periods[month.force].plus(1)
        until = max(periods.values()).plus(-1)
        context = await _merged(context, until)
        periods = dict.fromkeys(FORCES, until.plus(1))
        for month in since:
            positions.append(await _report(context, month, periods[month.force]))
            periods[month.force] = periods[month.force].plus(1)
        places = (positions[0], data.draw(st.sampled_from(positions)), positions[-1])
        await adds_up(context, [(position, data.draw(st.sampled_from(SCOPES))) for position in places])
        scope = data.draw(st.sampled_from(SCOPES))
        told = await told_between(context, (positions[0], scope), (positions[-1], scope))
        assert len(told.taken_over) == any(month.force == HEIR for month in since)
        _check_taken_over(told, context.force_number(LEFT))
        await is_right(context, len(positions))
