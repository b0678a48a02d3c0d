"""SQL expressions over the typed columns of one part: canonical text, digest, merge. Text only; nothing runs here.

Column names come from contracts that were checked on loading (``[a-z][a-z0-9_]*``); values are always parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from service.contract.columns import columns_of
from service.contract.model import Field

SEPARATOR: Final = "chr(31)"


def column_names(fields: Sequence[Field]) -> tuple[str, ...]:
    """The stored columns of some fields, in order."""
    return tuple(column.name for column in columns_of(fields))


def listed(names: Iterable[str], alias: str = "") -> str:
    """Column names with their alias, with commas between."""
    prefix = f"{alias}." if alias else ""
    return ", ".join(f"{prefix}{name}" for name in names)


def text_sql(field: Field, alias: str) -> str:
    """The canonical text of one value: ``low/high``, the mask, or the text; null where nothing is known."""
    if field.kind.is_range:
        return f"{alias}.{field.name}_lo || '/' || {alias}.{field.name}_hi"
    return f"{alias}.{field.name}::text" if field.kind.is_mask else f"{alias}.{field.name}"


def known_sql(field: Field, alias: str) -> str:
    """Whether something is recorded: never null."""
    column = f"{field.name}_lo" if field.kind.is_range else field.name
    return f"({alias}.{column} is not null)"


def digest_sql(fields: Sequence[Field], alias: str) -> str:
    """The digest of a row, as ``contract/canonical.py`` defines it: the two are held together by a property test."""
    ordered = sorted(fields, key=lambda field: field.name.encode())
    items = ", ".join(_item_sql(field, alias) for field in ordered)
    empties = (
        f"case when {alias}.empties is not null then (select string_agg(e.key || '!' || e.value, {SEPARATOR} "
        f'order by e.key collate "C") from jsonb_each_text({alias}.empties) e) end'
    )
    return f"sha256(convert_to(concat_ws({SEPARATOR}, {items}, {empties}), 'UTF8'))"


def _item_sql(field: Field, alias: str) -> str:
    """``name=value``; an exact value is written once, because writing them is most of what a digest costs."""
    item = f"'{field.name}=' || {text_sql(field, alias)}"
    if not field.kind.is_range:
        return item
    low, high = f"{alias}.{field.name}_lo", f"{alias}.{field.name}_hi"
    return f"case when {low} = {high} then '{field.name}=' || {low} else {item} end"


class Presence:
    """Which fields an upload has: in every row, in none, or in some (JSON objects with differing keys)."""

    def __init__(self, fields: Sequence[Field], present: frozenset[str], sometimes: frozenset[str]) -> None:
        self._fields = fields
        self._always = present - sometimes
        self._sometimes = sometimes

    @property
    def is_mixed(self) -> bool:
        """Whether rows differ in what they have."""
        return bool(self._sometimes)

    @property
    def is_whole(self) -> bool:
        """Whether every row has every field."""
        return not self._sometimes and len(self._always) == len(self._fields)

    def merged_columns(self) -> Mapping[str, str]:
        """Each column of the merged row, by its name: sent (``s``) where it was sent, as it was (``cur``) elsewhere."""
        merged: dict[str, str] = {}
        for field in self._fields:
            for name in column_names([field]):
                if field.name in self._always:
                    merged[name] = f"s.{name}"
                elif field.name in self._sometimes:
                    merged[name] = f"case when '{field.name}' = any(shape.present) then s.{name} else cur.{name} end"
                else:
                    merged[name] = f"cur.{name}"
        return merged

    def merged_empties(self) -> str:
        """Why a value is empty goes with the value: from the row sent for what it sent, else as it was."""
        always = ", ".join(f"'{name}'" for name in sorted(self._always))
        sent = "shape.present" if self.is_mixed else f"array[{always}]::text[]"
        return (
            "case when cur.empties is null then s.empties else "
            f"nullif((cur.empties - {sent}) || coalesce(s.empties, '{{}}'), '{{}}') end"
        )

    def unsent_sql(self, field: Field) -> str | None:
        """Whether a row ``s`` does not have the field: an SQL condition, or None where every row has it."""
        if field.name in self._always:
            return None
        if field.name not in self._sometimes:
            return "true"
        return f"not exists (select 1 from staging_shape x where x.shape = s.shape and '{field.name}' = any(x.present))"
