"""The reference evaluator, PostgreSQL and DuckDB say the same of everything."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from service.criteria.evaluate import Observation, evaluate
from service.criteria.ruling import Definition, define, unmarked
from service.criteria.tree import Criterion
from service.criteria.vocabulary import Vocabulary
from tests.support.criteria import criteria, observations, vocabularies
from tests.support.engines import DuckDb, Postgres, Reference

AT_ONCE = 20
"""Observations an example: one statement to each database judges them all."""


@st.composite
def seen(draw: st.DrawFn, vocabulary: Vocabulary) -> list[Observation]:
    return draw(st.lists(observations(vocabulary), min_size=AT_ONCE, max_size=AT_ONCE))


@st.composite
def scopes(draw: st.DrawFn) -> tuple[Vocabulary, Definition, list[Observation]]:
    vocabulary = draw(vocabularies())
    rules = draw(st.lists(criteria(vocabulary, null_tests=False), min_size=1, max_size=5))
    return vocabulary, define(rules), draw(seen(vocabulary))


@st.composite
def validation_rules(draw: st.DrawFn) -> tuple[Vocabulary, Criterion, list[Observation]]:
    vocabulary = draw(vocabularies())
    return vocabulary, draw(criteria(vocabulary, null_tests=True)), draw(seen(vocabulary))


def test_the_reference_postgresql_and_duckdb_give_every_observation_the_same_ruling(
    postgres_engine: Postgres, duckdb_engine: DuckDb
) -> None:
    pairs = 0
    kinds = {"out": 0, "in": 0, "undetermined": 0}

    @settings(max_examples=120, deadline=None)
    @given(scopes())
    def agree(drawn: tuple[Vocabulary, Definition, list[Observation]]) -> None:
        nonlocal pairs
        vocabulary, definition, observed = drawn
        expected = Reference().rulings(definition, vocabulary.fields, observed)
        assert postgres_engine.rulings(definition, vocabulary.fields, observed) == expected
        assert duckdb_engine.rulings(definition, vocabulary.fields, observed) == expected
        pairs += len(observed)
        for ruling in expected:
            kinds["out" if ruling < 0 else "undetermined" if ruling else "in"] += 1

    agree()
    assert pairs >= 2_000
    assert min(kinds.values()) > pairs // 50, f"one verdict hardly ever came up: {kinds}"


def test_a_marked_ruling_tells_what_one_rule_alone_keeps_out(postgres_engine: Postgres, duckdb_engine: DuckDb) -> None:
    kinds = {True: 0, False: 0}

    @settings(max_examples=80, deadline=None)
    @given(scopes())
    def agree(drawn: tuple[Vocabulary, Definition, list[Observation]]) -> None:
        vocabulary, definition, observed = drawn
        rulings = Reference().rulings(definition, vocabulary.fields, observed)
        expected = []
        for ruling, observation in zip(rulings, observed, strict=True):
            true = sum(evaluate(rule, observation) is True for rule in definition.rules)
            expected.append((ruling, ruling < 0 and true == len(definition.rules) - 1))
        for engine in (postgres_engine, duckdb_engine):
            marked = engine.rulings(definition, vocabulary.fields, observed, marked=True)
            assert [unmarked(each) for each in marked] == expected
        for ruling, alone in expected:
            kinds[alone] += ruling < 0

    agree()
    assert min(kinds.values()) > 20, kinds


def test_the_reference_postgresql_and_duckdb_answer_every_validation_rule_alike(
    postgres_engine: Postgres, duckdb_engine: DuckDb
) -> None:
    @settings(max_examples=60, deadline=None)
    @given(validation_rules())
    def agree(drawn: tuple[Vocabulary, Criterion, list[Observation]]) -> None:
        vocabulary, criterion, observed = drawn
        expected = Reference().answers(criterion, vocabulary.fields, observed)
        assert postgres_engine.answers(criterion, vocabulary.fields, observed) == expected
        assert duckdb_engine.answers(criterion, vocabulary.fields, observed) == expected

    agree()
