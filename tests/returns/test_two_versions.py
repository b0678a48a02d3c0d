"""A force goes over to a newer contract version: what was sealed is read in it, what is untouched is no change."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from service.contract.model import PartName
from service.errors import Conflict, Invalid
from service.returns.cases import history, list_cases, list_part
from service.returns.context import Context
from service.returns.lifecycle import withdraw_return
from service.returns.model import AnyReturn, Open
from service.returns.upload import Mode
from service.terms.calendar import parse_period
from service.terms.model import Accepted
from tests.support.returns import LEAD, a_case, again, explained, opened, reported, sealed, sent
from tests.support.stock import blocks, findings_of, held_in, told

OLD, NEW = "2025.1", "2026.1"


def both(context: Context) -> Context:
    """A service under terms that take either version from February on."""
    accepted = (
        Accepted(version=OLD, start=parse_period("2025-11")),
        Accepted(version=NEW, start=parse_period("2026-02")),
    )
    return replace(context, terms=replace(context.terms, contracts=accepted))


async def rows_of(context: Context, item: AnyReturn) -> list[dict[str, Any]]:
    found, _ = await list_cases(context, LEAD, item, None, 100)
    return sorted((dict(row.values) for row in found), key=lambda row: str(row["case_ref"]))


def as_file(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]


INSTITUTION = {"setting": "institutional", "priority": "rape"}


async def test_what_was_sealed_is_shown_in_the_new_version_and_in_its_own(context: Context, force: str) -> None:
    context = both(context)
    before = await reported(context, force, "2026-01", [a_case("K/1", **INSTITUTION)])

    item = await opened(context, force, contract_version=NEW)

    (now,), (then,) = await rows_of(context, item), await rows_of(context, before)
    assert (now["victim_age_youngest"], now["setting"], now["priority"]) == (14, "institutional", "high")
    assert (then["youngest_victim_age"], then["setting"], then["priority"]) == (14, "institutional", "rape")
    assert now["contact_offence"] is None  # derived when judged, never stored as if sent


async def test_a_row_that_comes_back_untouched_in_the_new_version_is_no_change(context: Context, force: str) -> None:
    context = both(context)
    await reported(context, force, "2026-01", [a_case("K/1", **INSTITUTION), a_case("K/2", priority="none")])
    item = await opened(context, force, contract_version=NEW)

    answer = await sent(context, item, as_file(await rows_of(context, item)))

    assert (answer.unchanged, answer.changed, answer.new, answer.held) == (2, 0, 0, 0)


async def test_a_change_in_the_new_version_is_laid_over_what_the_old_one_said(context: Context, force: str) -> None:
    context = both(context)
    await reported(context, force, "2026-01", [a_case("K/1", **INSTITUTION), a_case("K/2")])
    item = await opened(context, force, contract_version=NEW)

    answer = await sent(context, item, [{"case_ref": "K/1", "setting": "school", "suspects_alive": "2"}])
    await explained(context, item)
    done = await sealed(context, item)

    assert answer.changed == 1
    first, second = await rows_of(context, done)
    assert (first["setting"], first["suspects_alive"], first["victim_age_youngest"]) == ("school", 2, 14)
    assert (second["setting"], second["victim_age_youngest"]) == ("organised", 14)
    assert done.summary["counts"]["changed"] == 1


async def test_an_unchanged_case_keeps_the_version_in_which_it_was_said(context: Context, force: str) -> None:
    context = both(context)
    await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    item = await opened(context, force, contract_version=NEW)
    await sent(context, item, [{"case_ref": "K/1", "suspects_alive": "2"}])
    await explained(context, item)
    done = await sealed(context, item)

    found, _ = await list_cases(context, LEAD, done, None, 100)
    versions = {row.values["case_ref"]: row.contract_version for row in found}
    changed = next(row for row in found if row.values["case_ref"] == "K/1")
    said = await history(context, LEAD, done, changed.case_id)

    assert versions == {"K/1": NEW, "K/2": OLD}
    assert [one["contract_version"] for one in said] == [OLD, NEW]
    assert said[0]["values"]["youngest_victim_age"] == said[1]["values"]["victim_age_youngest"] == 14


async def test_a_snapshot_in_the_new_version_finds_the_cases_of_the_old_one(context: Context, force: str) -> None:
    context = both(context)
    await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    item = await opened(context, force, contract_version=NEW)
    rows = as_file(await rows_of(context, item))

    answer = await sent(context, item, rows[:1], mode=Mode.SNAPSHOT)

    assert (answer.unchanged, answer.new, answer.not_in_snapshot) == (1, 0, 1)


async def test_counts_are_carried_into_the_new_version(context: Context, force: str) -> None:
    context = both(context)
    item = await opened(context, force, period="2026-01")
    cell = {"cases": "37", "setting": "institutional", "youngest_victim_age": "12-15", "nfa_date": "2012"}
    await sent(context, item, [cell], part=PartName.AGGREGATE)
    await explained(context, item)
    await sealed(context, item)

    now = await opened(context, force, contract_version=NEW)

    (carried,) = await list_part(context, now, PartName.AGGREGATE)
    assert (carried["setting"], carried["victim_age_youngest"], carried["cases"]) == ("institutional", "12-15", 37)


async def test_a_draft_is_rewritten_when_its_return_takes_the_newer_version(context: Context, force: str) -> None:
    context = both(context)
    item = await opened(context, force, contract_version=OLD)
    await sent(context, item, [a_case("K/1", **INSTITUTION)])
    await sent(context, item, [{"cases": "3", "setting": "gang"}], part=PartName.AGGREGATE)

    raised = await opened(context, force, contract_version=NEW)

    (row,), (cell,) = await rows_of(context, raised), await list_part(context, raised, PartName.AGGREGATE)
    assert (row["victim_age_youngest"], row["priority"], cell["setting"]) == (14, "high", "gang")


async def test_what_was_rewritten_must_be_sent_again_before_the_seal(context: Context, force: str) -> None:
    context = both(context)
    item = await opened(context, force, contract_version=OLD)
    await sent(context, item, [a_case("K/1", stage_date="2026-01-05")])
    raised = await opened(context, force, contract_version=NEW)
    await explained(context, raised)

    with pytest.raises(Conflict, match="rules have not been asked"):
        await sealed(context, raised)

    await sent(context, raised, as_file(await rows_of(context, raised)))
    await explained(context, raised)
    assert (await sealed(context, raised)).contract_version == NEW


async def test_another_file_does_not_stand_for_the_rows_that_were_rewritten(context: Context, force: str) -> None:
    """Each waits for the rules of the newer version by itself; one that these hold is held when it comes again."""
    context = both(context)
    item = await opened(context, force, contract_version=OLD)
    odd = {"suspects_charged": "1", "result": "out_of_court"}  # quality in the older version, held by the newer
    await sent(context, item, [a_case("K/1", **odd), a_case("K/2")])
    assert [rule for rule, _ in await told(context, item, "Q356")] == ["Q356"]
    raised = await opened(context, force, contract_version=NEW)
    assert await told(context, raised, "Q356") == []

    await sent(context, raised, [as_new(a_case("K/3"))])
    await explained(context, raised)
    assert await blocks(context, raised) == {"older-version": 2}

    answer = await sent(context, raised, as_file(await rows_of(context, raised)))
    assert (answer.unchanged, answer.held) == (2, 1)
    await explained(context, raised)
    assert await blocks(context, raised) == {"older-version": 1, "held-rows": 1}
    await sent(context, raised, [{"case_ref": "K/1", "suspects_charged": "0"}])
    await explained(context, raised)
    assert await blocks(context, raised) == {}


async def test_cells_that_are_rewritten_are_asked_the_rules_of_the_newer_version(context: Context, force: str) -> None:
    context = both(context)
    item = await opened(context, force, contract_version=OLD)
    cells = [
        {"cases": "3", "setting": "gang", "nfa_date": "2012"},
        {"cases": "nine", "setting": "family"},
        {"cases": "4", "setting": "gang"},
    ]
    await sent(context, item, cells, part=PartName.AGGREGATE)

    raised = await opened(context, force, contract_version=NEW)

    assert [(one.document["rule"], one.document["row"]) for one in await findings_of(context, raised, "Q551")] == [
        ("Q551", 4)
    ]
    assert [(row.row, row.text.count("nine")) for row in await held_in(context, raised)] == [(3, 1)]
    assert (await blocks(context, raised))["unanswered-findings"] >= 1


async def test_cells_that_the_newer_version_holds_are_held_when_the_return_is_raised(
    context: Context, force: str
) -> None:
    """Two reasons for a priority are one in the newer version: the cells are broken down alike there."""
    context = both(context)
    item = await opened(context, force, contract_version=OLD)
    alike = [
        {"cases": "3", "nfa_date": "2012", "priority": "dangerous_suspect", "youngest_victim_age": "12"},
        {"cases": "4", "nfa_date": "2012", "priority": "flight_risk", "youngest_victim_age": "12"},
        {"cases": "5", "nfa_date": "2013", "priority": "flight_risk"},
    ]
    await sent(context, item, alike, part=PartName.AGGREGATE)
    assert await held_in(context, item) == []

    raised = await opened(context, force, contract_version=NEW)

    (left,) = await list_part(context, raised, PartName.AGGREGATE)
    held = await held_in(context, raised)
    assert (left["cases"], left["priority"]) == (5, "immediate")
    assert [(row.row, row.part, "victim_age_youngest" in row.text) for row in held] == [
        (2, "aggregate", True),
        (3, "aggregate", True),
    ]
    assert raised.summary["counts"]["aggregate_cells"] == 1
    assert raised.summary["counts"]["held"] == 2
    await explained(context, raised)
    assert await blocks(context, raised) == {"held-rows": 2}


async def test_teams_that_are_rewritten_are_asked_the_rules_of_the_newer_version(context: Context, force: str) -> None:
    context = both(context)
    item = await opened(context, force, contract_version=OLD)
    team = {"team": "child_exploitation", "phase": "reinvestigation", "officers_fte": "12.5", "specialist_trained": "0"}
    await sent(context, item, [team], part=PartName.WORKFORCE)
    assert await findings_of(context, item, "Q555") == []

    raised = await opened(context, force, contract_version=NEW)

    (found,) = await findings_of(context, raised, "Q555")
    assert found.document["row"] == 2
    with pytest.raises(Conflict, match="wait"):
        await sealed(context, raised)
    await explained(context, raised)
    (kept,) = await list_part(context, await sealed(context, raised), PartName.WORKFORCE)
    assert (kept["officers_fte"], kept["specialist_trained"]) == ("12.5", 0)


async def test_an_open_return_raised_by_its_base_is_asked_too(context: Context, force: str) -> None:
    context = both(context)
    later = await opened(context, force, period="2026-03", contract_version=OLD)
    await sent(context, later, [{"cases": "4", "setting": "gang"}], part=PartName.AGGREGATE)
    await sent(
        context, later, [{"team": "other", "phase": "reinvestigation", "staff_fte": "2000"}], part=PartName.WORKFORCE
    )

    await reported(context, force, "2026-02", [as_new(a_case("K/1"))], contract_version=NEW)

    assert [rule for rule, _ in await told(context, later, "Q551", "Q556")] == ["Q551", "Q556"]


async def test_cells_carried_from_the_sealed_return_stay_as_they_were_signed(context: Context, force: str) -> None:
    context = both(context)
    item = await opened(context, force, period="2026-01", contract_version=OLD)
    await sent(context, item, [{"cases": "4", "setting": "gang"}], part=PartName.AGGREGATE)
    await explained(context, item)
    await sealed(context, item)
    after = await opened(context, force, contract_version=OLD)

    raised = await opened(context, force, contract_version=NEW)

    assert after.id == raised.id
    assert await told(context, raised, "Q551") == []


@pytest.mark.parametrize("period", ["2026-02", "2026-03"])
async def test_going_back_to_an_older_version_is_refused(context: Context, force: str, period: str) -> None:
    context = both(context)
    await reported(context, force, "2026-02", [as_new(a_case("K/1"))], contract_version=NEW)
    opening: dict[str, Any] = {"corrects": 1} if period == "2026-02" else {}

    with pytest.raises(Conflict) as refused:
        await opened(context, force, period=period, contract_version=OLD, **opening)

    assert refused.value.code == "older-contract"


async def test_a_file_in_the_names_of_the_newer_version_is_told_what_they_are_in_the_older(
    context: Context, force: str
) -> None:
    item = await opened(context, force, contract_version=OLD)
    await sent(context, item, [as_new(a_case("K/1", setting="school"))])

    fixes = {one.document["field"]: one.document["fix"] for one in await findings_of(context, item)}

    assert fixes["victim_age_youngest"].startswith("Call it 'youngest_victim_age':")
    assert fixes["setting"].startswith("Write institutional: 'school' is a code of 2026.1")


async def test_the_next_return_goes_on_in_the_version_of_the_one_before(context: Context, force: str) -> None:
    context = both(context)
    await reported(context, force, "2026-01", [a_case("K/1")])
    assert (await opened(context, force)).contract_version == OLD


async def test_an_open_return_is_raised_when_its_base_moves_to_a_newer_version(context: Context, force: str) -> None:
    context = both(context)
    later = await opened(context, force, period="2026-03", contract_version=OLD)
    await sent(context, later, [a_case("K/9")])

    await reported(context, force, "2026-02", [as_new(a_case("K/1"))], contract_version=NEW)

    raised = await again(context, later)
    assert isinstance(raised, Open)
    assert raised.contract_version == NEW
    assert [row["victim_age_youngest"] for row in await rows_of(context, raised)] == [14, 14]


async def test_withdrawing_the_first_return_in_the_new_version_gives_the_old_one_back(
    context: Context, force: str
) -> None:
    context = both(context)
    before = await reported(context, force, "2026-01", [a_case("K/1", **INSTITUTION)])
    item = await opened(context, force, contract_version=NEW)
    await sent(context, item, [{"case_ref": "K/1", "setting": "school"}])
    await explained(context, item)
    done = await sealed(context, item)

    await withdraw_return(context, LEAD, done.force, done.id, "Sent too early")

    assert [row["setting"] for row in await rows_of(context, before)] == ["institutional"]
    again_old = await opened(context, force, contract_version=OLD)
    assert [row["setting"] for row in await rows_of(context, again_old)] == ["institutional"]


def as_new(row: dict[str, str]) -> dict[str, str]:
    """A row by the names of the newer version."""
    return {"victim_age_youngest" if name == "youngest_victim_age" else name: value for name, value in row.items()}


async def test_a_version_that_is_not_taken_any_more_is_refused_with_where_to_go(context: Context, force: str) -> None:
    ended = (
        Accepted(version=OLD, start=parse_period("2025-11"), until=parse_period("2026-01")),
        Accepted(version=NEW, start=parse_period("2026-01")),
    )
    context = replace(context, terms=replace(context.terms, contracts=ended))

    with pytest.raises(Invalid, match="until the return for 2026-01") as refused:
        await opened(context, force, contract_version=OLD)

    assert refused.value.do == ("Write the return in 2026.1: /api/contracts/2026.1/changes says what is different.")
    assert (await opened(context, force)).contract_version == NEW
