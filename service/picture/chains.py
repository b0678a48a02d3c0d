"""How one counting return became another: along the chain of returns, each building on the one before. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from msgspec import Struct


class Link(Struct, frozen=True):
    """What a return builds on, and by which change it was sealed."""

    base: UUID | None
    position: int


class Way(Struct, frozen=True):
    """From the return that counted to the one that counts. ``back`` are returns that count no more, ``on`` those that
    were sent since. ``again``: those of a branch that had been sent by then, and count only now. ``ends`` is all that
    counted, where nothing of it is left. ``begins``: likewise all that counts anew; it is what the force had sent by
    then, if anything, or else its first return. ``turns``: the return that the way goes back to and on from, or that it
    begins with, with what counts again; none where it only ends."""

    back: tuple[UUID, ...]
    on: tuple[UUID, ...]
    ends: UUID | None
    begins: UUID | None
    turns: UUID | None
    again: tuple[UUID, ...] = ()


def way(chain: Mapping[UUID, Link], before: UUID | None, after: UUID | None, since: int) -> Way:
    """The way over the last return that both build on; where there is none, over nothing. ``since``: the change from
    where it leads."""
    older, newer = list(_line(chain, before)), list(_line(chain, after))
    common = next((item for item in older if item in set(newer)), None)
    came = newer if common is None else newer[: newer.index(common)]
    came.reverse()
    again = [item for item in came if chain[item].position <= since]
    on = tuple(came[len(again) :])
    if common is not None:
        turns = again[-1] if again else common
        return Way(tuple(older[: older.index(common)]), on, None, None, turns, tuple(again))
    if not came:
        return Way((), (), before, None, None)
    if again:
        return Way((), on, before, again[-1], again[-1])
    return Way((), on[1:], before, on[0], on[0])


def _line(chain: Mapping[UUID, Link], item: UUID | None) -> Iterator[UUID]:
    """A return and all that it builds on, the newest first."""
    while item is not None:
        yield item
        item = chain[item].base
