"""Macro rules speak of the whole return in whole per cents; what is open or missing stays so."""

from __future__ import annotations

import pytest

from service.contract.measures import KNOWN, change_percent, measured, share_percent
from service.contract.model import PartName
from service.criteria.evaluate import evaluate
from service.criteria.vocabulary import OPEN_NUMBER
from service.terms.check import Published


@pytest.mark.parametrize(
    ("now", "before", "percent"),
    [
        ((80, 80), (100, 100), (-20, -20)),
        ((81, 81), (100, 100), (-19, -19)),
        ((120, 120), (100, 100), (20, 20)),
        ((1199, 1199), (1000, 1000), (19, 19)),
        ((0, 0), (7, 7), (-100, -100)),
        ((50, 150), (100, 100), (-50, 50)),
        ((50, OPEN_NUMBER), (100, 100), (-50, OPEN_NUMBER)),
        ((50, 50), (100, OPEN_NUMBER), (-100, -50)),
        ((5, 5), (0, 0), None),
        ((5, 5), None, None),
    ],
)
def test_a_change_is_a_signed_whole_percentage_of_what_was_before(
    now: tuple[int, int], before: tuple[int, int] | None, percent: tuple[int, int] | None
) -> None:
    assert change_percent(now, before) == percent


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [
        ((1, 1), (5, 5), (20, 20)),
        ((199, 199), (1000, 1000), (19, 19)),
        ((1, 2), (4, 8), (12, 50)),
        ((5, 9), (5, 9), (55, 100)),
        ((0, 0), (0, 0), None),
        ((1, OPEN_NUMBER), (9, OPEN_NUMBER), None),
    ],
)
def test_a_share_is_cut_to_a_whole_percentage(
    part: tuple[int, int], whole: tuple[int, int], percent: tuple[int, int] | None
) -> None:
    assert share_percent(part, whole) == percent


def test_what_cannot_be_computed_fires_no_macro_rule(published: Published) -> None:
    contract = published.library.contracts["2025.1"]

    assert all(
        rule.criterion is not None and evaluate(rule.criterion, measured()) is None
        for rule in contract.rules_of(PartName.RETURN)
    )


def test_a_fall_by_a_fifth_is_a_finding_and_a_little_less_is_not(published: Published) -> None:
    rule = published.library.contracts["2025.1"].rule["M401"]

    assert rule.criterion is not None
    assert evaluate(rule.criterion, measured(cases_now=(80, 80), cases_before=(100, 100))) is True
    assert evaluate(rule.criterion, measured(cases_now=(81, 81), cases_before=(100, 100))) is False


def test_every_measure_is_declared_with_its_meaning(published: Published) -> None:
    contract = published.library.contracts["2025.1"]

    assert tuple(item.name for item in contract.measures) == KNOWN
    assert measured().keys() == set(KNOWN)
