"""Cases that are hardly ever alike: the dearest data for whoever counts by stage, setting and year.

A multiplied country has as many kinds of cases as were really sent. Where stage, setting and date of every copy ``n``
of a version ``v`` are drawn by lot, hardly two copies are alike.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.contract.columns import columns_of
from service.contract.model import Contract, PartName, Role


def by_lot(contract: Contract) -> Mapping[str, str]:
    """Columns whose values a copy draws where something is known: a code of the list, a day of fifteen years."""
    roles = contract.parts[PartName.CASE].by_role
    drawn = {}
    for role in (Role.STAGE, Role.SETTING):
        field = roles[role]
        (column,) = columns_of([field])
        assert field.list is not None
        ordinal = _draw(role, len(field.list.codes))
        value = f"(1::bigint << {ordinal})" if field.kind.is_mask else ordinal
        drawn[column.name] = f"case when v.{column.name} is not null then {value} end"
    low, high = (column.name for column in columns_of([roles[Role.YEAR]]))
    day = f"date '2010-11-02' + {_draw(Role.YEAR, 5470)}"
    for name in (low, high):
        drawn[name] = f"case when v.{low} = v.{high} then {day} else v.{name} end"
    return drawn


def _draw(of: str, many: int) -> str:
    """A whole number below ``many``, the same for all versions of a copy."""
    return f"((hashtext(v.case_id::text || n || '{of}') & 2147483647) % {many})"
