"""What must hold of every verdict, whatever the rules: knowledge settles and never overturns."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from service.criteria.evaluate import Observation, evaluate, is_exact, missing
from service.criteria.rewrites import FOR_SQL, rewritten
from service.criteria.ruling import Definition, define, excluded_by, missing_of
from service.criteria.tree import Criterion, Not, fields_of
from service.criteria.vocabulary import Vocabulary
from tests.support.criteria import criteria, narrowings, observations, settled, vocabularies

AT_ONCE = 10


@st.composite
def cases(draw: st.DrawFn) -> tuple[Vocabulary, Definition, list[Observation]]:
    """A few rules, and observations of which most leave something open."""
    vocabulary = draw(vocabularies())
    rules = draw(st.lists(criteria(vocabulary, null_tests=False), min_size=1, max_size=2))
    return vocabulary, define(rules), draw(st.lists(observations(vocabulary), min_size=AT_ONCE, max_size=AT_ONCE))


@st.composite
def narrowed(draw: st.DrawFn) -> tuple[Definition, list[tuple[Observation, Observation]]]:
    vocabulary, definition, seen = draw(cases())
    return definition, [(observation, draw(narrowings(vocabulary, observation))) for observation in seen]


def test_adding_knowledge_never_turns_in_into_out_or_out_into_in() -> None:
    all_told = settles = 0

    @settings(max_examples=100, deadline=None)
    @given(narrowed())
    def holds(drawn: tuple[Definition, list[tuple[Observation, Observation]]]) -> None:
        nonlocal all_told, settles
        definition, pairs = drawn
        for before, after in pairs:
            first, second = definition.ruling(before), definition.ruling(after)
            if first == 0:
                assert second == 0
            elif first < 0:  # still out; as unknowns settle, an earlier rule may take the charge, never a later one
                assert second < 0
                assert second >= first
            all_told += 1
            settles += first > 0 >= second

    holds()
    assert settles * 10 >= all_told, f"only {settles} of {all_told} narrowings settled anything"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_missing_settles_the_verdict_once_it_is_known(data: st.DataObject) -> None:
    vocabulary, definition, seen = data.draw(cases())
    for observation in seen:
        ruling = definition.ruling(observation)
        lacking = missing_of(ruling, definition.attributes)
        told = {name: data.draw(settled(vocabulary.fields[name], observation[name])) for name in lacking}
        assert definition.ruling({**observation, **told}) <= 0
        assert not any(is_exact(observation[name]) for name in lacking)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_nothing_but_what_is_missing_changes_an_undetermined_ruling(data: st.DataObject) -> None:
    vocabulary, definition, seen = data.draw(cases())
    for observation in seen:
        ruling = definition.ruling(observation)
        if ruling <= 0:
            continue
        lacking = missing_of(ruling, definition.attributes)
        more = data.draw(narrowings(vocabulary, observation))
        assert definition.ruling({**more, **{name: observation[name] for name in lacking}}) == ruling


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_ruling_says_what_the_rules_say_one_by_one(data: st.DataObject) -> None:
    _, definition, seen = data.draw(cases())
    for observation in seen:
        answers = [evaluate(rule, observation) for rule in definition.rules]
        ruling = definition.ruling(observation)
        if False in answers:
            assert excluded_by(ruling) == answers.index(False)
        else:
            named = frozenset().union(*(missing(rule, observation) for rule in definition.rules))
            assert frozenset(missing_of(ruling, definition.attributes)) == named
            assert (ruling == 0) is (None not in answers)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_rewriting_a_condition_changes_no_answer_and_no_missing_attribute(data: st.DataObject) -> None:
    vocabulary = data.draw(vocabularies())
    criterion: Criterion = data.draw(criteria(vocabulary, null_tests=True))
    for observation in data.draw(st.lists(observations(vocabulary), min_size=5, max_size=5)):
        for rewrite in (*FOR_SQL, rewritten):
            for one in (criterion, Not(criterion)):
                assert evaluate(rewrite(one), observation) is evaluate(one, observation)
                assert missing(rewrite(one), observation) == missing(one, observation)
    assert set(fields_of(rewritten(criterion))) == set(fields_of(criterion))
