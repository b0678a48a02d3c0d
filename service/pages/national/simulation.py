"""The page of a simulation: choose an edition, switch rules off, and see what it would do. Nothing is changed by it.

A form that works by GET: what is chosen stands in the address, which can be sent to a colleague.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from litestar import Response, get
from msgspec import Struct

from service.errors import CaseReturnsError, Conflict, Invalid, NotFound
from service.identity.principal import Permission, require_body
from service.pages.effect import VERDICTS
from service.pages.national.words import BREAKDOWNS, counted, not_known, range_of
from service.pages.visit import Visit, Visiting
from service.picture.export import Columns
from service.picture.national import Dimension
from service.picture.question import closest, shown
from service.picture.simulate.answer import Asked, Simulated, simulate
from service.picture.simulate.export import RuleFlipShown, SimulationDocument, as_document
from service.picture.simulate.model import Flip, ValueFlip
from service.picture.simulate.question import SimulationRefused
from service.picture.store import StoredEdition, editions
from service.scope.edition import Edition
from service.scope.store import known
from service.scope.verdict import Verdict
from service.tally.model import Totals

_EDITION, _AGAINST, _OFF = "edition", "against", "off"
_KNOWN: Final = (_EDITION, _AGAINST, _OFF)
_LONGEST: Final = 100
Move = tuple[Verdict, Verdict]


class Typed(Struct, frozen=True, kw_only=True):
    """The form as it was filled in; without an edition nothing is asked yet."""

    edition: str = ""
    against: str = ""
    off: tuple[str, ...] = ()

    @property
    def asked(self) -> Asked:
        return Asked(edition=self.edition, against=self.against or None, rules_off=self.off)


class Line(Struct, frozen=True, kw_only=True):
    """A row of a table of flips: cases by move."""

    title: str
    cases: Mapping[Move, int]


class Tabled(Struct, frozen=True, kw_only=True):
    """One table of flips: its rows, and a column for each move that there is."""

    id: str
    title: str
    of: str
    moves: Sequence[Move]
    lines: Sequence[Line]


class Problem(Struct, frozen=True):
    """What is wrong, and the input of the form that it is about."""

    says: str
    at: str


Offered = Mapping[StoredEdition, Edition]
"""The editions to choose from, each as it is read."""


@get("/simulation", include_in_schema=False)
async def show_simulation(visit: Visiting) -> Response[str]:
    """The form; where an edition is chosen also what it would do, or what is wrong with what was chosen."""
    require_body(visit.person.principal, Permission.NATIONAL_READ, Permission.TERMS_PROPOSE)
    typed = _typed(visit.request.query_params.multi_items())
    offered = await _offered(visit)
    if not typed.edition:
        return _page(visit, typed, offered)
    try:
        found = await simulate(visit.context, visit.actor, typed.asked)
    except (SimulationRefused, NotFound) as error:
        return _page(visit, typed, offered, problem=_problem(error))
    return _page(visit, typed, offered, found=found)


def _typed(parameters: Iterable[tuple[str, str]]) -> Typed:
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        if name not in _KNOWN:
            raise Invalid(f"This page takes no parameter {shown(name)}.", closest(name, _KNOWN))
        given.setdefault(name, []).append(value.strip()[:_LONGEST])
    for name in (_EDITION, _AGAINST):
        if len(given.get(name, ())) > 1:
            raise Invalid(f"The parameter {name} stands twice in the address.", "Give it once.")
    return Typed(
        edition=given.get(_EDITION, [""])[0],
        against=given.get(_AGAINST, [""])[0],
        off=tuple(value for value in given.get(_OFF, ()) if value),
    )


async def _offered(visit: Visit) -> Offered:
    """Every edition that can be read here, whatever its state: drafts above all, but none that a contract which changed
    since has made unreadable."""
    scopes = visit.context.editions
    found: dict[StoredEdition, Edition] = {}
    async with visit.context.db.national() as tx:
        for item in await editions(tx, scopes):
            with suppress(Conflict, Invalid):
                found[item] = await known(tx, scopes, item.name, item.hash)
    return found


def _problem(error: CaseReturnsError) -> Problem:
    """What is wrong as the form has it."""
    pointer = next((str(each["pointer"]) for each in getattr(error, "errors", ())), "")
    place = {"against": _AGAINST, "rules_off": _OFF}.get(pointer.strip("/").partition("/")[0], _EDITION)
    return Problem(f"{error.says} {error.do}".strip(), place)


def _page(
    visit: Visit,
    typed: Typed,
    offered: Offered,
    *,
    found: Simulated | None = None,
    problem: Problem | None = None,
) -> Response[str]:
    rules = next((edition.rules for edition in offered.values() if edition.name == typed.edition), ())
    form: dict[str, Any] = {"typed": typed, "editions": offered, "rules": rules, "problem": problem}
    titles = {edition.name: edition.title for edition in offered.values()}
    if found is None:
        status = 200 if problem is None else 422
        return visit.page("national/simulation.html", status=status, here="national", titles=titles, told=None, **form)
    told = as_document(found.simulation, found.before, found.after)
    return visit.page(
        "national/simulation.html",
        here="national",
        titles=titles,
        told=told,
        at=found.simulation.at,
        says=_says(told),
        tables=[each for each in _tables(told, found) if each.lines],
        verdicts=VERDICTS,
        moved=_moved,
        ranges=(range_of(_columns(told.before)), range_of(_columns(told.after))),
        counted=counted,
        asks=[each for each in told.cost if each.look_again],
        left_out={_set(found, name): codes for name, codes in told.scope.codes_left_out.items()},
        **form,
    )


def _says(told: SimulationDocument) -> str:
    """The simulation in one sentence."""
    if not told.forces.counting:
        return "No force has sealed a return yet, so there is nothing to judge."
    cases = sum(flip.cases for flip in told.flips)
    if not cases:
        return f"Every one of {counted(told.cases, 'case', 'cases')} would have the verdict that it has."
    some = "1 case would have" if cases == 1 else f"{cases:,} cases would have"
    return f"{some} another verdict, of {told.cases:,} in all."


def _moved(move: Move) -> str:
    """``In scope, then undetermined``."""
    return f"{VERDICTS[move[0]]}, then {VERDICTS[move[1]].lower()}"


def _columns(totals: Totals) -> Columns:
    return Columns(totals.in_scope, totals.undetermined, totals.out_of_scope, totals.least, totals.most)


def _tables(told: SimulationDocument, found: Simulated) -> Iterable[Tabled]:
    """The flips by rule, by what is missing, and by each breakdown that is neither a case nor a force alone."""
    moves = [_move(flip) for flip in told.flips]
    yield _tabled(
        "rule", "By rule", "Rule", moves, [(_rule(each, found), _move(each), each.cases) for each in told.by_rule]
    )
    lacking = [(each.label or each.attribute, (each.before, each.after), each.cases) for each in told.by_missing]
    yield _tabled("missing", "By what is missing afterwards", "Missing", moves, lacking)
    for dimension, flips in found.simulation.counted.by.items():
        title = BREAKDOWNS[dimension]
        rows = [(_value(found, dimension, each), _move(each), each.cases) for each in flips]
        yield _tabled(dimension.value, f"By {title.lower()}", title, moves, rows)


def _move(flip: Flip | ValueFlip | RuleFlipShown) -> Move:
    return flip.before, flip.after


def _rule(flip: RuleFlipShown, found: Simulated) -> str:
    """What put it out, before and after; neither where it was never out."""
    before = {rule.id: rule.title for rule in found.before.edition.rules}
    after = {rule.id: rule.title for rule in found.after.edition.rules}
    said = []
    if flip.rule_before is not None:
        said.append(f"Out before by ‘{before[flip.rule_before]}’")
    if flip.rule_after is not None:
        said.append(f"Out after by ‘{after[flip.rule_after]}’")
    return "; ".join(said) or "Out by no rule, before or after"


def _set(found: Simulated, name: str) -> str:
    """What people call a named set."""
    return found.after.contract.vocabulary.sets[name].title or name


def _value(found: Simulated, dimension: Dimension, flip: ValueFlip) -> str:
    return not_known(dimension) if flip.value is None else found.after.title(dimension, flip.value)


def _tabled(name: str, title: str, of: str, moves: Sequence[Move], rows: Iterable[tuple[str, Move, int]]) -> Tabled:
    lines: dict[str, dict[Move, int]] = {}
    for said, move, cases in rows:
        line = lines.setdefault(said, {})
        line[move] = line.get(move, 0) + cases
    there = [move for move in moves if any(move in line for line in lines.values())]
    return Tabled(
        id=name, title=title, of=of, moves=there, lines=[Line(title=said, cases=line) for said, line in lines.items()]
    )
