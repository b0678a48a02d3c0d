"""The typed columns of the stored tables: the union over all contract versions, as ``migrate`` made them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.contract.columns import columns_of
from service.contract.library import Library
from service.contract.model import PartName

OPEN_END: Final = 2_147_483_647
"""``line_to`` of a case version that still holds."""


def holds_at(number: int | None, alias: str = "v") -> str:
    """SQL: whether a case version holds for a number of the line; None: for its end."""
    if number is None:
        return f"{alias}.line_to = {OPEN_END}"
    return f"{alias}.line_from <= {number:d} and {alias}.line_to > {number:d}"


def stored_types(library: Library, part: PartName) -> Mapping[str, str]:
    """The SQL type of every typed column that any contract version gives a part, by name, in a stable order."""
    return {
        column.name: column.sql_type
        for contract in library.contracts.values()
        if part in contract.parts
        for column in columns_of(contract.parts[part].fields)
    }


def stored_case_columns(library: Library) -> tuple[str, ...]:
    """The names of the case tables' typed columns."""
    return tuple(stored_types(library, PartName.CASE))
