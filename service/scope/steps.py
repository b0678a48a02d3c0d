"""Reads and writes who said what of an edition: ``scope_step`` and ``terms_step`` have the same columns. Nobody's word
is ever taken back out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.scope.adoption import Kept, Said, Step


class Steps(StrEnum):
    """Where the words on one sort of edition are kept."""

    SCOPE = "scope_step"
    TERMS = "terms_step"


async def steps_of(tx: AsyncConnection, table: Steps, editions: Sequence[int]) -> Mapping[int, Sequence[Step]]:
    """What was said of some editions, by their numbers, the first word first."""
    rows = await tx.execute(
        text(
            f"select edition, step, body, client, at, hash, reason, signature from {table.value} "
            "where edition = any(:editions) "
            "order by at, array_position(array['drafted', 'proposed', 'confirmed', 'rejected'], step), body"
        ),
        {"editions": list(editions)},
    )
    found: dict[int, list[Step]] = defaultdict(list)
    for row in rows.mappings():
        said = dict(row)
        found[said.pop("edition")].append(Step(**{**said, "step": Said(said["step"])}))
    return found


async def say(tx: AsyncConnection, table: Steps, item: Kept, step: Step) -> bool:
    """Keep what a body said; False where it said so before, or the same client confirmed it for another body."""
    done = await tx.execute(
        text(
            f"insert into {table.value} (edition, step, body, client, at, hash, reason, signature) values "
            "(:edition, :step, :body, :client, :at, :hash, :reason, :signature) on conflict do nothing"
        ),
        {**msgspec.structs.asdict(step), "step": step.step.value, "edition": item.id},
    )
    return bool(done.rowcount)
