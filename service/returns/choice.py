"""Which of the returns of one period is meant."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from service.errors import NotFound
from service.identity.principal import NOT_HERE
from service.returns.model import AnyReturn, Open, Sealed, current_of, etag_of, signed_etag


def found_returns(items: Sequence[AnyReturn]) -> Sequence[AnyReturn]:
    """The returns, if there are any."""
    if not items:
        raise NotFound(NOT_HERE)
    return items


def current(items: Sequence[AnyReturn], revision: int | None = None) -> AnyReturn:
    """The one meant of a period's returns: by revision, else the open one, the one that counts, the newest."""
    if revision is not None:
        found = next((item for item in items if item.revision == revision), None)
        if found is None:
            raise NotFound(NOT_HERE)
        return found
    return current_of(items) or items[0]


def open_of(items: Sequence[AnyReturn]) -> Open | None:
    """The return of a period that is in progress; there is one at most."""
    return next((item for item in items if isinstance(item, Open)), None)


def signed_one(tags: Collection[str], items: Sequence[AnyReturn]) -> AnyReturn:
    """The return that a seal is for: the one with one of these ETags (it may be sealed already), else the current."""
    for item in items:
        known = (etag_of(item), signed_etag(item)) if isinstance(item, Sealed) else (etag_of(item),)
        if any(tag in tags for tag in known):
            return item
    return current(items)
