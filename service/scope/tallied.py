"""Until when returns are tallied under an edition (semantics 32), and how that is said. Pure.

An edition that is proposed or in force is tallied at every seal. It says of itself until the end of which day, in
London, it still is once another is in force; one that says nothing is tallied no more from then on.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from service.clock import day_in_words
from service.scope.edition import State

LIVE: Final = (State.PROPOSED, State.IN_FORCE)
"""Editions under which every seal is tallied, whatever the day."""


def is_tallied(state: State, until: date | None, day: date) -> bool:
    """Whether a return that is sealed on this day is tallied under an edition that stands so."""
    return state in LIVE or (state is State.SUPERSEDED and until is not None and day <= until)


def tallied_on(day: str) -> str:
    """The same of an edition ``e`` as SQL, ``day`` being an expression for the day."""
    live = ", ".join(f"'{state}'" for state in LIVE)
    return f"(e.state in ({live}) or (e.state = '{State.SUPERSEDED}' and e.tallied_until >= {day}))"


SEALED_DAY: Final = "(r.sealed_at at time zone 'Europe/London')::date"
"""The day on which a return ``r`` was sealed, as SQL."""


def tallied_in_words(state: State, until: date | None, day: date) -> str | None:
    """What an edition's day means as it stands on ``day``, in sentences; None where there is nothing to say: it says
    of itself nothing, and is not superseded."""
    if state is State.SUPERSEDED:
        if is_tallied(state, until, day) and until is not None:
            return f"Returns that are sealed until the end of {day_in_words(until)} are tallied under it all the same."
        since = "since another edition came into force"
        since += "" if until is None else f" and after {day_in_words(until)}"
        return f"Returns that were sealed {since} have no tally under it, and get none."
    if until is None or state is State.REJECTED:
        return None
    return said_of_itself(until)


def judged_all_the_same(state: State, until: date | None, day: date) -> str | None:
    """Said where every return that counts is judged under an edition that is tallied no more; None for any other."""
    if state is not State.SUPERSEDED or is_tallied(state, until, day):
        return None
    return (
        f"{tallied_in_words(state, until, day)} Here they are judged under it all the same, so these figures need not "
        "be those of the national picture under it."
    )


def said_of_itself(until: date) -> str:
    """What an edition says by naming a day."""
    return (
        "When another edition is in force, returns are tallied under this one all the same until the end of "
        f"{day_in_words(until)}."
    )
