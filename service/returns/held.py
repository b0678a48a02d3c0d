"""Rows that could not be accepted: kept with the text that was sent until corrected or set aside (semantics 19)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import PartName
from service.errors import Conflict, Invalid
from service.returns.ahead import read_ahead
from service.returns.changes import Touched, change_draft
from service.returns.check import Check
from service.returns.context import Actor, Context, no_such_resource
from service.returns.model import AnyReturn, Open
from service.returns.readers import Source, TypedBlock, read
from service.storage.database import raw
from service.storage.idempotency import Once


class HeldRow(Struct, frozen=True, kw_only=True):
    """One held row, as a list shows it. ``n`` is its number in this return."""

    n: int
    part: str
    row: int
    key: str | None
    text: str
    set_aside: str | None
    words: str | None
    freed_by: str | None
    """The rule notices since which no rule holds it: sent again as it is, it is taken."""


async def hold_by_rule(tx: AsyncConnection, check: Check, source: Source, media: str) -> None:
    """Find the text of rows that a rule held: what reading held is already there with its text.

    The file is read a second time, and only where there are such rows, so that an upload need not carry every row's
    text through the database.
    """
    own_key = "null::text" if check.key is None else f"c.{check.key.name}"
    rows = await tx.exec_driver_sql(
        f"select c.idx, c.row, {own_key} as key from {check.tables.checked} c where c.held and not c.has_text"
    )
    wanted: dict[int, tuple[int, str | None]] = {row.row: (row.idx, row.key) for row in rows}
    if not wanted:
        return
    connection = await raw(tx)
    blocks = read(source, media, check.part, check.contract)
    async with aclosing(read_ahead(lambda: _held_of(next(blocks, None), wanted))) as ahead:
        async for records in ahead:
            if records:
                await connection.copy_records_to_table(
                    "staging_held", records=records, columns=["idx", "row", "key", "text"]
                )


def _held_of(
    block: TypedBlock | None, wanted: Mapping[int, tuple[int, str | None]]
) -> list[tuple[int, int, str | None, str]] | None:
    """The wanted rows of a block as records: index, row, key, text. None after the last block."""
    if block is None:
        return None
    return [
        (wanted[row][0], row, wanted[row][1], block.originals[index])
        for index, row in enumerate(block.rows)
        if row in wanted
    ]


async def list_held(tx: AsyncConnection, item: AnyReturn, after: int, limit: int) -> tuple[list[HeldRow], int | None]:
    """Held rows in the order in which they came, a page at a time; the number to go on after."""
    rows = (
        await tx.execute(
            text(
                "select n, part, row, key, text, set_aside, set_aside_words as words, freed_by from held_row "
                "where force = :force and return_id = :id and n > :after order by n limit :limit"
            ),
            {"force": item.force, "id": item.id, "after": after, "limit": limit + 1},
        )
    ).all()
    page = [HeldRow(**row._mapping) for row in rows[:limit]]  # noqa: SLF001  SQLAlchemy's public name for it
    return page, page[-1].n if len(rows) > limit else None


async def set_aside(
    context: Context,
    actor: Actor,
    item: Open,
    numbers: Sequence[int],
    reason: str,
    words: str | None,
    if_match: str | None,
    *,
    once: Once | None = None,
) -> Open:
    """Leave held rows out of the return, all of those named or none, with a reason that goes onto the receipt."""
    if not reason.strip():
        raise Invalid("Setting a row aside needs a reason.", "Send ?reason= and a reason.", code="reason-missing")
    wanted = sorted(set(numbers))
    async with (
        context.db.force(item.force) as tx,
        change_draft(context, tx, actor, item, if_match, once=once) as change,
    ):
        if change.known is not None or not wanted:
            return change.item
        parts = await _set_aside(tx, actor, item, wanted, reason, words)
        if len(parts) != len(wanted):
            raise no_such_resource()
        # the reason is free text and may say more than the log must hold: it stays with the row
        details = {"n": wanted[0], "part": parts[0].value} if len(wanted) == 1 else {"rows": len(wanted)}
        change.done("row_set_aside" if len(wanted) == 1 else "rows_set_aside", details, Touched.NOT_JUDGED)
    return change.item


async def _set_aside(
    tx: AsyncConnection, actor: Actor, item: Open, numbers: Sequence[int], reason: str, words: str | None
) -> list[PartName]:
    """Write the reason to the rows; the part of each that was there."""
    rows = await tx.execute(
        text(
            "update held_row set set_aside = :reason, set_aside_words = :words, set_aside_by = :actor "
            "where force = :force and return_id = :id and n = any(:numbers) returning part"
        ),
        {
            "force": item.force,
            "id": item.id,
            "numbers": list(numbers),
            "reason": reason,
            "words": words,
            "actor": actor.id,
        },
    )
    return [PartName(part) for part in rows.scalars()]


async def waiting_numbers(tx: AsyncConnection, item: Open) -> list[int]:
    """The numbers of all rows that are held and not set aside, in the order in which they came."""
    rows = await tx.execute(
        text("select n from held_row where force = :force and return_id = :id and set_aside is null order by n"),
        {"force": item.force, "id": item.id},
    )
    return list(rows.scalars())


def must_be_open(item: AnyReturn) -> Open:
    """The return, if it may still be changed."""
    if not isinstance(item, Open):
        raise Conflict("The return is not open.", "Open a correction first.", code="not-open")
    return item
