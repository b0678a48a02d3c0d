"""The work-list as a file that is filled in and sent back as ``changes``: CSV, or a workbook with codes to choose from.

Each cell has what the force said already, so a row that nobody touched changes nothing (semantics 17). What is derived
is no cell's content: it was not sent. The column for notes says what each case takes; it is not read when it comes
back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import IO, Any

from sqlalchemy import Row

from service.contract.model import Contract, PartName
from service.contract.sheet import NOTES, csv_block
from service.contract.template import PartSheet
from service.contract.workbook import Workbook
from service.returns.cases import shown_values
from service.returns.context import Actor, Context
from service.returns.why import stored_record
from service.returns.work_list import WorkList, columns_of_file, stream_asked
from service.scope.reading import Readings
from service.scope.settling import Settling

Line = Mapping[str, Any]


async def work_as_csv(context: Context, actor: Actor, work: WorkList) -> AsyncGenerator[bytes, None]:
    """The file as CSV, a piece at a time; its heading at least."""
    names = [*columns_of_file(context, work), *_notes(_contract(context, work))]
    yield csv_block(names, (), heading=True)
    async with aclosing(_lines(context, actor, work)) as blocks:
        async for lines in blocks:
            yield csv_block(names, lines, heading=False)


async def work_as_workbook(context: Context, actor: Actor, work: WorkList) -> IO[bytes]:
    """The file as a workbook. Whoever has it closes it."""
    contract = _contract(context, work)
    with Workbook() as book:
        part = contract.parts[PartName.CASE]
        sheet = await asyncio.to_thread(PartSheet, book, contract, part, columns_of_file(context, work))
        async with aclosing(_lines(context, actor, work)) as blocks:
            async for lines in blocks:
                await asyncio.to_thread(sheet.add, lines)
        await asyncio.to_thread(sheet.guide)
        return await asyncio.to_thread(book.finished)


def _contract(context: Context, work: WorkList) -> Contract:
    return context.library.contracts[work.contract_version]


def _notes(contract: Contract) -> list[str]:
    """The column for notes, unless the standard has a field of that name."""
    return [] if NOTES in contract.parts[PartName.CASE].by_name else [NOTES]


async def _lines(context: Context, actor: Actor, work: WorkList) -> AsyncGenerator[list[Line], None]:
    line_of = _line_maker(context, work)
    async with aclosing(stream_asked(context, actor, work)) as blocks:
        async for rows in blocks:
            yield await asyncio.to_thread(_made, line_of, rows)


def _made(line_of: Callable[[Row[Any]], Line], rows: Iterable[Row[Any]]) -> list[Line]:
    return [line_of(row) for row in rows]


def _line_maker(context: Context, work: WorkList) -> Callable[[Row[Any]], Line]:
    library, edition, contract = context.library, work.standing.edition, _contract(context, work)
    by_name = contract.parts[PartName.CASE].by_name
    fields = [by_name[name] for name in columns_of_file(context, work)]
    written, settling = Readings(library, work.contract_version), Settling(library, edition)
    with_notes = bool(_notes(contract))

    def line_of(row: Row[Any]) -> Line:
        record, empties = stored_record(library, row), row.empties or {}
        sent = written.of(row.contract_version, record, empties)
        line: dict[str, Any] = {**shown_values(fields, sent.sent), **sent.empties}
        if with_notes:
            asked = settling.questions(row.ruling, settling.reading(row.contract_version, record, empties))
            line[NOTES] = settling.words(asked)
        return line

    return line_of
