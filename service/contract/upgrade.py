"""Records of one version, read as another: in Python for one record, in SQL for a table of all versions.

A name that was changed is the same field under either name, so reading goes both ways: an edition written for an older
version judges newer records too. What a version does not have is unknown, unless its field derives it; a derived value
fills only what the force left empty, and is never stored as if sent (semantics 8, 12).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct

from service.contract.canonical import canonical_text
from service.contract.columns import Column, column_sql, columns_of, null_sql, stored_fields
from service.contract.library import Library
from service.contract.model import Contract, Field, PartName, Rename
from service.contract.recode import backward, forward
from service.contract.values import read_cell
from service.criteria.evaluate import compiled
from service.criteria.sql import ALL_CODES, FieldSql, holds_sql
from service.criteria.vocabulary import Kind

Record = Mapping[str, Any]
"""Values by field, as the language of conditions has them; ``None`` or absent is unknown."""


class Unread(Struct, frozen=True):
    """What stored rows say and is not read, as if a version had not made one of its changes."""

    fields: frozenset[str] = frozenset()
    """Fields that are known of no row, and derived of none."""
    names: Mapping[str, frozenset[str]] = MappingProxyType({})
    """For a field the names under which it is not read."""
    codes: Mapping[str, frozenset[int]] = MappingProxyType({})
    """For a field of codes the ordinals that say nothing."""


EVERYTHING: Final = Unread()
"""Nothing is left unread."""


def reader(
    library: Library, from_version: str, to_version: str, *, derived: bool = True
) -> Callable[[Record], dict[str, Any]]:
    """A function that gives a record as judging reads it in ``to_version``: renamed, and what is derived filled in.

    It is made once for many records; what it gives has every field of the case part. ``derived=False`` gives values as
    sent, for merging.
    """
    names = new_names(library, from_version, to_version)
    fields = library.contracts[to_version].parts[PartName.CASE].fields
    empty = dict.fromkeys(field.name for field in fields)
    recoded = [(field.name, masks) for field in fields if (masks := code_masks(library, to_version, field.name))]
    choices_of = {
        field.name: [(compiled(item.criterion), _mask(field, item.value)) for item in field.derive]
        for field in fields
        if field.derive and derived
    }

    def read(record: Record) -> dict[str, Any]:
        found: dict[str, Any] = dict(empty)
        found.update({names[name]: value for name, value in record.items() if name in names})
        for name, masks in recoded:
            if found[name] is not None:
                found[name] = _recoded(found[name], masks)
        for name, choices in choices_of.items():
            if found[name] is None:
                found[name] = next((mask for holds, mask in choices if holds(found) is True), None)
        return found

    return read


def read_forward(library: Library, record: Record, from_version: str, to_version: str) -> dict[str, Any]:
    """One record as judging reads it in ``to_version``; for many, ask ``reader`` once."""
    return reader(library, from_version, to_version)(record)


def text_read(library: Library, name: str, text: str, from_version: str, to_version: str) -> str:
    """A value as a field of codes of one version writes it, written as another does; what says no code, or the same in
    both, stays as it is."""
    field = _field_of(library.contracts[from_version], name)
    other = new_names(library, from_version, to_version).get(name, name)
    target = _field_of(library.contracts[to_version], other)
    masks = code_masks(library, to_version, other)
    if field is None or target is None or not masks:
        return text
    value = read_cell(field, text).value
    if not isinstance(value, int):
        return text
    meant = _recoded(value, masks)
    return text if read_cell(target, text).value == meant else canonical_text(target, meant)


def code_masks(library: Library, version: str, field: str) -> Mapping[int, int]:
    """What the bits of a field of codes read as in a version, by ordinal, where they do not stand for themselves.

    They are of codes that only other versions have; zero where this version cannot say such a code at all.
    """
    return _code_masks(library, version, field)


@lru_cache(maxsize=4096)
def _code_masks(library: Library, version: str, field: str) -> Mapping[int, int]:
    own = _field_of(library.contracts[version], field)
    if own is None or own.list is None or own.kind is not Kind.CODE:
        return MappingProxyType({})
    itself = {code.ordinal: own.list.mask_of((code.code,)) for code in own.list.codes}
    found = dict(itself)
    versions = list(library.contracts)
    at, name, masks = versions.index(version), field, itself
    for later in reversed(versions[1 : at + 1]):  # back through the older versions, whose bits read forward
        contract = library.contracts[later]
        relisted = contract.relisted.get(name)
        if relisted is not None:
            masks = {code.ordinal: _union(forward(relisted, 1 << code.ordinal), masks) for code in relisted.old.codes}
            found = {**masks, **found}
        name = {new: old for old, new in _renames(contract).items()}.get(name, name)
    name, masks = field, itself
    for later in versions[at + 1 :]:  # and on through the newer ones, whose bits read back
        contract = library.contracts[later]
        name = _renames(contract).get(name, name)
        relisted = contract.relisted.get(name)
        if relisted is not None:
            masks = {code.ordinal: _union(backward(relisted, 1 << code.ordinal), masks) for code in relisted.new.codes}
            found = {**masks, **found}
    return MappingProxyType({ordinal: mask for ordinal, mask in sorted(found.items()) if mask != 1 << ordinal})


def _field_of(contract: Contract, name: str) -> Field | None:
    return next((part.by_name[name] for part in contract.parts.values() if name in part.by_name), None)


def _union(mask: int, masks: Mapping[int, int]) -> int:
    """What a set of possible codes reads as; zero where one of them cannot be said, as then anything may be."""
    found = 0
    while mask:
        bit = mask & -mask
        read = masks.get(bit.bit_length() - 1, 0)
        if not read:
            return 0
        found, mask = found | read, mask ^ bit
    return found


def _recoded(mask: int, masks: Mapping[int, int]) -> int | None:
    found = 0
    while mask:
        bit = mask & -mask
        read = masks.get(bit.bit_length() - 1, bit)
        if not read:
            return None
        found, mask = found | read, mask ^ bit
    return found


def recoded_sql(column: str, masks: Mapping[int, int]) -> str:
    """A column of code masks as a version reads it; null where it holds a code that the version cannot say."""
    unsaid = sum(1 << ordinal for ordinal, mask in masks.items() if not mask)
    by_mask: dict[int, int] = {}
    for ordinal, mask in masks.items():
        if mask:
            by_mask[mask] = by_mask.get(mask, 0) | 1 << ordinal
    kept = ALL_CODES ^ sum(by_mask.values())
    pieces = [f"({column} & {kept})"]
    pieces += [f"(case when ({column} & {bits}) <> 0 then {mask} else 0 end)" for mask, bits in by_mask.items()]
    read = f"({' | '.join(pieces)})"
    return f"case when ({column} & {unsaid}) = 0 then {read} end" if unsaid else read


def new_names(library: Library, from_version: str, to_version: str) -> Mapping[str, str]:
    """For each field of one version the name that it has in another; absent where that version does not have it."""
    target = library.contracts[to_version]
    bears = {name: field for field in _names(target) for name in all_names(library, to_version, field)}
    own = {name for part in library.contracts[from_version].parts.values() for name in part.by_name}
    return MappingProxyType({name: bears[name] for name in sorted(own) if name in bears})


def all_names(library: Library, version: str, field: str) -> tuple[str, ...]:
    """Every name that a field of a version has borne or will bear: its own, then later ones, then former ones."""
    versions = list(library.contracts)
    names, name = [field], field
    for later in versions[versions.index(version) + 1 :]:
        name = _renames(library.contracts[later]).get(name, name)
        names.append(name)
    return tuple(dict.fromkeys([*names, *former_names(library, version, field)]))


def former_names(library: Library, version: str, field: str) -> tuple[str, ...]:
    """The names that a field of a version had before, newest first."""
    versions = list(library.contracts)
    names, name = [field], field
    for own in reversed(versions[: versions.index(version) + 1]):
        name = {new: old for old, new in _renames(library.contracts[own]).items()}.get(name, name)
        names.append(name)
    return tuple(dict.fromkeys(names))[1:]


def stored_columns(library: Library, part: PartName) -> tuple[Column, ...]:
    """The columns of a table that holds a part's rows of every version."""
    return columns_of(stored_part(library, part).values())


