"""Sealed returns are judged again under an edition that is proposed later: all, once, or it is said which not."""

from __future__ import annotations

import asyncio
import re

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text

from service.returns.context import Context
from service.returns.model import Sealed
from service.returns.reconcile import reconcile
from service.returns.rejudge import judge_chain
from service.returns.rejudging import in_words, judge_remaining, progress, remaining
from service.returns.store import lock_line
from service.scope.store import Standing
from service.scope.switch import Waiting, switch_when_ready
from service.storage.database import Database
from tests.support.moves import flips_of, proposed, renamed, standing
from tests.support.postgres import TestDatabase
from tests.support.returns import a_case, a_service, reported
from tests.support.stock import assert_tallies_are_right, comparable, tallies_of

NAME = "2026-09-again"


@pytest_asyncio.fixture
async def context(database: Database) -> Context:
    """A service of its own for each test: an edition is everybody's."""
    return await a_service(database)


async def _again(context: Context) -> Standing:
    wide = await standing(context, "2025-11-wide")
    return await proposed(context, renamed(context, wide.edition, NAME))


def _case(number: int, suspects: int) -> dict[str, str]:
    return a_case(f"K/{number}", suspect_count=str(suspects), suspects_not_recorded=str(suspects))


async def _reported(context: Context, force: str, count: int = 2) -> list[Sealed]:
    cases = [_case(number, suspects=1 if number % 2 else 3) for number in range(1, 6)]
    found = []
    for number in range(count):
        cases[0] = _case(1, suspects=number + 2)
        found.append(await reported(context, force, f"2025-{11 + number}", cases))
    return found


async def test_what_was_sealed_before_is_judged_under_an_edition_that_is_proposed_later(context: Context) -> None:
    kent, essex = await _reported(context, "kent"), await _reported(context, "essex", count=1)
    edition = await _again(context)
    assert [(unit.force, unit.returns) for unit in await remaining(context)] == [
        (kent[0].force, 2),
        (essex[0].force, 1),
    ]
    assert await judge_remaining(context) == 3
    assert await remaining(context) == []
    for item in (*kent, *essex):
        await assert_tallies_are_right(context, item, under=3)
    found = await progress(context, edition.id)
    assert (found.returns, found.judged, found.chains, found.chains_left) == (3, 3, 2, 0)
    assert (found.problems, found.seconds_left) == ((), None)


async def test_how_fast_it_goes_is_told_as_long_as_anything_is_left(context: Context) -> None:
    (kent,), _ = await _reported(context, "kent", count=1), await _reported(context, "essex", count=1)
    edition = await _again(context)
    before = await progress(context, edition.id)
    await judge_chain(context, kent.force, edition)
    half = await progress(context, edition.id)
    assert in_words(before) == (
        "0 of 2 returns are judged, and 2 forces are not done yet. None was judged in the last 5 minutes."
    )
    assert re.fullmatch(
        r"1 of 2 returns are judged, and 1 force is not done yet\. \d+ a minute lately: .* more\.", in_words(half)
    )
    await judge_remaining(context)
    after = await progress(context, edition.id)
    assert (before.per_minute, after.per_minute) == (None, None)
    assert (half.chains_left, half.per_minute is None, half.seconds_left is None) == (1, False, False)


async def test_workers_that_run_at_the_same_time_share_the_work_and_do_none_of_it_twice(context: Context) -> None:
    items = [(await _reported(context, force))[-1] for force in ("kent", "essex", "surrey")]
    await _again(context)
    done = await asyncio.gather(judge_remaining(context, 2), judge_remaining(context, 2))
    assert sum(done) <= 6
    await judge_remaining(context)
    assert await remaining(context) == []
    for item in items:
        tallies = await tallies_of(context, item)
        assert comparable(tallies[NAME]) == comparable(tallies["2025-11-wide"])


async def test_a_return_that_is_sealed_meanwhile_is_tallied_under_both(context: Context) -> None:
    await _reported(context, "kent", count=1)
    await _again(context)
    done = await reported(context, "kent", "2025-12", [a_case("K/9")])
    assert set(await tallies_of(context, done)) == {"2025-11-wide", "2026-02-referral", NAME}
    assert [unit.returns for unit in await remaining(context)] == [1]


async def test_a_chain_that_cannot_be_judged_is_reported_and_holds_the_switch(context: Context) -> None:
    (bad,) = await _reported(context, "kent", count=1)
    (good,) = await _reported(context, "essex", count=1)
    edition = await _again(context)
    async with context.db.force(bad.force) as tx:
        await tx.execute(text("update case_version set nfa_date_lo = 'infinity', nfa_date_hi = 'infinity'"))
    assert await judge_remaining(context) == 1
    found = await progress(context, edition.id)
    assert [(each.force, each.says) for each in found.problems] == [(bad.force, "It failed (DBAPIError).")]
    assert NAME in await tallies_of(context, good)
    waiting = await switch_when_ready(context.db, NAME, "tests", context.now())
    assert isinstance(waiting, Waiting)
    assert "The returns of 1 force cannot be judged under it." in waiting.reasons


