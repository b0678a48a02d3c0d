"""Every row of the spec table, through every engine."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from service.contract.library import Library
from service.criteria.parse import ConditionError, parse
from service.criteria.ruling import define, missing_of
from service.criteria.tree import fields_of
from service.criteria.vocabulary import Vocabulary
from service.scope.edition import Edition
from service.scope.verdict import Judgement, Verdict, judge, judgement_of
from tests.support import spec
from tests.support.engines import Engine


@pytest.mark.parametrize("row", list(spec.answers()), ids=lambda row: f"{row.condition} | {dict(row.given)}")
def test_a_condition_answers_as_the_table_says(row: spec.Answer, engine: Engine, library: Library) -> None:
    vocabulary = library.contracts[row.vocabulary].vocabulary
    criterion = parse(row.condition, vocabulary, null_tests=row.null_tests)
    observation = spec.observation(library, row.vocabulary, row.given)
    fields = {name: vocabulary.fields[name] for name in fields_of(criterion)}
    assert engine.answers(criterion, fields, [observation]) == [spec.ANSWERS[row.expect]]
    if row.missing is not None:
        definition = define([criterion])
        (ruling,) = engine.rulings(definition, fields, [observation])
        assert set(missing_of(ruling, definition.attributes)) == set(row.missing)


@pytest.mark.parametrize("row", list(spec.refusals()), ids=lambda row: row.condition or "nothing")
def test_a_condition_is_refused_in_its_place_as_the_table_says(row: spec.Refusal, library: Library) -> None:
    with pytest.raises(ConditionError) as refused:
        parse(row.condition, library.contracts[row.vocabulary].vocabulary, null_tests=False)
    error = refused.value
    assert (error.column, error.says, error.do) == (row.column, row.says, row.do)


@pytest.mark.parametrize("case", list(spec.cases()), ids=lambda case: f"{case.scope}: {case.name}")
def test_a_case_is_judged_as_the_table_says(
    case: spec.Case, engine: Engine, library: Library, editions: Mapping[str, Edition]
) -> None:
    edition = editions[case.scope]
    expected = Judgement(Verdict(case.expect), rule=case.rule, missing=case.missing)
    observation = spec.observed_under(library, case, edition.vocabulary)
    vocabulary: Vocabulary = library.contracts[edition.vocabulary].vocabulary
    fields = {name: vocabulary.fields[name] for name in edition.definition.attributes}
    (ruling,) = engine.rulings(edition.definition, fields, [observation])
    assert judgement_of(edition, ruling) == expected
    assert judge(edition, observation) == expected


def test_the_reference_page_is_what_the_table_says() -> None:
    assert spec.PAGE.read_text(encoding="utf-8") == spec.page(), (
        "docs/reference/conditions.md is stale: uv run python -m tests.support.spec"
    )
