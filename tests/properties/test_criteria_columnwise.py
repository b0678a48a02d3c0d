"""Conditions over columns say of every observation what the reference says of it alone."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from service.criteria.columnwise import Columnwise
from service.criteria.evaluate import Observation, compiled
from service.criteria.tree import Criterion
from tests.support.criteria import criteria, observations, vocabularies


@st.composite
def asked(draw: st.DrawFn) -> tuple[list[Criterion], list[list[Observation]]]:
    """A few conditions, and blocks of observations, of which some lack a field altogether."""
    vocabulary = draw(vocabularies())
    conditions = draw(st.lists(criteria(vocabulary, null_tests=True), min_size=1, max_size=4))
    absent = draw(st.sets(st.sampled_from(sorted(vocabulary.fields)), max_size=1))
    blocks = draw(st.lists(st.lists(observations(vocabulary), max_size=12), min_size=1, max_size=3))
    return conditions, [
        [{name: value for name, value in each.items() if name not in absent} for each in block] for block in blocks
    ]


@given(asked())
@settings(deadline=None, max_examples=300)
def test_columns_say_what_each_observation_says(
    question: tuple[list[Criterion], list[list[Observation]]],
) -> None:
    conditions, blocks = question
    evaluator = Columnwise()
    for block in blocks:
        names = {name for each in block for name in each}
        seen = evaluator.over(len(block), {name: [each.get(name) for each in block] for name in names})
        for condition in conditions:
            answers = [compiled(condition)(each) for each in block]
            assert seen.places(seen.true(condition)) == [n for n, said in enumerate(answers) if said is True]
            assert seen.places(seen.false(condition)) == [n for n, said in enumerate(answers) if said is False]
