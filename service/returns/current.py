"""The stock of an open return, as SQL: its draft laid over the case versions of its base.

``cur`` here always means *as the return stands now*: a draft row where there is one, else the version of the base.
``over`` is the number that it is laid over (``Open.laid_over``). Parameters: ``force``, ``return_id``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from service.register.columns import holds_at
from service.returns.as_read import AsRead, rows_sql
from service.returns.rows import listed

_WITHDRAWN = (
    "select 1 from draft_withdrawal w where w.force = :force and w.return_id = :return_id "
    "and w.case_id = {alias}.case_id and w.answer = 'withdraw'"
)


def base_rows(columns: Sequence[str], over: int | None, read: AsRead | None = None, condition: str = "") -> str:
    """The versions of the base; as ``read`` reads them, or as they are stored."""
    return rows_sql(read, columns, "case_version", f"v.force = :force and {holds_at(over)}{condition}", ("case_id",))


def current_rows(
    columns: Sequence[str],
    over: int | None,
    read: AsRead | None = None,
    *,
    with_draft: bool = True,
    without_withdrawn: bool = False,
    with_base_digest: bool = False,
) -> str:
    """One row a case as the open return stands. ``read``: how the version of the return reads its base; without it
    every row is as it is stored. ``with_draft`` False where the draft is known to be empty. ``with_base_digest``: also
    the digest that the case has in the base, for which a draft row is looked up there."""
    draft_condition = base_condition = ""
    if without_withdrawn:
        draft_condition = f" and not exists ({_WITHDRAWN.format(alias='d')})"
        base_condition = f" and not exists ({_WITHDRAWN.format(alias='v')})"
    if with_draft:
        base_condition += (
            " and not exists (select 1 from draft_case d where d.force = :force and d.return_id = :return_id "
            "and d.case_id = v.case_id)"
        )
    base = base_rows(columns, over, read, base_condition)
    names = ["case_id", "contract_version", "digest", "empties", *columns]
    before = ", b.digest as base_digest" if with_base_digest else ""
    base = f"select {listed(names, 'b')}{before} from ({base}) b"
    if not with_draft:
        return base
    join = f" left join ({base_rows((), over, read)}) b on b.case_id = d.case_id" if with_base_digest else ""
    return (
        f"select {listed(names, 'd')}{before} from draft_case d{join} "
        f"where d.force = :force and d.return_id = :return_id{draft_condition} union all {base}"
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


def sealed_rows(columns: Sequence[str], read: AsRead | None = None) -> str:
    """One row a case as the return with number ``line`` of the main line left it."""
    where = "v.force = :force and v.line_from <= :line and v.line_to > :line"
    return rows_sql(read, columns, "case_version", where, ("case_id",))
