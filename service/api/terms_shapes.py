"""The forms of the editions of the terms: as everyone may read them, and on their way for the national bodies."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from service.api.documented import NAME, TEXT, WORDS
from service.api.public_shapes import Links, Shape
from service.api.scope_draft_shapes import ScopeStepKept, steps_kept
from service.api.scope_shapes import ScopeStep, standing
from service.api.shapes import Day, Hash, Next, Period
from service.contract.written import LONGEST
from service.scope.edition import State
from service.scope.switch import InTheWay
from service.terms.draft import LONGEST_NAME, MOST_ENTRIES
from service.terms.editions import TermsEdition
from service.terms.model import Terms
from service.terms.store import StoredTerms
from service.terms.words import About

TERMS_NAME: Final = "^[0-9]{4}-(0[1-9]|1[0-2])(-[a-z0-9]+)*$"
_SAID: Final = Meta(max_length=LONGEST, extra_json_schema={"pattern": WORDS})
_NAMED: Final = Meta(extra_json_schema={"pattern": NAME})
_MONTH: Final = Meta(extra_json_schema={"pattern": "^(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])$"})
_DATE: Final = Meta(extra_json_schema={"format": "date"})
Public = Literal["published", "proposed", "in_force", "superseded", "rejected"]

Since = Annotated[int | None, Meta(description="The position from which on it holds, or held.")]
Follows = Annotated[str | None, Meta(description="The edition that it follows.")]
Effective = Annotated[Day | None, Meta(description="It is not in force before this day.")]


class TermsLine(Shape):
    """An edition of the terms in the list, and where it stands; `published`: in the files, and not adopted here."""

    edition: str
    title: str
    state: Public
    adopted: Annotated[Day | None, Meta(description="Null until it is adopted.")]
    current: Annotated[bool, Meta(description="It is in force.")]
    hash: Hash
    position: Since
    follows: Follows
    effective: Effective
    steps: list[ScopeStep]
    links: Links


class TermsList(Shape):
    """Editions of the terms."""

    items: list[TermsLine]
    next: Next


class AcceptedShown(Shape, rename={"start": "from"}):
    """A contract version and the periods for which it is taken; ``until`` null is without end."""

    version: str
    start: Period
    until: Period | None


class CalendarShown(Shape):
    """How often, from which period, and how many days after its end a return is due."""

    every: Literal["month"]
    first: Period
    due_days: int


class MilestoneShown(Shape):
    """A share of the cases that is to have reached one of some stages by a day."""

    id: str
    title: str
    by: Day
    stages: list[str]
    least_percent: int


class ParticipationShown(Shape, rename={"start": "from"}):
    """An interval of a force's taking part, both ends included."""

    force: str
    start: Period
    until: Period | None
    successor: str | None


class TermsDocument(Shape):
    """An edition of the terms of reference: who reports what, when and in which version. `scope` and `proposed`: the
    scope editions in force and proposed when it was adopted."""

    edition: str
    title: str
    state: Public
    adopted: Annotated[Day | None, Meta(description="Null until it is adopted.")]
    source: str
    current: bool
    hash: Hash
    position: Since
    follows: Follows
    effective: Effective
    steps: list[ScopeStep]
    scope: Annotated[str | None, Meta(description="Null until it is adopted.")]
    proposed: list[str]
    contracts: list[AcceptedShown]
    calendar: CalendarShown
    milestones: list[MilestoneShown]
    force_list: str
    participation: list[ParticipationShown]


class AcceptedSent(Struct, kw_only=True, forbid_unknown_fields=True, rename={"start": "from"}, omit_defaults=True):
    """A contract version, and the periods for which a return may be written in it; without ``until``, without end."""

    version: Annotated[str, _NAMED]
    start: Annotated[str, _MONTH]
    until: Annotated[str | None, _MONTH] = None


class CalendarSent(Struct, kw_only=True, forbid_unknown_fields=True):
    """From which month returns are made, and how many days after the end of its month one is due."""

    every: Literal["month"]
    first: Annotated[str, _MONTH]
    due_days: Annotated[int, Meta(ge=0, le=366)]


