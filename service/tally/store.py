"""Stores and reads tallies. It and ``returns/chain_sql.py`` alone write ``tally`` and ``tally_margin``; ``tally_cell``
is what the lists of a margin say, a row each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.tally.model import Cell, Margin, Tally

_TALLIES = text(
    "insert into tally (force, return_id, edition, origin, position, counted, not_counted, open_cells, judged_at) "
    "select :force, :return_id, t.edition, :origin, :position, t.counted, t.not_counted, t.open_cells, now() "
    "from unnest(cast(:editions as smallint[]), cast(:counted as bigint[]), cast(:not_counted as bigint[]), "
    "cast(:open_cells as integer[])) t (edition, counted, not_counted, open_cells)"
)
_MARGINS = text(
    "insert into tally_margin (force, return_id, edition, margin, rulings, dimensions, weights) "
    "select :force, :return_id, c.edition, c.margin, array_agg(c.ruling), array_agg(c.dimension), array_agg(c.weight) "
    "from unnest(cast(:editions as smallint[]), cast(:margins as smallint[]), cast(:rulings as integer[]), "
    "cast(:dimensions as integer[]), cast(:weights as bigint[])) c (edition, margin, ruling, dimension, weight) "
    "group by c.edition, c.margin"
)


async def store_tallies(
    tx: AsyncConnection, *, force: int, return_id: Any, origin: str, position: int, tallies: Mapping[int, Tally]
) -> None:
    """Keep one return's tallies, by the number of the edition. A second one for the same is refused by the key."""
    whose = {"force": force, "return_id": return_id}
    await tx.execute(
        _TALLIES,
        {
            **whose,
            "origin": origin,
            "position": position,
            "editions": list(tallies),
            "counted": [tally.counted for tally in tallies.values()],
            "not_counted": [tally.not_counted for tally in tallies.values()],
            "open_cells": [tally.open_cells for tally in tallies.values()],
        },
    )
    cells = [(edition, cell) for edition, tally in tallies.items() for cell in tally.cells]
    await tx.execute(
        _MARGINS,
        {
            **whose,
            "editions": [edition for edition, _ in cells],
            "margins": [int(cell.margin) for _, cell in cells],
            "rulings": [cell.ruling for _, cell in cells],
            "dimensions": [cell.dimension for _, cell in cells],
            "weights": [cell.weight for _, cell in cells],
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