async def test_what_could_not_be_judged_is_judged_once_it_can_be_and_forgotten_as_a_problem(context: Context) -> None:
    (bad,) = await _reported(context, "kent", count=1)
    edition = await _again(context)
    async with context.db.force(bad.force) as tx:
        await tx.execute(text("update case_version set nfa_date_lo = 'infinity', nfa_date_hi = 'infinity'"))
    await judge_remaining(context)
    async with context.db.force(bad.force) as tx:
        await tx.execute(text("update case_version set nfa_date_lo = '2014-03-01', nfa_date_hi = '2014-03-31'"))
        await tx.execute(text("update judging_problem set at = at - interval '1 hour'"))
    assert await judge_remaining(context) == 1
    assert (await progress(context, edition.id)).problems == ()


async def test_a_chain_is_left_alone_while_its_force_seals(context: Context) -> None:
    (item,) = await _reported(context, "kent", count=1)
    edition = await _again(context)
    async with context.db.force(item.force) as tx:
        await lock_line(tx, item.force)
        assert await judge_chain(context, item.force, edition) is None
    assert await judge_chain(context, item.force, edition) == 1


async def test_a_tally_of_an_earlier_release_gets_its_moves(context: Context) -> None:
    (item,) = await _reported(context, "kent", count=1)
    wide = await standing(context, "2025-11-wide")
    async with context.db.force(item.force) as tx:
        await tx.execute(text("update tally set has_moves = false where edition = :id"), {"id": wide.id})
    assert [(unit.standing.id, unit.returns) for unit in await remaining(context)] == [(wide.id, 1)]
    assert await judge_remaining(context) == 1
    assert await remaining(context) == []


@pytest.mark.parametrize(
    ("what", "change"),
    [
        (
            "tally",
            "update tally_margin set weights[1] = weights[1] + 1 where (force, return_id, edition) = ($1, $2, $3)",
        ),
        ("transitions", "insert into transition values ($1, $2, $3, 'corrected', 0, 1, 0, 2, 1)"),
        ("flips", "insert into flip values ($1, $2, 1, $3, 0, 0, 1)"),
        (
            "shared",
            "insert into shared_version (force, edition, case_id, line_from, line_to, shared_ref, ruling) "
            "select $1, $3, gen_random_uuid(), line, line + 1, '46/K/1', 0 from case_return where id = $2",
        ),
    ],
)
async def test_a_stored_figure_that_is_not_what_the_cases_say_is_found(
    context: Context, test_database: TestDatabase, what: str, change: str
) -> None:
    items = await _reported(context, "kent")
    referral = await standing(context, "2026-02-referral")
    before = await reconcile(context)
    assert (before.returns, before.not_judged, before.mismatches) == (2, 0, ())
    await _planted(test_database, change, items[1], referral)
    after = await reconcile(context)
    found = [what, "moves"] if what in ("tally", "transitions") else [what]
    assert [(each.return_id, each.edition, each.what) for each in after.mismatches] == [
        (items[1].id, "2026-02-referral", each) for each in found
    ]
    assert after.digest == before.digest


async def _planted(database: TestDatabase, change: str, item: Sealed, under: Standing) -> None:
    """A wrong figure, by somebody who may do what the service may not."""
    admin = await asyncpg.connect(database.urls.admin)
    try:
        await admin.execute(change, item.force, item.id, under.id)
    finally:
        await admin.close()


async def test_what_is_not_judged_yet_is_counted_and_is_no_mismatch(context: Context) -> None:
    await _reported(context, "kent")
    await _again(context)
    done = await reconcile(context)
    assert (done.not_judged, done.mismatches) == (2, ())


async def test_flips_say_what_an_edition_does_to_each_ruling(context: Context) -> None:
    (item,) = await _reported(context, "kent", count=1)
    wide = await standing(context, "2025-11-wide")
    rules = [{"id": r.id, "title": r.title, "guidance": r.guidance, "when": r.when} for r in wide.edition.rules]
    narrower = [{**rule, "when": "suspect_count >= 3"} if rule["id"] == "suspects" else rule for rule in rules]
    edition = await proposed(context, renamed(context, wide.edition, NAME, rules=narrower))
    await judge_remaining(context)
    suspects = wide.edition.rule_ids.index("suspects")
    out = -(suspects + 1)
    assert sorted(await flips_of(context, item.force, item.id, edition.id)) == [(out, out, 2), (0, out, 1), (0, 0, 2)]
