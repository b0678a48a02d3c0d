"""A return from its opening to its seal, through the capability and real PostgreSQL."""

from __future__ import annotations

from service.storage.database import Database
from service.tally.store import load_tally
from tests.support.returns import a_case, a_service, again, explained, opened, sealed, sent


async def test_an_uploaded_case_is_sealed_and_counted(database: Database) -> None:
    context = await a_service(database)
    item = await opened(context)
    answer = await sent(context, item, [a_case("K/1"), a_case("K/2", suspect_count="1", suspects_not_recorded="1")])
    assert (answer.received, answer.accepted, answer.new, answer.held) == (2, 2, 2, 0)
    await explained(context, item)
    done = await sealed(context, item)
    async with context.db.force(item.force) as tx:
        tally = await load_tally(tx, force=item.force, return_id=item.id, edition=1)
    assert tally is not None
    assert (tally.totals().in_scope, tally.totals().out_of_scope) == (1, 1)
    assert done.receipt["counts"]["cases"] == 2
    assert (await again(context, item)).summary["totals"]["in_scope"] == 1


async def test_a_new_case_without_a_required_column_is_held(database: Database) -> None:
    context = await a_service(database)
    item = await opened(context)
    row = a_case("K/1")
    del row["stage"]
    answer = await sent(context, item, [row])
    assert (answer.accepted, answer.held, answer.findings["validity"]) == (0, 1, 1)


async def test_a_known_case_may_be_changed_without_the_required_columns(database: Database) -> None:
    context = await a_service(database)
    item = await opened(context)
    await sent(context, item, [a_case("K/1")])
    answer = await sent(context, item, [{"case_ref": "K/1", "priority": "rape"}])
    assert (answer.changed, answer.held) == (1, 0)
