"""A contract version that the terms will stop taking: since when there is a newer one, and until when it is taken."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from service.terms.calendar import Period
from service.terms.model import Terms


class Ageing(Struct, frozen=True, kw_only=True):
    """One version on its way out. ``last_day`` is the due day of the last period that it is taken for, in London."""

    version: str
    newer: str
    """The version to go over to: the last that the terms name."""
    since: Period
    """The first period for which the newer one is taken."""
    last: Period
    last_day: date


def ageing(terms: Terms, version: str) -> Ageing | None:
    """How a version ends under these terms; None for one without an end, or without another to go over to."""
    own = [item for item in terms.contracts if item.version == version]
    newer = [item for item in terms.contracts if item.version != version]
    if not own or not newer or any(item.until is None for item in own):
        return None
    last = max(item.until for item in own if item.until is not None)
    after = [item for item in newer if item.until is None or item.until > last]
    if not after:
        return None
    target = after[-1]
    return Ageing(
        version=version, newer=target.version, since=target.start, last=last, last_day=terms.calendar.due(last)
    )
