"""What an edition of the terms changes in another, in plain words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

from service.clock import day_in_words
from service.terms.calendar import Period
from service.terms.model import Accepted, Milestone, Participation, Terms

T = TypeVar("T")


class About(StrEnum):
    """What a change is about."""

    TITLE = "title"
    FORCES = "forces"
    CONTRACTS = "contracts"
    CALENDAR = "calendar"
    MILESTONES = "milestones"


class TermsChange(Struct, frozen=True):
    """One change, as a sentence."""

    about: About
    says: str


def changes_of_terms(before: Terms, after: Terms, title: Callable[[str], str]) -> tuple[TermsChange, ...]:
    """Everything that differs in what the two say, in the order in which one reads terms; ``title`` names a force."""
    found: list[TermsChange] = []
    for about, says in (
        (About.TITLE, _titles(before, after)),
        (About.CONTRACTS, _contracts(before, after)),
        (About.CALENDAR, _calendars(before, after)),
        (About.MILESTONES, _milestones(before, after)),
        (About.FORCES, _forces(before, after, title)),
    ):
        found += [TermsChange(about, sentence) for sentence in says]
    return tuple(found)


def _titles(before: Terms, after: Terms) -> Iterator[str]:
    if before.title != after.title:
        yield f"The title is \u201c{after.title}\u201d, in place of \u201c{before.title}\u201d."
    if before.force_list != after.force_list:
        yield f"Forces are named by the list {after.force_list}, in place of {before.force_list}."


def _contracts(before: Terms, after: Terms) -> Iterator[str]:
    for version, old, new in side_by_side(before.contracts, after.contracts, lambda item: item.version):
        name = f"Contract version {version}"
        if old == new:
            continue
        if not old:
            yield f"{name} is accepted {_intervals(new)}."
        elif not new:
            yield f"{name} is not accepted any more; it was {_intervals(old)}."
        else:
            yield f"{name} is accepted {_intervals(new)}; it was {_intervals(old)}."
    order = [[item.version for item in terms.contracts] for terms in (before, after)]
    if order[0] != order[1] and sorted(order[0]) == sorted(order[1]):
        yield f"Who names no contract version writes in {order[1][0]} where that is accepted, and not {order[0][0]}."


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
            yield f"A milestone is added: {_milestone(new[0])}."
        elif not new:
            yield f"A milestone is taken out: {_milestone(old[0])}."
        else:
            yield f"The milestone {name} is {_milestone(new[0])}; it was {_milestone(old[0])}."


def _milestone(item: Milestone) -> str:
    stages = ", ".join(item.stages)
    return f"\u201c{item.title}\u201d, {item.least_percent} % at {stages} by {day_in_words(item.by)}"


def _forces(before: Terms, after: Terms, title: Callable[[str], str]) -> Iterator[str]:
    for force, old, new in side_by_side(before.participation, after.participation, lambda item: item.force):
        if sorted(old, key=_start) == sorted(new, key=_start):
            continue
        name = title(force)
        if not old:
            yield f"{name} joins: it takes part {_parts(new, title)}."
        elif not new:
            yield f"{name} takes no part any more; it took part {_parts(old, title)}."
        elif _ends(new) is not None and _ends(new) != _ends(old):
            yield f"{name} leaves after {_ends(new)}: it takes part {_parts(new, title)}, and did {_parts(old, title)}."
        else:
            yield f"{name} takes part {_parts(new, title)}; it did {_parts(old, title)}."


def _start(item: Participation) -> Period:
    return item.start


def _ends(items: Sequence[Participation]) -> Period | None:
    """The last period of a force that leaves; none where it stays."""
    return max(items, key=_start).until


def _parts(items: Sequence[Participation], title: Callable[[str], str]) -> str:
    return " and ".join(
        _interval(item.start, item.until) + (f", then {title(item.successor)} follows it" if item.successor else "")
        for item in sorted(items, key=_start)
    )


def _intervals(items: Sequence[Accepted]) -> str:
    return " and ".join(_interval(item.start, item.until) for item in items)


def _interval(start: Period, until: Period | None) -> str:
    if until == start:
        return f"for {start} alone"
    return f"from {start}" + ("" if until is None else f" until {until}")


def side_by_side(
    before: Sequence[T], after: Sequence[T], key: Callable[[T], str]
) -> Iterator[tuple[str, list[T], list[T]]]:
    """For each key what the one has under it and what the other; those of ``after`` first, in its order."""
    for name in dict.fromkeys([*map(key, after), *map(key, before)]):
        yield name, [item for item in before if key(item) == name], [item for item in after if key(item) == name]
