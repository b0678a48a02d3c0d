"""A case that moves to another force is never lost on the way (semantics 30)."""

from __future__ import annotations

from uuid import UUID

import pytest

from service.errors import Conflict
from service.picture.bridge import Bridge
from service.returns.cases import list_cases
from service.returns.context import Context
from service.returns.model import Open
from service.returns.reconcile import reconcile
from service.returns.rejudging import judge_remaining
from service.returns.withdrawals import delete_case
from service.storage.database import Database
from service.tally.moves import Cause
from tests.support.bridges import bridge_between
from tests.support.moves import moved, proposed, renamed, standing
from tests.support.returns import LEAD, a_case, a_service, again, explained, opened, reported, sealed
from tests.support.stock import ids_of

AGREED = {"shared_ref": "essex:7", "lead_force": "essex"}


async def _sender(context: Context) -> tuple[Open, UUID]:
    """Kent, which reported a case that Essex is to lead, with its next return open."""
    await reported(context, "kent", "2026-01", [a_case("K/1", shared_with="essex", **AGREED), a_case("K/2")])
    item = await opened(context, "kent", "2026-02")
    rows, _ = await list_cases(context, LEAD, item, None, 10)
    return item, next(row.case_id for row in rows if row.values["case_ref"] == "K/1")


async def test_a_transferred_case_stays_until_the_receiver_has_sealed_it(database: Database) -> None:
    context = await a_service(database)
    item, case_id = await _sender(context)
    with pytest.raises(Conflict, match="has not sealed"):
        await delete_case(context, LEAD, item, case_id, "transferred", None, None)
    assert (await again(context, item)).summary["counts"]["cases"] == 2


async def test_a_transferred_case_may_go_once_the_receiver_has_sealed_it(database: Database) -> None:
    context = await a_service(database)
    item, case_id = await _sender(context)
    await reported(context, "essex", "2026-01", [a_case("E/1", shared_with="kent", **AGREED)])
    await delete_case(context, LEAD, item, case_id, "transferred", None, None)
    await explained(context, item)
    done = await sealed(context, item)
    assert done.receipt["counts"]["withdrawn"] == 1


SCOPE = "2025-11-wide"


async def _between(context: Context, opening: int, closing: int) -> Bridge:
    return await bridge_between(context, (opening, SCOPE), (closing, SCOPE))


def _moved(bridge: Bridge) -> list[tuple[str, int]]:
    return [(part.cause.value, part.delta.in_scope) for part in bridge.parts]


async def _both_report(context: Context) -> int:
    """Kent and Essex report, Kent with a case that Essex is to lead; the position."""
    await reported(context, "essex", "2025-12", [a_case("E/2")])
    first = await reported(context, "kent", "2026-01", [a_case("K/1", shared_with="essex", **AGREED), a_case("K/2")])
    return first.sealed_position


async def test_a_case_that_another_force_takes_over_is_transferred_on_both_sides_and_new_on_none(
    database: Database,
) -> None:
    context = await a_service(database)
    opening = await _both_report(context)
    taken = await reported(context, "essex", "2026-01", [a_case("E/1", shared_with="kent", **AGREED)])
    bridge = await _between(context, opening, taken.sealed_position)
    kent, essex = (context.force_number(name) for name in ("kent", "essex"))
    assert _moved(bridge) == []
    assert _moved(bridge.forces[kent]) == [(Cause.TRANSFERRED, -1)]
    assert _moved(bridge.forces[essex]) == [(Cause.TRANSFERRED, 1)]
    assert bridge.opening == bridge.closing


async def test_the_sender_that_lets_a_transferred_case_go_moves_nothing(database: Database) -> None:
    context = await a_service(database)
    opening = await _both_report(context)
    await reported(context, "essex", "2026-01", [a_case("E/1", shared_with="kent", **AGREED)])
    item = await opened(context, "kent", "2026-02")
    rows, _ = await list_cases(context, LEAD, item, None, 10)
    case_id = next(row.case_id for row in rows if row.values["case_ref"] == "K/1")
    await delete_case(context, LEAD, item, case_id, "transferred", None, None)
    await explained(context, item)
    gone = await sealed(context, item)
    bridge = await _between(context, opening, gone.sealed_position)
    assert _moved(bridge) == []
    assert _moved(bridge.forces[item.force]) == [(Cause.TRANSFERRED, -1)]