class MilestoneSent(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A share of the cases that is to have reached one of a named set of stages by a day."""

    id: Annotated[str, _SAID]
    title: Annotated[str, _SAID]
    by: Annotated[str, _DATE]
    set: Annotated[str, Meta(description="A set of stages of the contract.", extra_json_schema={"pattern": NAME})]
    least_percent: Annotated[int, Meta(ge=0, le=100)] = 100


class ParticipationSent(Struct, kw_only=True, forbid_unknown_fields=True, rename={"start": "from"}, omit_defaults=True):
    """An interval in which forces take part, both ends included; ``successor``: who reports their cases afterwards."""

    start: Annotated[str, _MONTH]
    until: Annotated[str | None, _MONTH] = None
    forces: list[Annotated[str, _NAMED]] | None = None
    force: Annotated[str | None, _NAMED] = None
    successor: Annotated[str | None, _NAMED] = None


class TermsSent(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An edition of the terms as it is drafted, the same as YAML. It names no scope edition."""

    edition: Annotated[
        str,
        Meta(
            max_length=LONGEST_NAME,
            description="Its name, given once for ever: year and month, or these and a word.",
            extra_json_schema={"pattern": TERMS_NAME},
        ),
    ]
    title: Annotated[str, _SAID]
    source: Annotated[str, Meta(max_length=LONGEST, extra_json_schema={"pattern": TEXT})]
    contracts: Annotated[list[AcceptedSent], Meta(min_length=1, max_length=MOST_ENTRIES)]
    calendar: CalendarSent
    force_list: Annotated[str, Meta(description="The code list of forces.", extra_json_schema={"pattern": NAME})]
    participation: Annotated[list[ParticipationSent], Meta(min_length=1, max_length=MOST_ENTRIES)]
    milestones: Annotated[list[MilestoneSent], Meta(max_length=MOST_ENTRIES)] = []


class TermsDraftShown(Shape):
    """An edition of the terms on its way, for the national bodies. ``document``: as it can be sent again."""

    edition: str
    title: str
    state: State
    version: Annotated[int, Meta(ge=1, description="How often the draft was written.")]
    hash: Hash
    document: TermsSent
    follows: str | None
    effective: Day | None
    ready: Annotated[
        bool,
        Meta(description="Both bodies have confirmed it, and it can come into force: what remains is in `waits_for`."),
    ]
    waits_for: Annotated[
        list[str], Meta(description="Why it is proposed and not in force, in sentences; empty in any other state.")
    ]
    steps: list[ScopeStepKept]
    links: Links


class TermsChangeShown(Shape):
    """One change, as a sentence."""

    about: About
    says: str


class TermsDifference(Shape):
    """What an edition changes in another. ``in_its_way``: what of the past would move, for which it is refused;
    ``to_know``: what is allowed, and is to be known before."""

    edition: str
    against: str
    changes: list[TermsChangeShown]
    in_its_way: list[str]
    to_know: list[str]


def terms_line(item: TermsEdition) -> dict[str, Any]:
    """An edition in the list of those that everyone may read."""
    return {**_head(item), "links": {"self": f"/api/terms/{item.terms.edition}"}}


def _head(item: TermsEdition) -> dict[str, Any]:
    adopted = item.kept is None or item.position is not None
    own: dict[str, Any] = {"follows": item.before, "effective": None, "steps": []}
    return {
        "edition": item.terms.edition,
        "title": item.terms.title,
        "state": item.standing.value,
        "adopted": item.terms.adopted if adopted else None,
        "current": item.standing == "in_force",
        "hash": item.terms.hash,
        "position": item.position,
        **(own if item.kept is None else standing(item.kept)),
    }


def terms_document(item: TermsEdition) -> dict[str, Any]:
    """An edition of the terms; periods as months."""
    terms: Terms = item.terms
    return {
        **_head(item),
        "source": terms.source,
        "scope": terms.scope or None,
        "proposed": terms.proposed,
        "contracts": [
            {"version": each.version, "from": str(each.start), "until": None if each.until is None else str(each.until)}
            for each in terms.contracts
        ],
        "calendar": {"every": "month", "first": str(terms.calendar.first), "due_days": terms.calendar.due_days},
        "milestones": terms.milestones,
        "force_list": terms.force_list,
        "participation": [
            {
                "force": each.force,
                "from": str(each.start),
                "until": None if each.until is None else str(each.until),
                "successor": each.successor,
            }
            for each in terms.participation
        ],
    }


def terms_draft_document(item: StoredTerms, in_its_way: InTheWay) -> dict[str, Any]:
    """An edition as the national bodies have it."""
    own = f"/api/terms/{item.name}"
    links = {"draft": f"{own}/draft", "difference": f"{own}/difference"}
    return {
        "edition": item.name,
        "title": item.title,
        "state": item.state.value,
        "version": item.version,
        "hash": item.hash,
        "document": item.document,
        "follows": item.follows,
        "effective": item.effective,
        "ready": item.is_ready and not in_its_way.overtaken,
        "waits_for": list(in_its_way.reasons),
        "steps": steps_kept(item),
        "links": {"self": own, **links} if item.was_proposed else links,
    }
