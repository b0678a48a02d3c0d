"""The three that read a condition, behind one question: the reference evaluator, PostgreSQL and DuckDB.

Each is asked about many observations at once; the SQL engines see them as typed rows of one ``values`` list.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Protocol

import asyncpg
import duckdb

from service.criteria.evaluate import Observation, Value, compiled
from service.criteria.ruling import Definition
from service.criteria.sql import FieldSql, condition_sql, holds_sql, ruling_sql
from service.criteria.tree import Criterion
from service.criteria.vocabulary import FieldType, Kind

SQL_TYPES = {Kind.NUMBER: "integer", Kind.DECIMAL: "numeric(14, 2)", Kind.DATE: "date"}

Fields = Mapping[str, FieldType]


class Engine(Protocol):
    """Whoever says what conditions and definitions say of observations, one answer each, in their order."""

    def answers(self, criterion: Criterion, fields: Fields, seen: Sequence[Observation]) -> list[bool | None]: ...

    def rulings(self, definition: Definition, fields: Fields, seen: Sequence[Observation]) -> list[int]: ...


class Reference:
    """Plain Python, one observation after the other."""

    def answers(self, criterion: Criterion, fields: Fields, seen: Sequence[Observation]) -> list[bool | None]:  # noqa: ARG002
        return [compiled(criterion)(observation) for observation in seen]

    def rulings(self, definition: Definition, fields: Fields, seen: Sequence[Observation]) -> list[int]:  # noqa: ARG002
        return [definition.ruling(observation) for observation in seen]


class SqlEngine:
    """One connection to a database, kept for the session."""

    dialect: str

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def answers(self, criterion: Criterion, fields: Fields, seen: Sequence[Observation]) -> list[bool | None]:
        columns = columns_of(fields)
        said = condition_sql(criterion, columns, self.dialect)
        holds = holds_sql(criterion, columns, self.dialect)
        found = self.rows(f"select ({said}), ({holds}) from {rows_of(fields, seen)} order by n")
        assert [said is True for said, _ in found] == [holds is True for _, holds in found]
        return [said for said, _ in found]

    def rulings(
        self, definition: Definition, fields: Fields, seen: Sequence[Observation], *, marked: bool = False
    ) -> list[int]:
        ruling = ruling_sql(definition, columns_of(fields), self.dialect, marked=marked)
        return [row[0] for row in self.rows(f"select {ruling} from {rows_of(fields, seen)} order by n")]


class DuckDb(SqlEngine):
    """DuckDB, in memory."""

    dialect = "duckdb"

    def __init__(self) -> None:
        self.connection = duckdb.connect()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def close(self) -> None:
        self.connection.close()


class Postgres(SqlEngine):
    """A PostgreSQL server; the asynchronous driver runs on a loop of its own, so that plain tests can ask."""

    dialect = "postgres"

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="postgres-engine", daemon=True)
        self.thread.start()
        self.connection: asyncpg.Connection = self._wait(asyncpg.connect(url, statement_cache_size=0))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._wait(self.connection.fetch(query))]

    def close(self) -> None:
        self._wait(self.connection.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


def columns_of(fields: Fields) -> dict[str, FieldSql]:
    """Where each field stands in the rows of ``rows_of``."""
    found = {}
    for name, field in fields.items():
        if field.kind.is_range:
            found[name] = FieldSql(field.kind, low=f"r.{name}_lo", high=f"r.{name}_hi")
        elif field.kind.is_mask:
            found[name] = FieldSql(field.kind, mask=f"r.{name}")
        else:
            found[name] = FieldSql(field.kind, text=f"r.{name}")
    return found


def rows_of(fields: Fields, seen: Sequence[Observation]) -> str:
    """Observations as an SQL table ``r`` with a row number ``n``."""
    names = ["n"]
    for name, field in fields.items():
        names += [f"{name}_lo", f"{name}_hi"] if field.kind.is_range else [name]
    rows = []
    for number, observation in enumerate(seen):
        cells = [str(number)]
        for name, field in fields.items():
            cells += _cells(field.kind, observation.get(name))
        rows.append(f"({', '.join(cells)})")
    return f"(values {', '.join(rows)}) as r({', '.join(names)})"


def _cells(kind: Kind, value: Value) -> list[str]:
    if kind.is_range:
        ends = (None, None) if value is None else value
        assert isinstance(ends, tuple)
        return [f"cast({'null' if end is None else repr(str(end))} as {SQL_TYPES[kind]})" for end in ends]
    type_ = "bigint" if kind.is_mask else "text"
    return [f"cast({'null' if value is None else repr(str(value))} as {type_})"]
