"""The year of a range of days, as the tallies read it, is that of the calendar."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import text

from service.criteria.sql import FieldSql
from service.criteria.vocabulary import OPEN_ABOVE, OPEN_BELOW, Kind
from service.storage.database import Database
from service.tally.judge import year_sql

_YEAR = year_sql(FieldSql(Kind.DATE, low="o.lo", high="o.hi"))
_DAYS = [date(1890, 1, 1) + timedelta(days=each) for each in range(366 * 220)]


async def _years(db: Database, ranges: list[tuple[date, date]]) -> list[int | None]:
    asked = text(
        f"select {_YEAR} from unnest(cast(:lows as date[]), cast(:highs as date[])) with ordinality o (lo, hi, at) "
        "order by o.at"
    )
    async with db.national() as tx:
        lows, highs = (list(ends) for ends in zip(*ranges, strict=True))
        return list((await tx.execute(asked, {"lows": lows, "highs": highs})).scalars())


async def test_the_year_of_every_day_is_that_of_the_calendar(module_database: Database) -> None:
    assert await _years(module_database, [(day, day) for day in _DAYS]) == [day.year for day in _DAYS]


async def test_a_range_has_a_year_where_both_its_ends_lie_in_it(module_database: Database) -> None:
    ranges = [(day, day + timedelta(days=length)) for day in _DAYS[::7] for length in (1, 30, 364, 366)]
    assert await _years(module_database, ranges) == [
        low.year if low.year == high.year else None for low, high in ranges
    ]


async def test_what_is_open_at_an_end_has_no_year(module_database: Database) -> None:
    day = date(2014, 3, 1)
    ranges = [(OPEN_BELOW, day), (day, OPEN_ABOVE), (OPEN_BELOW, OPEN_ABOVE)]
    assert await _years(module_database, ranges) == [None, None, None]
