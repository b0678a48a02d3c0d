"""What a bridge says of returns, corrections and editions that moved the national figure."""

from __future__ import annotations

import pytest_asyncio

from service.picture.bridge_export import sentence
from service.picture.waterfall import bars, waterfall
from service.returns.context import Context
from service.returns.lifecycle import withdraw_return
from service.returns.model import Sealed
from service.returns.rejudging import judge_remaining
from service.storage.database import Database
from service.storage.position import latest
from service.tally.moves import Cause
from tests.support.bridges import bridge_between, told_between
from tests.support.moves import proposed, renamed, standing
from tests.support.returns import LEAD, a_case, a_service, reported

WIDE, OTHER = "2025-11-wide", "2026-09-other"


@pytest_asyncio.fixture
async def context(database: Database) -> Context:
    """A service of its own for each test."""
    return await a_service(database)


def _case(number: int, suspects: str = "3", **more: str) -> dict[str, str]:
    return a_case(f"K/{number}", suspect_count=suspects, suspects_not_recorded=suspects, **more)


async def _now(context: Context) -> int:
    async with context.db.national() as tx:
        return (await latest(tx)).position


async def _parts(context: Context, before: int, after: int, *scopes: str) -> list[tuple[str, str | None, int, int]]:
    scopes = scopes or (WIDE, WIDE)
    found = await bridge_between(context, (before, scopes[0]), (after, scopes[1]))
    return [(part.cause.value, part.rule, part.delta.in_scope, part.delta.most) for part in found.parts]


async def _first(context: Context, force: str = "kent") -> Sealed:
    return await reported(
        context, force, "2025-11", [_case(1), _case(2), _case(3, suspects="1"), _case(4, suspects="")]
    )


async def test_the_first_return_of_a_force_is_coverage(context: Context) -> None:
    start = await _now(context)
    done = await _first(context)
    assert await _parts(context, start, done.sealed_position) == [("coverage", None, 2, 3)]


async def test_what_a_force_sends_is_put_down_to_what_became_of_each_case(context: Context) -> None:
    first = await _first(context)
    second = await reported(
        context,
        "kent",
        "2025-12",
        [_case(1, suspects="1"), _case(4, suspects="2"), _case(5), _case(2, stage="assessed")],
    )
    assert await _parts(context, first.sealed_position, second.sealed_position) == [
        (Cause.NEWLY_IDENTIFIED.value, None, 1, 1),
        (Cause.SETTLED.value, None, 1, 0),
        (Cause.CORRECTED.value, "suspects", -1, -1),
    ]


async def test_a_return_that_is_withdrawn_takes_its_coverage_with_it(context: Context) -> None:
    first = await _first(context)
    second = await reported(context, "kent", "2025-12", [_case(5), _case(6)])
    await withdraw_return(context, LEAD, second.force, second.id, "Taken back.")
    now = await _now(context)
    assert await _parts(context, second.sealed_position, now) == [("coverage", None, -2, -2)]
    assert await _parts(context, first.sealed_position, now) == []
    await withdraw_return(context, LEAD, first.force, first.id, "Taken back.")
    assert await _parts(context, first.sealed_position, await _now(context)) == [("coverage", None, -2, -3)]


async def test_an_edition_with_another_rule_moves_the_figure_by_that_rule(context: Context) -> None:
    first = await _first(context)
    wide = await standing(context, WIDE)
    rules = [{"id": r.id, "title": r.title, "guidance": r.guidance, "when": r.when} for r in wide.edition.rules]
    tighter = [{**rule, "when": "suspect_count >= 4"} if rule["id"] == "suspects" else rule for rule in rules]
    await proposed(context, renamed(context, wide.edition, OTHER, rules=tighter))
    await judge_remaining(context)
    at = first.sealed_position
    assert await _parts(context, at, at, WIDE, OTHER) == [("scope", "suspects", -2, -2)]
    assert await _parts(context, at, at, OTHER, WIDE) == [("scope", "suspects", 2, 2)]


