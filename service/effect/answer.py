"""Asks the effect of a version of all sealed returns, by the role that reads cases and gives back counts alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.clock import london_date
from service.contract.library import Library
from service.contract.model import PartName, Role
from service.effect.model import ChangeEffect, EditionEffect, Effect, Move, RuleEffect
from service.effect.question import RULES, AskedEdition, Question, Rows, effect_sql, question_of
from service.register.columns import OPEN_END, stored_types
from service.returns.context import Context
from service.scope.edition import Edition
from service.scope.store import live_editions
from service.scope.verdict import Verdict
from service.storage.position import latest
from service.tally.model import Totals, totals_of
from service.telemetry.spans import traced

_HEAD: Final = "force_line l on l.force = {alias}.force join case_return r on r.force = l.force and r.id = l.return_id"
_Weights = Counter[tuple[int, int]]
"""By force and key."""


async def effect_now(context: Context, version: str, edition: Edition | None = None) -> Effect:
    """The effect of a version on one edition, or on every one under which seals are tallied today."""
    async with context.db.judge() as tx:
        if edition is not None:
            return await effect_of(tx, context.library, version, [edition])
        live = await live_editions(tx, context.editions, london_date(context.now()))
        return await effect_of(tx, context.library, version, [standing.edition for standing in live])


@traced("effect")
async def effect_of(tx: AsyncConnection, library: Library, version: str, editions: Iterable[Edition]) -> Effect:
    """The effect of a version on every return that holds now, in a transaction of the judge role.

    The position is read first: a return that is sealed meanwhile may be counted, and the next question names it.
    """
    position = await latest(tx)
    asked = question_of(library, version, editions)
    cases, cells = _cases(library), _cells(library, version)
    rows = (await tx.execute(text(effect_sql(library, asked, cases, cells)))).all() if _asks(asked) else []
    weights: dict[int, _Weights] = {}
    opens: Counter[int] = Counter()
    found: dict[int, Sequence[int]] = {}
    for which, force, numbers in rows:
        if which == RULES:
            found[force] = numbers
        else:
            key, weight, open_cells = numbers
            weights.setdefault(which, Counter())[force, key] += weight
            if asked.editions[which].sign(key, 0) >= 0:
                opens[which] += open_cells
    return Effect(
        version=version,
        before=asked.before,
        position=position.position,
        at=position.at,
        cases=sum(weights.get(0, Counter()).values()),
        editions=tuple(
            _edition(edition, weights.get(place, Counter()), opens[place])
            for place, edition in enumerate(asked.editions)
        ),
        rules=_rules(asked, found),
        not_asked=asked.not_asked,
    )


def _asks(asked: Question) -> bool:
    return bool(asked.editions or asked.rules)


def _cases(library: Library) -> Rows:
    types = stored_types(library, PartName.CASE)
    source = (
        f"(select v.*, r.case_years, r.case_year_unknown from case_version v join {_HEAD.format(alias='v')} "
        f"where v.line_to = {OPEN_END})"
    )
    return Rows(source=source, columns=types, weight="1", is_case=True)


def _cells(library: Library, version: str) -> Rows | None:
    part = library.contracts[version].parts.get(PartName.AGGREGATE)
    if part is None:
        return None
    source = (
        f"(select c.*, r.case_years, r.case_year_unknown from aggregate_cell c join {_HEAD.format(alias='c')} "
        "and r.id = c.return_id)"
    )
    types = stored_types(library, PartName.AGGREGATE)
    return Rows(source=source, columns=types, weight=f"v.{part.by_role[Role.WEIGHT].name}_lo", is_case=False)


def _edition(asked: AskedEdition, weights: _Weights, open_cells: int) -> EditionEffect:
    read = asked.read
    return EditionEffect(
        edition=asked.edition,
        not_carried=asked.not_carried,
        stands=_totals(asked, weights, 0, open_cells),
        read=None if read is None or asked.is_later else _totals(asked, weights, read, open_cells),
        moves=() if read is None else _moves(asked, weights, 0, read),
        changes=tuple(
            ChangeEffect(change=change, is_read=place != read, moves=_moves(asked, weights, place, read or 0))
            for change, place in asked.without
        ),
        open_cells=open_cells,
    )


def _totals(asked: AskedEdition, weights: _Weights, place: int, open_cells: int) -> Totals:
    return totals_of(((asked.sign(key, place), weight) for (_, key), weight in weights.items()), open_cells)


def _moves(asked: AskedEdition, weights: _Weights, before: int, after: int) -> tuple[Move, ...]:
    cases: Counter[tuple[Verdict, Verdict]] = Counter()
    forces: dict[tuple[Verdict, Verdict], set[int]] = {}
    for (force, key), weight in weights.items():
        move = (asked.verdict(key, before), asked.verdict(key, after))
        if weight and move[0] is not move[1]:
            cases[move] += weight
            forces.setdefault(move, set()).add(force)
    return tuple(
        Move(before=move[0], after=move[1], cases=count, forces=len(forces[move]))
        for move, count in sorted(cases.items(), key=lambda item: (-item[1], item[0]))
    )


def _rules(asked: Question, found: Mapping[int, Sequence[int]]) -> tuple[RuleEffect, ...]:
    effects: list[RuleEffect] = []
    for place, (change, rule) in enumerate(asked.rules):
        counts: list[Any] = [numbers[place] for numbers in found.values() if numbers[place]]
        effects.append(RuleEffect(change=change, rule=rule, cases=sum(counts), forces=len(counts)))
    return tuple(effects)
