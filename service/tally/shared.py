"""Cases that several forces hold: counted once where every holder says the same, and said aloud where not.

Pure. A group is all the rows, over the returns that count, with one shared reference (semantics 29).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from service.tally.model import places_of


class SharedRow(Struct, frozen=True, kw_only=True):
    """One case that carries a shared reference; its weight is 1. Forces, stage and setting are ordinals of their lists.

    ``shared_with`` is a mask over force ordinals. ``ruling`` is null where the row has not been judged under the
    edition that is asked for.
    """

    force: int
    shared_ref: str
    shared_with: int | None
    lead: int | None
    ruling: int | None
    stage: int | None = None
    setting: int | None = None
    year: int | None = None
    case_id: UUID | None = None


class Joined(Struct, frozen=True, kw_only=True):
    """What joining the forces' shared rows gives."""

    led_elsewhere: tuple[SharedRow, ...]
    """Rows of confirmed groups that are not the lead's: in their force's own figures, not in the nation's."""
    possible_doubles: int
    """How many cases at most are counted more than once: of each group, the rows that may be in the figure and the
    forces that are named, have no row of it and whose return counts, less one."""
    confirmed: int
    """How many groups every holder confirms."""


def join(rows: Iterable[SharedRow], holding: Mapping[int, int]) -> Joined:
    """Take out of the national sum what another force leads, and count what may be there twice. ``holding``: whose
    counting return has the cases of a force, by that force: its own, or that of who took it over; of no other force is
    anything in the figure."""
    led: list[SharedRow] = []
    doubles = confirmed = 0
    for group in _groups(rows):
        lead = confirmed_lead(group)
        standing = group
        if lead is not None:
            confirmed += 1
            standing = [row for row in group if row.force == lead]
            led.extend(row for row in group if row.force != lead)
            if len(standing) == 1:  # nearly always: no force has two, and each that is named has one
                continue
        places = sum(map(_may_count, standing)) + len(_silent(group, holding))
        doubles += max(0, places - 1)
    return Joined(led_elsewhere=tuple(led), possible_doubles=doubles, confirmed=confirmed)


def led_elsewhere(rows: Iterable[SharedRow]) -> Iterator[SharedRow]:
    """What another force leads, for those who ask for nothing else of what ``join`` finds."""
    for group in _groups(rows):
        lead = confirmed_lead(group)
        if lead is not None:
            yield from (row for row in group if row.force != lead)


def _groups(rows: Iterable[SharedRow]) -> Collection[Sequence[SharedRow]]:
    groups: defaultdict[str, list[SharedRow]] = defaultdict(list)
    for row in rows:
        groups[row.shared_ref].append(row)
    return groups.values()


def confirmed_lead(group: Sequence[SharedRow]) -> int | None:
    """The force that counts the case, if every row names exactly the other members and they agree on one of them."""
    members = _members(group)
    if members.bit_count() < 2:
        return None
    lead = group[0].lead
    if lead is None or not members >> lead & 1:
        return None
    for row in group:
        others = members & ~(1 << row.force)
        named = (row.shared_with or 0) & ~(1 << row.force)
        if named != others or row.lead != lead:
            return None
    return lead


def _silent(group: Sequence[SharedRow], holding: Mapping[int, int]) -> set[int]:
    """Whose return may have the case without saying so, or among its numbers: that of each who is named and has no row
    of it. What a force says of the case in its row is all that it has of it, also where that is out of scope."""
    members = _members(group)
    named = places_of(_claimed(group) & ~members)
    return {holder for each in named if (holder := holding.get(each)) is not None and not members >> holder & 1}


def _may_count(row: SharedRow) -> bool:
    """Whether it is in the figure, or may be."""
    return row.ruling is None or row.ruling >= 0


def _members(group: Sequence[SharedRow]) -> int:
    mask = 0
    for row in group:
        mask |= 1 << row.force
    return mask


def _claimed(group: Sequence[SharedRow]) -> int:
    mask = 0
    for row in group:
        mask |= row.shared_with or 0
    return mask
