"""The service finds in the kit's rows what must be found: by the rules as SQL, and the measures of whole returns."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from service.contract.model import PartName
from service.contract.values import Check, read_cell
from service.kit.content import content_of
from service.kit.expected import File, files_of
from service.kit.model import Example, Kit, Raw, Row, Rows, Stock, WholeReturn
from service.kit.read import load_kit, numbered
from service.returns.context import Context
from service.returns.findings import list_findings
from service.returns.model import AnyReturn, Open
from service.returns.upload import Mode, Upload
from service.returns.withdrawals import Word, answer_missing, list_missing
from service.storage.database import Database
from service.tally.count import Years
from tests.support.returns import LEAD, a_service, again, both_versions, explained, opened, published, sealed, sent

each_version = pytest.mark.parametrize("version", published().library.contracts)
NEWEST = tuple(published().library.contracts)[-1]
"""It has the examples of the versions before it as well."""
PARTS = (PartName.CASE, PartName.AGGREGATE, PartName.WORKFORCE)


@cache
def kit_of(version: str) -> Kit:
    return load_kit(published().library, published().scopes, version)


def rows_of(kit: Kit, part: PartName) -> Iterator[Row]:
    """The rows of a part's examples, as often as they stand there but for the biggest; without those of one medium,
    and those that are about other rows."""
    for example in kit.examples:
        content = example.content
        if example.part is not part or isinstance(content, Raw):
            continue
        is_plain = not (content.heading or example.before or example.compares)
        if is_plain and sum(row.times for row in content.rows) < 100:
            yield from content.rows


@each_version
async def test_all_rows_of_all_case_examples_are_judged_by_the_service_as_they_must_be(
    database: Database, version: str
) -> None:
    kit = kit_of(version)
    rows = tuple(rows_of(kit, PartName.CASE))
    assert len(rows) > 200
    example = Example(name="case/all", part=PartName.CASE, about="", content=Rows(rows=rows))
    (file,) = files_of(kit, example, endings=("csv",))
    context = both_versions(await a_service(database))
    item = await opened(context, contract_version=version)
    answer = await sent(context, item, file.content)
    assert await found_in(context, item, kit, file) == wanted_of(file)
    assert counts_of(answer) == (file.expected.received, file.expected.accepted, file.expected.held)
    now = await again(context, item)
    tally = file.expected.tallies[now.summary["scope"]]
    totals = now.summary["totals"]
    assert [totals[name] for name in ("in_scope", "undetermined", "out_of_scope")] == [
        *(tally.in_scope, tally.undetermined, tally.out_of_scope),
    ]


@each_version
async def test_examples_about_other_rows_are_found_as_they_must_be_in_a_return_of_their_own(
    database: Database, version: str
) -> None:
    kit = kit_of(version)
    examples = [example for example in kit.examples if example.compares or example.before]
    context = both_versions(await a_service(database))
    forces = [code.code for code in context.forces.codes][: len(examples)]
    for example, force in zip(examples, forces, strict=True):
        (file,) = files_of(kit, example, endings=("csv",))
        if file.previous is not None:
            earlier = await opened(context, force, "2026-01", contract_version=version)
            await sent(context, earlier, file.previous)
            await explained(context, earlier)
            await sealed(context, earlier)
        item = await opened(context, force, "2026-02", contract_version=version)
        if example.before:
            await sent(context, item, content_of(kit.contract.parts[example.part], values_of(example.before), "csv"))
        answer = await sent(context, item, file.content)
        assert await found_in(context, item, kit, file) == wanted_of(file), example.name
        assert counts_of(answer) == (file.expected.received, file.expected.accepted, file.expected.held), example.name


@pytest.mark.parametrize("part", [PartName.AGGREGATE, PartName.WORKFORCE])
async def test_all_rows_of_cells_and_teams_are_found_as_they_must_be(database: Database, part: PartName) -> None:
    kit = kit_of(NEWEST)
    context = both_versions(await a_service(database))
    item = await opened(context, contract_version=NEWEST)
    for rows in apart(kit, part):  # the part is replaced whole each time
        example = Example(name=f"{part}/all", part=part, about="", content=Rows(rows=rows))
        (file,) = files_of(kit, example, endings=("csv",))
        answer = await sent(context, item, file.content, part=part)
        assert await found_in(context, item, kit, file) == wanted_of(file)
        assert counts_of(answer) == (file.expected.received, file.expected.accepted, file.expected.held)


def apart(kit: Kit, part: PartName) -> list[tuple[Row, ...]]:
    """The rows of a part in few files, none twice, and none of which two would be the same cell; those that are about
    just that in files of their own."""
    twice = kit.contract.check[part, Check.DUPLICATE_CELL].id
    fields = [field for field in kit.contract.parts[part].fields if field.dimension or field.required]
    alone: list[tuple[Row, ...]] = []
    files: list[dict[str, Row]] = []
    for example in kit.examples:
        if example.part is not part or isinstance(example.content, Raw) or example.content.heading:
            continue
        if any(find.rule == twice for row in example.content.rows for find in row.finds):
            alone.append(example.content.rows)
            continue
        for row in example.content.rows:
            cell = repr([read_cell(field, row.values.get(field.name, "")).value for field in fields])
            for file in files:
                if file.setdefault(cell, row) == row:
                    break
            else:
                files.append({cell: row})
    return [*alone, *(tuple(file.values()) for file in files)]


@each_version
async def test_whole_returns_have_the_measures_and_findings_that_they_must_have(
    database: Database, version: str
) -> None:
    kit = kit_of(version)
    context = both_versions(await a_service(database))
    forces = [code.code for code in context.forces.codes][: len(kit.returns)]
    assert forces
    for whole, force in zip(kit.returns, forces, strict=True):  # each in the returns of a force of its own
        item = await whole_return(context, kit, whole, force)
        async with context.db.force(item.force) as tx:
            listed, _ = await list_findings(tx, kit.contract, item, limit=1000)
        shown = [found.document for found in listed if found.document["part"] == PartName.RETURN]
        came = [(found["rule"], found["field"]) for found in shown]
        assert came == [(find.rule, find.field) for find in whole.finds], whole.name
        measures = {name: None if pair is None else tuple(pair) for name, pair in item.summary["measures"].items()}
        assert measures == whole.measures, whole.name


async def found_in(context: Context, item: AnyReturn, kit: Kit, file: File) -> list[tuple[int, str, str | None]]:
    """What is found in the rows of a file, but by rules that are not asked of it."""
    now = await again(context, item)
    async with context.db.force(item.force) as tx:
        listed, _ = await list_findings(tx, kit.contract, now, limit=10_000)
    shown = [found.document for found in listed if found.document["part"] == file.example.part]
    asked = [found for found in shown if found["rule"] not in file.expected.not_asked]
    return sorted(((found["row"], found["rule"], found["field"]) for found in asked), key=str)


def wanted_of(file: File) -> list[tuple[int, str, str | None]]:
    return sorted(((found.row, found.rule, found.field or None) for found in file.expected.findings), key=str)


def counts_of(answer: Upload) -> tuple[int, int, int]:
    return answer.received, answer.accepted, answer.held


def values_of(rows: tuple[Row, ...]) -> list[dict[str, str]]:
    return [dict(row.values) for row in numbered(rows)]


async def whole_return(context: Context, kit: Kit, whole: WholeReturn, force: str) -> AnyReturn:
    """The return as it stands, on top of the sealed one before it."""
    if whole.before is not None:
        earlier = await filled(context, kit, whole.before, force, "2026-01")
        await explained(context, earlier)
        await sealed(context, earlier)
    return await filled(context, kit, whole.now, force, "2026-02")


async def filled(context: Context, kit: Kit, stock: Stock, force: str, period: str) -> AnyReturn:
    """An open return that holds this and nothing else."""
    listed = frozenset(int(year) for year in stock.years if year != "unknown")
    years = Years(listed=tuple(sorted(listed)), unknown="unknown" in stock.years) if stock.years else None
    item = await opened(context, force, period, contract_version=kit.contract.version, case_years=years)
    for part in PARTS:
        rows = stock.rows.get(part, ())
        if rows or part is PartName.CASE:
            content = content_of(kit.contract.parts[part], values_of(rows), "csv")
            await sent(context, item, content, part=part, mode=Mode.SNAPSHOT)
    now = await again(context, item)
    assert isinstance(now, Open)
    async with context.db.force(item.force) as tx:
        missing, _ = await list_missing(context, tx, now, "", 1000)
    if missing:
        words = [Word(case_id=case.case_id, answer="withdraw", reason="not_in_search", words=None) for case in missing]
        await answer_missing(context, LEAD, now, words, None)
    return await again(context, item)
