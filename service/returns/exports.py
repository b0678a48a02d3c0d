"""What a return holds as workbooks, made while it is read: its cases, its other parts, its findings.

The rows come from where CSV gets them, so they are logged in the same way; writing them is done beside the event loop.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import IO

from service.contract.finding_sheet import FindingSheet
from service.contract.model import Contract, PartName, Severity
from service.contract.template import PartSheet
from service.contract.workbook import Workbook
from service.returns.cases import CaseRow, list_part, stream_cases
from service.returns.context import Actor, Context
from service.returns.model import AnyReturn
from service.returns.reading import finding_columns, finding_line, stream_findings


async def cases_as_workbook(context: Context, actor: Actor, item: AnyReturn) -> IO[bytes]:
    """Every case of a return, to be filled in and sent back. Whoever has the file closes it."""
    contract = _contract(context, item)
    with Workbook() as book:
        sheet = await asyncio.to_thread(PartSheet, book, contract, contract.parts[PartName.CASE])
        async with aclosing(stream_cases(context, actor, item)) as blocks:
            async for rows in blocks:
                await asyncio.to_thread(sheet.add, map(shown_case, rows))
        await asyncio.to_thread(sheet.guide)
        return await asyncio.to_thread(book.finished)


async def part_as_workbook(context: Context, item: AnyReturn, part: PartName) -> IO[bytes]:
    """The rows of the aggregate or workforce part."""
    contract, rows = _contract(context, item), await list_part(context, item, part)

    def made() -> IO[bytes]:
        with Workbook() as book:
            sheet = PartSheet(book, contract, contract.parts[part])
            sheet.add(rows)
            sheet.guide()
            return book.finished()

    return await asyncio.to_thread(made)


async def findings_as_workbook(
    context: Context, actor: Actor, item: AnyReturn, *, severity: Severity | None = None, rule: str | None = None
) -> IO[bytes]:
    """All findings, or those of a severity or rule."""
    names = finding_columns(_contract(context, item))
    with Workbook() as book:
        sheet = FindingSheet(book, names)
        async with aclosing(stream_findings(context, actor, item, severity=severity, rule=rule)) as pages:
            async for page in pages:
                await asyncio.to_thread(sheet.add, map(finding_line, page))
        return await asyncio.to_thread(book.finished)


def shown_case(row: CaseRow) -> dict[str, str | int | None]:
    """A case in the words in which it could be sent: the kinds of empty that are not plain stand by their words."""
    return {**row.values, **row.empties}


def _contract(context: Context, item: AnyReturn) -> Contract:
    return context.library.contracts[item.contract_version]
