"""A seal: one signs what one saw, all of it or nothing, and the receipt can be checked by anyone (semantics 21, 33)."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from sqlalchemy import text

from service.audit.log import head
from service.contract.model import PartName
from service.errors import Conflict, Invalid, NotFound, PreconditionFailed, PreconditionRequired
from service.returns.context import Context
from service.returns.lifecycle import withdraw_return
from service.returns.model import Open, Sealed, etag_of
from service.returns.seal import Declaration, NotReady, seal
from service.returns.upload import Mode
from service.storage.position import latest
from tests.support.returns import LEAD, SIGNED, a_case, again, explained, opened, reported, sealed, sent
from tests.support.stock import (
    assert_tallies_are_right,
    cases_of,
    offline_digest,
    tallies_of,
    versions_of,
    word_on,
    years,
)

CELL = {"nfa_date": "2015", "suspect_count": "2+", "setting": "gang|other", "cases": "37"}
TEAM = {"team": "child_exploitation", "phase": "assessment", "officers_fte": "26.5", "specialist_trained": "18"}


async def ready(context: Context, force: str, *rows: dict[str, str]) -> Open:
    """An open return in whose way nothing stands."""
    item = await opened(context, force)
    await sent(context, item, list(rows) or [a_case("K/1"), a_case("K/2", setting="gang|other", nfa_date="2014")])
    return await explained(context, item)


async def test_a_seal_needs_the_etag_of_what_was_seen(context: Context, force: str) -> None:
    item = await ready(context, force)
    with pytest.raises(PreconditionRequired):
        await seal(context, LEAD, item.force, item.id, SIGNED, None)
    assert isinstance(await again(context, item), Open)


async def test_a_draft_that_moved_since_it_was_read_is_not_sealed(context: Context, force: str) -> None:
    item = await ready(context, force)
    await sent(context, item, [a_case("K/1", setting="other")])
    for outdated in (etag_of(item), "*", '"something"'):
        with pytest.raises(PreconditionFailed):
            await seal(context, LEAD, item.force, item.id, SIGNED, outdated)
    assert await versions_of(context, force) == []


@pytest.mark.parametrize(
    "said",
    [
        Declaration(declaration=False, name="A. Signer", role="Superintendent"),
        Declaration(declaration=True, name=" ", role="Superintendent"),
        Declaration(declaration=True, name="A. Signer", role=""),
        Declaration(declaration=True, name="A" * 201, role="Superintendent"),
    ],
)
async def test_a_seal_needs_a_declaration_with_name_and_role(context: Context, force: str, said: Declaration) -> None:
    item = await ready(context, force)
    with pytest.raises(Invalid):
        await seal(context, LEAD, item.force, item.id, said, etag_of(item))
    assert isinstance(await again(context, item), Open)


async def test_everything_that_stands_in_the_way_is_told_at_once(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", setting=""), a_case("K/3", suspect_count="two")], mode=Mode.SNAPSHOT)
    with pytest.raises(NotReady) as refused:
        await sealed(context, item)
    codes = [reason.code for reason in refused.value.reasons]
    assert codes == ["held-rows", "not-in-snapshot", "unanswered-findings"]
    assert await versions_of(context, force) == [(f"K/{n}", 1, 2_147_483_647, None) for n in (1, 2)]


async def test_another_forces_return_is_not_found(context: Context, force: str) -> None:
    item = await ready(context, force)
    stranger = context.force_number("kent") if force != "kent" else context.force_number("essex")
    with pytest.raises(NotFound):
        await seal(context, LEAD, stranger, item.id, SIGNED, etag_of(item))


async def test_the_same_seal_again_gives_the_same_receipt(context: Context, force: str) -> None:
    item = await ready(context, force)
    first = await seal(context, LEAD, item.force, item.id, SIGNED, etag_of(item))
    second = await seal(context, LEAD, item.force, item.id, SIGNED, etag_of(item))
    third = await seal(context, LEAD, item.force, item.id, SIGNED, etag_of(first))
    assert first == second == third
    assert await again(context, item) == first


async def test_two_seals_at_once_give_one_receipt_to_both(context: Context, force: str) -> None:
    item = await ready(context, force)
    one, other = await asyncio.gather(
        *[seal(context, LEAD, item.force, item.id, SIGNED, etag_of(item)) for _ in range(2)]
    )
    assert one.receipt == other.receipt
    assert len(await versions_of(context, force)) == 2


async def test_sealing_what_is_sealed_from_another_draft_is_refused(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", stage_date="2025")])
    await sealed(context, item)
    with pytest.raises(Conflict, match='"corrects": 1') as refused:
        await seal(context, LEAD, item.force, item.id, SIGNED, etag_of(item))
    assert refused.value.code == "already-sealed"


async def test_a_withdrawn_return_cannot_be_sealed(context: Context, force: str) -> None:
    item = await ready(context, force)
    await withdraw_return(context, LEAD, item.force, item.id, "Sent in error.")
    with pytest.raises(Conflict, match="withdrawn"):
        await seal(context, LEAD, item.force, item.id, SIGNED, etag_of(item))


async def test_a_sealed_return_takes_no_more_rows(context: Context, force: str) -> None:
    item = await ready(context, force)
    done = await sealed(context, item)
    with pytest.raises(AssertionError):  # the builder finds no open return
        await sent(context, done, [a_case("K/9")])
    assert sorted(await cases_of(context, done)) == ["K/1", "K/2"]


async def test_every_live_edition_gets_its_tally(context: Context, force: str) -> None:
    done = await sealed(context, await ready(context, force))
    assert sorted(await tallies_of(context, done)) == ["2025-11-wide", "2026-02-referral"]
    assert [one["scope"]["edition"] for one in done.receipt["tallies"]] == ["2025-11-wide", "2026-02-referral"]
    await assert_tallies_are_right(context, done)


async def test_tallies_are_over_cases_and_cells_read_again(context: Context, force: str) -> None:
    item = await opened(context, force, case_years=years(2014, unknown=True))
    rows = [
        a_case("K/1", setting="gang|other", nfa_date="2013/2014"),
        a_case("K/2", offence_code="88C", youngest_victim_age=""),
        a_case("K/3", outcome="22", stage="concluded"),
        a_case("K/4", nfa_date="2010", suspect_count="1+", suspects_not_recorded=""),
        a_case("K/5", victim_count="2+", victims_not_recorded="", offence_code="22B"),
    ]
    await sent(context, item, rows)
    cells = [CELL, CELL | {"nfa_date": "2014"}, {"cases": "5"}, {"nfa_date": "2016", "cases": "not_provided"}]
    await sent(context, item, cells, part=PartName.AGGREGATE)
    await explained(context, item)
    await assert_tallies_are_right(context, await sealed(context, item))


async def test_a_receipts_tallies_are_the_stored_ones(context: Context, force: str) -> None:
    done = await sealed(context, await ready(context, force))
    stored = await tallies_of(context, done)
    for document in done.receipt["tallies"]:
        name = document["scope"]["edition"]
        assert document["totals"] == msgspec.to_builtins(stored[name].totals())
        assert document["scope"]["hash"] == context.editions[name].hash
        out = sum(charge["cases"] for charge in document["attrition"])
        assert out == stored[name].totals().out_of_scope


async def test_the_receipts_digest_can_be_computed_again_from_the_rows(context: Context, force: str) -> None:
    item = await opened(context, force, case_years=years(2014, unknown=True))
    rows = [
        a_case("K/1", setting="not_provided", shared_with="not_applicable", nfa_date="2012/2014"),
        a_case("K/2", suspect_count="2+", suspects_not_recorded="", shared_with="essex;kent", shared_ref="kent:0412"),
    ]
    await sent(context, item, rows)
    await sent(context, item, [CELL], part=PartName.AGGREGATE)
    await sent(context, item, [TEAM], part=PartName.WORKFORCE)
    await explained(context, item)
    done = await sealed(context, item)
    assert await offline_digest(context, done) == done.receipt["digest"]


async def test_the_digest_of_a_later_return_covers_the_carried_rows_too(context: Context, force: str) -> None:
    item = await opened(context, force, "2026-01")
    await sent(context, item, [a_case("K/1"), a_case("K/2")])
    await sent(context, item, [CELL], part=PartName.AGGREGATE)
    before = await sealed(context, await explained(context, item))
    after = await reported(context, force, "2026-02", [a_case("K/2", setting="gang"), a_case("K/3")])
    assert await offline_digest(context, before) == before.receipt["digest"]
    assert await offline_digest(context, after) == after.receipt["digest"]
    assert after.receipt["digest"] != before.receipt["digest"]


async def test_a_row_that_names_other_forces_is_stored_for_the_join(context: Context, force: str) -> None:
    agreed = {"shared_ref": "kent:0412", "shared_with": "essex;surrey", "lead_force": "kent"}
    rows = [a_case("K/1", **agreed), a_case("K/2"), a_case("K/3", nfa_date="2016", **agreed)]
    item = await opened(context, force, case_years=years(2014))
    await sent(context, item, rows)
    done = await sealed(context, await explained(context, item))
    async with context.db.force(done.force) as tx:
        found = (await tx.execute(text("select * from shared_row order by edition"))).all()
    ids = {row.case_id for row in (await cases_of(context, done)).values()}
    assert len(found) == 2
    for row in found:
        assert row.case_id in ids
        assert (row.shared_ref, row.lead, row.year) == ("kent:0412", context.force_number("kent"), 2014)
        assert row.shared_with == sum(1 << context.force_number(name) for name in ("essex", "surrey"))
    assert [row.ruling == 0 for row in found] == [True, False]


async def test_a_seal_is_one_position_and_one_entry_of_the_log(context: Context, force: str) -> None:
    item = await ready(context, force)
    async with context.db.force(item.force) as tx:
        before = (await latest(tx)).position
    done = await sealed(context, item)
    async with context.db.force(item.force) as tx:
        assert (await latest(tx)).position == before + 1 == done.sealed_position == done.receipt["position"]
        log = await head(tx, "test")
    assert done.receipt["audit"]["index"] == log.size - 1
    assert done.receipt["audit"]["head"] == log.root.hex()


async def test_a_refused_seal_moves_nothing(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", suspect_count="two")])
    async with context.db.force(item.force) as tx:
        before = (await latest(tx), await head(tx, "test"))
    with pytest.raises(NotReady):
        await sealed(context, item)
    async with context.db.force(item.force) as tx:
        assert (await latest(tx), await head(tx, "test")) == before


async def test_an_empty_return_can_be_sealed(context: Context, force: str) -> None:
    done = await sealed(context, await opened(context, force))
    assert isinstance(done, Sealed)
    assert done.receipt["counts"]["cases"] == 0
    assert await offline_digest(context, done) == done.receipt["digest"]


async def test_a_case_withdrawn_in_the_draft_that_brought_it_is_never_stored(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1"), a_case("K/2")])
    await sent(context, item, [a_case("K/1")], mode=Mode.SNAPSHOT)
    await word_on(context, item, "withdraw", "K/2", reason="recorded_in_error")
    await sealed(context, await explained(context, item))
    assert [row[0] for row in await versions_of(context, force)] == ["K/1"]
