"""Laws of the words: exact, complete, and English."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.contract.library import load_library
from service.contract.model import PartName
from service.criteria.evaluate import evaluate
from service.criteria.parse import parse
from service.criteria.rewrites import rewritten
from service.criteria.tree import Criterion, Not, OneOf, fields_of
from service.criteria.undecided import undecided
from service.criteria.vocabulary import FieldType, Kind, Vocabulary
from service.criteria.wording import Titles, day, number, sentence, titles
from tests.support.criteria import LISTS, criteria, mask_of, observations, settled, vocabularies
from tests.support.wording import read_back, tricky_titles

CONTRACTS = load_library().contracts
NAMES = Vocabulary("plain", {name: FieldType(name, Kind.NUMBER) for name in ("a", "b")}, {})
SQL = re.compile(r"[_=<>;]|\b(?:null|select|where|from|true|false|unknown|case|when|like|exists)\b", re.IGNORECASE)
IN_QUOTES = re.compile(r"‘[^’]*’(?: \([a-z0-9_]+\))?")


@st.composite
def worded(draw: st.DrawFn, *, null_tests: bool = True) -> tuple[Criterion, Titles]:
    vocabulary = draw(vocabularies())
    return draw(criteria(vocabulary, null_tests=null_tests)), draw(tricky_titles(vocabulary))


@settings(max_examples=400, deadline=None)
@given(worded())
def test_a_sentence_is_read_back_as_the_condition_that_it_was_made_of(drawn: tuple[Criterion, Titles]) -> None:
    """So no two conditions read alike: one sentence can only be read as one tree."""
    criterion, known = drawn
    assert read_back(sentence(criterion, known), known) == rewritten(criterion)


@settings(max_examples=100, deadline=None)
@given(worded())
def test_a_sentence_names_every_field_and_no_word_of_the_language_of_databases(
    drawn: tuple[Criterion, Titles],
) -> None:
    criterion, known = drawn
    words = sentence(criterion, known)
    assert all(known.fields[name] in words for name in fields_of(criterion))
    assert not SQL.search(IN_QUOTES.sub("", words))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(LISTS["long"]), min_size=1, max_size=9, unique=True), st.booleans(), st.data())
def test_a_list_of_codes_however_long_is_read_back(codes: list[str], negated: bool, data: st.DataObject) -> None:
    field = FieldType("c", Kind.CODE, "long", LISTS["long"])
    known = data.draw(tricky_titles(Vocabulary("codes", {"c": field}, {})))
    leaf = OneOf("c", mask_of(field, tuple(codes)), tuple(codes))
    criterion = Not(leaf) if negated else leaf
    assert read_back(sentence(criterion, known), known) == criterion


@pytest.mark.parametrize("version", CONTRACTS)
def test_every_published_condition_is_read_back_from_its_sentence(version: str) -> None:
    contract, checked = CONTRACTS[version], 0
    for rule in contract.rules:
        for part in rule.parts if rule.criterion is not None else ():
            known = contract.titles[part]
            assert read_back(sentence(rule.criterion, known), known) == rewritten(rule.criterion), rule.id
            checked += 1
    known = contract.titles[PartName.CASE]
    for field in contract.parts[PartName.CASE].fields:
        for item in field.derive:
            assert read_back(sentence(item.criterion, known), known) == rewritten(item.criterion)
    assert checked > 50


@pytest.mark.parametrize("version", CONTRACTS)
def test_no_two_fields_of_a_published_part_are_called_the_same(version: str) -> None:
    for known in CONTRACTS[version].titles.values():
        assert not [title for title in known.fields.values() if title.endswith(")")]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_leaves_a_condition_undecided_is_what_the_evaluator_finds(data: st.DataObject) -> None:
    vocabulary = data.draw(vocabularies())
    criterion = data.draw(criteria(vocabulary, null_tests=False))
    found = undecided(criterion, vocabulary)
    absent = data.draw(st.sampled_from(fields_of(criterion)))
    seen = {**data.draw(observations(vocabulary)), absent: None}
    if absent in found.always:
        assert evaluate(criterion, seen) is None
    known = {name: data.draw(settled(vocabulary.fields[name], value)) for name, value in seen.items() if name != absent}
    if evaluate(criterion, {**known, absent: None}) is None:
        assert absent in (*found.always, *found.sometimes)


@pytest.mark.parametrize(
    ("condition", "always", "sometimes"),
    [
        ("a >= 2", ("a",), ()),
        ("a >= 2 and b >= 2", (), ("a", "b")),
        ("a >= 2 or b >= 2", (), ("a", "b")),
        ("a < b", ("a", "b"), ()),
        ("a < b and a >= 2", ("a",), ("b",)),
    ],
)
def test_what_leaves_a_condition_undecided(condition: str, always: tuple[str, ...], sometimes: tuple[str, ...]) -> None:
    found = undecided(parse(condition, NAMES, null_tests=False), NAMES)
    assert (found.always, found.sometimes) == (always, sometimes)


def test_a_set_that_is_the_whole_list_cannot_be_what_decides() -> None:
    code = FieldType("c", Kind.CODE, "list", ("x", "", "y"))
    known = Vocabulary("codes", {"c": code, **NAMES.fields}, {})
    found = undecided(parse("c in ('x', 'y') and a >= 2", known, null_tests=False), known)
    assert (found.always, found.sometimes) == (("a",), ("c",))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (-20, "-20"),
        (10_000, "10,000"),
        (Decimal("26.5"), "26.5"),
        (Decimal("26.50"), "26.5"),
        (Decimal(100), "100"),
        (Decimal("100.00"), "100"),
        (Decimal("-0"), "0"),
    ],
)
def test_a_number_is_written_in_one_way(value: int | Decimal, words: str) -> None:
    assert number(value) == words


def test_a_day_is_written_out() -> None:
    assert day(date(2014, 3, 7)) == "7 March 2014"


def test_a_long_list_of_codes_is_given_by_its_codes() -> None:
    codes = tuple(f"c{place}" for place in range(8))
    known = Vocabulary("codes", {"c": FieldType("c", Kind.CODE, "list", codes)}, {})
    named = titles(known, {"c": "Colour"}, {"list": "Colours"}, {"list": {code: f"Title {code}" for code in codes}})
    few, many = (OneOf("c", (1 << size) - 1, codes[:size]) for size in (5, 6))
    assert sentence(few, named).startswith("‘Colour’ is ‘Title c0’ (c0), ")
    assert sentence(many, named) == "‘Colour’ is one of the codes c0, c1, c2, c3, c4 and c5 of ‘Colours’"
