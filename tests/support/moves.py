"""Reads what was stored of returns: what they moved, and their flips; and proposes an edition as a body would."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import text

from service.returns.context import Context
from service.scope.edition import Edition, State
from service.scope.published import edition_of
from service.scope.store import Standing, document_of, follow_in_force, standing_of, take_in

Weights = Counter[tuple[int, int | None]]
"""By ruling and stage."""


async def proposed(context: Context, edition: Edition) -> Standing:
    """The edition, proposed now: live from here on."""
    async with context.db.owner() as tx:
        await take_in(tx, edition, State.PROPOSED)
        await follow_in_force(tx)
    async with context.db.app() as tx:
        return await standing_of(tx, context.editions, edition.name)


def renamed(context: Context, edition: Edition, name: str, **changed: Any) -> Edition:
    """The same edition under another name, or with other members."""
    return edition_of({**document_of(edition), "edition": name, **changed}, context.library)


async def standing(context: Context, name: str) -> Standing:
    """An edition as the service holds it."""
    async with context.db.app() as tx:
        return await standing_of(tx, context.editions, name)


async def weights_of(context: Context, force: int, return_id: UUID, edition: int) -> Weights:
    """What a return weighs by ruling and stage, as its tally has it."""
    rows = await _rows(
        context,
        "select ruling, dimension as stage, weight from tally_cell where force = :force and return_id = :id "
        "and edition = :edition and margin = 1",
        force=force,
        id=return_id,
        edition=edition,
    )
    return _without_nothing(Counter({(row.ruling, row.stage): row.weight for row in rows}))


async def moved(context: Context, force: int, return_id: UUID, edition: int) -> list[tuple[Any, ...]]:
    """The transitions of a return: kind, ruling and stage before, ruling and stage after, weight."""
    rows = await _rows(
        context,
        "select kind, ruling_before, stage_before, ruling_after, stage_after, weight from transition "
        "where force = :force and return_id = :id and edition = :edition "
        "order by kind, ruling_before, stage_before, ruling_after, stage_after, weight",
        force=force,
        id=return_id,
        edition=edition,
    )
    return [tuple(row) for row in rows]


def after(before: Weights, transitions: list[tuple[Any, ...]]) -> Weights:
    """What stands after these transitions."""
    found = Counter(before)
    for _, ruling_before, stage_before, ruling_after, stage_after, weight in transitions:
        if ruling_before is not None:
            found[ruling_before, stage_before] -= weight
        if ruling_after is not None:
            found[ruling_after, stage_after] += weight
    return _without_nothing(found)


async def flips_of(context: Context, force: int, return_id: UUID, edition: int) -> list[tuple[int, int, int]]:
    """The flips of a return: ruling before, ruling after, weight."""
    rows = await _rows(
        context,
        "select ruling_before, ruling_after, weight from flip where force = :force and return_id = :id "
        "and edition_after = :edition",
        force=force,
        id=return_id,
        edition=edition,
    )
    return [(row.ruling_before, row.ruling_after, row.weight) for row in rows]


def by_ruling(weights: Weights) -> Counter[int]:
    """The same without the stage."""
    found: Counter[int] = Counter()
    for (ruling, _), weight in weights.items():
        found[ruling] += weight
    return _without_nothing(found)


def side_of(flips: list[tuple[int, int, int]], place: int) -> Counter[int]:
    """One side of flips by ruling: 0 what was, 1 what is."""
    found: Counter[int] = Counter()
    for flip in flips:
        found[flip[place]] += flip[2]
    return _without_nothing(found)


def _without_nothing(weights: Counter[Any]) -> Counter[Any]:
    return Counter({key: weight for key, weight in weights.items() if weight})


async def _rows(context: Context, sql: str, **parameters: Any) -> list[Any]:
    async with context.db.national() as tx:
        return list((await tx.execute(text(sql), parameters)).all())
