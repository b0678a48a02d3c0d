"""The append-only log: add an entry, ask for its head, prove an entry, verify the whole.

An entry is the very last statement of the transaction that it tells of, after the position: the head row is locked
until that transaction ends, so whatever comes after it makes everyone else wait.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, func, literal, select, text, true
from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.checkpoint import Checkpoint
from service.audit.entry import Entry, canonical_entry
from service.audit.merkle import EMPTY_ROOT, Frontier, append_leaf, inclusion_path, leaf_hash, root
from service.audit.tables import audit_entry, audit_head
from service.errors import CaseReturnsError, NotFound


class AuditPoint(Struct, frozen=True):
    """Where an entry stands: ``head`` is the root of the log of ``index + 1`` entries, ``path`` leads from it there.

    ``merkle.verify_inclusion(leaf_hash(entry), index, index + 1, path, head)`` proves it without the service.
    """

    index: int
    head: bytes
    path: tuple[bytes, ...]
    entry: bytes


class Proof(Struct, frozen=True):
    """That the entry with this leaf is number ``index`` of the log of ``size`` entries with this head."""

    index: int
    size: int
    leaf: bytes
    path: tuple[bytes, ...]
    head: bytes


class Tampered(CaseReturnsError):
    """The log is not what was written; ``index`` is the first entry at which it shows, counted from 0."""

    code = "audit-tampered"

    def __init__(self, index: int, says: str) -> None:
        super().__init__(
            f"Audit entry {index}: {says}",
            "Keep this database as it is, and compare it with a backup and old receipts.",
        )
        self.index = index


async def append(tx: AsyncConnection, entry: Entry, now: datetime) -> AuditPoint:
    """Add one entry. Call it last: the head of the log stays locked until the transaction ends."""
    encoded = canonical_entry(entry, now)
    appended = func.audit_append(literal(encoded)).table_valued("entry_index", "head", "path")
    row = (await tx.execute(select(appended))).one()
    return AuditPoint(row.entry_index, row.head, tuple(row.path), encoded)


async def head(tx: AsyncConnection, origin: str) -> Checkpoint:
    """The present head, under the log's name; any role may ask."""
    row = (await tx.execute(text("select size, root from audit_size_and_root()"))).one()
    return Checkpoint(origin, row.size, row.root)


async def prove(tx: AsyncConnection, index: int, size: int | None = None) -> Proof:
    """A proof for one entry under the head of the first ``size`` entries (all of them by default).

    Reads one hash an entry (32 bytes), under the national role. Raises NotFound where there is no such entry.
    """
    in_order = select(audit_entry.c.leaf).order_by(audit_entry.c.index).limit(size)
    leaves: list[bytes] = list((await tx.execute(in_order)).scalars())
    if not 0 <= index < len(leaves) or (size is not None and size > len(leaves)):
        raise NotFound("There is no such entry in the audit log.")
    frontier: Frontier = ()
    for number, leaf in enumerate(leaves):
        frontier = append_leaf(number, frontier, leaf)
    return Proof(index, len(leaves), leaves[index], inclusion_path(leaves, index), root(frontier))


async def verify(tx: AsyncConnection, origin: str, checkpoints: Sequence[Checkpoint] = ()) -> Checkpoint:
    """Recompute the whole log from its bytes, as the owner of the database; the head when all is well, else Tampered.

    ``checkpoints`` are heads that were archived outside: without one, a log that was rewritten whole, heads and all,
    cannot be told from a true one.
    """
    kept = {item.size: item.root for item in checkpoints}
    everything = (
        select(
            audit_entry,
            audit_entry.c.index.label("number"),  # "index" is a method of a row
            audit_head.c.size,
            audit_head.c.frontier,
            audit_head.c.root.label("head_root"),
        )
        .select_from(audit_head.outerjoin(audit_entry, true()))
        .order_by(audit_entry.c.index)
    )
    frontier: Frontier = ()
    size = stored_size = 0
    stored: tuple[Frontier, bytes] = ((), EMPTY_ROOT)
    async with tx.stream(everything) as rows:
        async for row in rows:
            stored_size, stored = row.size, (tuple(row.frontier), row.head_root)
            if row.number is None:
                break
            frontier = _checked(row, size, frontier)
            size += 1
            if kept.pop(size, row.root) != row.root:
                raise Tampered(size - 1, f"an archived head of {size} entries differs: rewritten up to here.")
    if stored_size > size:
        raise Tampered(size, f"it is missing: the head counts {stored_size} entries.")
    if (frontier, root(frontier)) != stored:
        raise Tampered(max(size - 1, 0), "the head of the log was changed.")
    for lost in sorted(number for number in kept if number > size):
        raise Tampered(size, f"it is missing: an archived head counts {lost} entries.")
    return Checkpoint(origin, size, root(frontier))


def _checked(row: Row[Any], expected: int, frontier: Frontier) -> Frontier:
    """The frontier with this row, which must be entry ``expected``; raises Tampered."""
    if row.number > expected:
        raise Tampered(expected, "it is missing.")
    if row.number < expected:
        raise Tampered(row.number, "it does not belong here.")
    if row.number >= row.size:
        raise Tampered(expected, f"it was added by hand: the head counts {row.size} entries.")
    if leaf_hash(row.entry) != row.leaf:
        raise Tampered(expected, "its text was changed.")
    if _columns(row) != _fields(row.entry):
        raise Tampered(expected, "its columns say something else than its text.")
    grown = append_leaf(expected, frontier, row.leaf)
    if root(grown) != row.root:
        raise Tampered(expected, "it is not what was written here: changed, moved, or another was taken out before it.")
    return grown


def _columns(row: Row[Any]) -> tuple[object, ...]:
    return row.action, row.actor, row.at, row.details, row.force, row.position, row.subject


def _fields(entry: bytes) -> tuple[object, ...] | None:
    try:
        document = json.loads(entry)
        at = datetime.fromisoformat(document["at"])
        named = ("details", "force", "position", "subject")
        return document["action"], document["actor"], at, *(document[name] for name in named)
    except (ValueError, KeyError, TypeError):
        return None
