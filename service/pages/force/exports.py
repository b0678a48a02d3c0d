"""Files for the force itself: its cases and its findings, as CSV and as workbooks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import IO, TypedDict

from litestar import get
from litestar.response import Stream

from service.contract.model import Severity
from service.contract.sheet import XLSX, csv_block
from service.errors import NotFound
from service.identity.principal import NOT_HERE
from service.pages.force.place import Place, place_of, whole_number
from service.pages.guard import HEADERS
from service.pages.visit import Visit, Visiting
from service.returns.cases import case_fields, stream_cases
from service.returns.choice import current
from service.returns.exports import cases_as_workbook, findings_as_workbook, shown_case
from service.returns.model import AnyReturn, Withdrawn
from service.returns.reading import findings_as_csv

_CSV = "text/csv"
_CHUNK = 1 << 16


@get("/forces/{force:str}/returns/{period:str}/cases.csv", include_in_schema=False)
async def download_cases(visit: Visiting) -> Stream:
    """Every case of a return; it can be sent back as it is."""
    place, item = await _with_cases(visit)
    names = [field.name for field in case_fields(place.context, item)]
    return await downloaded(_cases(place, item, names), f"{place.slug}-{place.period}-cases.csv")


@get("/forces/{force:str}/returns/{period:str}/cases.xlsx", include_in_schema=False)
async def download_cases_workbook(visit: Visiting) -> Stream:
    """The same as a workbook to be filled in."""
    place, item = await _with_cases(visit)
    file = await cases_as_workbook(place.context, visit.actor, item)
    return workbook_downloaded(file, f"{place.slug}-{place.period}-cases.xlsx")


@get("/forces/{force:str}/returns/{period:str}/findings.csv", include_in_schema=False)
async def download_findings(visit: Visiting) -> Stream:
    """Every finding of a return, or those of one severity or rule."""
    place, item, which = await _which_findings(visit)
    blocks = findings_as_csv(place.context, visit.actor, item, **which)
    return await downloaded(blocks, f"{place.slug}-{place.period}-findings.csv")


@get("/forces/{force:str}/returns/{period:str}/findings.xlsx", include_in_schema=False)
async def download_findings_workbook(visit: Visiting) -> Stream:
    """The same as a workbook."""
    place, item, which = await _which_findings(visit)
    file = await findings_as_workbook(place.context, visit.actor, item, **which)
    return workbook_downloaded(file, f"{place.slug}-{place.period}-findings.xlsx")


class _Which(TypedDict):
    """Which findings are asked for."""

    severity: Severity | None
    rule: str | None


async def _with_cases(visit: Visit) -> tuple[Place, AnyReturn]:
    place = await place_of(visit)
    item = _asked(place)
    if isinstance(item, Withdrawn) and item.line is None:
        raise NotFound(NOT_HERE)
    return place, item


async def _which_findings(visit: Visit) -> tuple[Place, AnyReturn, _Which]:
    place = await place_of(visit)
    item, asked = _asked(place), visit.request.query_params
    severity, rule = asked.get("severity") or None, asked.get("rule") or None
    if severity is not None and severity not in set(Severity):
        raise NotFound(NOT_HERE)
    if rule is not None and rule not in place.context.library.contracts[item.contract_version].rule:
        raise NotFound(NOT_HERE)
    return place, item, {"severity": None if severity is None else Severity(severity), "rule": rule}


def _asked(place: Place) -> AnyReturn:
    revision = place.visit.request.query_params.get("revision")
    return current(place.items, None if revision is None else whole_number(revision))


async def _cases(place: Place, item: AnyReturn, names: Sequence[str]) -> AsyncIterator[bytes]:
    heading = True
    async for rows in stream_cases(place.context, place.visit.actor, item):
        yield csv_block(names, map(shown_case, rows), heading=heading)
        heading = False
    if heading:
        yield csv_block(names, (), heading=True)


async def downloaded(blocks: AsyncIterator[bytes], name: str) -> Stream:
    """A file that is sent as it is made. The first block is made before, so that an error is still a page."""
    first = await anext(blocks, b"")

    async def sent() -> AsyncIterator[bytes]:
        try:
            yield first
            async for block in blocks:
                yield block
        finally:
            await blocks.aclose()  # type: ignore[attr-defined]  # a generator: it gives its transaction back

    return Stream(sent(), media_type=_CSV, headers={**HEADERS, **_attached(name)})


def workbook_downloaded(file: IO[bytes], name: str) -> Stream:
    """A file that was made for this answer, and is closed when it is sent."""

    async def sent() -> AsyncIterator[bytes]:
        with file:
            while chunk := file.read(_CHUNK):
                yield chunk

    return Stream(sent(), media_type=XLSX, headers={**HEADERS, **_attached(name)})


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
