"""Laws of the difference between two editions of the terms: nothing from nothing, and every changed entry once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from service.terms.calendar import Period
from service.terms.difference import changes_of_terms
from service.terms.history import to_know
from service.terms.model import Terms
from service.terms.words import About
from tests.support.terms_drawn import DAYS, FORCES, MONTHS, VERSIONS, another_version, terms, terms_after

FAR = MONTHS[-1].plus(24)


def title(force: str) -> str:
    return f"{force.capitalize()} Police"


def said(before: Terms, after: Terms, about: About) -> list[str]:
    return [each.says for each in changes_of_terms(before, after, title) if each.about is about]


def changed(names: Sequence[str], what: Callable[[Terms, str], object], *both: Terms) -> list[str]:
    """The names of which two editions do not say the same, whatever the order."""
    return [name for name in names if what(both[0], name) != what(both[1], name)]


def intervals(of: Terms, force: str) -> set[object]:
    return {each for each in of.participation if each.force == force}


def accepted(of: Terms, version: str) -> set[object]:
    return {each for each in of.contracts if each.version == version}


def milestone(of: Terms, name: str) -> set[object]:
    return {each for each in of.milestones if each.id == name}


def usual(of: Terms, month: Period) -> str | None:
    """The version of a return that names none."""
    return next(iter(of.accepted(month)), None)


@settings(max_examples=150)
@given(st.data())
def test_terms_change_nothing_in_themselves_however_their_entries_are_ordered(data: st.DataObject) -> None:
    one = data.draw(terms())
    turned = replace(
        one,
        participation=tuple(data.draw(st.permutations(one.participation))),
        milestones=tuple(data.draw(st.permutations(one.milestones))),
    )
    assert changes_of_terms(one, one, title) == ()
    assert changes_of_terms(one, turned, title) == ()


@settings(max_examples=300)
@given(st.data())
def test_every_changed_entry_is_named_once_and_no_other(data: st.DataObject) -> None:
    before = data.draw(terms())
    after = data.draw(terms_after(before))
    named = {
        About.FORCES: [title(force) for force in changed(FORCES, intervals, before, after)],
        About.CONTRACTS: [f"Contract version {name} " for name in changed(VERSIONS, accepted, before, after)],
    }
    for about, beginnings in named.items():
        sentences = [each for each in said(before, after, about) if not each.startswith("Who names no")]
        assert Counter(next((b for b in beginnings if each.startswith(b)), each) for each in sentences) == Counter(
            beginnings
        )
    assert len(said(before, after, About.MILESTONES)) == len(changed(("m1", "m2"), milestone, before, after))
    assert len(said(before, after, About.CALENDAR)) == (before.calendar.first != after.calendar.first) + (
        before.calendar.due_days != after.calendar.due_days
    )
    assert len(said(before, after, About.TITLE)) == sum(
        getattr(before, name) != getattr(after, name) for name in ("title", "source", "force_list")
    )


@settings(max_examples=300)
@given(st.data())
def test_another_version_for_who_names_none_is_told_for_exactly_the_months_in_which_it_is(data: st.DataObject) -> None:
    before = data.draw(terms())
    after = replace(before, contracts=tuple(data.draw(st.permutations(before.contracts))))
    after = data.draw(st.just(after) | another_version(after))
    told = " ".join(each for each in said(before, after, About.CONTRACTS) if each.startswith("Who names no"))
    moved = {
        (usual(before, month), usual(after, month))
        for month in (*MONTHS, FAR)
        if usual(before, month) not in (None, usual(after, month)) and usual(before, month) in after.accepted(month)
    }
    assert bool(told) == bool(moved)
    for was, now in moved:
        assert f"writes in {now} " in told
        assert f"and not in {was}." in told


@settings(max_examples=150)
@given(st.data())
def test_the_way_back_names_as_many_entries(data: st.DataObject) -> None:
    before = data.draw(terms())
    after = data.draw(terms_after(before))
    on, back = ([each.about for each in changes_of_terms(*pair, title)] for pair in ((before, after), (after, before)))
    for about in (About.TITLE, About.CALENDAR, About.MILESTONES, About.FORCES):
        assert on.count(about) == back.count(about)


def all_said(of: Terms) -> tuple[object, ...]:
    """What terms say, whatever the order of their entries."""
    usually = tuple(usual(of, month) for month in (*MONTHS, FAR))
    entries = (frozenset(of.contracts), frozenset(of.milestones), frozenset(of.participation))
    return (of.title, of.source, of.force_list, of.calendar, usually, *entries)


@settings(max_examples=300)
@given(st.data())
def test_nothing_is_told_exactly_where_both_say_the_same(data: st.DataObject) -> None:
    before = data.draw(terms())
    after = data.draw(terms_after(before))
    assert (changes_of_terms(before, after, title) == ()) == (all_said(before) == all_said(after))


@settings(max_examples=200)
@given(st.data())
def test_each_milestone_that_nobody_can_plan_by_any_more_is_warned_of_and_no_other(data: st.DataObject) -> None:
    before = data.draw(terms())
    after, day = data.draw(terms_after(before)), data.draw(DAYS)
    was = {each.id: each.by for each in before.milestones}
    now = {each.id: each.by for each in after.milestones}
    over = [name for name, by in now.items() if by < day and was.get(name, date.max) != by]
    warned = [each for each in to_know(before, after, day) if each.startswith("The milestone")]
    assert len(warned) == len(over) + len(was.keys() - now.keys())
    assert sum("is taken out" in each for each in warned) == len(was.keys() - now.keys())
