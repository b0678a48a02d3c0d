"""The stock of an open return, as SQL: its draft laid over the force's open case versions.

``cur`` here always means *as the return stands now*: a draft row where there is one, else the version that the last
sealed return left open. Parameters: ``force``, ``return_id``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from service.register.columns import OPEN_END
from service.returns.rows import listed

_WITHDRAWN = (
    "select 1 from draft_withdrawal w where w.force = :force and w.return_id = :return_id "
    "and w.case_id = {alias}.case_id and w.answer = 'withdraw'"
)


def base_rows(columns: Sequence[str], *, with_base_digest: bool = False) -> str:
    """The open versions: what the main line's end holds."""
    digests = "v.digest, v.digest as base_digest" if with_base_digest else "v.digest"
    return (
        f"select v.case_id, v.contract_version, {digests}, v.empties, {listed(columns, 'v')} "
        f"from case_version v where v.force = :force and v.line_to = {OPEN_END}"
    )


def current_rows(
    columns: Sequence[str],
    *,
    with_draft: bool = True,
    without_withdrawn: bool = False,
    with_base_digest: bool = False,
) -> str:
    """One row a case as the open return stands. ``with_draft`` False where the draft is known to be empty.
    ``with_base_digest``: also the digest that the case has in the base, for which a draft row is looked up there."""
    base = base_rows(columns, with_base_digest=with_base_digest)
    draft_condition = base_condition = ""
    if without_withdrawn:
        draft_condition = f" and not exists ({_WITHDRAWN.format(alias='d')})"
        base_condition = f" and not exists ({_WITHDRAWN.format(alias='v')})"
    if not with_draft:
        return base + base_condition
    digests, join = "d.digest", ""
    if with_base_digest:
        digests = "d.digest, b.digest as base_digest"
        join = f" left join case_version b on b.force = d.force and b.case_id = d.case_id and b.line_to = {OPEN_END}"
    return (
        f"select d.case_id, d.contract_version, {digests}, d.empties, {listed(columns, 'd')} from draft_case d{join} "
        f"where d.force = :force and d.return_id = :return_id{draft_condition} union all "
        f"{base}{base_condition} and not exists (select 1 from draft_case d where d.force = :force and "
        "d.return_id = :return_id and d.case_id = v.case_id)"
    )


WITHDRAWN: Final = (
    "select w.case_id from draft_withdrawal w where w.force = :force and w.return_id = :return_id "
    "and w.answer = 'withdraw'"
)
"""The cases that the open return is to withdraw."""


def draft_rows(columns: Sequence[str]) -> str:
    """The cases of the draft alone, without those to be withdrawn."""
    return (
        f"select {listed(columns, 'd')} from draft_case d where d.force = :force and d.return_id = :return_id "
        f"and d.case_id not in ({WITHDRAWN})"
    )


def sealed_rows(columns: Sequence[str]) -> str:
    """One row a case as the return with number ``line`` of the main line left it."""
    return (
        f"select v.case_id, v.contract_version, v.digest, v.empties, {listed(columns, 'v')} from case_version v "
        "where v.force = :force and v.line_from <= :line and v.line_to > :line"
    )
