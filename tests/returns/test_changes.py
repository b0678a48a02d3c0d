"""An upload of changes: merged by column into what stands, compared with the draft before it (semantics 17, 20)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest

from service.contract.model import PartName
from service.demo.mess import messy
from service.returns.context import Context
from service.returns.model import Open, etag_of
from service.returns.upload import Mode, Upload
from service.returns.withdrawals import delete_case
from tests.support.returns import LEAD, a_case, again, explained, opened, reported, sealed, sent
from tests.support.stock import case_of, cases_of, counts_of, findings_of, ids_of, told, versions_of

NDJSON = "application/x-ndjson"


def ndjson(*rows: Mapping[str, Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def rows_of(answer: Upload) -> tuple[int, int, int]:
    """New, changed, unchanged; what was received is accepted or held."""
    assert answer.received == answer.accepted + answer.held
    assert answer.accepted == answer.new + answer.changed + answer.unchanged
    return answer.new, answer.changed, answer.unchanged


async def test_a_column_that_is_not_sent_stays_as_it_was(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1", setting="gang", suspect_count="3-5")])
    item = await opened(context, force, "2026-02")
    before = await case_of(context, item)
    assert rows_of(await sent(context, item, [{"case_ref": "K/1", "stage": "in_assessment"}])) == (0, 1, 0)
    assert await case_of(context, item) == {**before, "stage": "in_assessment"}
    assert await told(context, item, "Q301") == []


async def test_a_column_that_is_not_sent_stays_as_the_draft_has_it(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1")])
    item = await opened(context, force, "2026-02")
    await sent(context, item, [{"case_ref": "K/1", "setting": "gang"}])
    await sent(context, item, [{"case_ref": "K/1", "priority": "rape"}])
    case = await case_of(context, item)
    assert (case["setting"], case["priority"], case["suspect_count"]) == ("gang", "rape", 3)
    assert await counts_of(context, item, "new", "changed") == (0, 1)


async def test_an_empty_cell_is_not_known_and_the_knowledge_lost_is_a_finding(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1", suspect_count="3-5")])
    item = await opened(context, force, "2026-02")
    answer = await sent(context, item, [{"case_ref": "K/1", "suspect_count": "", "priority": ""}])
    assert (await case_of(context, item))["suspect_count"] is None
    (lost,) = await findings_of(context, item, "Q301")
    assert (lost.document["field"], lost.document["value"], lost.document["row"]) == ("suspect_count", "3-5", 2)
    assert answer.findings["quality"] == len(await told(context, item, "Q301", "Q322"))


async def test_each_field_whose_value_went_is_a_finding_of_its_own(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1"), a_case("K/2")])
    await sent(context, item, [{"case_ref": "K/1", "setting": "", "nfa_by": "not_known"}, {"case_ref": "K/2"}])
    lost = [(one.document["case_ref"], one.document["field"]) for one in await findings_of(context, item, "Q301")]
    assert sorted(lost) == [("K/1", "nfa_by"), ("K/1", "setting"), ("K/2", "nfa_by"), ("K/2", "setting")]


async def test_a_narrower_or_wider_value_is_no_loss(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", nfa_date="2014-03", setting="gang")])
    await sent(context, item, [{"case_ref": "K/1", "nfa_date": "2014", "setting": "gang|other"}])
    assert await told(context, item, "Q301") == []
    case = await case_of(context, item)
    assert (case["nfa_date"], case["setting"]) == ("2014", "gang|other")


async def test_saying_why_a_known_value_is_gone_is_still_a_loss(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1")])
    await sent(context, item, [{"case_ref": "K/1", "setting": "not_provided"}])
    assert await told(context, item, "Q301") == [("Q301", "K/1")]


async def test_why_a_value_is_empty_is_kept_until_the_column_is_sent_again(context: Context, force: str) -> None:
    row = a_case("K/1", setting="not_provided", shared_with="not_applicable", priority="")
    await reported(context, force, "2026-01", [row])
    item = await opened(context, force, "2026-02")
    await sent(context, item, [{"case_ref": "K/1", "stage": "in_assessment"}])
    said = {"setting": "not_provided", "shared_with": "not_applicable"}
    assert (await cases_of(context, item))["K/1"].empties == said
    await sent(context, item, [{"case_ref": "K/1", "setting": ""}])
    assert (await cases_of(context, item))["K/1"].empties == {"shared_with": "not_applicable"}
    await sent(context, item, [{"case_ref": "K/1", "shared_with": "essex", "priority": "not_provided"}])
    assert (await cases_of(context, item))["K/1"].empties == {"priority": "not_provided"}


async def test_saying_why_a_value_is_empty_changes_the_case(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", priority="")])
    assert rows_of(await sent(context, item, [{"case_ref": "K/1", "priority": "not_provided"}])) == (0, 1, 0)
    assert rows_of(await sent(context, item, [{"case_ref": "K/1", "priority": "Not provided"}])) == (0, 0, 1)


async def test_a_new_case_is_not_known_where_nothing_is_sent(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [{"case_ref": "K/1", "stage": "identified"}])
    row = (await cases_of(context, item))["K/1"]
    assert {name for name, value in row.values.items() if value is not None} == {"case_ref", "stage"}
    assert row.empties == {}


async def test_a_key_absent_from_an_object_is_as_it_was_and_a_null_is_not_known(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1"), a_case("K/2", setting="gang"), a_case("K/3")])
    rows = (
        {"case_ref": "K/1", "setting": None},
        {"case_ref": "K/2", "stage": "in_assessment"},
        {"case_ref": "K/3", "suspect_count": None, "setting": "other"},
        {"case_ref": "K/4", "stage": "identified"},
    )
    assert rows_of(await sent(context, item, ndjson(*rows), media=NDJSON)) == (1, 3, 0)
    cases = await cases_of(context, item)
    assert [cases[f"K/{n}"].values["setting"] for n in (1, 2, 3, 4)] == [None, "gang", "other", None]
    assert [cases[f"K/{n}"].values["suspect_count"] for n in (1, 2, 3, 4)] == [3, 3, None, None]
    lost = [(one.document["case_ref"], one.document["field"]) for one in await findings_of(context, item, "Q301")]
    assert sorted(lost) == [("K/1", "setting"), ("K/3", "suspect_count")]


async def test_kinds_of_empty_merge_by_key_too(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case(f"K/{n}", setting="not_provided", priority="not_provided") for n in (1, 2)])
    rows = ({"case_ref": "K/1", "setting": "gang"}, {"case_ref": "K/2", "priority": None})
    await sent(context, item, ndjson(*rows), media=NDJSON)
    cases = await cases_of(context, item)
    assert cases["K/1"].empties == {"priority": "not_provided"}
    assert cases["K/2"].empties == {"setting": "not_provided"}


async def test_the_same_file_twice_changes_nothing(context: Context, force: str) -> None:
    item = await opened(context, force)
    rows = [a_case("K/1"), a_case("K/2", setting="gang|other", nfa_date="2012/2014", shared_with="essex;kent")]
    assert rows_of(await sent(context, item, rows)) == (2, 0, 0)
    before = (await cases_of(context, item), await told(context, item))
    assert rows_of(await sent(context, item, rows)) == (0, 0, 2)
    assert (await cases_of(context, item), await told(context, item)) == before
    assert await counts_of(context, item, "cases", "new") == (2, 2)


async def test_the_same_file_in_the_next_period_costs_no_version(context: Context, force: str) -> None:
    rows = [a_case("K/1", setting="not_provided"), a_case("K/2", suspect_count="2+")]
    await reported(context, force, "2026-01", rows)
    item = await opened(context, force, "2026-02")
    assert rows_of(await sent(context, item, rows)) == (0, 0, 2)
    await explained(context, item)
    await sealed(context, item)
    assert [row[:2] for row in await versions_of(context, force)] == [("K/1", 1), ("K/2", 1)]


async def test_the_same_row_in_another_form_is_unchanged(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", shared_with="kent;essex", nfa_date="2014-03-01/2014-03-31")])
    assert (await case_of(context, item))["nfa_date"] == "2014-03"
    answer = await sent(context, item, [a_case(" K/1 ", shared_with="essex; kent", nfa_date="2014-03")])
    assert rows_of(answer) == (0, 0, 1)


async def test_rows_are_compared_with_the_draft_and_the_return_with_its_base(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    item = await opened(context, force, "2026-02")
    first = await sent(context, item, [a_case("K/1", setting="gang"), a_case("K/3")])
    second = await sent(context, item, [a_case("K/1", setting="other"), a_case("K/3"), a_case("K/4")])
    assert (rows_of(first), rows_of(second)) == ((1, 1, 0), (1, 1, 1))
    assert await counts_of(context, item, "cases", "new", "changed", "unchanged") == (4, 2, 1, 1)


async def test_a_case_changed_back_is_as_its_base_has_it(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1")])
    item = await opened(context, force, "2026-02")
    await sent(context, item, [a_case("K/1", setting="gang")])
    assert rows_of(await sent(context, item, [a_case("K/1")])) == (0, 1, 0)
    assert await counts_of(context, item, "changed", "unchanged") == (0, 1)
    await explained(context, item)
    await sealed(context, item)
    assert len(await versions_of(context, force)) == 1


async def test_a_dry_run_answers_the_same_and_stores_nothing(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    item = await opened(context, force, "2026-02")
    rows = [a_case("K/1"), a_case("K/2", setting=""), a_case("K/3"), a_case("K/4", suspect_count="two")]
    before = await again(context, item)
    tried = await sent(context, item, rows, dry_run=True)
    assert await again(context, item) == before
    assert await findings_of(context, item) == []
    assert sorted(await cases_of(context, item)) == ["K/1", "K/2"]
    assert await sent(context, item, rows) == tried
    assert rows_of(tried) == (1, 1, 1)
    assert (tried.held, tried.findings["syntactical"]) == (1, 1)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_dry_run_of_a_first_file_as_people_have_it_answers_what_sending_it_does(
    context: Context, force: str, mode: Mode, seed: int
) -> None:
    item = await opened(context, force)
    made = [a_case(f"K/{number}", former_case_ref="K/7" if number % 50 == 1 else "") for number in range(300)]
    content = messy(made, seed, tuple(made[0])).body
    tried = await sent(context, item, content, mode=mode, dry_run=True)
    assert tried.held
    assert await sent(context, item, content, mode=mode) == tried


async def test_a_dry_run_of_cells_answers_what_sending_them_does(context: Context, force: str) -> None:
    item = await opened(context, force)
    cells = [{"nfa_date": "2015", "cases": "4"}, {"nfa_date": "2015", "cases": "5"}, {"nfa_date": "2016", "cases": "-"}]
    tried = await sent(context, item, cells, part=PartName.AGGREGATE, dry_run=True)
    assert tried.held == 3
    assert await sent(context, item, cells, part=PartName.AGGREGATE) == tried


async def test_every_upload_moves_the_drafts_etag(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1")])
    now = await again(context, item)
    assert isinstance(now, Open)
    assert etag_of(now) != etag_of(item)


async def test_the_digest_of_an_upload_is_that_of_the_bytes_sent(context: Context, force: str) -> None:
    item = await opened(context, force)
    content = b"case_ref,stage\nK/1,identified\n"
    answer = await sent(context, item, content)
    assert answer.digest == f"sha-256:{hashlib.sha256(content).hexdigest()}"


async def test_one_case_sent_alone_keeps_its_id(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1"), a_case("K/2")])
    ids = await ids_of(context, item)
    await sent(context, item, [a_case("K/2", setting="gang")])
    assert await ids_of(context, item) == ids


async def test_a_new_case_without_a_required_column_is_held(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1")])
    rows = [{"case_ref": "K/1", "priority": "rape"}, {"case_ref": "K/2", "priority": "rape"}]
    answer = await sent(context, item, rows)
    assert (rows_of(answer), answer.held) == ((0, 1, 0), 1)
    (finding,) = await findings_of(context, item, "V202")
    assert (finding.document["case_ref"], finding.document["field"]) == ("K/2", "stage")


async def test_a_new_object_without_a_required_key_is_held_and_the_others_stand(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1")])
    rows = (
        {"case_ref": "K/1", "priority": "rape"},
        {"case_ref": "K/2", "priority": "rape"},
        {"case_ref": "K/3", "stage": "identified"},
    )
    answer = await sent(context, item, ndjson(*rows), media=NDJSON)
    assert (rows_of(answer), answer.held) == ((1, 1, 0), 1)
    assert await told(context, item, "V202") == [("V202", "K/2")]


async def test_a_required_field_sent_empty_holds_a_known_case_too(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1")])
    answer = await sent(context, item, [{"case_ref": "K/1", "stage": ""}])
    assert (rows_of(answer), answer.held) == ((0, 0, 0), 1)
    assert (await case_of(context, item))["stage"] == "identified"


async def test_a_whole_part_sent_again_is_replaced(context: Context, force: str) -> None:
    item = await opened(context, force)
    first = [{"nfa_date": "2015", "cases": "3"}, {"nfa_date": "2016", "cases": "4"}]
    assert (await sent(context, item, first, part=PartName.AGGREGATE)).new == 2
    await sent(context, item, [{"nfa_date": "2016", "cases": "5"}], part=PartName.AGGREGATE)
    assert await counts_of(context, item, "aggregate_cells") == (1,)


async def test_a_case_that_was_withdrawn_and_is_sent_again_counts_as_changed(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    item = await opened(context, force, "2026-02")
    await delete_case(context, LEAD, item, (await ids_of(context, item))["K/1"], "duplicate", None, None)
    answer = await sent(context, item, [a_case("K/1"), a_case("K/2")])
    assert (answer.new, answer.changed, answer.unchanged) == (0, 1, 1)
    assert sorted(await cases_of(context, item)) == ["K/1", "K/2"]
