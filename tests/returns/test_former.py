"""After a change of record system a case keeps its identity by its former reference: no flow (semantics 30)."""

from __future__ import annotations

from sqlalchemy import text

from service.contract.model import PartName
from service.returns.binary import binary_of
from service.returns.context import Context
from service.returns.overlay import Ground, Overlay
from service.returns.readers import read
from service.returns.staging import Staging
from service.returns.upload import Mode
from service.returns.withdrawals import delete_case
from tests.support.returns import LEAD, a_case, csv_of, explained, opened, reported, sealed, sent, spooled
from tests.support.stock import cases_of, counts_of, held_in, ids_of, missing_in, told, versions_of


async def test_a_case_under_a_new_reference_is_the_same_case(context: Context, force: str) -> None:
    before = await reported(context, force, "2026-01", [a_case("K/1", setting="gang")])
    item = await opened(context, force, "2026-02")
    answer = await sent(context, item, [{"case_ref": "N/1", "former_case_ref": "K/1", "stage": "identified"}])
    assert (answer.new, answer.changed, answer.held) == (0, 1, 0)
    cases = await cases_of(context, item)
    assert list(cases) == ["N/1"]
    assert cases["N/1"].case_id == (await ids_of(context, before))["K/1"]
    assert cases["N/1"].values["setting"] == "gang"
    assert await counts_of(context, item, "cases", "new", "changed", "withdrawn") == (1, 0, 1, 0)


async def test_a_whole_register_can_change_its_references(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case(f"K/{n}") for n in range(1, 6)])
    item = await opened(context, force, "2026-02")
    rows = [a_case(f"N/{n}", former_case_ref=f"K/{n}") for n in range(1, 6)]
    answer = await sent(context, item, rows, mode=Mode.SNAPSHOT)
    assert (answer.new, answer.changed, answer.not_in_snapshot) == (0, 5, 0)
    assert await missing_in(context, item) == {}
    done = await sealed(context, await explained(context, item))
    assert sorted(await cases_of(context, done)) == [f"N/{n}" for n in range(1, 6)]
    assert {why for _, _, to, why in await versions_of(context, force) if to == 2} == {"changed"}


