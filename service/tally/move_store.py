"""Stores what returns moved and what editions flip. Only this module writes ``transition`` and ``flip``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.tally.moves import Moves, Side, Transition

_TRANSITIONS: Final = text(
    "insert into transition (force, return_id, edition, kind, ruling_before, stage_before, ruling_after, stage_after, "
    "weight, open_cells) select :force, t.return_id, :edition, t.kind, t.rb, t.sb, t.ra, t.sa, t.weight, t.open_cells "
    "from unnest(cast(:returns as uuid[]), cast(:kinds as text[]), cast(:rb as integer[]), cast(:sb as integer[]), "
    "cast(:ra as integer[]), cast(:sa as integer[]), cast(:weights as bigint[]), cast(:open as integer[])) "
    "t (return_id, kind, rb, sb, ra, sa, weight, open_cells)"
)
_FLIPS: Final = text(
    "insert into flip (force, return_id, edition_before, edition_after, ruling_before, ruling_after, weight) "
    "select :force, f.return_id, :before, :edition, f.rb, f.ra, f.weight from unnest(cast(:returns as uuid[]), "
    "cast(:rb as integer[]), cast(:ra as integer[]), cast(:weights as bigint[])) f (return_id, rb, ra, weight)"
)


async def store_moves(tx: AsyncConnection, force: int, edition: int, moves: Mapping[Any, Moves]) -> None:
    """Keep the moves of some returns of a force under one edition, by return; their tallies are there already."""
    await _store_transitions(
        tx, force, edition, [(each, move) for each, item in moves.items() for move in item.transitions]
    )
    for follows in {item.follows for item in moves.values()} - {None}:
        flips = [
            (each, before, after, weight)
            for each, item in moves.items()
            if item.follows == follows
            for (before, after), weight in item.flips.items()
        ]
        if flips:
            returns, before, after, weights = (list(column) for column in zip(*flips, strict=True))
            await tx.execute(
                _FLIPS,
                {
                    "force": force,
                    "edition": edition,
                    "before": follows,
                    "returns": returns,
                    "rb": before,
                    "ra": after,
                    "weights": weights,
                },
            )
    await tx.execute(
        text(
            "update tally set has_moves = true where force = :force and edition = :edition "
            "and return_id = any(cast(:returns as uuid[]))"
        ),
        {"force": force, "edition": edition, "returns": list(moves)},
    )


async def _store_transitions(
    tx: AsyncConnection, force: int, edition: int, moves: Sequence[tuple[Any, Transition]]
) -> None:
    if not moves:
        return
    await tx.execute(
        _TRANSITIONS,
        {
            "force": force,
            "edition": edition,
            "returns": [each for each, _ in moves],
            "kinds": [move.kind.value for _, move in moves],
            **_side("b", [move.before for _, move in moves]),
            **_side("a", [move.after for _, move in moves]),
            "weights": [move.weight for _, move in moves],
            "open": [move.open_cells for _, move in moves],
        },
    )


def _side(name: str, sides: Sequence[Side | None]) -> dict[str, list[int | None]]:
    return {
        f"r{name}": [None if side is None else side.ruling for side in sides],
        f"s{name}": [None if side is None else side.stage for side in sides],
    }
