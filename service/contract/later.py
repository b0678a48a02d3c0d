"""Finds what the versions after one call what it has: the reverse of how a newer version reads an older one's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from service.contract.model import Contract, Relisted
from service.contract.newer import Newer, NewerCode, NewerField
from service.contract.steps import renames_of


def newer_than(contract: Contract, later: Sequence[Contract]) -> Newer:
    """The names and codes of the versions ``later``, which follow one another; of two that have one, the first."""
    known = {field.name for part in contract.parts.values() for field in part.fields}
    names = {name: name for name in known}
    """What each later version in turn calls the fields of this one."""
    fields: dict[str, NewerField] = {}
    codes: dict[str, dict[str, NewerCode]] = {}
    meant: dict[str, dict[str, tuple[str, ...]]] = {}
    for each in later:
        renames = renames_of(each.upgrade)
        names = {here: renames.get(name, name) for here, name in names.items()}
        called = {name: here for here, name in names.items()}
        for name in dict.fromkeys(field.name for part in each.parts.values() for field in part.fields):
            if name not in known:
                parts = frozenset(part.name for part in each.parts.values() if name in part.by_name)
                fields.setdefault(name, NewerField(each.version, called.get(name), parts))
        for name, relisted in each.relisted.items():
            here = called.get(name)
            if here is not None:
                meant[here] = _meant(relisted, meant.get(here, {}))
                _add_new(codes.setdefault(here, {}), meant[here], _codes_of(contract, here), each.version)
    return Newer(
        fields=MappingProxyType(fields),
        codes=MappingProxyType({name: MappingProxyType(found) for name, found in codes.items()}),
    )


def _meant(relisted: Relisted, before: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """For each code of the newer list, the codes of this version that it may be."""
    found: dict[str, dict[str, None]] = {}
    for old, into in relisted.codes.items():
        for new in into:
            found.setdefault(new, {}).update(dict.fromkeys(before.get(old, (old,))))
    return {new: tuple(old) for new, old in found.items()}


def _add_new(
    codes: dict[str, NewerCode], meant: Mapping[str, tuple[str, ...]], known: frozenset[str], version: str
) -> None:
    for code, old in meant.items():
        here = tuple(one for one in old if one in known)
        if here and code not in known:
            codes.setdefault(code, NewerCode(version, here))


def _codes_of(contract: Contract, name: str) -> frozenset[str]:
    found = [part.by_name[name].list for part in contract.parts.values() if name in part.by_name]
    return frozenset(code for each in found if each is not None for code in each.by_code)
