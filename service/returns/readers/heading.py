"""Which field each column of a file is, or an error that concerns the whole file: it comes before anything of a row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct

from service.contract.mapping import FileMapping, fold
from service.contract.model import Contract, Field, Part, PartName, Role
from service.contract.sheet import HANDED_OUT, NOTES
from service.contract.values import BLANKS
from service.errors import Malformed
from service.returns.readers.block import MOST_COLUMNS

MOST_UNKNOWN: Final = 100
"""More columns that the contract does not know are not a slip but another file."""


class Heading(Struct, frozen=True):
    """``fields`` by column number; ``unknown`` the named columns that are no field; ``notes`` the one that is the
    sender's own, and is not read; the rest has no name."""

    width: int
    fields: dict[int, Field]
    unknown: dict[int, str]
    notes: int | None = None
    handed_out: int | None = None
    """Where it says what each row was."""
    left_out: frozenset[int] = frozenset()
    """Columns that a mapping says are not to be looked at."""


def known_names(part: Part) -> dict[str, Field]:
    """The fields of a part by folded name."""
    return {fold(field.name): field for field in part.fields}


def name_in(cell: str, mapping: FileMapping | None) -> str:
    """The folded name of a column: of the contract's field, where a mapping says which one it is."""
    name = fold(cell)
    mapped = None if mapping is None else mapping.field_of.get(name)
    return name if mapped is None else fold(mapped)


def read_heading(cells: Sequence[str], part: Part, contract: Contract, mapping: FileMapping | None = None) -> Heading:
    """The heading of a sheet; ``Malformed`` where the file as a whole cannot be what it is sent as."""
    if len(cells) > MOST_COLUMNS:
        says = f"The heading has {len(cells):,} columns; a part has {len(part.fields)} fields."
        raise Malformed(says, "Send the columns of the contract's template.", code="too-many-columns")
    known = known_names(part)
    ignored = frozenset() if mapping is None else mapping.ignored
    left_out = frozenset(place for place, cell in enumerate(cells) if fold(cell) in ignored)
    names = ["" if place in left_out else name_in(cell, mapping) for place, cell in enumerate(cells)]
    refuse_other_part({name for name in names if name}, part, contract)
    fields: dict[int, Field] = {}
    unknown: dict[int, str] = {}
    place_of: dict[str, int] = {}
    notes = handed_out = None
    for place, name in enumerate(names):
        if not name:
            continue
        if name in place_of:
            raise _twice(known.get(name), place_of[name] + 1, place + 1)
        place_of[name] = place
        if name in known:
            fields[place] = known[name]
        elif name == NOTES:
            notes = place
        elif name == fold(HANDED_OUT):
            handed_out = place
        else:
            unknown[place] = cells[place].strip(BLANKS)
    _refuse_missing({field.name for field in fields.values()}, part)
    if len(unknown) > MOST_UNKNOWN:
        says = f"{len(unknown)} columns are not fields of the contract {contract.version}."
        raise Malformed(says, "Send the columns of the contract's template.", code="too-many-columns")
    return Heading(len(cells), fields, unknown, notes, handed_out, left_out)


def refuse_other_part(names: Collection[str], part: Part, contract: Contract) -> None:
    """Folded names that fit another part of the return better than this one are a file in the wrong place."""
    here = _fit(names, part)
    others = [other for other in contract.parts.values() if other.name not in (part.name, PartName.RETURN)]
    best = max(others, key=lambda other: _fit(names, other), default=None)
    if best is not None and _fit(names, best) > here:
        says = f"This looks like the {best.name} part ({best.title}), and it was sent as the {part.name} part."
        raise Malformed(says, f"Send it as the {best.name} part.", code="wrong-part")


def refuse_no_key(names: Collection[str], part: Part) -> None:
    """A file of which no row has the field that says which row it is."""
    key = part.by_role.get(Role.KEY)
    if key is not None and key.name not in names:
        says = f"There is no column '{key.name}', so no row says what it is about."
        raise Malformed(says, "Send the columns of the contract's template.", code="no-key-column")


def _fit(names: Collection[str], part: Part) -> tuple[int, bool]:
    """How well names fit a part: how many it knows, and whether the one is there without which no row can be."""
    known = known_names(part)
    key = part.by_role.get(Role.KEY) or part.by_role.get(Role.WEIGHT)
    return sum(name in known for name in names), key is not None and fold(key.name) in names


def _refuse_missing(names: Collection[str], part: Part) -> None:
    refuse_no_key(names, part)
    if Role.KEY in part.by_role:
        return
    for field in part.fields:
        if field.name not in names and (field.required or field.role is Role.WEIGHT):
            says = f"There is no column '{field.name}', which every row of this part needs."
            raise Malformed(says, "Send the columns of the contract's template.", code="no-required-column")


def _twice(field: Field | None, first: int, second: int) -> Malformed:
    # the words of an unknown heading may be data, where a file has no heading at all
    what = f"The column '{field.name}' stands" if field is not None else "The same column name stands"
    says = f"{what} in the heading twice, as columns {first} and {second}."
    return Malformed(says, "Keep one of the two.", code="duplicate-column")
