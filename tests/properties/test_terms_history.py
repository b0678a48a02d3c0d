"""Laws of following terms by others: what is refused is exactly what would move what was expected or reported.

What must not move is stated here month by month, and, for forces that others follow, by what the picture counts; the
code looks at intervals.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID

from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from service.picture.coverage import CountingReturn, expected_forces
from service.picture.coverage import Participation as Counted
from service.terms.calendar import Period
from service.terms.history import Reported, in_its_way, to_know
from service.terms.model import Terms
from tests.support.terms_drawn import DAYS, FORCES, MONTHS, VERSIONS, reported, terms, terms_after

FAR = MONTHS[-1].plus(24)
Fact = tuple[object, ...]


def facts(said: Terms, months: set[Period], made: tuple[Reported, ...]) -> set[Fact]:
    """What these terms say of months that are over and of returns that were made."""
    found: set[Fact] = set()
    for month in months:
        taking = {force for force in FORCES if month >= said.calendar.first and said.takes_part(force, month)}
        found |= {("expected", month, force) for force in taking}
        found |= {("followed", month, force, said.successor(force, month)) for force in set(FORCES) - taking}
    for each in made:
        if each.version in said.accepted(each.period):
            found.add(("taken in", each.version, each.period))
        if said.takes_part(each.force, each.period):
            found.add(("took part", each.force, each.period))
        found |= {("held by another", force, each.force, each.period) for force in not_counted_for(said, each)}
    return found


def not_counted_for(said: Terms, made: Reported) -> Iterator[str]:
    """The forces that do not count any more because this return was made, as the picture has it."""
    for force in FORCES:
        without, with_it = (force in counting(said, {}, FAR), force in counting(said, {made.force: made.period}, FAR))
        if without and not with_it:
            yield force


def counting(said: Terms, newest: dict[str, Period], at: Period) -> set[str]:
    """Whose returns count for a month, where each force's newest return is for another."""
    numbers = {force: number for number, force in enumerate(FORCES)}
    parts = tuple(
        Counted(
            force=numbers[each.force],
            first_period=each.start.first_day,
            last_period=None if each.until is None else each.until.first_day,
            successor=None if each.successor is None else numbers[each.successor],
        )
        for each in said.participation
    )
    sealed = {
        numbers[force]: CountingReturn(
            force=numbers[force],
            return_id=UUID(int=numbers[force]),
            period=period.first_day,
            revision=1,
            sealed_at=datetime(2026, 1, 1, tzinfo=UTC),
            sealed_position=1,
        )
        for force, period in newest.items()
    }
    return {FORCES[number] for number in expected_forces(parts, sealed, at.first_day)}


def over(said: Terms, today: date) -> set[Period]:
    """The months whose due day is over."""
    return {month for month in MONTHS if month >= said.calendar.first and said.calendar.due(month) < today}


def moves_history(before: Terms, after: Terms, made: tuple[Reported, ...], today: date) -> bool:
    """Whether anything that is past is otherwise under the one than under the other."""
    if after.calendar.first > before.calendar.first or after.force_list != before.force_list:
        return True
    first = before.calendar.first
    if {month for month in over(after, today) if month >= first} != over(before, today):
        return True
    months = over(before, today) | over(after, today)
    was, would = facts(before, months, made), facts(after, months, made)
    kept = ("taken in", "took part")  # a return that was not taken in may be: nothing is moved by it
    return bool((was - would) | {each for each in would - was if each[0] not in kept})


@settings(max_examples=1_000)
@given(st.data())
def test_what_is_refused_is_exactly_what_would_move_history(data: st.DataObject) -> None:
    before = data.draw(terms())
    after = data.draw(terms_after(before))
    made = data.draw(reported(before))
    today = data.draw(DAYS)
    refused = in_its_way(before, after, made, today)
    event("refused" if refused else "allowed")
    assert bool(refused) == moves_history(before, after, made, today), refused


@settings(max_examples=150)
@given(st.data())
def test_terms_stand_in_their_own_way_in_nothing_and_there_is_nothing_to_know(data: st.DataObject) -> None:
    one = data.draw(terms())
    made, today = data.draw(reported(one)), data.draw(DAYS)
    assert in_its_way(one, one, made, today) == ()
    assert to_know(one, one, today) == ()


@settings(max_examples=150)
@given(st.data())
def test_in_which_order_terms_name_things_moves_nothing(data: st.DataObject) -> None:
    before = data.draw(terms())
    after = data.draw(terms_after(before))
    made, today = data.draw(reported(before)), data.draw(DAYS)
    turned = replace(
        after,
        contracts=tuple(data.draw(st.permutations(after.contracts))),
        participation=tuple(data.draw(st.permutations(after.participation))),
        milestones=tuple(data.draw(st.permutations(after.milestones))),
    )
    shuffled = tuple(data.draw(st.permutations(made)))
    assert bool(in_its_way(before, turned, shuffled, today)) == bool(in_its_way(before, after, made, today))
    assert in_its_way(after, turned, (), today) == ()


@settings(max_examples=300)
@given(st.data())
def test_two_steps_that_move_nothing_move_nothing_together(data: st.DataObject) -> None:
    before = data.draw(terms())
    between = data.draw(terms_after(before))
    after = data.draw(terms_after(between))
    made, today = data.draw(reported(before)), data.draw(DAYS)
    if in_its_way(before, between, made, today) or in_its_way(between, after, made, today):
        return
    assert in_its_way(before, after, made, today) == ()


@settings(max_examples=150)
@given(st.data())
def test_what_is_refused_today_is_not_allowed_by_one_more_return(data: st.DataObject) -> None:
    before = data.draw(terms())
    after = data.draw(terms_after(before))
    made, today = data.draw(reported(before)), data.draw(DAYS)
    more = Reported(
        force=data.draw(st.sampled_from(FORCES)),
        period=data.draw(st.sampled_from(MONTHS)),
        version=data.draw(st.sampled_from(VERSIONS)),
    )
    if in_its_way(before, after, made, today):
        assert in_its_way(before, after, (*made, more), today)
