"""Which return of whom came for a force that left between two points of a bridge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from service.picture.chains import Way
from service.picture.coverage import Heir
from service.picture.taken_over import FirstReturn, first_returns

JUNE, JULY, AUGUST, SEPTEMBER = (date(2026, month, 1) for month in (6, 7, 8, 9))
AVON, KENT, ESSEX = 0, 1, 2
FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))
BY_MONTH = {FIRST: AUGUST, SECOND: AUGUST, THIRD: SEPTEMBER}


def came(*on: UUID, begins: UUID | None = None) -> Way:
    return Way((), on, None, begins, begins)


def found(
    before: Mapping[int, date],
    way: Way,
    heirs: Mapping[int, Heir] | None = None,
    periods: Mapping[UUID, date] = BY_MONTH,
) -> tuple[FirstReturn, ...]:
    """For whom Kent's returns came, which others left until September."""
    return first_returns(heirs or {AVON: Heir(KENT, JULY)}, before, {KENT: SEPTEMBER}, {KENT: way}, periods)


def a_first(period: date, *returns: UUID, took: tuple[int, ...] = (AVON,), is_all: bool = False) -> FirstReturn:
    return FirstReturn(force=KENT, period=period, took=took, returns=returns, is_all=is_all)


def test_revisions_of_the_first_month_belong_to_the_first_return_and_later_months_do_not() -> None:
    assert found({AVON: JULY, KENT: JULY}, came(FIRST, SECOND, THIRD)) == (a_first(AUGUST, FIRST, SECOND),)


def test_a_month_that_was_skipped_does_not_wait() -> None:
    assert found({AVON: JULY, KENT: JUNE}, came(THIRD)) == (a_first(SEPTEMBER, THIRD),)


def test_all_of_the_first_return_of_a_force_of_which_nothing_counted_is_coverage() -> None:
    assert found({AVON: JULY}, came(SECOND, THIRD, begins=FIRST)) == (a_first(AUGUST, SECOND, is_all=True),)


def test_what_a_force_that_counted_begins_anew_is_not_all_new_coverage() -> None:
    assert found({AVON: JULY, KENT: JULY}, came(SECOND, begins=FIRST)) == (a_first(AUGUST, SECOND),)


def test_a_month_before_the_other_left_took_nothing_over() -> None:
    periods = {FIRST: JULY, SECOND: AUGUST}
    assert found({AVON: JULY, KENT: JUNE}, came(FIRST, SECOND), periods=periods) == (a_first(AUGUST, SECOND),)


def test_who_had_the_cases_at_the_first_point_already_took_nothing_over() -> None:
    assert found({AVON: JULY, KENT: AUGUST}, came(THIRD)) == ()


def test_a_force_that_nobody_follows_is_taken_over_by_none() -> None:
    assert found({AVON: JULY, KENT: JULY, ESSEX: JULY}, came(FIRST), {AVON: Heir(KENT, JULY)}) == (
        a_first(AUGUST, FIRST),
    )


def test_two_forces_that_left_at_different_times_come_with_different_returns() -> None:
    heirs = {AVON: Heir(KENT, JULY), ESSEX: Heir(KENT, AUGUST)}
    assert found({AVON: JULY, ESSEX: AUGUST, KENT: JULY}, came(FIRST, SECOND, THIRD), heirs) == (
        a_first(AUGUST, FIRST, SECOND),
        a_first(SEPTEMBER, THIRD, took=(ESSEX,)),
    )


def test_two_forces_that_left_at_once_come_with_one_return() -> None:
    heirs = {AVON: Heir(KENT, JULY), ESSEX: Heir(KENT, JULY)}
    before = {AVON: JULY, ESSEX: JULY, KENT: JULY}
    assert found(before, came(FIRST), heirs) == (a_first(AUGUST, FIRST, took=(AVON, ESSEX)),)
