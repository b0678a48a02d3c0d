"""Checks every stored figure of sealed returns against a full re-read of their immutable versions, by digest.

What is stored of a return under an edition is its tally, what it moved, its flips, and its cases that name others.
All of it is made anew from the case versions, and compared; nothing is written. What judging again folds in the
database is folded here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import add
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.clock import london_date
from service.contract.model import PartName
from service.register.columns import stored_types
from service.returns.chain import Chained, chain_of, steps_of
from service.returns.context import Context
from service.returns.moves import transitions_of
from service.returns.rejudge import chain_cells
from service.returns.rows import listed
from service.returns.shared import SHARED_COLUMNS, shared_rows
from service.returns.stock import asked_of
from service.scope.store import Standing, standing_of, tallied_editions
from service.tally.count import Group, flips_of, judge_lines, tally_of
from service.tally.judge import Source, case_source
from service.tally.model import Margin, Tally
from service.tally.moves import Transition

_TALLIES: Final = text(
    "select return_id, counted, not_counted, open_cells, has_moves from tally "
    "where force = :force and edition = :edition"
)
_CELLS: Final = text(
    "select return_id, margin, ruling, dimension, sum(weight)::bigint as weight from tally_cell "
    "where force = :force and edition = :edition group by 1, 2, 3, 4"
)
_TRANSITIONS: Final = text(
    "select return_id, kind, ruling_before, stage_before, ruling_after, stage_after, sum(weight)::bigint as weight, "
    "sum(open_cells)::bigint as open_cells from transition where force = :force and edition = :edition "
    "group by 1, 2, 3, 4, 5, 6"
)
_FLIPS: Final = text(
    "select return_id, ruling_before, ruling_after, sum(weight)::bigint as weight from flip "
    "where force = :force and edition_after = :edition group by 1, 2, 3"
)
_SHARED: Final = text(
    f"select return_id, {', '.join(SHARED_COLUMNS)}, 1 as weight from shared_row "
    "where force = :force and edition = :edition"
)

Row = tuple[tuple[Any, ...], tuple[int, ...]]
"""What weighs, and what it weighs."""
Rows = list[Row]
_WEIGHTS: Final[Mapping[str, int]] = {"tally": 1, "transitions": 2, "flips": 1, "shared": 1}
"""How many weights each row has, at its end."""


class Mismatch(Struct, frozen=True, kw_only=True):
    """A return of which something that is stored is not what its versions say: ``what`` is tally, transitions, flips or
    shared; or moves, where the tally that it builds on and its transitions do not make up its own. The digests are of
    what is stored (or made up) and of what was read."""

    force: int
    return_id: UUID
    edition: str
    what: str
    stored: str
    read: str


class Reconciled(Struct, frozen=True, kw_only=True):
    """What was checked: so many returns under so many editions, those that have no tally yet and those that get none,
    because the edition is not tallied any more (once for each edition), and what is wrong."""

    returns: int
    editions: tuple[str, ...]
    not_judged: int
    not_tallied: int
    digest: str
    """Of everything that was read: two runs over the same returns give the same."""
    mismatches: tuple[Mismatch, ...]


async def reconcile(context: Context, scope: str | None = None) -> Reconciled:
    """Check every force's chain under every edition that can have tallies, because figures are answered under each of
    them; or under the one that is named."""
    today = london_date(context.now())
    async with context.db.national() as tx:
        if scope is None:
            standings = await tallied_editions(tx, context.editions)
        else:
            standings = (await standing_of(tx, context.editions, scope),)
        forces = (
            await tx.execute(text("select distinct force from case_return where line is not null order by 1"))
        ).scalars()
        listed = list(forces)
    returns = not_judged = not_tallied = 0
    mismatches: list[Mismatch] = []
    whole = hashlib.sha256()
    for force in listed:
        async with context.db.force(force) as tx:
            # what is sealed meanwhile ends versions, but changes nothing of what an earlier number of the line holds
            await tx.execute(text("set transaction read only"))
            chain = await chain_of(tx, force)
            returns += len(chain)
            for standing in standings:
                checked = await _checked(context, tx, force, chain, standing)
                if standing.is_tallied(today):
                    not_judged += checked.lacking
                else:
                    not_tallied += checked.lacking
                mismatches += checked.mismatches
                whole.update(checked.digest)
    return Reconciled(
        returns=returns,
        editions=tuple(standing.edition.name for standing in standings),
        not_judged=not_judged,
        not_tallied=not_tallied,
        digest=f"sha-256:{whole.hexdigest()}",
        mismatches=tuple(mismatches),
    )


class _Checked(Struct, frozen=True):
    lacking: int
    digest: bytes
    mismatches: tuple[Mismatch, ...]


async def _checked(
    context: Context, tx: AsyncConnection, force: int, chain: Sequence[Chained], standing: Standing
) -> _Checked:
    stored = await _stored(tx, force, standing.id)
    read = await _read(context, tx, force, chain, standing)
    digests = {item.id: {what: _digest(rows) for what, rows in read[item.id].items()} for item in chain}
    mismatches = tuple(
        Mismatch(force=force, return_id=item.id, edition=standing.edition.name, what=what, stored=kept, read=found)
        for item in chain
        for what, kept, found in _differences(item, stored, digests[item.id])
    )
    lacking = sum(item.id not in stored or stored[item.id]["transitions"] is None for item in chain)
    whole = "".join(digest for of_return in digests.values() for digest in of_return.values())
    return _Checked(lacking, whole.encode(), mismatches)


def _differences(
    item: Chained, stored: Mapping[UUID, dict[str, Any]], read: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """What of a return is not as it was read, and whether it is what it builds on and what it moved: the digests."""
    kept = stored.get(item.id)
    if kept is None:
        return
    for what, found in read.items():
        if kept[what] is not None and (was := _digest(kept[what])) != found:
            yield what, was, found
    base = None if item.base_id is None else stored.get(item.base_id)
    if base is not None and kept["transitions"] is not None:
        moved, stands = _digest(_after(base["tally"], kept["transitions"])), _digest(_weights(kept["tally"]))
        if moved != stands:
            yield "moves", moved, stands


async def _stored(tx: AsyncConnection, force: int, edition: int) -> Mapping[UUID, dict[str, Any]]:
    """What is stored of each return that has a tally; of one whose moves are not counted yet, none of those."""
    key = {"force": force, "edition": edition}
    found: dict[UUID, dict[str, Any]] = {}
    for row in await tx.execute(_TALLIES, key):
        head = _head(row.counted, row.not_counted, row.open_cells)
        moves: Rows | None = [] if row.has_moves else None
        flips: Rows | None = None if moves is None else []
        found[row.return_id] = {"tally": [head], "transitions": moves, "flips": flips, "shared": []}
    queries = {"tally": _CELLS, "transitions": _TRANSITIONS, "flips": _FLIPS, "shared": _SHARED}
    for what, query in queries.items():
        for return_id, *values in await tx.execute(query, key):
            kept = found.get(return_id)
            if kept is not None and kept[what] is not None:
                cut = len(values) - _WEIGHTS[what]
                kept[what].append((tuple(values[:cut]), tuple(values[cut:])))
    return found


async def _read(
    context: Context, tx: AsyncConnection, force: int, chain: Sequence[Chained], standing: Standing
) -> Mapping[UUID, dict[str, Rows]]:
    """The same, from the versions."""
    groups = await _groups(context, tx, force, standing, chain)
    steps = await steps_of(tx, force, chain, chain)
    transitions = await transitions_of(context, tx, force, steps, standing.edition)
    shared: dict[UUID, Rows] = {item.id: [] for item in chain}
    for row in await shared_rows(context, tx, force, chain, {standing.id: standing.edition}):
        shared[row["return_id"]].append((tuple(row[name] for name in SHARED_COLUMNS), (1,)))
    return {
        item.id: {
            "tally": _tally_rows(tally_of(groups[item.line])),
            "transitions": [_transition_row(each) for each in transitions[item.id]],
            "flips": [(pair, (weight,)) for pair, weight in flips_of(groups[item.line]).items()],
            "shared": shared[item.id],
        }
        for item in chain
    }


async def _groups(
    context: Context, tx: AsyncConnection, force: int, standing: Standing, chain: Sequence[Chained]
) -> Mapping[int, tuple[Group, ...]]:
    """What the stock of each of these returns comes to, by the number of its line: in one pass over the force's
    versions, or one for each choice of years that their case parts cover."""
    groups: dict[int, tuple[Group, ...]] = {}
    for years in dict.fromkeys(item.years for item in chain):
        (found,) = await judge_lines(
            tx,
            context.library,
            [asked_of(standing)],
            _sources(context),
            years,
            stored_types(context.library, PartName.CASE),
            {"force": force},
            [item.line for item in chain if item.years == years],
        )
        groups |= found
    return groups


def _sources(context: Context) -> tuple[Source, ...]:
    types = tuple(stored_types(context.library, PartName.CASE))
    rows = f"(select {listed([*types, 'line_from', 'line_to'], 'v')} from case_version v where v.force = :force) v"
    cells = chain_cells(context)
    return case_source(frozenset(types), rows), *(() if cells is None else (cells,))


def _head(counted: int, not_counted: int, open_cells: int) -> Row:
    return ("counted", "not_counted", "open_cells"), (counted, not_counted, open_cells)


def _tally_rows(tally: Tally) -> Rows:
    cells: Rows = [((int(cell.margin), cell.ruling, cell.dimension), (cell.weight,)) for cell in tally.cells]
    return [_head(tally.counted, tally.not_counted, tally.open_cells), *cells]


def _transition_row(item: Transition) -> Row:
    sides = [(None, None) if side is None else (side.ruling, side.stage) for side in (item.before, item.after)]
    return (item.kind.value, *sides[0], *sides[1]), (item.weight, item.open_cells)


def _weights(tally: Rows) -> Rows:
    """Of a tally, what it weighs by ruling and stage."""
    return [(what[1:], weights) for what, weights in tally if what[0] == Margin.STAGE]


def _after(tally: Rows, transitions: Rows) -> Rows:
    """What a tally weighs by ruling and stage after these transitions."""
    found = _weights(tally)
    for (_, ruling_before, stage_before, ruling_after, stage_after), (weight, _) in transitions:
        if ruling_before is not None:
            found.append(((ruling_before, stage_before), (-weight,)))
        if ruling_after is not None:
            found.append(((ruling_after, stage_after), (weight,)))
    return found


def _digest(rows: Iterable[Row]) -> str:
    """The same whatever the order, and whether two rows say the same or one says both; one that weighs nothing says
    nothing."""
    folded: dict[tuple[Any, ...], tuple[int, ...]] = {}
    for what, weights in rows:
        so_far = folded.get(what)
        folded[what] = weights if so_far is None else tuple(map(add, so_far, weights))
    lines = sorted(msgspec.json.encode(row) for row in folded.items() if any(row[1]))
    return hashlib.sha256(b"\n".join(lines)).hexdigest()
