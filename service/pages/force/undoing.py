"""Bringing back the draft as it was before a file was taken: which states there are, and the form that chooses one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from litestar import Response, get, post

from service.contract.model import PartName
from service.identity.principal import Permission
from service.pages.force.forms import (
    FINE,
    NOTHING,
    REFUSALS,
    Problem,
    Problems,
    Typed,
    new_key,
    once_of,
    refused,
    typed,
)
from service.pages.force.place import HERE, Place, place_of, whole_number
from service.pages.force.words import counted
from service.pages.site import moment
from service.pages.visit import Visiting, to
from service.returns.model import Open, etag_of
from service.returns.readers import XLSX
from service.returns.states import State, list_states, restore_state

_AT: Final = "/forces/{force:str}/returns/{period:str}/undo"
_FILE: Final[Mapping[str, str]] = {
    "text/csv": "CSV",
    XLSX: "a workbook",
    "application/x-ndjson": "NDJSON",
    "application/json": "JSON",
}
_PART: Final[Mapping[PartName | None, str]] = {PartName.AGGREGATE: "counts", PartName.WORKFORCE: "workforce"}

_OTHER_VERSION: Final = (
    "Written in version {then} of the data standard, and the return is written in {now} now: bringing this back goes "
    "back to {then} too. It held "
)


@get(_AT, include_in_schema=False)
async def show_undo(visit: Visiting) -> Response[str]:
    """The states that can be brought back."""
    return await _page(await place_of(visit, Permission.RETURNS_WRITE), NOTHING)


@post(_AT, include_in_schema=False, status_code=303)
async def take_undo(visit: Visiting) -> Response[str] | Response[None]:
    """Bring back the one that was chosen, in place of the draft that the person saw."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    sent = await typed(visit.request)
    once, item = once_of(visit, sent), place.open
    if not sent.one("state"):
        return await _page(place, sent, Problems([Problem("state", "Choose what to bring back")]), 422)
    n = whole_number(sent.one("state"))
    try:
        done = await restore_state(place.context, visit.actor, item, n, sent.one("seen"), once=once)
    except REFUSALS as error:
        return await _page(place, sent, *refused(visit, error, "state"))
    return to(f"{place.path}?done=undone{'' if done.note is None else '-in-another-version'}")


async def _page(place: Place, sent: Typed, problems: Problems = FINE, status: int = 200) -> Response[str]:
    item = place.open
    async with place.context.db.force(place.number) as tx:
        states = await list_states(tx, item)
    return place.visit.page(
        "force/undo.html",
        status=status,
        here=HERE,
        place=place,
        states=[(state.n, state_title(state), _what_was(state, item.contract_version)) for state in states],
        seen=etag_of(item),
        key=new_key(),
        sent=sent,
        problems=problems,
    )


async def newest_state(place: Place, item: Open) -> str | None:
    """What can be undone first, in words; nothing where there is nothing."""
    async with place.context.db.force(place.number) as tx:
        states = await list_states(tx, item)
    return state_title(states[0]) if states else None


def state_title(state: State) -> str:
    """``as it was before the upload of 3 March 2026, 14:02 (CSV, 8,913 rows)``."""
    before, at = state.before, moment(state.kept_at)
    if before.what == "restore":
        return f"as it was before you brought an earlier one back, {at}"
    what = _PART.get(before.part)
    file = f"{_FILE.get(before.media or '', 'a file')}, {counted(before.rows or 0, 'row', 'rows')}"
    whole = ", everything that you hold" if before.mode == "snapshot" else ""
    return f"as it was before the upload of {f'{what}, ' if what else ''}{at} ({file}{whole})"


def _what_was(state: State, version: str) -> str:
    """What the return came to then, and whether it was written in another version than it is now."""
    counts = state.counts
    held = counted(counts.get("cases", 0), "case", "cases")
    named = (
        ("new", "new"),
        ("changed", "changed"),
        ("withdrawn", "withdrawn"),
        ("held", "that could not be taken"),
        ("aggregate_cells", "counts"),
        ("workforce_rows", "workforce rows"),
    )
    other = "" if state.contract_version == version else _OTHER_VERSION.format(then=state.contract_version, now=version)
    return other + ", ".join([held, *(f"{counts[name]:,} {words}" for name, words in named if counts.get(name))])
