"""What is said of an answer to the work-list is what judging says once it is given, for any record and any answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.contract.model import Field
from service.contract.values import read_cell
from service.criteria.vocabulary import OPEN_ABOVE, OPEN_BELOW, OPEN_NUMBER, Kind
from service.scope.edition import Edition
from service.scope.explain import field_of
from service.scope.reading import Readings
from service.scope.settling import Outcome, Settling
from service.scope.verdict import Verdict, judge
from service.terms.check import load_published
from tests.support.records import some_masks

PUBLISHED = load_published()
LIBRARY = PUBLISHED.library
EDITIONS = sorted(PUBLISHED.scopes)


def contract_of(edition: Edition) -> Any:
    return LIBRARY.contracts[edition.vocabulary]


def some_values(field: Field) -> st.SearchStrategy[Any]:
    """Nothing, or something; around what the rules compare it with."""
    if field.kind is Kind.CODE:
        return st.none() | some_masks(field)
    if field.kind is Kind.NUMBER:
        number = st.integers(0, 4) | st.integers(15, 20)
        pairs = st.tuples(number, number).map(lambda pair: (min(pair), max(pair)))
        return st.none() | pairs | number.map(lambda low: (low, OPEN_NUMBER)) | number.map(lambda one: (one, one))
    day = st.dates(date(2008, 1, 1), date(2027, 12, 31))
    spans = st.tuples(day, day).map(lambda pair: (min(pair), max(pair)))
    return st.none() | spans | day.map(lambda one: (one, OPEN_ABOVE)) | day.map(lambda one: (OPEN_BELOW, one))


@st.composite
def undetermined(draw: st.DrawFn, edition: Edition) -> dict[str, Any]:
    """A record of the vocabulary, as a force may have sent it."""
    names = edition.definition.attributes
    sent = {name: draw(some_values(field_of(contract_of(edition), name))) for name in names}
    return {field.name: sent.get(field.name) for field in contract_of(edition).parts["case"].fields}


@st.composite
def one_of(draw: st.DrawFn, field: Field, known: Any) -> Any:
    """One exact answer that does not contradict what is known."""
    if field.kind is Kind.CODE:
        assert field.list is not None
        bits = [1 << code.ordinal for code in field.list.codes if not code.group]
        return draw(st.sampled_from([bit for bit in bits if known is None or bit & known]))
    if field.kind is Kind.NUMBER:
        low, high = known or (0, OPEN_NUMBER)
        value = draw(st.integers(low, min(high, low + 25)))
        return value, value
    low, high = known or (field.least or OPEN_BELOW, field.greatest or OPEN_ABOVE)
    value = draw(st.dates(low, high) | st.sampled_from([low, high]))
    return value, value


def takes(field: Field, outcome: Outcome, value: Any) -> bool:
    """Whether an answer is among those of an outcome, read as people write them."""
    said = [read_cell(field, text).value for text in outcome.values]
    if field.kind is Kind.CODE:
        return value in said
    return any(isinstance(span, tuple) and span[0] <= value[0] <= span[1] for span in said)


@pytest.mark.parametrize("name", EDITIONS)
@given(data=st.data())
def test_an_answer_does_what_is_said_of_it(name: str, data: st.DataObject) -> None:
    edition = PUBLISHED.scopes[name]
    settling = Settling(LIBRARY, edition)
    sent = data.draw(undetermined(edition))
    derived = Readings(LIBRARY, edition.vocabulary).derived
    ruling = edition.definition.ruling(derived(sent))
    if ruling <= 0:
        return
    reading = settling.reading(edition.vocabulary, sent, {})
    questions = settling.questions(ruling, reading)
    assert tuple(each.attribute for each in questions) == judge(edition, reading.judged).missing
    for question in questions:
        field = field_of(contract_of(edition), question.attribute)
        value = data.draw(one_of(field, sent[question.attribute]))
        given_it = judge(edition, derived({**sent, question.attribute: value}))
        said = [each for each in question.outcomes if takes(field, each, value)]
        if given_it.verdict is Verdict.UNDETERMINED:
            assert said == []
        else:
            assert [(each.verdict, each.rule) for each in said] == [(given_it.verdict, given_it.rule)]


def test_an_attribute_that_alone_is_asked_has_an_outcome_for_every_answer() -> None:
    edition = PUBLISHED.scopes["2026-02-referral"]
    contract = contract_of(edition)
    known: Mapping[str, str] = {
        "offence_code": "19D",
        "suspect_count": "3",
        "suspects_alive": "2",
        "victim_count": "2",
        "outcome": "16",
        "nfa_by": "police",
        "nfa_date": "2014-03",
    }
    record = {name: read_cell(field_of(contract, name), text).value for name, text in known.items()}
    settling = Settling(LIBRARY, edition)
    reading = settling.reading(edition.vocabulary, record, {})
    (question,) = settling.questions(edition.definition.ruling(reading.judged), reading)
    assert question.attribute == "independently_reviewed"
    assert [(each.values, each.verdict, each.rule) for each in question.outcomes] == [
        (("yes",), Verdict.OUT_OF_SCOPE, "unreviewed"),
        (("no",), Verdict.IN_SCOPE, None),
    ]
    assert settling.words([question]) == (
        "‘Independently reviewed’ alone settles this case. If yes: out of scope, by ‘Not already independently "
        "reviewed’. If no: in scope."
    )
