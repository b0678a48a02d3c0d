"""Which parts of a bridge a number leaves open that was not provided, in the nation and force by force."""

from __future__ import annotations

from service.contract.model import PartName
from service.picture.bridge import Bridge
from service.storage.database import Database
from service.tally.count import Years
from service.tally.moves import Cause
from tests.support.bridges import bridge_between
from tests.support.returns import a_case, a_cell, a_service, explained, opened, reported, sealed, sent

WIDE, REFERRAL = "2025-11-wide", "2026-02-referral"
CELL = a_cell(nfa_date="2013", victim_count="1", cases="not_provided")


def _by_rule(item: Bridge) -> dict[str | None, tuple[int, bool]]:
    return {part.rule: (part.delta.in_scope, part.delta.open) for part in item.parts if part.cause is Cause.SCOPE}


async def test_a_change_of_edition_is_open_nationally_where_it_is_for_a_force(database: Database) -> None:
    context = await a_service(database)
    item = await opened(context, "kent", "2025-11", case_years=Years(listed=(2014,), unknown=False))
    await sent(context, item, [a_case("K/1", victim_count="2", victims_not_recorded="2")])
    await sent(context, item, [CELL], part=PartName.AGGREGATE)
    await explained(context, item)
    kent = await sealed(context, item)
    essex = await reported(context, "essex", "2025-11", [a_case("E/1", victim_count="1")])
    at = essex.sealed_position
    found = await bridge_between(context, (at, WIDE), (at, REFERRAL))
    nation, forces = _by_rule(found), {force: _by_rule(each) for force, each in found.forces.items()}
    assert len(nation) > 1
    assert set(forces[kent.force]) != {None}
    assert all(is_open for _, is_open in nation.values())
    assert {rule: is_open for rule, (_, is_open) in forces[kent.force].items()} == dict.fromkeys(nation, True)
    assert not any(is_open for _, is_open in forces[essex.force].values())
