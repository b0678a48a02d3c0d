"""Scope editions in words and as text: where one stands, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from service.audit.adopter import BODIES
from service.scope.adoption import Kept, Said, Step
from service.scope.edition import State

STANDING: Final[Mapping[State, tuple[str, str]]] = {
    State.DRAFT: ("Draft", "blue"),
    State.PROPOSED: ("Proposed", "yellow"),
    State.IN_FORCE: ("In force", "green"),
    State.SUPERSEDED: ("Superseded", "grey"),
    State.REJECTED: ("Rejected", "grey"),
}
"""Each state as a tag: its words and its colour."""

MEANS: Final[Mapping[State, str]] = {
    State.DRAFT: "It changes no figure, and only the two bodies can read it. It can still be written anew.",
    State.PROPOSED: (
        "It never changes any more, and every return that is sealed is judged under it too. It comes into force when "
        "both bodies have confirmed it and nothing remains to be judged."
    ),
    State.IN_FORCE: "Figures are under this edition unless another is named.",
    State.SUPERSEDED: "Another edition is in force. Its figures of before stay as they are.",
    State.REJECTED: (
        "It is not adopted, and its name is not given again. Where it was proposed, figures under it of a moment "
        "before it was rejected stay; there are none of later."
    ),
}
"""What a state means, in sentences."""

OVERTAKEN: Final = (
    "It never changes any more, and every return that is sealed is judged under it too. It cannot come into force any "
    "more."
)
"""What it means that an edition is proposed to follow one that is not in force any more."""

SAID: Final[Mapping[Said, str]] = {
    Said.DRAFTED: "Drafted",
    Said.PROPOSED: "Proposed",
    Said.CONFIRMED: "Confirmed",
    Said.REJECTED: "Rejected",
}


def standing_line(item: Kept, in_force: str | None) -> str:
    """One line of an edition in the list: what it waits for, or since when it is what it is."""
    if item.overtaken_by(in_force):
        return "Cannot come into force any more: draft it anew"
    if item.state is State.PROPOSED:
        waits = [body.upper() for body in BODIES if body not in item.confirmed_by]
        return f"Waits for the {' and the '.join(waits)}" if waits else "Confirmed by both bodies"
    last = item.steps[-1] if item.steps else None
    if item.state is State.DRAFT and last is not None:
        return f"By the {last.body.upper()}"
    if item.state is State.REJECTED and last is not None:
        return f"By the {last.body.upper()}"
    return ""


def said_by(item: Kept, said: Said, client: str) -> Step | None:
    """The word of this very person on an edition: a form that is sent twice has its effect once."""
    return next((step for step in item.steps if step.step is said and step.client == client), None)


def free_name(name: str, taken: Sequence[str], today: date) -> str:
    """A name that no edition has: this month's, with the words of another."""
    begun = f"{today:%Y-%m}-{name[8:] or 'draft'}"
    return next(each for n in range(1, len(taken) + 2) if (each := begun if n == 1 else f"{begun}-{n}") not in taken)
