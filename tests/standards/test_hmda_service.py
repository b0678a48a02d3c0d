"""The same standard through the service itself: its own columns, checks, seal and picture in PostgreSQL."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from sqlalchemy import text

from service.contract.model import PartName
from service.errors import NotFound
from service.migrations.migrate import migrate
from service.picture.answer import answer
from service.picture.export import as_document
from service.picture.question import question
from service.picture.simulate.answer import Asked, simulate
from service.picture.simulate.export import as_document as simulated
from service.returns.context import Context, context_of
from service.returns.model import Sealed
from service.returns.offline import validate
from service.storage.database import Database
from service.terms.adopt import adopt
from service.terms.check import load_published
from tests.support.hmda import BROKEN, CLEAN, FOLDER, written
from tests.support.postgres import Server
from tests.support.returns import LEAD, TestClock, explained, opened, sealed, sent
from tests.support.stock import tallies_of

PUBLISHED = load_published(FOLDER)
SCOPE = "2018-home-purchase"


@pytest_asyncio.fixture(scope="module")
async def context(server: Server) -> AsyncIterator[Context]:
    """A service over a database that was made for this standard alone."""
    name = f"hmda_{secrets.token_hex(4)}"
    await server.create(name)
    urls = server.at(name)
    await migrate(urls.owner, urls.service, PUBLISHED.library)
    database = await Database.connect(urls.service, owner_url=urls.owner)
    clock = TestClock(datetime(2019, 3, 4, 9, 0, tzinfo=UTC))
    terms = PUBLISHED.terms["2018"]
    await adopt(database, PUBLISHED, terms, clock())
    yield context_of(database, PUBLISHED, terms, clock)
    await database.close()
    await server.drop(name)


@pytest_asyncio.fixture(scope="module")
async def register(context: Context) -> Sealed:
    """A register of the first bank, sealed."""
    item = await opened(context, "first-example-bank", "2019-01")
    await sent(context, item, written(CLEAN, "text/csv"))
    await explained(context, item)
    return await sealed(context, item)


async def test_the_service_finds_what_the_validator_finds_where_the_file_is(context: Context) -> None:
    rows = []
    for place, broken in enumerate(BROKEN):
        row = CLEAN[broken["row"] - 1] | {"uli": f"10BX939C5543TQA1144M999{place:06}"} | broken["cells"]
        rows.append(row)
    content = written(rows, "text/csv")
    item = await opened(context, "second-example-bank", "2019-01")
    await sent(context, item, content)
    async with context.db.force(item.force) as tx:
        found = await tx.execute(text("select row, rule, field from finding where return_id = :id"), {"id": item.id})
        online = Counter((row.row, row.rule, row.field) for row in found)
    contract = context.library.contracts["2018"]
    report = validate(content, contract, contract.parts[PartName.CASE], "text/csv")
    assert online == Counter((finding.row, finding.rule, finding.field) for finding in report.findings)
    assert {rule for _, rule, _ in online} >= {broken["edit"] for broken in BROKEN}


async def test_a_register_is_sealed_counted_and_seen_in_the_picture(context: Context, register: Sealed) -> None:
    totals = (await tallies_of(context, register))[SCOPE].totals()
    assert (totals.in_scope, totals.undetermined, totals.out_of_scope) == (2, 0, 6)
    async with context.db.national() as tx:
        seen = await answer(tx, PUBLISHED, question([("by", "action_taken")], context.now()), context.now())
    picture = as_document(seen)
    assert list(seen.words.offered) == ["force", "action_taken", "action_taken_year"]
    assert (picture.totals.in_scope, picture.totals.out_of_scope) == (2, 6)
    assert {cell["action_taken"]: cell["in_scope"] for cell in picture.cells if cell["in_scope"]} == {"1": 2}
    assert sum(cell["out_of_scope"] for cell in picture.cells) == 6


@pytest.mark.usefixtures("register")
async def test_its_scope_is_simulated_though_it_has_no_cells_no_settings_and_no_officers(context: Context) -> None:
    asked = Asked(edition=SCOPE, rules_off=(PUBLISHED.scopes[SCOPE].rule_ids[0],))
    found = await simulate(context, LEAD, asked)
    told = simulated(found.simulation, found.before, found.after)
    assert (told.before.in_scope, told.before.out_of_scope) == (2, 6)
    assert [each.by for each in told.breakdowns] == ["force", "action_taken", "action_taken_year"]
    assert sum(flip.cases for flip in told.flips) == told.after.in_scope - 2
    assert [cost.why_not for cost in told.cost] == ["The standard does not say by which fields a pace is measured."]


async def test_the_next_filing_starts_from_the_last_and_what_changed_is_counted(context: Context) -> None:
    item = await opened(context, "first-example-bank", "2019-02")
    await sent(context, item, written([CLEAN[0] | {"occupancy_type": "3"}], "text/csv"))
    await explained(context, item)
    receipt = await sealed(context, item)
    totals = (await tallies_of(context, receipt))[SCOPE].totals()
    assert (totals.in_scope, totals.undetermined, totals.out_of_scope) == (1, 0, 7)


async def test_a_part_that_the_standard_does_not_have_is_refused_with_those_that_it_has(context: Context) -> None:
    item = await opened(context, "first-example-bank", "2019-03")
    with pytest.raises(NotFound, match="has no part workforce"):
        await sent(context, item, b"team,phase\na,b\n", part=PartName.WORKFORCE)
