"""Reads what people resolve before a seal: findings, held rows, cases that a snapshot lacks. Every reading is logged.

The log entry (DPA 2018 s.62) is made in the transaction that reads, before the rows leave it; who lists otherwise than
through here must log it too.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.entry import Entry
from service.audit.log import append
from service.contract.finding_sheet import ANSWER, FINDING, shown_columns
from service.contract.model import Contract, Severity
from service.contract.sheet import csv_block
from service.returns.context import Actor, Context
from service.returns.findings import Cursor, ListedFinding, list_findings
from service.returns.held import HeldRow, list_held
from service.returns.model import AnyReturn, Open
from service.returns.naming import subject_of
from service.returns.withdrawals import Missing, list_missing

_BLOCK: Final = 2_000


async def read_findings(
    context: Context,
    actor: Actor,
    item: AnyReturn,
    *,
    severity: Severity | None = None,
    rule: str | None = None,
    waiting: bool = False,
    after: Cursor | None = None,
    limit: int,
) -> tuple[list[ListedFinding], Cursor | None]:
    """A page of findings, and where to go on."""
    contract = context.library.contracts[item.contract_version]
    async with context.db.force(item.force) as tx:
        page, following = await list_findings(
            tx, contract, item, severity=severity, rule=rule, waiting=waiting, after=after, limit=limit
        )
        await _log(context, tx, actor, item, "findings_read", len(page))
    return page, following


async def stream_findings(
    context: Context, actor: Actor, item: AnyReturn, *, severity: Severity | None = None, rule: str | None = None
) -> AsyncGenerator[list[ListedFinding], None]:
    """All findings, some thousands at a time, and once an empty list where there are none; logged before the first
    leaves."""
    contract = context.library.contracts[item.contract_version]
    async with context.db.force(item.force) as tx:
        await _log(context, tx, actor, item, "findings_read", None)
    async with context.db.force(item.force) as tx:
        after: Cursor | None = None
        while True:
            page, after = await list_findings(
                tx, contract, item, severity=severity, rule=rule, after=after, limit=_BLOCK
            )
            yield page
            if after is None:
                return


async def findings_as_csv(
    context: Context, actor: Actor, item: AnyReturn, *, severity: Severity | None = None, rule: str | None = None
) -> AsyncIterator[bytes]:
    """All findings as CSV, some thousands at a time."""
    names = finding_columns(context.library.contracts[item.contract_version])
    heading = True
    async with aclosing(stream_findings(context, actor, item, severity=severity, rule=rule)) as pages:
        async for page in pages:
            yield csv_block(names, map(finding_line, page), heading=heading)
            heading = False


def finding_columns(contract: Contract) -> list[str]:
    """The columns of findings in files."""
    return [*shown_columns(contract), "case_id", "held", ANSWER, FINDING]


def finding_row(found: ListedFinding) -> dict[str, Any]:
    """A finding as it is shown: with the opaque id of its case, or the number of its held row, and its answer."""
    return {**found.document, "case_id": found.case_id, "held": found.held, "answer": found.answer}


def finding_line(found: ListedFinding) -> dict[str, Any]:
    """The same in a file, with what names it where the file comes back with answers."""
    return {**finding_row(found), FINDING: found.id}


async def read_held(
    context: Context, actor: Actor, item: AnyReturn, *, after: int, limit: int
) -> tuple[list[HeldRow], int | None]:
    """A page of held rows with their text, and the number to go on after."""
    async with context.db.force(item.force) as tx:
        page, following = await list_held(tx, item, after, limit)
        await _log(context, tx, actor, item, "held_rows_read", len(page))
    return page, following


async def read_missing(
    context: Context, actor: Actor, item: Open, *, after: str, limit: int
) -> tuple[list[Missing], str | None]:
    """A page of the cases that a snapshot lacks or that were taken out, and the reference to go on after."""
    async with context.db.force(item.force) as tx:
        page, following = await list_missing(context, tx, item, after, limit)
        await _log(context, tx, actor, item, "cases_read", len(page))
    return page, following


async def _log(
    context: Context, tx: AsyncConnection, actor: Actor, item: AnyReturn, action: str, rows: int | None
) -> None:
    """That case-level data was read; the last statement of the transaction that read it."""
    entry = Entry(
        action=action,
        actor=actor.id,
        force=item.force,
        subject=subject_of(context, item),
        details={"whole": True} if rows is None else {"rows": rows},
    )
    await append(tx, entry, context.now())