async def test_the_same_rename_sent_again_changes_nothing(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1")])
    item = await opened(context, force, "2026-02")
    row = a_case("N/1", former_case_ref="K/1")
    await sent(context, item, [row])
    answer = await sent(context, item, [row])
    assert (answer.new, answer.changed, answer.unchanged, answer.held) == (0, 0, 1, 0)


async def test_a_renamed_case_keeps_its_name_in_the_next_period(context: Context, force: str) -> None:
    await reported(context, force, "2025-12", [a_case("K/1")])
    await reported(context, force, "2026-01", [a_case("N/1", former_case_ref="K/1")])
    item = await opened(context, force, "2026-02")
    answer = await sent(context, item, [a_case("N/1", former_case_ref="K/1", setting="gang")])
    assert (answer.new, answer.changed, answer.held) == (0, 1, 0)


async def test_a_former_reference_that_another_case_still_bears_is_refused(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    item = await opened(context, force, "2026-02")
    answer = await sent(context, item, [a_case("K/2", former_case_ref="K/1")])
    assert (answer.accepted, answer.held) == (0, 1)
    assert await told(context, item, "V211") == [("V211", "K/2")]


async def test_a_former_reference_that_stands_in_the_same_file_is_refused(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1")])
    item = await opened(context, force, "2026-02")
    answer = await sent(context, item, [a_case("K/1", setting="gang"), a_case("N/1", former_case_ref="K/1")])
    assert (answer.accepted, answer.held) == (1, 1)
    assert await told(context, item, "V211", "V207") == [("V211", "N/1")]
    assert list(await cases_of(context, item)) == ["K/1"]


async def test_two_cases_cannot_both_have_been_the_same_one(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1")])
    item = await opened(context, force, "2026-02")
    rows = [a_case("N/1", former_case_ref="K/1"), a_case("N/2", former_case_ref="K/1")]
    answer = await sent(context, item, rows)
    assert (answer.accepted, answer.held) == (0, 2)
    assert [row.key for row in await held_in(context, item)] == ["N/1", "N/2"]
    assert list(await cases_of(context, item)) == ["K/1"]


async def test_one_new_reference_cannot_be_that_of_two_rows(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1")])
    item = await opened(context, force, "2026-02")
    rows = [a_case("N/1", former_case_ref="K/1"), a_case("N/1", former_case_ref=""), a_case("N/2", former_case_ref="")]
    assert (await sent(context, item, rows)).held == 2
    assert sorted(await cases_of(context, item)) == ["K/1", "N/2"]


async def test_two_cases_do_not_swap_their_references(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2", setting="gang")])
    item = await opened(context, force, "2026-02")
    rows = [a_case("K/1", former_case_ref="K/2"), a_case("K/2", former_case_ref="K/1")]
    assert (await sent(context, item, rows)).held == 2


async def test_a_former_reference_that_nobody_bears_is_only_told(context: Context, force: str) -> None:
    item = await opened(context, force)
    answer = await sent(context, item, [a_case("N/1", former_case_ref="OLD-7")])
    assert (answer.new, answer.held) == (1, 0)


async def test_a_held_rename_leaves_the_case_under_its_old_reference(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1")])
    item = await opened(context, force, "2026-02")
    answer = await sent(context, item, [a_case("N/1", former_case_ref="K/1", suspect_count="two")], mode=Mode.SNAPSHOT)
    assert (answer.held, answer.not_in_snapshot) == (1, 0)
    assert list(await cases_of(context, item)) == ["K/1"]
    answer = await sent(context, item, [a_case("N/1", former_case_ref="K/1")])
    assert (answer.new, answer.changed) == (0, 1)
    assert await held_in(context, item) == []


async def test_the_old_reference_is_free_for_another_case_afterwards(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1")])
    await reported(context, force, "2026-02", [a_case("N/1", former_case_ref="K/1")])
    item = await opened(context, force, "2026-03")
    answer = await sent(context, item, [a_case("K/1", setting="gang")])
    assert (answer.new, answer.changed, answer.held) == (1, 0, 0)
    assert sorted(await cases_of(context, item)) == ["K/1", "N/1"]


async def test_a_former_reference_of_a_case_that_this_draft_withdraws_is_not_in_use(
    context: Context, force: str
) -> None:
    await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    item = await opened(context, force, "2026-02")
    await delete_case(context, LEAD, item, (await ids_of(context, item))["K/1"], "duplicate", None, None)
    answer = await sent(context, item, [a_case("K/2", former_case_ref="K/1")])
    assert (answer.changed, answer.held) == (1, 0)
    assert list(await cases_of(context, item)) == ["K/2"]


async def test_former_references_are_looked_up_for_all_rows_at_once(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1")])
    item = await opened(context, force, "2026-02")
    contract = context.library.contracts[item.contract_version]
    part = contract.parts[PartName.CASE]
    async with context.db.force(item.force) as tx:
        staging = Staging(tx, contract, part)
        await staging.open()
        with await spooled(csv_of([a_case("N/1", former_case_ref="K/1")])) as body:
            await staging.copy(read(body, "text/csv", part, contract, write=binary_of))
        ground = Ground(
            force=item.force,
            return_id=item.id,
            merges=True,
            absent_is_not_provided=False,
            has_base=True,
            has_draft=True,
        )
        staged = staging.finish()
        overlay = Overlay(contract, part, staged.shape, ground, has_former=staged.has_former)
        plan = await tx.execute(text(f"explain {overlay.merged(*overlay.flags())}"), ground.parameters)
        lines = list(plan.scalars())
    assert lines
    assert not [line for line in lines if "SubPlan" in line]
