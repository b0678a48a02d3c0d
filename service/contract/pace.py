"""By which fields the pace of a force's work is measured: ``contracts/pace.yaml``.

A file beside the versions, because what is published of these never changes; a standard without one measures no pace.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from service.contract.library import Library
from service.contract.model import Contract, Part, PartName, Role
from service.contract.source import Place, Problems, Table, closest, read_yaml
from service.criteria.vocabulary import Kind

PACE: Final = "pace.yaml"


class PaceFields(Struct, frozen=True, kw_only=True):
    """What is read in one contract version: of the workforce part the field of the officers, in rows whose ``phase``
    has only these bits; of the cases the stages, by ordinal, at which one is through with that phase."""

    officers: str
    phase: str
    mask: int
    stages: tuple[int, ...]


@lru_cache(maxsize=8)
def pace_fields(library: Library) -> Mapping[str, PaceFields]:
    """By contract version; none for those of which the standard does not say."""
    problems = Problems()
    found = read_pace(library, problems)
    problems.raise_if_any()
    return found


def read_pace(library: Library, problems: Problems) -> Mapping[str, PaceFields]:
    """The same, with what is wrong added to ``problems``."""
    path = library.root / PACE
    if not path.exists():
        return MappingProxyType({})
    content = _content(path, problems)
    if content is None:
        return MappingProxyType({})
    table = read_yaml(content, PACE, problems)
    found: dict[str, PaceFields] = {}
    for item in table.tables("measured"):
        for version in item.texts("versions"):
            contract = library.contracts.get(version.value)
            if contract is None:
                do = closest(version.value, library.contracts)
                problems.add(version.place, f"There is no contract version '{version.value}'.", do)
                continue
            read = _fields(item, contract, problems)
            if read is not None:
                found[version.value] = read
        item.done()
    table.done()
    return MappingProxyType(found)


def _content(path: Path, problems: Problems) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        problems.add(Place(PACE, 1), "The file cannot be read.", "Save it as UTF-8.")
        return None


def _fields(item: Table, contract: Contract, problems: Problems) -> PaceFields | None:
    rows, officers, stages = item.table("rows"), item.text("officers"), _stages(item, contract, problems)
    name, code = rows.text("field"), rows.text("code")
    rows.done()
    part = contract.parts.get(PartName.WORKFORCE)
    if part is None:
        problems.add(item.place, f"{contract.version} has no part {PartName.WORKFORCE}.", "Take the version out.")
        return None
    fits = [
        _is_of_kind(part, officers, Kind.DECIMAL, item.place_of("officers"), problems),
        _is_of_kind(part, name, Kind.CODE, rows.place_of("field"), problems),
    ]
    codes = part.by_name[name].list if all(fits) else None
    if codes is None or stages is None:
        return None
    if code not in codes.by_code:
        problems.add(rows.place_of("code"), f"{codes.name} has no code '{code}'.", closest(code, codes.by_code))
        return None
    return PaceFields(officers=officers, phase=name, mask=codes.mask_of((code,)), stages=stages)


def _is_of_kind(part: Part, name: str, kind: Kind, place: Place, problems: Problems) -> bool:
    field = part.by_name.get(name)
    if field is not None and field.kind is kind:
        return True
    do = closest(name, [each.name for each in part.fields if each.kind is kind])
    problems.add(place, f"The part {part.name} has no {kind} '{name}'.", do)
    return False


def _stages(item: Table, contract: Contract, problems: Problems) -> tuple[int, ...] | None:
    named = item.text("stages")
    sets = contract.vocabulary.sets
    codes = contract.parts[PartName.CASE].by_role[Role.STAGE].list
    if named not in sets or codes is None or sets[named].list != codes.name:
        do = closest(named, sets)
        problems.add(item.place_of("stages"), f"{contract.version} has no set of stages '{named}'.", do)
        return None
    return tuple(codes.by_code[code].ordinal for code in sets[named].codes)