def stored_part(library: Library, part: PartName) -> dict[str, Field]:
    """Every field of any version of a part, by name, oldest version first."""
    return stored_fields(
        contract.parts[part].by_name for contract in library.contracts.values() if part in contract.parts
    )


def reading_sql(
    library: Library,
    vocabulary_version: str,
    alias: str,
    *,
    part: PartName = PartName.CASE,
    derived: bool = True,
    stored: Iterable[str] | None = None,
    unread: Unread = EVERYTHING,
) -> dict[str, FieldSql]:
    """Where each field of a vocabulary stands in a table of all versions called ``alias``.

    ``part`` is the part whose rows the table holds: what an aggregate cell cannot say is a typed null.
    ``derived=False`` gives values as sent, for merging. ``stored`` names the fields that the table has, if not all;
    ``unread`` is what of them is passed over.
    """
    held = set(stored_part(library, part) if stored is None else stored)
    contract = library.contracts[vocabulary_version]
    parts = [contract.parts[each] for each in (PartName.CASE, part) if each in contract.parts]
    fields = {name: field for each in parts for name, field in each.by_name.items()}
    found: dict[str, FieldSql] = {}
    for field in fields.values():
        names = () if field.name in unread.fields else all_names(library, vocabulary_version, field.name)
        passed = unread.names.get(field.name, frozenset())
        masks = dict(code_masks(library, vocabulary_version, field.name))
        masks |= dict.fromkeys(unread.codes.get(field.name, ()), 0)
        found[field.name] = _joined([name for name in names if name in held - passed], field, alias, masks)
    if derived:
        for field in fields.values():
            if field.derive and field.name not in unread.fields:
                found[field.name] = _derived_sql(field, found)
    return found


