"""The cases that a force is asked about, each with its ruling under an edition: those of its newest sealed return.

That return is what counts (semantics 26), and not the draft. Its cases outside the years that it covers case by case
are not counted (semantics 27).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.errors import NotFound
from service.register.columns import stored_case_columns
from service.returns.context import Context
from service.returns.current import sealed_rows
from service.returns.model import AnyReturn, Sealed, sealed_of
from service.returns.rows import listed
from service.scope.edition import Edition
from service.tally.judge import covered_sql, judged


class NothingSealed(NotFound):
    """A force is asked about what it sealed, and has sealed nothing."""

    code = "nothing-sealed"

    def __init__(self) -> None:
        super().__init__(
            "No return of this force is sealed, so nothing is asked yet.",
            "Seal a return: its cases are what is asked about here.",
        )


def counting_of(items: Sequence[AnyReturn]) -> Sealed:
    """The return that counts, of all that a force has; NothingSealed where there is none."""
    item = sealed_of(items)
    if item is None:
        raise NothingSealed
    return item


def judged_rows(context: Context, item: Sealed, edition: Edition, ruling: str | None = None) -> str:
    """The stock of a sealed return as it is stored, with the ruling of each case and whether it counts. ``ruling``: as
    this expression over the row ``o`` says it."""
    asked, columns = judged(context.library, edition), stored_case_columns(context.library)
    kept = listed(("case_id", "contract_version", "empties", *columns), "o")
    covered = covered_sql(item.years.listed is None, "judged_year")
    return (
        f"select r.*, {covered} as counted from (select {kept}, {ruling or asked.ruling} as ruling, "
        f"{asked.year} as judged_year from ({sealed_rows(columns)}) o) r"
    )


def parameters_of(item: Sealed) -> dict[str, Any]:
    """What the rows of a return are asked with."""
    return {"force": item.force, "line": item.line, **item.years.parameters}
