"""Typed columns from the contracts: expand only, so that a contract version needs no migration written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, text

from service.contract.columns import columns_of
from service.contract.library import Library
from service.contract.model import Contract, Field, PartName, Role
from service.criteria.vocabulary import Kind
from service.migrations.scripts import run_script
from service.storage.roles import StorageError, quoted
from service.storage.schema import TYPED_TABLES, Carries


def add_typed_columns(connection: Connection, library: Library) -> tuple[str, ...]:
    """Add to each typed table the columns that it lacks; returns those added, as ``table.column``.

    A column that stands there with another type is a ``StorageError``: it is never changed and never dropped.
    """
    added = []
    for table, carries in TYPED_TABLES.items():
        present = _present(connection, table)
        missing = []
        for name, sql_type in wanted_columns(library, carries).items():
            if name not in present:
                missing.append(f"add column if not exists {quoted(name)} {sql_type}")
                added.append(f"{table}.{name}")
            elif present[name] != sql_type:
                raise StorageError(
                    f"The column {table}.{name} is {present[name]}, but the contracts need {sql_type}.",
                    "A field keeps its kind for ever: give the field of the new contract version another name.",
                )
        if missing:
            run_script(connection, f"alter table {quoted(table)} {', '.join(missing)}")
    return tuple(added)


def index_shared(connection: Connection, library: Library) -> None:
    """Let the few case versions that carry a shared reference be found without reading all of their force's."""
    fields = (contract.parts[PartName.CASE].by_role.get(Role.SHARED_REF) for contract in library.contracts.values())
    for name in dict.fromkeys(field.name for field in fields if field is not None):
        index = quoted(f"case_version_{name}")
        # asked first: even where it is there, ``if not exists`` waits for everyone who writes
        if connection.scalar(text("select to_regclass(:index)"), {"index": index}) is None:
            run_script(connection, f"create index {index} on case_version (force) where {quoted(name)} is not null")


def wanted_columns(library: Library, carries: Carries) -> dict[str, str]:
    """Column name to SQL type over all contract versions; two versions that disagree are a ``StorageError``.

    Dimensions first, texts last: a row is taken apart from its beginning, so what is judged and counted a million at a
    time stands where it is reached soonest.
    """
    wanted: dict[str, str] = {}
    for contract, field in sorted(_carried(library, carries), key=lambda found: _place(found[1])):
        for column in columns_of((field,)):
            if wanted.setdefault(column.name, column.sql_type) != column.sql_type:
                raise StorageError(
                    f"Contract {contract.version} needs {column.name} as {column.sql_type}, "
                    f"another version as {wanted[column.name]}.",
                    "A field keeps its kind for ever: give the field of the new contract version another name.",
                )
    return wanted


def _carried(library: Library, carries: Carries) -> Iterator[tuple[Contract, Field]]:
    return ((contract, field) for contract in library.contracts.values() for field in fields_of(contract, carries))


def _place(field: Field) -> tuple[bool, bool]:
    return not field.dimension, field.kind is Kind.TEXT


def fields_of(contract: Contract, carries: Carries) -> Iterator[Field]:
    """The fields of one contract version that such a table carries; none of a part that the version does not have."""
    if carries is Carries.CASE:
        yield from contract.parts[PartName.CASE].fields
    elif carries is Carries.WORKFORCE:
        if PartName.WORKFORCE in contract.parts:
            yield from contract.parts[PartName.WORKFORCE].fields
    elif PartName.AGGREGATE in contract.parts:
        names = set()
        for field in _aggregate_fields(contract):
            if field.name not in names:
                names.add(field.name)
                yield field


def _aggregate_fields(contract: Contract) -> Iterable[Field]:
    yield from (field for field in contract.parts[PartName.CASE].fields if field.dimension)
    yield from contract.parts[PartName.AGGREGATE].fields


def _present(connection: Connection, table: str) -> dict[str, str]:
    rows = connection.execute(
        text(
            "select attname, format_type(atttypid, atttypmod) as sql_type from pg_attribute "
            "where attrelid = to_regclass(:table) and attnum > 0 and not attisdropped"
        ),
        {"table": quoted(table)},
    )
    present: dict[str, str] = {row.attname: row.sql_type for row in rows}
    if not present:
        raise StorageError(f"The table {table} does not exist.", "Run case-returns migrate.")
    return present
