"""The last three states of a draft can be brought back, each exactly as it was (semantics 16)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import text

from service.contract.model import PartName
from service.errors import Conflict, Invalid, NotFound, PreconditionFailed
from service.register.columns import stored_types
from service.returns.asked import returns_now
from service.returns.context import Context
from service.returns.held import set_aside
from service.returns.lifecycle import Opening, open_return, withdraw_return
from service.returns.model import AnyReturn, Open, etag_of
from service.returns.states import KEPT, Restored, State, list_states, restore_state
from service.returns.upload import Mode
from tests.support.notices import a_notice, in_force
from tests.support.returns import (
    LEAD,
    a_case,
    a_case_of_2026,
    again,
    both_versions,
    explained,
    opened,
    reported,
    sealed,
    sent,
)
from tests.support.stock import (
    answers_to,
    assert_tallies_are_right,
    blocks,
    case_of,
    cases_of,
    counts_of,
    missing_in,
    told,
    word_on,
    years,
)

_TABLES = {
    "draft_case": (PartName.CASE, "case_id, contract_version, source_row, digest, empties"),
    "draft_withdrawal": (None, "case_id, source, answer, reason, words"),
    "held_row": (None, "n, part, row, key, text, set_aside, set_aside_words, set_aside_by, freed_by"),
    "finding": (None, "part, row, rule, severity, field, value, key, case_id, held_n, bound, notice"),
    "aggregate_cell": (PartName.AGGREGATE, "n, digest, empties"),
    "workforce_row": (PartName.WORKFORCE, "n, digest, empties"),
}
_DECLARED = "contract_version, case_years, case_year_unknown, base_id, compared_line, own_aggregates, own_workforce"


async def draft_of(context: Context, item: AnyReturn) -> dict[str, Any]:
    """Everything that a draft is, as the database has it."""
    found: dict[str, Any] = {}
    async with context.db.force(item.force) as tx:
        for table, (part, columns) in _TABLES.items():
            typed = "".join(f", {name}" for name in (stored_types(context.library, part) if part else ()))
            rows = await tx.execute(
                text(f"select {columns}{typed} from {table} where return_id = :id"), {"id": item.id}
            )
            found[table] = sorted(str(tuple(row)) for row in rows)
        declared = text(f"select {_DECLARED}, judged_by, summary from case_return where id = :id")
        found["return"] = str(tuple((await tx.execute(declared, {"id": item.id})).one()))
    return found


async def states_of(context: Context, item: AnyReturn) -> list[State]:
    """The states of the return, newest first."""
    now = await again(context, item)
    assert isinstance(now, Open)
    async with context.db.force(item.force) as tx:
        return list(await list_states(tx, now))


async def brought_back(context: Context, item: AnyReturn, n: int) -> Open:
    """The return after one of its states was brought back."""
    now = await again(context, item)
    assert isinstance(now, Open)
    return (await restored(context, now, n)).item


async def restored(context: Context, item: AnyReturn, n: int) -> Restored:
    """The same, with what it did to the contract version."""
    now = await again(context, item)
    assert isinstance(now, Open)
    return await restore_state(context, LEAD, now, n, etag_of(now))


async def test_what_a_wrong_snapshot_did_is_undone(context: Context, force: str) -> None:
    await reported(context, force, "2026-02", [a_case(f"K/{n}") for n in range(1, 6)])
    item = await opened(context, force, "2026-03")
    await sent(context, item, [a_case("K/1", stage="concluded"), a_case("K/6"), a_case("K/7", suspect_count="two")])
    await explained(context, item)
    before = await draft_of(context, item)
    await sent(context, item, [a_case("K/1", setting="intrafamilial")], mode=Mode.SNAPSHOT)
    gone = await missing_in(context, item)
    await word_on(context, item, "withdraw", *[one for one in gone if one is not None], reason="duplicate")
    assert (await counts_of(context, item, "withdrawn")) == (4,)
    (state, first) = await states_of(context, item)
    assert (state.before.what, state.before.mode, state.before.rows) == ("upload", "snapshot", 1)
    assert (state.counts["cases"], state.counts["held"]) == (6, 1)
    await brought_back(context, item, state.n)
    assert await draft_of(context, item) == before
    assert first.counts["cases"] == 5
    await set_aside(context, LEAD, await brought_back(context, item, state.n), [1], "duplicate", None, None)
    await assert_tallies_are_right(context, await sealed(context, await explained(context, item)))


async def test_bringing_back_can_be_brought_back(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1")])
    await sent(context, item, [a_case("K/2")])
    after = await draft_of(context, item)
    await brought_back(context, item, 2)
    assert set(await cases_of(context, item)) == {"K/1"}
    newest = (await states_of(context, item))[0]
    assert newest.before.what == "restore"
    await brought_back(context, item, newest.n)
    assert await draft_of(context, item) == after


async def test_three_are_kept_and_a_number_is_not_given_twice(context: Context, force: str) -> None:
    item = await opened(context, force)
    for n in range(1, 6):
        await sent(context, item, [a_case(f"K/{n}")])
    assert [state.n for state in await states_of(context, item)] == [5, 4, 3]
    with pytest.raises(NotFound):
        await brought_back(context, item, 2)
    await brought_back(context, item, 3)
    assert set(await cases_of(context, item)) == {"K/1", "K/2"}, "the oldest can be brought back though it is let go"
    assert [state.n for state in await states_of(context, item)] == [6, 5, 4]
    assert await kept_rows(context, item) == {4, 5, 6}


async def kept_rows(context: Context, item: AnyReturn) -> set[int]:
    """The states of which any row is kept."""
    kept = ("kept_case", "kept_withdrawal", "kept_held", "kept_finding", "kept_cell", "kept_workforce")
    async with context.db.force(item.force) as tx:
        sql = " union ".join(f"select kept_as from {table} where return_id = :id" for table in kept)
        return set((await tx.execute(text(sql), {"id": item.id})).scalars())


@pytest.mark.parametrize("ended", ["sealed", "withdrawn"])
async def test_no_state_outlives_its_draft(context: Context, force: str, ended: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1")])
    await sent(context, item, [a_case("K/2")])
    assert await kept_rows(context, item)
    now = await explained(context, item)
    if ended == "sealed":
        await sealed(context, item)
    else:
        await withdraw_return(context, LEAD, item.force, item.id, "Not needed.")
    assert await kept_rows(context, item) == set()
    with pytest.raises(Conflict):
        await restore_state(context, LEAD, now, 2, None)


async def test_a_state_of_another_version_is_named_and_brings_that_version_back(context: Context, force: str) -> None:
    context = both_versions(context)
    item = await opened(context, force, contract_version="2025.1")
    await sent(context, item, [a_case("K/1")])
    await sent(context, item, [a_case("K/2")])
    await opened(context, force, contract_version="2026.1")
    assert [state.contract_version for state in await states_of(context, item)] == ["2025.1", "2025.1"]

    older = await restored(context, item, 2)

    assert older.item.contract_version == "2025.1"
    assert older.note is not None
    assert "written in contract version 2025.1 again" in older.note
    assert (await states_of(context, item))[0].contract_version == "2026.1"
    assert (await restored(context, item, 1)).note is None
    newer = await restored(context, item, 3)
    assert (newer.item.contract_version, "2026.1 again" in (newer.note or "")) == ("2026.1", True)


async def test_a_state_of_a_version_that_is_not_taken_any_more_is_refused(context: Context, force: str) -> None:
    context = both_versions(context)
    item = await opened(context, force, contract_version="2025.1")
    await sent(context, item, [a_case("K/1")])
    raised = await opened(context, force, contract_version="2026.1")
    ended = tuple(one for one in context.terms.contracts if one.version == "2026.1")
    context = replace(context, terms=replace(context.terms, contracts=ended))

    with pytest.raises(Invalid, match=r"2025\.1, which the terms do not take for 2026-02") as refused:
        await brought_back(context, raised, 1)

    assert refused.value.code == "contract-not-accepted"
    assert "in 2026.1" in (refused.value.do or "")
    assert etag_of(await again(context, item)) == etag_of(raised)


async def test_a_state_of_an_older_version_than_the_sealed_return_below_is_brought_into_its_version(
    context: Context, force: str
) -> None:
    context = both_versions(context)
    later = await opened(context, force, period="2026-03", contract_version="2025.1")
    await sent(context, later, [a_case("K/9")])
    await sent(context, later, [{"cases": "4", "setting": "gang"}], part=PartName.AGGREGATE)
    await sent(context, later, [a_case("K/8")])
    await reported(context, force, "2026-02", [a_case_of_2026("K/1")], contract_version="2026.1")

    back = await restored(context, later, 3)

    assert back.item.contract_version == "2026.1"
    assert "brought into 2026.1" in (back.note or "")
    assert await told(context, later, "Q551") == [("Q551", None)]
    assert (await blocks(context, later))["older-version"] == 1


async def test_who_has_not_seen_the_draft_as_it_is_brings_nothing_back(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1")])
    seen = await again(context, item)
    assert isinstance(seen, Open)
    await sent(context, item, [a_case("K/2")])
    with pytest.raises(PreconditionFailed):
        await restore_state(context, LEAD, seen, 1, etag_of(seen))
    assert set(await cases_of(context, item)) == {"K/1", "K/2"}


async def test_a_check_of_a_file_and_a_change_of_one_case_keep_no_state(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1")], dry_run=True)
    await sent(context, item, [a_case("K/1")])
    await sent(context, item, [a_case("K/1", setting="intrafamilial")], mode=Mode.REPLACE)
    assert [state.n for state in await states_of(context, item)] == [1]


async def test_words_hold_again_where_the_values_are_again_those_that_they_are_about(
    context: Context, force: str
) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", victim_count="0", victims_not_recorded="")])
    await explained(context, item)
    await sent(context, item, [a_case("K/1")])
    assert await told(context, item, "Q335") == []
    await brought_back(context, item, 2)
    assert await answers_to(context, item, "Q335") == {"K/1": "Checked against the file."}
    assert "unanswered-findings" not in await blocks(context, item)


async def test_a_state_from_before_the_base_moved_is_laid_over_the_base_of_now(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    later = await opened(context, force, "2026-03")
    await sent(context, later, [a_case("K/1", stage="concluded")])
    await sent(context, later, [a_case("K/3")])
    await reported(context, force, "2026-02", [a_case("K/1", setting="intrafamilial"), a_case("K/4")])
    await brought_back(context, later, 2)
    assert set(await cases_of(context, later)) == {"K/1", "K/2", "K/4"}
    merged = await case_of(context, later)
    assert (merged["stage"], merged["setting"]) == ("concluded", "intrafamilial")
    assert "base-moved" in await blocks(context, later), "the rules must run over what was merged"


async def test_a_state_from_before_a_notice_is_judged_by_the_rules_of_now(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", suspect_count="70", suspects_not_recorded="70")])
    await sent(context, item, [a_case("K/1")])
    assert await told(context, item, "Q337") == []
    await in_force(context, a_notice("Q337"))
    await brought_back(context, item, 2)
    assert (await case_of(context, item))["suspect_count"] == 70
    assert await told(context, item, "Q337") == []
    (found,) = [each for each in await returns_now(context, item.force) if each.id == item.id]
    assert etag_of(found) == etag_of(await again(context, item))


async def test_what_was_declared_then_is_declared_again(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1")])
    await sent(context, item, [a_case("K/2")])
    before = await draft_of(context, item)
    await brought_back(context, item, 2)
    await open_return(context, LEAD, item.force, item.period, Opening(case_years=years(2014)))
    assert (await brought_back(context, item, 3)).years.listed is None
    assert await draft_of(context, item) == before
    newest = (await states_of(context, item))[0].n
    assert (await brought_back(context, item, newest)).years.listed == (2014,)


STEPS = st.lists(
    st.sampled_from(
        ["changes", "snapshot", "cells", "teams", "aside", "answer", "words", "back 1", "back 2", "back 3"]
    ),
    min_size=3,
    max_size=8,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, seed=st.integers(0, 5))
async def test_each_state_brought_back_is_exactly_the_draft_of_then(
    context: Context, force: str, steps: list[str], seed: int
) -> None:
    """Whatever was done in between, by file or one by one, in whatever order."""
    item = await opened(context, force)
    drafts: dict[int, dict[str, Any]] = {}
    for place, step in enumerate(steps):
        before = await draft_of(context, item)
        states = await states_of(context, item)
        newest = states[0].n if states else 0
        if step.startswith("back"):
            wanted = newest + 1 - int(step[-1])
            if wanted not in {state.n for state in states}:
                continue
            await brought_back(context, item, wanted)
            assert await draft_of(context, item) == drafts[wanted]
        else:
            await _do(context, item, step, place + seed)
        after = await states_of(context, item)
        if after and after[0].n > newest:
            drafts[after[0].n] = before
        assert len(after) <= KEPT
    await withdraw_return(context, LEAD, item.force, item.id, "The next example.")


async def _do(context: Context, item: Open, step: str, number: int) -> None:
    cases = [
        a_case("K/1", victim_count=str(number % 3), victims_not_recorded=""),
        a_case(f"K/{number}", setting="intrafamilial"),
        a_case("K/9", suspect_count="two" if number % 2 else "2", suspects_not_recorded=""),
    ]
    if step == "changes":
        await sent(context, item, cases[: 1 + number % 3])
    elif step == "snapshot":
        await sent(context, item, cases[number % 3 :], mode=Mode.SNAPSHOT)
    elif step == "cells":
        cell = {"nfa_date": "2013", "stage": "identified", "cases": str(number)}
        await sent(context, item, [cell], part=PartName.AGGREGATE)
    elif step == "teams":
        team = {"team": "child_exploitation", "phase": "assessment", "officers_fte": str(number % 2)}
        await sent(context, item, [team], part=PartName.WORKFORCE)
    elif step == "aside":
        now = await again(context, item)
        assert isinstance(now, Open)
        async with context.db.force(item.force) as tx:
            found = await tx.execute(text("select n from held_row where return_id = :id limit 1"), {"id": item.id})
            numbers = list(found.scalars())
        await set_aside(context, LEAD, now, numbers, "duplicate", None, None)
    elif step == "answer":
        await explained(context, item)
    elif missing := await missing_in(context, item):
        await word_on(context, item, "keep", *[one for one in missing if one is not None][:1])
