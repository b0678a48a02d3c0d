"""What an edition of the terms says, in plain English. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from service.clock import day_in_words
from service.terms.calendar import Period
from service.terms.model import Accepted, Milestone, Participation, Terms

_WIDTH: Final = 110
"""Characters of a line where the sentences are printed."""


class About(StrEnum):
    """What a sentence is about."""

    TITLE = "title"
    FORCES = "forces"
    CONTRACTS = "contracts"
    CALENDAR = "calendar"
    MILESTONES = "milestones"


class Sentence(Struct, frozen=True):
    """One thing that terms say, or change."""

    about: About
    says: str


Title = Callable[[str], str]
"""Names a force."""


def terms_in_words(terms: Terms, title: Title) -> tuple[Sentence, ...]:
    """Everything that an edition says, in the order in which one reads terms."""
    return (
        *(Sentence(About.CONTRACTS, says) for says in _contracts(terms)),
        *(Sentence(About.CALENDAR, says) for says in _calendar(terms)),
        *(
            Sentence(About.MILESTONES, f"The milestone {each.id} is {milestone_in_words(each)}.")
            for each in terms.milestones
        ),
        *(Sentence(About.FORCES, says) for says in _forces(terms, title)),
    )


def lines(sentences: Iterable[str]) -> str:
    """The sentences as lines that a terminal holds."""
    return "\n".join(textwrap.fill(each, _WIDTH, subsequent_indent="  ") for each in sentences)


def _contracts(terms: Terms) -> Iterator[str]:
    versions = dict.fromkeys(item.version for item in terms.contracts)
    for version in versions:
        accepted = [item for item in terms.contracts if item.version == version]
        yield f"Contract version {version} is accepted {accepted_in_words(accepted)}."
    if len(versions) > 1:
        yield f"Who names no contract version writes in {terms.contracts[0].version} where that is accepted."


def _calendar(terms: Terms) -> Iterator[str]:
    yield f"The first period is {terms.calendar.first}."
    yield f"A return is due {terms.calendar.due_days} days after the end of its period."


def _forces(terms: Terms, title: Title) -> Iterator[str]:
    """Those of which the same is to be said together."""
    alike: dict[str, list[str]] = {}
    for name, when in taking_part(terms, title):
        alike.setdefault(when, []).append(name)
    for says, names in alike.items():
        if len(names) == 1:
            yield f"{names[0]} takes part {says}."
        else:
            yield f"{len(names)} forces take part {says}: {', '.join(names)}."


def taking_part(terms: Terms, title: Title) -> Iterator[tuple[str, str]]:
    """The name of each force, and when it takes part."""
    for force in terms.forces():
        own = [item for item in terms.participation if item.force == force]
        yield title(force), participation_in_words(own, title)


def participation_in_words(items: Sequence[Participation], title: Title) -> str:
    """``from 2025-11 until 2026-03, then Sussex Police follows it`` for the intervals of one force."""
    return " and ".join(
        interval_in_words(item.start, item.until)
        + (f", then {title(item.successor)} follows it" if item.successor else "")
        for item in sorted(items, key=lambda item: item.start)
    )


def accepted_in_words(items: Sequence[Accepted]) -> str:
    """When a contract version is accepted."""
    return " and ".join(interval_in_words(item.start, item.until) for item in items)


def interval_in_words(start: Period, until: Period | None) -> str:
    """``from 2025-11 until 2026-03``."""
    if until == start:
        return f"for {start} alone"
    return f"from {start}" + ("" if until is None else f" until {until}")


def milestone_in_words(item: Milestone) -> str:
    """What is to be reached, and by when."""
    stages = ", ".join(item.stages)
    return f"\u201c{item.title}\u201d, {item.least_percent} % at {stages} by {day_in_words(item.by)}"
