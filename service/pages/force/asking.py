"""What a force is asked: the attributes that would settle its undetermined cases, the cases, and files to fill in."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get
from litestar.response import Stream
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from service.clock import london_date
from service.contract.model import Contract
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.pages.force.explaining import other_editions, scope_in
from service.pages.force.exports import downloaded, workbook_downloaded
from service.pages.visit import Visit, Visiting
from service.returns.edition_asked import editions_offered
from service.returns.judged_rows import NothingSealed
from service.returns.raising import is_older
from service.returns.work_list import Lack, Place, WorkList, find_work, page_of_work
from service.returns.work_list_file import work_as_csv, work_as_workbook
from service.scope.explain import Asked, asked, field_of
from service.scope.tallied import tallied_in_words
from service.terms.calendar import period_of

HERE: Final = "asked"
PAGE: Final = 25
_AFTER: Final = re.compile(r"(\d{1,10})\.([0-9a-f-]{36})")
_AT: Final = "/forces/{force:str}/work-list"


class Line(Struct, frozen=True, kw_only=True):
    """One attribute that is asked for, with what may be written there."""

    lack: Lack
    asked: Asked


@get(_AT, include_in_schema=False)
async def show_work(visit: Visiting) -> Response[str]:
    """By attribute, and the cases that would be settled first."""
    number, force = visit.force(Permission.RETURNS_READ), str(visit.request.path_params["force"])
    title, only = visit.context.force(force).title, _only(visit)
    given: dict[str, Any] = {"here": HERE, "force": force, "title": title, "path": f"/forces/{force}/work-list"}
    async with visit.context.db.force(number) as tx:
        offered = await editions_offered(visit.context, tx)
        try:
            work = await _found(visit, tx, number)
        except NothingSealed:
            return visit.page("force/work-list.html", work=None, others=(), **given)
        after = _after(visit, work)
        page, following = await page_of_work(visit.context, visit.actor, tx, work, after, PAGE)
    said = {"scope": work.standing.edition.name, **({} if only is None else {"attribute": only})}
    more = None if following is None else {**said, "after": f"{following.ruling}.{following.case_id}"}
    return visit.page(
        "force/work-list.html",
        work=work,
        edition=work.standing.edition,
        lines=_lines(_vocabulary(visit, work), work),
        page=page,
        tallied=tallied_in_words(work.standing.state, work.standing.tallied_until, london_date(visit.context.now())),
        query=f"?{urlencode(said)}",
        only=None if only is None else field_of(_vocabulary(visit, work), only).label,
        following=None if more is None else f"?{urlencode(more)}#cases",
        is_later=after is not None,
        others=other_editions(offered, work.standing),
        too_old=work.draft is not None and _is_too_old(visit, work),
        is_taken=_is_taken(visit, work),
        may_write=Permission.RETURNS_WRITE in visit.person.principal.permissions,
        **given,
    )


@get(f"{_AT}.csv", include_in_schema=False)
async def download_work(visit: Visiting) -> Stream:
    """The list as CSV, to be filled in and sent back."""
    work = await _work(visit)
    return await downloaded(work_as_csv(visit.context, visit.actor, work), f"{_name(visit, work)}.csv")


@get(f"{_AT}.xlsx", include_in_schema=False)
async def download_work_workbook(visit: Visiting) -> Stream:
    """The same as a workbook."""
    work = await _work(visit)
    return workbook_downloaded(await work_as_workbook(visit.context, visit.actor, work), f"{_name(visit, work)}.xlsx")


async def _work(visit: Visit) -> WorkList:
    number = visit.force(Permission.RETURNS_READ)
    async with visit.context.db.force(number) as tx:
        return await _found(visit, tx, number)


async def _found(visit: Visit, tx: AsyncConnection, number: int) -> WorkList:
    """The list that the address asks for; NotFound for an attribute that its edition does not read."""
    only = _only(visit)
    work = await find_work(visit.context, tx, number, scope_in(visit), only)
    if only is not None and only not in work.standing.edition.definition.attributes:
        raise NotFound(NOT_HERE)
    return work


def _only(visit: Visit) -> str | None:
    return visit.request.query_params.get("attribute") or None


def _name(visit: Visit, work: WorkList) -> str:
    return f"{visit.request.path_params['force']}-{work.item.period}-work-list-{work.contract_version}"


def _vocabulary(visit: Visit, work: WorkList) -> Contract:
    return visit.context.library.contracts[work.standing.edition.vocabulary]


def _lines(contract: Contract, work: WorkList) -> list[Line]:
    return [Line(lack=each, asked=asked(field_of(contract, each.attribute))) for each in work.lacks]


def _is_too_old(visit: Visit, work: WorkList) -> bool:
    """Whether the open return cannot take the file as it is: it is written in an older version."""
    return work.draft is not None and is_older(
        visit.context.library, work.draft.contract_version, work.contract_version
    )


def _is_taken(visit: Visit, work: WorkList) -> bool:
    """Whether there is a return that can take the file: the open one, or where there is none one that can be opened."""
    if work.draft is not None and not _is_too_old(visit, work):
        return True
    last = period_of(london_date(visit.context.now())) if work.draft is None else work.draft.period
    return work.taken_from is not None and work.taken_from <= last


def _after(visit: Visit, work: WorkList) -> Place | None:
    text = visit.request.query_params.get("after")
    if text is None:
        return None
    found = _AFTER.fullmatch(text) if text.isascii() else None
    try:
        if found is not None:
            return Place(work.item.id, work.standing.id, int(found[1]), UUID(found[2]))
    except ValueError:
        pass
    raise NotFound(NOT_HERE)
