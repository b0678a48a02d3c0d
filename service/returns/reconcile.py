"""Checks every stored figure of sealed returns against a full re-read of their immutable versions, by digest.

What is stored of a return under an edition is its tally, what it moved, and its flips. All of it is made anew from the
case versions, by the code that judges again, and compared; nothing is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.clock import london_date
from service.returns.chain import Chained, chain_of, steps_of
from service.returns.context import Context
from service.returns.moves import transitions_of
from service.returns.rejudge import chain_groups
from service.scope.store import Standing, live_editions, standing_of
from service.tally.count import flips_of, tally_of
from service.tally.model import Tally
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

Row = tuple[tuple[Any, ...], tuple[int, ...]]
"""What weighs, and what it weighs."""
Rows = list[Row]
_WEIGHTS: Final[Mapping[str, int]] = {"tally": 1, "transitions": 2, "flips": 1}
"""How many weights each row has, at its end."""


class Mismatch(Struct, frozen=True, kw_only=True):
    """A return of which something that is stored is not what its versions say: ``what`` is tally, transitions or flips.
    The digests are of what is stored and of what was read."""

    force: int
    return_id: UUID
    edition: str
    what: str
    stored: str
    read: str


class Reconciled(Struct, frozen=True, kw_only=True):
    """What was checked: so many returns under so many editions, those that have no tally yet, and what is wrong."""

    returns: int
    editions: tuple[str, ...]
    not_judged: int
    digest: str
    """Of everything that was read: two runs over the same returns give the same."""
    mismatches: tuple[Mismatch, ...]


async def reconcile(context: Context, scope: str | None = None) -> Reconciled:
    """Check every force's chain under every live edition, or under the one that is named."""
    async with context.db.national() as tx:
        if scope is None:
            standings = await live_editions(tx, context.editions, london_date(context.now()))
        else:
            standings = (await standing_of(tx, context.editions, scope),)
        forces = (
            await tx.execute(text("select distinct force from case_return where line is not null order by 1"))
        ).scalars()
        listed = list(forces)
    returns = not_judged = 0
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
                not_judged += checked.not_judged
                mismatches += checked.mismatches
                whole.update(checked.digest)
    return Reconciled(
        returns=returns,
        editions=tuple(standing.edition.name for standing in standings),
        not_judged=not_judged,
        digest=f"sha-256:{whole.hexdigest()}",
        mismatches=tuple(mismatches),
    )


class _Checked(Struct, frozen=True):
    not_judged: int
    digest: bytes
    mismatches: tuple[Mismatch, ...]


async def _checked(
    context: Context, tx: AsyncConnection, force: int, chain: Sequence[Chained], standing: Standing
) -> _Checked:
    stored = await _stored(tx, force, standing.id)
    read = await _read(context, tx, force, chain, standing)
    mismatches = []
    digests = []
    for item in chain:
        for what, rows in read[item.id].items():
            digest = _digest(rows)
            digests.append(digest)
            kept = stored.get(item.id)
            if kept is not None and kept[what] is not None and _digest(kept[what]) != digest:
                mismatches.append(
                    Mismatch(
                        force=force,
                        return_id=item.id,
                        edition=standing.edition.name,
                        what=what,
                        stored=_digest(kept[what]),
                        read=digest,
                    )
                )
    lacking = sum(item.id not in stored or stored[item.id]["transitions"] is None for item in chain)
    return _Checked(lacking, "".join(digests).encode(), tuple(mismatches))


async def _stored(tx: AsyncConnection, force: int, edition: int) -> Mapping[UUID, dict[str, Any]]:
    """What is stored of each return that has a tally; of one whose moves are not counted yet, none of those."""
    key = {"force": force, "edition": edition}
    found: dict[UUID, dict[str, Any]] = {}
    for row in await tx.execute(_TALLIES, key):
        head = _head(row.counted, row.not_counted, row.open_cells)
        moves: Rows | None = [] if row.has_moves else None
        found[row.return_id] = {"tally": [head], "transitions": moves, "flips": None if moves is None else []}
    for what, query in (("tally", _CELLS), ("transitions", _TRANSITIONS), ("flips", _FLIPS)):
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
    groups = await chain_groups(context, tx, force, standing, chain)
    steps = await steps_of(tx, force, chain, chain)
    transitions = await transitions_of(context, tx, force, steps, standing.edition)
    return {
        item.id: {
            "tally": _tally_rows(tally_of(groups[item.line])),
            "transitions": [_transition_row(each) for each in transitions[item.id]],
            "flips": [(pair, (weight,)) for pair, weight in flips_of(groups[item.line]).items()],
        }
        for item in chain
    }


def _head(counted: int, not_counted: int, open_cells: int) -> Row:
    return ("counted", "not_counted", "open_cells"), (counted, not_counted, open_cells)


def _tally_rows(tally: Tally) -> Rows:
    cells: Rows = [((int(cell.margin), cell.ruling, cell.dimension), (cell.weight,)) for cell in tally.cells]
    return [_head(tally.counted, tally.not_counted, tally.open_cells), *cells]


def _transition_row(item: Transition) -> Row:
    sides = [(None, None) if side is None else (side.ruling, side.stage) for side in (item.before, item.after)]
    return (item.kind.value, *sides[0], *sides[1]), (item.weight, item.open_cells)


def _digest(rows: Iterable[Row]) -> str:
    """The same whatever the order; a row that weighs nothing says nothing."""
    lines = sorted(msgspec.json.encode(row) for row in rows if any(row[1]))
    return hashlib.sha256(b"\n".join(lines)).hexdigest()
