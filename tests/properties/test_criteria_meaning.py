"""Laws of the meaning of a condition: another writing has the same one, and the same one answers alike."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from service.criteria.evaluate import evaluate
from service.criteria.meaning import meaning, parts_of
from service.criteria.tree import And, Between, Compare, CompareFields, Criterion, Literal, Not, OneOf, Op, Or
from tests.support.criteria import criteria, observations, vocabularies

_TURNED = {Op.BELOW: Op.ABOVE, Op.ABOVE: Op.BELOW, Op.AT_MOST: Op.AT_LEAST, Op.AT_LEAST: Op.AT_MOST}


def stepped(value: Literal, steps: int) -> Literal:
    if isinstance(value, date):
        return value + timedelta(days=steps)
    return value + steps * (Decimal("0.01") if isinstance(value, Decimal) else 1)


@st.composite
def restated(draw: st.DrawFn, criterion: Criterion, *, in_and: bool = False) -> Criterion:
    """The same condition, written otherwise. Inside an ``and`` two bounds stay together: there others may leave nothing
    between them, which the parser refuses."""
    match criterion:
        case And(parts) | Or(parts):
            kind = type(criterion)
            others = [draw(restated(part, in_and=kind is And)) for part in draw(st.permutations(parts))]
            if draw(st.booleans()):
                others.append(others[0])
            if draw(st.booleans()) and len(others) > 2:
                others = [others[0], kind(tuple(others[1:]))]
            return kind(tuple(others))
        case Not(And(parts)):
            return Or(tuple(Not(part) for part in parts))
        case Between(field, low, high) if not in_and:
            return And((Compare(field, Op.AT_MOST, high), Compare(field, Op.AT_LEAST, low)))
        case Compare(field, Op.ABOVE, value):
            return Compare(field, Op.AT_LEAST, stepped(value, 1))
        case Compare(field, Op.BELOW, value):
            return Not(Compare(field, Op.ABOVE, stepped(value, -1)))
        case Compare(field, Op.EQUAL, value):
            return Between(field, value, value)
        case CompareFields(left, op, right):
            return CompareFields(right, _TURNED.get(op, op), left)
        case OneOf(field, mask, codes, set_name):
            return OneOf(field, mask, tuple(reversed(codes)), None if draw(st.booleans()) else set_name)
    return Not(Not(criterion))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_condition_written_otherwise_means_the_same_and_answers_alike(data: st.DataObject) -> None:
    vocabulary = data.draw(vocabularies())
    criterion = data.draw(criteria(vocabulary, null_tests=True))
    other = data.draw(restated(criterion))
    assert meaning(other) == meaning(criterion)
    observation = data.draw(observations(vocabulary))
    assert evaluate(other, observation) == evaluate(criterion, observation)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_parts_of_a_condition_joined_again_answer_as_it_does(data: st.DataObject) -> None:
    vocabulary = data.draw(vocabularies())
    criterion = data.draw(criteria(vocabulary, null_tests=True))
    observation = data.draw(observations(vocabulary))
    for every, kind in ((True, And), (False, Or)):
        joined = kind(tuple(part.criterion for part in parts_of(criterion, every=every)))
        assert evaluate(joined, observation) == evaluate(criterion, observation)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_two_conditions_of_one_meaning_answer_alike(data: st.DataObject) -> None:
    vocabulary = data.draw(vocabularies())
    one, other = data.draw(criteria(vocabulary, null_tests=True)), data.draw(criteria(vocabulary, null_tests=True))
    if meaning(one) == meaning(other):
        observation = data.draw(observations(vocabulary))
        assert evaluate(one, observation) == evaluate(other, observation)
