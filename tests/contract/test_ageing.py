"""A contract version that the terms will stop taking says so, in time and with where to go."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from service.api.ageing import ageing_headers
from service.terms.ageing import ageing
from service.terms.calendar import Period
from service.terms.check import Published
from service.terms.model import Accepted, Terms

OLD, NEW = "2025.1", "2026.1"
LAST, FIRST = Period(2026, 8), Period(2026, 2)


@pytest.fixture
def terms(published: Published) -> Terms:
    accepted = (Accepted(version=OLD, start=Period(2025, 11), until=LAST), Accepted(version=NEW, start=FIRST))
    return replace(published.terms["2025-11"], contracts=accepted)


def test_a_version_with_an_end_names_the_one_to_go_over_to(terms: Terms) -> None:
    found = ageing(terms, OLD)

    assert found is not None
    assert (found.newer, found.since, found.last, found.last_day) == (NEW, FIRST, LAST, date(2026, 9, 14))


def test_a_version_without_an_end_does_not_age(terms: Terms) -> None:
    assert ageing(terms, NEW) is None
    assert ageing_headers(terms, NEW) == {}


def test_a_version_that_is_the_only_one_does_not_age(published: Published) -> None:
    assert ageing(published.terms["2025-11"], OLD) is None


def test_the_headers_are_the_moments_at_which_days_begin_in_london(terms: Terms) -> None:
    headers = ageing_headers(terms, OLD)

    assert headers["Deprecation"] == "@1769904000"  # 2026-02-01T00:00Z
    assert headers["Sunset"] == "Mon, 14 Sep 2026 23:00:00 GMT"  # the end of the due day, in summer time
    assert headers["Link"] == '</api/contracts/2026.1/changes>; rel="deprecation"'
