"""The peer of everything that stores rows: binary COPY of the same typed records into a plain table with the same key.

Nothing is checked, digested, compared or judged, and no row-level security, contract or receipt is about it. The
records are made before the clock starts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import uuid4

import asyncpg

from service.contract.columns import columns_of
from service.contract.model import Contract, PartName
from service.returns.readers import Source, read

_KEY: Final = ("force", "case_id", "line_from")

Record = tuple[Any, ...]


def typed_records(source: Source, media: str, contract: Contract) -> Iterator[Record]:
    """The case rows of a file with every column of the contract, a pair for each range."""
    part = contract.parts[PartName.CASE]
    for block in read(source, media, part, contract):
        nothing = [None] * len(block.rows)
        columns: list[Sequence[Any]] = []
        for field in part.fields:
            values: Sequence[Any] = block.values.get(field.name) or nothing
            if field.kind.is_range:
                columns.append([None if pair is None else pair[0] for pair in values])
                columns.append([None if pair is None else pair[1] for pair in values])
            else:
                columns.append(values)
        yield from zip(*columns, strict=True)


class PlainTable:
    """A table of the contract's case columns under the key of the service's own."""

    def __init__(self, connection: asyncpg.Connection, contract: Contract, name: str = "plain_case") -> None:
        self._connection, self._name = connection, name
        self._columns = columns_of(contract.parts[PartName.CASE].fields)
        self._copies = 0

    async def make(self) -> None:
        columns = ", ".join(f"{column.name} {column.sql_type}" for column in self._columns)
        key = "force smallint not null, case_id uuid not null, line_from integer not null"
        await self._connection.execute(f"create table {self._name} ({key}, {columns}, primary key ({', '.join(_KEY)}))")

    async def copy(self, records: Sequence[Record]) -> float:
        """COPY the records as those of another force, and commit; seconds."""
        self._copies += 1
        keyed = [(self._copies, uuid4(), 1, *record) for record in records]
        names = [*_KEY, *(column.name for column in self._columns)]
        began = time.perf_counter()
        await self._connection.copy_records_to_table(self._name, records=keyed, columns=names)
        return time.perf_counter() - began