async def test_a_case_that_two_forces_report_for_the_first_time_is_new_once(database: Database) -> None:
    context = await a_service(database)
    for force in ("kent", "essex"):
        opening = (await reported(context, force, "2025-12", [a_case(f"{force}/2")])).sealed_position
    shared = {"shared_ref": "essex:7", "lead_force": "essex"}
    await reported(context, "essex", "2026-01", [a_case("E/1", shared_with="kent", **shared)])
    last = await reported(context, "kent", "2026-01", [a_case("K/1", shared_with="essex", **shared)])
    bridge = await _between(context, opening, last.sealed_position)
    assert _moved(bridge) == [(Cause.NEWLY_IDENTIFIED, 1)]
    assert _moved(bridge.forces[last.force]) == []


@pytest.mark.parametrize("said", [{"lead_force": "kent"}, {"shared_with": "surrey"}, {"shared_ref": "essex:8"}])
async def test_a_case_of_which_the_other_holder_says_something_else_is_new(
    database: Database, said: dict[str, str]
) -> None:
    context = await a_service(database)
    opening = await _both_report(context)
    row = {"shared_with": "kent", **AGREED} | said
    last = await reported(context, "essex", "2026-01", [a_case("E/1", **row)])
    assert _moved(await _between(context, opening, last.sealed_position)) == [(Cause.NEWLY_IDENTIFIED, 1)]


async def test_judging_again_says_of_a_case_that_was_taken_over_what_its_seal_said(database: Database) -> None:
    context = await a_service(database)
    await _both_report(context)
    taken = await reported(context, "essex", "2026-01", [a_case("E/1", shared_with="kent", **AGREED)])
    was = await standing(context, SCOPE)
    now = await proposed(context, renamed(context, was.edition, "2026-09-again"))
    await judge_remaining(context)
    found = await moved(context, taken.force, taken.id, now.id)
    assert found == await moved(context, taken.force, taken.id, was.id)
    assert [kind for kind, *_ in found] == [Cause.TRANSFERRED]
    assert (await reconcile(context)).mismatches == ()


async def _shared_by_both(context: Context) -> int:
    """Essex leads a case that Kent holds too; the position."""
    await _both_report(context)
    return (await reported(context, "essex", "2026-01", [a_case("E/1", shared_with="kent", **AGREED)])).sealed_position


async def _withdrawn(context: Context, force: str, name: str, reason: str) -> int:
    """The force takes a case out of its next return; the position."""
    item = await opened(context, force, "2026-02")
    case_id = (await ids_of(context, item))[name]
    await delete_case(context, LEAD, item, case_id, reason, None, None)
    await explained(context, item)
    return (await sealed(context, item)).sealed_position


@pytest.mark.parametrize(("force", "name"), [("kent", "K/1"), ("essex", "E/1")])
async def test_a_holder_that_withdraws_a_shared_case_moves_nothing_and_nothing_went_over(
    database: Database, force: str, name: str
) -> None:
    context = await a_service(database)
    opening = await _shared_by_both(context)
    closing = await _withdrawn(context, force, name, "duplicate")
    bridge = await _between(context, opening, closing)
    assert _moved(bridge) == []
    causes = {part.cause for each in bridge.forces.values() for part in each.parts}
    assert causes <= {Cause.WITHDRAWN}


async def test_holders_that_cease_to_agree_are_told_as_a_correction(database: Database) -> None:
    context = await a_service(database)
    opening = await _shared_by_both(context)
    last = await reported(
        context, "kent", "2026-02", [a_case("K/1", shared_with="essex", **AGREED | {"lead_force": "kent"})]
    )
    assert _moved(await _between(context, opening, last.sealed_position)) == [(Cause.CORRECTED, 1)]


async def test_a_first_return_with_a_case_that_another_leads_is_coverage_alone(database: Database) -> None:
    context = await a_service(database)
    first = await reported(context, "essex", "2025-12", [a_case("E/1", shared_with="kent", **AGREED)])
    last = await reported(context, "kent", "2025-12", [a_case("K/1", shared_with="essex", **AGREED), a_case("K/2")])
    bridge = await _between(context, first.sealed_position, last.sealed_position)
    assert _moved(bridge) == [(Cause.COVERAGE, 1)]


async def test_a_case_that_another_leads_is_corrected_without_moving_anything(database: Database) -> None:
    """What takes it out of the national figure has the cause of what moved it, and not one that is likely."""
    context = await a_service(database)
    doubtful = a_case("K/1", shared_with="essex", suspect_count="1-2", suspects_not_recorded="", **AGREED)
    await reported(context, "kent", "2026-01", [doubtful])
    await reported(context, "essex", "2025-12", [a_case("E/2")])
    opening = await reported(context, "essex", "2026-01", [a_case("E/1", shared_with="kent", **AGREED)])
    last = await reported(context, "kent", "2026-02", [a_case("K/1", shared_with="essex", suspect_count="4", **AGREED)])
    bridge = await _between(context, opening.sealed_position, last.sealed_position)
    assert _moved(bridge) == []
    assert _moved(bridge.forces[last.force]) == []
