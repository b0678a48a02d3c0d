"""Laws of the difference between two editions: nothing from nothing, every rule once, and as few moves as can be."""

from __future__ import annotations

from itertools import combinations

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from service.contract.library import load_library
from service.criteria.meaning import meaning
from service.criteria.rewrites import rewritten
from service.criteria.ruling import define
from service.criteria.tree import And, Criterion, Not, Or
from service.criteria.written import written
from service.scope.carried import carried_rules
from service.scope.difference import Condition, Difference, difference
from service.scope.difference_words import difference_in_words
from service.scope.edition import Edition, Rule, State
from service.scope.part_words import changes_in_words
from service.scope.published import edition_of, published_editions
from tests.support.criteria import criteria, vocabularies
from tests.support.wording import tricky_titles

LIBRARY = load_library()
CONDITIONS = (
    "suspect_count >= 2",
    "suspect_count > 1",
    "suspect_count between 2 and 9 and victim_count >= 1",
    "victim_count >= 1 and suspect_count >= 2 and suspect_count <= 9",
    "outcome in nfa_outcomes",
    "outcome in ('5', '9')",
    "nfa_date >= '2010-01-01' or nfa_by = 'police'",
)


@st.composite
def editions(draw: st.DrawFn, name: str) -> Edition:
    """An edition of a few rules out of a small stock of ids, titles and conditions."""
    ids = draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True))
    rules = [
        {
            "id": each,
            "title": draw(st.sampled_from(["One", "Two"])),
            "guidance": draw(st.sampled_from(["Look.", "Count."])),
            "when": draw(st.sampled_from(CONDITIONS)),
        }
        for each in ids
    ]
    head = {"edition": name, "title": draw(st.sampled_from(["A", "B"])), "state": "draft"}
    version = draw(st.sampled_from(list(LIBRARY.contracts)))
    return edition_of({**head, "vocabulary": version, "rules": rules}, LIBRARY)


PAIRS = st.tuples(editions("before"), editions("after"))


@settings(max_examples=100, deadline=None)
@given(editions("one"))
def test_an_edition_changes_nothing_in_itself(edition: Edition) -> None:
    found = difference(edition, edition)
    assert found.is_empty
    assert found.kept == edition.rule_ids
    words = difference_in_words(LIBRARY, found)
    assert (words.rules, words.vocabulary, words.title) == ((), (), None)


@settings(max_examples=80, deadline=None)
@given(PAIRS)
def test_every_rule_of_both_is_accounted_for_once(pair: tuple[Edition, Edition]) -> None:
    before, after = pair
    found = difference(before, after, LIBRARY)
    both = [item.id for item in found.changed] + list(found.kept)
    assert sorted([*both, *(rule.id for rule in found.removed)]) == sorted(before.rule_ids)
    assert sorted([*both, *(rule.id for rule in found.added)]) == sorted(after.rule_ids)


@settings(max_examples=80, deadline=None)
@given(PAIRS)
def test_the_rules_that_did_not_move_keep_their_order_and_no_more_of_them_could(pair: tuple[Edition, Edition]) -> None:
    before, after = pair
    moved = [item.id for item in difference(before, after).moved]
    both = [name for name in after.rule_ids if name in before.rule_ids]
    stays = [name for name in both if name not in moved]
    assert _in_order(stays, before.rule_ids)
    more = combinations(both, len(stays) + 1)
    assert not any(_in_order(chosen, before.rule_ids) for chosen in more)


@settings(max_examples=80, deadline=None)
@given(PAIRS)
def test_a_rule_that_moved_stands_at_another_place_wherever_as_few_moves_allow_it(
    pair: tuple[Edition, Edition],
) -> None:
    before, after = pair
    moves = difference(before, after).moved
    both = [name for name in after.rule_ids if name in before.rule_ids]
    choices = combinations(both, len(both) - len(moves))
    standing = [_standing(chosen, *pair) for chosen in choices if _in_order(chosen, before.rule_ids)]
    assert sum(move.before == move.after for move in moves) == _standing(both, *pair) - max(standing)


def _standing(names: tuple[str, ...] | list[str], before: Edition, after: Edition) -> int:
    """How many of these rules stand where they stood."""
    return sum(before.rule_ids.index(name) == after.rule_ids.index(name) for name in names)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 20))
def test_of_an_odd_number_of_rules_turned_round_all_but_the_middle_one_moved(half: int) -> None:
    ids = [f"r{place}" for place in range(2 * half + 1)]
    before, after = (_of_rules(order) for order in (ids, ids[::-1]))
    assert [move.id for move in difference(before, after).moved] == [each for each in ids[::-1] if each != ids[half]]


