"""The one order of all changes: a counter that every writing transaction moves on, last of all it does.

Because the counter's row stays locked until the transaction ends, positions have no gaps and become visible in order;
because the moment never steps back, an order by position is an order by time too, whatever the clock does
(semantics 24).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class Position(Struct, frozen=True):
    """The number of a change, from 1, and the moment that it counts as made. Position 0 is before everything."""

    position: int
    at: datetime


_ADVANCE = text("select position, at from advance_position(:kind, :now, :force, :subject)")
_LATEST = text("select value as position, at from position")
_UNTIL = text(
    "select p.position, p.at from unnest(cast(:moments as timestamptz[])) with ordinality as m (moment, place) "
    "cross join lateral position_at(m.moment) p order by m.place"
)


async def advance(
    tx: AsyncConnection, kind: str, now: datetime, force: int | None = None, subject: str | None = None
) -> Position:
    """Number this transaction's change. Call it last: from here on every other writer waits for this commit.

    ``kind`` is a past-tense name (``return_sealed``), ``subject`` an identifier without personal meaning.
    """
    row = (await tx.execute(_ADVANCE, {"kind": kind, "now": now, "force": force, "subject": subject})).one()
    return Position(row.position, row.at)


async def latest(tx: AsyncConnection) -> Position:
    """The last change that this transaction can see."""
    row = (await tx.execute(_LATEST)).one()
    return Position(row.position, row.at)


async def position_at(tx: AsyncConnection, moment: datetime) -> Position:
    """The last change made at or before a moment; position 0 if there was none."""
    (found,) = await positions_at(tx, [moment])
    return found


async def positions_at(tx: AsyncConnection, moments: Sequence[datetime]) -> tuple[Position, ...]:
    """The same for several moments, in their order, by one statement."""
    rows = await tx.execute(_UNTIL, {"moments": list(moments)})
    return tuple(Position(row.position, row.at) for row in rows)
