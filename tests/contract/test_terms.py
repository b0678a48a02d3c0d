"""Who reports, for which month, by when, and in which version."""

from __future__ import annotations

from datetime import date

import pytest

from service.contract.library import load_library
from service.contract.source import Problems
from service.errors import Invalid
from service.terms.calendar import Calendar, Period, parse_period, period_of
from service.terms.check import Published
from service.terms.load import read_terms
from service.terms.model import Participation, Terms
from tests.support.contracts import Contracts

NOVEMBER = Period(2025, 11)
CALENDAR = Calendar(NOVEMBER, 14)


@pytest.fixture(scope="module")
def terms(published: Published) -> Terms:
    return published.terms["2025-11"]


def test_a_period_is_a_month_and_prints_as_it_is_read() -> None:
    assert parse_period("2025-11") == NOVEMBER
    assert str(NOVEMBER) == "2025-11"
    assert (NOVEMBER.first_day, NOVEMBER.last_day) == (date(2025, 11, 1), date(2025, 11, 30))
    assert Period(2024, 2).last_day == date(2024, 2, 29)
    assert NOVEMBER.plus(2) == Period(2026, 1)
    assert NOVEMBER.plus(-11) == Period(2024, 12)
    assert Period(2026, 1).months_since(NOVEMBER) == 2


@pytest.mark.parametrize(
    "words", ["2025", "2025-13", "2025-00", "2025-1", "2025-11-01", "２０２５-11", "", "0000-01", "2025-11\n"]
)
def test_what_is_not_a_month_is_refused(words: str) -> None:
    with pytest.raises(Invalid):
        parse_period(words)


def test_a_return_is_due_some_days_after_its_period_ends() -> None:
    assert CALENDAR.due(NOVEMBER) == date(2025, 12, 14)


def test_the_last_period_due_is_the_newest_whose_due_day_has_come() -> None:
    assert CALENDAR.last_due(date(2025, 12, 13)) is None
    assert CALENDAR.last_due(date(2025, 12, 14)) == NOVEMBER
    assert CALENDAR.last_due(date(2026, 1, 13)) == NOVEMBER
    assert CALENDAR.last_due(date(2026, 1, 14)) == Period(2025, 12)


def test_the_calendar_begins_and_never_ends() -> None:
    assert CALENDAR.period_of(date(2025, 10, 31)) is None
    assert CALENDAR.period_of(date(2031, 5, 6)) == Period(2031, 5)
    assert [str(one) for one in CALENDAR.periods(Period(2025, 9), Period(2026, 1))] == ["2025-11", "2025-12", "2026-01"]


def test_a_period_can_be_opened_from_its_first_day() -> None:
    assert CALENDAR.has(NOVEMBER, date(2025, 11, 1))
    assert not CALENDAR.has(Period(2025, 12), date(2025, 11, 30))
    assert not CALENDAR.has(Period(2025, 10), date(2025, 11, 30))
    assert period_of(date(2025, 11, 30)) == NOVEMBER


def test_the_published_terms_name_forty_five_forces_and_one_version(terms: Terms) -> None:
    forces = terms.participants(NOVEMBER)

    assert len(forces) == 45
    assert {"metropolitan", "british-transport", "ministry-of-defence"} <= set(forces)
    assert not {"police-scotland", "psni"} & set(forces)
    assert terms.participants(Period(2025, 10)) == ()
    assert terms.accepted(NOVEMBER) == ("2025.1",)
    assert terms.accepted(Period(2025, 10)) == ()
    assert (terms.scope, terms.proposed) == ("2025-11-wide", ("2026-02-referral",))


def test_the_first_milestone_is_met_from_assessed_on(terms: Terms) -> None:
    (milestone,) = terms.milestones

    assert milestone.by == date(2026, 4, 30)
    assert milestone.stages == ("assessed", "referred", "panel_review", "reinvestigation", "concluded")


def test_forces_join_leave_and_are_followed_by_interval(contracts: Contracts) -> None:
    contracts.change(
        "terms/2025-11.yaml",
        "    ]\n",
        "    ]\n"
        "  - {force: police-scotland, from: 2026-02, until: 2026-03}\n"
        "  - {force: police-scotland, from: 2026-06}\n"
        "  - {force: psni, from: 2026-01, until: 2026-04, successor: police-scotland}\n",
    )
    assert contracts.problems() == []

    terms = _terms(contracts)

    months = [month for month in range(1, 13) if terms.takes_part("police-scotland", Period(2026, month))]
    assert months == [2, 3, *range(6, 13)]
    assert "psni" in terms.participants(Period(2026, 4))
    assert "psni" not in terms.participants(Period(2026, 5))
    assert terms.successor("psni", Period(2026, 5)) == "police-scotland"
    assert terms.successor("psni", Period(2026, 4)) is None
    assert terms.participation[-1] == Participation(
        force="psni", start=Period(2026, 1), until=Period(2026, 4), successor="police-scotland"
    )


def _terms(contracts: Contracts) -> Terms:
    library = load_library(contracts.root)
    return read_terms(library.terms["2025-11"], library, Problems())
