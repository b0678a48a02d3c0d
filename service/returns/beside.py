"""Asks the rules that look at a case beside others: what it was in the sealed base, how many cases are just like it.

What they find depends on more than the row, so it is found anew whenever the draft or its base changes, over the rows
that the draft has: a case withdrawn, a correction sealed or a twin corrected makes a finding go by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.columns import columns_of, field_sql
from service.contract.model import Contract, Part, PartName, Role, RowMeasure, Rule
from service.criteria.sql import holds_sql
from service.criteria.tree import fields_of
from service.criteria.vocabulary import Kind
from service.returns.as_read import AsRead
from service.returns.current import WITHDRAWN, base_rows, current_rows, draft_rows
from service.returns.draft import INTO_FINDINGS, PART_NUMBER, SEVERITY_NUMBER, bound_sql
from service.returns.model import Open
from service.returns.probes import values_sql
from service.returns.rows import column_names, listed
from service.storage.remembered import Statements
from service.telemetry.spans import traced

_STATEMENTS: Final = Statements()


@traced("beside")
async def find_beside(tx: AsyncConnection, item: Open, published: Contract, contract: Contract, read: AsRead) -> None:
    """Make the findings of these rules those of the draft as it stands. ``contract``: with the rules that are asked
    today; ``read``: how the return's version reads its base."""
    every = published.comparing(PartName.CASE)
    if not every:
        return
    parameters: dict[str, Any] = {"force": item.force, "return_id": item.id}
    await tx.execute(
        text("delete from finding where force = :force and return_id = :return_id and rule = any(:rules)"),
        {**parameters, "rules": [rule.id for rule in every]},
    )
    rules = contract.comparing(PartName.CASE)
    if rules:
        key = ("beside", contract.judging, item.base_id is None, item.laid_over)
        sql = _STATEMENTS.get(
            key, partial(_sql, contract, rules, None if item.base_id is None else read, item.laid_over)
        )
        await tx.execute(sql, {**parameters, "part": PART_NUMBER[PartName.CASE]})


def _sql(contract: Contract, rules: Sequence[Rule], read: AsRead | None, over: int | None) -> str:
    part = contract.parts[PartName.CASE]
    key = part.by_role[Role.KEY].name
    columns = field_sql(part.shown.values(), "m")
    at = {name: columns[field.name] for name, field in part.shown.items()}
    fires = {rule.id: holds_sql(rule.criterion, at) for rule in rules if rule.criterion is not None}
    asked = ", ".join(_asked(part, rule, fires[rule.id]) for rule in rules)
    wanted = " or ".join(f"({condition})" for condition in fires.values())
    bound = bound_sql(part, "coalesce(a.value, '')", "m")
    return (
        f"with {', '.join(_rows(part, rules, read, over))} "
        f"{INTO_FINDINGS}select :force, :return_id, :part, coalesce(m.source_row, 0), a.rule, a.severity, a.field, "
        f"a.value, m.{key}, m.case_id, null, {bound}, a.notice "
        f"from (select * from beside m where {wanted} offset 0) m cross join lateral (values {asked}) "
        "a (fires, rule, severity, field, value, notice) where a.fires"
    )


def _asked(part: Part, rule: Rule, fires: str) -> str:
    """One rule of a row: whether it fires, and what is told then."""
    shown = tuple(part.shown[name] for name in rule.fields)
    field = f"'{rule.fields[0]}'" if rule.fields else "null::text"
    notice = "null::text" if rule.notice is None else f"'{rule.notice}'"
    severity = f"{SEVERITY_NUMBER[rule.severity]}::smallint"
    return f"({fires}, '{rule.id}', {severity}, {field}, {values_sql(shown)}, {notice})"


def _rows(part: Part, rules: Sequence[Rule], read: AsRead | None, over: int | None) -> Iterator[str]:
    """The queries of the statement: for each measure its values by case, at last ``beside``: the draft's rows with
    whatever the rules speak of."""
    named = dict.fromkeys(name for rule in rules for name in (*_spoken(rule), *rule.fields))
    measures = [item for item in part.row_measures if item.name in named]
    own = [part.by_name[name] for name in named if name in part.by_name]
    own_columns = dict.fromkeys((part.by_role[Role.KEY].name, *column_names(own)))
    chosen = ["d.case_id", "d.source_row", *(f"d.{name}" for name in own_columns)]
    joins = ""
    for number, item in enumerate(measures):
        if item.previous is None:
            yield from _twins(part, item, number, read, over)
            joins += f" left join k{number} on k{number}.case_id = d.case_id"
            chosen += [f"k{number}.n as {column.name}" for column in columns_of([item.column])]
    before = [item for item in measures if item.previous is not None]
    if before:
        chosen += _previous(part, before, known=read is not None)
    if before and read is not None:
        names = column_names([part.by_name[item.previous or ""] for item in before])
        yield f"base as ({base_rows(names, over, read)})"
        joins += " left join base b on b.case_id = d.case_id"
    yield (
        f"beside as (select {', '.join(chosen)} from draft_case d{joins} where d.force = :force "
        f"and d.return_id = :return_id and d.case_id not in ({WITHDRAWN}))"
    )


def _spoken(rule: Rule) -> tuple[str, ...]:
    return fields_of(rule.criterion) if rule.criterion is not None else ()


def _previous(part: Part, measures: Iterable[RowMeasure], *, known: bool) -> Iterator[str]:
    """What the case was in the base; of a first return, and of a new case, nothing is known."""
    for item in measures:
        old = columns_of([part.by_name[item.previous or ""]])
        for was, column in zip(old, columns_of([item.column]), strict=True):
            yield f"{f'b.{was.name}' if known else f'null::{column.sql_type}'} as {column.name}"


def _twins(part: Part, item: RowMeasure, number: int, read: AsRead | None, over: int | None) -> Iterator[str]:
    """The cases that have the same exact values as others, each with how many others. Cases of which one of the values
    is not exactly known are like nobody."""
    fields = [part.by_name[name] for name in item.alike]
    names = column_names(fields)
    exact = " and ".join(
        f"s.{field.name}_lo = s.{field.name}_hi"
        if field.kind.is_range
        else f"bit_count(s.{field.name}::bit(64)) = 1"
        if field.kind is Kind.CODE
        else f"s.{field.name} is not null"
        for field in fields
    )
    same = [f"{field.name}_lo" if field.kind.is_range else field.name for field in fields]
    rows = draft_rows(("case_id", *names)) if read is None else current_rows(names, over, read, without_withdrawn=True)
    yield f"s{number} as materialized (select s.case_id, {listed(same, 's')} from ({rows}) s where {exact})"
    yield (
        f"t{number} as (select {listed(same)}, (count(*) - 1)::integer as n from s{number} "
        f"group by {listed(same)} having count(*) > 1)"
    )
    yield f"k{number} as (select s.case_id, t.n from s{number} s join t{number} t using ({listed(same)}))"
