"""Tells who sent names or codes of a newer contract version than their return is written in what to do with the file.

Each row is held with its own words. That all of it is one and the same thing, and which step takes the whole file, is
said once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import Contract, PartName
from service.contract.values import BLANKS, Check
from service.returns.context import Context
from service.returns.draft import PART_NUMBER
from service.returns.model import Open
from service.terms.calendar import Period

_HELD: Final = (
    "select f.part, f.rule, f.field, f.value from finding f join held_row h on h.force = f.force "
    "and h.return_id = f.return_id and h.n = f.held_n "
    "where f.force = :force and f.return_id = :return_id and h.set_aside is null"
)


class NewerFile(Struct, frozen=True, kw_only=True):
    """What was sent is written in ``version``; ``raises``: the return can go on to it."""

    version: str
    raises: bool
    says: str


async def newer_upload(
    context: Context, tx: AsyncConnection, contract: Contract, item: Open, part: PartName
) -> NewerFile | None:
    """Of the file whose findings are staged; None where nothing in it is of a newer version."""
    staged = f"select {PART_NUMBER[part]} as part, rule, field, value from staging_finding"
    return await _of_findings(context, tx, contract, item, staged, {})


async def newer_held(context: Context, tx: AsyncConnection, item: Open) -> NewerFile | None:
    """Of the rows that are held still, whatever file they came in."""
    contract = context.library.contracts[item.contract_version]
    return await _of_findings(context, tx, contract, item, _HELD, {"force": item.force, "return_id": item.id})


async def _of_findings(
    context: Context, tx: AsyncConnection, contract: Contract, item: Open, findings: str, given: Mapping[str, Any]
) -> NewerFile | None:
    newer = contract.newer
    if not newer.fields and not newer.codes:
        return None
    codes = sorted({code for found in newer.codes.values() for code in found})
    rows = await tx.execute(
        text(
            "select distinct f.part, f.field, f.code from (select f.part, f.field, f.rule, "
            f"case when f.rule = any(:of_codes) then lower(btrim(f.value, :blanks)) end as code from ({findings}) f) f "
            "where (f.rule = any(:of_columns) and f.field = any(:names)) or f.code = any(:codes)"
        ),
        {
            **given,
            "of_codes": _rules(contract, Check.CODE),
            "of_columns": _rules(contract, Check.UNKNOWN_COLUMN),
            "blanks": BLANKS,
            "names": sorted(newer.fields),
            "codes": codes,
        },
    )
    versions = [version for row in rows if (version := _version_of(contract, row)) is not None]
    if not versions:
        return None
    version = max(versions, key=list(context.library.contracts).index)
    since = context.terms.first_taken(version, item.period)
    return NewerFile(version=version, raises=since == item.period, says=_says(item, version, since))


def _rules(contract: Contract, check: Check) -> list[str]:
    return [rule.id for rule in contract.rules if rule.check == check]


def _version_of(contract: Contract, row: Any) -> str | None:
    """The version that has the name, or the code, that a finding is about."""
    if row.code is not None:
        code = contract.newer.codes.get(row.field, {}).get(row.code)
        return None if code is None else code.version
    field = contract.newer.fields[row.field]
    return field.version if row.part in {PART_NUMBER[PartName(part)] for part in field.parts} else None


def after_going_on(notes: Sequence[str], version: str) -> tuple[str, ...]:
    """What an upload said, when its return has gone on to the version of the file since: to send the file again."""
    told = _told(version)
    again = (
        f"{told}, and the return was written in an older one then. It is written in {version} now: send the file "
        "again, if that is not done yet."
    )
    return tuple(again if each.startswith(told) else each for each in notes)


def _told(version: str) -> str:
    return f"The file has names or codes of version {version} of the data standard"


def _says(item: Open, version: str, since: Period | None) -> str:
    what = (
        f"{_told(version)}, and this return is written in {item.contract_version}, which does not have them: rows that "
        "say something by them are held. "
    )
    if since == item.period:
        return f"{what}Bring the return to {version}, and send the file again: it can say these things then."
    if since is not None:
        return (
            f"{what}No return before {since.in_words} can be in {version}: send the file to that one, or to a later "
            "one, and undo the upload here."
        )
    return f"{what}The terms do not take {version} for this month: undo the upload, and keep the file until they do."