async def test_the_picture_has_a_bar_for_each_rule_and_one_for_what_became_undetermined(context: Context) -> None:
    sent = await reported(
        context, "kent", "2025-11", [_case(1), _case(2), _case(3, victim_count="2", victims_not_recorded="2")]
    )
    at = sent.sealed_position
    told = await told_between(context, (at, WIDE), (at, "2026-02-referral"))
    assert [(bar.label, bar.number) for bar in bars(told)] == [
        ("Opening", "3"),
        ("The definition changed: More than one victim", "\N{MINUS SIGN}2"),
        ("The definition changed: in or out of undetermined", "\N{MINUS SIGN}1"),
        ("Closing", "0"),
    ]


async def test_the_way_between_two_proposals_is_over_the_edition_that_both_follow(context: Context) -> None:
    first = await _first(context)
    wide = await standing(context, WIDE)
    await proposed(context, renamed(context, wide.edition, OTHER))
    await judge_remaining(context)
    at = first.sealed_position
    there = await _parts(context, at, at, WIDE, "2026-02-referral")
    assert there
    assert await _parts(context, at, at, OTHER, "2026-02-referral") == there


async def test_an_edition_is_reached_together_with_what_was_sent_meanwhile(context: Context) -> None:
    first = await _first(context)
    second = await reported(context, "kent", "2025-12", [_case(5, suspects="5"), _case(6)])
    await reported(context, "essex", "2025-11", [_case(1, suspects="5")])
    wide = await standing(context, WIDE)
    rules = [{"id": r.id, "title": r.title, "guidance": r.guidance, "when": r.when} for r in wide.edition.rules]
    tighter = [{**rule, "when": "suspect_count >= 4"} if rule["id"] == "suspects" else rule for rule in rules]
    await proposed(context, renamed(context, wide.edition, OTHER, rules=tighter))
    await judge_remaining(context)
    assert second.sealed_position > first.sealed_position
    found = await bridge_between(context, (first.sealed_position, WIDE), (await _now(context), OTHER))
    assert [part.cause.value for part in found.parts] == ["scope", "coverage", "newly_identified"]
    assert found.forces[first.force].closing.in_scope == 1


async def test_the_sentence_says_how_many_it_may_be_at_most(context: Context) -> None:
    first = await reported(context, "kent", "2025-11", [_case(1, suspects="5")])
    second = await reported(context, "kent", "2025-12", [_case(2, suspects="1+"), _case(3, suspects="4")])
    found = await bridge_between(context, (first.sealed_position, WIDE), (second.sealed_position, WIDE))
    assert sentence(found) == (
        "The national figure rose from 1 to 2 because new cases were identified (+1). "
        "With what is undetermined it may be as many as 3, after 1."
    )
    again = await bridge_between(context, (second.sealed_position, WIDE), (second.sealed_position, WIDE))
    assert sentence(again) == (
        "The national figure stands at 2 at both points. With what is undetermined it may be as many as 3, at both "
        "points."
    )


async def test_where_only_the_most_moved_the_sentence_says_why_and_the_picture_shows_it(context: Context) -> None:
    first = await reported(context, "kent", "2025-11", [_case(1, suspects="1+")])
    second = await reported(context, "kent", "2025-12", [_case(2, suspects="1+"), _case(3, suspects="1+")])
    told = await told_between(context, (first.sealed_position, WIDE), (second.sealed_position, WIDE))
    assert sentence(told.bridge) == (
        "The national figure stands at 0 at both points. With what is undetermined it may be as many as 3, after 1, "
        "because new cases were identified (+2)."
    )
    assert [(bar.label, bar.low, bar.high) for bar in bars(told)] == [
        ("Opening, at most", 0, 1),
        ("New cases were identified", 1, 3),
        ("Closing, at most", 0, 3),
    ]
    drawn = waterfall(told)
    assert f"From change {first.sealed_position} (3 March 2026) under {WIDE} to change " in drawn
    assert ">Closing, at most<" in drawn
