"""Who reports what in the synthetic country."""

from __future__ import annotations

from datetime import date

import pytest

from service.demo.plan import Claim, CountryPlan, Mode, Style, last_day, months_until, plan

DAY = date(2026, 11, 24)
COUNTRY = plan(DAY)
ORDINARY = 6


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2026, 11, 24), "2026-05", "2026-10"),
        (date(2026, 3, 1), "2025-09", "2026-02"),
        (date(2026, 1, 31), "2025-07", "2025-12"),
    ],
)
def test_the_periods_are_the_six_months_before_the_running_one(day: date, first: str, last: str) -> None:
    periods = months_until(day)
    assert (len(periods), periods[0], periods[-1]) == (6, first, last)
    assert last_day(periods[-1]) < day


def test_the_country_has_61000_cases_and_its_largest_force_9000() -> None:
    assert sum(each.cases for each in COUNTRY.forces) == 61_000
    assert COUNTRY.by_force["metropolitan"].cases == 9_000
    assert len(COUNTRY.forces) == 45
    assert COUNTRY.by_force["ministry-of-defence"].cases < COUNTRY.by_force["british-transport"].cases < 300


@pytest.mark.parametrize("cases", [45, 1_000, 6_100, 122_000])
def test_a_country_of_another_size_keeps_its_proportions(cases: int) -> None:
    forces = plan(DAY, cases=cases).by_force
    assert sum(each.cases for each in forces.values()) == cases
    assert abs(forces["metropolitan"].cases - cases * 9 / 61) <= 1


def test_without_cases_nobody_reports() -> None:
    empty = plan(DAY, cases=0)
    assert len(empty.forces) == 45
    assert not any(each.reports or each.revised for each in empty.forces)


def test_most_forces_send_cases_some_counts_and_some_both() -> None:
    modes = [each.mode for each in COUNTRY.forces]
    assert (modes.count(Mode.AGGREGATE), modes.count(Mode.MIXED)) == (5, 3)
    assert {each.style for each in COUNTRY.forces if each.mode is Mode.AGGREGATE} == set(Style)
    for each in COUNTRY.forces:
        assert (each.case_years is None) == (each.mode is not Mode.MIXED)


def test_some_forces_are_late_one_sends_nothing_and_one_only_sent_older_periods() -> None:
    territorial = [each for each in COUNTRY.forces if each.force not in {"british-transport", "ministry-of-defence"}]
    without_last = [each for each in territorial if COUNTRY.periods[-1] not in each.reports]
    assert sum(len(each.reports) == 0 for each in territorial) == 1
    assert sum(each.reports == COUNTRY.periods[:2] for each in territorial) == 1
    assert sum(len(each.reports) in {4, 5} for each in without_last) == 4
    assert sum(len(each.reports) == 5 and each not in without_last for each in territorial) == 1
    assert sum(each.reports == COUNTRY.periods for each in territorial) >= 30


def test_corrections_belong_to_periods_that_were_reported() -> None:
    revised = [each for each in COUNTRY.forces if each.revised]
    assert len(revised) == ORDINARY
    assert all(set(each.revised) <= set(each.reports) for each in revised)


def test_a_few_dozen_cases_are_shared_and_not_all_holders_agree() -> None:
    claims = [sharing.claim for sharing in COUNTRY.sharings]
    assert claims.count(Claim.CONFIRMED) > 20
    assert claims.count(Claim.ONE_SIDED) == 6
    assert claims.count(Claim.CONTESTED) == 1
    for sharing in COUNTRY.sharings:
        assert sharing.ref.startswith(f"{sharing.members[0]}:")
        assert sharing.lead in sharing.members
        assert len(set(sharing.members)) == len(sharing.members) >= 2


@pytest.mark.parametrize("day", [date(2025, 12, 2), date(2026, 11, 24), date(2031, 1, 1)])
def test_the_work_starts_after_the_last_decision_and_before_the_first_period(day: date) -> None:
    country: CountryPlan = plan(day)
    assert country.last_decision < country.assessing_since < date.fromisoformat(f"{country.periods[0]}-01")


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan(DAY) == COUNTRY
    assert plan(DAY, seed=7) != COUNTRY
