"""Answers that were written into the findings sheet: takes it, and tells line by line what could not be stored."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post

from service.errors import UnsupportedMedia
from service.identity.principal import Permission
from service.pages.force.forms import FINE, REFUSALS, Problem, Problems, refused
from service.pages.force.place import HERE, Place, place_of
from service.pages.force.receiving import FILE, Received, media_of, receive
from service.pages.visit import Visiting, to
from service.returns.answer_sheet import Answered, take_sheet
from service.returns.readers.table import TABLES

_AT: Final = "/forces/{force:str}/returns/{period:str}/answers"
_SHOWN: Final = 100
"""So many lines that were not taken are listed on the page."""


@get(_AT, include_in_schema=False)
async def show_answers(visit: Visiting) -> Response[Any]:
    """The form, with what the sheet is."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    return to(f"{place.path}/findings") if place.in_progress is None else _page(place)


@post(_AT, include_in_schema=False, request_max_body_size=None, status_code=303)
async def take_answers(visit: Visiting) -> Response[Any]:
    """Store the answers of a sheet. Sent again it changes nothing, so it needs no key."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    received: Received | None = None
    try:
        item = place.open
        received = await receive(visit.request, visit.site.max_upload_bytes)
        if received.file is None:
            return _page(place, problems=Problems([Problem(FILE, "Choose a file")]), status=422)
        media = media_of(received.file)
        if media not in TABLES:
            raise UnsupportedMedia("This is not a sheet.", "Choose the findings sheet, as a workbook or as CSV.")
        _, came_to = await take_sheet(place.context, visit.actor, item, received.file, media, None)
    except REFUSALS as error:
        problems, status = refused(visit, error, FILE)
        return _page(place, problems=problems, status=status)
    finally:
        if received is not None and received.file is not None:
            received.file.close()
    if came_to.not_taken or not came_to.answered:
        return _page(place, came_to)
    return to(f"{place.path}/findings?done=sheet")


def _page(
    place: Place, came_to: Answered | None = None, *, problems: Problems = FINE, status: int = 200
) -> Response[Any]:
    return place.visit.page(
        "force/answers.html",
        status=status,
        here=HERE,
        place=place,
        came_to=came_to,
        not_taken=() if came_to is None else came_to.not_taken[:_SHOWN],
        problems=problems,
    )
