"""Which media type an answer has: what ``Accept`` prefers among those offered (RFC 9110, 12.5.1). Pure.

Litestar's own match takes a type that is refused with ``q=0``, so it is not used here.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.errors import NotAcceptable


def negotiated(accept: str | None, offered: Sequence[str]) -> str:
    """The best of the offered types, the first of them where several are as good; NotAcceptable if none will do."""
    if accept is None or not accept.strip():
        return offered[0]
    ranges = [found for item in accept.split(",") if (found := _range(item)) is not None]
    best, chosen = 0.0, None
    for media in offered:
        quality = _quality(media, ranges)
        if quality > best:
            best, chosen = quality, media
    if chosen is None:
        raise NotAcceptable("None of the media types in Accept is offered here.", f"Offered: {', '.join(offered)}.")
    return chosen


def _range(item: str) -> tuple[str, float] | None:
    """One media range with its quality from 0 to 1; null if it cannot be read. Other parameters do not matter here."""
    media, *parameters = (part.strip().lower() for part in item.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                return None
    return (media, quality) if media.count("/") == 1 and 0 <= quality <= 1 else None


def _quality(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """What the most specific range that takes it gives a type."""
    for wanted in (media, f"{media.partition('/')[0]}/*", "*/*"):
        found = [quality for name, quality in ranges if name == wanted]
        if found:
            return max(found)
    return 0.0
