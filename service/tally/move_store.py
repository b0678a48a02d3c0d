"""Stores what returns moved and what editions flip. It and ``returns/chain_sql.py`` alone
write ``transition`` and ``flip``.
"""

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
    "select :force, :return_id, :before, :edition, f.rb, f.ra, f.weight from unnest("
    "cast(:rb as integer[]), cast(:ra as integer[]), cast(:weights as bigint[])) f (rb, ra, weight)"
)
_STAND: Final = text(
    "update tally set has_moves = true where force = :force and edition = :edition "
    "and return_id = any(cast(:returns as uuid[]))"
)


async def store_moves(tx: AsyncConnection, force: int, edition: int, return_id: Any, moves: Moves) -> None:
    """Keep what one return moved under one edition; its tally is there already."""
    await store_transitions(tx, force, edition, {return_id: moves.transitions})
    if moves.follows is not None and moves.flips:
        pairs = list(moves.flips)
        await tx.execute(
            _FLIPS,
            {
                "force": force,
                "return_id": return_id,
                "edition": edition,
                "before": moves.follows,
                "rb": [before for before, _ in pairs],
                "ra": [after for _, after in pairs],
                "weights": list(moves.flips.values()),
            },
        )
    await moves_stand(tx, force, edition, [return_id])


async def moves_stand(tx: AsyncConnection, force: int, edition: int, returns: Sequence[Any]) -> None:
    """Say of tallies that are there that their moves are there, too."""
    if returns:
        await tx.execute(_STAND, {"force": force, "edition": edition, "returns": list(returns)})


async def store_transitions(
    tx: AsyncConnection, force: int, edition: int, transitions: Mapping[Any, Sequence[Transition]]
) -> None:
    """Keep transitions of some returns of a force under one edition, by return."""
    moves = [(each, move) for each, some in transitions.items() for move in some]
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
