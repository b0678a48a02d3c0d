"""What an edition of the terms changes in another, in plain words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

from service.terms.calendar import Period
from service.terms.model import Participation, Terms
from service.terms.words import (
    About,
    Sentence,
    Title,
    accepted_in_words,
    interval_in_words,
    milestone_in_words,
    participation_in_words,
)

T = TypeVar("T")


def changes_of_terms(before: Terms, after: Terms, title: Title) -> tuple[Sentence, ...]:
    """Everything that differs in what the two say, in the order in which one reads terms; ``title`` names a force."""
    found: list[Sentence] = []
    for about, says in (
        (About.TITLE, _titles(before, after)),
        (About.CONTRACTS, _contracts(before, after)),
        (About.CALENDAR, _calendars(before, after)),
        (About.MILESTONES, _milestones(before, after)),
        (About.FORCES, _forces(before, after, title)),
    ):
        found += [Sentence(about, sentence) for sentence in says]
    return tuple(found)


def _titles(before: Terms, after: Terms) -> Iterator[str]:
    if before.title != after.title:
        yield f"The title is \u201c{after.title}\u201d, in place of \u201c{before.title}\u201d."
    if before.source != after.source:
        yield f"The source is \u201c{after.source}\u201d, in place of \u201c{before.source}\u201d."
    if before.force_list != after.force_list:
        yield f"Forces are named by the list {after.force_list}, in place of {before.force_list}."


def _contracts(before: Terms, after: Terms) -> Iterator[str]:
    for version, *both in side_by_side(before.contracts, after.contracts, lambda item: item.version):
        name = f"Contract version {version}"
        old, new = (sorted(items, key=lambda item: item.start) for items in both)
        if old == new:
            continue
        if not old:
            yield f"{name} is accepted {accepted_in_words(new)}."
        elif not new:
            yield f"{name} is not accepted any more; it was {accepted_in_words(old)}."
        else:
            yield f"{name} is accepted {accepted_in_words(new)}; it was {accepted_in_words(old)}."
    for (was, now), stretch in _usual_versions(before, after):
        yield f"Who names no contract version writes in {now} {stretch}, and not in {was}."


def _usual_versions(before: Terms, after: Terms) -> Iterator[tuple[tuple[str, str], str]]:
    """Where another version than before is taken for a return that names none, though the one before is accepted too:
    the two, and for which periods."""
    ends = [
        end
        for item in (*before.contracts, *after.contracts)
        for end in (item.start, None if item.until is None else item.until.plus(1))
        if end is not None
    ]
    found: list[tuple[tuple[str, str], Period, Period | None]] = []
    for start, following in pairwise([*sorted(set(ends)), None]):
        if start is None:
            continue
        was, now = before.accepted(start)[:1], after.accepted(start)
        if not was or not now or was[0] == now[0] or was[0] not in now:
            continue
        until = None if following is None else following.plus(-1)
        if found and found[-1][0] == (was[0], now[0]) and found[-1][2] == start.plus(-1):
            found[-1] = (*found[-1][:2], until)
        else:
            found.append(((was[0], now[0]), start, until))
    for versions, start, until in found:
        yield versions, interval_in_words(start, until)


def _calendars(before: Terms, after: Terms) -> Iterator[str]:
    old, new = before.calendar, after.calendar
    if old.first != new.first:
        yield f"The first period is {new.first}, in place of {old.first}."
    if old.due_days != new.due_days:
        yield f"A return is due {new.due_days} days after the end of its period, in place of {old.due_days}."


def _milestones(before: Terms, after: Terms) -> Iterator[str]:
    for name, old, new in side_by_side(before.milestones, after.milestones, lambda item: item.id):
        if old == new:
            continue
        if not old:
            yield f"A milestone is added: {milestone_in_words(new[0])}."
        elif not new:
            yield f"A milestone is taken out: {milestone_in_words(old[0])}."
        else:
            yield f"The milestone {name} is {milestone_in_words(new[0])}; it was {milestone_in_words(old[0])}."


def _forces(before: Terms, after: Terms, title: Title) -> Iterator[str]:
    for force, old, new in side_by_side(before.participation, after.participation, lambda item: item.force):
        if sorted(old, key=_start) == sorted(new, key=_start):
            continue
        name, was, does = title(force), participation_in_words(old, title), participation_in_words(new, title)
        before_these = f"By the terms before, {name} takes part {was}."
        if not old:
            yield f"{name} joins: it takes part {does}."
        elif not new:
            yield f"{name} takes no part any more; it took part {was}."
        elif _ends(new) is not None and _ends(new) != _ends(old):
            yield f"{name} leaves after {_ends(new)}: it takes part {does}. {before_these}"
        else:
            yield f"{name} takes part {does}. {before_these}"


def _start(item: Participation) -> Period:
    return item.start


def _ends(items: Sequence[Participation]) -> Period | None:
    """The last period of a force that leaves; none where it stays."""
    return max(items, key=_start).until


def side_by_side(
    before: Sequence[T], after: Sequence[T], key: Callable[[T], str]
) -> Iterator[tuple[str, list[T], list[T]]]:
    """For each key what the one has under it and what the other; those of ``after`` first, in its order."""
    for name in dict.fromkeys([*map(key, after), *map(key, before)]):
        yield name, [item for item in before if key(item) == name], [item for item in after if key(item) == name]
