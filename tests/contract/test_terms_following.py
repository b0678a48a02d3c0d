"""What terms that follow others must leave as it was, one case each: what is drawn at random meets these too rarely."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from service.terms.calendar import Calendar, Period
from service.terms.difference import changes_of_terms
from service.terms.history import Reported, in_its_way
from service.terms.model import Accepted, Participation, Terms

OCTOBER, NOVEMBER, DECEMBER, JANUARY = (Period(2025, 10).plus(number) for number in range(4))


def a_terms(*participation: Participation, first: Period = NOVEMBER, versions: tuple[str, ...] = ("v1",)) -> Terms:
    return Terms(
        edition="2025-11",
        title="Terms",
        adopted=date(2025, 11, 5),
        source="A test",
        scope="",
        proposed=(),
        contracts=tuple(Accepted(version=version, start=OCTOBER) for version in versions),
        calendar=Calendar(first, 14),
        milestones=(),
        participation=participation,
        force_list="forces",
        hash="",
    )


def takes_part(force: str, until: Period | None = None, successor: str | None = None) -> Participation:
    return Participation(force=force, start=NOVEMBER, until=until, successor=successor)


def returned(force: str, period: Period) -> Reported:
    return Reported(force=force, period=period, version="v1")


STAYS = a_terms(takes_part("ash"), takes_part("birch"), takes_part("cedar"))
FOLLOWED = a_terms(takes_part("ash", DECEMBER, "birch"), takes_part("birch"), takes_part("cedar"))


def test_a_return_for_after_a_force_left_stands_in_the_way_of_its_being_followed() -> None:
    made = [returned("birch", JANUARY)]
    assert in_its_way(STAYS, FOLLOWED, [], date(2026, 1, 20)) == ()
    assert in_its_way(STAYS, FOLLOWED, made, date(2026, 1, 20)) == (
        "birch would have taken over ash after 2025-12, and its return for 2026-01 is open or sealed already, without "
        "what ash held: let ash leave after 2026-01.",
    )


def test_so_does_one_of_whoever_follows_the_one_that_follows() -> None:
    before = replace(
        STAYS, participation=(takes_part("ash"), takes_part("birch", DECEMBER, "cedar"), takes_part("cedar"))
    )
    after = replace(before, participation=(takes_part("ash", DECEMBER, "birch"), *before.participation[1:]))
    assert in_its_way(before, after, [], date(2026, 1, 20)) == ()
    (says,) = in_its_way(before, after, [returned("cedar", JANUARY)], date(2026, 1, 20))
    assert says.startswith("cedar would have taken over ash after 2025-12")


@pytest.mark.parametrize(
    "after",
    [
        STAYS,
        replace(FOLLOWED, participation=(takes_part("ash", JANUARY, "birch"), *FOLLOWED.participation[1:])),
        replace(FOLLOWED, participation=(takes_part("ash", DECEMBER, "cedar"), *FOLLOWED.participation[1:])),
        replace(FOLLOWED, participation=(takes_part("ash", DECEMBER), *FOLLOWED.participation[1:])),
    ],
    ids=["it stays after all", "it stays a month longer", "another follows it", "nobody follows it"],
)
def test_what_a_force_has_taken_over_is_not_taken_from_it_again(after: Terms) -> None:
    assert in_its_way(FOLLOWED, after, [], date(2026, 1, 20)) == ()
    assert in_its_way(FOLLOWED, after, [returned("birch", JANUARY)], date(2026, 1, 20)) == (
        "birch has taken over ash after 2025-12, and would not have: its return for 2026-01 is open or sealed already, "
        "with what ash held.",
    )


def test_a_first_period_that_would_be_overdue_at_once_is_refused_also_where_nothing_is_due_yet() -> None:
    before = a_terms(takes_part("ash"))
    after = a_terms(Participation(force="ash", start=OCTOBER), first=OCTOBER)
    assert in_its_way(before, after, [], date(2025, 11, 14)) == ()
    assert in_its_way(before, after, [], date(2025, 11, 15)) == (
        "ash would be expected after all for 2025-10, and the due day has passed.",
    )


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (("v1", "v2", "v3"), ("v1", "v3", "v2"), []),
        (("v1", "v2"), ("v2", "v1"), ["Who names no contract version writes in v2 from 2025-10, and not in v1."]),
        (("v1",), ("v2", "v1"), ["Who names no contract version writes in v2 from 2025-10, and not in v1."]),
        (("v1", "v2"), ("v2",), []),
    ],
)
def test_which_version_is_taken_where_none_is_named_is_told_where_it_changes(
    before: tuple[str, ...], after: tuple[str, ...], says: list[str]
) -> None:
    changes = changes_of_terms(a_terms(versions=before), a_terms(versions=after), str)
    assert [each.says for each in changes if each.says.startswith("Who names")] == says


def test_what_held_before_is_not_said_of_the_force_that_follows() -> None:
    (said,) = changes_of_terms(STAYS, FOLLOWED, str.title)
    assert said.says == (
        "Ash leaves after 2025-12: it takes part from 2025-11 until 2025-12, then Birch follows it. By the terms "
        "before, Ash takes part from 2025-11."
    )
    (back,) = changes_of_terms(FOLLOWED, STAYS, str.title)
    assert back.says == (
        "Ash takes part from 2025-11. By the terms before, Ash takes part from 2025-11 until 2025-12, then Birch "
        "follows it."
    )
