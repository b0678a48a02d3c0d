"""What a return holds, as tests ask for it: rows by reference, findings, counts, tallies; and what they ought to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from service.contract.canonical import row_digest
from service.contract.model import Field, PartName, Role
from service.contract.upgrade import reader
from service.contract.values import read_cell
from service.criteria.evaluate import Value
from service.returns.cases import CaseRow, list_part, stream_cases
from service.returns.context import Context
from service.returns.digest import combine, part_root
from service.returns.findings import ListedFinding, list_findings
from service.returns.held import HeldRow, list_held
from service.returns.model import AnyReturn, Open, Sealed
from service.returns.seal import in_the_way
from service.returns.withdrawals import Missing, Word, answer_missing, list_missing
from service.scope.edition import Edition
from service.tally.count import Years
from service.tally.model import Cell, Margin, Tally, dimension_of, with_headline
from service.tally.store import load_tally
from tests.support.returns import LEAD, again

Record = dict[str, Value]


async def cases_of(context: Context, item: AnyReturn) -> dict[str, CaseRow]:
    """The cases of a return as they are shown, by their reference."""
    now = await again(context, item)
    rows = [row async for block in stream_cases(context, LEAD, now) for row in block]
    found = {str(row.values["case_ref"]): row for row in rows}
    assert len(found) == len(rows), "a reference stands in a return once"
    return found


async def case_of(context: Context, item: AnyReturn, reference: str = "K/1") -> Mapping[str, str | int | None]:
    """The values of one case."""
    return (await cases_of(context, item))[reference].values


async def part_of(context: Context, item: AnyReturn, part: PartName) -> list[dict[str, Any]]:
    """The rows of the aggregate or workforce part, as they are shown."""
    return await list_part(context, await again(context, item), part)


async def ids_of(context: Context, item: AnyReturn) -> dict[str, UUID]:
    """The opaque ids of a return's cases, by reference."""
    return {reference: row.case_id for reference, row in (await cases_of(context, item)).items()}


async def findings_of(context: Context, item: AnyReturn, rule: str | None = None) -> list[ListedFinding]:
    """The findings of a return (of one rule), in order."""
    now = await again(context, item)
    async with context.db.force(now.force) as tx:
        contract = context.library.contracts[now.contract_version]
        found, _ = await list_findings(tx, contract, now, rule=rule, limit=10_000)
    return found


async def told(context: Context, item: AnyReturn, *rules: str) -> list[tuple[str, str | None]]:
    """Rule and reference of each finding, of these rules if any are named."""
    found = [(one.document["rule"], one.document["case_ref"]) for one in await findings_of(context, item)]
    return [pair for pair in found if not rules or pair[0] in rules]


async def answers_to(context: Context, item: AnyReturn, rule: str) -> dict[str | None, str | None]:
    """The words that answer a rule's findings, by reference; None where a finding waits."""
    return {one.document["case_ref"]: one.answer for one in await findings_of(context, item, rule)}


async def held_in(context: Context, item: AnyReturn) -> list[HeldRow]:
    """The held rows of a return."""
    now = await again(context, item)
    async with context.db.force(now.force) as tx:
        found, _ = await list_held(tx, now, 0, 1_000)
    return found


async def missing_in(context: Context, item: AnyReturn) -> dict[str | None, Missing]:
    """The cases that wait for, or have, the force's word, by reference."""
    now = await again(context, item)
    assert isinstance(now, Open)
    async with context.db.force(now.force) as tx:
        found, _ = await list_missing(context, tx, now, "", 1_000)
    return {one.key: one for one in found}


async def word_on(
    context: Context,
    item: AnyReturn,
    answer: str,
    *references: str,
    reason: str | None = None,
    words: str | None = None,
) -> Open:
    """Answer for cases that a snapshot lacks."""
    now, missing = await again(context, item), await missing_in(context, item)
    assert isinstance(now, Open)
    given = [
        Word(case_id=missing[reference].case_id, answer=answer, reason=reason, words=words or None)
        for reference in references
    ]
    return await answer_missing(context, LEAD, now, given, None)


async def blocks(context: Context, item: AnyReturn) -> dict[str, int]:
    """What stands in the way of the seal, with how many of it."""
    now = await again(context, item)
    assert isinstance(now, Open)
    async with context.db.force(now.force) as tx:
        return {reason.code: reason.count for reason in await in_the_way(tx, now)}


async def counts_of(context: Context, item: AnyReturn, *names: str) -> tuple[int, ...]:
    """Some of a return's own counts."""
    counts = (await again(context, item)).summary["counts"]
    return tuple(counts[name] for name in names)


async def versions_of(context: Context, force: str) -> list[tuple[str, int, int, str | None]]:
    """Every version of every case of a force: reference, the numbers of the line it holds from and to, why it ended."""
    number = context.force_number(force)
    async with context.db.force(number) as tx:
        rows = await tx.execute(
            text("select case_ref, line_from, line_to, end_reason from case_version order by case_ref, line_from")
        )
    return [tuple(row) for row in rows]


async def held_at(context: Context, force: str, number: int = 2_147_483_646) -> dict[UUID, bytes]:
    """The stock at a number of a force's line, else at its end: the digest of each case."""
    async with context.db.force(context.force_number(force)) as tx:
        held = text("select case_id, digest from case_version where line_from <= :number and line_to > :number")
        return {row.case_id: row.digest for row in await tx.execute(held, {"number": number})}


