"""Answers a question for the national picture: which moment, which edition, whose returns, and the sums of them."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from service.clock import london_date, wire_time
from service.errors import Invalid, NotFound, Unavailable
from service.picture import store
from service.picture.coverage import Coverage, covered
from service.picture.export import Answer
from service.picture.national import Dimension, margin_of, picture
from service.picture.question import AsOf, AtPosition, Question, closest, dimensions, in_the_future, shown
from service.picture.words import Words
from service.scope.store import NO_TALLIES, known, no_tallies
from service.storage.position import latest, position_at
from service.telemetry.spans import traced
from service.terms.calendar import Calendar
from service.terms.check import Published
from service.terms.model import Terms


class Moment(Struct, frozen=True, kw_only=True):
    """What a picture is as of. ``day`` is the day in London that decides which period is the last one due."""

    position: int
    at: datetime
    day: date


@traced("picture")
async def answer(tx: AsyncConnection, published: Published, asked: Question, now: datetime) -> Answer:
    """The picture that was asked for, in a transaction of the national role."""
    moment = await moment_of(tx, asked.as_of, now)
    scope = await scope_of(tx, published, asked.scope, moment.position)
    stored, terms = await terms_then(tx, published, moment)
    words = Words(
        edition=published.scopes[scope.name],
        contract=published.library.contracts[scope.vocabulary],
        forces=published.library.lists[terms.force_list],
    )
    by = dimensions(asked.by, words.offered)
    coverage = await coverage_of(tx, terms, asked.period, moment, scope.id)
    counting = coverage.counting
    margin: Dimension | None = margin_of(by)
    rulings = await store.ruling_weights(tx, scope.id, counting)
    margins = () if margin is None else await store.margin_weights(tx, scope.id, counting, margin)
    shared = await store.shared_rows(tx, scope.id, counting)
    return Answer(
        picture=picture(by, coverage, rulings, margins, shared, words.regions),
        words=words,
        scope_hash=scope.hash,
        state=await store.state_at(tx, scope.id, moment.position),
        tallied_until=scope.tallied_until,
        day=moment.day,
        terms=stored.name,
        terms_hash=stored.hash,
        position=moment.position,
        at=moment.at,
    )


async def moment_of(tx: AsyncConnection, asked: AsOf | None, now: datetime) -> Moment:
    """The change that is meant. Without ``as_of`` it is the last one, and what is due is decided by today."""
    last = await latest(tx)
    if asked is None:
        return Moment(position=last.position, at=last.at, day=london_date(now))
    if not isinstance(asked, AtPosition):
        found = await position_at(tx, asked.moment)
        return Moment(position=found.position, at=asked.moment, day=london_date(asked.moment))
    if asked.position > last.position:
        raise in_the_future()
    at = await store.time_of(tx, asked.position)
    if at is None:
        raise Invalid("There is no change with that number.", "Give the number of a change, a time or a day as as_of.")
    return Moment(position=asked.position, at=at, day=london_date(at))


async def scope_of(tx: AsyncConnection, published: Published, name: str | None, position: int) -> store.StoredEdition:
    """The edition that was named, or the one in force at the position."""
    stored = await store.editions(tx, published.scopes)
    if name is not None:
        found = next((item for item in stored if item.name == name), None)
        offered = [item.name for item in stored if item.state not in NO_TALLIES]
        if found is None:
            raise NotFound(f"There is no scope edition {shown(name)}.", closest(name, offered), code="no-such-scope")
        if not found.is_answered(position):
            raise no_tallies(found.name, found.state, f"Ask for one of: {', '.join(offered)}{_before(found)}.")
        await known(tx, published.scopes, found.name, found.hash)
        return found
    in_force = await store.edition_in_force(tx, position)
    found = next((item for item in stored if item.id == in_force), None)
    if found is None:
        raise Invalid(
            "No scope edition was in force at that moment.",
            "Name one with scope, or give a later as_of.",
            code="no-scope-in-force",
        )
    return found


def _before(rejected: store.StoredEdition) -> str:
    """Which moments can be asked of an edition that was rejected; nothing for one without any."""
    if rejected.rejected is None or rejected.rejected_at is None:
        return ""
    change = f"change {rejected.rejected}, {wire_time(rejected.rejected_at)}"
    return f"; or of a moment before it was rejected, which is {change}"


async def terms_then(tx: AsyncConnection, published: Published, moment: Moment) -> tuple[store.StoredTerms, Terms]:
    """The terms that held at a moment, as they were stored and as they are read."""
    stored = (await store.terms_at(tx, [moment.position])).get(moment.position)
    if stored is None:
        raise Invalid("No terms of reference had been adopted at that moment.", "Give a later one, or leave it out.")
    return stored, terms_of(published, stored)


def terms_of(published: Published, stored: store.StoredTerms) -> Terms:
    """The terms as they were adopted: the published ones, or what was kept of those that are published no more."""
    found = published.terms.get(stored.name)
    if found is not None and found.hash == stored.hash:
        return found
    try:
        return msgspec.convert(stored.document, Terms)
    except msgspec.ValidationError:
        raise Unavailable(
            f"The terms {stored.name} cannot be read.", "Start the service with all that was published."
        ) from None


async def coverage_of(tx: AsyncConnection, terms: Terms, period: date | None, moment: Moment, edition: int) -> Coverage:
    """Whose returns count, seen from the terms that held then."""
    if period is not None:
        _check_period(terms.calendar, period, moment.day)
    returns = await store.counting_returns(tx, edition, [moment.position], period)
    taking_part = await store.participations(tx, terms.edition)
    return covered(terms.calendar, taking_part, returns[moment.position], period, moment.day)


def _check_period(calendar: Calendar, period: date, day: date) -> None:
    if period < calendar.first.first_day:
        raise Invalid(
            "That period is before the first one.", f"The first period is {calendar.first}.", code="no-such-period"
        )
    if period > day:
        raise Invalid(
            "That period had not begun at that moment.",
            "Give an earlier one, or leave it out.",
            code="period-not-begun",
        )
