"""Asks a return that was raised to a newer contract version what that version holds of its own cells and teams.

They are whole in the draft, so they need not wait until they are sent again, as rewritten cases do: each is written in
the names and codes of the newer version and goes the way of a file, with the number that it had in the force's own.
What the newer version holds is held with its text; everything else is found, or not, in the newer version's terms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import Contract, PartName
from service.returns.asked import contract_asked, judged_today
from service.returns.binary import binary_of
from service.returns.cases import numbered_part
from service.returns.check import Check
from service.returns.context import Context
from service.returns.draft import DraftWriter
from service.returns.held import hold_by_rule
from service.returns.model import Open
from service.returns.overlay import Ground
from service.returns.parts import OWN, replace_part
from service.returns.readers import BytesSource, read
from service.returns.staging import Staging

_MEDIA: Final = "application/x-ndjson"
"""Rows are numbered by line there, and a blank line is none: so each keeps its number."""


async def ask_raised(context: Context, tx: AsyncConnection, item: Open) -> Open:
    """Ask the rules of today of what a return, raised in this transaction, sent in its other parts; the return as it is
    then. What it carried from the sealed one stays as that was signed (semantics 13). The counts are the caller's to
    refresh; the caller holds the force's lock."""
    item = await judged_today(context, tx, item)  # a notice may be for one of two versions alone
    contract = await contract_asked(context, tx, item.contract_version)
    own = (
        await tx.execute(
            text(f"select {', '.join(OWN.values())} from case_return where force = :force and id = :id"),
            {"force": item.force, "id": item.id},
        )
    ).one()
    for part, column in OWN.items():
        if part in contract.parts and getattr(own, column):
            rows = await numbered_part(tx, contract, item, part)
            if rows:
                await _take(tx, contract, item, part, rows)
    return item


async def _take(
    tx: AsyncConnection, contract: Contract, item: Open, part: PartName, rows: Mapping[int, Mapping[str, Any]]
) -> None:
    """Take the rows of a part as though they had been sent just now."""
    source = BytesSource(b"".join(_lines(rows)))
    check = Check(tx, contract, contract.parts[part], Ground(force=item.force, return_id=item.id))
    staging = Staging(tx, contract, contract.parts[part])
    await staging.open()
    await staging.clear()
    await staging.copy(read(source, _MEDIA, contract.parts[part], contract, write=binary_of), check.span)
    checked = await check.finish(staging.finish())
    if checked.held_by_rule:
        await hold_by_rule(tx, check, source, _MEDIA)
    writer = DraftWriter(tx, check, checked)
    await writer.look()
    await writer.replace_held(whole=False)  # what was held before is so still, as it was sent
    await writer.replace_findings(whole=False)
    await replace_part(tx, check)
    await staging.clear()


def _lines(rows: Mapping[int, Mapping[str, Any]]) -> Iterator[bytes]:
    """Each row in the line of its number, which grow."""
    line = 1
    for number, row in rows.items():
        yield b"\n" * (number - line) + msgspec.json.encode(row) + b"\n"
        line = number + 1
