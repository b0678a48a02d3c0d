"""How well the sealed returns are recorded, field by field: what is known, what is not, what forces do not hold, what
cannot apply, and what a version of the standard never asked.

A total says nothing of what it is made from. Of suspects' ethnicity most is not recorded, and who reads a figure about
it has to see that. Counts alone, kept with each return at its seal (``returns/recorded.py``); the newest version of the
standard names the fields, and the numbers that add up to another stand beside their total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.library import Library
from service.contract.model import Contract, Field, Part, PartName
from service.contract.upgrade import new_names
from service.picture.newest import FROM, WHERE
from service.returns.recorded import RecordedField


class Recorded(Struct, frozen=True, kw_only=True):
    """Rows of one part in some sealed returns by what they say of one field; the five add up to ``rows``."""

    rows: int
    known: int
    not_known: int
    not_provided: int
    not_applicable: int
    not_asked: int
    """Rows of returns in a version of the standard that has no such field."""
    least: int | None = None
    """Of a number that adds up with others: the sum of what is surely there."""


class FieldRecorded(Struct, frozen=True, kw_only=True):
    """The same of a field of the newest version."""

    part: Part
    field: Field
    recorded: Recorded


class ForceRecorded(Struct, frozen=True, kw_only=True):
    """The same of one field in one force's return. ``force`` is the force's number."""

    force: int
    period: date
    revision: int
    contract_version: str
    recorded: Recorded


class AllRecorded(Struct, frozen=True, kw_only=True):
    """Every field, and of how many forces. ``uncounted``: forces whose return was sealed before this was counted."""

    contract: Contract
    fields: Sequence[FieldRecorded]
    forces: int
    uncounted: int


class Kept(Struct, frozen=True, kw_only=True):
    """What was counted of one sealed return at its seal; None before that was done."""

    force: int
    period: date
    revision: int
    contract_version: str
    recorded: Sequence[RecordedField] | None


_SEALED = text(
    "select r.force, r.period, r.revision, r.contract_version, r.summary -> 'recorded' as recorded "
    f"from {FROM} where {WHERE} order by r.force"
)


async def kept_at_seal(tx: AsyncConnection, period: date | None) -> Sequence[Kept]:
    """What was counted of each force's newest sealed return, or of those of a period, in the order of forces."""
    rows = await tx.execute(_SEALED, {"period": period})
    return [msgspec.convert(dict(row._mapping), Kept) for row in rows]  # noqa: SLF001  SQLAlchemy's public name for it


def all_recorded(kept: Sequence[Kept], library: Library) -> AllRecorded:
    """Every field of every part, over all these returns, in the standard's order."""
    counted = [each for each in kept if each.recorded is not None]
    contract = library.newest
    names = {each.contract_version: new_names(library, each.contract_version, contract.version) for each in counted}
    fields = [
        FieldRecorded(
            part=part,
            field=field,
            recorded=_together([_of(each, part.name, field.name, names[each.contract_version]) for each in counted]),
        )
        for part in contract.parts.values()
        for field in part.fields
    ]
    return AllRecorded(contract=contract, fields=fields, forces=len(kept), uncounted=len(kept) - len(counted))


def recorded_by_force(kept: Sequence[Kept], library: Library, part: PartName, field: str) -> Sequence[ForceRecorded]:
    """One field of the newest version in each of these returns; least known first."""
    newest = library.newest.version
    found = [
        ForceRecorded(
            force=each.force,
            period=each.period,
            revision=each.revision,
            contract_version=each.contract_version,
            recorded=_of(each, part, field, new_names(library, each.contract_version, newest)),
        )
        for each in kept
        if each.recorded is not None
    ]
    return sorted(found, key=lambda each: each.recorded.known / each.recorded.rows if each.recorded.rows else 1.0)


def _of(kept: Kept, part: PartName, field: str, names: Mapping[str, str]) -> Recorded:
    """What a return says of a field under its present name."""
    of_part = [each for each in kept.recorded or () if each.part is part]
    rows = of_part[0].rows if of_part else 0
    for each in of_part:
        if names.get(each.field) == field:
            said = each.known + each.not_provided + each.not_applicable
            return Recorded(
                rows=rows,
                known=each.known,
                not_known=rows - said,
                not_provided=each.not_provided,
                not_applicable=each.not_applicable,
                not_asked=0,
                least=each.least,
            )
    return Recorded(rows=rows, known=0, not_known=0, not_provided=0, not_applicable=0, not_asked=rows)


def _together(recorded: Sequence[Recorded]) -> Recorded:
    sums = [each.least for each in recorded if each.least is not None]
    return Recorded(
        rows=sum(each.rows for each in recorded),
        known=sum(each.known for each in recorded),
        not_known=sum(each.not_known for each in recorded),
        not_provided=sum(each.not_provided for each in recorded),
        not_applicable=sum(each.not_applicable for each in recorded),
        not_asked=sum(each.not_asked for each in recorded),
        least=sum(sums) if sums else None,
    )
