"""Puts what a correction of an older month changed into the open return: what there is, and the button that does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from litestar import Response, get, post

from service.contract.model import PartName
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.pages.force.forms import FINE, REFUSALS, Problem, Problems, refused, typed
from service.pages.force.place import HERE, Place, place_of
from service.pages.force.words import counted
from service.pages.visit import Visiting, to
from service.returns.branched import Left, Why
from service.returns.carrying import Corrections, carry, corrections_of
from service.returns.model import Sealed, offered_by

_AT: Final = "/forces/{force:str}/returns/{period:str}/corrections"
_SHOWN: Final = 100
_WHY: Final[Mapping[Why, str]] = {
    Why.CHANGED_SINCE: "It was changed in a later return too",
    Why.NOT_HELD: "A later return does not hold the case any more",
    Why.REFERENCE_TAKEN: "Another case has this reference now",
}
_NOT_DONE: Final[Mapping[PartName, str]] = {PartName.AGGREGATE: "counts", PartName.WORKFORCE: "workforce"}


@get(_AT, include_in_schema=False)
async def show_corrections(visit: Visiting) -> Response[str] | Response[None]:
    """What was corrected in the older month, and what of it can go into the open return."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    item = place.in_force
    return to(place.path) if item is None or not offered_by(item) else await _page(place, item)


@post(_AT, include_in_schema=False, status_code=303)
async def take_corrections(visit: Visiting) -> Response[str] | Response[None]:
    """Put them there. Sent twice, what is there already is not put there again."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    await typed(visit.request)
    item = place.in_force
    if item is None or not offered_by(item):
        raise NotFound(NOT_HERE)
    try:
        done = await carry(place.context, visit.actor, item)
    except REFUSALS as error:
        return await _page(place, item, *refused(visit, error, "carry"))
    return to(f"/forces/{place.slug}/returns/{done.item.period}?done=carried")


async def _page(place: Place, item: Sealed, problems: Problems = FINE, status: int = 200) -> Response[str]:
    found: Corrections | None = None
    try:
        found = await corrections_of(place.context, item)
    except REFUSALS as error:
        said, _ = refused(place.visit, error, "carry")
        problems = Problems([Problem("carry", each.says) for each in (*problems.found, *said.found)][:1])
    return place.visit.page(
        "force/corrections.html",
        status=status,
        here=HERE,
        place=place,
        corrected=counted(offered_by(item) if found is None else found.corrected, "case", "cases"),
        found=found,
        left=[] if found is None else [_left(place, found, each) for each in found.left[:_SHOWN]],
        parts=[] if found is None else [_NOT_DONE[part] for part in found.parts],
        problems=problems,
    )


def _left(place: Place, found: Corrections, left: Left) -> tuple[str, str, str]:
    """A case that is left as the later returns have it: its reference, what of it, and why."""
    into = found.into or found.of
    fields = place.context.library.contracts[into.contract_version].parts[PartName.CASE].by_name
    what = ", ".join(fields[name].label for name in left.fields) or "The case"
    return left.key, what, _WHY[left.why]
