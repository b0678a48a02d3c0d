"""The service finds in the kit's rows what must be found: by the rules as SQL, and the measures of whole returns."""

from __future__ import annotations

from collections.abc import Iterator

from service.contract.model import PartName
from service.kit.content import content_of
from service.kit.expected import files_of
from service.kit.model import Example, Kit, Raw, Row, Rows, Stock, WholeReturn
from service.kit.read import load_kit, numbered
from service.returns.context import Context
from service.returns.findings import list_findings
from service.returns.model import AnyReturn, Open
from service.returns.upload import Mode
from service.returns.withdrawals import Word, answer_missing, list_missing
from service.storage.database import Database
from service.tally.count import Years
from tests.support.returns import LEAD, a_service, again, opened, published, sealed, sent

OLD = load_kit(published().library, published().scopes, "2025.1")


def rows_of(kit: Kit, part: PartName) -> Iterator[Row]:
    """The rows of a part's examples, as often as they stand there but for the biggest; without those of one medium."""
    for example in kit.examples:
        content = example.content
        is_plain = not isinstance(content, Raw) and not content.heading and not example.before
        if example.part is part and is_plain and sum(row.times for row in content.rows) < 100:  # type: ignore[union-attr]
            yield from content.rows  # type: ignore[union-attr]


async def test_all_rows_of_all_case_examples_are_judged_by_the_service_as_they_must_be(database: Database) -> None:
    rows = tuple(rows_of(OLD, PartName.CASE))
    assert len(rows) > 200
    example = Example(name="case/all", part=PartName.CASE, about="", content=Rows(rows=rows))
    (file,) = files_of(OLD, example, endings=("csv",))
    context = await a_service(database)
    item = await opened(context, contract_version="2025.1")
    answer = await sent(context, item, file.content)
    now = await again(context, item)
    async with context.db.force(item.force) as tx:
        listed, _ = await list_findings(tx, OLD.contract, now, limit=10_000)
    shown = [found.document for found in listed if found.document["part"] == PartName.CASE]
    came = [(found["row"], found["rule"], found["field"]) for found in shown]
    wanted = [(found.row, found.rule, found.field or None) for found in file.expected.findings]
    assert sorted(came, key=str) == sorted(wanted, key=str)
    assert (answer.received, answer.accepted, answer.held) == (
        *(file.expected.received, file.expected.accepted, file.expected.held),
    )
    tally = file.expected.tallies[now.summary["scope"]]
    totals = now.summary["totals"]
    assert [totals[name] for name in ("in_scope", "undetermined", "out_of_scope")] == [
        *(tally.in_scope, tally.undetermined, tally.out_of_scope),
    ]


async def test_whole_returns_have_the_measures_and_findings_that_they_must_have(database: Database) -> None:
    context = await a_service(database)
    forces = [code.code for code in context.forces.codes]
    assert OLD.returns
    for whole, force in zip(OLD.returns, forces, strict=False):  # each in the returns of a force of its own
        item = await whole_return(context, whole, force)
        async with context.db.force(item.force) as tx:
            listed, _ = await list_findings(tx, OLD.contract, item, limit=100)
        came = [(found.document["rule"], found.document["field"]) for found in listed]
        assert came == [(find.rule, find.field) for find in whole.finds], whole.name
        measures = {name: None if pair is None else tuple(pair) for name, pair in item.summary["measures"].items()}
        assert measures == whole.measures, whole.name


async def whole_return(context: Context, whole: WholeReturn, force: str) -> AnyReturn:
    """The return as it stands, on top of the sealed one before it."""
    if whole.before is not None:
        await sealed(context, await filled(context, whole.before, force, "2026-01"))
    return await filled(context, whole.now, force, "2026-02")


async def filled(context: Context, stock: Stock, force: str, period: str) -> AnyReturn:
    """An open return that holds this and nothing else."""
    listed = frozenset(int(year) for year in stock.years if year != "unknown")
    years = Years(listed=tuple(sorted(listed)), unknown="unknown" in stock.years) if stock.years else None
    item = await opened(context, force, period, contract_version="2025.1", case_years=years)
    for part in (PartName.CASE, PartName.AGGREGATE):
        rows = stock.rows.get(part, ())
        if rows or part is PartName.CASE:
            content = content_of(OLD.contract.parts[part], [row.values for row in numbered(rows)], "csv")
            await sent(context, item, content, part=part, mode=Mode.SNAPSHOT)
    now = await again(context, item)
    assert isinstance(now, Open)
    async with context.db.force(item.force) as tx:
        missing, _ = await list_missing(context, tx, now, "", 1000)
    if missing:
        words = [Word(case_id=case.case_id, answer="withdraw", reason="not_in_search", words=None) for case in missing]
        await answer_missing(context, LEAD, now, words, None)
    return await again(context, item)