def _joined(names: list[str], field: Field, alias: str, masks: Mapping[int, int]) -> FieldSql:
    """The one of several columns that is filled, as a row was written under one name alone; its codes as they read."""
    if not names:
        return null_sql(field.kind)
    pieces = [column_sql(name, field.kind, alias) for name in names]
    mask = _coalesce([piece.mask for piece in pieces])
    return FieldSql(
        field.kind,
        low=_coalesce([piece.low for piece in pieces]),
        high=_coalesce([piece.high for piece in pieces]),
        mask=recoded_sql(mask, masks) if mask is not None and masks else mask,
        text=_coalesce([piece.text for piece in pieces]),
    )


def _coalesce(columns: list[str | None]) -> str | None:
    there = [column for column in columns if column is not None]
    if not there:
        return None
    return there[0] if len(there) == 1 else f"coalesce({', '.join(there)})"


def _derived_sql(field: Field, columns: Mapping[str, FieldSql]) -> FieldSql:
    cases = " ".join(
        f"when {holds_sql(item.criterion, columns)} then {_mask(field, item.value)}" for item in field.derive
    )
    return FieldSql(field.kind, mask=f"coalesce({columns[field.name].mask}, case {cases} end)")


def _mask(field: Field, code: str) -> int:
    if field.list is None:
        raise TypeError("only a field of codes is derived")
    return field.list.mask_of((code,))


def _names(contract: Contract) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in contract.parts.values() for name in part.by_name))


def _renames(contract: Contract) -> dict[str, str]:
    if contract.upgrade is None:
        return {}
    return {step.old: step.new for step in contract.upgrade.steps if isinstance(step, Rename)}
