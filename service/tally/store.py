"""Stores and reads tallies. Only this module writes ``tally`` and ``tally_cell``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.tally.model import Cell, Margin, Tally

_TALLIES = text(
    "insert into tally (force, return_id, edition, origin, position, counted, not_counted, open_cells, judged_at) "
    "select :force, t.return_id, t.edition, :origin, :position, t.counted, t.not_counted, t.open_cells, now() "
    "from unnest(cast(:returns as uuid[]), cast(:editions as smallint[]), cast(:counted as bigint[]), "
    "cast(:not_counted as bigint[]), cast(:open_cells as integer[])) "
    "t (return_id, edition, counted, not_counted, open_cells)"
)
_CELLS = text(
    "insert into tally_cell (force, return_id, edition, margin, ruling, dimension, weight) "
    "select :force, c.return_id, c.edition, c.margin, c.ruling, c.dimension, c.weight from unnest("
    "cast(:returns as uuid[]), cast(:editions as smallint[]), cast(:margins as smallint[]), "
    "cast(:rulings as integer[]), cast(:dimensions as integer[]), cast(:weights as bigint[])) "
    "c (return_id, edition, margin, ruling, dimension, weight)"
)


async def store_tallies(
    tx: AsyncConnection, *, force: int, return_id: Any, origin: str, position: int, tallies: Mapping[int, Tally]
) -> None:
    """Keep one return's tallies, by the number of the edition. A second one for the same is refused by the key."""
    await _store(tx, force, origin, position, [(return_id, edition, tally) for edition, tally in tallies.items()])


async def store_chain(
    tx: AsyncConnection, *, force: int, edition: int, origin: str, position: int, tallies: Mapping[Any, Tally]
) -> None:
    """Keep the tallies of several returns of a force under one edition, by return."""
    await _store(tx, force, origin, position, [(each, edition, tally) for each, tally in tallies.items()])


async def _store(
    tx: AsyncConnection, force: int, origin: str, position: int, tallies: Sequence[tuple[Any, int, Tally]]
) -> None:
    await tx.execute(
        _TALLIES,
        {
            "force": force,
            "origin": origin,
            "position": position,
            "returns": [each for each, _, _ in tallies],
            "editions": [edition for _, edition, _ in tallies],
            "counted": [tally.counted for _, _, tally in tallies],
            "not_counted": [tally.not_counted for _, _, tally in tallies],
            "open_cells": [tally.open_cells for _, _, tally in tallies],
        },
    )
    cells = [(each, edition, cell) for each, edition, tally in tallies for cell in tally.cells]
    await tx.execute(
        _CELLS,
        {
            "force": force,
            "returns": [each for each, _, _ in cells],
            "editions": [edition for _, edition, _ in cells],
            "margins": [int(cell.margin) for _, _, cell in cells],
            "rulings": [cell.ruling for _, _, cell in cells],
            "dimensions": [cell.dimension for _, _, cell in cells],
            "weights": [cell.weight for _, _, cell in cells],
        },
    )


async def load_tally(tx: AsyncConnection, *, force: int, return_id: Any, edition: int) -> Tally | None:
    """One return's tally under one edition, if it is there."""
    key = {"force": force, "return_id": return_id, "edition": edition}
    where = "where force = :force and return_id = :return_id and edition = :edition"
    head = (await tx.execute(text(f"select counted, not_counted, open_cells from tally {where}"), key)).one_or_none()
    if head is None:
        return None
    cells = await tx.execute(text(f"select margin, ruling, dimension, weight from tally_cell {where}"), key)
    return Tally(
        head.counted,
        head.not_counted,
        head.open_cells,
        tuple(Cell(Margin(row.margin), row.ruling, row.dimension, row.weight) for row in cells),
    )
