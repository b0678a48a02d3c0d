"""Text to tree: everything that the grammar allows is read as it is meant, everything else is refused in its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.criteria.contradictions import contradiction
from service.criteria.evaluate import evaluate
from service.criteria.parse import ConditionError, parse
from service.criteria.rewrites import nested_chains_become_one, renamed
from service.criteria.tree import And, Compare, Criterion, Not, Op, Or
from service.criteria.vocabulary import FieldType, Kind, Vocabulary
from service.criteria.written import written
from tests.support.criteria import criteria, observations, vocabularies

PLAIN = Vocabulary("plain", {name: FieldType(name, Kind.NUMBER) for name in "abc"}, {})


def flat(criterion: Criterion) -> Criterion:
    """Chains as the parser makes them: one level for one connective, below nots too."""
    match criterion:
        case And(parts):
            return nested_chains_become_one(And(tuple(flat(part) for part in parts)))
        case Or(parts):
            return nested_chains_become_one(Or(tuple(flat(part) for part in parts)))
        case Not(part):
            return Not(flat(part))
        case _:
            return criterion


def refused(text: str, vocabulary: Vocabulary) -> ConditionError | None:
    """Why a condition is not taken; None where it is."""
    try:
        parse(text, vocabulary, null_tests=True)
    except ConditionError as error:
        return error
    return None


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_printed_condition_is_read_as_the_same_tree(data: st.DataObject) -> None:
    vocabulary = data.draw(vocabularies())
    criterion = data.draw(criteria(vocabulary, null_tests=True))
    refusal = refused(written(criterion), vocabulary)
    if refusal is None:
        assert parse(written(criterion), vocabulary, null_tests=True) == flat(criterion)
    else:
        assert "never true" in refusal.says


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_refused_as_a_contradiction_is_true_of_nothing(data: st.DataObject) -> None:
    vocabulary = data.draw(vocabularies(kinds=(Kind.NUMBER, Kind.DATE, Kind.CODE)))
    leaf = criteria(vocabulary, null_tests=True).filter(lambda one: not isinstance(one, And | Or))
    parts = data.draw(st.lists(leaf, min_size=2, max_size=5))
    if contradiction([(part, 1) for part in parts], vocabulary) is not None:
        for observation in data.draw(st.lists(observations(vocabulary), min_size=10, max_size=10)):
            assert evaluate(And(tuple(parts)), observation) is not True


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab c=<>()'\".,;-+1x\x00é\nandornotisnullinbetween", max_size=40))
def test_whatever_is_written_is_read_or_refused_at_a_place_in_the_text(text: str) -> None:
    refusal = refused(text, PLAIN)
    if refusal is not None:
        assert 1 <= refusal.column <= len(text) + 1
        assert refusal.says
        assert refusal.do


def test_and_binds_closer_than_or_and_not_closer_than_both() -> None:
    one, two, three = (Compare(name, Op.EQUAL, 1) for name in "abc")
    assert parse("a = 1 or b = 1 and c = 1", PLAIN, null_tests=False) == Or((one, And((two, three))))
    assert parse("(a = 1 or b = 1) and c = 1", PLAIN, null_tests=False) == And((Or((one, two)), three))
    assert parse("not a = 1 and b = 1", PLAIN, null_tests=False) == And((Not(one), two))
    assert parse("not (a = 1 and b = 1)", PLAIN, null_tests=False) == Not(And((one, two)))


def test_a_condition_read_forward_asks_about_the_new_name() -> None:
    old = parse("a >= 2 and (b < a or not c between 1 and 2)", PLAIN, null_tests=False)
    new = parse("a >= 2 and (x < a or not c between 1 and 2)".replace("x", "b"), PLAIN, null_tests=False)
    assert renamed(renamed(old, {"b": "x"}), {"x": "b"}) == new


@pytest.mark.parametrize(
    "text",
    ["(" * 5_000 + "a = 1" + ")" * 5_000, "(" * 41 + "a = 1" + ")" * 41, "not " * 900 + "a = 1"],
    ids=["many brackets", "some brackets", "many nots"],
)
def test_a_condition_that_is_nested_too_deep_is_refused_before_it_tires_the_parser(text: str) -> None:
    with pytest.raises(ConditionError, match="Split the rule"):
        parse(text, PLAIN, null_tests=False)


def test_a_long_chain_is_read() -> None:
    read = parse(" and ".join(["a >= 1 or b = 1"] * 200), PLAIN, null_tests=False)
    assert isinstance(read, Or)
    assert len(read.parts) == 201
