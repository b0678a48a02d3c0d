"""The forms of the scope editions, in conditions and in words, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from service.api.public_shapes import Links, Shape
from service.api.shapes import Day, Hash, Instant, Next
from service.clock import wire_time
from service.scope.adoption import Kept, Said, Step
from service.scope.drafts import Stored

Body = Literal["nca", "npcc"]
Public = Literal["proposed", "in_force", "superseded", "rejected"]
TALLIED_UNTIL: Final = (
    "The last day, in London, on which returns are tallied under it once it is superseded; null: none is from then on."
)
_PUBLIC_STEPS: Final = (Said.PROPOSED, Said.CONFIRMED, Said.REJECTED)


class ScopeStep(Shape):
    """Which body said what of an edition, and when."""

    step: Literal["proposed", "confirmed", "rejected"]
    body: Body
    at: Instant
    reason: Annotated[str | None, Meta(description="Why it was rejected.")]


class ScopeLine(Shape):
    """A scope edition in the list, and where it stands. ``steps``: those that were taken here, in their order."""

    edition: str
    title: str
    state: Public
    hash: Hash
    follows: Annotated[str | None, Meta(description="The edition that was in force when it was proposed.")]
    effective: Annotated[Day | None, Meta(description="It is not in force before this day.")]
    tallied_until: Annotated[Day | None, Meta(description=TALLIED_UNTIL)]
    steps: list[ScopeStep]
    links: Links


class ScopeList(Shape):
    """Scope editions."""

    items: list[ScopeLine]
    next: Next


class TitledCode(Shape):
    """A code with its title."""

    code: str
    title: str


class LeftOutShown(Shape):
    """Codes that a set has not got because the list says that it depends; ``words``: as a sentence."""

    set: str
    codes: list[TitledCode]
    words: str


class ScopeRuleWords(Shape):
    """A rule in English: when a case meets it, and what leaves it undecided when it is not recorded.

    ``derived``: what is taken for an attribute where the force says nothing. ``sets``: the names of the sets it uses.
    """

    sentence: str
    undecided: str
    derived: list[str]
    sets: list[str]
    left_out: list[LeftOutShown]


class ScopeSetShown(Shape):
    """A named set that the rules use; ``whole``: it is every code of the list."""

    name: str
    title: str
    list: str
    list_title: str
    codes: tuple[TitledCode, ...]
    whole: bool
    left_out: tuple[TitledCode, ...]


class ScopeWords(Shape):
    """An edition in English, made from its conditions: whom it counts, how rules give a verdict, and the whole text."""

    summary: str
    judging: list[str]
    sets: list[ScopeSetShown]
    text: str


class ScopeRuleShown(Shape):
    """A rule of a scope: a case counts where every ``when`` is true."""

    id: str
    title: str
    guidance: str
    when: str
    words: ScopeRuleWords


class ScopeDocument(Shape):
    """A scope edition: who is counted, rule by rule."""

    edition: str
    title: str
    state: Public
    vocabulary: str
    hash: Hash
    follows: str | None
    effective: Day | None
    tallied_until: Annotated[Day | None, Meta(description=TALLIED_UNTIL)]
    steps: list[ScopeStep]
    rules: list[ScopeRuleShown]
    attributes: list[str]
    codes_left_out: dict[str, list[str]]
    words: ScopeWords
    links: Links


def scope_line(item: Stored) -> dict[str, Any]:
    """An edition in the list of those that everyone may read."""
    return {
        "edition": item.name,
        "title": item.title,
        "state": item.state.value,
        "hash": item.hash,
        **standing(item),
        "tallied_until": item.tallied_until,
        "links": {"self": f"/api/scopes/{item.name}"},
    }


def standing(item: Kept) -> dict[str, Any]:
    """What became of an edition, as everyone may read it: told by body, not by client."""
    return {"follows": item.follows, "effective": item.effective, "steps": list(_steps(item.steps))}


def _steps(steps: Sequence[Step]) -> Iterator[dict[str, Any]]:
    for each in steps:
        if each.step in _PUBLIC_STEPS:
            yield {"step": each.step.value, "body": each.body, "at": wire_time(each.at), "reason": each.reason}
