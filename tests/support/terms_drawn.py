"""Terms, terms that change others in some place, and the returns that were made under them, drawn for properties."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import chain, pairwise
from typing import Any, Final

from hypothesis import strategies as st
from msgspec.structs import replace

from service.terms.calendar import Calendar, Period
from service.terms.history import Reported
from service.terms.model import Accepted, Milestone, Participation, Terms

FORCES: Final = ("ash", "birch", "cedar", "dogwood")
VERSIONS: Final = ("v1", "v2", "v3")
MONTHS: Final = tuple(Period(2025, 9).plus(number) for number in range(8))
"""The months that anything is said of: from September 2025."""
DAYS: Final = st.sampled_from(
    [each.last_day + timedelta(days=days) for each in MONTHS[1:] for days in (0, 1, 14, 15, 20)]
)
"""Ends of months, days on which returns are due, and the days after."""

_MONTH: Final = st.sampled_from(MONTHS)


@st.composite
def _intervals(draw: st.DrawFn, most: int = 2) -> list[tuple[Period, Period | None]]:
    """Up to so many intervals, one after another, the last perhaps without an end."""
    ends = sorted(draw(st.lists(_MONTH, min_size=1, max_size=2 * most, unique=True)))
    found: list[tuple[Period, Period | None]] = [
        (start, until) for start, until in zip(ends[::2], ends[1::2], strict=False)
    ]
    return [*found, (ends[-1], None)] if len(ends) % 2 else found


@st.composite
def _taking_part(draw: st.DrawFn, force: str) -> list[Participation]:
    held = draw(_intervals())
    parts = [Participation(force=force, start=start, until=until) for start, until in held]
    if parts[-1].until is not None and draw(st.booleans()):
        others = [each for each in FORCES if each != force]
        parts[-1] = replace(parts[-1], successor=draw(st.sampled_from(others)))
    return parts


@st.composite
def _accepted(draw: st.DrawFn, version: str) -> list[Accepted]:
    held = draw(_intervals(1) | st.just([(MONTHS[0], None)]))
    return [Accepted(version=version, start=start, until=until) for start, until in held]


@st.composite
def _milestone(draw: st.DrawFn, name: str) -> Milestone:
    return Milestone(
        id=name,
        title=draw(st.sampled_from(["Assessed", "Referred"])),
        by=draw(DAYS),
        stages=draw(st.sampled_from([("assessed",), ("assessed", "referred")])),
        least_percent=draw(st.sampled_from([50, 100])),
    )


def _flat(lists: tuple[list[Any], ...]) -> list[Any]:
    return list(chain.from_iterable(lists))


def _some(names: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)


_PARTS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "title": st.sampled_from(["One", "Two"]),
    "source": st.sampled_from(["Minutes", "A letter"]),
    "force_list": st.sampled_from(["forces", "forces", "forces", "other-forces"]),
    "calendar": st.builds(Calendar, st.sampled_from(MONTHS[:3]), st.sampled_from([14, 14, 0, 31])),
    "contracts": _some(VERSIONS).flatmap(lambda some: st.tuples(*map(_accepted, some))).map(_flat),
    "milestones": _some(("m1", "m2")).flatmap(lambda some: st.tuples(*map(_milestone, some))),
    "participation": _some(FORCES).flatmap(lambda some: st.tuples(*map(_taking_part, some))).map(_flat),
}


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    """Any terms that may be, and some that no draft would be taken with."""
    found = {name: draw(part) for name, part in _PARTS.items()}
    return Terms(
        edition="2025-11",
        adopted=date(2025, 11, 5),
        scope="",
        proposed=(),
        hash="",
        **{name: tuple(value) if isinstance(value, list) else value for name, value in found.items()},
    )


@st.composite
def terms_after(draw: st.DrawFn, before: Terms) -> Terms:
    """Terms that differ from others in few places: by a month or a word, in one force or version, or in whole parts."""
    after = before
    for _ in range(draw(st.sampled_from([2, 1, 1, 3]))):
        change = draw(st.sampled_from(_CHANGES))
        after = draw(change(after))
    return after


@st.composite
def _nudged(draw: st.DrawFn, of: Terms) -> Terms:
    """One end of one force's taking part moved by a month or taken away, or another that follows it."""
    one = draw(st.sampled_from(of.participation))
    step = draw(st.sampled_from([-1, 1]))
    last = one.until or MONTHS[-1]
    other = draw(
        st.sampled_from(
            [
                replace(one, start=one.start.plus(step)),
                replace(one, until=last.plus(step)),
                replace(one, until=None, successor=None),
                replace(one, until=last, successor=draw(st.none() | st.sampled_from(FORCES))),
            ]
        )
    )
    own = [other if each is one else each for each in of.participation if each.force == one.force]
    own.sort(key=lambda each: each.start)
    apart = all(a.until is not None and a.until < b.start for a, b in pairwise(own))
    only_last = all(each.successor is None for each in own[:-1]) and own[-1].successor != one.force
    forwards = all(each.until is None or each.start <= each.until for each in own)
    if not (apart and only_last and forwards):
        return of
    return replace(of, participation=tuple(other if each is one else each for each in of.participation))


@st.composite
def _one_force(draw: st.DrawFn, of: Terms) -> Terms:
    force = draw(st.sampled_from(FORCES))
    others = [each for each in of.participation if each.force != force]
    return replace(of, participation=(*others, *draw(st.just([]) | _taking_part(force)))) if others else of


@st.composite
def another_version(draw: st.DrawFn, of: Terms) -> Terms:
    version = draw(st.sampled_from(VERSIONS))
    others = [each for each in of.contracts if each.version != version]
    return replace(of, contracts=(*others, *draw(_accepted(version))))


@st.composite
def _one_milestone(draw: st.DrawFn, of: Terms) -> Terms:
    one = draw(st.sampled_from(of.milestones))
    part = draw(st.sampled_from(["title", "by", "stages", "least_percent"]))
    other = replace(one, **{part: getattr(draw(_milestone(one.id)), part)})
    return replace(of, milestones=tuple(other if each is one else each for each in of.milestones))


@st.composite
def _one_part(draw: st.DrawFn, of: Terms) -> Terms:
    name = draw(st.sampled_from(list(_PARTS)))
    value = draw(_PARTS[name])
    return replace(of, **{name: tuple(value) if isinstance(value, list) else value})


_CHANGES: Final = (_nudged, _nudged, _one_force, another_version, _one_milestone, _one_part)


@st.composite
def reported(draw: st.DrawFn, under: Terms) -> tuple[Reported, ...]:
    """Returns that may have been made under terms: by who takes part, in what is accepted, one a month each."""
    could = [
        (force, month)
        for force in FORCES
        for month in MONTHS
        if month >= under.calendar.first and under.takes_part(force, month) and under.accepted(month)
    ]
    if not could:
        return ()
    made = draw(st.lists(st.sampled_from(could), min_size=draw(st.integers(0, min(3, len(could)))), unique=True))
    return tuple(
        Reported(force=force, period=month, version=draw(st.sampled_from(under.accepted(month))))
        for force, month in made
    )
