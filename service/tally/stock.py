"""Keeps what a return's stock comes to under each live edition, as groups. Only this module writes ``judged_stock``.

What was judged when the draft last changed need not be judged again when it is sealed, and what the next return changes
is counted on top of it. It is kept with the number of the draft, and with a digest of everything that the judging
depends on besides the rows: under anything else, it is as if it were not there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.library import Library
from service.tally.count import Asked, Group, Years
from service.tally.judge import judged_after

_DECODE: Final = msgspec.json.Decoder(tuple[Group, ...]).decode


class Kept(Struct, frozen=True):
    """What the stock of one return came to under one edition, when its draft had this number."""

    draft: int
    judged_by: bytes
    groups: tuple[Group, ...]


def judged_by(library: Library, asked: Asked, years: Years) -> bytes:
    """A digest of what judging depends on besides the rows: the edition and its vocabulary, how it and the one before
    it are asked of the stored columns, and the years that the case part covers."""
    edition = asked.edition
    words = (
        edition.hash,
        library.contracts[edition.vocabulary].hash,
        msgspec.json.encode(judged_after(library, edition, asked.before)).decode(),
        msgspec.json.encode(years).decode(),
    )
    return hashlib.sha256("\n".join(words).encode()).digest()


async def keep_stock(
    tx: AsyncConnection, force: int, return_id: Any, draft: int, found: Iterable[tuple[int, bytes, tuple[Group, ...]]]
) -> None:
    """Keep what a stock came to, by edition: its number, ``judged_by``, and the groups."""
    rows = list(found)
    await tx.execute(
        text(
            "insert into judged_stock (force, return_id, edition, draft, judged_by, groups) select :force, :return_id, "
            "n.edition, :draft, n.judged_by, n.groups::json from unnest(cast(:editions as smallint[]), "
            "cast(:by as bytea[]), cast(:groups as text[])) n (edition, judged_by, groups) "
            "on conflict (force, return_id, edition) do update set draft = excluded.draft, "
            "judged_by = excluded.judged_by, groups = excluded.groups"
        ),
        {
            "force": force,
            "return_id": return_id,
            "draft": draft,
            "editions": [edition for edition, _, _ in rows],
            "by": [by for _, by, _ in rows],
            "groups": [msgspec.json.encode(groups).decode() for _, _, groups in rows],
        },
    )


async def kept_stock(tx: AsyncConnection, force: int, return_id: Any) -> Mapping[int, Kept]:
    """What is kept of a return, by the number of the edition."""
    rows = await tx.execute(
        text(
            "select edition, draft, judged_by, groups::text as groups from judged_stock "
            "where force = :force and return_id = :return_id"
        ),
        {"force": force, "return_id": return_id},
    )
    return {row.edition: Kept(row.draft, row.judged_by, _DECODE(row.groups)) for row in rows}


async def stock_stands(tx: AsyncConnection, force: int, return_id: Any, draft: int) -> None:
    """The draft has this number now and the one before it until now, and none of its cases or cells changed."""
    await tx.execute(
        text(
            "update judged_stock set draft = :draft where force = :force and return_id = :return_id "
            "and draft = :draft - 1"
        ),
        {"force": force, "return_id": return_id, "draft": draft},
    )
