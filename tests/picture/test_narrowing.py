"""How the national range narrowed, over real tallies in a real database: month by month it is the picture of then."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import pytest_asyncio
from msgspec import Struct

from service.picture.answer import answer
from service.picture.narrowing import MOST_POINTS, RangeThen
from service.picture.national import Counts
from service.picture.outstanding import Outstandings, outstanding
from service.picture.question import AsOf, AtPosition, AtTime, Question, end_of
from service.returns.context import context_of
from service.storage.database import Database
from tests.support.tallies import PUBLISHED, REFERRAL, WIDE, Country, Row, a_country, statements_of

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
OUT, IN, LACKS_ONE, LACKS_TWO = -2, 0, 0b1, 0b101
BOTH = {"shared_ref": "S/1", "lead": "kent"}


def at(month: int, day: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, 9, tzinfo=UTC)


class Asking(Struct):
    """A country, and what may be asked of it."""

    country: Country
    now: datetime = NOW

    async def told(
        self, scope: str | None = WIDE, period: date | None = None, as_of: AsOf | None = None
    ) -> Outstandings:
        db = self.country.db
        context = context_of(db, PUBLISHED, self.country.terms, lambda: self.now)
        async with db.national() as tx:
            return await outstanding(context, PUBLISHED, tx, scope=scope, period=period, as_of=as_of)

    async def picture(self, as_of: AsOf | None, scope: str | None = WIDE, period: date | None = None) -> Counts:
        async with self.country.db.national() as tx:
            asked = Question(scope=scope, as_of=as_of, period=period)
            return (await answer(tx, PUBLISHED, asked, self.now)).picture.totals


@pytest_asyncio.fixture
async def asking(database: Database) -> Asking:
    return Asking(await a_country(database))


async def a_winter(country: Country) -> None:
    """Three months of two forces that share a case, with answers, a correction, and one that takes its return back."""
    kent = Row(ruling=LACKS_ONE, shared_with=("essex",), **BOTH)
    essex = Row(ruling=LACKS_ONE, shared_with=("kent",), **BOTH)
    many = [kent, Row(ruling=LACKS_TWO, weight=30), Row(weight=10), Row(ruling=OUT, weight=5)]
    await country.seals("kent", "2025-11", many, at=at(12, 10, 2025))
    await country.seals("essex", "2025-11", [essex, Row(ruling=LACKS_ONE, weight=7)], at=at(12, 12, 2025))
    some = [kent, Row(ruling=LACKS_ONE, weight=12), Row(weight=28), Row(ruling=OUT, weight=5)]
    await country.seals("kent", "2025-12", some, at=at(1, 9))
    await country.seals("surrey", "2025-12", [Row(ruling=LACKS_TWO, weight=4)], at=at(1, 11), open_cells=1)
    await country.seals("essex", "2025-11", [essex, Row(weight=7)], revision=2, at=at(1, 20))
    country.now = at(2, 3)
    await country.withdraws("surrey", "2025-12")
    few = [Row(ruling=IN, shared_with=("essex",), **BOTH), Row(weight=40)]
    await country.seals("kent", "2026-01", few, at=at(2, 9))
    await country.seals("essex", "2025-12", [Row(ruling=IN, shared_with=("kent",), **BOTH)], at=at(3, 5))


@pytest.mark.parametrize("scope", [WIDE, REFERRAL])
@pytest.mark.parametrize("period", [None, date(2025, 11, 1), date(2025, 12, 1)])
@pytest.mark.parametrize("as_of", [None, AtTime(at(2, 4)), AtTime(end_of(date(2026, 1, 31))), AtPosition(4)])
async def test_every_row_is_the_picture_as_of_its_moment(
    asking: Asking, scope: str, period: date | None, as_of: AsOf | None
) -> None:
    await a_winter(asking.country)
    told = (await asking.told(scope, period, as_of)).narrowing
    assert told[-1].counts == await asking.picture(as_of, scope, period)
    for each in told[:-1]:
        assert each.counts == await asking.picture(AtTime(each.at), scope, period), each
        assert each.month is not None
        assert each.at == end_of(each.month.last_day)


async def test_the_range_narrows_month_by_month_and_ends_where_it_is_asked(asking: Asking) -> None:
    await a_winter(asking.country)

    def shown(each: RangeThen) -> tuple[str, int, int, int | None]:
        assert each.counts is not None
        return (str(each.month or "asked"), each.forces, each.counts.least, each.counts.most)

    assert [shown(each) for each in (await asking.told()).narrowing] == [
        ("2025-11", 0, 0, 0),
        ("2025-12", 2, 10, 48),
        ("2026-01", 3, 35, None),
        ("2026-02", 2, 48, 48),
        ("asked", 2, 41, 41),
    ]
    then = (await asking.told(as_of=AtTime(end_of(date(2025, 12, 31))))).narrowing
    assert [shown(each) for each in then] == [("2025-11", 0, 0, 0), ("2025-12", 2, 10, 48)]


async def test_where_a_return_is_not_judged_under_the_edition_it_says_so_and_no_number(asking: Asking) -> None:
    await asking.country.seals("kent", "2025-11", [Row(ruling=LACKS_ONE)], at=at(12, 10, 2025))
    await asking.country.seals("essex", "2025-12", [Row()], under=(WIDE,), at=at(1, 10))
    told = (await asking.told(REFERRAL)).narrowing
    assert [(each.not_judged, each.counts is None) for each in told] == [(0, False), (0, False), (1, True)]
    assert not any(each.not_judged for each in (await asking.told(WIDE)).narrowing)


async def test_no_more_than_the_last_twelve_are_told(asking: Asking) -> None:
    await asking.country.seals("kent", "2025-11", [Row(ruling=LACKS_ONE)], at=at(12, 10, 2025))
    asking.country.now = at(5, 5, 2027)
    await asking.country.something_else_happens()
    asking.now = at(5, 6, 2027)
    told = (await asking.told()).narrowing
    assert len(told) == MOST_POINTS
    assert [str(each.month or "asked") for each in (told[0], told[-2], told[-1])] == ["2026-06", "2027-04", "asked"]


async def test_a_month_that_nothing_followed_needs_no_row(asking: Asking) -> None:
    await asking.country.seals("kent", "2025-11", [Row()], at=at(12, 10, 2025))
    assert [each.month is None for each in (await asking.told()).narrowing] == [False, True]


async def test_for_a_month_that_had_not_begun_there_is_no_range(asking: Asking) -> None:
    await a_winter(asking.country)
    told = (await asking.told(period=date(2026, 1, 1))).narrowing
    assert [str(each.month or "asked") for each in told] == ["2026-01", "2026-02", "asked"]
    assert (await asking.told(period=date(2025, 10, 1))).narrowing == ()
    assert (await asking.told(period=date(2026, 9, 1))).narrowing == ()


@pytest.mark.parametrize("as_of", [None, *(AtPosition(number) for number in range(2, 10))])
async def test_less_what_others_lead_it_is_what_the_picture_has_undetermined(
    asking: Asking, as_of: AsOf | None
) -> None:
    await a_winter(asking.country)
    told = await asking.told(as_of=as_of)
    assert told.undetermined - told.led_elsewhere == (await asking.picture(as_of)).undetermined
    assert sum(each.cases for each in told.together.sets) + told.together.other_cases == told.undetermined


async def test_a_case_that_two_forces_are_asked_about_is_told_as_led_by_one(asking: Asking) -> None:
    await a_winter(asking.country)
    then = await asking.told(as_of=AtTime(at(12, 20, 2025)))
    assert (then.undetermined, then.led_elsewhere) == (39, 1)
    assert ((await asking.told()).undetermined, (await asking.told()).led_elsewhere) == (0, 0)


async def test_it_was_asked_of_the_returns_that_counted_then(asking: Asking) -> None:
    await a_winter(asking.country)
    number = asking.country.number

    def shown(told: Outstandings) -> dict[int, tuple[str, int, int | None]]:
        return {each.force: (f"{each.period:%Y-%m}", each.revision, each.undetermined) for each in told.forces}

    then = await asking.told(as_of=AtTime(at(1, 31)))
    assert shown(then) == {
        number("kent"): ("2025-12", 1, 13),
        number("surrey"): ("2025-12", 1, 4),
        number("essex"): ("2025-11", 2, 1),
    }
    november = await asking.told(as_of=AtTime(at(1, 15)), period=date(2025, 11, 1))
    assert shown(november) == {number("kent"): ("2025-11", 1, 31), number("essex"): ("2025-11", 1, 8)}
    assert then.as_of.at == at(1, 31)


async def test_what_counts_for_no_picture_is_asked_of_nobody(asking: Asking) -> None:
    """A force that takes no part (any more) is in neither."""
    await a_winter(asking.country)
    async with asking.country.db.owner() as tx:
        await tx.exec_driver_sql(f"delete from participation where force = {asking.country.number('surrey')}")
    then = await asking.told(as_of=AtTime(at(1, 31)))
    assert asking.country.number("surrey") not in {each.force for each in then.forces}
    assert then.undetermined - then.led_elsewhere == (await asking.picture(AtTime(at(1, 31)))).undetermined


async def test_without_a_name_it_is_under_the_edition_that_was_in_force_then(asking: Asking) -> None:
    before = await asking.country.seals("kent", "2025-11", at=at(12, 10, 2025))
    async with asking.country.db.owner() as tx:
        await tx.exec_driver_sql(
            "insert into scope_in_force (position, edition) "
            f"select {before.position + 1}, id from scope_edition where name = '{REFERRAL}'"
        )
    await asking.country.something_else_happens()
    assert (await asking.told(None)).standing.edition.name == REFERRAL
    assert (await asking.told(None, as_of=AtPosition(before.position))).standing.edition.name == WIDE


async def test_however_many_months_and_forces_as_many_statements_read_them(asking: Asking) -> None:
    await asking.country.seals("kent", "2025-11", [Row(ruling=LACKS_ONE)], at=at(12, 10, 2025))
    few = await statements_of(asking.country.db, asking.told)
    for month, force in enumerate(("essex", "surrey", "sussex"), 1):
        await asking.country.seals(force, "2025-12", [Row(ruling=LACKS_TWO)], at=at(month, 12))
    many = await statements_of(asking.country.db, asking.told)
    assert len(many) == len(few)
    assert not any("case_version" in each for each in many)
