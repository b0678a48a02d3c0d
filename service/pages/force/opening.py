"""Opens the return of a month, corrects a sealed one, changes what the open one declares, takes one back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from litestar import Response, get, post
from msgspec import Struct

from service.clock import london_date
from service.errors import Conflict, Invalid
from service.identity.principal import Permission, require
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
from service.pages.force.place import HERE, Place, place_of
from service.pages.site import day, month
from service.pages.visit import Visit, Visiting, to
from service.returns.context import Context
from service.returns.lifecycle import ALL_YEARS, Opening, open_return, withdraw_return
from service.returns.model import AnyReturn, Open, Sealed, Withdrawn, base_for, etag_of, is_standing
from service.returns.raising import is_older
from service.returns.store import returns_of
from service.tally.count import Years
from service.terms.ageing import Ageing, ageing
from service.terms.calendar import Period, parse_period, period_of

_YEARS: Final = re.compile(r"(19|20)[0-9]{2}(-(19|20)[0-9]{2})?")
_MOST_OFFERED: Final = 24


class Offer(Struct, frozen=True, kw_only=True):
    """A month whose return can be opened, and the contract versions in which it may be written. ``skipped``: a later
    one is sealed already; ``before``: the month whose return it starts from, if there is one."""

    period: Period
    versions: tuple[str, ...]
    skipped: bool
    before: Period | None


def openable(context: Context, force: int, items: Sequence[AnyReturn]) -> list[Offer]:
    """The months whose return this force can open now, newest first: begun, not sealed, and not open."""
    terms = context.terms
    last = period_of(london_date(context.now()))
    standing = [item for item in items if is_standing(item)]
    taken = {item.period for item in (*standing, *(item for item in items if isinstance(item, Open)))}
    code = context.forces.by_ordinal[force].code
    found = [
        Offer(
            period=period,
            versions=terms.accepted(period),
            skipped=any(item.period > period for item in standing),
            before=None if (base := base_for(items, period)) is None else base.period,
        )
        for period in terms.calendar.periods(terms.calendar.first, last)
        if period not in taken and terms.takes_part(code, period) and terms.accepted(period)
    ]
    return found[::-1][:_MOST_OFFERED]


@get("/forces/{force:str}/open", include_in_schema=False)
async def show_open(visit: Visiting) -> Response[str]:
    """The form that opens the return of a month."""
    number = visit.force(Permission.RETURNS_WRITE)
    asked = {name: visit.request.query_params.get(name, "") for name in ("period", "version")}
    return await _open_page(visit, number, Typed({name: [text] for name, text in asked.items() if text}))


@post("/forces/{force:str}/open", include_in_schema=False, status_code=303)
async def take_open(visit: Visiting) -> Response[str] | Response[None]:
    """Open it. Sent twice, it is open once: what is said the second time is what it declares already."""
    number = visit.force(Permission.RETURNS_WRITE)
    sent = await typed(visit.request)
    years, problems = _years_of(sent)
    if not sent.one("period"):
        problems = Problems([Problem("period", "Choose the month"), *problems.found])
    if problems:
        return await _open_page(visit, number, sent, problems, 422)
    try:
        opening = Opening(contract_version=sent.one("version") or None, case_years=years)
        item, _ = await open_return(visit.context, visit.actor, number, parse_period(sent.one("period")), opening)
    except REFUSALS as error:
        return await _open_page(visit, number, sent, *refused(visit, error, "period"))
    return to(f"/forces/{visit.request.path_params['force']}/returns/{item.period}")


async def _open_page(
    visit: Visit, number: int, sent: Typed, problems: Problems = FINE, status: int = 200
) -> Response[str]:
    async with visit.context.db.force(number) as tx:
        items = await returns_of(tx, number)
    offered = openable(visit.context, number, items)
    standing = [item for item in items if isinstance(item, Sealed) and is_standing(item)]
    slug = str(visit.request.path_params["force"])
    return visit.page(
        "force/open.html",
        status=status,
        here=HERE,
        force=slug,
        title=visit.context.force(slug).title,
        offered=offered,
        versions=_choices(visit, offered, standing[0] if standing else None),
        before=standing[0] if standing else None,
        hints={str(offer.period): _hint(visit, offer) for offer in offered},
        before_years=years_text(standing[0].years) if standing else "",
        sent=sent,
        problems=problems,
    )


def _hint(visit: Visit, offer: Offer) -> str:
    """When the return of a month is due; of one that was skipped, what sealing it late means."""
    if not offer.skipped:
        return f"Due {day(visit.context.terms.calendar.due(offer.period))}"
    start = "with nothing" if offer.before is None else f"with what you sealed for {month(offer.before)}"
    return f"Skipped: it begins {start}, and changes the figures of {month(offer.period)} alone"


class Choice(Struct, frozen=True, kw_only=True):
    """A contract version in which a return may be opened, and how it ends."""

    version: str
    ends: Ageing | None


def _choices(visit: Visit, offered: Sequence[Offer], before: Sealed | None) -> list[Choice]:
    """The versions that any of the months takes, oldest first; none that is older than the return before."""
    taken = {version for offer in offered for version in offer.versions}
    known = [version for version in visit.context.library.contracts if version in taken]
    if before is not None:
        known = [each for each in known if not is_older(visit.context.library, each, before.contract_version)]
    return [Choice(version=each, ends=ageing(visit.context.terms, each)) for each in known]


@get("/forces/{force:str}/returns/{period:str}/declare", include_in_schema=False)
async def show_declare(visit: Visiting) -> Response[str] | Response[None]:
    """What the open return declares: the contract version, and for which years it has cases."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    if place.in_progress is None:
        return to(place.path)
    return _declare_page(place, place.in_progress, NOTHING)


