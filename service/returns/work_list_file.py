"""The work-list as a file that is filled in and sent back as ``changes``: CSV, or a workbook with codes to choose from.

Each cell has what the force said already, and the last column all of it once more, as it was handed out: by it an
upload knows what nobody touched, which changes nothing however old the file is (semantics 17). What is derived is no
cell's content: it was not sent. The column for notes says what each case takes; it is not read when it comes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import IO, Any

import msgspec
from sqlalchemy import Row

from service.contract.model import Contract, Field, PartName
from service.contract.sheet import HANDED_OUT, NOTES, csv_block
from service.contract.template import PartSheet
from service.contract.upgrade import new_names
from service.contract.workbook import Workbook
from service.returns.cases import shown_values
from service.returns.context import Actor, Context
from service.returns.why import stored_record
from service.returns.work_list import WorkList, columns_of_file, stream_asked
from service.scope.reading import Readings
from service.scope.settling import Settling

Line = Mapping[str, Any]
Made = tuple[Line, frozenset[str]]
"""A row, and the columns that it is asked for."""


async def work_as_csv(context: Context, actor: Actor, work: WorkList) -> AsyncGenerator[bytes, None]:
    """The file as CSV, a piece at a time; its heading at least."""
    names = [*columns_of_file(context, work), *_behind(_contract(context, work))]
    yield csv_block(names, (), heading=True)
    async with aclosing(_lines(context, actor, work)) as blocks:
        async for lines in blocks:
            yield csv_block(names, [line for line, _ in lines], heading=False)


async def work_as_workbook(context: Context, actor: Actor, work: WorkList) -> IO[bytes]:
    """The file as a workbook. Whoever has it closes it."""
    contract = _contract(context, work)
    with Workbook() as book:
        part, names = contract.parts[PartName.CASE], columns_of_file(context, work)
        sheet = await asyncio.to_thread(PartSheet, book, contract, part, names, behind=[HANDED_OUT])
        async with aclosing(_lines(context, actor, work)) as blocks:
            async for lines in blocks:
                await asyncio.to_thread(_add, sheet, lines)
        await asyncio.to_thread(sheet.guide)
        return await asyncio.to_thread(book.finished)


def _add(sheet: PartSheet, lines: Iterable[Made]) -> None:
    for line, asked in lines:
        sheet.add_asked(line, asked)


def _contract(context: Context, work: WorkList) -> Contract:
    return context.library.contracts[work.contract_version]


def _behind(contract: Contract) -> list[str]:
    """The columns behind those of fields: for notes, unless the standard has a field of that name, and for what is
    handed out."""
    return [*([] if NOTES in contract.parts[PartName.CASE].by_name else [NOTES]), HANDED_OUT]


async def _lines(context: Context, actor: Actor, work: WorkList) -> AsyncGenerator[list[Made], None]:
    line_of = _line_maker(context, work)
    async with aclosing(stream_asked(context, actor, work)) as blocks:
        async for rows in blocks:
            yield await asyncio.to_thread(_made, line_of, rows)


def _made(line_of: Callable[[Row[Any]], Made], rows: Iterable[Row[Any]]) -> list[Made]:
    return [line_of(row) for row in rows]


def _line_maker(context: Context, work: WorkList) -> Callable[[Row[Any]], Made]:
    library, edition, contract = context.library, work.standing.edition, _contract(context, work)
    by_name = contract.parts[PartName.CASE].by_name
    fields = [by_name[name] for name in columns_of_file(context, work)]
    written, settling = Readings(library, work.contract_version), Settling(library, edition)
    with_notes = NOTES in _behind(contract)

    called = new_names(library, edition.vocabulary, work.contract_version)

    def line_of(row: Row[Any]) -> Made:
        record, empties = stored_record(library, row), row.empties or {}
        sent = written.of(row.contract_version, record, empties)
        line: dict[str, Any] = {**shown_values(fields, sent.sent), **sent.empties}
        line[HANDED_OUT] = _said(fields, line)
        asked = settling.questions(row.ruling, settling.reading(row.contract_version, record, empties))
        if with_notes:
            line[NOTES] = settling.words(asked)
        return line, frozenset(called[each.attribute] for each in asked)

    return line_of


def _said(fields: Sequence[Field], line: Line) -> str:
    """What a row says as it is handed out: its texts by column, blank where it says nothing."""
    cells = {field.name: "" if line.get(field.name) is None else str(line[field.name]) for field in fields}
    return msgspec.json.encode(cells).decode()