async def tallies_of(context: Context, item: AnyReturn) -> dict[str, Tally]:
    """The stored tallies of a sealed return, by edition."""
    async with context.db.force(item.force) as tx:
        editions = (await tx.execute(text("select id, name from scope_edition"))).all()
        found = {
            row.name: await load_tally(tx, force=item.force, return_id=item.id, edition=row.id) for row in editions
        }
    return {name: tally for name, tally in found.items() if tally is not None}


def years(*listed: int, unknown: bool = False) -> Years:
    """The years that a case part declares."""
    return Years(listed=listed, unknown=unknown)


# What ought to be, by the reference evaluator and the published forms alone


def record_of(fields: Iterable[Field], shown: Mapping[str, Any]) -> tuple[Record, dict[str, str]]:
    """A row that the service shows, read again as anyone can: values, and why what is empty is empty."""
    record: Record = {}
    empties: dict[str, str] = {}
    for field in fields:
        cell = read_cell(field, "" if shown.get(field.name) is None else str(shown[field.name]))
        assert cell.failed is None, (field.name, shown[field.name])
        record[field.name] = cell.value
        if cell.empty is not None:
            empties[field.name] = cell.empty
    return record, empties


async def records_of(context: Context, item: AnyReturn) -> list[Record]:
    """The cases of a return, read again from what is shown of them."""
    contract = context.library.contracts[item.contract_version]
    fields = contract.parts[PartName.CASE].fields
    return [record_of(fields, row.values)[0] for row in (await cases_of(context, item)).values()]


async def cells_of(context: Context, item: AnyReturn) -> list[tuple[Record, int | None]]:
    """The aggregate cells of a return with their weights (None: not provided)."""
    part = context.library.contracts[item.contract_version].parts[PartName.AGGREGATE]
    weight = part.by_role[Role.WEIGHT].name
    found = []
    for shown in await list_part(context, item, PartName.AGGREGATE):
        record, _ = record_of(part.fields, shown)
        value = record.pop(weight)
        assert value is None or isinstance(value, tuple)
        found.append((record, None if value is None else int(value[0])))  # type: ignore[call-overload]
    return found


def reference_tally(
    context: Context,
    edition: Edition,
    item: AnyReturn,
    cases: Iterable[Record],
    cells: Iterable[tuple[Record, int | None]] = (),
) -> Tally:
    """The tally of these rows: each read forward and judged by the reference evaluator, then counted one by one."""
    forward = reader(context.library, item.contract_version, edition.vocabulary)
    roles = context.library.contracts[edition.vocabulary].parts[PartName.CASE].by_role
    counted: Counter[tuple[Margin, int, int | None]] = Counter()
    total = not_counted = open_cells = 0
    for record, weight, is_case in [*((r, 1, True) for r in cases), *((r, w, False) for r, w in cells)]:
        read = forward(record)
        year = _year(read[roles[Role.YEAR].name])
        listed = item.years.listed
        by_case = listed is None or (item.years.unknown if year is None else year in listed)
        if is_case is not by_case:
            not_counted += weight or 0
            continue
        total += weight or 0
        ruling = edition.definition.ruling(read)
        open_cells += weight is None and ruling >= 0
        for margin, role in ((Margin.STAGE, Role.STAGE), (Margin.SETTING, Role.SETTING)):
            field = roles[role]
            assert field.list is not None
            counted[margin, ruling, dimension_of(read[field.name], field.list)] += weight or 0
        counted[Margin.YEAR, ruling, year] += weight or 0
    return Tally(total, not_counted, open_cells, with_headline(Cell(*key, weight) for key, weight in counted.items()))


def _year(value: Any) -> int | None:
    return value[0].year if value is not None and value[0].year == value[1].year else None


def comparable(tally: Tally) -> tuple[int, int, int, frozenset[Cell]]:
    """A tally without order, and without cells of nothing."""
    return tally.counted, tally.not_counted, tally.open_cells, frozenset(cell for cell in tally.cells if cell.weight)


async def assert_tallies_are_right(context: Context, item: AnyReturn, under: int = 2) -> None:
    """Every stored tally is that of the reference evaluator over the rows as they are read again."""
    cases, cells = await records_of(context, item), await cells_of(context, item)
    stored = await tallies_of(context, item)
    assert len(stored) == under
    for name, tally in stored.items():
        expected = reference_tally(context, context.editions[name], item, cases, cells)
        assert comparable(tally) == comparable(expected), name
        assert tally.totals() == expected.totals()
        assert +Counter(tally.attrition()) == +Counter(expected.attrition())
        assert +Counter(tally.missing()) == +Counter(expected.missing())


async def offline_digest(context: Context, item: Sealed) -> str:
    """The digest of a sealed return from its rows as they are shown, by the published forms alone."""
    contract = context.library.contracts[item.contract_version]
    shown: dict[PartName, list[Mapping[str, Any]]] = {
        PartName.CASE: [{**row.values, **row.empties} for row in (await cases_of(context, item)).values()],
        PartName.AGGREGATE: list(await list_part(context, item, PartName.AGGREGATE)),
        PartName.WORKFORCE: list(await list_part(context, item, PartName.WORKFORCE)),
    }
    roots = {}
    for part, rows in shown.items():
        fields = contract.parts[part].fields
        roots[part] = part_root(row_digest(fields, *record_of(fields, row)) for row in rows)
    force = context.forces.by_ordinal[item.force].code
    digest = combine(force, str(item.period), item.revision, item.contract_version, item.years, roots)
    return f"sha-256:{digest.hex()}"
