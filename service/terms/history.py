"""What an edition of the terms must leave as it is: what was expected, and what was reported, before it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from service.clock import day_in_words
from service.terms.calendar import Period
from service.terms.difference import side_by_side
from service.terms.model import Milestone, Participation, Terms

_NAMED = 5
"""Of forces that a sentence is about, so many by name."""
_FARTHEST: Final = timedelta(days=3_653)
"""Ten years ahead are looked at, period by period; what comes later is looked at when its day has come."""


class Reported(Struct, frozen=True, kw_only=True):
    """A return that is open or sealed: whose, for which period, in which contract version."""

    force: str
    period: Period
    version: str


def in_its_way(
    before: Terms, after: Terms, reported: Collection[Reported], today: date, effective: date | None = None
) -> tuple[str, ...]:
    """Why ``after`` cannot follow ``before``, in sentences; nothing where the past stays as it is. What is past is what
    is so on the first day on which it can follow: today, or ``effective`` where that is later, within ten years."""
    day = max(today, min(effective or today, today + _FARTHEST))
    return (
        *_calendar(before, after, day, later=day > today),
        *_expected(before, after, day, later=day > today),
        *_reported(before, after, reported),
        *_taken_over(before, after, reported),
    )


def to_know(before: Terms, after: Terms, day: date) -> tuple[str, ...]:
    """What is allowed, and is to be known before one adopts it; ``day`` is the first on which it can hold."""
    return (*_due_days(before, after), *_uncounted(before, after), *_planned_by(before, after, day))


def _due_days(before: Terms, after: Terms) -> Iterator[str]:
    if before.calendar.due_days != after.calendar.due_days:
        yield (
            f"Due days move for every period, past ones too: {_days(after)} after its end, in place of "
            f"{_days(before)}. A picture as of an earlier moment keeps the due days of the terms that held then."
        )


def _uncounted(before: Terms, after: Terms) -> Iterator[str]:
    """Forces that leave and are followed by nobody: what they sealed counts no longer than they take part."""
    leaving: dict[Period, list[str]] = {}
    for force in after.forces():
        last = _last(after, force)
        if last is not None and last.until is not None and last.successor is None and last != _last(before, force):
            leaving.setdefault(last.until, []).append(force)
    for until, forces in sorted(leaving.items()):
        them = "it: its" if len(forces) == 1 else "them: their"
        yield (
            f"{_named(forces)} {'leaves' if len(forces) == 1 else 'leave'} after {until}, and no force follows {them} "
            f"cases are in no national figure from the day on which the return for {until.plus(1)} is due."
        )


def _last(terms: Terms, force: str) -> Participation | None:
    """The last interval of a force."""
    return max((item for item in terms.participation if item.force == force), key=lambda item: item.start, default=None)


def _planned_by(before: Terms, after: Terms, day: date) -> Iterator[str]:
    """Milestones that forces have planned by, or cannot any more."""
    for _, old, new in side_by_side(before.milestones, after.milestones, lambda item: item.id):
        if not new:
            yield f"The milestone {_milestone(old[0])} is taken out. Forces have planned by it: tell them what holds."
        elif new[0].by < day and (not old or old[0].by != new[0].by):
            was = f"; it was {day_in_words(old[0].by)}" if old else ""
            yield (
                f"The milestone {_milestone(new[0])} is over before these terms can hold, on {day_in_words(day)}{was}: "
                "no force can plan by it."
            )


def _milestone(item: Milestone) -> str:
    return f"\u201c{item.title}\u201d of {day_in_words(item.by)}"


def _days(terms: Terms) -> str:
    return f"{terms.calendar.due_days} days"


def _calendar(before: Terms, after: Terms, today: date, *, later: bool) -> Iterator[str]:
    old, new = before.calendar, after.calendar
    if new.first > old.first:
        yield f"The first period would move on from {old.first} to {new.first}, away from what was reported before it."
    if before.force_list != after.force_list:
        yield (
            f"The list of forces would be {after.force_list} and not {before.force_list}: a new list is published "
            "with the terms that use it, as files."
        )
    due, would_be = (_last_past(terms, today) for terms in (before, _with_first(after, before)))
    if due is not None and (would_be is None or would_be < due):
        was = f"will have been due by {day_in_words(today)}" if later else "was due"
        yield f"The return for {due} {was}, and would not be any more."
    if would_be is not None and (due is None or would_be > due):
        yield f"The return for {would_be} would be overdue on the day on which these terms come into force."


def _with_first(terms: Terms, like: Terms) -> Terms:
    """The same terms with the first period of others: what else moves is looked at by itself."""
    return replace(terms, calendar=replace(terms.calendar, first=like.calendar.first))


def _last_past(terms: Terms, today: date) -> Period | None:
    """The last period whose due day is over."""
    return terms.calendar.last_due(today - timedelta(days=1))


def _expected(before: Terms, after: Terms, today: date, *, later: bool) -> Iterator[str]:
    """Who was expected for a period whose due day is over is not changed, whichever of the two says that it is over."""
    ends = [end for end in (_last_past(before, today), _last_past(after, today)) if end is not None]
    if not ends:
        return
    past = max(ends)
    first = min(before.calendar.first, after.calendar.first)
    joining: dict[str, list[Period]] = {}
    leaving: dict[str, list[Period]] = {}
    following: dict[str, list[Period]] = {}
    period = first
    while period <= past:
        was, would = _of(before, period), _of(after, period)
        for force in sorted(would - was):
            joining.setdefault(force, []).append(period)
        for force in sorted(was - would):
            leaving.setdefault(force, []).append(period)
        for force in dict.fromkeys((*before.forces(), *after.forces())):
            if force not in was | would and before.successor(force, period) != after.successor(force, period):
                following.setdefault(force, []).append(period)
        period = period.plus(1)
    passed = f"will have passed by {day_in_words(today)}" if later else "has passed"
    yield from _in_sentences(joining, "would be expected after all for", passed)
    yield from _in_sentences(leaving, "would not have been expected for", passed)
    yield from _in_sentences(following, "would be followed by another than before for", passed)


def _of(terms: Terms, period: Period) -> set[str]:
    return set(terms.participants(period)) if period >= terms.calendar.first else set()


def _in_sentences(found: dict[str, list[Period]], says: str, passed: str) -> Iterator[str]:
    """One sentence for all forces of which the same is to be said."""
    alike: dict[tuple[Period, ...], list[str]] = {}
    for force, periods in found.items():
        alike.setdefault(tuple(periods), []).append(force)
    for stretch, forces in alike.items():
        yield f"{_named(forces)} {says} {_stretch(stretch)}, and the due day {passed}."


def _reported(before: Terms, after: Terms, reported: Collection[Reported]) -> Iterator[str]:
    versions: dict[tuple[str, Period], list[str]] = {}
    removed: dict[str, list[Period]] = {}
    for item in sorted(reported, key=lambda item: (item.period, item.force)):
        taken = item.version in before.accepted(item.period) and item.version not in after.accepted(item.period)
        if taken:
            versions.setdefault((item.version, item.period), []).append(item.force)
        if before.takes_part(item.force, item.period) and not after.takes_part(item.force, item.period):
            removed.setdefault(item.force, []).append(item.period)
    for (version, period), forces in versions.items():
        yield (
            f"Contract version {version} would not be accepted for {period}, and a return for it is open or sealed "
            f"in that version by {_named(forces)}."
        )
    for force, periods in removed.items():
        yield f"{force} would not take part in {_stretch(periods)}, and has a return for it that is open or sealed."


def _taken_over(before: Terms, after: Terms, reported: Collection[Reported]) -> Iterator[str]:
    """Who follows a force has its cases from the first return after it left, and so has whoever follows that one
    (semantics 30). A return was begun with the cases that it was to hold then: it neither gets nor loses any."""
    was, would = _heirs(before, reported), _heirs(after, reported)
    for (force, heir), (until, periods) in would.items():
        later = sorted(periods - was.get((force, heir), (until, frozenset()))[1])
        if later:
            yield (
                f"{heir} would have taken over {force} after {until}, and its return for {later[0]} is open or sealed "
                f"already, without what {force} held: let {force} leave after {later[-1]}."
            )
    for (force, heir), (until, periods) in was.items():
        later = sorted(periods - would.get((force, heir), (until, frozenset()))[1])
        if later:
            yield (
                f"{heir} has taken over {force} after {until}, and would not have: its return for {later[0]} is open "
                f"or sealed already, with what {force} held."
            )


def _heirs(terms: Terms, reported: Collection[Reported]) -> Mapping[tuple[str, str], tuple[Period, frozenset[Period]]]:
    """By the force that left and who has its cases: after which period, and of which later ones there is a return."""
    follows = {item.force: item.successor for item in terms.participation if item.successor is not None}
    found: dict[tuple[str, str], tuple[Period, frozenset[Period]]] = {}
    for item in terms.participation:
        heir, passed = item.successor, {item.force}
        while item.until is not None and heir is not None and heir not in passed:
            passed.add(heir)
            periods = frozenset(each.period for each in reported if each.force == heir and each.period > item.until)
            found[item.force, heir] = (item.until, periods)
            heir = follows.get(heir)
    return found


def _named(forces: Sequence[str]) -> str:
    more = len(forces) - _NAMED
    if more > 0:
        return f"{', '.join(forces[:_NAMED])} and {more} more"
    return forces[0] if len(forces) == 1 else f"{', '.join(forces[:-1])} and {forces[-1]}"


def _stretch(periods: Iterable[Period]) -> str:
    found = list(periods)
    return str(found[0]) if len(found) == 1 else f"{len(found)} periods from {found[0]} to {found[-1]}"
