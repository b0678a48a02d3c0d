"""What one case took of a force's officers, by what its sealed returns say; where they do not say it, why not."""

from __future__ import annotations

from datetime import date

import pytest

from service.picture.simulate.model import Cost, Pace, Unmeasured
from service.picture.simulate.pace import Point, pace_of


def a_point(month: int, reached: int, officers: float | None = 2.0) -> Point:
    return Point(period=date(2026, month, 1), reached=reached, officers=officers)


def measured(*points: Point) -> Pace:
    found = pace_of(points)
    assert isinstance(found, Pace)
    return found


def reason(*points: Point) -> str:
    found = pace_of(points)
    assert isinstance(found, Unmeasured)
    return found.says


def test_officers_times_working_days_over_the_cases_is_the_pace() -> None:
    """From the end of January to the end of February 2026 there are twenty days from Monday to Friday."""
    found = measured(a_point(1, 10), a_point(2, 18))
    assert (found.officer_days, found.cases, found.of_one) == (40.0, 8, 5.0)
    assert (found.since, found.until) == (date(2026, 1, 31), date(2026, 2, 28))


def test_several_stretches_are_added_up_before_they_are_divided() -> None:
    found = measured(a_point(1, 0), a_point(2, 10, officers=1), a_point(3, 12, officers=3))
    assert (found.officer_days, found.cases) == (20.0 + 3 * 22, 12)


def test_a_month_that_was_not_reported_counts_its_days_all_the_same() -> None:
    assert measured(a_point(1, 0), a_point(3, 21)).officer_days == 2 * (20 + 22)


def test_a_stretch_without_officers_is_left_out_with_its_cases() -> None:
    found = measured(a_point(1, 0), a_point(2, 100, officers=None), a_point(3, 111))
    assert (found.officer_days, found.cases) == (44.0, 11)


def test_a_correction_takes_back_what_was_said_too_much() -> None:
    assert measured(a_point(1, 0), a_point(2, 30), a_point(3, 20)).cases == 20


@pytest.mark.parametrize(
    ("points", "says"),
    [
        ((), "It has not sealed returns for two periods yet"),
        ((a_point(1, 5),), "It has not sealed returns for two periods yet"),
        ((a_point(1, 5), a_point(2, 9, officers=None)), "No return after its first says of any officers"),
        ((a_point(1, 5), a_point(2, 9, officers=0)), "No return after its first says of any officers"),
        ((a_point(1, 5), a_point(2, 5)), "No more cases reached the stage"),
    ],
)
def test_a_pace_that_cannot_be_measured_is_said_why_and_never_guessed(points: tuple[Point, ...], says: str) -> None:
    assert reason(*points).startswith(says)


def test_nothing_to_look_at_takes_no_day_even_where_no_pace_is_known() -> None:
    unknown = Unmeasured("-")
    assert Cost(force=1, look_again=0, attributes={}, pace=unknown).officer_days == 0
    assert Cost(force=1, look_again=3, attributes={}, pace=unknown).officer_days is None
