"""The digest of a sealed return: what its receipt vouches for, and what anyone can compute again from the rows.

SHA-256 over a header (one ``name: value`` line each: form, force, period, revision, contract, case years) and one line
a part, which is SHA-256 over the part's row digests, sorted. A row's digest is that of ``contract/canonical.py`` and is
stored with the row, so an unchanged case costs nothing, and a row expunged by law leaves its digest (semantics 21).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import PartName
from service.returns.context import Context
from service.returns.model import Open
from service.tally.count import Years
from service.telemetry.spans import traced

FORM: Final = "case-returns/1"

_ROWS: Final = {
    PartName.CASE: "case_version where force = :force and line_from <= :line and line_to > :line",
    PartName.AGGREGATE: "aggregate_cell where force = :force and return_id = :id",
    PartName.WORKFORCE: "workforce_row where force = :force and return_id = :id",
}
_ROOTS: Final = text(
    " union all ".join(
        f"select '{part.value}' as part, sha256(coalesce(string_agg(digest, ''::bytea order by digest), ''::bytea)) "
        f"as root, count(*) as rows from {rows}"
        for part, rows in _ROWS.items()
    )
)


def part_root(digests: Iterable[bytes]) -> bytes:
    """The digest of one part from its rows' digests, in whatever order they come."""
    return hashlib.sha256(b"".join(sorted(digests))).digest()


def combine(
    force: str, period: str, revision: int, contract_version: str, years: Years, roots: Mapping[PartName, bytes]
) -> bytes:
    """The digest of a return from its header and its parts' digests."""
    listed = "all" if years.listed is None else " ".join(str(year) for year in sorted(years.listed))
    lines = [
        f"form: {FORM}",
        f"force: {force}",
        f"period: {period}",
        f"revision: {revision}",
        f"contract: {contract_version}",
        f"case years: {listed}{' unknown' if years.listed is not None and years.unknown else ''}",
        *(f"{part.value}: {root.hex()}" for part, root in roots.items()),
    ]
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).digest()


@traced("digest")
async def return_digest(context: Context, tx: AsyncConnection, item: Open, line: int) -> tuple[bytes, int]:
    """The digest of a return whose cases stand at this number of the main line, and how many cases these are."""
    found = await tx.execute(_ROOTS, {"force": item.force, "line": line, "id": item.id})
    roots = {PartName(row.part): row for row in found}
    digest = combine(
        context.forces.by_ordinal[item.force].code,
        str(item.period),
        item.revision,
        item.contract_version,
        item.years,
        {part: roots[part].root for part in _ROWS},
    )
    return digest, roots[PartName.CASE].rows
