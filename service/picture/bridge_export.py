"""A bridge as JSON, as CSV and in a sentence: the same numbers, with what both its ends are of. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from service.clock import wire_time
from service.contract.model import CodeList
from service.contract.sheet import harmless
from service.picture.bridge import Bridge, Delta
from service.picture.export import AsOfShown, ScopeShown
from service.picture.national import Counts
from service.picture.taken_over import TakenOver, by_taking_over
from service.scope.edition import Edition
from service.tally.moves import Cause

CAUSES: Final[Mapping[Cause, str]] = {
    Cause.SCOPE: "the definition changed",
    Cause.VOCABULARY: "the same definition is read by another version of the contract",
    Cause.COVERAGE: "forces reported for the first time, left, or took a return back",
    Cause.DETAIL: "what is reported as numbers alone changed",
    Cause.TRANSFERRED: "cases went over between forces",
    Cause.NEWLY_IDENTIFIED: "new cases were identified",
    Cause.WITHDRAWN: "cases were withdrawn",
    Cause.SETTLED: "undetermined cases were settled",
    Cause.CORRECTED: "cases were corrected",
    Cause.PROGRESS: "cases went on to another stage",
}
"""What each cause says in a sentence; in the order of the list."""


class End(Struct, frozen=True, kw_only=True):
    """What one end of a bridge is of."""

    edition: Edition
    position: int
    at: datetime


class Figure(Struct, frozen=True):
    """What is in scope, and the bounds; ``most`` is null where some weight was not provided."""

    in_scope: int
    least: int
    most: int | None


class PointShown(Struct, frozen=True):
    """One end: under which edition, as of when."""

    scope: ScopeShown
    as_of: AsOfShown


class PartShown(Struct, frozen=True):
    """What one cause moved, in signed whole numbers; ``rule`` where one rule let cases out of scope or back in, null
    where they went in or out of undetermined, or are no flow between the two. ``most`` is null where a number that was
    not provided may have come or gone under this cause; the other parts say theirs all the same. ``taken_over`` is how
    much of ``in_scope`` went out with forces that another took over, or came in with its first return since then."""

    cause: Cause
    rule: str | None
    title: str | None
    in_scope: int
    least: int
    most: int | None
    taken_over: int


class NamedForce(Struct, frozen=True):
    """A force, and its name."""

    force: str
    name: str


class MovedShown(Struct, frozen=True):
    """How far something moved the figure, in signed whole numbers; ``most`` is null where some weight of it was not
    provided."""

    in_scope: int
    least: int
    most: int | None


class TakenOverShown(Struct, frozen=True):
    """A force that took others over between the two points: what ``went`` out with them as coverage, and what ``came``
    in with its first return since then, for ``period``: as new cases, or as coverage where nothing of it counted
    before. Which of them are the same cases nobody can tell: they are the same figures once more, no further part."""

    force: str
    name: str
    period: str
    took: tuple[NamedForce, ...]
    went: MovedShown
    came: MovedShown
    sentence: str


class ForceBridgeShown(Struct, frozen=True):
    """The same of one force, what another leads taken out."""

    force: str
    name: str
    opening: Figure
    parts: tuple[PartShown, ...]
    closing: Figure


class BridgeDocument(Struct, frozen=True, rename={"from_": "from"}):
    """Opening, parts by cause, closing: opening and parts make up closing in each column; in ``most`` unless one of
    them is null, as it is not open before or after without a part that is. ``through``: editions that
    lead from the one to the other, by way of which a case is followed: a rule that is named may be one of theirs."""

    from_: PointShown
    to: PointShown
    through: tuple[ScopeShown, ...]
    opening: Figure
    parts: tuple[PartShown, ...]
    closing: Figure
    taken_over: tuple[TakenOverShown, ...]
    sentence: str
    forces: tuple[ForceBridgeShown, ...] | None


class Told(Struct, frozen=True, kw_only=True):
    """A bridge with all that says what it is of, and the list of the forces."""

    bridge: Bridge
    opening: End
    closing: End
    through: tuple[Edition, ...]
    """Editions on the way from the one to the other: what a rule of one of them let out, another may have let in."""
    forces: CodeList
    taken_over: tuple[TakenOver, ...]

    def force(self, number: int) -> tuple[str, str]:
        """The id and the name of a force."""
        code = self.forces.by_ordinal.get(number)
        return (f"#{number}", "") if code is None else (code.code, code.title)

    def called(self, numbers: Sequence[int]) -> str:
        """The names of some forces, as in a sentence."""
        return _listed([name or identifier for identifier, name in map(self.force, numbers)])


def as_document(told: Told, *, by_force: bool) -> BridgeDocument:
    """The bridge as it is answered; ``by_force``: that of each force too."""
    whole = told.bridge
    return BridgeDocument(
        from_=_point(told.opening),
        to=_point(told.closing),
        through=tuple(_scope(edition) for edition in told.through),
        opening=_figure(whole.opening),
        parts=_parts(told, whole),
        closing=_figure(whole.closing),
        taken_over=tuple(_taken_over(told, each) for each in told.taken_over),
        sentence=in_words(told),
        forces=tuple(
            ForceBridgeShown(
                *told.force(force),
                _figure(each.opening),
                _parts(told, each, force),
                _figure(each.closing),
            )
            for force, each in whole.forces.items()
        )
        if by_force
        else None,
    )


HEADINGS: Final = (
    *("from_scope", "from_position", "from_at", "to_scope", "to_position", "to_at"),
    *("force", "line", "rule", "in_scope", "least", "most", "taken_over"),
    *("from_scope_hash", "to_scope_hash"),
)


def as_csv(told: Told, *, by_force: bool) -> str:
    """One row the opening, one each part, one the closing; on every row what the figure is of."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    ends: list[str | int] = []
    for end in (told.opening, told.closing):
        ends += (end.edition.name, end.position, wire_time(end.at))
    hashes = (told.opening.edition.hash, told.closing.edition.hash)
    of: list[tuple[int | None, Bridge]] = [(None, told.bridge)]
    if by_force:
        of += told.bridge.forces.items()
    for force, each in of:
        name = "" if force is None else told.force(force)[0]
        for row in _rows(told, each, force):
            cells = (*ends, name, *row, *hashes)
            writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in cells])
    return out.getvalue()


