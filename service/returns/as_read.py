"""Stored rows of any version as one version reads them, for laying a return over what was sealed (semantics 17).

A row is stored as it was sent and never changes. The version of a return is never older than what it is laid over, so
only upgrades are read here: new names, new codes, why what is empty is empty, and the digest that the same row has in
the new version, by which an untouched row is seen to be no change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from service.contract.columns import Side, columns_of
from service.contract.library import Library
from service.contract.model import Field, PartName
from service.contract.upgrade import new_names, reading_sql
from service.returns.rows import digest_sql, listed

_PREFIX = "v"


class AsRead(Struct, frozen=True, eq=False):
    """How the rows of a part stand in a version: for each of its columns the SQL over stored rows ``v``."""

    version: str
    columns: Mapping[str, str]
    empties: str
    fields: tuple[Field, ...]
    is_plain: bool
    """There is no earlier version, so every row stands as it is stored."""


@lru_cache(maxsize=64)
def as_read(library: Library, version: str, part: PartName = PartName.CASE) -> AsRead:
    """How rows of this version and of all before it stand in it."""
    known = _until(library, version)
    fields = known.contracts[version].parts[part].fields
    readings = reading_sql(known, version, _PREFIX, part=part, derived=False)
    columns: dict[str, str] = {}
    for column in columns_of(fields):
        at = readings[column.field]
        columns[column.name] = {Side.LOW: at.low, Side.HIGH: at.high, Side.MASK: at.mask, Side.TEXT: at.text}[
            column.side
        ] or "null"
    return AsRead(version, MappingProxyType(columns), _empties(known, version), fields, len(known.contracts) == 1)


def rows_sql(read: AsRead | None, columns: Sequence[str], source: str, where: str, extra: Sequence[str] = ()) -> str:
    """The rows of ``source`` (a table, called ``v`` in ``where``): ``contract_version``, ``digest``, ``empties``, the
    ``columns`` of the version, and ``extra`` columns as they are. Without ``read`` every row as it is stored."""
    more = [*extra, "contract_version"]
    if read is None or read.is_plain:
        return f"select {listed([*more, 'digest', 'empties', *columns], _PREFIX)} from {source} v where {where}"
    values = ", ".join(f"{sql} as {name}" for name, sql in read.columns.items())
    inner = f"select {listed([*more, 'digest'], _PREFIX)}, {read.empties} as empties, {values} from {source} v"
    digest = f"case when r.contract_version = '{read.version}' then r.digest else {digest_sql(read.fields, 'r')} end"
    shown = listed([*more, "empties", *columns], "r")
    return f"select {shown}, {digest} as digest from ({inner} where {where}) r"


def _until(library: Library, version: str) -> Library:
    """The library as it was when a version was the newest."""
    versions = list(library.contracts)
    kept = {name: library.contracts[name] for name in versions[: versions.index(version) + 1]}
    return replace(library, contracts=MappingProxyType(kept))


def _empties(library: Library, version: str) -> str:
    """Why a value is empty, under the field's present name."""
    names: dict[str, str] = {}
    for older in library.contracts:
        names |= {old: new for old, new in new_names(library, older, version).items() if old != new}
    if not names:
        return f"{_PREFIX}.empties"
    renamed = " ".join(f"when '{old}' then '{new}'" for old, new in names.items())
    return (
        f"case when {_PREFIX}.empties is not null then (select jsonb_object_agg(case e.key {renamed} else e.key end, "
        f"e.value) from jsonb_each({_PREFIX}.empties) e) end"
    )
