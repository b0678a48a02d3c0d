"""Brings an open return to a newer contract version: its draft, its cells and teams, and what was found so far.

What was sealed is read in the new version and never touched; what is not sealed yet is rewritten in it once, and what
the older rules found in it is found no more. The rules of the new version have not been asked of the draft's cases, so
each of them waits until it is sent again (``UNASKED``); cells and teams are asked at once (``raised``).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.library import Library
from service.contract.model import PartName
from service.contract.upgrade import new_names
from service.register.columns import stored_types
from service.returns.as_read import as_read, rows_sql
from service.returns.model import Open
from service.returns.parts import TABLES
from service.returns.rows import listed
from service.returns.store import declare

UNASKED = "source_row is null"
"""Condition on a row of the draft: it was rewritten in a newer version, whose rules have not been asked of it."""

_OF_RETURN = "force = :force and return_id = :return_id"


async def raise_version(tx: AsyncConnection, library: Library, item: Open, target: str) -> None:
    """Let an open return speak ``target``, which is newer than its version. The caller holds the force's lock."""
    parameters: dict[str, Any] = {"force": item.force, "return_id": item.id}
    await declare(tx, item, target, item.years)
    await _rewrite_cases(tx, library, target, parameters)
    for part in TABLES:
        await _rewrite_part(tx, library, part, item.contract_version, target, parameters)
    for old, new in new_names(library, item.contract_version, target).items():
        if old != new:
            await tx.execute(
                text(f"update finding set field = :new where {_OF_RETURN} and field = :old"),
                {**parameters, "old": old, "new": new},
            )


async def _rewrite_cases(tx: AsyncConnection, library: Library, target: str, parameters: dict[str, Any]) -> None:
    """The rows of the draft in the new version, of no file any more."""
    read = as_read(library, target)
    columns = tuple(read.columns)
    kept = ("case_id",)
    names = listed((*kept, "digest", "empties", *columns))
    await tx.execute(
        text(
            f"delete from finding where {_OF_RETURN} and held_n is null and case_id in "
            f"(select case_id from draft_case where {_OF_RETURN})"
        ),
        parameters,
    )
    rows = rows_sql(read, columns, "draft_case", "v.force = :force and v.return_id = :return_id", kept)
    await tx.execute(text(f"create temp table raised on commit drop as {rows}"), parameters)
    await tx.execute(text(f"delete from draft_case where {_OF_RETURN}"), parameters)
    await tx.execute(
        text(
            f"insert into draft_case (force, return_id, contract_version, {names}) "
            f"select :force, :return_id, :target, {names} from raised"
        ),
        {**parameters, "target": target},
    )
    await tx.execute(text("drop table raised"))


def is_older(library: Library, version: str, other: str) -> bool:
    """Whether a contract version came before another."""
    versions = list(library.contracts)
    return versions.index(version) < versions.index(other)


async def rewrite_carried(tx: AsyncConnection, library: Library, item: Open, version: str) -> None:
    """Cells and teams that were just carried from a return of ``version``, in the version of this one."""
    for part in TABLES:
        parameters = {"force": item.force, "return_id": item.id}
        await _rewrite_part(tx, library, part, version, item.contract_version, parameters)


async def _rewrite_part(
    tx: AsyncConnection, library: Library, part: PartName, version: str, target: str, parameters: dict[str, Any]
) -> None:
    """The rows of a whole part, which are all of one version, in the new one."""
    if version == target or part not in library.contracts[target].parts:
        return
    table, read = TABLES[part], as_read(library, target, part)
    columns = tuple(read.columns)
    others = [name for name in stored_types(library, part) if name not in read.columns]
    source = f"(select t.*, cast(:version as text) as contract_version from {table} t)"
    where = "v.force = :force and v.return_id = :return_id"
    values = ", ".join(f"{name} = r.{name}" for name in ("digest", "empties", *columns))
    emptied = "".join(f", {name} = null" for name in others)
    await tx.execute(
        text(
            f"update {table} t set {values}{emptied} from ({rows_sql(read, columns, source, where, ('n',))}) r "
            "where t.force = :force and t.return_id = :return_id and t.n = r.n"
        ),
        {**parameters, "version": version},
    )