def _rows(told: Told, item: Bridge, force: int | None) -> Iterator[tuple[str | int | None, ...]]:
    opening, closing = _figure(item.opening), _figure(item.closing)
    yield ("opening", None, opening.in_scope, opening.least, opening.most, None)
    for part in _parts(told, item, force):
        yield (part.cause.value, part.rule, part.in_scope, part.least, part.most, part.taken_over)
    yield ("closing", None, closing.in_scope, closing.least, closing.most, None)


def in_words(told: Told) -> str:
    """Why the figure moved, and who took over from whom meanwhile: else its cases would be read as new."""
    took = (_took_over(told, each) for each in told.taken_over if each.went.in_scope or each.brought.in_scope)
    return " ".join([sentence(told.bridge), *took])


def sentence(item: Bridge) -> str:
    """Why the figure moved, as one could read it aloud; and how many it may be with what is undetermined."""
    return _least(item) + _most(item)


def _took_over(told: Told, item: TakenOver) -> str:
    heir, left = told.called([item.force]), told.called(item.took)
    went, came = -item.went.in_scope, item.brought.in_scope
    new = item.came[Cause.NEWLY_IDENTIFIED].in_scope
    as_new = "" if not new else ", as new cases" if new == came else f", {new:,} of them as new cases"
    same = " How many of them are the same cases cannot be told." if went and new else ""
    return (
        f"{heir} took over from {left}: {went:,} went out with {left}, and {came:,} came in with the first return of "
        f"{heir} since then, for {item.period:%Y-%m}{as_new}.{same}"
    )


def _least(item: Bridge) -> str:
    begin, end = item.opening.in_scope, item.closing.in_scope
    moved = [(cause, delta) for cause, delta in by_cause(item) if delta.in_scope]
    moved.sort(key=lambda pair: -abs(pair[1].in_scope))
    because = _listed([f"{CAUSES[cause]} ({_signed(delta.in_scope)})" for cause, delta in moved])
    if begin == end:
        stands = f"The national figure stands at {end:,} at both points"
        return f"{stands}: {because} make up for one another." if moved else f"{stands}."
    word = "rose" if end > begin else "fell"
    return f"The national figure {word} from {begin:,} to {end:,} because {because}."


