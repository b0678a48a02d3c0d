"""How one counting return became another: along the chain of returns, each building on the one before. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from msgspec import Struct


class Way(Struct, frozen=True):
    """From the return that counted to the one that counts. ``back`` are returns that count no more, ``on`` those that
    came. ``begins``: the first of these builds on nothing, so all of it is new; ``ends``: likewise of what went.
    ``turns``: the return that the way goes back to and on from, or that it begins with; none where it only ends."""

    back: tuple[UUID, ...]
    on: tuple[UUID, ...]
    ends: UUID | None
    begins: UUID | None
    turns: UUID | None


def way(bases: Mapping[UUID, UUID | None], before: UUID | None, after: UUID | None) -> Way:
    """The way over the last return that both build on; where there is none, over nothing."""
    older, newer = list(_line(bases, before)), list(_line(bases, after))
    shared = set(older) & set(newer)
    back = [item for item in older if item not in shared]
    on = [item for item in newer if item not in shared]
    ends = back.pop() if back and bases[back[-1]] is None else None
    begins = on.pop() if on and bases[on[-1]] is None else None
    turns = begins or next((item for item in older if item in shared), None)
    return Way(tuple(back), tuple(reversed(on)), ends, begins, turns)


def _line(bases: Mapping[UUID, UUID | None], item: UUID | None) -> Iterator[UUID]:
    """A return and all that it builds on, the newest first."""
    while item is not None:
        yield item
        item = bases[item]
