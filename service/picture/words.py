"""From ordinals to the words of the published standard: forces, regions, codes, rules and attributes. Pure.

Code finds a field by its role; how a dimension is called in the API follows from that field's name, so that another
standard brings its own words with its data.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType

from msgspec import Struct

from service.contract.model import Code, CodeList, Contract, PartName, Role
from service.picture.national import Dimension
from service.scope.edition import Edition

_ROLES = {Dimension.STAGE: Role.STAGE, Dimension.SETTING: Role.SETTING, Dimension.YEAR: Role.YEAR}
_REGION = "region"
"""The column of the list of forces that says where a force is; a list without it offers no such dimension."""


class Words(Struct, frozen=True, kw_only=True, dict=True):
    """What one edition, and the contract version it reads by, call things."""

    edition: Edition
    contract: Contract
    forces: CodeList

    @cached_property
    def offered(self) -> Mapping[str, Dimension]:
        """What the picture may be broken down by, under the names of the API."""
        names = {str(Dimension.FORCE): Dimension.FORCE}
        for dimension, role in _ROLES.items():
            field = self.contract.parts[PartName.CASE].by_role.get(role)
            if field is not None:
                names[year_name(field.name) if dimension is Dimension.YEAR else field.name] = dimension
        if any(_REGION in item.columns for item in self.forces.codes):
            names[_REGION] = Dimension.REGION
        return MappingProxyType(names)

    @cached_property
    def regions(self) -> Mapping[int, str | None]:
        """The region of every force; null for a force that is in none."""
        return MappingProxyType({item.ordinal: item.columns.get(_REGION) or None for item in self.forces.codes})

    def force(self, ordinal: int) -> tuple[str, str]:
        """The id and the name of a force."""
        item = self.forces.by_ordinal.get(ordinal)
        return (f"#{ordinal}", "") if item is None else (item.code, item.title)

    def value(self, dimension: Dimension, part: int | str | None) -> int | str | None:
        """One value of a dimension as it is shown: a code, a year, a region; null is not known."""
        if part is None or isinstance(part, str) or dimension is Dimension.YEAR:
            return part
        if dimension is Dimension.FORCE:
            return self.force(part)[0]
        item = self._code(dimension, part)
        return f"#{part}" if item is None else item.code

    def title(self, dimension: Dimension, part: int | str) -> str:
        """The same for a person to read: the title of a code."""
        if isinstance(part, str) or dimension is Dimension.YEAR:
            return str(part)
        if dimension is Dimension.FORCE:
            return self.force(part)[1] or self.force(part)[0]
        item = self._code(dimension, part)
        return f"#{part}" if item is None else item.title

    def _code(self, dimension: Dimension, ordinal: int) -> Code | None:
        field = self.contract.parts[PartName.CASE].by_role.get(_ROLES[dimension])
        return None if field is None or field.list is None else field.list.by_ordinal.get(ordinal)

    def attribute(self, index: int) -> tuple[str, str]:
        """The name and the label of the edition's attribute at ``index``."""
        name = self.edition.definition.attributes[index]
        return name, self.label(name)

    def label(self, attribute: str) -> str:
        """The label of an attribute."""
        field = self.contract.parts[PartName.CASE].by_name.get(attribute)
        return "" if field is None else field.label


def year_name(field: str) -> str:
    """What the year of a date is called (``seen_date``: ``seen_year``)."""
    return f"{field.removesuffix('_date')}_year"
