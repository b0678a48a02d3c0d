"""A superseded edition is tallied at each seal until the end of the day that it names, and not a day longer."""

from __future__ import annotations

from datetime import date

import pytest
import pytest_asyncio
from sqlalchemy import text

from service.contract.written import YAML
from service.errors import Conflict, Invalid, NotFound
from service.migrations.scripts import script_of
from service.picture.answer import answer
from service.picture.question import Question
from service.returns.context import Context
from service.returns.model import Sealed
from service.returns.reconcile import reconcile
from service.returns.rejudging import judge_remaining, progress, remaining
from service.returns.tallies import tally_of_return
from service.scope.draft import read_draft
from service.scope.drafts import Stored, stored_by_name
from service.scope.lifecycle import draft, propose, rewrite
from service.storage.database import Database
from tests.support.bridges import bridge_between, picture_totals, published_of, sum_of
from tests.support.drafts import DRAFT
from tests.support.moves import renamed, standing
from tests.support.notices import NCA
from tests.support.returns import a_case, a_service, reported
from tests.support.stock import assert_tallies_are_right, tallies_of
from tests.support.superseded import BEFORE, NOW, WIDE, at, superseded

UNTIL = "2026-03-31"
LAST = "2026-03-31T22:59:59"
"""In London it is summer: the last second of the day."""
AFTER = "2026-03-31T23:00:00"


@pytest_asyncio.fixture
async def context(database: Database) -> Context:
    """A service of its own for each test."""
    return await a_service(database)


async def _sealed(context: Context, force: str, period: str, *suspects: str) -> Sealed:
    cases = [
        a_case(f"K/{number}", suspect_count=each, suspects_not_recorded=each) for number, each in enumerate(suspects)
    ]
    return await reported(context, force, period, cases)


async def test_what_is_sealed_until_the_end_of_the_day_in_london_is_tallied(context: Context) -> None:
    await superseded(context, UNTIL)
    at(context, LAST)
    done = await _sealed(context, "kent", "2025-11", "3")
    assert set(await tallies_of(context, done)) == {BEFORE, NOW, "2026-02-referral"}
    await assert_tallies_are_right(context, done, under=3)
    assert BEFORE in [each["scope"]["edition"] for each in done.receipt["tallies"]]


async def test_what_is_sealed_after_it_is_not(context: Context) -> None:
    await superseded(context, UNTIL)
    at(context, AFTER)
    done = await _sealed(context, "kent", "2025-11", "3")
    assert BEFORE not in await tallies_of(context, done)
    with pytest.raises(NotFound, match=f"no tally under {BEFORE}") as raised:
        await tally_of_return(context, done, BEFORE)
    assert raised.value.do == "The edition is not tallied any more; ask under one that is."


async def test_an_edition_that_names_no_day_is_tallied_no_more_once_it_is_superseded(context: Context) -> None:
    found = await superseded(context, None)
    assert found.tallied_until is None
    assert BEFORE not in await tallies_of(context, await _sealed(context, "kent", "2025-11", "3"))


async def test_the_day_that_it_is_sealed_counts_where_a_clock_steps_back(context: Context) -> None:
    await superseded(context, UNTIL)
    at(context, AFTER)
    await _sealed(context, "essex", "2025-11", "3")
    at(context, LAST)
    done = await _sealed(context, "kent", "2025-11", "3")
    assert done.sealed_at.isoformat() == f"{AFTER}+00:00"
    assert BEFORE not in await tallies_of(context, done)
    assert await remaining(context) == []


async def test_figures_reconcile_on_either_side_of_the_day(context: Context) -> None:
    await superseded(context, UNTIL)
    at(context, LAST)
    await _sealed(context, "kent", "2025-11", "3", "1", "")
    editions = (NOW, WIDE, "2026-02-referral", BEFORE)
    assert (await reconcile(context)).editions == editions
    at(context, AFTER)
    await _sealed(context, "kent", "2025-12", "2", "3", "")
    now = await reconcile(context)
    # the wide one names no day: neither return has a tally under it
    assert (now.editions, now.returns, now.not_judged, now.not_tallied) == (editions, 2, 0, 3)
    named = await reconcile(context, BEFORE)
    assert (named.not_judged, named.not_tallied, named.mismatches, now.mismatches) == (0, 1, (), ())


async def test_a_wrong_figure_under_an_edition_that_is_not_tallied_any_more_is_found(context: Context) -> None:
    found = await superseded(context, UNTIL)
    at(context, LAST)
    done = await _sealed(context, "kent", "2025-11", "3", "1")
    at(context, AFTER)
    async with context.db.force(done.force) as tx:
        more = text("insert into tally_margin values (:force, :id, :edition, 9, '{0}', '{null}', '{1}')")
        await tx.execute(more, {"force": done.force, "id": done.id, "edition": found.id})
    (wrong,) = (await reconcile(context)).mismatches
    assert (wrong.return_id, wrong.edition, wrong.what) == (done.id, BEFORE, "tally")


async def test_a_bridge_leads_from_it_before_the_day_to_its_successor_after(context: Context) -> None:
    await superseded(context, UNTIL)
    at(context, LAST)
    first = await _sealed(context, "kent", "2025-11", "3", "1", "")
    at(context, AFTER)
    second = await _sealed(context, "kent", "2025-12", "3", "3", "", "5")
    begin, end = (first.sealed_position, BEFORE), (second.sealed_position, NOW)
    found = await bridge_between(context, begin, end)
    moved = sum_of(found)
    before, now = [await picture_totals(context, *point) for point in (begin, end)]
    assert (before.in_scope + moved.in_scope, before.most + moved.most) == (now.in_scope, now.most)
    with pytest.raises(Conflict, match=f"1 return has no tally under {BEFORE}, which is not tallied any more") as said:
        await bridge_between(context, begin, (second.sealed_position, BEFORE))
    assert said.value.code == "not-tallied-any-more"


