"""What later versions call what a version has, or have besides: for who writes by them a return of the older one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct


class NewerField(Struct, frozen=True):
    """A name that a later version gave: to the field that is ``here`` in this one, or (None) to a new field. ``parts``
    are those that have it there."""

    version: str
    here: str | None
    parts: frozenset[str]


class NewerCode(Struct, frozen=True):
    """A code that a later version has in the place of one of those ``here``."""

    version: str
    here: tuple[str, ...]


class Newer(Struct, frozen=True, kw_only=True):
    """By name: fields, and of each field (as it is called here) its codes. None is a name or a code of this version."""

    fields: Mapping[str, NewerField] = MappingProxyType({})
    codes: Mapping[str, Mapping[str, NewerCode]] = MappingProxyType({})