@post("/forces/{force:str}/returns/{period:str}/declare", include_in_schema=False, status_code=303)
async def take_declare(visit: Visiting) -> Response[str] | Response[None]:
    """Change it; said again it changes nothing."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    item, sent = place.open, await typed(visit.request)
    years, problems = _years_of(sent)
    if problems:
        return _declare_page(place, item, sent, problems, 422)
    try:
        opening = Opening(contract_version=sent.one("version") or None, case_years=years)
        changed, _ = await open_return(visit.context, visit.actor, place.number, place.period, opening, etag_of(item))
    except REFUSALS as error:
        return _declare_page(place, item, sent, *refused(visit, error, "years"))
    return to(f"{place.path}?done=raised" if changed.contract_version != item.contract_version else place.path)


def _declare_page(place: Place, item: Open, sent: Typed, problems: Problems = FINE, status: int = 200) -> Response[str]:
    return place.visit.page(
        "force/declare.html",
        status=status,
        here=HERE,
        place=place,
        item=item,
        years=years_text(item.years),
        versions=_not_older(place, item.contract_version),
        sent=sent,
        problems=problems,
    )


def _not_older(place: Place, version: str) -> list[str]:
    """The contract versions that the return may go on to: going back would lose what the newer one can say."""
    order = list(place.context.library.contracts)
    accepted = place.context.terms.accepted(place.period)
    return [other for other in accepted if order.index(other) >= order.index(version)]


@get("/forces/{force:str}/returns/{period:str}/correct", include_in_schema=False)
async def show_correct(visit: Visiting) -> Response[str] | Response[None]:
    """What a correction is, before it is begun."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    if place.in_progress is not None or place.in_force is None:
        return to(place.path)
    return await _correct_page(place, place.in_force)


