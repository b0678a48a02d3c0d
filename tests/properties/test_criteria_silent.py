"""A condition that cannot be true where fields are unknown is true of no observation in which they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.contract.library import load_library
from service.contract.model import PartName
from service.criteria.evaluate import evaluate
from service.criteria.parse import parse
from service.criteria.silent import can_be_true
from service.criteria.tree import fields_of
from tests.support.criteria import criteria, observations, vocabularies


@given(st.data())
def test_what_is_true_of_an_observation_can_be_true_with_what_it_does_not_know(data: st.DataObject) -> None:
    vocabulary = data.draw(vocabularies())
    criterion = data.draw(criteria(vocabulary, null_tests=True))
    observation = data.draw(observations(vocabulary))
    unknown = [name for name in fields_of(criterion) if observation.get(name) is None]
    if evaluate(criterion, observation) is True:
        assert can_be_true(criterion, unknown)


@pytest.mark.parametrize(
    ("condition", "unknown", "can"),
    [
        ("suspect_count = 0", {"suspect_count"}, False),
        ("not suspect_count = 0", {"suspect_count"}, False),
        ("suspect_count = 0 or victim_count = 0", {"suspect_count"}, True),
        ("suspect_count = 0 and victim_count = 0", {"suspect_count"}, False),
        ("outcome is null and nfa_date is not null", {"outcome"}, True),
        ("outcome is null and nfa_date is not null", {"nfa_date"}, False),
        ("suspect_count < victim_count", {"victim_count"}, False),
        ("suspect_count = 0", set(), True),
    ],
)
def test_a_rule_can_fire_or_not_by_what_is_never_said(condition: str, unknown: set[str], *, can: bool) -> None:
    vocabulary = load_library().contracts["2025.1"].parts[PartName.CASE].vocabulary
    assert can_be_true(parse(condition, vocabulary, null_tests=True), unknown) is can
