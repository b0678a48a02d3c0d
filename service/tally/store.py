"""Stores and reads tallies. Only this module writes ``tally`` and ``tally_cell``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.tally.model import Cell, Margin, Tally

_TALLY = text(
    "insert into tally (force, return_id, edition, origin, position, counted, not_counted, open_cells) "
    "values (:force, :return_id, :edition, :origin, :position, :counted, :not_counted, :open_cells)"
)
_CELLS = text(
    "insert into tally_cell (force, return_id, edition, margin, ruling, dimension, weight) "
    "select :force, :return_id, :edition, c.margin, c.ruling, c.dimension, c.weight from unnest("
    "cast(:margins as smallint[]), cast(:rulings as integer[]), cast(:dimensions as integer[]), "
    "cast(:weights as bigint[])) c (margin, ruling, dimension, weight)"
)


async def store_tally(
    tx: AsyncConnection, *, force: int, return_id: Any, edition: int, origin: str, position: int, tally: Tally
) -> None:
    """Keep one return's tally under one edition. A second one for the same is refused by the key."""
    key = {"force": force, "return_id": return_id, "edition": edition}
    await tx.execute(
        _TALLY,
        {
            **key,
            "origin": origin,
            "position": position,
            "counted": tally.counted,
            "not_counted": tally.not_counted,
            "open_cells": tally.open_cells,
        },
    )
    await tx.execute(
        _CELLS,
        {
            **key,
            "margins": [int(cell.margin) for cell in tally.cells],
            "rulings": [cell.ruling for cell in tally.cells],
            "dimensions": [cell.dimension for cell in tally.cells],
            "weights": [cell.weight for cell in tally.cells],
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
