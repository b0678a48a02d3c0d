"""How the fields of a contract stand in a table: a pair of columns for what may be a range, one for the rest.

The names and types here are the one answer for migrations, COPY, rules over a staging table, and judging.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

from service.contract.model import Field
from service.criteria.sql import FieldSql
from service.criteria.vocabulary import Kind


class Side(StrEnum):
    """Which piece of a value a column holds."""

    LOW = "low"
    HIGH = "high"
    MASK = "mask"
    TEXT = "text"


class Column(Struct, frozen=True):
    """One column of one field, with its PostgreSQL type."""

    name: str
    sql_type: str
    field: str
    side: Side


_RANGE_TYPES = {  # a decimal column has room for the open end of a range
    Kind.NUMBER: "integer",
    Kind.DECIMAL: "numeric(12,2)",
    Kind.DATE: "date",
}
MASK_TYPE = "bigint"
TEXT_TYPE = "text"


def columns_of(fields: Iterable[Field]) -> tuple[Column, ...]:
    """The columns of some fields, in their order; low before high."""
    found: list[Column] = []
    for field in fields:
        if field.kind.is_range:
            sql_type = _RANGE_TYPES[field.kind]
            found.append(Column(f"{field.name}_lo", sql_type, field.name, Side.LOW))
            found.append(Column(f"{field.name}_hi", sql_type, field.name, Side.HIGH))
        elif field.kind.is_mask:
            found.append(Column(field.name, MASK_TYPE, field.name, Side.MASK))
        else:
            found.append(Column(field.name, TEXT_TYPE, field.name, Side.TEXT))
    return tuple(found)


def field_sql(fields: Iterable[Field], alias: str) -> dict[str, FieldSql]:
    """Where each field stands in a table or subquery that is called ``alias``; an empty alias gives bare names."""
    return {field.name: column_sql(field.name, field.kind, alias) for field in fields}


def column_sql(name: str, kind: Kind, alias: str) -> FieldSql:
    """The columns of one field by its name and kind."""
    at = f"{alias}." if alias else ""
    if kind.is_range:
        return FieldSql(kind, low=f"{at}{name}_lo", high=f"{at}{name}_hi")
    if kind.is_mask:
        return FieldSql(kind, mask=f"{at}{name}")
    return FieldSql(kind, text=f"{at}{name}")


def null_sql(kind: Kind) -> FieldSql:
    """A field that nothing stores: unknown, and of its type."""
    if kind.is_range:
        null = f"cast(null as {_RANGE_TYPES[kind]})"
        return FieldSql(kind, low=null, high=null)
    if kind.is_mask:
        return FieldSql(kind, mask=f"cast(null as {MASK_TYPE})")
    return FieldSql(kind, text=f"cast(null as {TEXT_TYPE})")


def stored_fields(parts: Iterable[Mapping[str, Field]]) -> dict[str, Field]:
    """Every field that any version of a part has, by name, oldest first: what a table of all versions holds."""
    found: dict[str, Field] = {}
    for part in parts:
        for name, field in part.items():
            found.setdefault(name, field)
    return found
