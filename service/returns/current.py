"""The stock of an open return, as SQL: its draft laid over the force's open case versions.

``cur`` here always means *as the return stands now*: a draft row where there is one, else the version that the last
sealed return left open. Parameters: ``force``, ``return_id``.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.register.columns import OPEN_END
from service.returns.rows import listed

_WITHDRAWN = (
    "select 1 from draft_withdrawal w where w.force = :force and w.return_id = :return_id "
    "and w.case_id = {alias}.case_id and w.answer = 'withdraw'"
)


def base_rows(columns: Sequence[str]) -> str:
    """The open versions: what the main line's end holds."""
    return (
        f"select v.case_id, v.contract_version, v.digest, v.digest as base_digest, v.empties, {listed(columns, 'v')} "
        f"from case_version v where v.force = :force and v.line_to = {OPEN_END}"
    )


def current_rows(columns: Sequence[str], *, with_draft: bool = True, without_withdrawn: bool = False) -> str:
    """One row a case as the open return stands. ``with_draft`` False where the draft is known to be empty."""
    base = base_rows(columns)
    draft_condition = base_condition = ""
    if without_withdrawn:
        draft_condition = f" and not exists ({_WITHDRAWN.format(alias='d')})"
        base_condition = f" and not exists ({_WITHDRAWN.format(alias='v')})"
    if not with_draft:
        return base + base_condition
    return (
        f"select d.case_id, d.contract_version, d.digest, b.digest as base_digest, d.empties, {listed(columns, 'd')} "
        "from draft_case d left join case_version b on b.force = d.force and b.case_id = d.case_id "
        f"and b.line_to = {OPEN_END} where d.force = :force and d.return_id = :return_id{draft_condition} union all "
        f"{base}{base_condition} and not exists (select 1 from draft_case d where d.force = :force and "
        "d.return_id = :return_id and d.case_id = v.case_id)"
    )


def sealed_rows(columns: Sequence[str]) -> str:
    """One row a case as the return with number ``line`` of the main line left it."""
    return (
        f"select v.case_id, v.contract_version, v.digest, v.empties, {listed(columns, 'v')} from case_version v "
        "where v.force = :force and v.line_from <= :line and v.line_to > :line"
    )