@post("/forces/{force:str}/returns/{period:str}/correct", include_in_schema=False, status_code=303)
async def take_correct(visit: Visiting) -> Response[str] | Response[None]:
    """Open the next revision. Sent twice, the one that is open then is that correction already."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    sealed, sent = place.in_force, await typed(visit.request)
    if sealed is None:
        return to(place.path)
    corrects = int(sent.one("corrects")) if sent.one("corrects").isdecimal() else 0
    try:
        await open_return(visit.context, visit.actor, place.number, place.period, Opening(corrects=corrects))
    except REFUSALS as error:
        return await _correct_page(place, sealed, *refused(visit, error, "correct"))
    return to(place.path)


async def _correct_page(place: Place, sealed: Sealed, problems: Problems = FINE, status: int = 200) -> Response[str]:
    async with place.context.db.force(place.number) as tx:
        newest = next((each for each in await returns_of(tx, place.number) if is_standing(each)), None)
    return place.visit.page(
        "force/correct.html",
        status=status,
        here=HERE,
        place=place,
        sealed=sealed,
        later=None if newest is None or newest.period <= place.period else newest.period,
        problems=problems,
    )


@get("/forces/{force:str}/returns/{period:str}/withdraw", include_in_schema=False)
async def show_withdraw(visit: Visiting) -> Response[str] | Response[None]:
    """What is lost, before anything is."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    if isinstance(place.item, Withdrawn):
        return to(place.path)
    if isinstance(place.item, Sealed):
        require(visit.person.principal, Permission.RETURNS_SEAL)
    return _withdraw_page(place, NOTHING)


@post("/forces/{force:str}/returns/{period:str}/withdraw", include_in_schema=False, status_code=303)
async def take_withdraw(visit: Visiting) -> Response[str] | Response[None]:
    """Take back the return that the person saw, with their reason."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    sent = await typed(visit.request)
    once, seen = once_of(visit, sent), sent.one("seen")
    if isinstance(place.item, Sealed) and seen in ("", etag_of(place.item)):
        # what a signature put into the national picture, only a signer takes out
        require(visit.person.principal, Permission.RETURNS_SEAL)
    if not sent.one("reason"):
        return _withdraw_page(place, sent, Problems([Problem("reason", "Say why you withdraw it")]), 422)
    if len(sent.one("reason")) > LONGEST_REASON:
        return _withdraw_page(place, sent, Problems([Problem("reason", "Say it in 2,000 characters or fewer")]), 422)
    try:
        await withdraw_return(
            visit.context,
            visit.actor,
            place.number,
            place.item.id,
            sent.one("reason"),
            if_match=seen,
            once=once,
        )
    except REFUSALS as error:
        return _withdraw_page(place, sent, *refused(visit, error, "reason"))
    return to(place.path)


LONGEST_REASON: Final = 2_000


def _withdraw_page(place: Place, sent: Typed, problems: Problems = FINE, status: int = 200) -> Response[str]:
    item = place.item
    if isinstance(item, Withdrawn):
        raise Conflict("This return is withdrawn already.", code="already-withdrawn")
    return place.visit.page(
        "force/withdraw.html",
        status=status,
        here=HERE,
        place=place,
        item=item,
        is_sealed=isinstance(item, Sealed),
        seen=etag_of(item),
        key=new_key(),
        longest=LONGEST_REASON,
        sent=sent,
        problems=problems,
    )


def years_text(years: Years) -> str:
    """Declared years as people write them: ``2012-2014, 2016``; nothing for all years."""
    if years.listed is None:
        return ""
    runs: list[list[int]] = []
    for year in sorted(years.listed):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _years_of(sent: Typed) -> tuple[Years | None, Problems]:
    """What the form says of the years; None where it leaves them as they are."""
    match sent.one("years"):
        case "all":
            return ALL_YEARS, FINE
        case "listed":
            try:
                listed = years_of_text(sent.one("listed"))
            except Invalid as error:
                return None, Problems([Problem("listed", error.says)])
            unknown = "yes" in sent.many("unknown")
            if not listed and not unknown:
                return None, Problems([Problem("listed", "Write the years, for example 2012-2014, 2016")])
            return Years(listed=listed, unknown=unknown), FINE
        case _:
            return None, FINE


def years_of_text(text: str) -> tuple[int, ...]:
    """``2012-2014, 2016`` as years, each once and in order. ``Invalid`` with what is wrong."""
    found: set[int] = set()
    for piece in re.split(r"[,;\s]+", re.sub(r"\s*[-–]\s*", "-", text.strip())):
        if not piece:
            continue
        if not _YEARS.fullmatch(piece):
            raise Invalid("Write years as 2012, or spans as 2012-2014, with commas between")
        first, _, last = piece.partition("-")
        if last and int(last) < int(first):
            raise Invalid("Write the earlier year of a span first")
        found.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(found))
