"""The rules of one part as SQL conditions over its typed columns: what is tested on every row, in one pass.

Besides the contract's own conditions these are the checks that need more than one cell but no condition of the
language: sums, a reference twice in one file, a former reference that is still in use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from service.contract.columns import field_sql
from service.contract.model import Contract, Field, Part, Role, Rule
from service.criteria.sql import holds_sql
from service.criteria.tree import fields_of
from service.returns.rows import known_sql, text_sql
from service.returns.staging import FIRED_COLUMNS

PER_COLUMN: Final = 60


class Probe(Struct, frozen=True):
    """One test: ``fires`` is an SQL condition over the row alias ``m``; ``shown`` the fields it is about."""

    rule: Rule
    fires: str
    shown: tuple[Field, ...]
    value: str
    """The SQL text of what to show: the canonical texts of the fields, or null where nothing was sent."""


def probes_of(
    contract: Contract,
    part: Part,
    *,
    has_duplicates: bool,
    has_former: bool,
    has_failed: bool,
    lacking: Sequence[Field] = (),
) -> tuple[Probe, ...]:
    """Every probe of a part, in the order of the contract's rules. A rule is silent on rows in which one of its
    fields could not be read: that has a finding of its own, and one cause is told once. ``lacking`` are required
    fields that some rows do not send at all: a new case must not come in without them."""
    columns = field_sql(part.fields, "m")
    found: list[Probe] = []
    for rule in contract.rules_of(part.name):
        if rule.criterion is not None:
            fires = holds_sql(rule.criterion, columns)
            if has_failed:
                read = ", ".join(f"'{name}'" for name in fields_of(rule.criterion))
                fires = f"({fires}) and (m.failed is null or not m.failed && array[{read}])"
            found.append(_probe(rule, fires, _shown(part, rule.fields)))
    for name, fires in _checks(part, has_duplicates=has_duplicates, has_former=has_former):
        check = contract.check.get((part.name, name))
        if check is not None:
            shown = _shown(part, check.fields) or _key(part)
            found.append(_probe(check, fires, shown))
    found += _sum_probes(contract, part)
    required = contract.check.get((part.name, "required"))
    if required is not None:
        found += [
            Probe(required, f"m.lacks_{field.name} and not {known_sql(field, 'm')}", (field,), "null::text")
            for field in lacking
        ]
    if len(found) > FIRED_COLUMNS * PER_COLUMN:
        raise ValueError(f"part {part.name}: more than {FIRED_COLUMNS * PER_COLUMN} rules")
    return tuple(found)


def _probe(rule: Rule, fires: str, shown: tuple[Field, ...]) -> Probe:
    return Probe(rule, fires, shown, values_sql(shown))


def _shown(part: Part, names: Sequence[str]) -> tuple[Field, ...]:
    return tuple(part.by_name[name] for name in names if name in part.by_name)


def _key(part: Part) -> tuple[Field, ...]:
    key = part.by_role.get(Role.KEY)
    return (key,) if key is not None else ()


def _checks(part: Part, *, has_duplicates: bool, has_former: bool) -> list[tuple[str, str]]:
    if Role.KEY in part.by_role:
        checks = [("duplicate_key", "m.is_duplicate")] if has_duplicates else []
        return [*checks, ("former_in_use", "m.former_in_use")] if has_former else checks
    return [("duplicate_cell", "m.is_duplicate")] if has_duplicates else []


def _sum_probes(contract: Contract, part: Part) -> list[Probe]:
    """Parts that exceed their total, and parts that do not make it up though all is exactly known."""
    found: list[Probe] = []
    for item in part.sums:
        total, parts = part.by_name[item.total], [part.by_name[name] for name in item.parts]
        least = " + ".join(f"coalesce(m.{field.name}_lo, 0)::bigint" for field in parts)
        exact = " and ".join(f"m.{field.name}_lo = m.{field.name}_hi" for field in [total, *parts])
        exceeds = f"({least}) > m.{total.name}_hi"
        differs = f"({exact} and ({least}) < m.{total.name}_lo)"
        for check, fires in (("sum_exceeds", exceeds), ("sum_differs", differs)):
            rule = contract.check.get((part.name, check))
            if rule is not None:
                found.append(_probe(rule, fires, (total, *parts)))
    return found


def fired_columns(probes: Sequence[Probe]) -> list[str]:
    """One bigint expression a column of marks; a bit for each probe that fires."""
    columns = []
    for start in range(0, FIRED_COLUMNS * PER_COLUMN, PER_COLUMN):
        chunk = probes[start : start + PER_COLUMN]
        bits = [f"case when {probe.fires} then {1 << bit}::bigint else 0 end" for bit, probe in enumerate(chunk)]
        columns.append(" | ".join(bits) if bits else "0::bigint")
    return columns


def holding_masks(probes: Sequence[Probe]) -> list[int]:
    """For each column of marks, the bits of the probes that hold the row."""
    masks = [0] * FIRED_COLUMNS
    for index, probe in enumerate(probes):
        if probe.rule.severity.holds:
            masks[index // PER_COLUMN] |= 1 << (index % PER_COLUMN)
    return masks


def mark_of(index: int, alias: str = "c") -> str:
    """Whether the probe with this number fired on a row of ``staging_checked``."""
    return f"({alias}.fired{index // PER_COLUMN} & {1 << (index % PER_COLUMN)} <> 0)"


def values_sql(fields: Sequence[Field], alias: str = "m") -> str:
    """The canonical texts of some fields in one, separated by U+001F; what is not known is empty."""
    return " || chr(31) || ".join(f"coalesce({text_sql(field, alias)}, '')" for field in fields) or "''"


def fired_among(probes: Sequence[Probe], union: Mapping[int, int]) -> list[tuple[int, Probe]]:
    """The probes that fired on any row, given the union of the marks by column."""
    return [
        (index, probe)
        for index, probe in enumerate(probes)
        if union.get(index // PER_COLUMN, 0) >> (index % PER_COLUMN) & 1
    ]
