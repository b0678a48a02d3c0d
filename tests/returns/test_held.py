"""Rows that cannot be accepted are held with their text and findings; the good rows stand (semantics 19)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from service.contract.model import PartName
from service.errors import Invalid, NotFound
from service.returns.context import Context
from service.returns.draft import discard_draft
from service.returns.held import set_aside
from service.returns.model import AnyReturn, Open
from service.returns.readers import TypedBlock, read
from service.returns.seal import NotReady
from service.returns.upload import Mode
from tests.support.returns import LEAD, a_case, again, explained, opened, reported, sealed, sent
from tests.support.stock import (
    assert_tallies_are_right,
    blocks,
    case_of,
    cases_of,
    counts_of,
    findings_of,
    held_in,
    told,
)


async def aside(context: Context, item: AnyReturn, n: int, reason: str = "No file can be found.") -> Open:
    now = await again(context, item)
    assert isinstance(now, Open)
    return await set_aside(context, LEAD, now, [n], reason, None, None)


async def test_a_held_row_keeps_the_text_that_was_sent(context: Context, force: str) -> None:
    item = await opened(context, force)
    content = b'case_ref,stage,suspect_count\r\nK/1,identified,2\r\n"K/2",identified,"about, two"\r\n'
    answer = await sent(context, item, content)
    assert (answer.accepted, answer.held) == (1, 1)
    (row,) = await held_in(context, item)
    assert (row.n, row.row, row.key, row.text) == (1, 3, "K/2", '"K/2",identified,"about, two"')


async def test_a_row_held_by_a_rule_keeps_its_text_too(context: Context, force: str) -> None:
    item = await opened(context, force)
    content = b'case_ref,stage,offence_from,offence_to\nK/1,identified,2014,2012\nK/2,identified,2012,"2014"\n'
    await sent(context, item, content)
    (row,) = await held_in(context, item)
    assert (row.row, row.key, row.text) == (2, "K/1", "K/1,identified,2014,2012")
    assert await told(context, item, "V220") == [("V220", "K/1")]


async def test_a_held_row_has_all_its_findings(context: Context, force: str) -> None:
    item = await opened(context, force)
    row = a_case("K/1", suspect_count="two", setting="nowhere", offence_from="2014", offence_to="2012")
    answer = await sent(context, item, [row])
    assert [rule for rule, _ in await told(context, item)] == ["Q322", "S101", "V201", "V220"]
    assert (answer.findings["syntactical"], answer.findings["validity"], answer.held) == (1, 2, 1)
    assert {one.held for one in await findings_of(context, item)} == {1}


async def test_held_rows_block_the_seal(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1"), a_case("K/2", suspect_count="two")])
    await explained(context, item)
    with pytest.raises(NotReady) as refused:
        await sealed(context, item)
    assert [(reason.code, reason.count) for reason in refused.value.reasons] == [("held-rows", 1)]


async def test_a_held_row_gives_way_to_the_same_case_sent_right(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", suspect_count="two"), a_case("K/2", suspect_count="few")])
    await sent(context, item, [a_case("K/1", suspect_count="2+")])
    assert [row.key for row in await held_in(context, item)] == ["K/2"]
    assert await told(context, item, "S101") == [("S101", "K/2")]
    assert list(await cases_of(context, item)) == ["K/1"]


async def test_a_row_sent_wrong_again_is_held_once_with_its_newest_text(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", suspect_count="two")])
    await sent(context, item, [a_case("K/1", suspect_count="three")])
    (row,) = await held_in(context, item)
    assert "three" in row.text
    assert [one.document["value"] for one in await findings_of(context, item, "S101")] == ["three"]


async def test_a_row_without_a_reference_sent_again_is_held_once(context: Context, force: str) -> None:
    item = await opened(context, force)
    for _ in range(2):
        await sent(context, item, [a_case("", suspect_count="two")])
    assert len(await held_in(context, item)) == 1


async def test_the_accepted_version_of_a_case_stands_while_a_later_row_is_held(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1")])
    item = await opened(context, force, "2026-02")
    await sent(context, item, [a_case("K/1", setting="gang")])
    await sent(context, item, [a_case("K/1", setting="nowhere")])
    assert (await case_of(context, item))["setting"] == "gang"
    assert await counts_of(context, item, "cases", "changed", "held") == (1, 1, 1)


async def test_a_row_set_aside_is_left_out_and_counted_on_the_receipt(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1"), a_case("K/2", suspect_count="two")])
    await aside(context, item, 1)
    assert await counts_of(context, item, "cases", "held", "set_aside") == (1, 0, 1)
    assert (await held_in(context, item))[0].set_aside == "No file can be found."
    await explained(context, item)
    done = await sealed(context, item)
    assert (done.receipt["counts"]["set_aside"], done.receipt["counts"]["cases"]) == (1, 1)
    await assert_tallies_are_right(context, done)


async def test_setting_aside_leaves_the_accepted_version_of_the_case(context: Context, force: str) -> None:
    before = await reported(context, force, "2026-01", [a_case("K/1")])
    item = await opened(context, force, "2026-02")
    await sent(context, item, [a_case("K/1", setting="nowhere")])
    await aside(context, item, 1)
    done = await sealed(context, await explained(context, item))
    assert await cases_of(context, done) == await cases_of(context, before)


async def test_a_quality_finding_of_a_row_set_aside_needs_no_answer(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", stage_date="2025"), a_case("K/2", suspect_count="two")])
    assert await told(context, item, "Q322") == [("Q322", "K/2")]
    assert await blocks(context, item) == {"held-rows": 1}
    await aside(context, item, 1)
    assert await blocks(context, item) == {}
    await sealed(context, item)


async def test_setting_aside_needs_a_reason(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", suspect_count="two")])
    with pytest.raises(Invalid):
        await aside(context, item, 1, " ")
    assert await blocks(context, item) == {"held-rows": 1}


async def test_a_row_that_is_not_held_cannot_be_set_aside(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", suspect_count="two")])
    with pytest.raises(NotFound):
        await aside(context, item, 2)


async def test_a_row_set_aside_gives_way_to_the_case_sent_right(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", suspect_count="two")])
    await aside(context, item, 1)
    await sent(context, item, [a_case("K/1")])
    assert await counts_of(context, item, "cases", "held", "set_aside") == (1, 0, 0)


async def test_a_reference_twice_in_one_file_holds_all_its_rows(context: Context, force: str) -> None:
    item = await opened(context, force)
    answer = await sent(context, item, [a_case("K/1"), a_case("K/2"), a_case("K/1", setting="gang"), a_case("K/1")])
    assert (answer.accepted, answer.held, answer.findings["validity"]) == (1, 3, 3)
    assert [row.row for row in await held_in(context, item)] == [2, 4, 5]
    assert list(await cases_of(context, item)) == ["K/2"]


async def test_a_good_row_beside_one_that_cannot_be_read_is_held_as_a_double(context: Context, force: str) -> None:
    item = await opened(context, force)
    answer = await sent(context, item, [a_case("K/1", suspect_count="two"), a_case("K/1")])
    assert (answer.accepted, answer.held) == (0, 2)


async def test_one_row_sent_right_ends_all_doubles(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1"), a_case("K/1", setting="gang")])
    await sent(context, item, [a_case("K/1", setting="gang")])
    assert await held_in(context, item) == []
    assert await told(context, item, "V207") == []


async def test_two_cells_with_the_same_breakdown_are_held(context: Context, force: str) -> None:
    item = await opened(context, force)
    cells = [{"nfa_date": "2015", "cases": "3"}, {"nfa_date": "2015", "cases": "4"}, {"nfa_date": "2016", "cases": "5"}]
    answer = await sent(context, item, cells, part=PartName.AGGREGATE)
    assert (answer.accepted, answer.held) == (1, 2)
    assert [one.document["rule"] for one in await findings_of(context, item, "V210")] == ["V210", "V210"]


async def test_a_cell_of_fewer_than_no_cases_is_held(context: Context, force: str) -> None:
    item = await opened(context, force)
    answer = await sent(context, item, [{"nfa_date": "2015", "cases": "-3"}], part=PartName.AGGREGATE)
    assert (answer.held, await told(context, item)) == (1, [("V203", None)])


async def test_a_part_sent_right_leaves_none_of_its_rows_held(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", suspect_count="two")])
    await sent(context, item, [{"nfa_date": "2015", "cases": "-3"}], part=PartName.AGGREGATE)
    await sent(context, item, [{"nfa_date": "2015", "cases": "3"}], part=PartName.AGGREGATE)
    assert [(row.part, row.key) for row in await held_in(context, item)] == [("case", "K/1")]


async def test_an_unknown_column_holds_the_rows_that_have_a_value_in_it(context: Context, force: str) -> None:
    item = await opened(context, force)
    answer = await sent(context, item, b"case_ref,stage,sugpect_count\nK/1,identified,\nK/2,identified,3\n")
    assert (answer.accepted, answer.held) == (1, 1)
    assert "V206" in [rule for rule, _ in await told(context, item)]


async def test_a_headings_finding_goes_when_the_file_is_sent_right(context: Context, force: str) -> None:
    item = await opened(context, force)
    for _ in range(2):
        await sent(context, item, b"case_ref,stage,sugpect_count\nK/1,identified,\n")
        assert await told(context, item, "V206") == [("V206", None)]
    await sent(context, item, b"case_ref,stage,suspect_count\nK/1,identified,\n")
    assert await told(context, item, "V206") == []


async def test_the_number_of_a_held_row_is_never_given_to_another(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", suspect_count="two"), a_case("K/2", suspect_count="two")])
    await sent(context, item, [a_case("K/2"), a_case("K/3", suspect_count="two")])
    assert [(row.n, row.key) for row in await held_in(context, item)] == [(1, "K/1"), (3, "K/3")]
    with pytest.raises(NotFound):
        await aside(context, item, 2)


async def test_the_reason_of_a_row_set_aside_stays_out_of_the_audit_log(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", suspect_count="two")])
    await aside(context, item, 1, "Asked Jane Doe of 12 High Street.")
    async with context.db.owner() as tx:
        entries = await tx.execute(
            text("select details from audit_entry where action = 'row_set_aside' and force = :force"),
            {"force": item.force},
        )
        assert list(entries.scalars()) == [{"n": 1, "part": "case"}]


async def test_the_service_goes_on_answering_while_the_text_of_held_rows_is_found(
    context: Context, force: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set()

    def watched(*asked: Any) -> Iterator[TypedBlock]:
        for block in read(*asked):
            threads.add(threading.current_thread())
            yield block

    monkeypatch.setattr("service.returns.held.read", watched)
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", offence_from="2014", offence_to="2012")])
    assert [row.key for row in await held_in(context, item)] == ["K/1"]
    assert threads
    assert threading.current_thread() not in threads


async def test_a_draft_that_is_discarded_leaves_no_row_and_no_finding(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    other = await opened(context, force, "2026-03")
    await sent(context, other, [a_case("K/1", setting="gang")])
    item = await opened(context, force, "2026-02")
    rows = [a_case("K/2", setting="gang"), a_case("K/3", suspect_count="two")]
    await sent(context, item, rows, mode=Mode.SNAPSHOT)
    tables = ("draft_case", "draft_withdrawal", "held_row", "finding")
    async with context.db.force(item.force) as tx:
        await discard_draft(tx, item.force, item.id)
        for table in tables:
            left = await tx.execute(text(f"select count(*) from {table} where return_id = :id"), {"id": item.id})
            assert left.scalar_one() == 0, table
    assert await cases_of(context, item) != {}
    assert (await case_of(context, other))["setting"] == "gang"