def _most(item: Bridge) -> str:
    begin, end = item.opening.most, item.closing.most
    if begin is None or end is None:
        return " How many it may be at most is open, as some numbers were not provided."
    if not item.opening.undetermined and not item.closing.undetermined:
        return ""
    before = "at both points" if begin == end else f"after {begin:,}"
    why = ""
    if moves_most_alone(item):
        moved = [(cause, delta.most) for cause, delta in by_cause(item) if delta.most]
        moved.sort(key=lambda pair: -abs(pair[1]))
        why = f", because {_listed([f'{CAUSES[cause]} ({_signed(most)})' for cause, most in moved])}"
    return f" With what is undetermined it may be as many as {end:,}, {before}{why}."


def moves_most_alone(item: Bridge) -> bool:
    """Whether nothing that is in scope moved, and how many it may be at most did; not where any of that is open."""
    if item.opening.open or item.closing.open or any(part.delta.in_scope or part.delta.open for part in item.parts):
        return False
    return any(part.delta.most for part in item.parts)


def by_cause(item: Bridge) -> list[tuple[Cause, Delta]]:
    """The parts, the rules of one cause together."""
    found: dict[Cause, Delta] = {}
    for part in item.parts:
        found[part.cause] = found.get(part.cause, Delta()) + part.delta
    return list(found.items())


UNDECIDED: Final = "in or out of undetermined"
"""What moved under a cause that moved by rule elsewhere, and by none here."""


def begun_with(cause: Cause) -> str:
    """What a cause says where a line begins with it."""
    return CAUSES[cause][0].upper() + CAUSES[cause][1:]


def causes_by_rule(item: Bridge) -> frozenset[Cause]:
    """The causes under which a rule is named anywhere."""
    return frozenset(part.cause for part in item.parts if part.rule is not None)


def moved_by(told: Told) -> list[tuple[str, Delta]]:
    """Each part in words, and what it moved: ``The definition changed: More than one victim``."""
    titles, by_rule = _titles(told), causes_by_rule(told.bridge)
    found = []
    for part in told.bridge.parts:
        cause = begun_with(part.cause)
        rule = UNDECIDED if part.rule is None else titles.get(part.rule, part.rule)
        found.append((f"{cause}: {rule}" if part.cause in by_rule else cause, part.delta))
    return found


def _listed(items: Sequence[str]) -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _signed(number: int) -> str:
    sign = "+" if number > 0 else "\N{MINUS SIGN}"
    return f"{sign}{abs(number):,}"


def _titles(told: Told) -> dict[str, str]:
    editions = (*told.through, told.opening.edition, told.closing.edition)
    return {rule.id: rule.title for edition in editions for rule in edition.rules}


def _point(end: End) -> PointShown:
    return PointShown(_scope(end.edition), AsOfShown(end.position, wire_time(end.at)))


def _scope(edition: Edition) -> ScopeShown:
    return ScopeShown(edition.name, edition.title, edition.hash)


def _figure(counts: Counts) -> Figure:
    return Figure(counts.in_scope, counts.least, counts.most)


def _taken_over(told: Told, item: TakenOver) -> TakenOverShown:
    name, title = told.force(item.force)
    went, came = (MovedShown(moved.in_scope, moved.in_scope, moved.most) for moved in (item.went, item.brought))
    took = tuple(NamedForce(*told.force(force)) for force in item.took)
    return TakenOverShown(name, title, f"{item.period:%Y-%m}", took, went, came, _took_over(told, item))


def _parts(told: Told, item: Bridge, force: int | None = None) -> tuple[PartShown, ...]:
    """The parts of a bridge, or of that of one force."""
    titles = _titles(told)
    return tuple(
        PartShown(
            part.cause,
            part.rule,
            None if part.rule is None else titles.get(part.rule),
            part.delta.in_scope,
            part.delta.in_scope,
            part.delta.most,
            by_taking_over(told.bridge, told.taken_over, part.cause, force).in_scope,
        )
        for part in item.parts
    )
