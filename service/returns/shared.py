"""Judges and keeps the cases that name other forces; who is counted is decided when they are joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.library import Library
from service.contract.model import CodeList, Field, PartName, Role
from service.returns.chain import Chained
from service.returns.context import Context
from service.scope.edition import Edition
from service.storage.remembered import Statements
from service.tally.count import dimension_lists
from service.tally.judge import SHARING, judged, shared_sql
from service.tally.model import Margin, dimension_of

_STATEMENTS: Final = Statements()

_COLUMNS: Final = {
    "force": "smallint",
    "edition": "smallint",
    "case_id": "uuid",
    "line_from": "integer",
    "line_to": "integer",
    "shared_ref": "text",
    "shared_with": "bigint",
    "lead": "integer",
    "ruling": "integer",
    "stage": "integer",
    "setting": "integer",
    "year": "integer",
}
SHARED_COLUMNS: Final = tuple(name for name in _COLUMNS if name not in ("force", "edition", "line_from", "line_to"))
"""What is read of a shared case of a return under an edition."""

_STORE: Final = text(
    f"insert into shared_version ({', '.join(_COLUMNS)}) select * from unnest("
    + ", ".join(f"cast(:{name} as {sql_type}[])" for name, sql_type in _COLUMNS.items())
    + ") on conflict do nothing"
)


async def shared_rows(
    context: Context, tx: AsyncConnection, force: int, returns: Sequence[Chained], under: Mapping[int, Edition]
) -> list[dict[str, Any]]:
    """One row for each counted case of each of these returns that carries a shared reference and each edition, judged
    under it (semantics 29), from the versions: what the view ``shared_row`` says of what is stored."""
    lines = [item.line for item in returns]
    return [
        {"return_id": item.id, **row}
        for row in await shared_versions(context, tx, force, lines, under)
        for item in returns
        if row["line_from"] <= item.line < row["line_to"] and item.years.covers(row["year"])
    ]


async def shared_versions(
    context: Context, tx: AsyncConnection, force: int, lines: Sequence[int], under: Mapping[int, Edition]
) -> list[dict[str, Any]]:
    """One row for each version of a case that carries a shared reference and each edition, by its number, judged under
    it, as long as it holds; those that hold for none of these numbers of the line may be among them. The versions are
    looked through once for all editions."""
    library = context.library
    under = {number: edition for number, edition in under.items() if _roles(library, edition).keys() >= SHARING}
    if not under:  # a standard that knows no shared cases
        return []
    editions = tuple(under.values())
    asked = tuple((edition.vocabulary, edition.definition) for edition in editions)
    statement = _STATEMENTS.get((library, asked), lambda: _shared_sql(context, editions))
    parameters = {"force": force, "first": min(lines), "last": max(lines)}
    found = (await tx.execute(statement, parameters)).mappings().all()
    rows = []
    for place, (number, edition) in enumerate(under.items()):
        roles = _roles(library, edition)
        lists = dimension_lists(library, edition.vocabulary)
        rows += [
            {
                "force": force,
                "edition": number,
                "case_id": row["case_id"],
                "line_from": row["line_from"],
                "line_to": row["line_to"],
                "shared_ref": row[f"shared_ref{place}"],
                "shared_with": row[f"shared_with{place}"],
                "lead": _ordinal(row[f"lead{place}"], roles[Role.LEAD].list),
                "ruling": row[f"ruling{place}"],
                "stage": _ordinal(row[f"stage{place}"], lists.get(Margin.STAGE)),
                "setting": _ordinal(row[f"setting{place}"], lists.get(Margin.SETTING)),
                "year": row[f"year{place}"],
            }
            for row in found
            if row[f"shared_ref{place}"] is not None
        ]
    return rows


def _shared_sql(context: Context, editions: Sequence[Edition]) -> str:
    library = context.library
    chosen, named = ["o.case_id, o.line_from, o.line_to"], []
    for place, edition in enumerate(editions):
        said = shared_sql(library, edition.vocabulary, "o")
        if said is None:
            continue
        expressions = judged(library, edition)
        chosen += [
            f"{said.ref} as shared_ref{place}, {said.shared_with} as shared_with{place}, {said.lead} as lead{place}, "
            f"{expressions.ruling} as ruling{place}, {expressions.stage} as stage{place}, "
            f"{expressions.setting} as setting{place}, {expressions.year} as year{place}"
        ]
        named.append(f"{said.ref} is not null")
    held = "o.force = :force and o.line_from <= :last and o.line_to > :first"
    one = " or ".join(dict.fromkeys(named)) or "false"
    return f"select {', '.join(chosen)} from case_version o where {held} and ({one})"


async def store_shared(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what versions of shared cases come to, once; what a return before this one kept of them stands. In one
    statement, as there may be thousands."""
    if rows:
        await tx.execute(_STORE, {name: [row[name] for row in rows] for name in _COLUMNS})


def _roles(library: Library, edition: Edition) -> Mapping[Role, Field]:
    return library.contracts[edition.vocabulary].parts[PartName.CASE].by_role


def _ordinal(mask: int | None, codes: CodeList | None) -> int | None:
    return None if codes is None else dimension_of(mask, codes)
