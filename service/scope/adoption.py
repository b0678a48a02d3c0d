"""How the two bodies adopt an edition, whatever it is of: where it stands, who said what of it, and what is refused.

The same for scope editions and for editions of the terms of reference; ``Kind`` has what differs in words. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from msgspec import Struct

from service.audit.adopter import BODIES, Adopter, already
from service.audit.entry import Entry
from service.clock import day_in_words, london_date, wire_time
from service.errors import Conflict, Invalid, NotFound, PreconditionFailed, PreconditionRequired
from service.scope.edition import State

WHOLE: Final = 2_000
"""Characters of a reason, at most."""


class Said(StrEnum):
    """What a body can say of an edition, each of them once."""

    DRAFTED = "drafted"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Step(Struct, frozen=True, kw_only=True):
    """Who said what of an edition. ``hash`` is of the content that it was said of; a confirmation is signed, and a
    rejection has its reason."""

    step: Said
    body: str
    client: str
    at: datetime
    hash: str
    reason: str | None = None
    signature: str | None = None


class Kept(Struct, frozen=True, kw_only=True):
    """An edition where it stands, with all that was said of it. ``follows`` names the edition that was in force when it
    was proposed; ``version`` counts how often a draft was written."""

    id: int
    name: str
    title: str
    hash: str
    state: State
    version: int
    document: Mapping[str, Any]
    follows: str | None
    effective: date | None
    steps: tuple[Step, ...]

    @property
    def etag(self) -> str:
        """The entity tag of a draft: one proposes what one saw."""
        return f'"{self.name}-{self.version}-{self.hash[:16]}"'

    @property
    def confirmed_by(self) -> frozenset[str]:
        """The bodies whose word it has."""
        return frozenset(step.body for step in self.steps if step.step is Said.CONFIRMED)

    @property
    def is_ready(self) -> bool:
        """Whether both bodies gave their word, and it waits for the rest alone."""
        return self.state is State.PROPOSED and self.confirmed_by.issuperset(BODIES)

    @property
    def was_proposed(self) -> bool:
        """Whether everyone may read it: it was proposed once, here or in the published files, whatever became of it."""
        if self.state not in (State.DRAFT, State.REJECTED):
            return True
        return self.follows is not None or any(step.step is Said.PROPOSED for step in self.steps)

    def word(self, said: Said, body: str | None = None) -> Step | None:
        """The last word of a kind on it: of anybody, or of one body."""
        return next((step for step in reversed(self.steps) if step.step is said and body in (None, step.body)), None)

    def overtaken_by(self, in_force: str | None) -> tuple[str, ...]:
        """Why a proposed edition cannot come into force any more: the one that it was read against is not in force, and
        it would undo, unread, what came between."""
        if self.state is not State.PROPOSED or self.follows == in_force:
            return ()
        return (f"{self._overtaken(in_force)}: draft it anew on what is in force.",)

    def check_not_overtaken(self, in_force: str | None, prefix: str) -> None:
        """Nobody gives a word that cannot have an effect any more."""
        if self.overtaken_by(in_force):
            raise Conflict(
                f"{self.name} cannot come into force any more. {self._overtaken(in_force)}.",
                "Draft it anew on what is in force, and propose that.",
                code=f"{prefix}-overtaken",
            )

    def _overtaken(self, in_force: str | None) -> str:
        return f"It was proposed to follow {self.follows}, and {in_force or 'none'} is in force by now"

    def words_wanted(self, today: date) -> tuple[str, ...]:
        """Whose word it waits for, and for which day, in sentences."""
        wanted = [f"The {body.upper()} has not confirmed it." for body in BODIES if body not in self.confirmed_by]
        if self.effective is not None and self.effective > today:
            wanted.append(f"It is not to be in force before {day_in_words(self.effective)}.")
        return tuple(wanted)


K = TypeVar("K", bound=Kept)


def ready_of(items: Iterable[K]) -> list[K]:
    """Those of some editions that both bodies gave their word on, the longest ago first."""
    return sorted((item for item in items if item.is_ready), key=lambda item: max(step.at for step in item.steps))


def step_of(said: Said, by: Adopter, item: Kept, at: datetime, **more: str) -> Step:
    """A word of a body, said of the content that an edition has now."""
    return Step(step=said, body=by.body, client=by.client, at=at, hash=item.hash, **more)


def confirmed(item: Kept, by: Adopter, now: datetime) -> dict[str, Any]:
    """What is signed: which content, by whom, for which body, when."""
    return {"edition": item.name, "hash": item.hash, "body": by.body, "client": by.client, "at": wire_time(now)}


def state_words(state: State) -> str:
    """A state as it stands in a sentence."""
    return {State.DRAFT: "a draft", State.IN_FORCE: "in force"}.get(state, state.value)


class Kind(Struct, frozen=True, kw_only=True):
    """What an edition is of. ``prefix`` begins the codes of its refusals and its entries of the audit log."""

    prefix: str
    words: str
    """As in *There is no such scope edition*."""
    listed_at: str
    otherwise: str
    """What drafting a new one is for: *To count otherwise*."""
    beside: str = ""
    """What is listed there too, and is not adopted in this way."""

    @property
    def a(self) -> str:
        return "an" if self.words[0] in "aeiou" else "a"

    def missing(self) -> NotFound:
        return NotFound(
            f"There is no such {self.words}.", f"See {self.listed_at}{self.beside}.", code=f"no-such-{self.prefix}"
        )

    def taken(self, name: str) -> Conflict:
        """Its name is never given twice, whatever became of the edition that had it."""
        return Conflict(
            f"There is {self.a} {self.words} {name} already, or there was one.",
            "A name stands for one content for ever: give yours a name of its own.",
            code=f"{self.prefix}-exists",
        )

    def published_since(self, name: str) -> Conflict:
        """A file has the name of a draft, and came after it."""
        return Conflict(
            f"There is {self.a} {self.words} {name} among the published files by now.",
            "A name stands for one content for ever: draft yours anew under a name of its own.",
            code=f"{self.prefix}-exists",
        )

    def check_draft(self, item: Kept, seen: Collection[str]) -> None:
        """A draft that still is the one that was seen."""
        if item.state is not State.DRAFT:
            rejected = item.state is State.REJECTED
            so = _already(item, Said.REJECTED if rejected else Said.PROPOSED)
            raise Conflict(
                f"{so} {'Its name is not given again.' if rejected else 'What is proposed never changes.'}",
                f"{self.otherwise}, draft a new edition.",
                code=f"{self.prefix}-frozen",
            )
        if item.etag not in seen:
            raise PreconditionFailed(
                "The draft changed since you read it; nothing was stored.",
                "Read it again, and send your change again if it still stands.",
                code=f"{self.prefix}-draft-moved",
            )

    def check_to_confirm(self, item: Kept, digest: str, by: Adopter) -> None:
        """What is confirmed is proposed, is what was read, and has not the word of this body."""
        told = item.state in (State.IN_FORCE, State.SUPERSEDED) and by.body in item.confirmed_by
        if item.state is not State.PROPOSED and not told:
            do = "Propose it first." if item.state is State.DRAFT else "Only what is proposed can be confirmed."
            raise Conflict(_already(item, Said.REJECTED), do, code=f"{self.prefix}-not-proposed")
        if digest != item.hash:
            raise Conflict(
                f"What {item.name} says is not what you read: its hash is {item.hash}.",
                "Read the edition again, and send the hash that stands there if you confirm that.",
                code=f"{self.prefix}-hash-differs",
            )
        if by.body in item.confirmed_by:
            raise Conflict(
                _already(item, Said.CONFIRMED, by.body),
                "Each body confirms once" + _word_wanted(item),
                code="already-confirmed",
            )

    def check_to_reject(self, item: Kept) -> None:
        if item.state not in (State.DRAFT, State.PROPOSED):
            so = f"{item.name} is {state_words(item.state)}, so it cannot be rejected."
            raise Conflict(
                _already(item, Said.REJECTED) if item.state is State.REJECTED else so,
                f"{self.otherwise}, draft a new edition.",
                code=f"{self.prefix}-decided",
            )

    def entry(self, done: str, by: Adopter, item: Kept, position: int | None = None) -> Entry:
        """What the audit log has of a step."""
        return Entry(
            action=f"{self.prefix}_{done}",
            actor=by.client,
            subject=f"{self.prefix}/{item.name}",
            position=position,
            details={"body": by.body, "hash": item.hash, "version": item.version},
        )


def seen_tags(seen: Collection[str] | None) -> Collection[str]:
    """The entity tags that the caller sent; without any, nothing is written over."""
    if seen is None:
        raise PreconditionRequired(
            "This needs If-Match with the ETag of the draft that you read.",
            "Read the draft, and send its ETag: nobody's work is written over unseen.",
        )
    return seen


def check_effective(effective: date | None, now: datetime) -> None:
    if effective is not None and effective < london_date(now):
        raise Invalid(
            f"It cannot come into force on {effective}: that day has passed.",
            "Give today or a later day, or none: then it is in force as soon as both bodies have confirmed it.",
            code="effective-passed",
        )


def reason_of(words: str) -> str:
    """Why an edition is rejected."""
    if not words.strip():
        raise Invalid("A rejection says why.", "Write the reason in words.", code="reason-missing")
    return words.strip()


def confirmed_for_both() -> Conflict:
    """Nobody confirms for both bodies, whatever an issuer gave them."""
    return Conflict(
        "You confirmed it for the other body already.",
        "It takes two people of two bodies: somebody else of this body confirms it.",
        code="already-confirmed",
    )


def _word_wanted(item: Kept) -> str:
    wanted = [body.upper() for body in BODIES if body not in item.confirmed_by]
    return f"; it is the word of the {wanted[0]} that is wanted." if wanted else ", and both have."


def _already(item: Kept, said: Said, body: str | None = None) -> str:
    """What is so already of an edition: who said so, and when, and where it stands where that is more than was said."""
    step, stands = item.word(said, body), state_words(item.state)
    if step is None:  # nobody did, or it came with the terms of reference
        return f"{item.name} is {stands}."
    so = f"{already(step.body, step.step.value, item.name, step.at)}."
    return so if item.state is _LEADS_TO.get(said) else f"{so} It is {stands} by now."


_LEADS_TO: Final[Mapping[Said, State]] = {
    Said.PROPOSED: State.PROPOSED,
    Said.CONFIRMED: State.PROPOSED,
    Said.REJECTED: State.REJECTED,
}
"""Where a word alone leaves an edition."""