def _of_rules(ids: list[str]) -> Edition:
    rules = [{"id": each, "title": each, "guidance": "Look.", "when": CONDITIONS[0]} for each in ids]
    head = {"edition": "one", "title": "A", "state": "draft", "vocabulary": LIBRARY.newest.version}
    return edition_of({**head, "rules": rules}, LIBRARY)


def _in_order(chosen: tuple[str, ...] | list[str], order: tuple[str, ...]) -> bool:
    return [name for name in order if name in chosen] == list(chosen)


@settings(max_examples=100, deadline=None)
@given(PAIRS)
def test_the_difference_the_other_way_round_changes_the_same_rules(pair: tuple[Edition, Edition]) -> None:
    there, back = difference(*pair, LIBRARY), difference(*reversed(pair), LIBRARY)
    assert {rule.id for rule in there.added} == {rule.id for rule in back.removed}
    assert {(item.id, item.condition) for item in there.changed} == {(item.id, item.condition) for item in back.changed}
    assert len(there.moved) == len(back.moved)


@settings(max_examples=100, deadline=None)
@given(PAIRS)
def test_every_rule_that_is_not_kept_is_told_once_with_what_changed(pair: tuple[Edition, Edition]) -> None:
    found = difference(*pair, LIBRARY)
    words = difference_in_words(LIBRARY, difference(*pair))
    assert sorted(rule.id for rule in words.rules) == sorted(_not_as_it_was(found))
    assert all(rule.says and all(text.endswith(".") for text in rule.says) for rule in words.rules)


def _not_as_it_was(found: Difference) -> set[str]:
    there = {rule.id for rule in (*found.added, *found.removed)}
    return there | {item.id for item in found.changed} | {item.id for item in found.moved}


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_whatever_two_conditions_are_the_change_can_be_said(data: st.DataObject) -> None:
    vocabulary = data.draw(vocabularies())
    one, other = data.draw(criteria(vocabulary, null_tests=False)), data.draw(criteria(vocabulary, null_tests=False))
    known = data.draw(tricky_titles(vocabulary))
    assert all(text.endswith(".") for text in changes_in_words(one, other, known))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_chain_turned_into_its_opposite_is_told_as_that_either_way(data: st.DataObject) -> None:
    vocabulary = data.draw(vocabularies())
    chain = data.draw(criteria(vocabulary, null_tests=False).filter(_is_chain))
    known = data.draw(tricky_titles(vocabulary))
    says = ("It is the opposite of what it was.",)
    assert changes_in_words(chain, Not(chain), known) == changes_in_words(Not(chain), chain, known) == says


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_same_parts_joined_otherwise_are_told_as_that(data: st.DataObject) -> None:
    vocabulary = data.draw(vocabularies())
    single = criteria(vocabulary, null_tests=False).filter(lambda part: not _is_chain(part))
    parts = tuple(data.draw(st.lists(single, min_size=2, max_size=4, unique_by=meaning)))
    every, one = And(parts), Or(parts[::-1])
    assume(meaning(Not(every)) != meaning(one))
    known = data.draw(tricky_titles(vocabulary))
    assert changes_in_words(every, one, known) == ("All of its parts had to hold; one of them is enough now.",)
    assert changes_in_words(one, every, known) == ("One of its parts was enough; all of them have to hold now.",)


def _is_chain(criterion: Criterion) -> bool:
    return isinstance(rewritten(criterion), And | Or)


def test_a_published_edition_read_forward_changes_nothing_but_its_vocabulary() -> None:
    for edition in published_editions(LIBRARY).values():
        newest = LIBRARY.newest
        rules = [
            {"id": rule.id, "title": rule.title, "guidance": rule.guidance, "when": rule.when}
            for rule in _forward(edition, newest.version)
        ]
        head = {"edition": "later", "title": edition.title, "state": "draft", "vocabulary": newest.version}
        found = difference(edition, edition_of({**head, "rules": rules}, LIBRARY), LIBRARY)
        assert found.kept == edition.rule_ids
        assert (found.added, found.removed, found.moved) == ((), (), ())


def _forward(edition: Edition, version: str) -> list[Rule]:
    return [rule for rule in carried_rules(LIBRARY, edition, version) if isinstance(rule, Rule)]


def test_a_condition_written_otherwise_is_told_as_the_same() -> None:
    (published,) = [each for each in published_editions(LIBRARY).values() if each.state is State.IN_FORCE]
    rules = tuple(replace(rule, when=f"({written(rule.criterion)})") for rule in published.rules)
    other = replace(published, name="other", rules=rules, definition=define(rule.criterion for rule in rules))
    found = difference(published, other)
    assert {item.condition for item in found.changed} == {Condition.RESTATED}
    says = {text for rule in difference_in_words(LIBRARY, found).rules for text in rule.says}
    assert says == {"The condition is written otherwise, and means the same."}
