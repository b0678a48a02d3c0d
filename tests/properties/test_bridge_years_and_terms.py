"""Whatever years forces report by case, and whoever leaves and joins again: a bridge explains the national figure.

From one return to the next a force may go over to numbers for a year, or to cases. It may leave the terms of reference,
followed by another or by nobody, and take part again later. All the while it shares cases with others, or does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from itertools import pairwise
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from service.returns.context import Context
from service.returns.following import under
from service.storage.position import latest
from service.tally.count import Years
from service.tally.moves import Cause
from service.terms.adopt import adopt
from service.terms.calendar import Period
from service.terms.model import Participation
from tests.support.bridges import Point, adds_up, bridge_between, picture_at
from tests.support.histories import FORCES, SHARED, Word, agreed, all_reported, is_right, shared_cases, words
from tests.support.postgres import Server
from tests.support.returns import TestClock, a_case, a_cell, a_service, published
from tests.support.stock import years

SCOPES: Final = ("2025-11-wide", "2026-02-referral")
LEAVE: Final = ("kent", "essex")
STAYS: Final = "surrey"
FIRST: Final = Period(2025, 11)
BEGIN: Final = datetime(2025, 12, 1, 9, tzinfo=UTC)
DAYS: Final = ("2013-05", "2014-03", "2013/2014")
"""When no further action was taken: in one year or the other, or nobody knows in which."""
NUMBERS: Final = ("0", "1", "4", "not_provided")


class Said(Struct, frozen=True):
    """One return: the years that it reports by case, its cases, and its numbers (None: those of the return before)."""

    covers: Years
    own: tuple[str, ...]
    words: Mapping[str, Word]
    numbers: tuple[str, ...] | None


class Away(Struct, frozen=True):
    """After which month a force leaves, for how many, and whether another force follows it meanwhile."""

    after: int
    months: int
    heir: str | None


class History(Struct, frozen=True):
    """Month by month what each force says that reports, and which forces are away for some time."""

    months: tuple[Mapping[str, Said | None], ...]
    away: Mapping[str, Away]


covered = st.sampled_from(
    [
        Years(listed=None, unknown=True),
        years(2013, 2014),
        years(2013, unknown=True),
        years(2014, unknown=True),
        years(2014),
        years(),
    ]
)
returns = st.builds(
    Said,
    covered,
    st.lists(st.sampled_from(["3", "1", "1+"]), min_size=1, max_size=3).map(tuple),
    words(DAYS),
    st.none() | st.tuples(*[st.sampled_from(NUMBERS) for _ in DAYS]),
)
all_report = st.fixed_dictionaries(dict.fromkeys(FORCES, returns))
some_report = st.fixed_dictionaries(dict.fromkeys(FORCES, st.one_of(returns, returns, returns, st.none())))
away = st.builds(Away, st.integers(0, 1), st.integers(1, 2), st.sampled_from([None, STAYS, "essex"]))
histories = st.builds(
    History,
    st.tuples(all_report, some_report, some_report, some_report, some_report),
    st.dictionaries(st.sampled_from(LEAVE), away, min_size=1),
)


class Country:
    """Forces that report, month by month, under terms that change."""

    def __init__(self, context: Context, away: Mapping[str, Away]) -> None:
        self.context = context
        self.away = away
        self.period = FIRST
        self.positions: list[int] = []
        self.returns = 0

    async def live_through(self, said: Mapping[str, Said | None]) -> None:
        """One month, when it is due: who left after the one before counts no more."""
        terms, clock = self.context.terms, self.context.clock
        assert isinstance(clock, TestClock)
        clock.now = datetime.combine(terms.calendar.due(self.period), time(18), UTC)
        for force, one in said.items():
            if one is not None and terms.takes_part(force, self.period):
                self.positions.append(await self._report(force, one))
                self.returns += 1
        taking_part = tuple(self._participation())
        if taking_part != terms.participation:
            await self._adopt(taking_part)
        self.period = self.period.plus(1)

    async def _report(self, force: str, said: Said) -> int:
        own = [
            a_case(f"OWN/{n}", suspect_count=suspects, suspects_not_recorded="", nfa_date=DAYS[n])
            for n, suspects in enumerate(said.own)
        ]
        numbers = None if said.numbers is None else zip(DAYS, said.numbers, strict=True)
        cells = None if numbers is None else [a_cell(nfa_date=day, cases=number) for day, number in numbers]
        rows = [*own, *shared_cases(force, said.words)]
        done = await all_reported(self.context, force, self.period, rows, covers=said.covers, cells=cells)
        return done.sealed_position

    def _participation(self) -> Iterator[Participation]:
        """Who takes part, as far as it is known in this month."""
        for force in self.context.terms.forces():
            left = self.away.get(force)
            until = None if left is None else FIRST.plus(left.after)
            if left is None or until is None or self.period < until:
                yield Participation(force=force, start=FIRST)
                continue
            heir = STAYS if left.heir in self.away else left.heir
            yield Participation(force=force, start=FIRST, until=until, successor=heir)
            if self.period >= until.plus(left.months):
                yield Participation(force=force, start=until.plus(left.months + 1))

    async def _adopt(self, taking_part: tuple[Participation, ...]) -> None:
        name, digest = f"in-{self.period}", str(self.period).rjust(64, "0")
        terms = replace(self.context.terms, edition=name, hash=digest, participation=taking_part)
        await adopt(self.context.db, published(), terms, self.context.now())
        self.context = under(self.context, terms)
        async with self.context.db.national() as tx:
            self.positions.append((await latest(tx)).position)


async def _lived(context: Context, history: History) -> Country:
    country = Country(context, history.away)
    for said in history.months:
        await country.live_through(said)
    return country


@given(histories, st.data())
@settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck))
async def test_the_parts_make_up_the_difference_whatever_years_are_by_case_and_whoever_joins_again(
    server: Server, template: str, history: History, data: st.DataObject
) -> None:
    async with server.copy_of(template) as made:
        country = await _lived(await a_service(made.db, BEGIN), history)
        points = [(position, data.draw(st.sampled_from(SCOPES))) for position in country.positions]
        await adds_up(country.context, points)
        between = data.draw(st.sampled_from(points[1:-1]))
        await adds_up(country.context, [points[0], between, points[-1]])
        await is_right(country.context, country.returns)


def _steady(history: History, agree_on: Mapping[str, Word]) -> History:
    """The same, but each force holds the same cases all the time, and two agree on those that they share: a third might
    end what they agree on."""
    own = {force: said.own for force, said in history.months[0].items() if said is not None}
    months = [
        {
            force: None if one is None else replace(one, own=own[force], words={} if force == STAYS else agree_on)
            for force, one in said.items()
        }
        for said in history.months
    ]
    return replace(history, months=tuple(months))


@given(histories, st.fixed_dictionaries(dict.fromkeys(SHARED, agreed(DAYS))))
@settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck))
async def test_what_only_years_and_terms_move_is_detail_or_coverage(
    server: Server, template: str, history: History, agree_on: Mapping[str, Word]
) -> None:
    async with server.copy_of(template) as made:
        country = await _lived(await a_service(made.db, BEGIN), _steady(history, agree_on))
        points = [(position, SCOPES[0]) for position in country.positions]
        counting = {point: await _counting(country.context, point) for point in points}
        for opening, closing in (*pairwise(points), *pairwise(points[::2]), *pairwise(points[::3])):
            found = await bridge_between(country.context, opening, closing)
            causes = {part.cause for each in (found, *found.forces.values()) for part in each.parts}
            came_or_went = counting[opening] != counting[closing]
            assert causes <= ({Cause.COVERAGE, Cause.DETAIL} if came_or_went else {Cause.DETAIL})


async def _counting(context: Context, point: Point) -> set[int]:
    """The forces of which something counts."""
    return {each.force for each in (await picture_at(context, point)).coverage.counting}
