"""What a request may ask of the picture, and how it is told what it may not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from service.errors import Invalid
from service.picture.national import Dimension, margin_of
from service.picture.question import AtPosition, AtTime, Question, Table, dimensions, question, read_as_of

NOW = datetime(2026, 7, 15, 12, tzinfo=UTC)
OFFERED = {item.value: item for item in Dimension}


def asked(**parameters: str) -> Question:
    return question(parameters.items(), NOW)


def refusal(*parameters: tuple[str, str]) -> str:
    with pytest.raises(Invalid) as refused:
        question(parameters, NOW)
    return str(refused.value)


def test_nothing_asked_is_everything_at_the_last_change() -> None:
    assert asked() == Question()


def test_a_question_can_be_read_whole() -> None:
    assert asked(scope="2025-11-wide", as_of="41", period="2026-05", by="force, stage") == Question(
        scope="2025-11-wide", as_of=AtPosition(41), period=date(2026, 5, 1), by=("force", "stage")
    )


def test_a_bare_day_ends_at_midnight_in_london_summer_and_winter() -> None:
    tick = timedelta(microseconds=1)
    assert read_as_of("2026-07-14", NOW) == AtTime(datetime(2026, 7, 14, 23, tzinfo=UTC) - tick)
    assert read_as_of("2026-01-14", NOW) == AtTime(datetime(2026, 1, 15, 0, tzinfo=UTC) - tick)


@pytest.mark.parametrize(
    "value", ["2026-07-01T10:00:00Z", "2026-07-01T11:00:00+01:00", "2026-07-01t11:00:00.000 01:00"]
)
def test_a_time_is_read_with_its_zone_even_when_its_plus_became_a_space(value: str) -> None:
    assert read_as_of(value, NOW) == AtTime(datetime(2026, 7, 1, 10, tzinfo=UTC))


@pytest.mark.parametrize("value", ["2026-07-15", "2026-07-16", "9999-12-31", "2026-07-15T12:00:01Z"])
def test_a_moment_that_has_not_come_is_refused(value: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_as_of(value, NOW)
    assert refused.value.code == "as-of-in-future"


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "2026-02-30",
        "2026-07-01T10:00:00",
        "2026-07-01T25:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "-1",
        "1.5",
        "٣",
    ],
)
def test_a_moment_that_cannot_be_read_says_which_forms_can(value: str) -> None:
    assert "2025-12-01T09:00:00Z" in refusal(("as_of", value))


@pytest.mark.parametrize("value", ["2026", "2026-13", "2026-00", "0000-01", "2026-1", "2026-05-01", "٢٠٢٦-٠٥"])
def test_a_period_is_a_month(value: str) -> None:
    assert "2025-11" in refusal(("period", value))


def test_an_unknown_parameter_is_refused_with_the_closest() -> None:
    assert "Did you mean period?" in refusal(("peroid", "2026-05"))
    assert "Allowed: scope, as_of, period, by, table." in refusal(("x\n" * 100, "1"))


def test_a_parameter_given_twice_or_empty_is_refused() -> None:
    assert "more than once" in refusal(("scope", "a"), ("scope", "b"))
    assert "empty" in refusal(("scope", " "))


def test_an_unknown_dimension_is_refused_with_the_closest() -> None:
    with pytest.raises(Invalid, match="Did you mean region"):
        dimensions(("regoin",), OFFERED)
    with pytest.raises(Invalid, match="twice"):
        dimensions(("force", "force"), OFFERED)


def test_a_table_that_is_not_there_is_refused_with_the_closest() -> None:
    assert asked(table="missing").table is Table.MISSING
    assert "Did you mean attrition?" in refusal(("table", "atrition"))


def test_two_attributes_of_cases_at_once_are_a_deeper_cut_and_the_error_says_what_is_offered() -> None:
    with pytest.raises(Invalid) as refused:
        dimensions(("stage", "force", "year"), OFFERED)
    assert refused.value.code == "deeper-cut"
    assert refused.value.do == "Ask for one of stage, setting, year, alone or together with force and region."


def test_one_attribute_of_cases_goes_with_force_and_region() -> None:
    assert margin_of((Dimension.REGION, Dimension.YEAR, Dimension.FORCE)) is Dimension.YEAR
