"""The tables that carry a contract's fields as typed columns: named here, filled in by ``migrate``.

No field is named: which columns there are follows from every contract version that the library holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Carries(StrEnum):
    """Which fields of the contracts a table carries."""

    CASE = "case"
    """All fields of the case part."""
    AGGREGATE = "aggregate"
    """The case part's dimensions, and the aggregate part's own fields (the weight)."""
    WORKFORCE = "workforce"
    """All fields of the workforce part."""


TYPED_TABLES: Final[Mapping[str, Carries]] = MappingProxyType(
    {
        "case_version": Carries.CASE,
        "draft_case": Carries.CASE,
        "aggregate_cell": Carries.AGGREGATE,
        "workforce_row": Carries.WORKFORCE,
        "kept_case": Carries.CASE,
        "kept_cell": Carries.AGGREGATE,
        "kept_workforce": Carries.WORKFORCE,
    }
)
