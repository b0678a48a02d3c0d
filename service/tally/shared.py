"""Cases that several forces hold: counted once where every holder says the same, and said aloud where not.

Pure. A group is all the rows, over the returns that count, with one shared reference (semantics 29).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from msgspec import Struct


class SharedRow(Struct, frozen=True, kw_only=True):
    """One case that names other forces; its weight is 1. Forces, stage and setting are ordinals of their lists.

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
    """How many cases at most are counted more than once: because their holders do not agree, or because one that
    counts has several rows of it. Of a return it is not looked at which of its rows are one case: that its rows share
    a reference with another force's is all that says so."""
    confirmed: int
    """How many groups every holder confirms."""


def join(rows: Iterable[SharedRow]) -> Joined:
    """Take out of the national sum what another force leads, and count what may be there twice."""
    groups: defaultdict[str, list[SharedRow]] = defaultdict(list)
    for row in rows:
        groups[row.shared_ref].append(row)
    led: list[SharedRow] = []
    doubles = confirmed = 0
    for group in groups.values():
        lead = confirmed_lead(group)
        if lead is not None:
            confirmed += 1
            led.extend(row for row in group if row.force != lead)
            doubles += _again([row for row in group if row.force == lead])
        elif any(map(_may_count, group)):
            doubles += (_members(group) | _claimed(group)).bit_count() - 1 + _again(group)
    return Joined(led_elsewhere=tuple(led), possible_doubles=doubles, confirmed=confirmed)


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


def _again(rows: Sequence[SharedRow]) -> int:
    """How many rows say of a case that a row of the same force says too. One that names nobody says it of none."""
    if len(rows) == _members(rows).bit_count():  # nearly always: no force has two
        return 0
    said = Counter(row.force for row in rows if (row.shared_with or 0) & ~(1 << row.force) and _may_count(row))
    return said.total() - len(said)


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