async def test_what_remains_under_it_is_judged_until_the_day_and_not_after(context: Context) -> None:
    found = await superseded(context, UNTIL)
    at(context, LAST)
    done = await _sealed(context, "kent", "2025-11", "3")
    async with context.db.force(done.force) as tx:
        await tx.execute(text("update tally set has_moves = false where edition = :edition"), {"edition": found.id})
    assert [(unit.standing.edition.name, unit.returns) for unit in await remaining(context)] == [(BEFORE, 1)]
    waits = await progress(context, found.id)
    assert (waits.judged, waits.chains_left, waits.not_tallied) == (0, 1, 0)
    at(context, AFTER)
    assert await remaining(context) == []
    ended = await progress(context, found.id)
    assert (ended.judged, ended.chains_left, ended.not_tallied, ended.seconds_left) == (0, 0, 1, None)
    at(context, LAST)
    assert await judge_remaining(context) == 1
    await assert_tallies_are_right(context, done, under=3)


async def test_a_picture_under_it_says_that_what_was_sealed_since_stays_undetermined(context: Context) -> None:
    await superseded(context, UNTIL)
    at(context, LAST)
    await _sealed(context, "essex", "2025-11", "3", "3")
    at(context, AFTER)
    await _sealed(context, "kent", "2025-11", "3")
    async with context.db.national() as tx:
        found = await answer(tx, published_of(context), Question(scope=BEFORE), context.now())
    assert (found.tallied, str(found.tallied_until)) == (False, UNTIL)
    assert found.picture.coverage.not_judged == (context.force_number("kent"),)
    totals = found.picture.totals
    assert (totals.least, totals.undetermined, totals.most) == (2, 1, 3)


async def test_nothing_is_waited_for_under_an_edition_that_is_not_tallied_any_more(context: Context) -> None:
    found = await superseded(context, UNTIL)
    at(context, AFTER)
    await _sealed(context, "kent", "2025-11", "3")
    again = await standing(context, BEFORE)
    assert (again.state, again.tallied_until) == (found.state, found.tallied_until)
    assert (await progress(context, again.id)).chains_left == 0
    assert await judge_remaining(context) == 0


async def test_what_an_edition_says_of_itself_is_kept_when_it_is_stored_written_anew_and_proposed(
    context: Context,
) -> None:
    said = f"tallied_until: {UNTIL}\n"
    drafted = await _drafted(context, DRAFT + said)
    assert (str(drafted.tallied_until), drafted.document["tallied_until"]) == (UNTIL, UNTIL)
    without = read_draft(DRAFT.encode(), YAML, context.library)
    written = await rewrite(context.db, NCA, drafted.name, without, [drafted.etag], context.now())
    assert (written.tallied_until, "tallied_until" in written.document) == (None, False)
    assert written.hash != drafted.hash
    with_it = read_draft((DRAFT + said).encode(), YAML, context.library)
    back = await rewrite(context.db, NCA, drafted.name, with_it, [written.etag], context.now())
    made = await propose(context.db, context.editions, NCA, back.name, [back.etag], None, context.now())
    assert (str(made.tallied_until), made.hash) == (UNTIL, drafted.hash)


async def _drafted(context: Context, content: str) -> Stored:
    written = read_draft(content.encode(), YAML, context.library)
    return await draft(context.db, context.editions, NCA, written, context.now())


@pytest.mark.parametrize(("until", "effective"), [("2026-03-02", None), ("2026-03-31", "2026-04-01")])
async def test_a_day_that_is_over_before_it_can_be_in_force_is_not_proposed(
    context: Context, until: str, effective: str | None
) -> None:
    drafted = await _drafted(context, f"{DRAFT}tallied_until: {until}\n")
    day = None if effective is None else date.fromisoformat(effective)
    with pytest.raises(Invalid, match="by then it is not in force") as raised:
        await propose(context.db, context.editions, NCA, drafted.name, [drafted.etag], day, context.now())
    assert raised.value.code == "tallied-until-passed"
    async with context.db.national() as tx:
        kept = await stored_by_name(tx, drafted.name)
    assert kept is not None
    assert kept.state == "draft"


async def test_the_day_of_a_published_edition_is_taken_in_with_it(context: Context) -> None:
    wide = await standing(context, WIDE)
    made = renamed(context, wide.edition, "2026-08-published", tallied_until=UNTIL)
    assert str(made.tallied_until) == UNTIL
    assert made.hash != renamed(context, wide.edition, "2026-08-published").hash


async def test_what_a_draft_said_before_it_meant_anything_is_taken_out(context: Context) -> None:
    drafted = await _drafted(context, DRAFT)
    async with context.db.owner() as tx:
        await tx.execute(text('update scope_edition set document = document || \'{"tallied_until": "soon"}\''))
        for statement in script_of("fifth", "scope.sql").split(";\n"):
            await tx.execute(text(statement))
        rows = await tx.execute(text("select name, version, document ? 'tallied_until' as says from scope_edition"))
        found = {row.name: (row.version, row.says) for row in rows}
    assert found == {drafted.name: (2, False), WIDE: (1, False), "2026-02-referral": (1, False)}
