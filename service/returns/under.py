"""What a return that is being sealed comes to under each live edition: its tally, what it moved, and its flips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from service.returns.chain import chained, steps_of
from service.returns.context import Context
from service.returns.model import Open
from service.returns.moves import transitions_of
from service.returns.shared import shared_versions, store_shared
from service.returns.stock import judge_sealed
from service.returns.store import return_by_id
from service.scope.edition import Edition
from service.scope.store import Standing
from service.tally.count import flips_of, tally_of
from service.tally.model import Tally
from service.tally.move_store import store_moves
from service.tally.moves import Moves
from service.tally.store import store_tallies
from service.telemetry.spans import span
from service.telemetry.told import EDITION


class Under(Struct, frozen=True):
    """A return under one edition."""

    standing: Standing
    tally: Tally
    moves: Moves


class Sealing(Struct, frozen=True):
    """The return that is being sealed, with its number on the line and how many cases that holds."""

    item: Open
    line: int
    cases: int


class Found(Struct, frozen=True):
    """What was judged, to be stored once the position is known."""

    under: tuple[Under, ...]
    shared: tuple[dict[str, Any], ...]

    @property
    def tallies(self) -> list[tuple[Standing, Tally]]:
        """Each edition with the tally under it."""
        return [(each.standing, each.tally) for each in self.under]

    def at(self, standings: Sequence[Standing]) -> Found:
        """Those under editions that are live when the return is sealed, each as it stands then."""
        live = {each.id: each for each in standings}
        under = (
            Under(live[each.standing.id], each.tally, each.moves) for each in self.under if each.standing.id in live
        )
        kept = _shared_under(standings)
        return Found(tuple(under), tuple(row for row in self.shared if row["edition"] in kept))

    def with_more(self, other: Found) -> Found:
        """These, and those under other editions."""
        return Found((*self.under, *other.under), (*self.shared, *other.shared))


def _shared_under(standings: Sequence[Standing]) -> Mapping[int, Edition]:
    """Under which editions shared cases are judged: these, and those that they follow, tallied or not any more. Flips
    are counted against these, and a bridge takes out of them what is led elsewhere."""
    followed = dict(standing.follows for standing in standings if standing.follows is not None)
    return followed | {standing.id: standing.edition for standing in standings}


async def judge_under_all(
    context: Context, tx: AsyncConnection, sealing: Sealing, standings: Sequence[Standing]
) -> Found:
    """Judge the return under these editions. Nothing is stored but what spares the next return its judging."""
    if not standings:
        return Found((), ())
    item = sealing.item
    groups = await judge_sealed(context, tx, item, sealing.line, sealing.cases, standings)
    base = None if item.base_id is None else await return_by_id(tx, item.force, item.base_id)
    bases = [] if base is None else [base]
    (step,) = await steps_of(tx, item.force, [chained(item, sealing.line)], bases)
    under = []
    for standing in standings:
        with span("tally", {EDITION: standing.edition.name}):
            transitions = await transitions_of(context, tx, item.force, [step], standing.edition)
            moves = Moves(
                transitions[item.id],
                flips_of(groups[standing.id]),
                None if standing.follows is None else standing.follows[0],
            )
            under.append(Under(standing, tally_of(groups[standing.id]), moves))
    shared = await shared_versions(context, tx, item.force, [step.line], _shared_under(standings))
    return Found(tuple(under), tuple(shared))


async def store_under(tx: AsyncConnection, item: Open, found: Found, position: int) -> None:
    """Keep what was judged."""
    await store_tallies(
        tx,
        force=item.force,
        return_id=item.id,
        origin="judged",
        position=position,
        tallies={standing.id: tally for standing, tally in found.tallies},
    )
    await store_shared(tx, found.shared)
    for each in found.under:
        await store_moves(tx, item.force, each.standing.id, item.id, each.moves)
