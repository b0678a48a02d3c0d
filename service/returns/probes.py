"""The rules of one part as SQL conditions over its typed columns: what is tested on every row, in one pass.

Besides the contract's own conditions these are the checks that need more than one cell but no condition of the
language: sums, a reference twice in one file, a former reference that is still in use. Each has a number of its own,
which is the same in every upload of the part: the mark that says that it fired on a row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from msgspec import Struct

from service.contract.columns import field_sql
from service.contract.model import Contract, Field, Part, Role, Rule
from service.criteria.sql import FieldSql, holds_sql
from service.criteria.tree import And, Criterion, fields_of
from service.returns.rows import known_sql, text_sql
from service.storage.remembered import Remembered

FIRED_COLUMNS: Final = 4
"""How many bigint columns carry the marks of fired rules, 60 rules each."""
PER_COLUMN: Final = 60

IS_DUPLICATE: Final = "is_duplicate"
FORMER_IN_USE: Final = "former_in_use"


class Probe(Struct, frozen=True):
    """One test: ``fires`` is an SQL condition over the row alias ``m``; ``shown`` the fields it is about."""

    rule: Rule
    fires: str
    shown: tuple[Field, ...]
    value: str
    """The SQL text of what to show: the canonical texts of the fields, or null where nothing was sent."""
    reads: tuple[str, ...] = ()
    """Fields of which it is silent where they could not be read: that has a finding of its own."""
    guard: str = "true"
    """What stands first in ``fires``, where it is several conditions: rules often have it in common."""
    then: str = ""
    """The rest of ``fires``."""
    flag: str | None = None
    """The column about a row among the others that it needs; where there is none, it fires on no row."""


_MADE: Remembered[tuple[Probe, ...]] = Remembered()


def probes_of(contract: Contract, part: Part) -> tuple[Probe, ...]:
    """Every probe of a part, in the order of the contract's rules."""
    return _MADE.get((contract.judging, part.name), lambda: _probes(contract, part))


def _probes(contract: Contract, part: Part) -> tuple[Probe, ...]:
    columns = field_sql(part.fields, "m")
    found = [
        _rule_probe(rule, rule.criterion, columns, _shown(part, rule.fields))
        for rule in contract.rules_of(part.name)
        if rule.criterion is not None
    ]
    for name, flag in _checks(part):
        check = contract.check.get((part.name, name))
        if check is not None:
            shown = _shown(part, check.fields) or _key(part)
            found.append(_probe(check, f"m.{flag}", shown, flag=flag))
    found += _sum_probes(contract, part)
    required = contract.check.get((part.name, "required"))
    if required is not None:
        found += [
            Probe(
                required,
                f"m.{lacks(field)} and not {known_sql(field, 'm')}",
                (field,),
                "null::text",
                then=f"m.{lacks(field)} and not {known_sql(field, 'm')}",
                flag=lacks(field),
            )
            for field in part.fields
            if field.required and field.role is not Role.KEY
        ]
    if len(found) > FIRED_COLUMNS * PER_COLUMN:
        raise ValueError(f"part {part.name}: more than {FIRED_COLUMNS * PER_COLUMN} rules")
    return tuple(found)


def lacks(field: Field) -> str:
    """The column that says of a row that it does not send a field at all: a new case must not come in without it."""
    return f"lacks_{field.name}"


def _probe(rule: Rule, fires: str, shown: tuple[Field, ...], flag: str | None = None) -> Probe:
    return Probe(rule, fires, shown, values_sql(shown), then=fires, flag=flag)


def _rule_probe(rule: Rule, criterion: Criterion, columns: Mapping[str, FieldSql], shown: tuple[Field, ...]) -> Probe:
    fires = holds_sql(criterion, columns)
    guard, then = "true", fires
    if isinstance(criterion, And):
        first, *rest = (holds_sql(part, columns) for part in criterion.parts)
        guard, then = f"({first})", " and ".join(f"({each})" for each in rest)
    return Probe(rule, fires, shown, values_sql(shown), tuple(fields_of(criterion)), guard, then)


def _shown(part: Part, names: Sequence[str]) -> tuple[Field, ...]:
    return tuple(part.by_name[name] for name in names if name in part.by_name)


def _key(part: Part) -> tuple[Field, ...]:
    key = part.by_role.get(Role.KEY)
    return (key,) if key is not None else ()


def _checks(part: Part) -> list[tuple[str, str]]:
    if Role.KEY in part.by_role:
        return [("duplicate_key", IS_DUPLICATE), ("former_in_use", FORMER_IN_USE)]
    return [("duplicate_cell", IS_DUPLICATE)]


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


_TOGETHER: Final = 12
"""So many probes are asked together whether any of them fires, before it is asked which: that is a tenth cheaper,
though of a row on which any does they are asked twice."""


def fired_columns(probes: Sequence[Probe], flags: Collection[str], *, has_failed: bool) -> list[str]:
    """One bigint expression a column of marks; a bit for each probe that fires. ``flags`` are the columns about a row
    among the others that there are; ``has_failed``: whether any value could not be read."""
    columns = []
    for start in range(0, FIRED_COLUMNS * PER_COLUMN, PER_COLUMN):
        asked = [
            (probe.guard, _then(probe, has_failed=has_failed), 1 << bit)
            for bit, probe in enumerate(probes[start : start + PER_COLUMN])
            if probe.flag is None or probe.flag in flags
        ]
        groups = [asked[first : first + _TOGETHER] for first in range(0, len(asked), _TOGETHER)]
        columns.append(" | ".join(map(_marks, groups)) if groups else "0::bigint")
    return columns


def _marks(asked: Sequence[tuple[str, str, int]]) -> str:
    """The marks of some probes, each with its guard, what must be true besides, and its bit. A guard that several have
    in common is asked once."""
    guarded: dict[str, list[tuple[str, int]]] = {}
    for guard, then, bit in asked:
        guarded.setdefault(guard, []).append((f"({then})", bit))
    one = " or ".join(f"{guard} and ({' or '.join(then for then, _ in some)})" for guard, some in guarded.items())
    bits = " | ".join(
        f"case when {guard} then {' | '.join(f'case when {then} then {bit}::bigint else 0 end' for then, bit in some)} "
        "else 0 end"
        for guard, some in guarded.items()
    )
    return f"case when {one} then {bits} else 0 end"


def _then(probe: Probe, *, has_failed: bool) -> str:
    if not (has_failed and probe.reads):
        return probe.then
    read = ", ".join(f"'{name}'" for name in probe.reads)
    return f"({probe.then}) and (m.failed is null or not m.failed && array[{read}])"


def holding_masks(probes: Sequence[Probe]) -> list[int]:
    """For each column of marks, the bits of the probes that hold the row."""
    masks = [0] * FIRED_COLUMNS
    for index, probe in enumerate(probes):
        if probe.rule.severity.holds:
            masks[index // PER_COLUMN] |= 1 << (index % PER_COLUMN)
    return masks


def any_mark(alias: str) -> str:
    """Whether any rule fired on a row."""
    return "(" + " or ".join(f"{alias}.fired{n} <> 0" for n in range(FIRED_COLUMNS)) + ")"


def mark_of(index: int, alias: str = "c") -> str:
    """Whether the probe with this number fired on a checked row."""
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
